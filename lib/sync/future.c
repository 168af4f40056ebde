/* SPDX-License-Identifier: MIT */
/*
 * Futures.
 *
 *   settle    under the spin lock: settled, status, value
 *             the event is set: it is done, all who wait are woken
 *             callbacks are queued: future_done.c
 *
 * That it is done is what the event says, and nothing else: so whoever finds
 * it done, in whichever way, finds it so in every other, and has the value.
 * The event's store is the last touch of a future that has no callbacks, and
 * each callback has a reference.
 */
#include <stdlib.h>

#include "base/list.h"
#include "base/spin.h"
#include "core/error.h"
#include "core/wait.h"
#include "sync/event.h"
#include "sync/future.h"

void
gruvi__future_init(gruvi_future_t *f, const struct gruvi__future_ops *ops)
{
    *f = (gruvi_future_t){.refs = 1, .ops = ops};
    gruvi__list_init(&f->callbacks);
}

gruvi_future_t *
gruvi_future_new(void)
{
    gruvi_future_t *f = malloc(sizeof *f);

    if (f == NULL)
        return gruvi__fail(UV_ENOMEM);
    gruvi__future_init(f, NULL);
    return f;
}

gruvi_future_t *
gruvi_future_ref(gruvi_future_t *f)
{
    __atomic_fetch_add(&f->refs, 1, __ATOMIC_RELAXED);
    return f;
}

void
gruvi_future_unref(gruvi_future_t *f)
{
    if (f == NULL || __atomic_sub_fetch(&f->refs, 1, __ATOMIC_ACQ_REL) > 0)
        return;
    gruvi_event_destroy(&f->done);
    if (f->ops != NULL)
        f->ops->free(f);
    else
        free(f);
}

void
gruvi__future_set_running(gruvi_future_t *f)
{
    __atomic_store_n(&f->running, 1, __ATOMIC_RELEASE);
}

int
gruvi__future_settle(gruvi_future_t *f, void *value, int status)
{
    struct gruvi__future_callback *due;

    gruvi__spin_lock(&f->spin);
    if (f->settled) {
        gruvi__spin_unlock(&f->spin);
        return UV_EALREADY;
    }
    f->settled = true;
    f->value = value;
    f->status = status;
    due = gruvi__future_due(f);
    gruvi__spin_unlock(&f->spin);
    gruvi_event_set(&f->done);
    gruvi__future_post(due);
    return 0;
}

/* What a pool works on is the pool's to settle. */
static int
settle_from_outside(gruvi_future_t *f, void *value, int status)
{
    if (gruvi_future_done(f))
        return UV_EALREADY;
    return f->ops != NULL ? UV_EPERM : gruvi__future_settle(f, value, status);
}

int
gruvi_future_set_result(gruvi_future_t *f, void *value)
{
    return f == NULL ? UV_EINVAL : settle_from_outside(f, value, 0);
}

int
gruvi_future_set_error(gruvi_future_t *f, int err)
{
    if (f == NULL || err >= 0)
        return UV_EINVAL;
    return settle_from_outside(f, NULL, err);
}

int
gruvi_future_cancel(gruvi_future_t *f)
{
    if (f == NULL)
        return UV_EINVAL;
    if (gruvi_future_done(f))
        return UV_EALREADY;
    return f->ops != NULL ? f->ops->cancel(f)
                          : gruvi__future_settle(f, NULL, UV_ECANCELED);
}

bool
gruvi_future_done(gruvi_future_t *f)
{
    return gruvi_event_is_set(&f->done);
}

int
gruvi_future_status(gruvi_future_t *f)
{
    return gruvi_future_done(f) ? f->status : UV_EBUSY;
}

bool
gruvi_future_running(gruvi_future_t *f)
{
    return __atomic_load_n(&f->running, __ATOMIC_ACQUIRE) &&
           !gruvi_future_done(f);
}

bool
gruvi_future_cancelled(gruvi_future_t *f)
{
    return gruvi_future_status(f) == UV_ECANCELED;
}

GRUVI_SWITCHPOINT int
gruvi_future_result(gruvi_future_t *f, void **value, double timeout)
{
    gruvi_fiber_t *fiber;
    int err;

    if (value != NULL)
        *value = NULL;
    if ((err = gruvi__enter_any(__func__, &fiber)) < 0 ||
        (err = gruvi__timeout_check(timeout)) < 0)
        return err;
    if (f == NULL)
        return UV_EINVAL;
    if ((err = gruvi__event_wait(&f->done, fiber, "future", timeout)) < 0)
        return err;
    if (value != NULL)
        *value = f->value;
    return f->status;
}

gruvi_waitable_t *
gruvi_future_waitable(gruvi_future_t *f)
{
    return f == NULL ? NULL : gruvi_event_waitable(&f->done);
}
