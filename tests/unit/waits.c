/* SPDX-License-Identifier: MIT */
/* The table of what waits.  A new switchpoint that waits is a row of it. */
#include "unit/waits.h"

#include <string.h>
#include <unistd.h>

static void
call_before(struct scene *scene)
{
    if (scene->before != NULL)
        scene->before(scene->arg);
}

static void
call_after(struct scene *scene)
{
    if (scene->after != NULL)
        scene->after(scene->arg);
}

static void
open_nothing(struct scene *scene)
{
    (void)scene;
}

/* --- sleep ------------------------------------------------------------------
 */

static int
call_sleep(struct scene *scene, double timeout)
{
    (void)scene;
    (void)timeout;
    return gruvi_sleep(GRUVI_FOREVER);
}

/* --- hub_switch ------------------------------------------------------------
 */

static int
call_hub_switch(struct scene *scene, double timeout)
{
    void *value = scene;
    int err = 0;

    (void)timeout;
    GRUVI_WITH_SWITCH_BACK (sb, GRUVI_FOREVER) {
        scene->sb = &sb;
        err = gruvi_hub_switch(scene->hub, &value);
        scene->sb = NULL;
    }
    ck_assert_ptr_eq(value, err == 0 ? &scene->sb : NULL);
    return err;
}

static void
grant_hub_switch(struct scene *scene)
{
    call_before(scene);
    gruvi_switch_back_switch(scene->sb, &scene->sb);
    call_after(scene);
}

/* --- join and group_join: what they wait for ends by itself ----------------
 */

static int
run_after(void *arg)
{
    call_after(arg);
    return 0;
}

static int
run_target(void *arg)
{
    struct scene *scene = arg;
    int err = 0;

    GRUVI_WITH_SWITCH_BACK (sb, GRUVI_FOREVER) {
        scene->sb = &sb;
        err = gruvi_hub_switch(scene->hub, NULL);
    }
    if (err < 0)
        return err;
    call_before(scene);
    return 0;
}

/*
 * The target runs, calls before, ends: that grants.  Started behind it in the
 * same turn, so ahead of whoever joined, is a fiber that calls after.
 */
static void
grant_by_ending(struct scene *scene)
{
    gruvi_switch_back_switch(scene->sb, NULL);
    gruvi_fiber_unref(spawn(run_after, scene));
}

static void
open_join(struct scene *scene)
{
    scene->target = spawn(run_target, scene);
    turns(1);
}

static int
call_join(struct scene *scene, double timeout)
{
    return gruvi_fiber_join(scene->target, timeout);
}

static void
close_join(struct scene *scene)
{
    gruvi_fiber_cancel(scene->target, NULL);
    if (gruvi_hub_loop(scene->hub) != NULL)
        finish(scene->target);
    else
        gruvi_fiber_unref(scene->target);
}

static void
open_group(struct scene *scene)
{
    ck_assert_int_eq(gruvi_group_init(&scene->group, "scene"), 0);
    scene->target = gruvi_group_spawn(&scene->group, run_target, scene);
    ck_assert_ptr_nonnull(scene->target);
    turns(1);
}

static int
call_group(struct scene *scene, double timeout)
{
    return gruvi_group_join(&scene->group, timeout);
}

static void
close_group(struct scene *scene)
{
    close_join(scene);
    gruvi_group_destroy(&scene->group);
}

/* --- wait_fd ------------------------------------------------------------- */

static void
open_fd(struct scene *scene)
{
    ck_assert_int_eq(pipe(scene->fds), 0);
}

static int
call_fd(struct scene *scene, double timeout)
{
    return gruvi_wait_fd(scene->fds[0], UV_READABLE, timeout);
}

/* Both watches are called from one event of the loop. */
static void
on_readable(int fd, int events, void *arg)
{
    struct scene *scene = arg;
    gruvi_poller_t *poller = gruvi_hub_poll(scene->hub);

    (void)fd;
    ck_assert_int_eq(events, UV_READABLE);
    call_before(scene);
    call_after(scene);
    ck_assert_int_eq(gruvi_poll_remove(poller, scene->watch), 0);
    scene->watch = NULL;
}

static void
grant_fd(struct scene *scene)
{
    scene->watch = gruvi_poll_add(gruvi_hub_poll(scene->hub), scene->fds[0],
                                  UV_READABLE, on_readable, scene);
    ck_assert_ptr_nonnull(scene->watch);
    ck_assert_int_eq(write(scene->fds[1], "x", 1), 1);
}

static void
close_fd(struct scene *scene)
{
    close(scene->fds[0]);
    close(scene->fds[1]);
}

/* --- event_wait ----------------------------------------------------------- */

static void
open_event(struct scene *scene)
{
    ck_assert_int_eq(gruvi_event_init(&scene->event), 0);
}

static int
call_event(struct scene *scene, double timeout)
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

static int
call_lock(struct scene *scene, double timeout)
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

static int
call_cond(struct scene *scene, double timeout)
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

static int
call_semaphore(struct scene *scene, double timeout)
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

static int
call_put(struct scene *scene, double timeout)
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

static int
call_get(struct scene *scene, double timeout)
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

static int
call_queue_join(struct scene *scene, double timeout)
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

static int
call_future(struct scene *scene, double timeout)
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
static int
call_wait(struct scene *scene, double timeout)
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

static void
open_blocking(struct scene *scene)
{
    scene->pool = gruvi_blocking;
    open_pool(scene);
}

static void
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

static int
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
static void
grant_pool(struct scene *scene)
{
    call_before(scene);
    uv_sem_post(&scene->let_go);
    while (!__atomic_load_n(&scene->ran, __ATOMIC_SEQ_CST))
        uv_sleep(1);
    call_after(scene);
}

static void
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

static void
open_abandon(struct scene *scene)
{
    scene->pool = abandon;
    open_pool(scene);
}

static int
call_map(struct scene *scene, double timeout)
{
    void *arg = scene, *result = &result;
    int err = gruvi_pool_map(gruvi_get_io_pool(), note_that_it_ran, &arg,
                             &result, 1, timeout);

    ck_assert_ptr_eq(result, err == 0 ? scene : NULL);
    return err;
}

static int
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
    } while (pool == scene->own_pool ? stats.size > 0 : stats.busy > 0);
    call_after(scene);
}

static void
grant_join_pool(struct scene *scene)
{
    let_it_end(scene, gruvi_get_io_pool());
}

static void
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

static int
call_close_pool(struct scene *scene, double timeout)
{
    (void)timeout;
    return gruvi_pool_close(scene->own_pool);
}

static void
grant_close_pool(struct scene *scene)
{
    let_it_end(scene, scene->own_pool);
}

static void
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

/* --- the table ------------------------------------------------------------ */

const struct wait_point wait_points[] = {
    {"gruvi_sleep", "timer", WAIT_NEVER, 0, open_nothing, call_sleep, NULL,
     open_nothing},
    {"gruvi_hub_switch", "switch back", 0, 0, open_nothing, call_hub_switch,
     grant_hub_switch, open_nothing},
    {"gruvi_fiber_join", "join", WAIT_TIMEOUT | WAIT_FOR_FIBER, 0, open_join,
     call_join, grant_by_ending, close_join},
    {"gruvi_group_join", "join", WAIT_TIMEOUT | WAIT_FOR_FIBER, 0, open_group,
     call_group, grant_by_ending, close_group},
    {"gruvi_wait_fd", "descriptor", WAIT_TIMEOUT, UV_READABLE, open_fd, call_fd,
     grant_fd, close_fd},
    {"gruvi_event_wait", "event", WAIT_TIMEOUT, 0, open_event, call_event,
     grant_event, close_event},
    {"gruvi_future_result", "future", WAIT_TIMEOUT, 0, open_future, call_future,
     grant_future, close_future},
    {"gruvi_wait", "objects", WAIT_TIMEOUT, 1, open_event, call_wait,
     grant_event, close_event},
    {"gruvi_lock_acquire", "lock", WAIT_TIMEOUT, 0, open_lock, call_lock,
     grant_lock, close_lock},
    {"gruvi_cond_wait", "condition", WAIT_TIMEOUT, 0, open_cond, call_cond,
     grant_cond, close_cond},
    {"gruvi_cond_wait_for", "condition", WAIT_TIMEOUT, 0, open_cond_for,
     call_cond, grant_cond, close_cond},
    {"gruvi_semaphore_acquire", "semaphore", WAIT_TIMEOUT, 0, open_semaphore,
     call_semaphore, grant_semaphore, close_semaphore},
    {"gruvi_queue_put", "queue", WAIT_TIMEOUT, 0, open_full_queue, call_put,
     grant_put, close_queue},
    {"gruvi_queue_get", "queue", WAIT_TIMEOUT, 0, open_empty_queue, call_get,
     grant_get, close_queue},
    {"gruvi_queue_join", "queue", WAIT_TIMEOUT, 0, open_full_queue,
     call_queue_join, grant_queue_join, close_queue},
    {"gruvi_blocking", "IO pool", 0, 0, open_blocking, call_pool, grant_pool,
     close_pool},
    {"gruvi_compute", "CPU pool", 0, 0, open_compute, call_pool, grant_pool,
     close_pool},
    {"gruvi_blocking_abandon", "IO pool", 0, 0, open_abandon, call_pool,
     grant_pool, close_pool},
    {"gruvi_pool_map", "pool", WAIT_TIMEOUT, 0, open_blocking, call_map,
     grant_pool, close_pool},
    {"gruvi_pool_join", "pool", 0, 0, open_blocking, call_join_pool,
     grant_join_pool, close_pool},
    {"gruvi_pool_close", "pool", 0, 0, open_close_pool, call_close_pool,
     grant_close_pool, close_close_pool},
    {"gruvi_stream_read", "read", WAIT_TIMEOUT, 1, open_stream, call_read,
     grant_read, close_stream},
    {"gruvi_stream_read_exact", "read", WAIT_TIMEOUT, 0, open_stream,
     call_read_exact, grant_read, close_stream},
    {"gruvi_stream_read_line", "read", WAIT_TIMEOUT, 1, open_stream,
     call_read_line, grant_read, close_stream},
    {"gruvi_stream_write", "write", WAIT_TIMEOUT, 0, open_full_stream,
     call_write, grant_write, close_stream},
    {"gruvi_stream_writev", "write", WAIT_TIMEOUT, 0, open_full_stream,
     call_writev, grant_write, close_stream},
    {"gruvi_accept", "accept", WAIT_TIMEOUT, 0, open_listener, call_accept,
     grant_accept, close_listener},
    {"gruvi_serve", "accept", WAIT_NEVER, 0, open_listener, call_serve, NULL,
     close_listener},
};

const int wait_point_count = sizeof wait_points / sizeof *wait_points;

void
open_scene(struct scene *scene, gruvi_hub_t *hub, int point)
{
    memset(scene, 0, sizeof *scene);
    scene->point = &wait_points[point];
    scene->hub = hub;
    scene->point->open(scene);
}

void
close_scene(struct scene *scene)
{
    scene->point->close(scene);
}

void
grant_scene(struct scene *scene)
{
    scene->point->grant(scene);
}
