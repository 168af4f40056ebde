/* SPDX-License-Identifier: MIT */
/* Those that wait for sockets. */
#include "unit/waits.h"

#include "io/connection/listener.h"
#include "unit/net.h"

static void
on_granted(int fd, int events, void *arg)
{
    struct scene *scene = arg;

    (void)fd;
    (void)events;
    if (scene->before != NULL)
        scene->before(scene->arg);
    if (scene->after != NULL)
        scene->after(scene->arg);
    ck_assert_int_eq(
        gruvi_poll_remove(gruvi_hub_poll(scene->hub), scene->watch), 0);
    scene->watch = NULL;
}

void
watch_grant(struct scene *scene, int fd, int events)
{
    scene->watch = gruvi_poll_add(gruvi_hub_poll(scene->hub), fd, events,
                                  on_granted, scene);
    ck_assert_ptr_nonnull(scene->watch);
}

/* --- reading: an empty line, which suits all three --------------------------
 */

void
open_stream(struct scene *scene)
{
    open_ends(&scene->ends, NET_UNIX);
}

void
close_stream(struct scene *scene)
{
    close_ends(&scene->ends);
}

int
call_read(struct scene *scene, double timeout)
{
    char c;

    gruvi_stream_set_timeout(scene->ends.stream, timeout);
    return (int)gruvi_stream_read(scene->ends.stream, &c, 1);
}

int
call_read_exact(struct scene *scene, double timeout)
{
    char c;

    gruvi_stream_set_timeout(scene->ends.stream, timeout);
    return gruvi_stream_read_exact(scene->ends.stream, &c, 1);
}

int
call_read_line(struct scene *scene, double timeout)
{
    char buf[10];

    gruvi_stream_set_timeout(scene->ends.stream, timeout);
    return (int)gruvi_stream_read_line(scene->ends.stream, buf, sizeof buf);
}

int
call_take(struct scene *scene, double timeout)
{
    char *data;

    gruvi_stream_set_timeout(scene->ends.stream, timeout);
    return (int)gruvi_stream_take(scene->ends.stream, &data);
}

void
grant_read(struct scene *scene)
{
    watch_grant(scene, gruvi_stream_fd(scene->ends.stream), UV_READABLE);
    peer_says(&scene->ends, "\n");
}

/* --- writing: after a failure only another stream will do -------------------
 */

void
open_full_stream(struct scene *scene)
{
    open_ends(&scene->ends, NET_UNIX);
    fill_up(scene->ends.stream);
    scene->spoiled = false;
}

static int
write_by(struct scene *scene, double timeout, bool many)
{
    uv_buf_t bufs[2] = {uv_buf_init("x", 1), uv_buf_init("y", 1)};
    int err;

    if (scene->spoiled) {
        close_ends(&scene->ends);
        open_full_stream(scene);
    }
    gruvi_stream_set_timeout(scene->ends.stream, timeout);
    if (many)
        err = gruvi_stream_writev(scene->ends.stream, bufs, 2);
    else
        err = gruvi_stream_write(scene->ends.stream, "x", 1);
    scene->spoiled = err < 0 && err != UV_EINVAL;
    return err;
}

int
call_write(struct scene *scene, double timeout)
{
    return write_by(scene, timeout, false);
}

int
call_writev(struct scene *scene, double timeout)
{
    return write_by(scene, timeout, true);
}

void
grant_write(struct scene *scene)
{
    watch_grant(scene, gruvi_stream_fd(scene->ends.stream), UV_WRITABLE);
    peer_drains(&scene->ends);
}

/* --- accepting --------------------------------------------------------------
 */

void
open_listener(struct scene *scene)
{
    scene->listener = net_listen(NET_UNIX, scene->address);
    scene->ends.peer = -1;
}

void
close_listener(struct scene *scene)
{
    gruvi_listener_close(scene->listener);
    close_ends(&scene->ends);
}

int
call_accept(struct scene *scene, double timeout)
{
    gruvi_stream_t *stream;
    int err = gruvi_accept(scene->listener, &stream, timeout);

    ck_assert_int_eq(stream != NULL, err == 0);
    if (err == 0)
        scene->ends.stream = stream;
    return err;
}

void
grant_accept(struct scene *scene)
{
    watch_grant(scene, scene->listener->socket.fd, UV_READABLE);
    scene->ends.peer = net_connect(scene->address);
}

static int
never_called(gruvi_stream_t *stream, void *arg)
{
    (void)stream;
    (void)arg;
    ck_abort_msg("nobody connects");
    return 0;
}

int
call_serve(struct scene *scene, double timeout)
{
    (void)timeout;
    return gruvi_serve(scene->listener, never_called, NULL, NULL);
}
