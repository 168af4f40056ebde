/* SPDX-License-Identifier: MIT */
/* "fibers": a table, or blocks where there are stacks. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gruvictl/names.h"
#include "gruvictl/show.h"
#include "gruvictl/table.h"
#include "gruvictl/text.h"

static const struct column fiber_columns[] = {
    {"FIBER", "name", ANY, 12, 0},
    {"PLUGIN", "plugin", ANY, 8, 0},
    {"GEN", "generation", NUMBER, 0, 3},
    {"HUB", "hub", NUMBER, 0, 4},
    {"STATE", "state", ANY, 0, 5},
    {"WAITS FOR", "waits_for", ANY, 8, 0},
    {"FOR", "seconds", PERIOD, 0, 1},
    {"STACK USED", "stack_used", BYTES, 0, 6},
    {"OF", "stack_size", BYTES, 0, 7},
    {.title = NULL},
};

static const struct column group_columns[] = {
    {"FIBERS", "count", NUMBER, 0, 0},
    {"PLUGIN", "plugin", ANY, 8, 0},
    {"GEN", "generation", NUMBER, 0, 3},
    {"STATE", "state", ANY, 0, 5},
    {"WAITS FOR", "waits_for", ANY, 8, 0},
    {"LONGEST", "longest", PERIOD, 0, 1},
    {"STACK USED", "stack_used", BYTES, 0, 6},
    {"FIRST", "name", ANY, 8, 7},
    {.title = NULL},
};

/* Print words, and a member between them; nothing where there is none. */
static void
print_member(enum cell cell, const json_t *object, const char *before,
             const char *name, const char *after)
{
    const json_t *value = json_object_get(object, name);
    char *text;

    if (value == NULL)
        return;
    text = cell_text(cell, value);
    fputs(before, stdout);
    print_safe(stdout, text);
    fputs(after, stdout);
    free(text);
}

/* "3000 fibers of parked, generation 1: waits for event, up to 2.2s; ..." */
static void
print_heading(const json_t *of)
{
    json_int_t count = json_integer_value(json_object_get(of, "count"));
    bool waits = json_object_get(of, "waits_for") != NULL;

    print_member(ANY, of, "", "count", count == 1 ? " fiber" : " fibers");
    if (json_object_get(of, "count") == NULL)
        print_member(ANY, of, "", "name", "");
    print_member(ANY, of, " of ", "plugin", "");
    print_member(ANY, of, ", generation ", "generation", "");
    print_member(ANY, of, ", hub ", "hub", "");
    print_member(ANY, of, ": ", "state", "");
    print_member(ANY, of, " for ", "waits_for", "");
    if (waits)
        print_member(PERIOD, of, count > 1 ? ", up to " : ", ", "longest", "");
    if (waits)
        print_member(PERIOD, of, ", ", "seconds", "");
    print_member(BYTES, of, "; stack used ", "stack_used", "");
    if (json_object_get(of, "count") != NULL)
        print_member(ANY, of, count > 1 ? "; the first is " : "; ", "name", "");
    putchar('\n');
}

/* The stacks of an answer, each made into text when it is first needed: very
 * many fibers may have it. */
struct stacks {
    const json_t *stacks; /* the n-th has number n, unless it is forged */
    struct names *names;
    char **texts; /* owned */
    size_t n;
};

static char *
make_text(struct names *names, const json_t *stack)
{
    char *text = NULL;
    size_t size;
    FILE *out = open_memstream(&text, &size);

    need(out);
    names_print(names, out, stack);
    fclose(out);
    return need(text);
}

static void
print_stack(struct stacks *stacks, const json_t *of)
{
    const json_t *number = json_object_get(of, "stack");
    size_t i = (size_t)json_integer_value(number);

    if (!json_is_integer(number) || i >= stacks->n)
        return;
    if (stacks->texts[i] == NULL)
        stacks->texts[i] =
            make_text(stacks->names, json_array_get(stacks->stacks, i));
    fputs(stacks->texts[i], stdout);
}

static void
print_blocks(const json_t *answer, const json_t *rows)
{
    pid_t pid = (pid_t)json_integer_value(json_object_get(answer, "pid"));
    struct stacks stacks = {.stacks = json_object_get(answer, "stacks")};

    stacks.n = json_array_size(stacks.stacks);
    stacks.texts = need(calloc(stacks.n + 1, sizeof *stacks.texts));
    stacks.names = names_new(json_object_get(answer, "modules"), pid);
    for (size_t i = 0; i < json_array_size(rows); i++) {
        if (i > 0)
            putchar('\n');
        print_heading(json_array_get(rows, i));
        print_stack(&stacks, json_array_get(rows, i));
    }
    names_print_notes(stacks.names, stderr);
    names_free(stacks.names);
    for (size_t i = 0; i < stacks.n; i++)
        free(stacks.texts[i]);
    free(stacks.texts);
}

static void
print_silent_hubs(const json_t *hubs)
{
    for (size_t i = 0; i < json_array_size(hubs); i++) {
        const json_t *hub = json_array_get(hubs, i);
        char *why = cell_text(ANY, json_object_get(hub, "error"));

        if (json_object_get(hub, "error") != NULL) {
            fprintf(stderr, "gruvictl: no fibers of hub %lld: ",
                    (long long)json_integer_value(json_object_get(hub, "hub")));
            print_safe(stderr, why);
            fputc('\n', stderr);
        }
        free(why);
    }
}

void
show_fibers(const struct task *task, const json_t *answer)
{
    const json_t *groups = json_object_get(answer, "groups");
    const json_t *rows =
        groups != NULL ? groups : json_object_get(answer, "fibers");

    (void)task;
    if (json_object_get(answer, "stacks") != NULL)
        print_blocks(answer, rows);
    else
        print_table(stdout, groups != NULL ? group_columns : fiber_columns,
                    rows);
    print_silent_hubs(json_object_get(answer, "hubs"));
}
