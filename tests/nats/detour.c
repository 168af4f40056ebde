/* SPDX-License-Identifier: MIT */
#include "nats/detour.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "daemon/run_gruvid.h"

#define MOST   8     /* connections */
#define ROOM   65536 /* bytes of a direction that are on their way */
#define LITTLE 4096  /* that pass at a time, where it is slow */

struct way {
    int from, to;
    bool ended; /* from has nothing more */
    size_t used;
    char bytes[ROOM];
};

struct link {
    int fds[2]; /* of the client, of the server; -1: there is none */
    struct way ways[2];
};

struct detour {
    pthread_t thread;
    int listening, port, target, wake[2];
    int mode, stop;     /* atomic */
    size_t cut, passed; /* atomic; cut: what is left, SIZE_MAX: none */
    struct link links[MOST];
};

/* --- its thread ----------------------------------------------------------- */

static void
break_off(struct link *link)
{
    struct linger linger = {.l_onoff = 1, .l_linger = 0};

    for (int i = 0; i < 2; i++) {
        setsockopt(link->fds[i], SOL_SOCKET, SO_LINGER, &linger, sizeof linger);
        close(link->fds[i]);
        link->fds[i] = -1;
    }
}

static void
take_client(struct detour *d)
{
    int client = accept4(d->listening, NULL, NULL, SOCK_NONBLOCK), server;

    for (int i = 0; client >= 0 && i < MOST; i++) {
        struct link *link = &d->links[i];

        if (link->fds[0] >= 0)
            continue;
        server = connect_port(d->target);
        fcntl(server, F_SETFL, O_NONBLOCK);
        memset(link, 0, sizeof *link);
        link->fds[0] = link->ways[0].from = link->ways[1].to = client;
        link->fds[1] = link->ways[0].to = link->ways[1].from = server;
        return;
    }
    if (client >= 0)
        close(client);
}

static void
fill(struct way *way)
{
    ssize_t n;

    if (way->ended || way->used == ROOM)
        return;
    n = recv(way->from, way->bytes + way->used, ROOM - way->used, MSG_DONTWAIT);
    if (n > 0)
        way->used += (size_t)n;
    else if (n == 0 || (errno != EAGAIN && errno != EINTR))
        way->ended = true;
}

/* false: the connection is to be broken off. */
static bool
empty(struct detour *d, struct way *way, bool counts, bool slow)
{
    size_t most = slow && way->used > LITTLE ? LITTLE : way->used;
    size_t cut = __atomic_load_n(&d->cut, __ATOMIC_RELAXED);
    ssize_t n;

    if (counts && most > cut)
        most = cut;
    n = most == 0
            ? 0
            : send(way->to, way->bytes, most, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (n < 0)
        return errno == EAGAIN || errno == EINTR;
    memmove(way->bytes, way->bytes + n, way->used - (size_t)n);
    way->used -= (size_t)n;
    if (!counts)
        return true;
    __atomic_fetch_add(&d->passed, (size_t)n, __ATOMIC_RELAXED);
    if (cut == SIZE_MAX)
        return true;
    __atomic_store_n(&d->cut, cut - (size_t)n, __ATOMIC_RELAXED);
    if (cut > (size_t)n)
        return true;
    __atomic_store_n(&d->cut, SIZE_MAX, __ATOMIC_RELAXED);
    return false;
}

static void
move(struct detour *d, struct link *link, bool slow)
{
    bool goes_on = true, ended = false;

    for (int i = 0; i < 2 && goes_on; i++) {
        fill(&link->ways[i]);
        goes_on = empty(d, &link->ways[i], i == 0, slow);
        ended |= link->ways[i].ended && link->ways[i].used == 0;
    }
    if (!goes_on) {
        break_off(link);
    } else if (ended) {
        close(link->fds[0]);
        close(link->fds[1]);
        link->fds[0] = link->fds[1] = -1;
    }
}

/* Room for all that waits, or a moment where something is on its way. */
static void
wait_for(struct detour *d, int mode)
{
    struct pollfd fds[2 + 2 * MOST] = {
        {.fd = d->wake[0], .events = POLLIN},
        {.fd = mode == DETOUR_BLOCKED ? -1 : d->listening, .events = POLLIN}};
    nfds_t n = 2;
    bool some = mode == DETOUR_SLOW;
    char c[64];

    for (int i = 0; i < MOST && mode != DETOUR_BLOCKED; i++) {
        for (int w = 0; d->links[i].fds[0] >= 0 && w < 2; w++) {
            struct way *way = &d->links[i].ways[w];

            some |= way->used > 0;
            fds[n].fd = way->ended || way->used == ROOM ? -1 : way->from;
            fds[n++].events = POLLIN;
        }
    }
    poll(fds, n, some ? 1 : -1);
    if (mode == DETOUR_SLOW)
        usleep(1000);
    if (fds[0].revents != 0 && read(d->wake[0], c, sizeof c) < 0)
        abort();
    if (fds[1].revents != 0)
        take_client(d);
}

static void *
run(void *arg)
{
    struct detour *d = arg;

    while (!__atomic_load_n(&d->stop, __ATOMIC_ACQUIRE)) {
        int mode = __atomic_load_n(&d->mode, __ATOMIC_ACQUIRE);

        for (int i = 0; i < MOST && mode != DETOUR_BLOCKED; i++)
            if (d->links[i].fds[0] >= 0)
                move(d, &d->links[i], mode == DETOUR_SLOW);
        wait_for(d, mode);
    }
    for (int i = 0; i < MOST; i++)
        if (d->links[i].fds[0] >= 0)
            break_off(&d->links[i]);
    return NULL;
}

/* --- the test's ----------------------------------------------------------- */

static void
wake(struct detour *d)
{
    ck_assert_int_eq(write(d->wake[1], "", 1), 1);
}

struct detour *
detour_begin(int target)
{
    struct sockaddr_in at = {.sin_family = AF_INET,
                             .sin_addr = {htonl(INADDR_LOOPBACK)}};
    socklen_t size = sizeof at;
    struct detour *d = calloc(1, sizeof *d);

    ck_assert_ptr_nonnull(d);
    d->target = target;
    d->cut = SIZE_MAX;
    for (int i = 0; i < MOST; i++)
        d->links[i].fds[0] = -1;
    d->listening = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    ck_assert_int_eq(bind(d->listening, (struct sockaddr *)&at, sizeof at), 0);
    ck_assert_int_eq(listen(d->listening, 8), 0);
    getsockname(d->listening, (struct sockaddr *)&at, &size);
    d->port = ntohs(at.sin_port);
    ck_assert_int_eq(pipe2(d->wake, O_CLOEXEC), 0);
    ck_assert_int_eq(pthread_create(&d->thread, NULL, run, d), 0);
    return d;
}

int
detour_port(const struct detour *d)
{
    return d->port;
}

void
detour_end(struct detour *d)
{
    __atomic_store_n(&d->stop, 1, __ATOMIC_RELEASE);
    wake(d);
    pthread_join(d->thread, NULL);
    close(d->listening);
    close(d->wake[0]);
    close(d->wake[1]);
    free(d);
}

void
detour_set(struct detour *d, enum detour_mode mode)
{
    __atomic_store_n(&d->mode, mode, __ATOMIC_RELEASE);
    wake(d);
}

void
detour_cut(struct detour *d, size_t bytes)
{
    __atomic_store_n(&d->cut, bytes, __ATOMIC_RELAXED);
}

size_t
detour_passed(const struct detour *d)
{
    return __atomic_load_n(&d->passed, __ATOMIC_RELAXED);
}
