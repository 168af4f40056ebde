/* SPDX-License-Identifier: MIT */
#include "unit/bad_network.h"

#include <fcntl.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "io/socket/address.h"

#define MOST 32 /* connections */
#define ROOM 16384

/* One direction of a connection. */
struct way {
    int from, to; /* those of the link */
    size_t used;
    int held;   /* passes for which nothing is passed on */
    bool ended; /* from has nothing more */
    bool shut;  /* and to has been told */
    char buf[ROOM];
};

struct link {
    struct way ways[2];
    int fds[2];  /* -1: there is none */
    size_t left; /* bytes before it is cut */
    bool doomed;
};

struct bad_network {
    pthread_t thread;
    int listener, kind;
    int stop[2]; /* a pipe */
    char address[GRUVI_ADDRESS_SIZE], target[GRUVI_ADDRESS_SIZE];
    unsigned short random[3];
    size_t cut_below;
    struct bad_network_count count;
    struct link links[MOST];
};

static size_t
pick(struct bad_network *proxy, size_t n)
{
    return (size_t)nrand48(proxy->random) % n;
}

/* Of at least one byte some: often very few, often all. */
static size_t
some(struct bad_network *proxy, size_t n)
{
    static const size_t bounds[] = {1, 16, 1000, ROOM, ROOM, ROOM};
    size_t bound = bounds[pick(proxy, sizeof bounds / sizeof *bounds)];

    if (bound > n)
        return n;
    return bound < ROOM ? 1 + pick(proxy, bound) : n;
}

/* --- links ------------------------------------------------------------------
 */

static void
open_link(struct bad_network *proxy)
{
    int on = 1, fd = accept(proxy->listener, NULL, NULL);
    struct link *link = proxy->links;

    ck_assert_int_ge(fd, 0);
    while (link < proxy->links + MOST && link->fds[0] >= 0)
        link++;
    ck_assert(link < proxy->links + MOST);
    memset(link->ways, 0, sizeof link->ways);
    link->fds[0] = fd;
    link->fds[1] = net_connect(proxy->target);
    for (int side = 0; side < 2; side++) {
        link->ways[side].from = side;
        link->ways[side].to = !side;
        ck_assert_int_eq(fcntl(link->fds[side], F_SETFL, O_NONBLOCK), 0);
        /* Fails with what is not TCP. */
        setsockopt(link->fds[side], IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    }
    proxy->count.connections++;
    link->doomed = proxy->cut_below > 0 && pick(proxy, 2) == 0;
    link->left = link->doomed ? pick(proxy, proxy->cut_below) : SIZE_MAX;
}

static void
close_link(struct link *link)
{
    for (int side = 0; side < 2; side++) {
        if (link->fds[side] >= 0)
            close(link->fds[side]);
        link->fds[side] = -1;
    }
}

/* With a reset, where it is TCP. */
static void
cut_link(struct bad_network *proxy, struct link *link)
{
    struct linger linger = {.l_onoff = 1, .l_linger = 0};

    for (int side = 0; side < 2; side++)
        setsockopt(link->fds[side], SOL_SOCKET, SO_LINGER, &linger,
                   sizeof linger);
    close_link(link);
    proxy->count.cuts++;
}

/* --- ways -------------------------------------------------------------------
 */

static void
take(struct bad_network *proxy, struct link *link, struct way *way)
{
    size_t len = some(proxy, ROOM - way->used);
    ssize_t n = recv(link->fds[way->from], way->buf + way->used, len, 0);

    if (n > 0) {
        way->used += (size_t)n;
        if (way->held == 0 && pick(proxy, 24) == 0)
            way->held = 1 + (int)pick(proxy, 3);
    } else if (n == 0 || errno != EAGAIN) {
        way->ended = true; /* an error is one for the other side, too */
    }
}

static void
give(struct bad_network *proxy, struct link *link, struct way *way)
{
    size_t len = some(proxy, way->used);
    ssize_t n;

    if (len > link->left)
        len = link->left;
    n = send(link->fds[way->to], way->buf, len, MSG_NOSIGNAL);
    if (n < 0 && errno != EAGAIN) {
        way->used = 0; /* nobody wants it */
        way->ended = true;
    } else if (n > 0) {
        way->used -= (size_t)n;
        memmove(way->buf, way->buf + n, way->used);
        if (link->doomed)
            link->left -= (size_t)n;
    }
}

static short
events_of(const struct link *link, int side)
{
    const struct way *in = &link->ways[side], *out = &link->ways[!side];
    short events = 0;

    if (!in->ended && in->used < ROOM)
        events |= POLLIN;
    if (out->used > 0 && out->held == 0)
        events |= POLLOUT;
    return events;
}

/* It is over when both ways are. */
static void
carry(struct bad_network *proxy, struct link *link, const struct pollfd fds[2])
{
    for (int side = 0; side < 2; side++) {
        struct way *way = &link->ways[side];

        if (fds[way->from].revents != 0 && !way->ended && way->used < ROOM)
            take(proxy, link, way);
        if (way->held > 0)
            way->held--;
        else if (fds[way->to].revents & (POLLOUT | POLLERR) && way->used > 0 &&
                 link->left > 0)
            give(proxy, link, way);
        if (way->ended && way->used == 0 && !way->shut) {
            shutdown(link->fds[way->to], SHUT_WR);
            way->shut = true;
        }
    }
    if (link->doomed && link->left == 0)
        cut_link(proxy, link);
    else if (link->ways[0].shut && link->ways[1].shut)
        close_link(link);
}

/* --- the thread -------------------------------------------------------------
 */

static void
run(void *arg)
{
    struct bad_network *proxy = arg;
    struct pollfd fds[2 + 2 * MOST] = {{proxy->stop[0], POLLIN, 0},
                                       {proxy->listener, POLLIN, 0}};
    bool held;

    while (fds[0].revents == 0) {
        held = false;
        for (int n = 0; n < 2 * MOST; n++) {
            struct link *link = &proxy->links[n / 2];

            fds[2 + n].fd = link->fds[n % 2];
            fds[2 + n].events = events_of(link, n % 2);
            fds[2 + n].revents = 0;
            if (link->fds[0] >= 0 && link->ways[n % 2].held > 0)
                held = true;
            /* poll() would tell of its end again and again. */
            if (fds[2 + n].events == 0)
                fds[2 + n].fd = -1;
        }
        ck_assert_int_ge(poll(fds, 2 + 2 * MOST, held ? 1 : -1), 0);
        for (int n = 0; n < MOST; n++)
            if (proxy->links[n].fds[0] >= 0)
                carry(proxy, &proxy->links[n], &fds[2 + 2 * n]);
        if (fds[1].revents != 0)
            open_link(proxy);
    }
}

static int
open_listener(struct bad_network *proxy)
{
    struct gruvi__address address;
    socklen_t length = sizeof address.at;
    int fd;

    ck_assert_int_eq(gruvi__address_parse(&address, net_address(proxy->kind)),
                     0);
    fd = socket(address.at.any.sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    ck_assert_int_eq(bind(fd, &address.at.any, address.length), 0);
    ck_assert_int_eq(listen(fd, MOST), 0);
    ck_assert_int_eq(getsockname(fd, &address.at.any, &length), 0);
    ck_assert_int_eq(gruvi__address_format(&address.at, length, proxy->address,
                                           sizeof proxy->address),
                     0);
    return fd;
}

struct bad_network *
bad_network_begin(int kind, const char *target, long seed, size_t cut_below)
{
    struct bad_network *proxy = calloc(1, sizeof *proxy);

    ck_assert_ptr_nonnull(proxy);
    proxy->kind = kind;
    proxy->cut_below = cut_below;
    snprintf(proxy->target, sizeof proxy->target, "%s", target);
    for (int n = 0; n < 3; n++)
        proxy->random[n] = (unsigned short)(seed >> 16 * n);
    for (int n = 0; n < MOST; n++)
        proxy->links[n].fds[0] = proxy->links[n].fds[1] = -1;
    ck_assert_int_eq(pipe(proxy->stop), 0);
    proxy->listener = open_listener(proxy);
    proxy->thread = begin_thread(run, proxy);
    return proxy;
}

const char *
bad_network_address(const struct bad_network *proxy)
{
    return proxy->address;
}

struct bad_network_count
bad_network_end(struct bad_network *proxy)
{
    struct bad_network_count count;

    ck_assert_int_eq(write(proxy->stop[1], "x", 1), 1);
    end_thread(proxy->thread);
    for (int n = 0; n < MOST; n++)
        close_link(&proxy->links[n]);
    close(proxy->stop[0]);
    close(proxy->stop[1]);
    close(proxy->listener);
    count = proxy->count;
    free(proxy);
    return count;
}
