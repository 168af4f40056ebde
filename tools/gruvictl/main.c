/* SPDX-License-Identifier: MIT */
/* The command line of gruvictl. */
#include <ctype.h>
#include <errno.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gruvictl/cluster.h"
#include "gruvictl/gruvictl.h"
#include "gruvictl/output.h"
#include "gruvictl/text.h"
#include "gruvictl/wire.h"

/* Seconds for an answer that gruvid has at hand. */
#define PATIENCE 30.0

/* --- help -------------------------------------------------------------------
 */

static void
print_usage(FILE *out, const struct command *command)
{
    fprintf(out, "usage: gruvictl [-s PATH] [--json] %s",
            command == NULL ? "[--timeout S] COMMAND" : command->name);
    if (command == NULL) {
        fputc('\n', out);
        return;
    }
    for (unsigned i = 0; i < 3 && command->arguments[i] != NULL; i++) {
        fprintf(out, i < command->n_needed ? " " : " [");
        for (const char *c = command->arguments[i]; *c != '\0'; c++)
            fputc(toupper((unsigned char)*c), out);
        fprintf(out, i < command->n_needed ? "" : "]");
    }
    for (const struct option *o = command->options; o && o->name; o++)
        fprintf(out, " [--%s%s%s]", o->name, o->value == NO_VALUE ? "" : " ",
                o->value == NO_VALUE ? "" : o->value_name);
    fputc('\n', out);
}

static void
print_option(const char *name, const char *value, const char *help)
{
    char left[64];

    snprintf(left, sizeof left, "%s%s%s", name, value == NULL ? "" : " ",
             value == NULL ? "" : value);
    printf("  %-18s %s\n", left, help);
}

static void
print_help(void)
{
    print_usage(stdout, NULL);
    puts("\nAsks a gruvid that runs, by its control socket, and shows the "
         "answer."
         "\n\nCommands:");
    for (const struct command *c = commands; c->name != NULL; c++)
        print_option(c->name, c->acts ? "*" : NULL, c->help);
    puts("  * for root and gruvid's own user only"
         "\n\nOptions:");
    print_option("-s, --socket PATH", NULL,
                 "the socket; otherwise $GRUVID_CONTROL, or");
    print_option("", NULL, DEFAULT_SOCKET);
    print_option("--json", NULL, "the answer as JSON, for scripts");
    print_option("--timeout S", NULL,
                 "seconds for an answer; 30 otherwise, and no limit");
    print_option("", NULL, "for reload, restart, stop and trace");
    print_option("--cluster", NULL,
                 "of all nodes: status, plugins, hubs, fibers, pools,");
    print_option("", NULL, "requests and top");
    print_option("--by NAME", NULL,
                 "the section that knows them, where there are several");
    print_option("--expect N", NULL,
                 "fail where fewer than N nodes answer; with --cluster");
    print_option("-h, --help", NULL, "this; COMMAND --help tells of a command");
    print_option("--version", NULL, "the version of gruvictl");
    puts("\nExit status: 0 done, 1 refused, 2 usage, 3 fewer nodes than "
         "--expect says,\n69 nobody is there.\n"
         "The manual has the rest: man gruvictl");
}

static void
print_command_help(const struct command *command)
{
    print_usage(stdout, command);
    printf("\n%s\n", command->help);
    if (command->details != NULL)
        printf("%s\n", command->details);
    if (command->acts)
        puts("It is for root and for gruvid's own user only.");
    if (command->options != NULL)
        putchar('\n');
    for (const struct option *o = command->options; o && o->name; o++) {
        char name[32];

        snprintf(name, sizeof name, "--%s", o->name);
        print_option(name, o->value_name, o->help);
    }
}

static enum status
usage(const struct command *command, const char *format, const char *what)
{
    fputs("gruvictl: ", stderr);
    fprintf(stderr, format, what);
    fputc('\n', stderr);
    print_usage(stderr, command);
    return USAGE;
}

/* --- the command line -------------------------------------------------------
 */

struct line {
    int argc;
    char **argv;
    int at; /* the next argument */
    unsigned n_arguments;
    bool help, version, no_more_options;
};

/* The value of the option that is being read: behind a '=', or the next word.
 */
static const char *
take_value(struct line *line, const char *equals)
{
    if (equals != NULL)
        return equals + 1;
    return line->at < line->argc ? line->argv[line->at++] : NULL;
}

static bool
is_named(const char *word, const char *equals, const char *name)
{
    size_t length = equals != NULL ? (size_t)(equals - word) : strlen(word);

    return strlen(name) == length && strncmp(word, name, length) == 0;
}

static bool
parse_seconds(const char *text, double *seconds)
{
    char *end;

    errno = 0;
    *seconds = strtod(text, &end);
    return end != text && *end == '\0' && errno == 0 && *seconds >= 0 &&
           *seconds <= 1e6;
}

static bool
parse_whole(const char *text, long long *whole)
{
    char *end;

    errno = 0;
    *whole = strtoll(text, &end, 10);
    return end != text && *end == '\0' && errno == 0 && *whole >= 0;
}

static const struct option *
find_option(const struct command *command, const char *word, const char *equals)
{
    const struct option *o = command == NULL ? NULL : command->options;

    for (; o != NULL && o->name != NULL; o++)
        if (is_named(word + 2, equals, o->name))
            return o;
    return NULL;
}

static bool
set_member(struct task *task, const struct option *option, const char *value)
{
    double seconds;
    long long whole;

    switch (option->value) {
    case NO_VALUE:
        json_object_set_new(task->members, option->name, json_true());
        return true;
    case WHOLE_VALUE:
        return parse_whole(value, &whole) &&
               json_object_set_new(task->members, option->name,
                                   json_integer(whole)) == 0;
    case SECONDS_VALUE:
        if (!parse_seconds(value, &seconds))
            return false;
        task->seconds = seconds;
        return json_object_set_new(task->members, option->name,
                                   json_real(seconds)) == 0;
    case TEXT_VALUE:
    default:
        return json_object_set_new(task->members, option->name,
                                   json_string(value)) == 0;
    }
}

/* What a value has to be, as usage() has it. */
static const char *
wants(const struct option *option)
{
    switch (option->value) {
    case WHOLE_VALUE:
        return "%s: not a whole number, 0 or more";
    case SECONDS_VALUE:
        return "%s: not a number of seconds";
    case NO_VALUE:
    case TEXT_VALUE:
    default:
        return "%s: not UTF-8";
    }
}

static bool
is_utf8(const char *text)
{
    json_t *value = json_string(text);

    json_decref(value);
    return value != NULL;
}

/* An option of the command. */
static enum status
read_own_option(struct line *line, struct task *task, const char *word,
                const char *equals)
{
    const struct option *option = find_option(task->command, word, equals);
    const char *value = NULL;

    if (option == NULL)
        return usage(task->command, "there is no option %s", word);
    if (option->value == NO_VALUE && equals != NULL)
        return usage(task->command, "%s: it takes no value", word);
    if (option->value != NO_VALUE && (value = take_value(line, equals)) == NULL)
        return usage(task->command, "%s: a value is missing", word);
    if (!set_member(task, option, value))
        return usage(task->command, wants(option), word);
    return DONE;
}

static enum status
read_option(struct line *line, struct task *task, const char *word)
{
    const char *equals = strncmp(word, "--", 2) == 0 ? strchr(word, '=') : NULL;

    if (strcmp(word, "-h") == 0 || is_named(word, NULL, "--help")) {
        line->help = true;
    } else if (strcmp(word, "--version") == 0) {
        line->version = true;
    } else if (strcmp(word, "--json") == 0) {
        task->json = true;
    } else if (strcmp(word, "-s") == 0 || is_named(word, equals, "--socket")) {
        task->socket = take_value(line, equals);
        if (task->socket == NULL || *task->socket == '\0')
            return usage(task->command, "%s: a path is missing", word);
    } else if (is_named(word, equals, "--timeout")) {
        const char *value = take_value(line, equals);

        if (value == NULL || !parse_seconds(value, &task->timeout))
            return usage(task->command, "%s: not a number of seconds", word);
    } else if (strcmp(word, "--cluster") == 0) {
        task->cluster = true;
    } else if (is_named(word, equals, "--expect")) {
        const char *value = take_value(line, equals);

        if (value == NULL || !parse_whole(value, &task->expect) ||
            task->expect == 0)
            return usage(task->command, "%s: not a number of nodes", word);
    } else if (is_named(word, equals, "--by")) {
        task->by = take_value(line, equals);
        if (task->by == NULL || !is_utf8(task->by))
            return usage(task->command, "%s: not the name of a section", word);
    } else {
        return read_own_option(line, task, word, equals);
    }
    return DONE;
}

static enum status
read_argument(struct line *line, struct task *task, const char *word)
{
    json_t *text;

    if (task->command == NULL) {
        task->command = find_command(word);
        return task->command != NULL
                   ? DONE
                   : usage(NULL,
                           "there is no command \"%s\"; --help lists them",
                           word);
    }
    if (line->n_arguments >= 3 ||
        task->command->arguments[line->n_arguments] == NULL)
        return usage(task->command, "unexpected argument \"%s\"", word);
    text = json_string(word);
    if (text == NULL)
        return usage(task->command, "%s", "an argument is not UTF-8");
    json_object_set_new(task->members,
                        task->command->arguments[line->n_arguments++], text);
    return DONE;
}

static enum status
read_line(struct line *line, struct task *task)
{
    enum status status = DONE;

    while (status == DONE && line->at < line->argc) {
        const char *word = line->argv[line->at++];

        if (!line->no_more_options && strcmp(word, "--") == 0)
            line->no_more_options = true;
        else if (!line->no_more_options && word[0] == '-' && word[1] != '\0')
            status = read_option(line, task, word);
        else
            status = read_argument(line, task, word);
    }
    if (status != DONE || line->help || line->version)
        return status;
    if (task->command == NULL)
        return usage(NULL, "%s", "a command is missing; --help lists them");
    if (task->expect > 0 && !task->cluster)
        return usage(task->command, "%s", "--expect goes with --cluster");
    if (task->by != NULL && !task->cluster)
        return usage(task->command, "%s", "--by goes with --cluster");
    if (task->cluster && !task->command->of_nodes)
        return usage(task->command, "%s is of one node: not with --cluster",
                     task->command->name);
    if (task->cluster && json_object_get(task->members, "stacks") != NULL)
        return usage(task->command, "%s",
                     "stacks are of one node: not with --cluster");
    if (line->n_arguments < task->command->n_needed)
        return usage(task->command, "an argument is missing: %s",
                     task->command->arguments[line->n_arguments]);
    return DONE;
}

/* --- the whole --------------------------------------------------------------
 */

static enum status
ask_and_show(const struct task *task, struct wire *wire)
{
    json_t *answer;
    enum status status = task_ask(task, wire, task->members, &answer);

    if (answer != NULL)
        show_answer(task, answer);
    json_decref(answer);
    return status;
}

static enum status
run_task(struct task *task)
{
    struct wire wire;
    enum status status;

    if (task->timeout < 0 && !task->command->patient)
        task->timeout = PATIENCE;
    status = wire_open(&wire, task->socket, task->timeout);
    if (status != DONE)
        return status;
    json_object_set_new(task->members, "id", json_integer(1));
    json_object_set_new(task->members, "do", json_string(task->command->name));
    status = task->command->run != NULL ? task->command->run(task, &wire)
                                        : ask_and_show(task, &wire);
    wire_close(&wire);
    return status;
}

static enum status
act(struct line *line, struct task *task)
{
    enum status status = read_line(line, task);

    if (status != DONE)
        return status;
    if (line->version)
        puts("gruvictl " PACKAGE_VERSION);
    else if (line->help && task->command != NULL)
        print_command_help(task->command);
    else if (line->help)
        print_help();
    else
        status = run_task(task);
    return output_end() || status != DONE ? status : REFUSED;
}

int
main(int argc, char **argv)
{
    const char *path = getenv("GRUVID_CONTROL");
    struct line line = {.argc = argc, .argv = argv, .at = 1};
    struct task task = {
        .socket = path != NULL && *path != '\0' ? path : DEFAULT_SOCKET,
        .timeout = -1,
        .seconds = -1,
    };
    enum status status;

    if (!output_begin())
        return REFUSED;
    setlocale(LC_CTYPE, "");
    task.members = need(json_object());
    status = act(&line, &task);
    json_decref(task.members);
    return status;
}
