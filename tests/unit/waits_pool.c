/* SPDX-License-Identifier: MIT */
/* Those of the table that wait for pools. */
#include "unit/waits.h"

/* --- blocking and compute: work that is queued behind other work -----------
 */

static int
keep_busy(void *arg, void **result)
{
    struct scene *scene = arg;

    (void)result;
    uv_sem_post(&scene->began);
    uv_sem_wait(&scene->let_go);
    return 0;
}

static void
keep_pool_busy(void *arg)
{
    struct scene *scene = arg;

    ck_assert_int_eq(scene->pool(keep_busy, scene, NULL), 0);
}

static void
open_pool(struct scene *scene)
{
    gruvi_set_pool_sizes(1, 1); /* unless that was done before */
    ck_assert_int_eq(uv_sem_init(&scene->began, 0), 0);
    ck_assert_int_eq(uv_sem_init(&scene->let_go, 0), 0);
    scene->thread = begin_thread(keep_pool_busy, scene);
    uv_sem_wait(&scene->began);
}

void
open_blocking(struct scene *scene)
{
    scene->pool = gruvi_blocking;
    open_pool(scene);
}

void
open_compute(struct scene *scene)
{
    scene->pool = gruvi_compute;
    open_pool(scene);
}

static int
note_that_it_ran(void *arg, void **result)
{
    struct scene *scene = arg;

    *result = scene;
    __atomic_store_n(&scene->ran, 1, __ATOMIC_SEQ_CST);
    return 0;
}

int
call_pool(struct scene *scene, double timeout)
{
    void *result = &result;
    int err = scene->pool(note_that_it_ran, scene, &result);

    (void)timeout;
    ck_assert_ptr_eq(result, err == 0 ? scene : NULL);
    ck_assert_int_eq(__atomic_load_n(&scene->ran, __ATOMIC_SEQ_CST), err == 0);
    return err;
}

/* The hub stands still until it has run. */
void
grant_pool(struct scene *scene)
{
    call_before(scene);
    uv_sem_post(&scene->let_go);
    while (!__atomic_load_n(&scene->ran, __ATOMIC_SEQ_CST))
        uv_sleep(1);
    call_after(scene);
}

void
close_pool(struct scene *scene)
{
    uv_sem_post(&scene->let_go);
    end_thread(scene->thread);
    uv_sem_destroy(&scene->began);
    uv_sem_destroy(&scene->let_go);
}

/* --- what else waits for a pool ---------------------------------------------
 */

static int
abandon(gruvi_work_fn fn, void *arg, void **result)
{
    return gruvi_blocking_abandon(fn, arg, NULL, result);
}

void
open_abandon(struct scene *scene)
{
    scene->pool = abandon;
    open_pool(scene);
}

int
call_map(struct scene *scene, double timeout)
{
    void *arg = scene, *result = &result;
    int err = gruvi_pool_map(gruvi_get_io_pool(), note_that_it_ran, &arg,
                             &result, 1, timeout);

    ck_assert_ptr_eq(result, err == 0 ? scene : NULL);
    return err;
}

int
call_join_pool(struct scene *scene, double timeout)
{
    (void)scene;
    (void)timeout;
    return gruvi_pool_join(gruvi_get_io_pool());
}

static void
let_it_end(struct scene *scene, gruvi_pool_t *pool)
{
    gruvi_pool_stats_t stats;

    call_before(scene);
    uv_sem_post(&scene->let_go);
    do {
        uv_sleep(1);
        gruvi_pool_stats(pool, &stats);
    } while (pool == scene->own_pool ? stats.size > 0
                                     : stats.busy + stats.queued > 0);
    call_after(scene);
}

void
grant_join_pool(struct scene *scene)
{
    let_it_end(scene, gruvi_get_io_pool());
}

void
open_close_pool(struct scene *scene)
{
    gruvi_pool_options_t options = {.max_size = 1};

    ck_assert_int_eq(uv_sem_init(&scene->began, 0), 0);
    ck_assert_int_eq(uv_sem_init(&scene->let_go, 0), 0);
    scene->own_pool = gruvi_thread_pool_new(&options);
    ck_assert_ptr_nonnull(scene->own_pool);
    scene->future = gruvi_pool_submit(scene->own_pool, keep_busy, scene);
    ck_assert_ptr_nonnull(scene->future);
    uv_sem_wait(&scene->began);
}

int
call_close_pool(struct scene *scene, double timeout)
{
    (void)timeout;
    return gruvi_pool_close(scene->own_pool);
}

void
grant_close_pool(struct scene *scene)
{
    let_it_end(scene, scene->own_pool);
}

void
close_close_pool(struct scene *scene)
{
    uv_sem_post(&scene->let_go);
    while (!gruvi_future_done(scene->future))
        uv_sleep(1);
    gruvi_future_unref(scene->future);
    gruvi_pool_unref(scene->own_pool);
    uv_sem_destroy(&scene->began);
    uv_sem_destroy(&scene->let_go);
}
