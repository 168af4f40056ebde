/* SPDX-License-Identifier: MIT */
/* top: hubs and plugins again and again, with what has changed in between. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "gruvictl/cluster.h"
#include "gruvictl/show.h"
#include "gruvictl/table.h"
#include "gruvictl/text.h"
#include "gruvictl/wire.h"

static enum status
ask(const struct task *task, struct wire *wire, const char *what,
    json_t **answer)
{
    json_t *request = need(json_pack("{s:i, s:s}", "id", 1, "do", what));
    enum status status = task_ask(task, wire, request, answer);

    json_decref(request);
    return status == MISSING ? DONE : status;
}

static bool
is_same(const json_t *a, const json_t *b, const char *member)
{
    const json_t *mine = json_object_get(a, member);
    const json_t *theirs = json_object_get(b, member);

    return mine == theirs || json_equal(mine, theirs);
}

/* The same generation in the answer before. */
static const json_t *
find_before(const json_t *plugins, const json_t *plugin)
{
    for (size_t i = 0; i < json_array_size(plugins); i++) {
        const json_t *other = json_array_get(plugins, i);

        if (is_same(other, plugin, "node") &&
            is_same(other, plugin, "plugin") &&
            is_same(other, plugin, "generation"))
            return other;
    }
    return NULL;
}

/* Add a rate to a plugin, by how much a counter of it has gone up. */
static void
add_rate(json_t *plugin, const json_t *before, const char *counter,
         const char *rate, double seconds)
{
    double now = json_number_value(json_object_get(plugin, counter));
    double then = json_number_value(json_object_get(before, counter));

    json_object_set_new(plugin, rate, json_real((now - then) / seconds));
}

static void
add_rates(json_t *plugins, const json_t *before, double seconds)
{
    for (size_t i = 0; i < json_array_size(plugins); i++) {
        json_t *plugin = json_array_get(plugins, i);
        const json_t *then = find_before(before, plugin);

        if (then == NULL || seconds <= 0)
            continue;
        add_rate(plugin, then, "accepted", "accepted_rate", seconds);
        add_rate(plugin, then, "served", "served_rate", seconds);
        add_rate(plugin, then, "failed", "failed_rate", seconds);
    }
}

static double
now(void)
{
    struct timespec time;

    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static void
print_screen(const struct task *task, const json_t *status, const json_t *hubs,
             const json_t *plugins)
{
    static const struct column columns[] = {
        {"PLUGIN", "plugin", ANY, 16, 0},
        {"GEN", "generation", NUMBER, 0, 4},
        {"STATE", "state", STATE, 0, 0},
        {"CONN", "connections", NUMBER, 0, 0},
        {"ACCEPTED/S", "accepted_rate", NUMBER, 0, 2},
        {"SERVED/S", "served_rate", NUMBER, 0, 3},
        {"FAILED/S", "failed_rate", NUMBER, 0, 1},
        {.title = NULL},
    };

    if (isatty(STDOUT_FILENO))
        fputs("\033[H\033[J", stdout);
    show_status(task, status);
    putchar('\n');
    show_hubs(task, hubs);
    putchar('\n');
    print_table(stdout, columns, json_object_get(plugins, "plugins"));
    if (!isatty(STDOUT_FILENO))
        putchar('\n');
    fflush(stdout);
}

static enum status
look(const struct task *task, struct wire *wire, json_t **before, double *then)
{
    json_t *state = NULL, *hubs = NULL, *plugins = NULL;
    enum status status = ask(task, wire, "status", &state);
    double time = now();

    if (status == DONE)
        status = ask(task, wire, "hubs", &hubs);
    if (status == DONE)
        status = ask(task, wire, "plugins", &plugins);
    if (status == DONE) {
        add_rates(json_object_get(plugins, "plugins"),
                  json_object_get(*before, "plugins"), time - *then);
        if (task->json)
            show_answer(task, plugins);
        else
            print_screen(task, state, hubs, plugins);
    }
    json_decref(state);
    json_decref(hubs);
    json_decref(*before);
    *before = plugins;
    *then = time;
    return status;
}

/* A connection that is idle for longer may have to give way. */
#define KEPT 30.0

static enum status
wait_for_next(const struct task *task, struct wire *wire, double seconds)
{
    const char *path = wire->path;
    struct timespec time = {.tv_sec = (time_t)seconds};

    time.tv_nsec = (long)((seconds - (double)time.tv_sec) * 1e9);
    nanosleep(&time, NULL);
    if (seconds < KEPT)
        return DONE;
    wire_close(wire);
    return wire_open(wire, path, task->timeout);
}

enum status
run_top(const struct task *task, struct wire *wire)
{
    double seconds = task->seconds > 0 ? task->seconds : 1, then = 0;
    json_int_t left =
        json_integer_value(json_object_get(task->members, "count"));
    json_t *before = NULL;
    enum status status;

    do {
        status = look(task, wire, &before, &then);
        if (ferror(stdout))
            break;
        if (status == DONE && left != 1)
            status = wait_for_next(task, wire, seconds);
    } while (status == DONE && (left == 0 || --left > 0));
    json_decref(before);
    return status;
}
