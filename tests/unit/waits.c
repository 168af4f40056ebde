/* SPDX-License-Identifier: MIT */
/* The table of what waits.  A new switchpoint that waits is a row of it. */
#include "unit/waits.h"

#include <signal.h>
#include <string.h>
#include <unistd.h>

void
call_before(struct scene *scene)
{
    if (scene->before != NULL)
        scene->before(scene->arg);
}

void
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
    {"gruvi_stream_take", "read", WAIT_TIMEOUT, 1, open_stream, call_take,
     grant_read, close_stream},
    {"gruvi_stream_write", "write", WAIT_TIMEOUT, 0, open_full_stream,
     call_write, grant_write, close_stream},
    {"gruvi_stream_writev", "write", WAIT_TIMEOUT, 0, open_full_stream,
     call_writev, grant_write, close_stream},
    {"gruvi_accept", "accept", WAIT_TIMEOUT, 0, open_listener, call_accept,
     grant_accept, close_listener},
    {"gruvi_serve", "accept", WAIT_NEVER, 0, open_listener, call_serve, NULL,
     close_listener},
    {"gruvi_getaddrinfo", "resolve", WAIT_TIMEOUT, 0, open_lookup, call_lookup,
     grant_lookup, close_lookup},
    {"gruvi_udp_recv", "receive", WAIT_TIMEOUT, 1, open_udp, call_udp_recv,
     grant_udp_recv, close_udp},
    {"gruvi_udp_recv_many", "receive", WAIT_TIMEOUT, 1, open_udp,
     call_udp_recv_many, grant_udp_recv, close_udp},
    {"gruvi_udp_send", "send", WAIT_TIMEOUT, 0, open_full_udp, call_udp_send,
     grant_udp_send, close_udp},
    {"gruvi_udp_send_many", "send", WAIT_TIMEOUT, 1, open_full_udp,
     call_udp_send_many, grant_udp_send, close_udp},
    {"gruvi_signal_wait", "signal", WAIT_TIMEOUT, 0, open_signal,
     call_signal_wait, grant_signal, close_signal},
    {"gruvi_signal_next", "signal", WAIT_TIMEOUT, SIGWINCH, open_signal,
     call_signal_next, grant_signal, close_signal},
    {"gruvi_process_wait", "process", WAIT_TIMEOUT, 0, open_process,
     call_process_wait, grant_process, close_process},
    {"gruvi_file_open", "IO pool", 0, 0, open_file, call_file_open,
     grant_join_pool, close_file},
    {"gruvi_file_read", "IO pool", 0, 1, open_file, call_file_read,
     grant_join_pool, close_file},
    {"gruvi_file_pread", "IO pool", 0, 1, open_file, call_file_pread,
     grant_join_pool, close_file},
    {"gruvi_file_write", "IO pool", 0, 0, open_file, call_file_write,
     grant_join_pool, close_file},
    {"gruvi_file_pwrite", "IO pool", 0, 0, open_file, call_file_pwrite,
     grant_join_pool, close_file},
    {"gruvi_file_fsync", "IO pool", 0, 0, open_file, call_file_fsync,
     grant_join_pool, close_file},
    {"gruvi_file_fdatasync", "IO pool", 0, 0, open_file, call_file_fdatasync,
     grant_join_pool, close_file},
    {"gruvi_file_ftruncate", "IO pool", 0, 0, open_file, call_file_ftruncate,
     grant_join_pool, close_file},
    {"gruvi_file_stat", "IO pool", 0, 0, open_file, call_file_stat,
     grant_join_pool, close_file},
    {"gruvi_file_lstat", "IO pool", 0, 0, open_file, call_file_lstat,
     grant_join_pool, close_file},
    {"gruvi_file_fstat", "IO pool", 0, 0, open_file, call_file_fstat,
     grant_join_pool, close_file},
    {"gruvi_file_rename", "IO pool", 0, 0, open_file, call_file_rename,
     grant_join_pool, close_file},
    {"gruvi_file_unlink", "IO pool", 0, 0, open_file, call_file_unlink,
     grant_join_pool, close_file},
    {"gruvi_file_mkdir", "IO pool", 0, 0, open_file, call_file_mkdir,
     grant_join_pool, close_file},
    {"gruvi_file_rmdir", "IO pool", 0, 0, open_file, call_file_rmdir,
     grant_join_pool, close_file},
    {"gruvi_file_readdir", "IO pool", 0, 1, open_folder, call_file_readdir,
     grant_join_pool, close_file},
    {"gruvi_stream_sendfile", "write", WAIT_TIMEOUT, 1, open_full_to_send,
     call_sendfile, grant_write, close_sendfile},
#ifdef HAVE_OPENSSL
    {"gruvi_stream_read, TLS", "read", WAIT_TIMEOUT, 1, open_tls_stream,
     call_read, grant_tls_read, close_tls_stream},
    {"gruvi_stream_read_exact, TLS", "read", WAIT_TIMEOUT, 0, open_tls_stream,
     call_read_exact, grant_tls_read, close_tls_stream},
    {"gruvi_stream_read_line, TLS", "read", WAIT_TIMEOUT, 1, open_tls_stream,
     call_read_line, grant_tls_read, close_tls_stream},
    {"gruvi_stream_write, TLS", "write", WAIT_TIMEOUT, 0, open_full_tls_stream,
     call_tls_write, grant_write, close_tls_stream},
    {"gruvi_tls_handshake", "handshake", WAIT_TIMEOUT, UV_EPROTO,
     open_silent_tls_stream, call_handshake, grant_handshake,
     close_tls_stream},
#endif
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
