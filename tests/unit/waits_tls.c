/* SPDX-License-Identifier: MIT */
/* Those that wait for sockets below TLS. */
#include "unit/waits.h"

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
    scene->spoiled = false;
}

void
open_tls_stream(struct scene *scene)
{
    open_with(scene, true);
}

void
open_full_tls_stream(struct scene *scene)
{
    open_with(scene, true);
    shrink(&scene->ends);
    fill_up(scene->ends.stream);
}

void
open_silent_tls_stream(struct scene *scene)
{
    open_with(scene, false);
}

void
close_tls_stream(struct scene *scene)
{
    gruvi_stream_close(scene->ends.stream);
    peer_free(scene->tls);
    free(scene->tls);
}

void
grant_tls_read(struct scene *scene)
{
    watch_grant(scene, gruvi_stream_fd(scene->ends.stream), UV_READABLE);
    ck_assert_int_eq(SSL_write(scene->tls->ssl, "\n", 1), 1);
}

int
call_tls_write(struct scene *scene, double timeout)
{
    int err;

    if (scene->spoiled) {
        close_tls_stream(scene);
        open_full_tls_stream(scene);
    }
    gruvi_stream_set_timeout(scene->ends.stream, timeout);
    err = gruvi_stream_write(scene->ends.stream, "x", 1);
    scene->spoiled = err < 0 && err != UV_EINVAL;
    return err;
}

int
call_handshake(struct scene *scene, double timeout)
{
    return gruvi_tls_handshake(scene->ends.stream, timeout);
}

/* A handshake takes several turns; what ends it at once is nonsense. */
void
grant_handshake(struct scene *scene)
{
    watch_grant(scene, gruvi_stream_fd(scene->ends.stream), UV_READABLE);
    peer_says(&scene->ends, "nonsense");
}
#endif
