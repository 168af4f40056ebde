/* SPDX-License-Identifier: MIT */
/* What answers look like: tables, and a few lines of text. */
#include "gruvictl/show.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gruvictl/table.h"
#include "gruvictl/text.h"

/* Print a member of an object, as safe text. */
static void
put(enum cell cell, const json_t *object, const char *name)
{
    char *text = cell_text(cell, json_object_get(object, name));

    print_safe(stdout, text);
    free(text);
}

static json_int_t
number(const json_t *object, const char *name)
{
    return json_integer_value(json_object_get(object, name));
}

/* --- reload -----------------------------------------------------------------
 */

static void
print_lines(const char *what, const json_t *lines)
{
    for (size_t i = 0; i < json_array_size(lines); i++) {
        char *text = cell_text(ANY, json_array_get(lines, i));

        printf("%s", what);
        print_safe(stdout, text);
        putchar('\n');
        free(text);
    }
}

static void
print_report(const json_t *report)
{
    bool worked = json_is_true(json_object_get(report, "worked"));

    printf("reload ");
    put(ANY, report, "number");
    printf(worked ? ": taken in " : ": refused after ");
    put(PERIOD, report, "seconds");
    putchar('\n');
    print_lines("  reason: ", json_object_get(report, "reasons"));
    print_lines("  note: ", json_object_get(report, "notes"));
}

void
show_reload(const struct task *task, const json_t *answer)
{
    (void)task;
    print_report(answer);
}

/* --- status -----------------------------------------------------------------
 */

static void
show_nodes(const json_t *answer)
{
    static const struct column columns[] = {
        {"STAGE", "stage", STATE, 0, 0},
        {"UP FOR", "uptime", PERIOD, 0, 0},
        {"PLUGINS", "plugins", NUMBER, 0, 3},
        {"CONN", "connections", NUMBER, 0, 0},
        {"REQUESTS", "requests", NUMBER, 0, 0},
        {"OPEN", "requests_open", NUMBER, 0, 1},
        {"FAILED", "requests_failed", NUMBER, 0, 2},
        {"HUBS", "hubs", NUMBER, 0, 4},
        {"PID", "pid", NUMBER, 0, 6},
        {"VERSION", "version", ANY, 0, 5},
        {.title = NULL},
    };

    print_table(stdout, columns, json_object_get(answer, "nodes"));
}

void
show_status(const struct task *task, const json_t *answer)
{
    const json_t *reload = json_object_get(answer, "reload");

    if (task->cluster) {
        show_nodes(answer);
        return;
    }
    printf("gruvid ");
    put(ANY, answer, "version");
    printf(", pid ");
    put(ANY, answer, "pid");
    printf(": ");
    put(ANY, answer, "stage");
    printf(", up for ");
    put(PERIOD, answer, "uptime");
    printf("\nplugins: ");
    put(ANY, answer, "plugins");
    if (number(answer, "draining") > 0) {
        printf(", and old generations that drain: ");
        put(ANY, answer, "draining");
    }
    printf("\nconnections: ");
    put(ANY, answer, "connections");
    printf(", of them parked: ");
    put(NUMBER, answer, "parked");
    printf(", accepted so far: ");
    put(NUMBER, answer, "accepted");
    printf("\nhubs: ");
    put(ANY, answer, "hubs");
    printf("\nlog level: ");
    put(ANY, answer, "log_level");
    putchar('\n');
    if (json_object_get(answer, "reloading") != NULL) {
        printf("a reload goes on: ");
        put(ANY, answer, "reloading");
        putchar('\n');
    }
    if (reload != NULL) {
        printf("last reload: ");
        put(ANY, reload, "when");
        printf(" by ");
        put(ANY, reload, "by");
        printf("\n  ");
        print_report(reload);
    }
}

/* --- tables -----------------------------------------------------------------
 */

static void
print_list(const char *none, const struct column *columns, const json_t *rows)
{
    if (json_array_size(rows) == 0)
        puts(none);
    else
        print_table(stdout, columns, rows);
}

/* What is mapped by builds that nothing uses any more. */
static void
print_unused(const json_t *modules)
{
    double bytes = 0;
    size_t n = 0;

    for (size_t i = 0; i < json_array_size(modules); i++) {
        const json_t *module = json_array_get(modules, i);

        if (!json_is_false(json_object_get(module, "used")))
            continue;
        bytes += json_number_value(json_object_get(module, "mapped"));
        n++;
    }
    if (n > 0) {
        json_t *sum = need(json_real(bytes));
        char *text = cell_text(BYTES, sum);

        printf("%zu build%s without a generation stay%s in memory: %s\n", n,
               n == 1 ? "" : "s", n == 1 ? "s" : "", text);
        free(text);
        json_decref(sum);
    }
}

/* What an operator has to know of a generation, and what to do about it. */
static void
print_marked(const json_t *plugins)
{
    for (size_t i = 0; i < json_array_size(plugins); i++) {
        const json_t *plugin = json_array_get(plugins, i);

        if (json_object_get(plugin, "cut_in") != NULL) {
            put(ANY, plugin, "plugin");
            printf(", generation ");
            put(ANY, plugin, "generation");
            printf(": its connections are cut in ");
            put(PERIOD, plugin, "cut_in");
            putchar('\n');
        }
        if (json_is_true(json_object_get(plugin, "inconsistent"))) {
            put(ANY, plugin, "plugin");
            printf(", generation ");
            put(ANY, plugin, "generation");
            puts(": a reload was undone, and it did not take its old values "
                 "again; restart it");
        }
    }
}

void
show_plugins(const struct task *task, const json_t *answer)
{
    static const struct column plugins[] = {
        {"PLUGIN", "plugin", ANY, 16, 0},
        {"GEN", "generation", NUMBER, 0, 0},
        {"STATE", "state", STATE, 0, 0},
        {"CONN", "connections", NUMBER, 0, 0},
        {"PARKED", "parked", NUMBER, 0, 6},
        {"FIBERS", "fibers", NUMBER, 0, 1},
        {"ACCEPTED", "accepted", NUMBER, 0, 4},
        {"FAILED", "failed", NUMBER, 0, 3},
        {"STALLS", "stalls", NUMBER, 0, 2},
        {"FULL", "full", NUMBER, 0, 11},
        {"REFUSED", "refused", NUMBER, 0, 11},
        {"STACK", "most_stack", BYTES, 0, 10},
        {"RECEIVED", "received", BYTES, 0, 9},
        {"SENT", "sent", BYTES, 0, 9},
        {"P99", "time_p99", PERIOD, 0, 10},
        {"HUBS", "hubs", ANY, 4, 6},
        {"MODULE", "module", ANY, 12, 7},
        {"BUILD", "build", NUMBER, 0, 5},
        {"BUILD ID", "build_id", ANY, 8, 8},
        {.title = NULL},
    };
    static const struct column modules[] = {
        {"MODULE", "module", ANY, 12, 0},
        {"BUILD", "build", NUMBER, 0, 0},
        {"USED", "used", ANY, 0, 0},
        {"MAPPED", "mapped", BYTES, 0, 0},
        {"TLS", "tls", BYTES, 0, 2},
        {"STATIC TLS", "static_tls", ANY, 0, 2},
        {"BUILD ID", "build_id", ANY, 8, 3},
        {"FILE", "file", ANY, 16, 4},
        {.title = NULL},
    };
    const json_t *loaded = json_object_get(answer, "modules");

    (void)task;
    print_list("no plugin", plugins, json_object_get(answer, "plugins"));
    print_marked(json_object_get(answer, "plugins"));
    if (json_array_size(loaded) > 0) {
        putchar('\n');
        print_table(stdout, modules, loaded);
        print_unused(loaded);
    }
}

void
show_hubs(const struct task *task, const json_t *answer)
{
    static const struct column columns[] = {
        {"HUB", "hub", NUMBER, 0, 0},
        {"ANSWERS", "answers", STATE, 0, 0},
        {"LAG", "lag", PERIOD, 0, 0},
        {"FIBERS", "fibers", NUMBER, 0, 0},
        {"READY", "ready", NUMBER, 0, 3},
        {"AT MOST", "most_ready", NUMBER, 0, 4},
        {"PLUGINS", "plugins", NUMBER, 0, 1},
        {"CONN", "connections", NUMBER, 0, 0},
        {"TURNS", "turns", NUMBER, 0, 5},
        {"SWITCHES", "switches", NUMBER, 0, 6},
        {"SPAWNED", "spawned", NUMBER, 0, 7},
        {"REFUSED", "refused", NUMBER, 0, 8},
        {.title = NULL},
    };

    (void)task;
    print_list("no hub", columns, json_object_get(answer, "hubs"));
}

void
show_pools(const struct task *task, const json_t *answer)
{
    static const struct column columns[] = {
        {"POOL", "name", ANY, 0, 0},
        {"THREADS", "threads", NUMBER, 0, 0},
        {"MOST", "max", NUMBER, 0, 1},
        {"BUSY", "busy", NUMBER, 0, 0},
        {"QUEUED", "queued", NUMBER, 0, 0},
        {"DONE", "done", NUMBER, 0, 2},
        {"WAIT P50", "wait_p50", PERIOD, 0, 3},
        {"WAIT P99", "wait_p99", PERIOD, 0, 0},
        {"WAIT MAX", "wait_max", PERIOD, 0, 4},
        {.title = NULL},
    };

    (void)task;
    print_list("no pool", columns, json_object_get(answer, "pools"));
}

void
show_connections(const struct task *task, const json_t *answer)
{
    static const struct column columns[] = {
        {"PLUGIN", "plugin", ANY, 16, 0},
        {"GEN", "generation", NUMBER, 0, 3},
        {"HUB", "hub", NUMBER, 0, 4},
        {"PEER", "peer", ANY, 12, 0},
        {"STATE", "state", ANY, 0, 0},
        {"WAITS FOR", "waits_for", ANY, 8, 2},
        {"RECEIVED", "received", BYTES, 0, 1},
        {"SENT", "sent", BYTES, 0, 1},
        {.title = NULL},
    };
    json_int_t more = number(answer, "more_of_them");

    (void)task;
    print_list("no connection", columns,
               json_object_get(answer, "connections"));
    if (more > 0)
        printf("and %lld more: --limit shows them\n", (long long)more);
    if (number(answer, "silent_hubs") > 0)
        puts("and those of hubs that do not answer: see gruvictl hubs");
}

/* Statuses and how often each was sent, in a line. */
static void
print_unrouted(const json_t *unrouted)
{
    for (size_t i = 0; i < json_array_size(unrouted); i++) {
        const json_t *one = json_array_get(unrouted, i);

        printf("%s", i == 0 ? "without a route: " : ", ");
        put(ANY, one, "plugin");
        printf(" ");
        put(ANY, one, "status");
        printf(" ");
        put(ANY, one, "count");
    }
    if (json_array_size(unrouted) > 0)
        putchar('\n');
}

void
show_requests(const struct task *task, const json_t *answer)
{
    static const struct column columns[] = {
        {"PLUGIN", "plugin", ANY, 12, 0},
        {"ROUTE", "route", ANY, 12, 0},
        {"OPEN", "open", NUMBER, 0, 0},
        {"DONE", "done", NUMBER, 0, 0},
        {"FAILED", "failed", NUMBER, 0, 0},
        {"TIMED OUT", "timed_out", NUMBER, 0, 4},
        {"CANCELLED", "cancelled", NUMBER, 0, 5},
        {"CUT", "cut", NUMBER, 0, 3},
        {"P50", "time_p50", PERIOD, 0, 2},
        {"P99", "time_p99", PERIOD, 0, 1},
        {"RECEIVED", "received", BYTES, 0, 6},
        {"SENT", "sent", BYTES, 0, 6},
        {.title = NULL},
    };

    (void)task;
    print_list("no request", columns, json_object_get(answer, "requests"));
    print_unrouted(json_object_get(answer, "unrouted"));
}

/* --- config -----------------------------------------------------------------
 */

/* Without a value there would be nothing to see. */
static void
put_quoted(const json_t *object, const char *name)
{
    printf("\"");
    put(ANY, object, name);
    printf("\"");
}

/* As in a file; what is not set is a default, and is behind a ';'. */
static void
print_setting(const json_t *setting)
{
    const json_t *value = json_object_get(setting, "value");
    const json_t *file = json_object_get(setting, "file");
    size_t n = json_is_array(value) ? json_array_size(value) : 1;

    for (size_t i = 0; i < n; i++) {
        const json_t *one =
            json_is_array(value) ? json_array_get(value, i) : value;
        char *text = json_is_null(one) ? need(strdup("")) : cell_text(ANY, one);

        printf("%s", file == NULL ? ";" : "");
        put(ANY, setting, "key");
        printf(" =%s", *text == '\0' ? "" : " ");
        print_safe(stdout, text);
        free(text);
        if (file != NULL && !json_is_null(file)) {
            printf("  ; ");
            put(ANY, setting, "file");
            printf(":");
            put(ANY, setting, "line");
        }
        if (json_object_get(setting, "runs") != NULL) {
            printf("%sit waits for a restart; until then: ",
                   file == NULL ? "  ; " : "; ");
            put_quoted(setting, "runs");
        }
        putchar('\n');
    }
}

void
show_config(const struct task *task, const json_t *answer)
{
    const json_t *settings = json_object_get(answer, "settings");
    const char *before = NULL;

    (void)task;
    for (size_t i = 0; i < json_array_size(settings); i++) {
        const json_t *setting = json_array_get(settings, i);
        const char *section =
            json_string_value(json_object_get(setting, "section"));

        if (section != NULL &&
            (before == NULL || strcmp(section, before) != 0)) {
            printf("%s[", before == NULL ? "" : "\n");
            print_safe(stdout, section);
            puts("]");
            before = section;
        }
        print_setting(setting);
    }
}

void
show_log_level(const struct task *task, const json_t *answer)
{
    const json_t *plugin = json_object_get(task->members, "plugin");

    printf("log level%s", plugin == NULL ? "" : " of plugin ");
    if (plugin != NULL)
        put(ANY, task->members, "plugin");
    printf(": ");
    put(ANY, task->members, "level");
    printf(", was ");
    put(ANY, answer, "before");
    putchar('\n');
}

/* The source of a line: "hub 2 echo[accept]"; what is not said is left out. */
static void
print_who(const json_t *line)
{
    const char *hub = json_string_value(json_object_get(line, "hub"));
    const char *plugin = json_string_value(json_object_get(line, "plugin"));
    const char *fiber = json_string_value(json_object_get(line, "fiber"));

    if (hub != NULL && (plugin != NULL || fiber != NULL)) {
        print_safe(stdout, hub);
        putchar(' ');
    }
    if (plugin != NULL)
        print_safe(stdout, plugin);
    if (fiber != NULL) {
        putchar('[');
        print_safe(stdout, fiber);
        putchar(']');
    }
    if (plugin != NULL || fiber != NULL)
        printf(": ");
}

void
show_log(const struct task *task, const json_t *answer)
{
    const json_t *lines = json_object_get(answer, "lines");

    (void)task;
    for (size_t i = 0; i < json_array_size(lines); i++) {
        const json_t *line = json_array_get(lines, i);

        put(ANY, line, "time");
        putchar(' ');
        put(ANY, line, "level");
        putchar(' ');
        print_who(line);
        put(ANY, line, "message");
        putchar('\n');
    }
}
