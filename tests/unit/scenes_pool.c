/* SPDX-License-Identifier: MIT */
/* Switchpoints that wait for pools, behind other work. */
#include "unit/scenes.h"

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

    ck_assert_int_eq(scene->submit(keep_busy, scene, NULL), 0);
}

static void
init_semaphores(struct scene *scene)
{
    ck_assert_int_eq(uv_sem_init(&scene->began, 0), 0);
    ck_assert_int_eq(uv_sem_init(&scene->let_go, 0), 0);
}

static void
destroy_semaphores(struct scene *scene)
{
    uv_sem_destroy(&scene->began);
    uv_sem_destroy(&scene->let_go);
}

static void
open_pool(struct scene *scene, gruvi_pool_t *(*get)(void),
          int (*submit)(gruvi_work_fn fn, void *arg, void **result))
{
    gruvi_set_pool_sizes(1, 1); /* unless that was done before */
    scene->pool = get();
    scene->submit = submit;
    init_semaphores(scene);
    scene->thread = begin_thread(keep_pool_busy, scene);
    uv_sem_wait(&scene->began);
}

void
open_busy_pool(struct scene *scene)
{
    open_pool(scene, gruvi_get_io_pool, gruvi_blocking);
}

static void
open_compute(struct scene *scene)
{
    open_pool(scene, gruvi_get_cpu_pool, gruvi_compute);
}

static int
abandon(gruvi_work_fn fn, void *arg, void **result)
{
    return gruvi_blocking_abandon(fn, arg, NULL, result);
}

static void
open_abandon(struct scene *scene)
{
    open_pool(scene, gruvi_get_io_pool, abandon);
}

void
close_pool(struct scene *scene)
{
    uv_sem_post(&scene->let_go);
    end_thread(scene->thread);
    destroy_semaphores(scene);
}

/* The hub stands still until the pool has nothing to do; or, where somebody
 * closes it, no threads. */
void
grant_pool(struct scene *scene)
{
    gruvi_pool_stats_t stats;

    call_before(scene);
    uv_sem_post(&scene->let_go);
    do {
        uv_sleep(1);
        gruvi_pool_stats(scene->pool, &stats);
    } while (scene->closes ? stats.size > 0 : stats.busy + stats.queued > 0);
    call_after(scene);
}

static int
note_that_it_ran(void *arg, void **result)
{
    struct scene *scene = arg;

    *result = scene;
    __atomic_store_n(&scene->ran, 1, __ATOMIC_SEQ_CST);
    return 0;
}

SCENE_CALL(call_pool)
{
    void *result = &result;
    int err = scene->submit(note_that_it_ran, scene, &result);

    ck_assert_ptr_eq(result, err == 0 ? scene : NULL);
    ck_assert_int_eq(__atomic_load_n(&scene->ran, __ATOMIC_SEQ_CST), err == 0);
    return err;
}

SCENE_CALL(call_map)
{
    void *arg = scene, *result = &result;
    int err = gruvi_pool_map(scene->pool, note_that_it_ran, &arg, &result, 1,
                             timeout);

    ck_assert_ptr_eq(result, err == 0 ? scene : NULL);
    return err;
}

SCENE_CALL(call_join_pool)
{
    return gruvi_pool_join(scene->pool);
}

/* --- pool_close -------------------------------------------------------------
 */

static void
open_close_pool(struct scene *scene)
{
    gruvi_pool_options_t options = {.max_size = 1};

    init_semaphores(scene);
    scene->pool = gruvi_thread_pool_new(&options);
    ck_assert_ptr_nonnull(scene->pool);
    scene->future = gruvi_pool_submit(scene->pool, keep_busy, scene);
    ck_assert_ptr_nonnull(scene->future);
    uv_sem_wait(&scene->began);
}

SCENE_CALL(call_close_pool)
{
    int err;

    scene->closes = true;
    err = gruvi_pool_close(scene->pool);
    if (err == UV_EPERM)
        scene->closes = false;
    return err;
}

static void
close_close_pool(struct scene *scene)
{
    uv_sem_post(&scene->let_go);
    while (!gruvi_future_done(scene->future))
        uv_sleep(1);
    gruvi_future_unref(scene->future);
    gruvi_pool_unref(scene->pool);
    destroy_semaphores(scene);
}

const struct scene_row pool_scenes[] = {
    {"gruvi_blocking", "IO pool", SCENE_WAIT, 0, open_busy_pool, call_pool,
     grant_pool, close_pool},
    {"gruvi_compute", "CPU pool", SCENE_WAIT, 0, open_compute, call_pool,
     grant_pool, close_pool},
    {"gruvi_blocking_abandon", "IO pool", SCENE_WAIT | SCENE_ALLOCATES, 0,
     open_abandon, call_pool, grant_pool, close_pool},
    {"gruvi_pool_map", "pool", SCENE_TIMED_WAIT | SCENE_ALLOCATES, 0,
     open_busy_pool, call_map, grant_pool, close_pool},
    {"gruvi_pool_join", "pool", SCENE_WAIT, 0, open_busy_pool, call_join_pool,
     grant_pool, close_pool},
    {"gruvi_pool_close", "pool", SCENE_WAIT, 0, open_close_pool,
     call_close_pool, grant_pool, close_close_pool},
    {0},
};
