/* SPDX-License-Identifier: MIT */
/*
 * A trace of a hub's switches, and of its turns.
 *
 * A switch already looks for exceptions that a fiber has to take along, and a
 * fiber, before it begins, for errors that wait for it.  A trace makes these
 * two looks find something.  So a hub that is not traced pays nothing.
 *
 * The hub itself looks whether it is traced a few times each time it polls its
 * loop, which costs a system call anyway.
 */
#include <string.h>
#include <time.h>

#include <gruvi/fiber.h>

#include "core/exception.h"
#include "core/trace.h"

int
gruvi__trace_start(gruvi_hub_t *hub, gruvi__switch_t *ring, size_t n,
                   const char *(*label)(const gruvi_fiber_t *))
{
    struct gruvi__trace *trace = &hub->trace;

    if (ring == NULL || n == 0 || (n & (n - 1)) != 0)
        return UV_EINVAL;
    if (trace->ring != NULL)
        return UV_EBUSY;
    *trace = (struct gruvi__trace){
        .ring = ring,
        .mask = n - 1,
        .label = label,
        .new_fibers = GRUVI__PENDING_TRACED,
    };
    gruvi__cxx_trace(true);
    return 0;
}

uint64_t
gruvi__trace_stop(gruvi_hub_t *hub)
{
    uint64_t noted = hub->trace.noted;

    if (hub->trace.ring == NULL)
        return 0;
    memset(&hub->trace, 0, sizeof hub->trace);
    gruvi__cxx_trace(false);
    return noted;
}

static gruvi__switch_t *
next_note(struct gruvi__trace *trace, enum gruvi__switch_kind kind)
{
    gruvi__switch_t *note = &trace->ring[trace->noted++ & trace->mask];

    note->at = uv_hrtime();
    note->cpu = 0;
    note->kind = (uint8_t)kind;
    return note;
}

void
gruvi__trace_note(const gruvi_fiber_t *fiber, enum gruvi__switch_kind kind)
{
    struct gruvi__trace *trace = &fiber->hub->trace;
    gruvi__switch_t *note = next_note(trace, kind);

    note->fiber = fiber->id;
    note->waits = kind == GRUVI__SWITCH_OUT && fiber->state == GRUVI__WAITING &&
                          fiber->waiting_for != NULL
                      ? fiber->waiting_for
                      : "";
    note->label = trace->label == NULL ? "" : trace->label(fiber);
    strncpy(note->name, gruvi_fiber_name(fiber), sizeof note->name - 1);
    note->name[sizeof note->name - 1] = '\0';
}

static uint64_t
cpu_time(void)
{
    struct timespec time;

    if (clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time) < 0)
        return 0;
    return (uint64_t)time.tv_sec * 1000000000 + (uint64_t)time.tv_nsec;
}

void
gruvi__trace_note_hub(gruvi_hub_t *hub, enum gruvi__switch_kind kind,
                      uint64_t number)
{
    gruvi__switch_t *note = next_note(&hub->trace, kind);

    note->number = number;
    if (kind == GRUVI__HUB_POLL || kind == GRUVI__HUB_TURN)
        note->cpu = cpu_time();
    note->waits = note->label = "";
    note->name[0] = '\0';
}
