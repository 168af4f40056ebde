/* SPDX-License-Identifier: MIT */
/* Waiting: see wait.c. */
#ifndef GRUVI_CORE_WAIT_H
#define GRUVI_CORE_WAIT_H

#include <stdbool.h>
#include <stddef.h>

#include "base/likely.h"
#include "base/threads.h"
#include "core/fiber.h"
#include "core/hub.h"
#include "core/schedule.h"
#include "core/thread.h"

/*
 * Every switchpoint begins with one of these three: it may switch here, its
 * hub lives (and is made), and no deadline is overdue.
 *
 *   function  its name, for the assertion
 *   fiber     where to put the current fiber
 *
 *   gruvi__enter()          a wait that needs the hub
 *   gruvi__enter_any()      a wait for another thread: makes no hub; in a
 *                           thread without one *fiber is NULL, and the caller
 *                           waits as a plain thread
 *   gruvi__enter_through()  what must not fail because of a deadline
 *
 * Returns 0, or the error that the switchpoint returns.
 */
enum gruvi__way { GRUVI__WAY_HUB, GRUVI__WAY_ANY, GRUVI__WAY_THROUGH };

int gruvi__enter_slowly(const char *function, gruvi_fiber_t **fiber,
                        enum gruvi__way way);

/* The current fiber where nothing is unusual: all three would return 0 with it.
 * Else NULL.  For a call that has a fast path of its own. */
static inline gruvi_fiber_t *
gruvi__enter_fast(void)
{
    const struct gruvi__thread *self = &gruvi__self;
    gruvi_fiber_t *current = self->current;

    if (gruvi__unlikely(self->section != NULL || self->hub == NULL ||
                        (current->pending & (GRUVI__PENDING_DEADLINE |
                                             GRUVI__PENDING_REFUSED)) != 0))
        return NULL;
    return current;
}

static inline int
gruvi__enter_by(const char *function, gruvi_fiber_t **fiber,
                enum gruvi__way way)
{
    *fiber = gruvi__enter_fast();
    return gruvi__likely(*fiber != NULL)
               ? 0
               : gruvi__enter_slowly(function, fiber, way);
}

static inline int
gruvi__enter(const char *function, gruvi_fiber_t **fiber)
{
    return gruvi__enter_by(function, fiber, GRUVI__WAY_HUB);
}

static inline int
gruvi__enter_any(const char *function, gruvi_fiber_t **fiber)
{
    return gruvi__enter_by(function, fiber, GRUVI__WAY_ANY);
}

static inline int
gruvi__enter_through(const char *function, gruvi_fiber_t **fiber)
{
    return gruvi__enter_by(function, fiber, GRUVI__WAY_THROUGH);
}

/* 0, or UV_EINVAL for NaN. */
static inline int
gruvi__timeout_check(double timeout)
{
    return gruvi__unlikely(timeout != timeout) ? UV_EINVAL : 0;
}

/*
 * The ordinary wait: until *granted is set, which is read with acquire, or the
 * wait is interrupted.  The code that sets it then calls gruvi__ready().
 *
 *   what     static text for dumps: "read"
 *   timeout  seconds; checked by the caller for NaN; 0 polls
 *
 * Returns 0 where granted, even if an error is pending; else the error.
 */
int gruvi__wait(gruvi_fiber_t *fiber, const int *granted, const char *what,
                double timeout);

/* Until *granted, even if an error is pending. */
void gruvi__wait_through(gruvi_fiber_t *fiber, const int *granted,
                         const char *what);

/*
 * gruvi__wait() in pieces, for a wait that has to be withdrawn before it is
 * sure that it was not granted:
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

/* Before gruvi__wait_end() of a wait that was not granted: whether that will
 * return UV_ETIMEDOUT for the wait's own timeout. */
bool gruvi__wait_timed_out(const gruvi_fiber_t *fiber);

/*
 * A wait without a timeout, where nothing is unusual.  True where *granted was
 * set; else the fiber goes the long way (gruvi__wait_begin() and so on).
 */
static inline bool
gruvi__wait_fast(gruvi_fiber_t *fiber, const int *granted, const char *what)
{
    if (gruvi__unlikely(fiber->pending != 0 || fiber->hub->closing ||
                        gruvi__atomic_load(granted, __ATOMIC_RELAXED) != 0))
        return false;
    fiber->waiting_for = what;
    gruvi__park(fiber);
    return gruvi__likely(gruvi__atomic_load(granted, __ATOMIC_ACQUIRE) != 0);
}

/* Mark an error as pending, and wake the fiber to take it. */
void gruvi__interrupt(gruvi_fiber_t *fiber, unsigned pending);

/* For calls that succeed at once: let other fibers run every 64th time. */
GRUVI_SWITCHPOINT int gruvi__yield_sometimes(gruvi_fiber_t *fiber);

#endif
