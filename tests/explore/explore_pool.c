/* SPDX-License-Identifier: MIT */
/* Pools of threads and of fibers. */
#include <stdlib.h>

#include "explore/explore.h"
#include "explore/sim.h"
#include "pool/pool.h"

struct pool {
    gruvi_hub_t *hub;
    struct sim_thread *user; /* which does this: */
    int (*use)(void *arg);
    gruvi_pool_t *pool;
    int ran;
    int accepted, cancelled;
    gruvi_event_t ready;
};

static int
work(void *arg, void **result)
{
    struct pool *shared = arg;

    sim_point();
    shared->ran++;
    *result = shared;
    return 0;
}

/* Has the pool do something, and lets go of it. */
static int
submit_and_wait(void *arg)
{
    struct pool *shared = arg;
    gruvi_future_t *f = gruvi_pool_submit(shared->pool, work, shared);
    void *value;

    sim_assert(f != NULL);
    sim_assert(sim_wait(gruvi_future_result(f, &value, -1)) == 0);
    sim_assert(value == shared);
    gruvi_future_unref(f);
    gruvi_pool_unref(shared->pool);
    return 0;
}

/* The threads end when the last one has let go of the pool. */
static void
pool_submit(void)
{
    gruvi_pool_options_t options = {.max_size = 1};
    struct pool shared = {.pool = gruvi_thread_pool_new(&options)};
    struct sim_thread *hub, *thread;

    gruvi_pool_ref(shared.pool);
    hub = sim_begin_hub(submit_and_wait, &shared);
    thread = sim_begin(submit_and_wait, &shared);
    sim_end(hub);
    sim_end(thread);
    sim_assert(shared.ran == 2);
}

/* Idle workers end at times, while there is work for them. */
static int
submit_slowly(void *arg)
{
    struct pool *shared = arg;
    void *value;

    for (int i = 0; i < 3; i++) {
        gruvi_future_t *f = gruvi_pool_submit(shared->pool, work, shared);

        sim_assert(f != NULL);
        sim_assert(gruvi_future_result(f, &value, -1) == 0);
        gruvi_future_unref(f);
    }
    return 0;
}

static void
pool_idle(void)
{
    gruvi_pool_options_t options = {.max_size = 2};
    struct pool shared = {.pool = gruvi_thread_pool_new(&options)};
    struct sim_thread *thread = sim_begin(submit_slowly, &shared);

    submit_slowly(&shared);
    sim_end(thread);
    sim_assert(gruvi_pool_close(shared.pool) == 0);
    gruvi_pool_unref(shared.pool);
    sim_assert(shared.ran == 6);
}

static int
submit_and_cancel(void *arg)
{
    struct pool *shared = arg;
    gruvi_future_t *f = gruvi_pool_submit(shared->pool, work, shared);
    void *value;
    int err;

    if (f == NULL) {
        sim_assert(gruvi_last_error() == UV_ESHUTDOWN);
        return 0;
    }
    shared->accepted++;
    err = gruvi_future_cancel(f);
    sim_assert(err == 0 || err == UV_EBUSY || err == UV_EALREADY);
    shared->cancelled += err == 0;
    sim_assert(sim_wait(gruvi_future_result(f, &value, -1)) ==
               (err == 0 ? UV_ECANCELED : 0));
    gruvi_future_unref(f);
    return 0;
}

/* What was accepted runs, or is cancelled, also while the pool closes. */
static void
pool_cancel(void)
{
    gruvi_pool_options_t options = {.max_size = 1};
    struct pool shared = {.pool = gruvi_thread_pool_new(&options)};
    struct sim_thread *hub = sim_begin_hub(submit_and_cancel, &shared);
    struct sim_thread *thread = sim_begin(submit_and_cancel, &shared);

    sim_assert(sim_wait(gruvi_pool_close(shared.pool)) == 0);
    sim_end(hub);
    sim_end(thread);
    sim_assert(shared.ran == shared.accepted - shared.cancelled);
    gruvi_pool_unref(shared.pool);
}

static int
join_pool(void *arg)
{
    struct pool *shared = arg;
    gruvi_future_t *f = gruvi_pool_submit(shared->pool, work, shared);

    sim_assert(f != NULL);
    sim_assert(sim_wait(gruvi_pool_join(shared->pool)) == 0);
    sim_assert(gruvi_future_done(f));
    gruvi_future_unref(f);
    return 0;
}

static void
pool_join(void)
{
    gruvi_pool_options_t options = {.max_size = 2};
    struct pool shared = {.pool = gruvi_thread_pool_new(&options)};
    struct sim_thread *hub = sim_begin_hub(join_pool, &shared);

    join_pool(&shared);
    sim_end(hub);
    gruvi_pool_unref(shared.pool);
}

static int
map_two(void *arg)
{
    struct pool *shared = arg;
    void *args[2] = {shared, shared}, *results[2];
    int err = sim_wait(
        gruvi_pool_map(shared->pool, work, args, results, 2, GRUVI_FOREVER));

    sim_assert(err == 0 && results[0] == shared && results[1] == shared);
    return 0;
}

static void
pool_map(void)
{
    gruvi_pool_options_t options = {.max_size = 2};
    struct pool shared = {.pool = gruvi_thread_pool_new(&options)};

    sim_end(sim_begin_hub(map_two, &shared));
    sim_assert(shared.ran == 2);
    gruvi_pool_unref(shared.pool);
}

/* --- pools of fibers ------------------------------------------------------ */

static int
work_in_fiber(void *arg, void **result)
{
    struct pool *shared = arg;

    gruvi_sleep(0);
    shared->ran++;
    *result = shared;
    return 0;
}

static int
submit_to_fibers(void *arg)
{
    struct pool *shared = arg;
    gruvi_future_t *f = gruvi_pool_submit(shared->pool, work_in_fiber, shared);
    void *value;
    int err;

    if (f == NULL) {
        sim_assert(gruvi_last_error() == UV_ESHUTDOWN);
    } else {
        err = sim_wait(gruvi_future_result(f, &value, -1));
        sim_assert(err == UV_ECANCELED || err == UV_ESHUTDOWN ||
                   (err == 0 && value == shared));
        shared->accepted += err == 0;
        gruvi_future_unref(f);
    }
    gruvi_pool_unref(shared->pool);
    return 0;
}

static int
offer_fibers(void *arg)
{
    gruvi_pool_options_t options = {.max_size = 1};
    struct pool *shared = arg;
    struct sim_thread *threads[2];

    shared->pool = gruvi_fiber_pool_new(&options);
    for (int i = 0; i < 2; i++) {
        gruvi_pool_ref(shared->pool);
        threads[i] = sim_begin(submit_to_fibers, shared);
    }
    if (shared->cancelled == 0)
        sim_assert(gruvi_event_wait(&shared->ready, GRUVI_FOREVER) == 0);
    gruvi_pool_unref(shared->pool);
    sim_assert(gruvi_hub_close(gruvi_get_hub()) == 0);
    sim_end(threads[0]);
    sim_end(threads[1]);
    return 0;
}

/* The hub closes while other threads have work for its fibers. */
static void
fiber_pool_close(void)
{
    struct pool shared = {.cancelled = 1};

    gruvi_event_init(&shared.ready);
    sim_end(sim_begin_hub(offer_fibers, &shared));
    sim_assert(shared.ran >= shared.accepted);
}

static int
submit_and_tell(void *arg)
{
    struct pool *shared = arg;
    gruvi_future_t *f = gruvi_pool_submit(shared->pool, work_in_fiber, shared);
    void *value;

    sim_assert(f != NULL);
    sim_assert(sim_wait(gruvi_future_result(f, &value, -1)) == 0);
    gruvi_future_unref(f);
    if (++shared->accepted == 2)
        gruvi_event_set(&shared->ready);
    return 0;
}

static int
offer_fibers_long(void *arg)
{
    gruvi_pool_options_t options = {.max_size = 1};
    struct pool *shared = arg;
    struct sim_thread *threads[2];

    shared->pool = gruvi_fiber_pool_new(&options);
    for (int i = 0; i < 2; i++)
        threads[i] = sim_begin(submit_and_tell, shared);
    sim_assert(gruvi_event_wait(&shared->ready, GRUVI_FOREVER) == 0);
    sim_end(threads[0]);
    sim_end(threads[1]);
    gruvi_pool_unref(shared->pool);
    return 0;
}

static void
fiber_pool(void)
{
    struct pool shared = {.ran = 0};

    gruvi_event_init(&shared.ready);
    sim_end(sim_begin_hub(offer_fibers_long, &shared));
    sim_assert(shared.ran == 2);
}

static int
work_and_close(void *arg)
{
    struct pool *shared = arg;
    gruvi_future_t *f = gruvi_pool_submit(shared->pool, work, shared);
    int err;

    if (f == NULL) {
        sim_assert(gruvi_last_error() == UV_ESHUTDOWN);
    } else {
        err = sim_wait(gruvi_future_result(f, NULL, -1));
        sim_assert(err == 0 || err == UV_ECANCELED || err == UV_ESHUTDOWN);
        gruvi_future_unref(f);
    }
    sim_assert(sim_wait(gruvi_pool_close(shared->pool)) == 0);
    return 0;
}

static int
wait_for_ever(void *arg)
{
    return gruvi_event_wait(arg, GRUVI_FOREVER);
}

static int
leave_fiber_pool(void *arg)
{
    gruvi_pool_options_t options = {.max_size = 1};
    struct pool *shared = arg;

    sim_end_openly();
    shared->hub = gruvi_hub_ref(gruvi_get_hub());
    shared->pool = gruvi_fiber_pool_new(&options);
    gruvi_go(wait_for_ever, &shared->ready);
    shared->user = sim_begin(shared->use, shared);
    for (int i = 0; i < 4; i++)
        gruvi_sleep(0);
    return 0;
}

static void
abandon_pool(int (*use)(void *arg))
{
    struct pool shared = {.use = use};

    sim_expect_log("fibers are abandoned");
    gruvi_event_init(&shared.ready);
    sim_end(sim_begin(leave_fiber_pool, &shared));
    sim_end(shared.user);
    sim_reclaim(shared.hub);
    gruvi_hub_unref(shared.hub);
    gruvi_pool_unref(shared.pool);
    if (!sim_is_freed(shared.pool))
        gruvi__pool_drop(shared.pool); /* of a worker that has begun */
    sim_assert(sim_is_freed(shared.hub));
}

/* A hub is abandoned with its pool, the workers of which may be idle. */
static void
fiber_pool_abandon(void)
{
    abandon_pool(work_and_close);
}

static int
wait_in_fiber(void *arg, void **result)
{
    struct pool *shared = arg;

    *result = arg;
    return gruvi_event_wait(&shared->ready, GRUVI_FOREVER);
}

/* It ends, though the fiber that has begun it never does. */
static int
begin_and_join(void *arg)
{
    struct pool *shared = arg;
    gruvi_future_t *f = gruvi_pool_submit(shared->pool, wait_in_fiber, shared);
    int err;

    if (f == NULL) {
        sim_assert(gruvi_last_error() == UV_ESHUTDOWN);
    } else {
        err = sim_wait(gruvi_future_result(f, NULL, -1));
        sim_assert(err == UV_ECANCELED);
        gruvi_future_unref(f);
    }
    sim_assert(sim_wait(gruvi_pool_join(shared->pool)) == 0);
    return work_and_close(arg);
}

/* A hub is abandoned while fibers of its pool work for other threads. */
static void
fiber_pool_abandon_busy(void)
{
    abandon_pool(begin_and_join);
}

static int
sleep_in_fiber(void *arg, void **result)
{
    int err = gruvi_sleep(0);

    *result = arg;
    return err < 0 ? err : gruvi_sleep(0);
}

/* The fiber is cancelled from here, if it has begun. */
static int
submit_and_regret(void *arg)
{
    struct pool *shared = arg;
    gruvi_future_t *f = gruvi_pool_submit(shared->pool, sleep_in_fiber, shared);
    int err;

    sim_assert(f != NULL);
    err = gruvi_future_cancel(f);
    sim_assert(err == 0 || err == UV_EBUSY || err == UV_EALREADY);
    err = sim_wait(gruvi_future_result(f, NULL, -1));
    sim_assert(err == 0 || err == UV_ECANCELED);
    gruvi_future_unref(f);
    if (++shared->accepted == 2)
        gruvi_event_set(&shared->ready);
    return 0;
}

static int
submit_and_insist(void *arg)
{
    struct pool *shared = arg;
    gruvi_future_t *f = gruvi_pool_submit(shared->pool, sleep_in_fiber, shared);

    sim_assert(f != NULL);
    sim_assert(sim_wait(gruvi_future_result(f, NULL, -1)) == 0);
    gruvi_future_unref(f);
    if (++shared->accepted == 2)
        gruvi_event_set(&shared->ready);
    return 0;
}

static int
offer_one_fiber(void *arg)
{
    gruvi_pool_options_t options = {.max_size = 1};
    struct pool *shared = arg;
    struct sim_thread *regretful, *insistent;

    shared->pool = gruvi_fiber_pool_new(&options);
    regretful = sim_begin(submit_and_regret, shared);
    insistent = sim_begin(submit_and_insist, shared);
    sim_assert(gruvi_event_wait(&shared->ready, GRUVI_FOREVER) == 0);
    sim_end(regretful);
    sim_end(insistent);
    gruvi_pool_unref(shared->pool);
    return 0;
}

/* Whoever cancels work does not cancel what the same fiber does next. */
static void
fiber_pool_cancel(void)
{
    struct pool shared = {.ran = 0};

    gruvi_event_init(&shared.ready);
    sim_end(sim_begin_hub(offer_one_fiber, &shared));
}

const struct sim_case sim_cases[] = {
    {"pool_submit", pool_submit},
    {"pool_idle", pool_idle},
    {"pool_cancel", pool_cancel},
    {"pool_join", pool_join},
    {"pool_map", pool_map},
    {"fiber_pool", fiber_pool},
    {"fiber_pool_cancel", fiber_pool_cancel},
    {"fiber_pool_close", fiber_pool_close},
    {"fiber_pool_abandon", fiber_pool_abandon},
    {"fiber_pool_abandon_busy", fiber_pool_abandon_busy},
    {NULL, NULL},
};
