/* SPDX-License-Identifier: MIT */
/* Switchpoints of streams and listeners. */
#include <stdarg.h>

#include "unit/scenes.h"

#include "io/connection/listener.h"

/* --- reading: an empty line, which suits all four ---------------------------
 */

void
open_stream(struct scene *scene)
{
    open_ends(&scene->ends, NET_UNIX);
}

int
scene_read(struct scene *scene, double timeout)
{
    char c;

    gruvi_stream_set_timeout(scene->ends.stream, timeout);
    return (int)gruvi_stream_read(scene->ends.stream, &c, 1);
}

int
scene_read_exact(struct scene *scene, double timeout)
{
    char c;

    gruvi_stream_set_timeout(scene->ends.stream, timeout);
    return gruvi_stream_read_exact(scene->ends.stream, &c, 1);
}

int
scene_read_line(struct scene *scene, double timeout)
{
    char buf[10];

    gruvi_stream_set_timeout(scene->ends.stream, timeout);
    return (int)gruvi_stream_read_line(scene->ends.stream, buf, sizeof buf);
}

SCENE_CALL(call_read_text)
{
    char buf[10];

    gruvi_stream_set_timeout(scene->ends.stream, timeout);
    return (int)gruvi_stream_read_text(scene->ends.stream, buf, sizeof buf);
}

SCENE_CALL(call_peek)
{
    char c;

    gruvi_stream_set_timeout(scene->ends.stream, timeout);
    return (int)gruvi_stream_peek(scene->ends.stream, &c, 1);
}

SCENE_CALL(call_front)
{
    char c;

    return (int)gruvi__stream_front(scene->ends.stream, &c, 1, timeout);
}

SCENE_CALL(call_peek_exact)
{
    char c;

    gruvi_stream_set_timeout(scene->ends.stream, timeout);
    return gruvi_stream_peek_exact(scene->ends.stream, &c, 1);
}

SCENE_CALL(call_take)
{
    char *data;

    gruvi_stream_set_timeout(scene->ends.stream, timeout);
    return (int)gruvi_stream_take(scene->ends.stream, &data);
}

static void
grant_read(struct scene *scene)
{
    watch_grant(scene, gruvi_stream_fd(scene->ends.stream), UV_READABLE);
    peer_says(&scene->ends, "\n");
}

/* --- writing ----------------------------------------------------------------
 */

void
open_full_stream(struct scene *scene)
{
    open_ends(&scene->ends, NET_UNIX);
    fill_up(scene->ends.stream);
    scene->emptied = false;
    scene->sent = 0;
}

/* The peer has what was written, and nothing that was refused. */
void
close_stream(struct scene *scene)
{
    if (scene->emptied)
        ck_assert_uint_eq(peer_drains(&scene->ends), scene->sent);
    close_ends(&scene->ends);
}

void
renew_stream(struct scene *scene, double timeout)
{
    if (scene->spoiled) {
        close_scene(scene);
        scene->row->open(scene);
    }
    scene->spoiled = false;
    gruvi_stream_set_timeout(scene->ends.stream, timeout);
}

int
note_write(struct scene *scene, int result, size_t len)
{
    if (result >= 0)
        scene->sent += len;
    else
        scene->spoiled = result != UV_EINVAL && result != UV_EPERM;
    return result;
}

SCENE_CALL(call_write)
{
    renew_stream(scene, timeout);
    return note_write(scene, gruvi_stream_write(scene->ends.stream, "x", 1), 1);
}

SCENE_CALL(call_writev)
{
    uv_buf_t bufs[2] = {uv_buf_init("x", 1), uv_buf_init("y", 1)};

    renew_stream(scene, timeout);
    return note_write(scene, gruvi_stream_writev(scene->ends.stream, bufs, 2),
                      2);
}

SCENE_CALL(call_printf)
{
    renew_stream(scene, timeout);
    return note_write(scene, gruvi_stream_printf(scene->ends.stream, "x"), 1);
}

static int
vprintf_x(gruvi_stream_t *s, const char *format, ...)
{
    va_list args;
    int err;

    va_start(args, format);
    err = gruvi_stream_vprintf(s, format, args);
    va_end(args);
    return err;
}

SCENE_CALL(call_vprintf)
{
    renew_stream(scene, timeout);
    return note_write(scene, vprintf_x(scene->ends.stream, "x"), 1);
}

void
grant_write(struct scene *scene)
{
    watch_grant(scene, gruvi_stream_fd(scene->ends.stream), UV_WRITABLE);
    peer_drains(&scene->ends);
    scene->emptied = true;
}

SCENE_CALL(call_shutdown)
{
    return gruvi_stream_shutdown(scene->ends.stream);
}

/* --- connections ------------------------------------------------------------
 */

static void
open_listener(struct scene *scene)
{
    scene->listener = net_listen(NET_UNIX, scene->address);
    scene->ends.peer = -1;
}

static void
close_listener(struct scene *scene)
{
    gruvi_listener_close(scene->listener);
    close_ends(&scene->ends);
}

SCENE_CALL(call_listen)
{
    gruvi_listener_t *listener = (void *)scene;
    int err = gruvi_listen(&listener, "tcp://127.0.0.1:0", NULL);

    ck_assert_int_eq(listener != NULL, err == 0);
    gruvi_listener_close(listener);
    return err;
}

SCENE_CALL(call_connect)
{
    gruvi_stream_t *stream = (void *)scene;
    int err = gruvi_connect(&stream, scene->address, NULL, GRUVI_FOREVER);

    ck_assert_int_eq(stream != NULL, err == 0);
    gruvi_stream_close(stream);
    return err;
}

SCENE_CALL(call_accept)
{
    gruvi_stream_t *stream = (void *)scene;
    int err = gruvi_accept(scene->listener, &stream, timeout);

    ck_assert_int_eq(stream != NULL, err == 0);
    if (err == 0)
        scene->ends.stream = stream;
    return err;
}

static void
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

SCENE_CALL(call_serve)
{
    return gruvi_serve(scene->listener, never_called, NULL, NULL);
}

const struct scene_row stream_scenes[] = {
    {"gruvi_stream_read", "read", SCENE_TIMED_WAIT | SCENE_ALLOCATES, 1,
     open_stream, scene_read, grant_read, close_stream},
    {"gruvi_stream_read_exact", "read", SCENE_TIMED_WAIT | SCENE_ALLOCATES, 0,
     open_stream, scene_read_exact, grant_read, close_stream},
    {"gruvi_stream_read_line", "read", SCENE_TIMED_WAIT | SCENE_ALLOCATES, 1,
     open_stream, scene_read_line, grant_read, close_stream},
    {"gruvi_stream_read_text", "read", SCENE_TIMED_WAIT | SCENE_ALLOCATES, 0,
     open_stream, call_read_text, grant_read, close_stream},
    {"gruvi_stream_peek", "read", SCENE_TIMED_WAIT | SCENE_ALLOCATES, 1,
     open_stream, call_peek, grant_read, close_stream},
    {"gruvi_stream_peek_exact", "read", SCENE_TIMED_WAIT | SCENE_ALLOCATES, 0,
     open_stream, call_peek_exact, grant_read, close_stream},
    {"gruvi__stream_front", "front", SCENE_TIMED_WAIT | SCENE_ALLOCATES, 1,
     open_stream, call_front, grant_read, close_stream},
    {"gruvi_stream_take", "read", SCENE_TIMED_WAIT | SCENE_ALLOCATES, 1,
     open_stream, call_take, grant_read, close_stream},
    {"gruvi_stream_write", "write", SCENE_TIMED_WAIT | SCENE_ALLOCATES, 0,
     open_full_stream, call_write, grant_write, close_stream},
    {"gruvi_stream_writev", "write", SCENE_TIMED_WAIT | SCENE_ALLOCATES, 0,
     open_full_stream, call_writev, grant_write, close_stream},
    {"gruvi_stream_printf", "write", SCENE_TIMED_WAIT | SCENE_ALLOCATES, 0,
     open_full_stream, call_printf, grant_write, close_stream},
    {"gruvi_stream_vprintf", "write", SCENE_TIMED_WAIT | SCENE_ALLOCATES, 0,
     open_full_stream, call_vprintf, grant_write, close_stream},
    {"gruvi_stream_shutdown", NULL, SCENE_READY, 0, open_stream, call_shutdown,
     NULL, close_stream},
    {"gruvi_listen", NULL, SCENE_READY | SCENE_ALLOCATES, 0, open_nothing,
     call_listen, NULL, open_nothing},
    {"gruvi_connect", NULL, SCENE_READY | SCENE_ALLOCATES, 0, open_listener,
     call_connect, NULL, close_listener},
    {"gruvi_accept", "accept", SCENE_TIMED_WAIT | SCENE_ALLOCATES, 0,
     open_listener, call_accept, grant_accept, close_listener},
    {"gruvi_serve", "accept", SCENE_WAITS | SCENE_ALLOCATES, 0, open_listener,
     call_serve, NULL, close_listener},
    {0},
};
