/* SPDX-License-Identifier: MIT */
/*
 * Work with a future.
 *
 * One block of memory holds both.  The pool has a reference to the future until
 * the future is settled, so a submitter may drop its own reference at once.
 */
#include <stdlib.h>

#include "base/list.h"
#include "core/error.h"
#include "pool/pool.h"
#include "sync/future.h"

struct task {
    gruvi_future_t future;
    struct gruvi__work work;
    gruvi_pool_t *pool;
    gruvi_work_fn fn;
    void *arg;
};

static inline struct task *
task_of(gruvi_future_t *f)
{
    return gruvi__list_entry(f, struct task, future);
}

static int
run_task(void *arg, void **result)
{
    struct task *task = arg;

    gruvi__future_set_running(&task->future);
    return task->fn(task->arg, result);
}

/* Settle the future, and drop the pool's reference. */
static void
settle(struct task *task, void *value, int status)
{
    gruvi__future_settle(&task->future, value, status < 0 ? status : 0);
    gruvi_future_unref(&task->future);
}

static void
on_done(struct gruvi__work *work)
{
    settle(gruvi__list_entry(work, struct task, work), work->result,
           work->status);
}

static int
cancel_task(gruvi_future_t *f)
{
    struct task *task = task_of(f);
    int err = 0;

    if (gruvi__work_withdraw(&task->work))
        settle(task, NULL, UV_ECANCELED);
    else
        err = task->pool->ops->cancel(task->pool, &task->work);
    return err < 0 && gruvi_future_done(f) ? UV_EALREADY : err;
}

static void
free_task(gruvi_future_t *f)
{
    struct task *task = task_of(f);
    gruvi_pool_t *pool = task->pool;

    free(task);
    gruvi__pool_drop(pool);
}

static const struct gruvi__future_ops ops = {cancel_task, free_task};

gruvi_future_t *
gruvi_pool_submit(gruvi_pool_t *pool, gruvi_work_fn fn, void *arg)
{
    struct task *task;
    int err;

    if (pool == NULL || fn == NULL)
        return gruvi__fail(UV_EINVAL);
    task = calloc(1, sizeof *task);
    if (task == NULL)
        return gruvi__fail(UV_ENOMEM);
    gruvi__future_init(&task->future, &ops);
    task->work =
        (struct gruvi__work){.fn = run_task, .arg = task, .done = on_done};
    task->pool = pool;
    task->fn = fn;
    task->arg = arg;
    gruvi__pool_hold(pool);
    gruvi_future_ref(&task->future);
    err = gruvi__workers_add(&pool->workers, &task->work, NULL);
    if (err < 0) {
        free_task(&task->future);
        return gruvi__fail(err);
    }
    return &task->future;
}
