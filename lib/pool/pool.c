/* SPDX-License-Identifier: MIT */
/*
 * The calls that are the same for all pools.
 */
#include <string.h>

#include "pool/pool.h"

#include "base/threads.h"
#include "core/fiber.h"
#include "core/hub.h"
#include "core/wait.h"
#include "core/waitlist.h"

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
                 const struct gruvi__worker_kind *kind,
                 const gruvi_pool_options_t *options, unsigned max)
{
    const char *name = "pool";
    unsigned min = 0;

    if (options != NULL) {
        name = options->name == NULL ? name : options->name;
        min = options->min_size;
        max = options->max_size == 0 ? max : options->max_size;
    }
    *pool = (gruvi_pool_t){.ops = ops, .refs = 1, .life = 1};
    gruvi__workers_init(&pool->workers, kind, name, min, max < min ? min : max);
}

unsigned
gruvi__pool_cores(void)
{
    unsigned n = uv_available_parallelism();

    return n < GRUVI__POOL_MAX ? n : GRUVI__POOL_MAX;
}

void
gruvi__pool_hold(gruvi_pool_t *pool)
{
    gruvi__atomic_fetch_add(&pool->life, 1, __ATOMIC_RELAXED);
}

void
gruvi__pool_drop(gruvi_pool_t *pool)
{
    if (gruvi__atomic_sub_fetch(&pool->life, 1, __ATOMIC_ACQ_REL) == 0)
        pool->ops->free(pool);
}

gruvi_pool_t *
gruvi_pool_ref(gruvi_pool_t *pool)
{
    if (!pool->is_shared)
        gruvi__atomic_fetch_add(&pool->refs, 1, __ATOMIC_RELAXED);
    return pool;
}

void
gruvi_pool_unref(gruvi_pool_t *pool)
{
    if (pool == NULL || pool->is_shared ||
        gruvi__atomic_sub_fetch(&pool->refs, 1, __ATOMIC_ACQ_REL) > 0)
        return;
    pool->ops->abandon(pool);
    gruvi__pool_drop(pool);
}

int
gruvi__pool_deliver_pending(gruvi_fiber_t *fiber, const char *what)
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
    struct gruvi__workers *workers = &pool->workers;
    const struct gruvi__load *load = &workers->load;

    memset(stats, 0, sizeof *stats);
    gruvi__mutex_lock(&workers->lock);
    stats->size = workers->size;
    stats->max_size = workers->max;
    stats->busy = load->busy;
    stats->queued = load->queued;
    stats->done = load->done;
    stats->wait_sum = load->wait_sum;
    memcpy(stats->wait, load->wait, sizeof load->wait);
    gruvi__mutex_unlock(&workers->lock);
}

static bool
is_idle(const struct gruvi__workers *workers)
{
    return workers->load.queued == 0 && workers->load.busy == 0;
}

/* Wait on a list until is_so; return at once if it is so already. */
static int
wait_on(struct gruvi__workers *workers, gruvi_fiber_t *fiber,
        struct gruvi__list *waiters,
        bool (*is_so)(const struct gruvi__workers *workers))
{
    struct gruvi__waiter waiter;
    int err;

    gruvi__mutex_lock(&workers->lock);
    if (is_so(workers)) {
        gruvi__mutex_unlock(&workers->lock);
        return 0;
    }
    gruvi__waiter_init(&waiter, fiber);
    gruvi__list_add(waiters, &waiter.link);
    gruvi__mutex_unlock(&workers->lock);
    err = gruvi__waiter_wait(&waiter, "pool", GRUVI_FOREVER);
    if (err < 0) {
        gruvi__mutex_lock(&workers->lock);
        gruvi__list_remove(&waiter.link);
        gruvi__mutex_unlock(&workers->lock);
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
    return wait_on(&pool->workers, fiber, &pool->workers.load.joiners, is_idle);
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
    gruvi__workers_drain(&pool->workers);
    err = wait_on(&pool->workers, fiber, &pool->workers.load.closers,
                  gruvi__workers_over);
    if (err == 0 && pool->ops->reap != NULL)
        pool->ops->reap(pool);
    return err;
}
