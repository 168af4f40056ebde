/* SPDX-License-Identifier: MIT */
/*
 * What the files of the core share: the hub, the fiber, and how to wait.
 *
 *   fiber --gruvi__park()--> run queue --next--> fiber
 *                                | empty, and the turn is over
 *                                v
 *                  hub: callbacks, deadlines, then uv_run
 *
 * Invariants:
 *   - a fiber is running, on one run queue, or waiting; only gruvi__ready()
 *     takes it from waiting to a queue;
 *   - being made ready says nothing: whoever wakes a fiber first writes down
 *     why (a granted flag, a pending bit), and the fiber looks there.  So a
 *     wake-up that comes late or twice is harmless;
 *   - libuv callbacks and hub callbacks make fibers ready and never switch;
 *   - nothing here is touched by another thread, but for the inbox, atomics
 *     that are named as such, and what a lock guards.
 */
#ifndef GRUVI_CORE_CORE_H
#define GRUVI_CORE_CORE_H

#include <assert.h>
#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <unistd.h>
#include <uv.h>

#include <gruvi/error.h>
#include <gruvi/fiber.h>
#include <gruvi/group.h>
#include <gruvi/hub.h>
#include <gruvi/log.h>
#include <gruvi/poll.h>
#include <gruvi/switch_back.h>
#include <gruvi/switchpoint.h>

#include "core/clock.h"
#include "core/fiber.h"
#include "core/inbox.h"
#include "base/list.h"
#include "base/spin.h"
#include "base/stack.h"
#include "core/waitlist.h"
#include "base/wheel.h"

/* First in, first out, linked by fiber->next. */
struct gruvi__queue {
    gruvi_fiber_t *head, **tail;
};

/* What this thread is doing. */
struct gruvi__thread {
    gruvi_fiber_t *current; /* NULL: nothing of ours was used here yet */
    gruvi_hub_t *hub;       /* also when closed */
    gruvi__no_switch_t *section;
    int last_error;
    int refused; /* until there is a hub: what the next switchpoint returns */
};

extern __thread struct gruvi__thread gruvi__self;

/* --- hub ------------------------------------------------------------------ */

struct gruvi__callback {
    struct gruvi__inbox_node node;
    void (*callback)(void *arg);
    void *arg;
};

struct gruvi_hub {
    /* Queues, and when to poll the loop: see schedule.c. */
    gruvi_fiber_t *run; /* this turn's, by next */
    struct gruvi__queue ready, yielded;
    int budget, next_look;
    int64_t polled_tick;
    bool in_loop, closing, closed;
    /* Here a line of the cache ends. */
    struct gruvi__queue first;
    uint64_t looked_at;

    gruvi_fiber_t *root;
    gruvi_fiber_t fiber; /* the hub's own */

    struct gruvi__inbox inbox;
    struct gruvi__inbox_node *callbacks, **callbacks_tail; /* this thread's */

    uint64_t timer_due; /* what timer is set to; UINT64_MAX: stopped */

    uv_loop_t loop;
    uv_timer_t timer;
    uv_poll_t wake;     /* on inbox.fd */
    uv_signal_t sigint; /* where listens */
    bool listens, sigint_open, ignore_interrupt;

    struct gruvi__arena *arena;
    struct gruvi__stack *stack; /* of the hub's fiber */
    struct gruvi__deadline trim;
    gruvi_fiber_t *dead;       /* ended, with nobody holding them; by next */
    struct gruvi__list fibers; /* those that have not ended, all_link */
    size_t live, max_fibers;
    size_t blocks; /* control blocks, that is stacks, in use */
    uint64_t next_id;
    bool refusal_logged; /* that there can be no more fibers */

    gruvi_poller_t *poller;
    struct gruvi__list data;
    struct gruvi__list closings; /* of gruvi_uv_close() */
    struct gruvi__list ends;     /* struct gruvi__hub_end */
    bool ended;                  /* they have run; no more are added */
    int refs;                    /* atomic */

    struct gruvi__wheel deadlines; /* large, so it comes last */
};

/* Run in the hub's thread when its fibers have ended, before the inbox closes:
 * for what is of no use without the hub.  Linked and unlinked there, too. */
struct gruvi__hub_end {
    struct gruvi__list link;
    void (*run)(struct gruvi__hub_end *end);
};

/* --- switching: schedule.c -------------------------------------------------
 */

/*
 * Leave the current fiber, which has said what it waits for and who wakes it,
 * or is on a queue; returns when it runs again.
 */
void gruvi__park(gruvi_fiber_t *fiber);

/* Let all others that are ready run once. */
void gruvi__yield(gruvi_fiber_t *fiber);

/* Put a fiber that waits on hub->ready; any other is left alone. */
void gruvi__ready(gruvi_fiber_t *fiber);

/* The same from any thread, as long as fiber is sure to live. */
void gruvi__ready_remote(gruvi_fiber_t *fiber);

/* Put it on hub->first, likewise. */
void gruvi__ready_first(gruvi_fiber_t *fiber);

/* The hub's side: a turn, and the end.  See hub.c. */
void gruvi__schedule_init(gruvi_hub_t *hub);
void gruvi__hub_turn(gruvi_hub_t *hub);
void gruvi__schedule_end(gruvi_hub_t *hub) __attribute__((noreturn));

/* Callbacks of this thread: queue one, run those that are queued. */
struct gruvi__callback;
int gruvi__hub_callback_add(gruvi_hub_t *hub, struct gruvi__callback *callback);
void gruvi__hub_run_callbacks(gruvi_hub_t *hub);

/* An assertion of the library failed: the handler, then UV_EPERM. */
int gruvi__assert_failed(const char *format, ...)
    __attribute__((format(printf, 1, 2), cold));

/* Set gruvi_last_error() and return NULL. */
void *gruvi__fail(int err);

/* Whether this is hub's thread. */
static inline bool
gruvi__is_own(const gruvi_hub_t *hub)
{
    return hub == gruvi__self.hub;
}

/* Whether a hub or libuv callback is running in this thread. */
static inline bool
gruvi__in_callback(void)
{
    return gruvi__self.current != NULL &&
           gruvi__self.current->kind == GRUVI__HUB;
}

/* --- waiting: wait.c -------------------------------------------------------
 */

/*
 * Every switchpoint begins with one of these: it may switch here, its hub
 * lives (and is made), and no deadline is overdue.
 *
 *   function  its name, for the assertion
 *   fiber     where to put the current fiber
 *
 * gruvi__enter_any() makes no hub: in a thread without one *fiber is NULL, and
 * the caller waits as a plain thread.  gruvi__enter_through() is for what must
 * not fail because of a deadline.
 */
int gruvi__enter(const char *function, gruvi_fiber_t **fiber);
int gruvi__enter_any(const char *function, gruvi_fiber_t **fiber);
int gruvi__enter_through(const char *function, gruvi_fiber_t **fiber);

/* Whether nothing is unusual, hub or not: all but gruvi__enter() return 0. */
static inline bool
gruvi__may_enter_any(void)
{
    const struct gruvi__thread *self = &gruvi__self;
    const gruvi_fiber_t *current = self->current;

    return self->section == NULL &&
           (self->hub == NULL ||
            (!self->hub->closed && current->kind != GRUVI__HUB &&
             !(current->pending & GRUVI__PENDING_DEADLINE)));
}

/* The current fiber where nothing is unusual and all of these return 0 with
 * it; else NULL: then call one of them.  For the fast ways through. */
static inline gruvi_fiber_t *
gruvi__enter_fast(void)
{
    const struct gruvi__thread *self = &gruvi__self;
    gruvi_fiber_t *current = self->current;

    if (gruvi__unlikely(self->section != NULL || self->hub == NULL ||
                        self->hub->closed || current->kind == GRUVI__HUB ||
                        (current->pending & GRUVI__PENDING_DEADLINE)))
        return NULL;
    return current;
}

/* gruvi__enter_any() and gruvi__timeout_check(), inline where nothing is
 * unusual. */
static inline int
gruvi__enter_to_wait(const char *function, double timeout,
                     gruvi_fiber_t **fiber)
{
    int err;

    *fiber = gruvi__enter_fast();
    if (gruvi__unlikely(*fiber == NULL) &&
        (err = gruvi__enter_any(function, fiber)) < 0)
        return err;
    return gruvi__unlikely(timeout != timeout) ? UV_EINVAL : 0;
}

/*
 * The ordinary wait: until *granted is set, which is read with acquire, or
 * something interrupts it.  Whoever sets it calls gruvi__ready().
 *
 *   what     static text for dumps: "read"
 *   timeout  seconds; checked by the caller for NaN; 0 polls
 *
 * Returns 0 where granted, whatever else is pending; else the error.
 */
int gruvi__wait(gruvi_fiber_t *fiber, const int *granted, const char *what,
                double timeout);

/* Until *granted, whatever is pending. */
void gruvi__wait_through(gruvi_fiber_t *fiber, const int *granted,
                         const char *what);

/*
 * The same in pieces, for waits that have to be withdrawn from something
 * before it is sure that they were not granted:
 *
 *   gruvi__wait_begin(fiber, timeout);
 *   done = gruvi__wait_run(fiber, &granted, what) || !withdraw();
 *   err = gruvi__wait_end(fiber, done);
 *
 * gruvi__wait_run() returns true where granted, false where interrupted; the
 * error is only taken by gruvi__wait_end(), and only where done is false.
 */
void gruvi__wait_begin(gruvi_fiber_t *fiber, double timeout);
bool gruvi__wait_run(gruvi_fiber_t *fiber, const int *granted,
                     const char *what);
int gruvi__wait_end(gruvi_fiber_t *fiber, bool done);

/* Of a wait that was not granted, before gruvi__wait_end(): whether that will
 * return UV_ETIMEDOUT for the wait's own timeout. */
bool gruvi__wait_timed_out(const gruvi_fiber_t *fiber);

void gruvi__wake_joiners(struct gruvi__list *joiners);

/* Mark an error as pending, and make the fiber look at it. */
void gruvi__interrupt(gruvi_fiber_t *fiber, unsigned pending);

/* All of gruvi_sleep() but its common case. */
int gruvi__sleep_slowly(const char *function, double secs);

/* For stream calls that succeed at once: every 64th time, let others run. */
int gruvi__breathe(gruvi_fiber_t *fiber);

/* --- who, and spinning ------------------------------------------------------
 */

/* Who runs: a fiber, or a thread, whose root fiber counts as the thread. */
static inline const void *
gruvi__self_id(void)
{
    const gruvi_fiber_t *current = gruvi__self.current;

    if (current == NULL || current->kind == GRUVI__ROOT)
        return &gruvi__self;
    return current;
}

/* error.c: what gruvi_error_message() says in the current fiber. */
void gruvi__set_error_message(const char *message);

/* --- the rest ---------------------------------------------------------------
 */

/* switch_back.c: the real switch back; gruvi_switch_back_t has room for it. */
struct gruvi__cleanup {
    struct gruvi__cleanup *next;
    void (*callback)(void *arg);
    void *arg;
};

struct gruvi__sb {
    gruvi_fiber_t *fiber; /* the origin; NULL: not live */
    struct gruvi__sb *outer;
    uv_mutex_t *lock;
    struct gruvi__deadline deadline;
    double timeout;
    void *value;
    int error;
    bool used;    /* under lock: a switch or throw came */
    bool latched; /* atomic: value is there, not taken yet */
    bool thrown;  /* atomic: error is there, not delivered yet */
    bool expired; /* the deadline has passed and is not delivered yet */
    bool timed_out;
    struct gruvi__cleanup *cleanups, first_cleanup;
    char message[GRUVI__MESSAGE_SIZE];
};

/* Note what the switch backs of a fiber hold: fiber->arrived and pending. */
void gruvi__sb_look(gruvi_fiber_t *fiber);

/* Have the next switchpoint return err. */
void gruvi__sb_refuse(int err);

/* Take the value that made fiber->arrived true. */
void gruvi__sb_take_value(gruvi_fiber_t *fiber, void **value);

/* Deliver what is pending on the switch backs of a fiber. */
int gruvi__sb_take_deadline(gruvi_fiber_t *fiber);
int gruvi__sb_take_error(gruvi_fiber_t *fiber);

/* thread.c: the root fiber of this thread, made on first use; or NULL. */
gruvi_fiber_t *gruvi__root_fiber(void);
void gruvi__root_end(gruvi_fiber_t *root);

/* uncaught.c */
void gruvi__uncaught(gruvi_fiber_t *fiber, int status);

/* group.c */
int gruvi__group_enter(gruvi_fiber_t *fiber, struct gruvi__group *group);
void gruvi__group_leave(gruvi_fiber_t *fiber);
const char *gruvi__group_outermost(const gruvi_fiber_t *fiber);

/* local.c: run the destroyers of a fiber that ends. */
void gruvi__local_end(gruvi_fiber_t *fiber);

/* poll.c */
gruvi_poller_t *gruvi__poller_new(gruvi_hub_t *hub);
void gruvi__poller_free(gruvi_poller_t *poller);

/* How many handles it keeps for sockets to come; for tests. */
int gruvi__poller_kept(const gruvi_poller_t *poller);

/*
 * As gruvi_poll_add(), in the hub's thread, for a non-blocking socket that is
 * the caller's until the watch was removed: none of this is looked at, which
 * saves the system calls.
 */
gruvi_watch_t *gruvi__poll_add_socket(gruvi_poller_t *poller, int fd,
                                      int events, gruvi_poll_fn fn, void *arg);

/* hub.c */
int gruvi__hub_add_end(gruvi_hub_t *hub, struct gruvi__hub_end *end);
void gruvi__hub_abandon(gruvi_hub_t *hub);
void gruvi__hub_trim_later(gruvi_hub_t *hub);

/* hub_data.c */
void gruvi__hub_data_destroy(gruvi_hub_t *hub);

/* interrupt.c: SIGINT. */
void gruvi__sigint_listen(gruvi_hub_t *hub);
void gruvi__sigint_unlisten(gruvi_hub_t *hub);

#endif
