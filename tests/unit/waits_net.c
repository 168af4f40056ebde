/* SPDX-License-Identifier: MIT */
/* Those of the table that wait for the network, but not for streams. */
#include "unit/waits.h"

#include "unit/calls.h"
#include "unit/datagrams.h"

/* --- names: a resolver that hangs --------------------------------------------
 */

void
open_lookup(struct scene *scene)
{
    (void)scene;
    gruvi_set_pool_sizes(1, 1); /* unless that was done before */
    hold_lookups();
}

int
call_lookup(struct scene *scene, double timeout)
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

void
grant_lookup(struct scene *scene)
{
    call_before(scene);
    answer();
    call_after(scene);
}

void
close_lookup(struct scene *scene)
{
    (void)scene;
    answer();
}

/* --- datagrams --------------------------------------------------------------
 */

void
open_udp(struct scene *scene)
{
    gruvi_sockaddr_t at;

    scene->udp = bind_udp("udp://127.0.0.1:0", &at);
    scene->fds[1] = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    ck_assert_int_eq(
        connect(scene->fds[1], (struct sockaddr *)&at.at, at.length), 0);
}

void
close_udp(struct scene *scene)
{
    gruvi_udp_close(scene->udp);
    close(scene->fds[1]);
}

int
call_udp_recv(struct scene *scene, double timeout)
{
    char buf[2];

    return (int)gruvi_udp_recv(scene->udp, buf, sizeof buf, NULL, timeout);
}

int
call_udp_recv_many(struct scene *scene, double timeout)
{
    char buf[2];
    gruvi_datagram_t datagrams[2] = {{.data = buf, .size = 1},
                                     {.data = buf + 1, .size = 1}};

    return gruvi_udp_recv_many(scene->udp, datagrams, 2, timeout);
}

void
grant_udp_recv(struct scene *scene)
{
    watch_grant(scene, gruvi_udp_fd(scene->udp), UV_READABLE);
    ck_assert_int_eq(send(scene->fds[1], "x", 1, 0), 1);
}

void
open_full_udp(struct scene *scene)
{
    ck_assert_int_eq(gruvi_udp_connect(&scene->udp, "udp://127.0.0.1:9", NULL,
                                       GRUVI_FOREVER),
                     0);
    scene->fds[1] = fill_udp(scene->udp);
}

int
call_udp_send(struct scene *scene, double timeout)
{
    return gruvi_udp_send(scene->udp, "x", 1, NULL, timeout);
}

int
call_udp_send_many(struct scene *scene, double timeout)
{
    gruvi_datagram_t datagram = {.data = (char[]){'x'}, .size = 1};

    return gruvi_udp_send_many(scene->udp, &datagram, 1, timeout);
}

void
grant_udp_send(struct scene *scene)
{
    watch_grant(scene, gruvi_udp_fd(scene->udp), UV_WRITABLE);
    empty_peer(scene->fds[1]);
}
