/* SPDX-License-Identifier: MIT */
/* Switchpoints that wait for what fibers and threads share. */
#include "unit/scenes.h"

/* --- event_wait ----------------------------------------------------------- */

static void
open_event(struct scene *scene)
{
    ck_assert_int_eq(gruvi_event_init(&scene->event), 0);
}

SCENE_CALL(call_event)
{
    return gruvi_event_wait(&scene->event, timeout);
}

static void
grant_event(struct scene *scene)
{
    call_before(scene);
    gruvi_event_set(&scene->event);
    call_after(scene);
}

static void
close_event(struct scene *scene)
{
    gruvi_event_destroy(&scene->event);
}

/* --- lock_acquire: the root fiber has it ---------------------------------- */

static void
open_lock(struct scene *scene)
{
    ck_assert_int_eq(gruvi_lock_init(&scene->lock), 0);
    ck_assert_int_eq(gruvi_lock_try_acquire(&scene->lock), 0);
}

SCENE_CALL(call_lock)
{
    int err = gruvi_lock_acquire(&scene->lock, timeout);

    if (err == 0)
        ck_assert_int_eq(gruvi_lock_release(&scene->lock), 0);
    return err;
}

static void
grant_lock(struct scene *scene)
{
    call_before(scene);
    ck_assert_int_eq(gruvi_lock_release(&scene->lock), 0);
    call_after(scene);
}

static void
close_lock(struct scene *scene)
{
    if (gruvi_lock_locked(&scene->lock))
        ck_assert_int_eq(gruvi_lock_release(&scene->lock), 0);
    gruvi_lock_destroy(&scene->lock);
}

/* --- cond_wait and cond_wait_for -------------------------------------------
 */

static void
open_cond(struct scene *scene)
{
    ck_assert_int_eq(gruvi_cond_init(&scene->cond, NULL), 0);
}

static bool
was_granted(void *arg)
{
    return ((struct scene *)arg)->ran;
}

SCENE_CALL(call_cond)
{
    gruvi_lock_t *lock = gruvi_cond_lock(&scene->cond);
    int err;

    ck_assert_int_eq(gruvi_lock_try_acquire(lock), 0);
    if (scene->for_it)
        err = gruvi_cond_wait_for(&scene->cond, was_granted, scene, timeout);
    else
        err = gruvi_cond_wait(&scene->cond, timeout);
    ck_assert_int_eq(gruvi_lock_release(lock), 0);
    return err;
}

static void
open_cond_for(struct scene *scene)
{
    open_cond(scene);
    scene->for_it = true;
}

static void
grant_cond(struct scene *scene)
{
    gruvi_lock_t *lock = gruvi_cond_lock(&scene->cond);

    ck_assert_int_eq(gruvi_lock_try_acquire(lock), 0);
    call_before(scene);
    scene->ran = 1;
    ck_assert_int_eq(gruvi_cond_notify(&scene->cond, 1), 0);
    call_after(scene);
    ck_assert_int_eq(gruvi_lock_release(lock), 0);
}

static void
close_cond(struct scene *scene)
{
    gruvi_cond_destroy(&scene->cond);
}

/* --- semaphore_acquire ------------------------------------------------------
 */

static void
open_semaphore(struct scene *scene)
{
    ck_assert_int_eq(gruvi_semaphore_init(&scene->sem, 0), 0);
}

SCENE_CALL(call_semaphore)
{
    return gruvi_semaphore_acquire(&scene->sem, timeout);
}

static void
grant_semaphore(struct scene *scene)
{
    call_before(scene);
    ck_assert_int_eq(gruvi_semaphore_release(&scene->sem), 0);
    call_after(scene);
}

static void
close_semaphore(struct scene *scene)
{
    ck_assert_int_eq(gruvi_semaphore_try_acquire(&scene->sem), UV_EAGAIN);
    gruvi_semaphore_destroy(&scene->sem);
}

/* --- queue_put: it is full; queue_get and queue_join -----------------------
 */

static void
open_empty_queue(struct scene *scene)
{
    ck_assert_int_eq(gruvi_queue_init(&scene->queue, GRUVI_QUEUE_FIFO, 1), 0);
}

static void
open_full_queue(struct scene *scene)
{
    open_empty_queue(scene);
    ck_assert_int_eq(gruvi_queue_try_put(&scene->queue, NULL, NULL), 0);
}

SCENE_CALL(call_put)
{
    return gruvi_queue_put(&scene->queue, scene, NULL, timeout);
}

static void
grant_put(struct scene *scene)
{
    void *item = scene;

    call_before(scene);
    ck_assert_int_eq(gruvi_queue_try_get(&scene->queue, &item), 0);
    ck_assert_ptr_null(item);
    call_after(scene);
}

SCENE_CALL(call_get)
{
    void *item = &item;
    int err = gruvi_queue_get(&scene->queue, &item, timeout);

    ck_assert_ptr_eq(item, err == 0 ? scene : NULL);
    return err;
}

static void
grant_get(struct scene *scene)
{
    call_before(scene);
    ck_assert_int_eq(gruvi_queue_try_put(&scene->queue, scene, NULL), 0);
    call_after(scene);
}

SCENE_CALL(call_queue_join)
{
    return gruvi_queue_join(&scene->queue, timeout);
}

static void
grant_queue_join(struct scene *scene)
{
    call_before(scene);
    ck_assert_int_eq(gruvi_queue_task_done(&scene->queue), 0);
    call_after(scene);
}

static void
close_queue(struct scene *scene)
{
    gruvi_queue_destroy(&scene->queue);
}

/* --- future_result and wait ------------------------------------------------
 */

static void
open_future(struct scene *scene)
{
    scene->future = gruvi_future_new();
    ck_assert_ptr_nonnull(scene->future);
}

SCENE_CALL(call_future)
{
    void *value = scene;
    int err = gruvi_future_result(scene->future, &value, timeout);

    ck_assert_ptr_eq(value, err == 0 ? scene->future : NULL);
    return err;
}

static void
grant_future(struct scene *scene)
{
    call_before(scene);
    ck_assert_int_eq(gruvi_future_set_result(scene->future, scene->future), 0);
    call_after(scene);
}

static void
close_future(struct scene *scene)
{
    gruvi_future_unref(scene->future);
}

/* Its own timeout is no error of gruvi_wait(). */
SCENE_CALL(call_wait)
{
    gruvi_event_t other = GRUVI_EVENT_INIT;
    gruvi_waitable_t *objects[] = {gruvi_event_waitable(&other),
                                   gruvi_event_waitable(&scene->event)};
    bool done[2];
    int n = gruvi_wait(objects, 2, 1, timeout, done);

    ck_assert_int_eq(done[1], n == 1);
    gruvi_event_destroy(&other);
    return n == 0 ? UV_ETIMEDOUT : n;
}

const struct scene_row sync_scenes[] = {
    {"gruvi_event_wait", "event", SCENE_TIMED_WAIT, 0, open_event, call_event,
     grant_event, close_event},
    {"gruvi_future_result", "future", SCENE_TIMED_WAIT, 0, open_future,
     call_future, grant_future, close_future},
    {"gruvi_wait", "objects", SCENE_TIMED_WAIT, 1, open_event, call_wait,
     grant_event, close_event},
    {"gruvi_lock_acquire", "lock", SCENE_TIMED_WAIT, 0, open_lock, call_lock,
     grant_lock, close_lock},
    {"gruvi_cond_wait", "condition", SCENE_WAITS | SCENE_GRANTED | SCENE_TIMED,
     0, open_cond, call_cond, grant_cond, close_cond},
    {"gruvi_cond_wait_for", "condition", SCENE_TIMED_WAIT, 0, open_cond_for,
     call_cond, grant_cond, close_cond},
    {"gruvi_semaphore_acquire", "semaphore", SCENE_TIMED_WAIT, 0,
     open_semaphore, call_semaphore, grant_semaphore, close_semaphore},
    {"gruvi_queue_put", "queue", SCENE_TIMED_WAIT, 0, open_full_queue, call_put,
     grant_put, close_queue},
    {"gruvi_queue_get", "queue", SCENE_TIMED_WAIT, 0, open_empty_queue,
     call_get, grant_get, close_queue},
    {"gruvi_queue_join", "queue", SCENE_TIMED_WAIT, 0, open_full_queue,
     call_queue_join, grant_queue_join, close_queue},
    {0},
};
