/* SPDX-License-Identifier: MIT */
/* Answers of many nodes become one, which tables show as any other. */
#include "gruvictl/cluster.h"

#include <stdio.h>
#include <string.h>

#include "gruvictl/text.h"

/* The answers of the nodes, by their names. */
struct answers {
    json_t *nodes;  /* an object: name, answer so far */
    json_t *silent; /* a list of names */
    json_t *failed; /* a list of {"node", "error"} */
};

static void
add_failed(struct answers *answers, const char *node, const char *why)
{
    json_array_append_new(answers->failed, need(json_pack("{s:s, s:s}", "node",
                                                          node, "error", why)));
}

static void
add_line(struct answers *answers, const char *node, const json_t *line)
{
    json_t *answer = json_object_get(answers->nodes, node);
    const char *why = json_string_value(json_object_get(line, "error"));

    if (!json_is_true(json_object_get(line, "ok"))) {
        add_failed(answers, node, why != NULL ? why : "its answer is not one");
        return;
    }
    if (answer == NULL) {
        answer = need(json_object());
        json_object_set_new(answer, "node", need(json_string(node)));
        json_object_set_new(answers->nodes, node, answer);
    }
    wire_join(line, answer);
    json_object_del(answer, "ok");
    json_object_del(answer, "id");
}

static void
add(struct answers *answers, const json_t *entry)
{
    const char *node = json_string_value(json_object_get(entry, "node"));
    const char *why = json_string_value(json_object_get(entry, "error"));

    if (node == NULL)
        return;
    if (json_is_true(json_object_get(entry, "silent")))
        json_array_append_new(answers->silent, need(json_string(node)));
    else if (why != NULL)
        add_failed(answers, node, why);
    else
        add_line(answers, node, json_object_get(entry, "line"));
}

/* The lists of an answer, with their node in each item. */
static void
flatten(json_t *all, const char *node, json_t *answer)
{
    const char *name;
    json_t *value, *item;
    size_t i;

    json_object_foreach(answer, name, value)
    {
        json_t *list = json_object_get(all, name);

        if (!json_is_array(value) || strcmp(name, "nodes") == 0)
            continue;
        if (list == NULL) {
            list = need(json_array());
            json_object_set_new(all, name, list);
        }
        json_array_foreach(value, i, item)
        {
            json_t *copy = need(json_copy(item));

            if (json_is_object(copy))
                json_object_set_new(copy, "node", need(json_string(node)));
            json_array_append_new(list, copy);
        }
    }
}

static json_t *
merge(const struct answers *answers)
{
    json_t *all = need(json_object()), *nodes = need(json_array()), *answer;
    const char *node;

    json_object_foreach(answers->nodes, node, answer)
    {
        json_array_append(nodes, answer);
        flatten(all, node, answer);
    }
    json_object_set_new(all, "nodes", nodes);
    json_object_set(all, "silent", answers->silent);
    json_object_set(all, "failed", answers->failed);
    return all;
}

static void
print_missing(const json_t *all)
{
    const json_t *silent = json_object_get(all, "silent");
    const json_t *failed = json_object_get(all, "failed"), *one;
    size_t i;

    if (json_array_size(silent) > 0)
        fputs("gruvictl: no answer from ", stderr);
    json_array_foreach(silent, i, one)
    {
        fputs(i > 0 ? ", " : "", stderr);
        print_safe(stderr, json_string_value(one));
    }
    if (json_array_size(silent) > 0)
        fputc('\n', stderr);
    json_array_foreach(failed, i, one)
    {
        fputs("gruvictl: ", stderr);
        print_safe(stderr, json_string_value(json_object_get(one, "node")));
        fputs(": ", stderr);
        print_safe(stderr, json_string_value(json_object_get(one, "error")));
        fputc('\n', stderr);
    }
}

/* What the control socket's command "cluster" takes. */
static json_t *
question_of(const struct task *task, const json_t *request)
{
    json_t *question = need(json_object());
    const char *name;
    json_t *value;

    json_object_foreach((json_t *)request, name, value) json_object_set(
        question, strcmp(name, "do") == 0 ? "ask" : name, value);
    json_object_set_new(question, "do", json_string("cluster"));
    if (task->by != NULL)
        json_object_set_new(question, "by", need(json_string(task->by)));
    if (task->expect > 0)
        json_object_set_new(question, "expect", json_integer(task->expect));
    return question;
}

enum status
cluster_ask(const struct task *task, struct wire *wire, const json_t *request,
            json_t **answer)
{
    struct answers answers = {
        .nodes = need(json_object()),
        .silent = need(json_array()),
        .failed = need(json_array()),
    };
    json_t *question = question_of(task, request), *raw, *entry;
    enum status status = wire_ask(wire, question, task->timeout, &raw);
    size_t i, n;

    json_decref(question);
    *answer = NULL;
    if (status == DONE) {
        json_array_foreach(json_object_get(raw, "nodes"), i, entry)
            add(&answers, entry);
        *answer = merge(&answers);
        print_missing(*answer);
        n = json_object_size(answers.nodes);
        if (n < (size_t)task->expect) {
            fprintf(stderr, "gruvictl: %zu of %lld nodes have answered\n", n,
                    task->expect);
            status = MISSING;
        }
    }
    json_decref(raw);
    json_decref(answers.nodes);
    json_decref(answers.silent);
    json_decref(answers.failed);
    return status;
}

enum status
task_ask(const struct task *task, struct wire *wire, const json_t *request,
         json_t **answer)
{
    if (task->cluster)
        return cluster_ask(task, wire, request, answer);
    return wire_ask(wire, request, task->timeout, answer);
}
