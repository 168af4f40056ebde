/* SPDX-License-Identifier: MIT */
/* stop: returns when the process has ended, which is a moment after its last
 * answer. */
#include <stdio.h>
#include <string.h>

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

enum status
run_stop(const struct task *task, struct wire *wire)
{
    json_t *answer;
    enum status status = wire_ask(wire, task->members, task->timeout, &answer);

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
