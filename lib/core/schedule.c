/* SPDX-License-Identifier: MIT */
/*
 * The scheduler: who runs next.
 *
 * Time is cut into turns.  A turn runs the callbacks that were queued when it
 * began, then every fiber that was ready by then, once; whatever these wake
 * runs in the next turn.  So nothing can starve the event loop, which is
 * polled between turns.
 *
 *   ready:   woken, in order       first:   gruvi_fiber_switch(), _throw()
 *   yielded: gruvi_sleep(0)        run:     this turn's: first+ready+yielded
 *
 * Those that merely let others run come last, behind whatever the callbacks of
 * the turn have woken: that is what gruvi_sleep(0) promises.
 *
 * Only the hub decides, but not every decision needs its stack: a fiber that
 * parks takes the next one off run and switches to it directly, one switch
 * instead of two.  When run is empty and there is nothing to do but run those
 * that are ready, it begins the next turn itself, too, for a bounded number of
 * switches (BUDGET) and at most until the coarse clock ticks (1 to 10 ms).
 */
#include <time.h>

#include "core/core.h"

/*
 * Switches between two polls of the loop where turns are short.  An idle poll
 * costs about 120 ns, so this adds 2 ns to a switch; see TARGETS in HACKING.
 */
#define BUDGET 64

static inline void
queue_push(struct gruvi__queue *queue, gruvi_fiber_t *fiber)
{
    fiber->next = NULL;
    *queue->tail = fiber;
    queue->tail = &fiber->next;
}

static inline gruvi_fiber_t *
queue_pop(struct gruvi__queue *queue)
{
    gruvi_fiber_t *fiber = queue->head;

    if (fiber != NULL && (queue->head = fiber->next) == NULL)
        queue->tail = &queue->head;
    return fiber;
}

static inline void
queue_join(struct gruvi__queue *queue, struct gruvi__queue *from)
{
    if (from->head == NULL)
        return;
    *queue->tail = from->head;
    queue->tail = from->tail;
    from->head = NULL;
    from->tail = &from->head;
}

static inline int64_t
coarse_tick(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC_COARSE, &now);
    return now.tv_nsec;
}

/* Begin another turn where it needs neither callbacks nor the loop. */
static bool
next_turn(gruvi_hub_t *hub)
{
    if (hub->budget <= 0 || hub->callbacks != NULL || hub->closing ||
        !gruvi__inbox_empty(&hub->inbox) ||
        (hub->ready.head == NULL && hub->yielded.head == NULL) ||
        coarse_tick() != hub->polled_tick)
        return false;
    queue_join(&hub->run, &hub->ready);
    queue_join(&hub->run, &hub->yielded);
    return true;
}

static inline gruvi_fiber_t *
next_fiber(gruvi_hub_t *hub)
{
    if (hub->run.head == NULL && !next_turn(hub))
        return &hub->fiber;
    hub->budget--;
    return queue_pop(&hub->run);
}

static inline __attribute__((always_inline)) void
switch_to(gruvi_fiber_t *from, gruvi_fiber_t *to)
{
    gruvi__self.current = to;
    to->state = GRUVI__RUNNING;
    gruvi__tools_before_switch(&from->tools, &to->tools);
    gruvi__context_switch(&from->context, &to->context);
    gruvi__tools_after_switch(&from->tools);
}

/*
 * The only place where a fiber that lives is left, and so where all of them
 * come back: the processor learns one indirect jump.
 */
static __attribute__((noinline)) void
leave_to_next(gruvi_fiber_t *fiber)
{
    gruvi_fiber_t *next = next_fiber(fiber->hub);

    if (next == fiber)
        fiber->state = GRUVI__RUNNING;
    else
        switch_to(fiber, next);
}

void
gruvi__park(gruvi_fiber_t *fiber)
{
    fiber->state = GRUVI__WAITING;
    leave_to_next(fiber);
}

void
gruvi__yield(gruvi_fiber_t *fiber)
{
    fiber->state = GRUVI__READY;
    queue_push(&fiber->hub->yielded, fiber);
    leave_to_next(fiber);
}

void
gruvi__leave(gruvi_fiber_t *fiber)
{
    gruvi_fiber_t *next = next_fiber(fiber->hub);

    gruvi__self.current = next;
    next->state = GRUVI__RUNNING;
    gruvi__tools_before_switch(NULL, &next->tools);
    gruvi__context_switch(&fiber->context, &next->context);
    __builtin_trap();
}

/* Whoever has work during a poll wants it to end, not to block. */
static inline void
cut_poll(gruvi_hub_t *hub)
{
    if (hub->in_loop)
        uv_stop(&hub->loop);
}

void
gruvi__ready(gruvi_fiber_t *fiber)
{
    if (fiber->state != GRUVI__WAITING)
        return;
    fiber->state = GRUVI__READY;
    queue_push(&fiber->hub->ready, fiber);
    cut_poll(fiber->hub);
}

void
gruvi__ready_first(gruvi_fiber_t *fiber)
{
    if (fiber->state != GRUVI__WAITING)
        return;
    fiber->state = GRUVI__READY;
    queue_push(&fiber->hub->first, fiber);
    cut_poll(fiber->hub);
}

static void
run_wake(struct gruvi__inbox_node *node)
{
    gruvi_fiber_t *fiber = gruvi__list_entry(node, gruvi_fiber_t, wake_node);

    /* An exchange: who found 1 there has done its part, and it is seen. */
    __atomic_exchange_n(&fiber->wake_posted, 0, __ATOMIC_SEQ_CST);
    if (fiber->state == GRUVI__DEAD) {
        if (fiber->parted)
            gruvi__fiber_release(fiber);
        return;
    }
    gruvi__sb_look(fiber);
    gruvi__ready(fiber);
}

void
gruvi__ready_remote(gruvi_fiber_t *fiber)
{
    if (__atomic_exchange_n(&fiber->wake_posted, 1, __ATOMIC_SEQ_CST))
        return;
    fiber->wake_node.run = run_wake;
    /* A hub with a fiber that waits has not closed its inbox. */
    gruvi__inbox_post(&fiber->hub->inbox, &fiber->wake_node);
}

int
gruvi__hub_callback_add(gruvi_hub_t *hub, struct gruvi__callback *callback)
{
    if (hub->closed)
        return UV_ESHUTDOWN;
    callback->node.next = NULL;
    *hub->callbacks_tail = &callback->node;
    hub->callbacks_tail = &callback->node.next;
    cut_poll(hub);
    return 0;
}

void
gruvi__hub_run_callbacks(gruvi_hub_t *hub)
{
    struct gruvi__inbox_node *node = hub->callbacks, *next;

    hub->callbacks = NULL;
    hub->callbacks_tail = &hub->callbacks;
    gruvi__inbox_drain(&hub->inbox);
    for (; node != NULL; node = next) {
        next = node->next;
        node->run(node);
    }
}

static void
expire_deadlines(gruvi_hub_t *hub)
{
    if (!gruvi__wheel_idle(&hub->deadlines))
        gruvi__wheel_expire(&hub->deadlines, gruvi__clock_now());
}

static void
on_timer(uv_timer_t *timer)
{
    gruvi_hub_t *hub = timer->data;

    hub->timer_due = UINT64_MAX;
    /* The loop may run its timers and then block: what is due is due now. */
    uv_stop(&hub->loop);
}

/* Have the loop wake up for the earliest deadline. */
static void
set_timer(gruvi_hub_t *hub)
{
    uint64_t due = gruvi__wheel_next(&hub->deadlines);
    uint64_t now = uv_now(&hub->loop);

    if (due != UINT64_MAX)
        due = (due + 999999) / 1000000;
    if (due == hub->timer_due)
        return;
    hub->timer_due = due;
    if (due == UINT64_MAX)
        uv_timer_stop(&hub->timer);
    else
        uv_timer_start(&hub->timer, on_timer, due > now ? due - now : 0, 0);
}

static bool
has_work(const gruvi_hub_t *hub)
{
    return hub->ready.head != NULL || hub->yielded.head != NULL ||
           hub->first.head != NULL || hub->callbacks != NULL ||
           (hub->closing && hub->live == 0);
}

static void
poll_loop(gruvi_hub_t *hub)
{
    bool work = has_work(hub);

    if (!work) {
        gruvi__hub_trim_later(hub);
        __atomic_store_n(&hub->inbox.sleeping, 1, __ATOMIC_SEQ_CST);
        work = !gruvi__inbox_empty(&hub->inbox);
        set_timer(hub);
    }
    hub->in_loop = true;
    uv_run(&hub->loop, work ? UV_RUN_NOWAIT : UV_RUN_ONCE);
    hub->in_loop = false;
    __atomic_store_n(&hub->inbox.sleeping, 0, __ATOMIC_SEQ_CST);
    hub->polled_tick = coarse_tick();
}

void
gruvi__hub_turn(gruvi_hub_t *hub)
{
    gruvi_fiber_t *fiber;

    gruvi__hub_run_callbacks(hub);
    expire_deadlines(hub);
    queue_join(&hub->run, &hub->first);
    queue_join(&hub->run, &hub->ready);
    queue_join(&hub->run, &hub->yielded);
    hub->budget = BUDGET;
    fiber = queue_pop(&hub->run);
    if (fiber != NULL)
        switch_to(&hub->fiber, fiber);
    gruvi__fiber_reap(hub);
    poll_loop(hub);
}

void
gruvi__schedule_init(gruvi_hub_t *hub)
{
    hub->run.tail = &hub->run.head;
    hub->first.tail = &hub->first.head;
    hub->ready.tail = &hub->ready.head;
    hub->yielded.tail = &hub->yielded.head;
    hub->callbacks_tail = &hub->callbacks;
    hub->timer_due = UINT64_MAX;
}

/* The hub has ended: back to the root fiber, for good. */
void
gruvi__schedule_end(gruvi_hub_t *hub)
{
    gruvi_fiber_t *root = hub->root;

    gruvi__self.current = root;
    root->state = GRUVI__RUNNING;
    gruvi__tools_before_switch(NULL, &root->tools);
    gruvi__context_switch(&hub->fiber.context, &root->context);
    __builtin_trap();
}
