/* SPDX-License-Identifier: MIT */
/*
 * The hub polls its loop, and sleeps in it while nothing is left to do: until
 * the earliest deadline, or a message in the inbox.
 *
 * It says that it sleeps, and looks into the inbox after that.  A thread posts,
 * and looks after that whether the hub sleeps.  So one of them sees the other,
 * and no message waits while the hub sleeps.
 *
 * On virtual time it does not wait for a deadline: time jumps there.
 */
#include <limits.h>

#include "base/likely.h"
#include "base/list.h"
#include "base/threads.h"
#include "base/wheel.h"
#include "core/clock.h"
#include "core/hub.h"
#include "core/inbox.h"
#include "core/poll.h"
#include "core/schedule.h"
#include "core/testing.h"
#include "core/trace.h"

#define VIRTUAL_LOOK 1 /* milliseconds: whether threads still work */

/* Milliseconds until the earliest deadline; -1: there is none. */
static int
until_deadline(const gruvi_hub_t *hub)
{
    uint64_t due = gruvi__wheel_next(&hub->deadlines), now, ms;

    if (due == UINT64_MAX)
        return -1;
    now = gruvi__clock_now();
    ms = due > now ? (due - now + 999999) / 1000000 : 0;
    return ms < INT_MAX ? (int)ms : INT_MAX;
}

static bool
has_work(const gruvi_hub_t *hub)
{
    return hub->woken.head != NULL || hub->yielded.head != NULL ||
           hub->urgent.head != NULL || hub->callbacks != NULL ||
           !gruvi__list_empty(&hub->arrivals) ||
           (hub->closing && hub->live == 0);
}

/* No fiber is ready: unless the loop has work, or threads work, time jumps to
 * the next deadline, or timer of the loop.  Returns for how many milliseconds
 * the loop is to wait; -1: for ever.  Nobody says when virtual time may go on,
 * and it may at once.
 */
static int
pass_virtual_time(gruvi_hub_t *hub)
{
    uint64_t next = gruvi__wheel_next(&hub->deadlines), due;

    /* First: what is done then has been posted. */
    if (gruvi__clock_stopped())
        return VIRTUAL_LOOK;
    gruvi__poll_set_run(hub, 0);
    if (has_work(hub) || !gruvi__inbox_empty(&hub->inbox))
        return 0;
    due = gruvi__poll_set_due(hub);
    if (due < next)
        next = due;
    if (next == UINT64_MAX)
        return gruvi__test_stuck() ? 0 : -1;
    gruvi__clock_pass(next);
    return 0;
}

static void
look_at_clock(gruvi_hub_t *hub)
{
    hub->polled_tick = gruvi__clock_coarse();
    hub->tick = gruvi__clock_tick(hub->polled_tick);
}

/* Nothing is ready.  Whether another thread, which has just posted something,
 * posts more. */
static bool
await_post(gruvi_hub_t *hub)
{
    return hub->had_posts && !gruvi__clock_is_virtual() &&
           gruvi__inbox_await(&hub->inbox, &hub->patience);
}

void
gruvi__hub_poll(gruvi_hub_t *hub)
{
    int timeout = 0;
    bool work;

    gruvi__poller_check(hub->poller);
    if (gruvi__unlikely(gruvi__poll_set_waits_for_loop(&hub->loop)))
        uv_run(&hub->loop, UV_RUN_NOWAIT);
    work = has_work(hub) || await_post(hub);
    hub->had_posts = false;
    if (!work) {
        gruvi__hub_trim_later(hub);
        gruvi__atomic_store(&hub->inbox.sleeping, 1, __ATOMIC_SEQ_CST);
        work = !gruvi__inbox_empty(&hub->inbox);
        if (!work)
            timeout = gruvi__unlikely(gruvi__clock_is_virtual())
                          ? pass_virtual_time(hub)
                          : until_deadline(hub);
        work = timeout == 0;
    }
    gruvi__trace_hub(hub, GRUVI__HUB_POLL, !work);
    gruvi__poll_set_run(hub, timeout);
    gruvi__atomic_store(&hub->inbox.sleeping, 0, __ATOMIC_SEQ_CST);
    look_at_clock(hub);
    hub->budget_since = 0;
    gruvi__figure_store(&hub->turns, hub->turns + 1);
    gruvi__trace_hub(hub, GRUVI__HUB_TURN, hub->turns);
}
