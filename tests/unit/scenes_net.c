/* SPDX-License-Identifier: MIT */
/* Switchpoints of names and datagrams. */
#include "unit/scenes.h"

#include "unit/calls.h"
#include "unit/datagrams.h"

/* --- names: a resolver that hangs --------------------------------------------
 */

static void
open_lookup(struct scene *scene)
{
    (void)scene;
    gruvi_set_pool_sizes(1, 1); /* unless that was done before */
    hold_lookups();
}

SCENE_CALL(call_lookup)
{
    struct addrinfo *result = (void *)scene;
    int err = gruvi_getaddrinfo("slow.test", NULL, NULL, &result, timeout);

    ck_assert_int_eq(result != NULL, err == 0);
    gruvi_freeaddrinfo(result);
    return err;
}

/* The hub stands still until it is answered, also where that takes as long as
 * nobody waits. */
static void
answer(void)
{
    gruvi_pool_stats_t stats;

    release_lookups();
    for (;;) {
        gruvi_pool_stats(gruvi_get_io_pool(), &stats);
        if (stats.busy + stats.queued == 0)
            return;
        uv_sleep(1);
    }
}

static void
grant_lookup(struct scene *scene)
{
    call_before(scene);
    answer();
    call_after(scene);
}

static void
close_lookup(struct scene *scene)
{
    (void)scene;
    answer();
}

/* --- datagrams --------------------------------------------------------------
 */

static void
open_udp(struct scene *scene)
{
    gruvi_sockaddr_t at;

    scene->udp = bind_udp("udp://127.0.0.1:0", &at);
    scene->fds[1] = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    ck_assert_int_eq(
        connect(scene->fds[1], (struct sockaddr *)&at.at, at.length), 0);
}

static void
close_udp(struct scene *scene)
{
    gruvi_udp_close(scene->udp);
    close(scene->fds[1]);
}

SCENE_CALL(call_udp_recv)
{
    char buf[2];

    return (int)gruvi_udp_recv(scene->udp, buf, sizeof buf, NULL, timeout);
}

SCENE_CALL(call_udp_recv_many)
{
    char buf[2];
    gruvi_datagram_t datagrams[2] = {{.data = buf, .size = 1},
                                     {.data = buf + 1, .size = 1}};

    return gruvi_udp_recv_many(scene->udp, datagrams, 2, timeout);
}

static void
grant_udp_recv(struct scene *scene)
{
    watch_grant(scene, gruvi_udp_fd(scene->udp), UV_READABLE);
    ck_assert_int_eq(send(scene->fds[1], "x", 1, 0), 1);
}

/* After grant the peer has got just what was sent. */
static void
close_full_udp(struct scene *scene)
{
    size_t received = 0;
    char c;

    if (scene->emptied) {
        while (recv(scene->fds[1], &c, 1, 0) == 1)
            received++;
        ck_assert_uint_eq(received, scene->sent);
    }
    close_udp(scene);
}

static void
open_full_udp(struct scene *scene)
{
    ck_assert_int_eq(gruvi_udp_connect(&scene->udp, "udp://127.0.0.1:9", NULL,
                                       GRUVI_FOREVER),
                     0);
    scene->fds[1] = fill_udp(scene->udp);
}

SCENE_CALL(call_udp_send)
{
    int err = gruvi_udp_send(scene->udp, "x", 1, NULL, timeout);

    scene->sent += err == 0;
    return err;
}

SCENE_CALL(call_udp_send_many)
{
    gruvi_datagram_t datagram = {.data = (char[]){'x'}, .size = 1};
    int n = gruvi_udp_send_many(scene->udp, &datagram, 1, timeout);

    scene->sent += n == 1;
    return n;
}

static void
grant_udp_send(struct scene *scene)
{
    watch_grant(scene, gruvi_udp_fd(scene->udp), UV_WRITABLE);
    empty_peer(scene->fds[1]);
    scene->emptied = true;
}

SCENE_CALL(call_udp_bind)
{
    gruvi_udp_t *udp = (void *)scene;
    int err = gruvi_udp_bind(&udp, "udp://127.0.0.1:0", NULL);

    ck_assert_int_eq(udp != NULL, err == 0);
    gruvi_udp_close(udp);
    return err;
}

SCENE_CALL(call_udp_connect)
{
    gruvi_udp_t *udp = (void *)scene;
    int err = gruvi_udp_connect(&udp, "udp://127.0.0.1:9", NULL, GRUVI_FOREVER);

    ck_assert_int_eq(udp != NULL, err == 0);
    gruvi_udp_close(udp);
    return err;
}

const struct scene_row net_scenes[] = {
    {"gruvi_getaddrinfo", "resolve", SCENE_TIMED_WAIT | SCENE_ALLOCATES, 0,
     open_lookup, call_lookup, grant_lookup, close_lookup},
    {"gruvi_udp_bind", NULL, SCENE_READY | SCENE_ALLOCATES, 0, open_nothing,
     call_udp_bind, NULL, open_nothing},
    {"gruvi_udp_connect", NULL, SCENE_READY | SCENE_ALLOCATES, 0, open_nothing,
     call_udp_connect, NULL, open_nothing},
    {"gruvi_udp_recv", "receive", SCENE_TIMED_WAIT | SCENE_ALLOCATES, 1,
     open_udp, call_udp_recv, grant_udp_recv, close_udp},
    {"gruvi_udp_recv_many", "receive", SCENE_TIMED_WAIT | SCENE_ALLOCATES, 1,
     open_udp, call_udp_recv_many, grant_udp_recv, close_udp},
    {"gruvi_udp_send", "send", SCENE_TIMED_WAIT | SCENE_ALLOCATES, 0,
     open_full_udp, call_udp_send, grant_udp_send, close_full_udp},
    {"gruvi_udp_send_many", "send", SCENE_TIMED_WAIT | SCENE_ALLOCATES, 1,
     open_full_udp, call_udp_send_many, grant_udp_send, close_full_udp},
    {0},
};
