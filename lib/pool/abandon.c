/* SPDX-License-Identifier: MIT */
/*
 * Blocking work whose caller may return before it ends.
 *
 * The call lies on the heap.  The caller or the thread, whichever comes last,
 * frees it and has arg released.  The waiter in the call decides:
 *
 *   the thread claims it        the caller frees: it has the result
 *   the caller withdraws it     the thread frees, when the work is done
 *
 * The caller first tries to withdraw the work from the queue: as long as the
 * waiter can be claimed, the thread cannot have freed the call.
 */
#include <stdlib.h>

#include "base/list.h"
#include "core/wait.h"
#include "core/waitlist.h"
#include "pool/thread_pool.h"

struct call {
    struct gruvi__work work;
    struct gruvi__waiter waiter;
    void (*release)(void *arg, void *result);
};

static void
let_go(void (*release)(void *arg, void *result), void *arg, void *result)
{
    if (release != NULL)
        release(arg, result);
}

static void
on_done(struct gruvi__work *work)
{
    struct call *call = gruvi__list_entry(work, struct call, work);

    if (gruvi__waiter_claim_late(&call->waiter)) {
        gruvi__waiter_wake(&call->waiter);
        return;
    }
    let_go(call->release, work->arg, work->result);
    free(call);
}

/* Returns 0 once the work is done.  An error: the wait was interrupted, and the
 * call is freed, or will be by the thread. */
static int
wait_for(struct call *call, void (*release)(void *arg, void *result), void *arg)
{
    struct gruvi__waiter *waiter = &call->waiter;
    gruvi_fiber_t *fiber = waiter->fiber;
    bool done;

    if (fiber == NULL) {
        gruvi__waiter_through(waiter, "IO pool");
        return 0;
    }
    gruvi__waiter_begin(waiter, GRUVI_FOREVER);
    done = gruvi__waiter_run(waiter, "IO pool");
    if (!done && gruvi__work_withdraw(&call->work)) {
        free(call);
        let_go(release, arg, NULL);
    } else if (!done) {
        done = !gruvi__waiter_withdraw(waiter);
    }
    return gruvi__wait_end(fiber, done);
}

/* Add the work and wait.  An error: arg is released, or will be. */
static int
run(struct call *call, gruvi_fiber_t *fiber)
{
    void (*release)(void *arg, void *result) = call->release;
    void *arg = call->work.arg;
    gruvi_pool_t *pool = gruvi_get_io_pool();
    int err = 0;

    if (pool->ops->is_inside(pool)) {
        pool->ops->run_inside(pool, &call->work);
        return 0;
    }
    err = gruvi__pool_deliver_pending(fiber, "IO pool");
    gruvi__waiter_init(&call->waiter, fiber);
    if (err == 0)
        err = gruvi__workers_add(&pool->workers, &call->work,
                                 fiber == NULL ? gruvi__work_current() : NULL);
    if (err == 0)
        return wait_for(call, release, arg);
    free(call);
    let_go(release, arg, NULL);
    return err;
}

GRUVI_SWITCHPOINT int
gruvi_blocking_abandon(gruvi_work_fn fn, void *arg,
                       void (*release)(void *arg, void *result), void **result)
{
    struct call *call;
    gruvi_fiber_t *fiber;
    int err;

    if (result != NULL)
        *result = NULL;
    err = gruvi__enter_any(__func__, &fiber);
    if (err == 0 && fn == NULL)
        err = UV_EINVAL;
    call = err < 0 ? NULL : calloc(1, sizeof *call);
    if (call == NULL) {
        let_go(release, arg, NULL);
        return err < 0 ? err : UV_ENOMEM;
    }
    call->work = (struct gruvi__work){.fn = fn, .arg = arg, .done = on_done};
    call->release = release;
    if ((err = run(call, fiber)) < 0)
        return err;
    err = call->work.status;
    if (result != NULL)
        *result = call->work.result;
    free(call);
    return err;
}
