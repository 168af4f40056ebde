/* SPDX-License-Identifier: MIT */
/*
 * The same work for many arguments.
 *
 *   add all                 wait until left is 0, work fails, or an interrupt
 *   withdraw the rest       what has not begun never runs
 *   wait for what is left   whatever is pending: the arguments are the caller's
 *
 * One block has a record for each argument.  It is freed when left, read under
 * the spin lock, is 0: a worker touches the block last when it unlocks that.
 */
#include <stdlib.h>

#include "base/list.h"
#include "base/spin.h"
#include "core/clock.h"
#include "core/wait.h"
#include "core/waitlist.h"
#include "pool/thread_pool.h"

struct map;

struct item {
    struct gruvi__work work;
    struct map *map;
    bool added, withdrawn;
    bool cancelled; /* by us: its UV_ECANCELED is no error of fn */
};

struct map {
    gruvi_pool_t *pool;
    struct gruvi__spin spin; /* guards left, failed and waiter */
    size_t left;             /* added, and neither done nor withdrawn */
    bool failed;
    struct gruvi__waiter *waiter; /* NULL: nobody waits */
    size_t n;
    struct item *items;
};

/* Under the spin lock: the waiter, claimed; or NULL. */
static struct gruvi__waiter *
claim_waiter(struct map *map)
{
    struct gruvi__waiter *waiter = map->waiter;

    if (waiter == NULL || !gruvi__waiter_claim(waiter))
        return NULL;
    map->waiter = NULL;
    return waiter;
}

static void
on_done(struct gruvi__work *work)
{
    struct map *map = gruvi__list_entry(work, struct item, work)->map;
    struct gruvi__waiter *waiter = NULL;
    bool fails = work->status < 0;

    gruvi__spin_lock(&map->spin);
    map->left--;
    if (map->left == 0 || (fails && !map->failed))
        waiter = claim_waiter(map);
    map->failed |= fails;
    gruvi__spin_unlock(&map->spin);
    if (waiter != NULL)
        gruvi__waiter_wake(waiter);
}

/* Add all work; stop at the first that the pool refuses. */
static int
add_all(struct map *map)
{
    struct gruvi__work *outer = gruvi__work_current();
    struct item *item;
    size_t i;
    int err = 0;

    for (i = 0; i < map->n && err == 0; i++) {
        item = &map->items[i];
        gruvi__spin_lock(&map->spin);
        map->left++;
        gruvi__spin_unlock(&map->spin);
        err = gruvi__workers_add(&map->pool->workers, &item->work, outer);
        item->added = err == 0;
    }
    if (err < 0) {
        gruvi__spin_lock(&map->spin);
        map->left--;
        map->failed = true;
        gruvi__spin_unlock(&map->spin);
    }
    return err;
}

/* Withdraw what has not begun, and cancel what can be.  Returns how many were
 * withdrawn or cancelled. */
static size_t
stop_all(struct map *map)
{
    size_t i, withdrawn = 0, cancelled = 0;
    struct item *item;

    gruvi__spin_lock(&map->spin);
    i = map->left;
    gruvi__spin_unlock(&map->spin);
    if (i == 0)
        return 0;
    for (i = 0; i < map->n; i++) {
        item = &map->items[i];
        if (!item->added)
            continue;
        item->withdrawn = gruvi__work_withdraw(&item->work);
        if (item->withdrawn)
            withdrawn++;
        else if (map->pool->ops->cancel(map->pool, &item->work) == 0)
            item->cancelled = ++cancelled > 0;
    }
    gruvi__spin_lock(&map->spin);
    map->left -= withdrawn;
    gruvi__spin_unlock(&map->spin);
    return withdrawn + cancelled;
}

/* Have a waiter claimed when all is done, or when work fails.  False: that is
 * so already. */
static bool
put_waiter(struct map *map, struct gruvi__waiter *waiter, gruvi_fiber_t *fiber,
           bool stop_if_failed)
{
    bool waits;

    gruvi__waiter_init(waiter, fiber);
    gruvi__spin_lock(&map->spin);
    waits = map->left > 0 && !(stop_if_failed && map->failed);
    map->waiter = waits ? waiter : NULL;
    gruvi__spin_unlock(&map->spin);
    return waits;
}

/* As stop_all(), and wait for what is left, whatever is pending. */
static size_t
stop(struct map *map, gruvi_fiber_t *fiber)
{
    struct gruvi__waiter waiter;
    size_t stopped = stop_all(map);

    /* The first failure claims the waiter, too, though more is left. */
    while (put_waiter(map, &waiter, fiber, false))
        gruvi__waiter_through(&waiter, "pool");
    return stopped;
}

/* Wait for all that was added.  Returns 0, or why some of it did not run. */
static int
wait_for_all(struct map *map, gruvi_fiber_t *fiber, double timeout)
{
    struct gruvi__waiter waiter;
    size_t stopped;
    bool done;

    if (!put_waiter(map, &waiter, fiber, true)) {
        stop(map, fiber);
        return 0;
    }
    done = gruvi__waiter_try(&waiter, "pool", timeout);
    stopped = stop(map, fiber);
    return gruvi__waiter_end(&waiter, done || stopped == 0);
}

/* The first error in the order of the arguments. */
static int
collect(const struct map *map, void *results[])
{
    const struct item *item;
    int err = 0, status;
    size_t i;

    for (i = 0; i < map->n; i++) {
        item = &map->items[i];
        if (!item->added || item->withdrawn)
            continue;
        if (results != NULL)
            results[i] = item->work.result;
        status = item->work.status;
        if (err == 0 && status < 0 &&
            !(item->cancelled && status == UV_ECANCELED))
            err = status;
    }
    return err;
}

/* In a worker of the pool: run all here, in turn. */
static int
run_inside(struct map *map, double timeout)
{
    uint64_t due = gruvi__clock_due(timeout);
    struct item *item;
    size_t i;

    for (i = 0; i < map->n; i++) {
        if (due != UINT64_MAX && gruvi__clock_now() >= due)
            return UV_ETIMEDOUT;
        item = &map->items[i];
        map->pool->ops->run_inside(map->pool, &item->work);
        item->added = true;
        if (item->work.status < 0)
            return 0;
    }
    return 0;
}

/* Add all, and wait for it. */
static int
run_outside(struct map *map, gruvi_fiber_t *fiber, void *results[],
            double timeout)
{
    int err, interrupted, first;

    err = gruvi__pool_deliver_pending(fiber, "pool");
    if (err < 0)
        return err;
    if (timeout == 0)
        return UV_ETIMEDOUT;
    err = add_all(map);
    interrupted = wait_for_all(map, fiber, timeout);
    first = collect(map, results);
    if (interrupted < 0)
        return interrupted;
    return first < 0 ? first : err;
}

static int
run_map(struct map *map, gruvi_fiber_t *fiber, void *results[], double timeout)
{
    int late, first;

    if (!map->pool->ops->is_inside(map->pool))
        return run_outside(map, fiber, results, timeout);
    late = run_inside(map, timeout);
    first = collect(map, results);
    return first < 0 ? first : late;
}

GRUVI_SWITCHPOINT int
gruvi_pool_map(gruvi_pool_t *pool, gruvi_work_fn fn, void *args[],
               void *results[], size_t n, double timeout)
{
    struct map map = {.pool = pool, .n = n};
    gruvi_fiber_t *fiber;
    size_t i;
    int err;

    if (results != NULL)
        for (i = 0; i < n; i++)
            results[i] = NULL;
    if ((err = gruvi__enter_any(__func__, &fiber)) < 0 ||
        (err = gruvi__timeout_check(timeout)) < 0)
        return err;
    if (pool == NULL || fn == NULL || (args == NULL && n > 0))
        return UV_EINVAL;
    if (n == 0)
        return 0;
    map.items = calloc(n, sizeof *map.items);
    if (map.items == NULL)
        return UV_ENOMEM;
    for (i = 0; i < n; i++) {
        map.items[i].map = &map;
        map.items[i].work =
            (struct gruvi__work){.fn = fn, .arg = args[i], .done = on_done};
    }
    err = run_map(&map, fiber, results, timeout);
    free(map.items);
    return err;
}
