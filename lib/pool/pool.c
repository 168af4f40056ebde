/* SPDX-License-Identifier: MIT */
/*
 * The calls that are the same for all pools.
 */
#include <string.h>

#include "pool/pool.h"

int
gruvi__pool_check(const gruvi_pool_options_t *options)
{
    size_t i;

    if (options == NULL)
        return 0;
    for (i = 0; i < sizeof options->reserved / sizeof *options->reserved; i++)
        if (options->reserved[i] != NULL)
            return UV_EINVAL;
    if (options->max_size > GRUVI__POOL_MAX ||
        options->min_size > GRUVI__POOL_MAX ||
        (options->max_size != 0 && options->min_size > options->max_size))
        return UV_EINVAL;
    return 0;
}

void
gruvi__pool_init(gruvi_pool_t *pool, const struct gruvi__pool_ops *ops,
                 const gruvi_pool_options_t *options)
{
    const char *name = "pool";
    size_t n;

    if (options != NULL && options->name != NULL)
        name = options->name;
    n = strnlen(name, sizeof pool->name - 1);
    memset(pool, 0, sizeof *pool);
    memcpy(pool->name, name, n);
    pool->ops = ops;
    pool->refs = pool->life = 1;
}

void
gruvi__pool_hold(gruvi_pool_t *pool)
{
    __atomic_fetch_add(&pool->life, 1, __ATOMIC_RELAXED);
}

void
gruvi__pool_drop(gruvi_pool_t *pool)
{
    if (__atomic_sub_fetch(&pool->life, 1, __ATOMIC_ACQ_REL) == 0)
        pool->ops->free(pool);
}

gruvi_pool_t *
gruvi_pool_ref(gruvi_pool_t *pool)
{
    if (!pool->is_shared)
        __atomic_fetch_add(&pool->refs, 1, __ATOMIC_RELAXED);
    return pool;
}

void
gruvi_pool_unref(gruvi_pool_t *pool)
{
    if (pool == NULL || pool->is_shared ||
        __atomic_sub_fetch(&pool->refs, 1, __ATOMIC_ACQ_REL) > 0)
        return;
    pool->ops->abandon(pool);
    gruvi__pool_drop(pool);
}

int
gruvi__pool_look_first(gruvi_fiber_t *fiber, const char *what)
{
    static const int never = 0;

    if (fiber == NULL || fiber->shield != 0 ||
        (fiber->pending == 0 && !fiber->hub->closing))
        return 0;
    return gruvi__wait(fiber, &never, what, GRUVI_FOREVER);
}

void
gruvi_pool_stats(gruvi_pool_t *pool, gruvi_pool_stats_t *stats)
{
    const struct gruvi__load *load = pool->load;

    memset(stats, 0, sizeof *stats);
    pthread_mutex_lock(pool->lock);
    stats->size = *pool->size;
    stats->busy = load->busy;
    stats->queued = load->queued;
    stats->done = load->done;
    memcpy(stats->wait, load->wait, sizeof load->wait);
    pthread_mutex_unlock(pool->lock);
}

static bool
is_idle(gruvi_pool_t *pool)
{
    return pool->load->queued == 0 && pool->load->busy == 0;
}

/* Wait to be woken from a list, unless what it is about is so already. */
static int
wait_on(gruvi_pool_t *pool, gruvi_fiber_t *fiber, struct gruvi__list *waiters,
        bool (*is_so)(gruvi_pool_t *pool))
{
    struct gruvi__waiter waiter;
    int err;

    pthread_mutex_lock(pool->lock);
    if (is_so(pool)) {
        pthread_mutex_unlock(pool->lock);
        return 0;
    }
    gruvi__waiter_init(&waiter, fiber);
    gruvi__list_add(waiters, &waiter.link);
    pthread_mutex_unlock(pool->lock);
    err = gruvi__waiter_wait(&waiter, pool->ops->what, GRUVI_FOREVER);
    if (err < 0) {
        pthread_mutex_lock(pool->lock);
        gruvi__list_remove(&waiter.link);
        pthread_mutex_unlock(pool->lock);
    }
    return err;
}

GRUVI_SWITCHPOINT int
gruvi_pool_join(gruvi_pool_t *pool)
{
    gruvi_fiber_t *fiber;
    int err = gruvi__enter_any(__func__, &fiber);

    if (err < 0)
        return err;
    if (pool == NULL || pool->ops->is_inside(pool))
        return UV_EINVAL;
    return wait_on(pool, fiber, &pool->load->joiners, is_idle);
}

GRUVI_SWITCHPOINT int
gruvi_pool_close(gruvi_pool_t *pool)
{
    gruvi_fiber_t *fiber;
    int err = gruvi__enter_any(__func__, &fiber);

    if (err < 0)
        return err;
    if (pool == NULL || pool->ops->is_inside(pool))
        return UV_EINVAL;
    if (pool->is_shared)
        return UV_EPERM;
    pool->ops->close(pool);
    err = wait_on(pool, fiber, &pool->load->closers, pool->ops->is_over);
    if (err == 0 && pool->ops->reap != NULL)
        pool->ops->reap(pool);
    return err;
}
