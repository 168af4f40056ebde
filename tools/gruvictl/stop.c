/* SPDX-License-Identifier: MIT */
/* stop: returns when the process has ended, which is a moment after its last
 * answer. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "gruvictl/show.h"
#include "gruvictl/table.h"
#include "gruvictl/text.h"
#include "gruvictl/wire.h"

/* Seconds from the last word of a gruvid to the end of its process: it writes
 * the rest of its log. */
#define PATIENCE 30.0

/* --- by signal -------------------------------------------------------------
 */

/* Seconds that a gruvid whose first hub turns does not need. */
#define BUSY 3.0

/* Whether a gruvid is there that turns.  What it is asked is of no interest. */
static enum status
greet(struct wire *wire)
{
    json_t *hello = json_pack("{s:s, s:i}", "do", "hello", "id", 0), *answer;
    enum status status = wire_ask(wire, hello, BUSY, &answer);

    json_decref(hello);
    json_decref(answer);
    return status;
}

static enum status
no_signal(int err)
{
    fprintf(stderr, "gruvictl: it cannot be sent SIGTERM: %s\n",
            err == 0 ? "its process cannot be seen from here" : strerror(err));
    return REFUSED;
}

/* A gruvid whose first hub does not turn hears no request, but signals. */
static enum status
stop_by_signal(const struct task *task, const struct wire *wire)
{
    enum status status;

    if (wire->pidfd < 0)
        return no_signal(wire->unknown);
    if (syscall(SYS_pidfd_send_signal, wire->pidfd, SIGTERM, NULL, 0) == 0)
        fputs("gruvictl: it was sent SIGTERM\n", stderr);
    else if (errno != ESRCH)
        return no_signal(errno);
    if (json_is_true(json_object_get(task->members, "no-wait")))
        return DONE;
    status = wire_await_end(wire, -1);
    if (status == DONE)
        fputs("gruvictl: it has ended\n", stderr);
    return status;
}

/* --- by request ------------------------------------------------------------
 */

static enum status
ended(const struct task *task, const struct wire *wire, const json_t *answer)
{
    json_int_t status = json_integer_value(json_object_get(answer, "status"));

    if (task->json)
        show_answer(task, answer);
    if (status != 0)
        fprintf(stderr,
                "gruvictl: gruvid has ended with status %lld; its log says "
                "why\n",
                (long long)status);
    return wire_await_end(wire, PATIENCE);
}

/* Pieces say how far it is; the last line is the answer. */
static void
on_line(const json_t *line, void *arg)
{
    json_t **answer = arg;
    char *stage;

    if (!json_is_true(json_object_get(line, "more"))) {
        *answer = json_incref((json_t *)line);
        return;
    }
    stage = cell_text(ANY, json_object_get(line, "stage"));
    if (isatty(STDERR_FILENO)) {
        print_safe(stderr, stage);
        fprintf(stderr, "; connections: %lld\n",
                (long long)json_integer_value(
                    json_object_get(line, "connections")));
    }
    free(stage);
}

enum status
run_stop(const struct task *task, struct wire *wire)
{
    json_t *answer = NULL;
    enum status status = greet(wire);

    if (status == NOBODY && wire->silent)
        return stop_by_signal(task, wire);
    if (status != DONE)
        return status;
    status = wire_stream(wire, task->members, task->timeout, on_line, &answer);
    if (json_is_true(json_object_get(task->members, "no-wait"))) {
        if (status == DONE && task->json)
            show_answer(task, answer);
    } else if (status == DONE) {
        status = ended(task, wire, answer);
    } else if (status == NOBODY && wire->ended) {
        /* Something else has ended it. */
        status = wire_await_end(wire, PATIENCE);
    }
    json_decref(answer);
    return status;
}
