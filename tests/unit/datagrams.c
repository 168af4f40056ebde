/* SPDX-License-Identifier: MIT */
#include "unit/datagrams.h"

#include <fcntl.h>

gruvi_udp_t *
bind_udp(const char *where, gruvi_sockaddr_t *at)
{
    char address[GRUVI_ADDRESS_SIZE];
    gruvi_udp_t *udp;

    ck_assert_int_eq(gruvi_udp_bind(&udp, where, NULL), 0);
    ck_assert_int_eq(gruvi_udp_address(udp, address, sizeof address), 0);
    ck_assert_int_eq(gruvi_sockaddr_parse(at, address), 0);
    return udp;
}

void
open_post(struct post *post)
{
    post->udp = bind_udp("udp://127.0.0.1:0", &post->at);
    ck_assert_int_eq(
        gruvi_udp_address(post->udp, post->address, sizeof post->address), 0);
    post->peer = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    ck_assert_int_ge(post->peer, 0);
    ck_assert_int_eq(
        connect(post->peer, (struct sockaddr *)&post->at.at, post->at.length),
        0);
    post->peer_at.length = sizeof post->peer_at.at;
    ck_assert_int_eq(getsockname(post->peer,
                                 (struct sockaddr *)&post->peer_at.at,
                                 &post->peer_at.length),
                     0);
}

void
close_post(struct post *post)
{
    gruvi_udp_close(post->udp);
    close(post->peer);
}

void
peer_sends(struct post *post, const char *text)
{
    ck_assert_int_eq(send(post->peer, text, strlen(text), 0),
                     (ssize_t)strlen(text));
}

void
peer_gets(struct post *post, const char *text)
{
    char buf[2048];
    ssize_t n = recv(post->peer, buf, sizeof buf, 0);

    ck_assert_int_eq(n, (ssize_t)strlen(text));
    ck_assert_mem_eq(buf, text, strlen(text));
}

void
hears_datagram(struct post *post, const char *text)
{
    char buf[2048];
    gruvi_sockaddr_t from;
    ssize_t n =
        gruvi_udp_recv(post->udp, buf, sizeof buf, &from, GRUVI_FOREVER);

    ck_assert_int_eq(n, (ssize_t)strlen(text));
    ck_assert_mem_eq(buf, text, strlen(text));
    ck_assert(gruvi_sockaddr_equal(&from, &post->peer_at));
}

static int
run_recv(void *arg)
{
    struct caller *c = arg;

    c->result =
        gruvi_udp_recv(c->udp, c->buf, sizeof c->buf, &c->from, c->timeout);
    return 0;
}

static int
run_send(void *arg)
{
    struct caller *c = arg;

    c->result = gruvi_udp_send(c->udp, "x", 1, NULL, c->timeout);
    return 0;
}

static void
begin_call(struct caller *c, gruvi_udp_t *udp, gruvi_fiber_fn fn,
           double timeout, const char *what)
{
    memset(c, 0, sizeof *c);
    c->udp = udp;
    c->timeout = timeout;
    c->fiber = spawn(fn, c);
    turns(1);
    if (timeout < 0)
        ck_assert_str_eq(gruvi_fiber_waiting_for(c->fiber), what);
}

void
begin_recv(struct caller *c, gruvi_udp_t *udp, double timeout)
{
    begin_call(c, udp, run_recv, timeout, "receive");
}

void
begin_send(struct caller *c, gruvi_udp_t *udp, double timeout)
{
    begin_call(c, udp, run_send, timeout, "send");
}

ssize_t
end_call(struct caller *c)
{
    finish(c->fiber);
    return c->result;
}

int
fill_udp(gruvi_udp_t *udp)
{
    int fds[2], fd = gruvi_udp_fd(udp);

    ck_assert_int_eq(
        socketpair(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds),
        0);
    ck_assert_int_eq(dup3(fds[0], fd, O_CLOEXEC), fd);
    close(fds[0]);
    while (send(fd, "full", 4, 0) >= 0)
        ;
    ck_assert_int_eq(errno, EAGAIN);
    return fds[1];
}

void
empty_peer(int fd)
{
    char buf[64];

    while (recv(fd, buf, sizeof buf, 0) >= 0)
        ;
    ck_assert_int_eq(errno, EAGAIN);
}
