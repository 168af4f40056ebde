/* SPDX-License-Identifier: MIT */
/*
 * A pool of threads as programs see it; how it works is in thread_pool.c.
 */
#include <stdlib.h>

#include "pool/threads.h"

static inline struct gruvi__thread_pool *
real(gruvi_pool_t *pool)
{
    return &gruvi__list_entry(pool, struct gruvi__threads, pool)->threads;
}

static int
add(gruvi_pool_t *pool, struct gruvi__work *work, bool waits)
{
    return gruvi__thread_pool_add(real(pool), work,
                                  waits ? gruvi__work_current() : NULL);
}

static bool
withdraw(gruvi_pool_t *pool, struct gruvi__work *work)
{
    (void)pool;
    return gruvi__thread_pool_withdraw(work);
}

static bool
is_inside(gruvi_pool_t *pool)
{
    return gruvi__thread_pool_is_inside(real(pool));
}

static void
run_inside(gruvi_pool_t *pool, struct gruvi__work *work)
{
    gruvi__thread_pool_run_inside(real(pool), work);
}

static int
cancel(gruvi_pool_t *pool, struct gruvi__work *work)
{
    (void)pool;
    (void)work;
    return UV_EBUSY;
}

static void
close_pool(gruvi_pool_t *pool)
{
    gruvi__thread_pool_drain(real(pool));
}

static bool
is_over(gruvi_pool_t *pool)
{
    return *pool->size == 0;
}

static void
reap(gruvi_pool_t *pool)
{
    gruvi__thread_pool_reap(real(pool));
}

static void
abandon(gruvi_pool_t *pool)
{
    gruvi__thread_pool_abandon(real(pool));
}

static void
free_pool(gruvi_pool_t *pool)
{
    pthread_mutex_destroy(pool->lock);
    free(gruvi__list_entry(pool, struct gruvi__threads, pool));
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
    .reap = reap,
    .abandon = abandon,
    .free = free_pool,
};

static void
init(struct gruvi__threads *threads, const gruvi_pool_options_t *options)
{
    gruvi_pool_t *pool = &threads->pool;

    gruvi__pool_init(pool, &ops, options);
    gruvi__thread_pool_init(&threads->threads, pool->name, options->max_size);
    pool->lock = &threads->threads.lock;
    pool->load = &threads->threads.load;
    pool->size = &threads->threads.size;
}

void
gruvi__threads_share(struct gruvi__threads *threads, const char *name,
                     unsigned max)
{
    gruvi_pool_options_t options = {.name = name, .max_size = max};

    init(threads, &options);
    threads->pool.is_shared = true;
}

gruvi_pool_t *
gruvi_thread_pool_new(const gruvi_pool_options_t *options)
{
    gruvi_pool_options_t all = {.max_size = 0};
    struct gruvi__threads *threads;
    int err = gruvi__pool_check(options);

    if (err < 0)
        return gruvi__fail(err);
    if (options != NULL)
        all = *options;
    if (all.max_size == 0)
        all.max_size = gruvi__pool_cores();
    if (all.max_size < all.min_size)
        all.max_size = all.min_size;
    threads = malloc(sizeof *threads);
    if (threads == NULL)
        return gruvi__fail(UV_ENOMEM);
    init(threads, &all);
    threads->threads.min = all.min_size;
    threads->threads.owner = &threads->pool;
    return &threads->pool;
}
