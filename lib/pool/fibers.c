/* SPDX-License-Identifier: MIT */
/*
 * A pool of fibers as programs see it; how it works is in fiber_pool.c.
 */
#include <stdlib.h>

#include "pool/fiber_pool.h"

/* Seconds: longer than the pauses of a service that is in use. */
#define IDLE_TIMEOUT 10.0

#define MAX_FIBERS 100

static inline struct gruvi__fiber_pool *
real(gruvi_pool_t *pool)
{
    return gruvi__list_entry(pool, struct gruvi__fiber_pool, pool);
}

static int
add(gruvi_pool_t *public, struct gruvi__work *work, bool waits)
{
    struct gruvi__fiber_pool *pool = real(public);
    struct gruvi__waiter *waiter = NULL;
    int err;

    (void)waits;
    work->worker = NULL;
    work->outer = NULL;
    work->queued_at = gruvi__clock_now();
    gruvi__list_init(&work->link);
    pthread_mutex_lock(&pool->lock);
    err = pool->draining ? UV_ESHUTDOWN : gruvi__fiber_pool_call(pool, &waiter);
    if (err == 0) {
        gruvi__list_add(&pool->queue, &work->link);
        pool->load.queued++;
    }
    pthread_mutex_unlock(&pool->lock);
    if (waiter != NULL)
        gruvi__waiter_wake(waiter);
    return err;
}

static bool
withdraw(gruvi_pool_t *public, struct gruvi__work *work)
{
    struct gruvi__fiber_pool *pool = real(public);
    bool queued;

    pthread_mutex_lock(&pool->lock);
    queued = !gruvi__list_empty(&work->link);
    gruvi__list_remove(&work->link);
    if (queued)
        gruvi__load_withdraw(&pool->load);
    pthread_mutex_unlock(&pool->lock);
    return queued;
}

static int
cancel(gruvi_pool_t *pool, struct gruvi__work *work)
{
    return gruvi__fiber_pool_cancel(real(pool), work);
}

static bool
is_inside(gruvi_pool_t *pool)
{
    return gruvi__fiber_pool_is_worker(real(pool));
}

static void
run_inside(gruvi_pool_t *pool, struct gruvi__work *work)
{
    (void)pool;
    work->result = NULL;
    work->status = work->fn(work->arg, &work->result);
    if (work->status < 0)
        work->result = NULL;
}

static void
close_pool(gruvi_pool_t *public)
{
    struct gruvi__fiber_pool *pool = real(public);

    pthread_mutex_lock(&pool->lock);
    pool->draining = true;
    gruvi__load_wake(&pool->idle); /* they look again, and end */
    pthread_mutex_unlock(&pool->lock);
}

static bool
is_over(gruvi_pool_t *pool)
{
    return gruvi__fiber_pool_over(real(pool));
}

static void
abandon(gruvi_pool_t *public)
{
    struct gruvi__fiber_pool *pool = real(public);

    close_pool(public);
    pthread_mutex_lock(&pool->lock);
    pool->abandoned = true;
    pthread_mutex_unlock(&pool->lock);
    if (gruvi__is_own(pool->hub))
        gruvi__fiber_pool_retire(pool);
}

static void
free_pool(gruvi_pool_t *public)
{
    struct gruvi__fiber_pool *pool = real(public);
    gruvi_hub_t *hub = pool->hub;

    pthread_mutex_destroy(&pool->lock);
    free(pool);
    gruvi_hub_unref(hub);
}

static const struct gruvi__pool_ops ops = {
    .what = "pool",
    .add = add,
    .withdraw = withdraw,
    .is_inside = is_inside,
    .run_inside = run_inside,
    .cancel = cancel,
    .close = close_pool,
    .is_over = is_over,
    .abandon = abandon,
    .free = free_pool,
};

gruvi_pool_t *
gruvi_fiber_pool_new(const gruvi_pool_options_t *options)
{
    gruvi_hub_t *hub = gruvi_get_hub();
    struct gruvi__fiber_pool *pool;
    int err = gruvi__pool_check(options);

    if (hub == NULL)
        return NULL;
    if (err < 0)
        return gruvi__fail(err);
    pool = calloc(1, sizeof *pool);
    if (pool == NULL)
        return gruvi__fail(UV_ENOMEM);
    pool->end.run = gruvi__fiber_pool_on_hub_end;
    if (gruvi__hub_add_end(hub, &pool->end) < 0) {
        free(pool);
        return gruvi__fail(UV_ESHUTDOWN);
    }
    gruvi__pool_init(&pool->pool, &ops, options);
    gruvi__pool_hold(&pool->pool);
    pthread_mutex_init(&pool->lock, NULL);
    gruvi__load_init(&pool->load);
    gruvi__list_init(&pool->queue);
    gruvi__list_init(&pool->idle);
    gruvi__list_init(&pool->workers);
    pool->pool.lock = &pool->lock;
    pool->pool.load = &pool->load;
    pool->pool.size = &pool->size;
    pool->hub = gruvi_hub_ref(hub);
    pool->idle_timeout = IDLE_TIMEOUT;
    pool->min = options == NULL ? 0 : options->min_size;
    pool->max = options == NULL || options->max_size == 0 ? MAX_FIBERS
                                                          : options->max_size;
    if (pool->max < pool->min)
        pool->max = pool->min;
    return &pool->pool;
}
