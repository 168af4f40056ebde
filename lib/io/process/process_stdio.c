/* SPDX-License-Identifier: MIT */
/*
 * Standard input, output and error of a process.  Pipes are pairs of Unix
 * sockets, because streams use send() and recv(); each leads one way only.
 */
#include <errno.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/descriptor.h"
#include "io/process/process.h"
#include "io/stream/stream.h"

static void
close_descriptor(int *fd)
{
    if (*fd >= 0)
        close(*fd);
    *fd = -1;
}

static int
open_pipe(struct gruvi__stdio *stdio, gruvi_hub_t *hub, int i)
{
    gruvi_stream_t *s = gruvi__stream_new(hub);
    int ends[2];

    if (s == NULL)
        return UV_ENOMEM;
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) < 0 ||
        gruvi__fd_own_pair(ends) < 0) {
        int err = -errno;

        gruvi__stream_free(s);
        return err;
    }
    fcntl(ends[0], F_SETFL, O_NONBLOCK);
    shutdown(ends[0], i == 0 ? SHUT_RD : SHUT_WR);
    s->write_only = i == 0;
    s->write_dead = i != 0;
    s->socket.fd = ends[0];
    stdio->streams[i] = s;
    stdio->ends[i] = ends[1];
    return 0;
}

/* What is close-on-exec is no standard stream: another thread has opened it
 * where one was closed. */
static int
inherited(int fd)
{
    int flags = fcntl(fd, F_GETFD);

    return flags < 0 || (flags & FD_CLOEXEC) ? -1 : fd;
}

static int
open_one(struct gruvi__stdio *stdio, gruvi_hub_t *hub, int i,
         const gruvi_stdio_t *option)
{
    int err;

    switch (option->kind) {
    case GRUVI_STDIO_NULL:
        return 0;
    case GRUVI_STDIO_INHERIT:
        stdio->fds[i] = inherited(i);
        return 0;
    case GRUVI_STDIO_FD:
        if (option->fd < 0 || fcntl(option->fd, F_GETFD) < 0)
            return UV_EBADF;
        stdio->fds[i] = option->fd;
        return 0;
    case GRUVI_STDIO_STDOUT:
        if (i != 2)
            return UV_EINVAL;
        stdio->fds[2] = stdio->fds[1];
        return 0;
    case GRUVI_STDIO_PIPE:
        err = open_pipe(stdio, hub, i);
        stdio->fds[i] = stdio->ends[i];
        return err;
    default:
        return UV_EINVAL;
    }
}

int
gruvi__stdio_open(struct gruvi__stdio *stdio, gruvi_hub_t *hub,
                  const gruvi_stdio_t options[3])
{
    int i, err = 0;

    *stdio = (struct gruvi__stdio){.fds = {-1, -1, -1}, .ends = {-1, -1, -1}};
    for (i = 0; i < 3 && err == 0; i++)
        err = open_one(stdio, hub, i, &options[i]);
    if (err < 0)
        gruvi__stdio_close(stdio);
    return err;
}

void
gruvi__stdio_close_ends(struct gruvi__stdio *stdio)
{
    for (int i = 0; i < 3; i++)
        close_descriptor(&stdio->ends[i]);
}

void
gruvi__stdio_close(struct gruvi__stdio *stdio)
{
    gruvi__stdio_close_ends(stdio);
    for (int i = 0; i < 3; i++) {
        gruvi_stream_close(stdio->streams[i]);
        stdio->streams[i] = NULL;
    }
}
