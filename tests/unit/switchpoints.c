/* SPDX-License-Identifier: MIT */
#include "unit/switchpoints.h"

#include <string.h>
#include <unistd.h>

static intmax_t
call_sleep(struct stage *stage)
{
    (void)stage;
    return gruvi_sleep(0);
}

static intmax_t
call_join(struct stage *stage)
{
    return gruvi_fiber_join(stage->fiber, GRUVI_FOREVER);
}

static intmax_t
call_group_join(struct stage *stage)
{
    return gruvi_group_join(&stage->group, GRUVI_FOREVER);
}

static intmax_t
call_hub_switch(struct stage *stage)
{
    void *value = stage;
    int err = gruvi_hub_switch(stage->hub, &value);

    ck_assert_ptr_null(value);
    return err;
}

static intmax_t
call_hub_close(struct stage *stage)
{
    return gruvi_hub_close(stage->hub);
}

static intmax_t
call_wait_fd(struct stage *stage)
{
    return gruvi_wait_fd(stage->fds[0], UV_READABLE, 0);
}

static intmax_t
call_uv_close(struct stage *stage)
{
    int err = gruvi_uv_close((uv_handle_t *)&stage->handle);

    ck_assert(!uv_is_closing((uv_handle_t *)&stage->handle));
    return err;
}

static intmax_t
call_event_wait(struct stage *stage)
{
    return gruvi_event_wait(&stage->event, GRUVI_FOREVER);
}

static intmax_t
call_lock_acquire(struct stage *stage)
{
    int err = gruvi_lock_acquire(&stage->lock, GRUVI_FOREVER);

    ck_assert(!gruvi_lock_locked(&stage->lock));
    return err;
}

static intmax_t
call_cond_wait(struct stage *stage)
{
    return gruvi_cond_wait(&stage->cond, 0);
}

static bool
it_holds(void *arg)
{
    (void)arg;
    return true;
}

static intmax_t
call_cond_wait_for(struct stage *stage)
{
    return gruvi_cond_wait_for(&stage->cond, it_holds, NULL, GRUVI_FOREVER);
}

static intmax_t
call_semaphore_acquire(struct stage *stage)
{
    return gruvi_semaphore_acquire(&stage->sem, GRUVI_FOREVER);
}

static intmax_t
call_queue_put(struct stage *stage)
{
    int err = gruvi_queue_put(&stage->queue, stage, NULL, GRUVI_FOREVER);

    ck_assert_uint_eq(gruvi_queue_size(&stage->queue), 0);
    return err;
}

static intmax_t
call_queue_get(struct stage *stage)
{
    void *item = stage;
    int err = gruvi_queue_get(&stage->full, &item, GRUVI_FOREVER);

    ck_assert_ptr_null(item);
    ck_assert_uint_eq(gruvi_queue_size(&stage->full), 1);
    return err;
}

static intmax_t
call_queue_join(struct stage *stage)
{
    return gruvi_queue_join(&stage->queue, GRUVI_FOREVER);
}

static intmax_t
call_future_result(struct stage *stage)
{
    void *value = stage;
    int err = gruvi_future_result(stage->future, &value, GRUVI_FOREVER);

    ck_assert_ptr_null(value);
    return err;
}

static intmax_t
call_wait(struct stage *stage)
{
    gruvi_waitable_t *object = gruvi_event_waitable(&stage->event);
    bool done = true;
    int err = gruvi_wait(&object, 1, 1, GRUVI_FOREVER, &done);

    ck_assert(!done);
    return err;
}

static int
never_run(void *arg, void **result)
{
    (void)arg;
    (void)result;
    ck_abort_msg("the work ran");
}

static intmax_t
call_blocking(struct stage *stage)
{
    (void)stage;
    return gruvi_blocking(never_run, NULL, NULL);
}

static intmax_t
call_compute(struct stage *stage)
{
    (void)stage;
    return gruvi_compute(never_run, NULL, NULL);
}

static intmax_t
call_blocking_abandon(struct stage *stage)
{
    (void)stage;
    return gruvi_blocking_abandon(never_run, NULL, NULL, NULL);
}

static intmax_t
call_pool_map(struct stage *stage)
{
    return gruvi_pool_map(stage->pool, never_run, NULL, NULL, 0, GRUVI_FOREVER);
}

static intmax_t
call_pool_join(struct stage *stage)
{
    return gruvi_pool_join(stage->pool);
}

static intmax_t
call_pool_close(struct stage *stage)
{
    return gruvi_pool_close(stage->pool);
}

/* --- streams -----------------------------------------------------------------
 */

static intmax_t
call_listen(struct stage *stage)
{
    gruvi_listener_t *listener = stage->listener;
    int err = gruvi_listen(&listener, "tcp://127.0.0.1:0", NULL);

    ck_assert_ptr_null(listener);
    return err;
}

static intmax_t
call_accept(struct stage *stage)
{
    gruvi_stream_t *stream = stage->near;
    int err = gruvi_accept(stage->listener, &stream, 0);

    ck_assert_ptr_null(stream);
    return err;
}

static int
never_serve(gruvi_stream_t *stream, void *arg)
{
    (void)stream;
    (void)arg;
    ck_abort_msg("a connection was served");
}

static intmax_t
call_serve(struct stage *stage)
{
    return gruvi_serve(stage->listener, never_serve, NULL, NULL);
}

static intmax_t
call_connect(struct stage *stage)
{
    gruvi_stream_t *stream = stage->near;
    char address[GRUVI_ADDRESS_SIZE];
    int err;

    ck_assert_int_eq(
        gruvi_listener_address(stage->listener, address, sizeof address), 0);
    err = gruvi_connect(&stream, address, NULL, GRUVI_FOREVER);
    ck_assert_ptr_null(stream);
    return err;
}

static intmax_t
call_read(struct stage *stage)
{
    char buf[8];

    return gruvi_stream_read(stage->near, buf, sizeof buf);
}

static intmax_t
call_read_exact(struct stage *stage)
{
    char buf[1];

    return gruvi_stream_read_exact(stage->near, buf, sizeof buf);
}

static intmax_t
call_read_line(struct stage *stage)
{
    char buf[8];

    return gruvi_stream_read_line(stage->near, buf, sizeof buf);
}

static intmax_t
call_take(struct stage *stage)
{
    char *data;

    return gruvi_stream_take(stage->near, &data);
}

static intmax_t
call_write(struct stage *stage)
{
    return gruvi_stream_write(stage->near, "x", 1);
}

static intmax_t
call_writev(struct stage *stage)
{
    uv_buf_t buf = uv_buf_init("x", 1);

    return gruvi_stream_writev(stage->near, &buf, 1);
}

static intmax_t
call_shutdown(struct stage *stage)
{
    return gruvi_stream_shutdown(stage->near);
}

static intmax_t
call_handshake(struct stage *stage)
{
    return gruvi_tls_handshake(stage->near, GRUVI_FOREVER);
}

static void
open_streams(struct stage *stage)
{
    char address[GRUVI_ADDRESS_SIZE];

    ck_assert_int_eq(gruvi_listen(&stage->listener, "tcp://127.0.0.1:0", NULL),
                     0);
    ck_assert_int_eq(
        gruvi_listener_address(stage->listener, address, sizeof address), 0);
    ck_assert_int_eq(gruvi_connect(&stage->near, address, NULL, GRUVI_FOREVER),
                     0);
    ck_assert_int_eq(gruvi_accept(stage->listener, &stage->far, GRUVI_FOREVER),
                     0);
    ck_assert_int_eq(gruvi_stream_write(stage->far, "a\n", 2), 0);
}

/* Nothing that was refused has taken anything, or closed it. */
static void
close_streams(struct stage *stage)
{
    char buf[8];

    ck_assert_int_eq(gruvi_stream_read_line(stage->near, buf, sizeof buf), 2);
    ck_assert_int_eq(gruvi_stream_shutdown(stage->near), 0);
    ck_assert_int_eq(gruvi_stream_read(stage->far, buf, sizeof buf), 0);
    gruvi_stream_close(stage->near);
    gruvi_stream_close(stage->far);
    gruvi_listener_close(stage->listener);
}

const struct switchpoint switchpoints[] = {
    {"gruvi_sleep", call_sleep},
    {"gruvi_fiber_join", call_join},
    {"gruvi_group_join", call_group_join},
    {"gruvi_hub_switch", call_hub_switch},
    {"gruvi_hub_close", call_hub_close},
    {"gruvi_wait_fd", call_wait_fd},
    {"gruvi_uv_close", call_uv_close},
    {"gruvi_event_wait", call_event_wait},
    {"gruvi_future_result", call_future_result},
    {"gruvi_wait", call_wait},
    {"gruvi_lock_acquire", call_lock_acquire},
    {"gruvi_cond_wait", call_cond_wait},
    {"gruvi_cond_wait_for", call_cond_wait_for},
    {"gruvi_semaphore_acquire", call_semaphore_acquire},
    {"gruvi_queue_put", call_queue_put},
    {"gruvi_queue_get", call_queue_get},
    {"gruvi_queue_join", call_queue_join},
    {"gruvi_blocking", call_blocking},
    {"gruvi_compute", call_compute},
    {"gruvi_blocking_abandon", call_blocking_abandon},
    {"gruvi_pool_map", call_pool_map},
    {"gruvi_pool_join", call_pool_join},
    {"gruvi_pool_close", call_pool_close},
    {"gruvi_listen", call_listen},
    {"gruvi_accept", call_accept},
    {"gruvi_serve", call_serve},
    {"gruvi_connect", call_connect},
    {"gruvi_stream_read", call_read},
    {"gruvi_stream_read_exact", call_read_exact},
    {"gruvi_stream_read_line", call_read_line},
    {"gruvi_stream_take", call_take},
    {"gruvi_stream_write", call_write},
    {"gruvi_stream_writev", call_writev},
    {"gruvi_stream_shutdown", call_shutdown},
    {"gruvi_getaddrinfo", call_getaddrinfo},
    {"gruvi_udp_bind", call_udp_bind},
    {"gruvi_udp_connect", call_udp_connect},
    {"gruvi_udp_recv", call_udp_recv},
    {"gruvi_udp_send", call_udp_send},
    {"gruvi_udp_recv_many", call_udp_recv_many},
    {"gruvi_udp_send_many", call_udp_send_many},
    {"gruvi_signal_wait", call_signal_wait},
    {"gruvi_signal_next", call_signal_next},
    {"gruvi_file_open", call_file_open},
    {"gruvi_file_close", call_file_close},
    {"gruvi_file_read", call_file_read},
    {"gruvi_file_pread", call_file_pread},
    {"gruvi_file_write", call_file_write},
    {"gruvi_file_pwrite", call_file_pwrite},
    {"gruvi_file_fsync", call_file_fsync},
    {"gruvi_file_fdatasync", call_file_fdatasync},
    {"gruvi_file_ftruncate", call_file_ftruncate},
    {"gruvi_file_stat", call_file_stat},
    {"gruvi_file_lstat", call_file_lstat},
    {"gruvi_file_fstat", call_file_fstat},
    {"gruvi_file_rename", call_file_rename},
    {"gruvi_file_unlink", call_file_unlink},
    {"gruvi_file_mkdir", call_file_mkdir},
    {"gruvi_file_rmdir", call_file_rmdir},
    {"gruvi_file_readdir", call_file_readdir},
    {"gruvi_stream_sendfile", call_sendfile},
    {"gruvi_process_spawn", call_process_spawn},
    {"gruvi_process_wait", call_process_wait},
    {"gruvi_process_communicate", call_process_communicate},
    {"gruvi_tls_handshake", call_handshake},
};

const int switchpoint_count = sizeof switchpoints / sizeof *switchpoints;

static int
end_at_once(void *arg)
{
    (void)arg;
    return 0;
}

void
open_stage(struct stage *stage, gruvi_hub_t *hub, int point)
{
    memset(stage, 0, sizeof *stage);
    stage->point = &switchpoints[point];
    stage->hub = hub;
    stage->fiber = spawn(end_at_once, NULL);
    turns(2);
    ck_assert(!gruvi_fiber_alive(stage->fiber));
    ck_assert_int_eq(gruvi_group_init(&stage->group, "stage"), 0);
    ck_assert_int_eq(uv_idle_init(gruvi_hub_loop(hub), &stage->handle), 0);
    ck_assert_int_eq(gruvi_event_init(&stage->event), 0);
    gruvi_event_set(&stage->event);
    stage->pool = gruvi_thread_pool_new(NULL);
    ck_assert_ptr_nonnull(stage->pool);
    stage->future = gruvi_future_new();
    ck_assert_ptr_nonnull(stage->future);
    ck_assert_int_eq(gruvi_future_set_result(stage->future, stage), 0);
    gruvi_lock_init(&stage->lock);
    gruvi_cond_init(&stage->cond, NULL);
    gruvi_lock_try_acquire(gruvi_cond_lock(&stage->cond));
    gruvi_semaphore_init(&stage->sem, 1);
    gruvi_queue_init(&stage->queue, GRUVI_QUEUE_FIFO, 0);
    gruvi_queue_init(&stage->full, GRUVI_QUEUE_FIFO, 0);
    ck_assert_int_eq(gruvi_queue_try_put(&stage->full, stage, NULL), 0);
    ck_assert_int_eq(pipe(stage->fds), 0);
    ck_assert_int_eq(write(stage->fds[1], "x", 1), 1);
    open_streams(stage);
    open_udp(stage);
    open_system(stage);
}

void
close_stage(struct stage *stage)
{
    close_system(stage);
    close_streams(stage);
    close_udp(stage);
    close(stage->fds[0]);
    close(stage->fds[1]);
    ck_assert_int_eq(gruvi_uv_close((uv_handle_t *)&stage->handle), 0);
    gruvi_event_destroy(&stage->event);
    gruvi_future_unref(stage->future);
    gruvi_pool_unref(stage->pool);
    gruvi_lock_destroy(&stage->lock);
    gruvi_cond_destroy(&stage->cond);
    ck_assert_int_eq(gruvi_semaphore_try_acquire(&stage->sem), 0);
    gruvi_semaphore_destroy(&stage->sem);
    gruvi_queue_destroy(&stage->queue);
    gruvi_queue_destroy(&stage->full);
    gruvi_group_destroy(&stage->group);
    gruvi_fiber_unref(stage->fiber);
}
