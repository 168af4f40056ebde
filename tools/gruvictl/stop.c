/* SPDX-License-Identifier: MIT */
/* stop: returns when the process has ended, which is a moment after its last
 * answer. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "gruvictl/show.h"
#include "gruvictl/wire.h"

/* A gruvid that had to be ended from outside says nothing more. */
static enum status
ended(const struct task *task, const json_t *answer)
{
    json_int_t status = json_integer_value(json_object_get(answer, "status"));

    if (task->json)
        show_answer(task, answer);
    if (status != 0)
        fprintf(stderr,
                "gruvictl: gruvid has ended with status %lld; its log "
                "says why\n",
                (long long)status);
    return DONE;
}

/* Seconds that a gruvid whose first hub turns does not need. */
#define BUSY 3.0

/* Whether it answers.  What it is asked is of no interest. */
static bool
answers(struct wire *wire)
{
    json_t *hello = json_pack("{s:s, s:i}", "do", "hello", "id", 0), *answer;
    enum status status = wire_ask(wire, hello, BUSY, &answer);

    json_decref(hello);
    json_decref(answer);
    return status != NOBODY || wire->pidfd < 0;
}

/* A gruvid whose first hub does not turn hears no request, but signals. */
static enum status
stop_by_signal(const struct task *task, const struct wire *wire)
{
    if (syscall(SYS_pidfd_send_signal, wire->pidfd, SIGTERM, NULL, 0) == 0)
        fputs("gruvictl: it was sent SIGTERM\n", stderr);
    else if (errno != ESRCH) {
        fprintf(stderr, "gruvictl: it cannot be sent SIGTERM: %s\n",
                strerror(errno));
        return REFUSED;
    }
    if (!json_is_true(json_object_get(task->members, "no-wait"))) {
        wire_await_end(wire);
        fputs("gruvictl: it has ended\n", stderr);
    }
    return DONE;
}

enum status
run_stop(const struct task *task, struct wire *wire)
{
    enum status status;
    json_t *answer;

    if (!answers(wire))
        return stop_by_signal(task, wire);
    status = wire_ask(wire, task->members, task->timeout, &answer);
    if (json_is_true(json_object_get(task->members, "no-wait"))) {
        if (status == DONE && task->json)
            show_answer(task, answer);
    } else if (status == DONE) {
        wire_await_end(wire);
        status = ended(task, answer);
    } else if (status == NOBODY && wire->pidfd >= 0) {
        wire_await_end(wire);
        fputs("gruvictl: it has ended\n", stderr);
        status = DONE;
    }
    json_decref(answer);
    return status;
}
