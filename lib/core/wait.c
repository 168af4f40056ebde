/* SPDX-License-Identifier: MIT */
/*
 * Waiting.
 *
 * A fiber waits until a flag grants the wait, or until it is interrupted.  What
 * interrupts a fiber only writes that down in it (pending bits, timed_out); the
 * fiber takes the error after it has withdrawn the wait, if it was not granted
 * after all.  So a grant and a cancel that come at the same moment are both
 * kept: this wait returns 0, the next wait returns the cancel.
 */
#include <gruvi/error.h>
#include <gruvi/switch_back.h>

#include "base/threads.h"
#include "core/clock.h"
#include "core/error.h"
#include "core/switch_back.h"
#include "core/testing.h"
#include "core/wait.h"

int
gruvi__enter_slowly(const char *function, gruvi_fiber_t **fiber,
                    enum gruvi__way way)
{
    struct gruvi__thread *self = &gruvi__self;

    if (gruvi__switchpoint(function) < 0)
        return UV_EPERM;
    if (gruvi__unlikely(self->refused != 0)) {
        int refused = self->refused;

        self->refused = 0;
        return refused;
    }
    if (self->hub == NULL && way == GRUVI__WAY_ANY)
        return 0;
    if (self->hub == NULL && gruvi_get_hub() == NULL)
        return gruvi_last_error();
    *fiber = self->current;
    if (self->hub->closed)
        return UV_ESHUTDOWN;
    if (self->section != NULL)
        gruvi__test_entered(function, self->current);
    if (way != GRUVI__WAY_THROUGH && self->current->shield == 0 &&
        (self->current->pending & GRUVI__PENDING_DEADLINE))
        return gruvi__sb_take_deadline(self->current);
    return 0;
}

void
gruvi__interrupt(gruvi_fiber_t *fiber, unsigned pending)
{
    fiber->pending |= pending;
    if (fiber->shield == 0)
        gruvi__ready(fiber);
}

static void
on_timeout(struct gruvi__deadline *deadline)
{
    gruvi_fiber_t *fiber = gruvi__list_entry(deadline, gruvi_fiber_t, timeout);

    fiber->timed_out = true;
    gruvi__ready(fiber);
}

void
gruvi__wait_begin(gruvi_fiber_t *fiber, double timeout)
{
    fiber->timed_out = timeout == 0;
    if (timeout > 0) {
        fiber->timeout.fire = on_timeout;
        gruvi__deadline_arm(fiber->hub, &fiber->timeout,
                            gruvi__clock_due(timeout));
    }
}

static inline bool
interrupted(const gruvi_fiber_t *fiber)
{
    return fiber->timed_out || (fiber->pending != 0 && fiber->shield == 0);
}

static inline bool
granted_now(const int *granted)
{
    return gruvi__atomic_load(granted, __ATOMIC_ACQUIRE) != 0;
}

/* While the hub closes a new wait lets other fibers run, then it is refused. */
static bool
closing(gruvi_fiber_t *fiber)
{
    return fiber->hub->closing && fiber->shield == 0;
}

bool
gruvi__wait_run(gruvi_fiber_t *fiber, const int *granted, const char *what)
{
    if (granted_now(granted))
        return true;
    if (gruvi__unlikely(closing(fiber))) {
        gruvi__yield(fiber);
        return granted_now(granted);
    }
    while (!interrupted(fiber)) {
        fiber->waiting_for = what;
        gruvi__park(fiber);
        if (granted_now(granted))
            return true;
    }
    return false;
}

/* Deliver one of the pending errors. */
static int
take_pending(gruvi_fiber_t *fiber)
{
    int err;

    if (fiber->pending & GRUVI__PENDING_THROW) {
        fiber->pending &= ~GRUVI__PENDING_THROW;
        err = fiber->throw_error;
        gruvi__fiber_set_message(fiber, fiber->thrown_message);
        return err;
    }
    if (fiber->pending & GRUVI__PENDING_SWITCH_BACK)
        return gruvi__sb_take_error(fiber);
    if (fiber->pending & GRUVI__PENDING_CANCEL) {
        if (--fiber->cancels == 0)
            fiber->pending &= ~GRUVI__PENDING_CANCEL;
        gruvi__fiber_set_message(fiber, fiber->thrown_message);
        return UV_ECANCELED;
    }
    if (fiber->pending & GRUVI__PENDING_INTERRUPT) {
        fiber->pending &= ~GRUVI__PENDING_INTERRUPT;
        return UV_EINTR;
    }
    return gruvi__sb_take_deadline(fiber);
}

int
gruvi__wait_end(gruvi_fiber_t *fiber, bool done)
{
    gruvi__deadline_disarm(fiber->hub, &fiber->timeout);
    if (done)
        return 0;
    if (fiber->pending != 0 && fiber->shield == 0)
        return take_pending(fiber);
    return fiber->timed_out ? UV_ETIMEDOUT : UV_ESHUTDOWN;
}

bool
gruvi__wait_timed_out(const gruvi_fiber_t *fiber)
{
    return fiber->timed_out && (fiber->pending == 0 || fiber->shield != 0);
}

int
gruvi__wait(gruvi_fiber_t *fiber, const int *granted, const char *what,
            double timeout)
{
    if (granted_now(granted))
        return 0;
    if (timeout == 0)
        return UV_ETIMEDOUT;
    gruvi__wait_begin(fiber, timeout);
    return gruvi__wait_end(fiber, gruvi__wait_run(fiber, granted, what));
}

void
gruvi__wait_through(gruvi_fiber_t *fiber, const int *granted, const char *what)
{
    while (!granted_now(granted)) {
        fiber->waiting_for = what;
        gruvi__park(fiber);
    }
}

GRUVI_SWITCHPOINT int
gruvi__yield_sometimes(gruvi_fiber_t *fiber)
{
    if (++fiber->work < 64)
        return 0;
    return gruvi_sleep(0);
}

/* All of gruvi_sleep() but its common case. */
int
gruvi__sleep_slowly(const char *function, double secs)
{
    static const int never = 0;
    gruvi_fiber_t *fiber;
    int err;

    if ((err = gruvi__enter(function, &fiber)) < 0 ||
        (err = gruvi__timeout_check(secs)) < 0)
        return err;
    fiber->work = 0;
    if (secs != 0) {
        /* The timeout grants this wait. */
        gruvi__wait_begin(fiber, secs);
        gruvi__wait_run(fiber, &never, "timer");
        return gruvi__wait_end(fiber, fiber->timed_out);
    }
    if (fiber->pending != 0 && fiber->shield == 0)
        return take_pending(fiber);
    gruvi__yield(fiber);
    return closing(fiber) ? UV_ESHUTDOWN : 0;
}

gruvi__shield_t *
gruvi__shield_enter(gruvi__shield_t *shield)
{
    shield->fiber = gruvi_current_fiber();
    if (shield->fiber != NULL)
        shield->fiber->shield++;
    return shield;
}

void
gruvi__shield_exit(gruvi__shield_t *shield)
{
    if (shield->fiber != NULL)
        shield->fiber->shield--;
}
