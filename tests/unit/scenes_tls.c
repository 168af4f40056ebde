/* SPDX-License-Identifier: MIT */
/* Switchpoints that wait for sockets below TLS. */
#include "unit/scenes.h"

#ifdef HAVE_OPENSSL
#include <stdlib.h>

#include "unit/tls.h"

static void
open_with(struct scene *scene, bool shaken)
{
    struct tls_ends ends;

    open_tls(&ends, shaken);
    scene->tls = malloc(sizeof *scene->tls);
    *scene->tls = ends.peer;
    scene->ends.stream = ends.stream;
    scene->ends.peer = ends.peer.fd;
}

static void
open_tls_stream(struct scene *scene)
{
    open_with(scene, true);
}

static void
open_full_tls_stream(struct scene *scene)
{
    open_with(scene, true);
    shrink(&scene->ends);
    fill_up(scene->ends.stream);
}

static void
open_silent_tls_stream(struct scene *scene)
{
    open_with(scene, false);
}

static void
close_tls_stream(struct scene *scene)
{
    gruvi_stream_close(scene->ends.stream);
    peer_free(scene->tls);
    free(scene->tls);
}

static void
grant_tls_read(struct scene *scene)
{
    watch_grant(scene, gruvi_stream_fd(scene->ends.stream), UV_READABLE);
    ck_assert_int_eq(SSL_write(scene->tls->ssl, "\n", 1), 1);
}

SCENE_CALL(call_tls_write)
{
    renew_stream(scene, timeout);
    return note_write(scene, gruvi_stream_write(scene->ends.stream, "x", 1), 1);
}

SCENE_CALL(call_handshake)
{
    return gruvi_tls_handshake(scene->ends.stream, timeout);
}

/* After a failure of TLS only another stream will do. */
static int
note_start(struct scene *scene, int result)
{
    gruvi_tls_info_t info;

    scene->spoiled = gruvi_tls_info(scene->ends.stream, &info) != UV_EINVAL;
    return result;
}

static void
open_for_client(struct scene *scene)
{
    open_stream(scene);
    scene->credentials = client_of("ca.pem");
}

static void
open_for_server(struct scene *scene)
{
    open_stream(scene);
    scene->credentials = server_of("good");
}

static void
close_with_credentials(struct scene *scene)
{
    gruvi_tls_unref(scene->credentials);
    close_stream(scene);
}

SCENE_CALL(call_start_client)
{
    renew_stream(scene, GRUVI_FOREVER);
    return note_start(scene, gruvi_tls_start_client(scene->ends.stream,
                                                    scene->credentials,
                                                    "localhost", timeout));
}

SCENE_CALL(call_start_server)
{
    renew_stream(scene, GRUVI_FOREVER);
    return note_start(scene,
                      gruvi_tls_start_server(scene->ends.stream,
                                             scene->credentials, timeout));
}

/* A handshake takes several turns; what ends it at once is nonsense. */
static void
grant_handshake(struct scene *scene)
{
    watch_grant(scene, gruvi_stream_fd(scene->ends.stream), UV_READABLE);
    peer_says(&scene->ends, "nonsense");
}

const struct scene_row tls_scenes[] = {
    {"gruvi_stream_read", "read", SCENE_TIMED_WAIT, 1, open_tls_stream,
     scene_read, grant_tls_read, close_tls_stream},
    {"gruvi_stream_read_exact", "read", SCENE_TIMED_WAIT | SCENE_ALLOCATES, 0,
     open_tls_stream, scene_read_exact, grant_tls_read, close_tls_stream},
    {"gruvi_stream_read_line", "read", SCENE_TIMED_WAIT | SCENE_ALLOCATES, 1,
     open_tls_stream, scene_read_line, grant_tls_read, close_tls_stream},
    {"gruvi_stream_write", "write", SCENE_TIMED_WAIT | SCENE_ALLOCATES, 0,
     open_full_tls_stream, call_tls_write, grant_write, close_tls_stream},
    {"gruvi_tls_handshake", "handshake", SCENE_TIMED_WAIT | SCENE_ALLOCATES,
     UV_EPROTO, open_silent_tls_stream, call_handshake, grant_handshake,
     close_tls_stream},
    {"gruvi_tls_start_client", "handshake", SCENE_TIMED_WAIT | SCENE_ALLOCATES,
     UV_EPROTO, open_for_client, call_start_client, grant_handshake,
     close_with_credentials},
    {"gruvi_tls_start_server", "handshake", SCENE_TIMED_WAIT | SCENE_ALLOCATES,
     UV_EPROTO, open_for_server, call_start_server, grant_handshake,
     close_with_credentials},
    {0},
};
#else
SCENE_CALL(call_handshake)
{
    return gruvi_tls_handshake(scene->ends.stream, timeout);
}

SCENE_CALL(call_start_client)
{
    return gruvi_tls_start_client(scene->ends.stream, NULL, "localhost",
                                  timeout);
}

SCENE_CALL(call_start_server)
{
    return gruvi_tls_start_server(scene->ends.stream, NULL, timeout);
}

const struct scene_row tls_scenes[] = {
    {"gruvi_tls_handshake", NULL, SCENE_READY, UV_ENOTSUP, open_stream,
     call_handshake, NULL, close_stream},
    {"gruvi_tls_start_client", NULL, SCENE_READY, UV_ENOTSUP, open_stream,
     call_start_client, NULL, close_stream},
    {"gruvi_tls_start_server", NULL, SCENE_READY, UV_ENOTSUP, open_stream,
     call_start_server, NULL, close_stream},
    {0},
};
#endif
