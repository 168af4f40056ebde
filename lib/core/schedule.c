/* SPDX-License-Identifier: MIT */
/*
 * The scheduler: which fiber runs next.
 *
 * Time is cut into turns.  A turn runs the callbacks that were queued when it
 * began, then every fiber that was ready by then, once.  Fibers that wake up
 * meanwhile run in the next turn.  So the event loop, which is polled between
 * turns, cannot starve.
 *
 *   urgent:  gruvi_fiber_switch(), _throw()
 *   woken:   the wait is over, in order
 *   yielded: gruvi_sleep(0)
 *   turn:    what still runs in this turn: urgent + woken + yielded
 *
 * Fibers that yielded come last, behind all that the callbacks of the turn have
 * woken: that is what gruvi_sleep(0) promises.
 *
 * The hub's stack is not always needed to decide.  A fiber that parks takes the
 * next fiber off turn and switches to it directly, one switch instead of two.
 * When turn is empty and there are only ready fibers to run, it also begins the
 * next turn itself, unless it is time to poll the loop (hub_poll.c):
 *
 *   - after BUDGET switches, if POLL_EVERY has passed since the budget began;
 *   - when the coarse clock ticks (every 1 to 10 ms), which is checked every
 *     CHECK_EVERY switches: fibers may run for long between two switches.
 *
 * A poll may find that a hundred connections have become readable for which no
 * fiber waits.  A hundred new fibers at once would each have a stack that no
 * cache holds.  So these connections are arrivals: a turn begins with a few of
 * them, whose fibers have ended, as a rule, before the next few take their
 * stacks.  The loop would tell of the same connections again; so it is polled
 * when there are no arrivals left, or when the coarse clock has ticked:
 * deadlines and fibers that wait for input wait no longer than that.
 *
 * An idle poll costs about 200 ns with the two switches to the hub; reading the
 * clock costs 20 to 25, and the coarse clock 5.  So fibers that only switch pay
 * half a nanosecond a switch for polling in time, and fibers that work are
 * polled every 64 switches.
 */
#include <gruvi/fiber.h>

#include "base/likely.h"
#include "base/list.h"
#include "base/threads.h"
#include "base/wheel.h"
#include "core/callback.h"
#include "core/clock.h"
#include "core/exception.h"
#include "core/fiber.h"
#include "core/hub.h"
#include "core/inbox.h"
#include "core/run_queue.h"
#include "core/schedule.h"
#include "core/switch.h"
#include "core/switch_back.h"
#include "core/testing.h"
#include "core/thread.h"
#include "core/trace.h"
#include "core/wait.h"

#define BUDGET      64
#define CHECK_EVERY 8
#define POLL_EVERY  50000 /* nanoseconds */
#define ARRIVALS    16    /* in a turn */

/* Each switch to a fiber has taken 1 from the budget. */
static inline void
count_switches(gruvi_hub_t *hub, int budget)
{
    uint64_t switches = (unsigned)(budget - hub->budget);

    gruvi__figure_store(&hub->switches, hub->switches + switches);
}

/* A turn is over: all that were ready when it began have run. */
static inline void
count_ready(gruvi_hub_t *hub)
{
    uint32_t ran = (uint32_t)(hub->turn_began - hub->budget);

    gruvi__figure_store(&hub->ready, ran);
    if (gruvi__unlikely(ran > hub->most_ready))
        gruvi__figure_store(&hub->most_ready, ran);
}

/* When the clock is looked at next; at once where the hub has work. */
static inline void
set_next_check(gruvi_hub_t *hub)
{
    hub->next_clock_check = hub->budget - CHECK_EVERY;
    if (hub->callbacks != NULL || hub->closing || hub->shuffled)
        gruvi__call_hub(hub);
}

/* The budget is spent.  A turn of very many fibers has taken long. */
static bool
renew_budget(gruvi_hub_t *hub)
{
    uint64_t now;

    if (hub->budget <= -BUDGET)
        return false;
    now = gruvi__clock_now();
    if (hub->budget_since == 0)
        hub->budget_since = now;
    else if (now - hub->budget_since >= POLL_EVERY)
        return false;
    count_switches(hub, BUDGET);
    hub->budget = BUDGET;
    set_next_check(hub);
    return true;
}

/* The hub may have work, or it is time to check the clock. */
static bool
may_go_on(gruvi_hub_t *hub)
{
    if (hub->callbacks != NULL || hub->closing || hub->shuffled ||
        !gruvi__inbox_empty(&hub->inbox))
        return false;
    set_next_check(hub);
    return gruvi__clock_coarse() == hub->polled_tick &&
           (hub->budget > 0 || renew_budget(hub));
}

/* All that is ready now is the next turn. */
static inline __attribute__((always_inline)) gruvi_fiber_t *
take_turn(gruvi_hub_t *hub)
{
    struct gruvi__queue *next = &hub->woken;
    gruvi_fiber_t *first;

    if (next->head == NULL)
        next = &hub->yielded;
    else
        gruvi__queue_join(next, &hub->yielded);
    first = gruvi__queue_take_all(next, &hub->scout);
    if (first == NULL)
        return &hub->fiber;
    hub->turn = first->next;
    hub->turn_began = hub->budget--;
    return first;
}

static __attribute__((noinline)) gruvi_fiber_t *
next_turn_slowly(gruvi_hub_t *hub)
{
    return may_go_on(hub) ? take_turn(hub) : &hub->fiber;
}

/* The common case calls nothing, and so it saves no registers. */
gruvi_fiber_t *
gruvi__next_turn(gruvi_hub_t *hub)
{
    count_ready(hub);
    if (gruvi__unlikely(hub->budget <= hub->next_clock_check ||
                        !gruvi__inbox_empty(&hub->inbox)))
        return next_turn_slowly(hub);
    return take_turn(hub);
}

__attribute__((noinline)) void
gruvi__queue_push_far(struct gruvi__queue *queue, gruvi_fiber_t *fiber)
{
    fiber->ahead = NULL;
    if (queue->few == -1) {
        queue->scout = queue->last = fiber;
    } else if (queue->few < -GRUVI__QUEUE_FAR) {
        queue->last->ahead = fiber;
        queue->last = queue->last->next;
    }
}

/* The scout's control block is here by now.  It knows its lowest frame only,
 * and the others are as far above as its function is deep: most are not here.
 */
__attribute__((noinline)) void
gruvi__fetch_ahead(gruvi_hub_t *hub)
{
    const gruvi_fiber_t *scout = hub->scout;
    const char *ahead = (const char *)scout->ahead;
    const char *sp = gruvi__context_sp(&scout->context);

    if (ahead != NULL) {
        __builtin_prefetch(ahead + offsetof(gruvi_fiber_t, next), 1);
        __builtin_prefetch(ahead + offsetof(gruvi_fiber_t, target), 1);
        __builtin_prefetch(ahead + offsetof(gruvi_fiber_t, sb), 1);
    }
    __builtin_prefetch(sp - 64, 1);
    __builtin_prefetch(sp, 1);
    __builtin_prefetch(sp + 64, 1);
    __builtin_prefetch(sp + 128, 1);
    __builtin_prefetch(sp + 192, 1);
    hub->scout = scout->next;
}

static inline __attribute__((always_inline)) void
switch_away(gruvi_fiber_t *fiber)
{
    gruvi_fiber_t *next = gruvi__next_fiber(fiber->hub);

    if (next == fiber)
        fiber->state = GRUVI__RUNNING;
    else
        gruvi__switch_to(fiber, next);
}

/* In a catch block, or a destructor that runs because of an exception; or where
 * the hub is traced. */
static __attribute__((noinline)) void
leave_unusually(gruvi_fiber_t *fiber)
{
    struct gruvi__cxx_state state;

    gruvi__cxx_take(&state);
    gruvi__trace(fiber, GRUVI__SWITCH_OUT);
    switch_away(fiber);
    gruvi__trace(fiber, GRUVI__SWITCH_IN);
    gruvi__cxx_give(&state);
}

/*
 * Fibers that live are left, and come back, only here, in gruvi_sleep() and by
 * gruvi__park_here(): the processor learns few indirect jumps.
 */
static __attribute__((noinline)) void
leave_to_next(gruvi_fiber_t *fiber)
{
    if (gruvi__cxx_busy())
        leave_unusually(fiber);
    else
        switch_away(fiber);
}

void
gruvi__park(gruvi_fiber_t *fiber)
{
    if (gruvi__unlikely(fiber->sb_unarmed))
        gruvi__sb_arm(fiber);
    fiber->state = GRUVI__WAITING;
    fiber->parked_at = fiber->hub->tick;
    leave_to_next(fiber);
}

void
gruvi__yield(gruvi_fiber_t *fiber)
{
    if (gruvi__unlikely(fiber->sb_unarmed))
        gruvi__sb_arm(fiber);
    fiber->state = GRUVI__READY;
    gruvi__queue_push(&fiber->hub->yielded, fiber);
    leave_to_next(fiber);
}

/* The common case, a plain yield, has everything in one frame. */
GRUVI_SWITCHPOINT int
gruvi_sleep(double secs)
{
    gruvi_fiber_t *fiber = gruvi__enter_fast(), *next;
    gruvi_hub_t *hub;

    if (gruvi__unlikely(secs != 0 || fiber == NULL || fiber->pending != 0 ||
                        fiber->sb_unarmed) ||
        gruvi__cxx_busy()) {
        int err = gruvi__sleep_slowly(__func__, secs);

        gruvi__keep_frame(); /* stacks show gruvi_sleep() */
        return err;
    }
    hub = fiber->hub;
    fiber->work = 0;
    fiber->state = GRUVI__READY;
    gruvi__queue_push(&hub->yielded, fiber);
    next = gruvi__next_fiber(hub);
    if (next == fiber)
        fiber->state = GRUVI__RUNNING;
    else
        gruvi__switch_to(fiber, next);
    /* Read again: nothing has to be kept across the switch. */
    fiber = gruvi__self.current;
    return gruvi__unlikely(fiber->hub->closing && fiber->shield == 0)
               ? UV_ESHUTDOWN
               : 0;
}

void
gruvi__ready(gruvi_fiber_t *fiber)
{
    if (fiber->state == GRUVI__WAITING)
        gruvi__make_ready(fiber);
}

void
gruvi__ready_urgent(gruvi_fiber_t *fiber)
{
    if (fiber->state != GRUVI__WAITING)
        return;
    fiber->state = GRUVI__READY;
    gruvi__queue_push(&fiber->hub->urgent, fiber);
}

static void
run_wake(struct gruvi__inbox_node *node)
{
    gruvi_fiber_t *fiber = gruvi__list_entry(node, gruvi_fiber_t, wake_node);

    /* An exchange: all that was written by a thread that found 1 is seen. */
    gruvi__atomic_exchange(&fiber->wake_posted, 0, __ATOMIC_SEQ_CST);
    if (fiber->state == GRUVI__DEAD) {
        if (fiber->release_on_wake)
            gruvi__fiber_release(fiber);
        return;
    }
    gruvi__sb_refresh(fiber);
    gruvi__ready(fiber);
}

void
gruvi__ready_remote(gruvi_fiber_t *fiber)
{
    if (gruvi__atomic_exchange(&fiber->wake_posted, 1, __ATOMIC_SEQ_CST))
        return;
    fiber->wake_node.run = run_wake;
    /* A hub with a waiting fiber has not closed its inbox. */
    gruvi__inbox_post(&fiber->hub->inbox, &fiber->wake_node);
}

static void
expire_deadlines(gruvi_hub_t *hub)
{
    if (!gruvi__wheel_idle(&hub->deadlines))
        gruvi__trace_ran(
            hub, GRUVI__HUB_TIMERS,
            gruvi__wheel_expire(&hub->deadlines, gruvi__clock_now()));
}

/* What the next arrivals need is in no cache where there are many. */
static void
fetch_arrivals(const gruvi_hub_t *hub)
{
    const struct gruvi__list *link = hub->arrivals.next;

    for (int n = 0; n < ARRIVALS && link != &hub->arrivals; n++) {
        const struct gruvi__arrival *arrival =
            gruvi__list_entry(link, struct gruvi__arrival, link);

        link = link->next;
        arrival->ops->fetch(arrival);
    }
}

static void
run_arrivals(gruvi_hub_t *hub)
{
    struct gruvi__list *link;
    int n = 0;

    fetch_arrivals(hub);
    while (n++ < ARRIVALS && (link = gruvi__list_pop(&hub->arrivals)) != NULL) {
        struct gruvi__arrival *arrival =
            gruvi__list_entry(link, struct gruvi__arrival, link);

        arrival->ops->run(arrival);
    }
}

void
gruvi__hub_turn(gruvi_hub_t *hub)
{
    gruvi_fiber_t *fiber;

    gruvi__hub_run_callbacks(hub);
    expire_deadlines(hub);
    if (gruvi__unlikely(hub->shuffled))
        gruvi__test_shuffle(hub);
    gruvi__queue_join(&hub->urgent, &hub->woken);
    gruvi__queue_join(&hub->urgent, &hub->yielded);
    fiber = gruvi__queue_take_all(&hub->urgent, &hub->scout);
    hub->budget = BUDGET;
    set_next_check(hub);
    if (fiber != NULL) {
        hub->turn = fiber->next;
        hub->turn_began = BUDGET + 1; /* one goes now, and takes nothing */
        gruvi__switch_to(&hub->fiber, fiber);
        count_switches(hub, BUDGET + 1);
    }
    /* Never between a wake and its fiber: the loop would tell of input that the
     * fiber is about to read. */
    if (gruvi__list_empty(&hub->arrivals) ||
        gruvi__clock_coarse() != hub->polled_tick)
        gruvi__hub_poll(hub);
    else
        run_arrivals(hub);
}

void
gruvi__schedule_init(gruvi_hub_t *hub)
{
    gruvi__queue_init(&hub->urgent);
    gruvi__queue_init(&hub->woken);
    gruvi__queue_init(&hub->yielded);
    gruvi__list_init(&hub->arrivals);
    hub->callbacks_tail = &hub->callbacks;
    hub->tick = gruvi__clock_tick(gruvi__clock_coarse());
}

/* The hub has ended: back to the root fiber, for good. */
void
gruvi__schedule_end(gruvi_hub_t *hub)
{
    gruvi__leave(&hub->fiber, hub->root);
}
