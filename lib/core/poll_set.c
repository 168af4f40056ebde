/* SPDX-License-Identifier: MIT */
/*
 * What a hub waits with.
 *
 *   set of the hub ---- sockets
 *                  ---- inbox
 *                  ---- set of libuv ---- all other descriptors
 *
 * Sockets are in a set of their own, because a handle of libuv costs a
 * connection two system calls more, 0.3 KB, and each event a few lines that are
 * in no cache.  The hub waits with this set, so that a turn in which sockets
 * are all there is has one system call.  Libuv's loop runs, and asks its set,
 * when that is ready, a timer is due, or a handle was started: never while it
 * waits.
 *
 * An event names the descriptor and its generation.  So what is told of a
 * descriptor that was closed meanwhile, and may be another one, is passed over.
 *
 * Closing a descriptor takes it out of the set, if no other process has a copy:
 * see forks.h.
 */
#include "core/poll_set.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include <gruvi/log.h>

#include "base/descriptor.h"
#include "base/likely.h"
#include "base/threads.h"
#include "core/clock.h"
#include "core/hub.h"
#include "core/signals.h"

/* Events a turn.  What they touch should still be in a near cache when their
 * fibers run. */
#define BATCH 128

/* So many events ahead a socket is fetched, and what it leads to. */
#define FAR  8
#define NEAR 4

/* Names that no descriptor has. */
#define LOOP  UINT64_MAX
#define INBOX (UINT64_MAX - 1)

static int
add(int set, int fd, uint64_t name)
{
    struct epoll_event event = {.events = EPOLLIN, .data.u64 = name};

    return epoll_ctl(set, EPOLL_CTL_ADD, fd, &event) < 0
               ? uv_translate_sys_error(errno)
               : 0;
}

int
gruvi__poll_set_open(gruvi_hub_t *hub)
{
    int fd = gruvi__fd_own(epoll_create1(EPOLL_CLOEXEC)), err;

    if (fd < 0)
        return uv_translate_sys_error(errno);
    if ((err = add(fd, uv_backend_fd(&hub->loop), LOOP)) < 0 ||
        (err = add(fd, hub->inbox.fd, INBOX)) < 0) {
        close(fd);
        return err;
    }
    hub->set = (struct gruvi__poll_set){.fd = fd};
    return 0;
}

void
gruvi__poll_set_close(gruvi_hub_t *hub)
{
    struct gruvi__poll_set *set = &hub->set;

    for (int fd = 0; fd < set->size; fd++)
        if (set->slots[fd].fn != NULL)
            gruvi_warning("the hub closes watches that were left on descriptor"
                          " %d",
                          fd);
    free(set->slots);
    close(set->fd);
    *set = (struct gruvi__poll_set){.fd = -1};
}

static int
grow(struct gruvi__poll_set *set, int fd)
{
    int size = set->size == 0 ? 64 : set->size;
    struct gruvi__poll_slot *slots;

    while (size <= fd)
        size *= 2;
    slots = realloc(set->slots, (size_t)size * sizeof *slots);
    if (slots == NULL)
        return UV_ENOMEM;
    memset(slots + set->size, 0, (size_t)(size - set->size) * sizeof *slots);
    set->slots = slots;
    set->size = size;
    return 0;
}

/* Tell epoll what is asked for now, where it has changed. */
static int
change(struct gruvi__poll_set *set, int fd, unsigned events)
{
    struct gruvi__poll_slot *slot = &set->slots[fd];
    struct epoll_event event = {.events =
                                    (events & UV_READABLE ? EPOLLIN : 0U) |
                                    (events & UV_WRITABLE ? EPOLLOUT : 0U)};
    int op = events == 0         ? EPOLL_CTL_DEL
             : slot->events == 0 ? EPOLL_CTL_ADD
                                 : EPOLL_CTL_MOD;

    if (op == EPOLL_CTL_ADD)
        slot->generation++;
    event.data.u64 = (uint64_t)slot->generation << 32 | (unsigned)fd;
    slot->events = (uint8_t)events;
    if (epoll_ctl(set->fd, op, fd, &event) == 0 || op == EPOLL_CTL_DEL)
        return 0;
    /* The program has put another file in its place. */
    if (op == EPOLL_CTL_MOD && errno == ENOENT &&
        epoll_ctl(set->fd, EPOLL_CTL_ADD, fd, &event) == 0)
        return 0;
    slot->events = 0;
    return uv_translate_sys_error(errno);
}

int
gruvi__poll_ask(gruvi_hub_t *hub, int fd, unsigned events, gruvi__ready_fn *fn,
                void *arg)
{
    struct gruvi__poll_set *set = &hub->set;
    int err;

    if (gruvi__unlikely(set->fd < 0))
        return UV_ESHUTDOWN;
    if (gruvi__unlikely(fd >= set->size) && (err = grow(set, fd)) < 0)
        return err;
    set->slots[fd].fn = fn;
    set->slots[fd].arg = arg;
    if (events == set->slots[fd].events)
        return 0;
    err = change(set, fd, events);
    if (gruvi__unlikely(err < 0))
        set->slots[fd].fn = NULL;
    return err;
}

void
gruvi__poll_forget(gruvi_hub_t *hub, int fd, bool closes)
{
    struct gruvi__poll_set *set = &hub->set;

    if (fd < 0 || fd >= set->size || set->slots[fd].fn == NULL)
        return;
    if (set->slots[fd].events != 0 && !closes)
        change(set, fd, 0);
    set->slots[fd].fn = NULL;
    set->slots[fd].events = 0;
}

/* --- waiting -------------------------------------------------------------- */

/* A queue of libuv is a pair of pointers, of a type that depends on its
 * version; the first leads to itself where it is empty. */
static bool
is_empty(const void *queue)
{
    const void *first;

    memcpy(&first, queue, sizeof first);
    return first == queue;
}

bool
gruvi__poll_set_waits_for_loop(const uv_loop_t *loop)
{
    return !is_empty(&loop->watcher_queue) ||
           !is_empty(&loop->prepare_handles) || !is_empty(&loop->check_handles);
}

/* How long the loop may rest.  It computes that by the time at which it last
 * looked at the clock. */
static int
rest(uv_loop_t *loop)
{
    int timeout = uv_backend_timeout(loop);

    if (timeout <= 0)
        return timeout;
    uv_update_time(loop);
    return uv_backend_timeout(loop);
}

#define MILLISECOND ((uint64_t)1000000)

/* libuv asks for the time of the machine; but a program may put another
 * clock_gettime() in front of that one. */
uint64_t
gruvi__poll_set_due(gruvi_hub_t *hub)
{
    uint64_t now = gruvi__clock_now() / MILLISECOND;
    int timeout = rest(&hub->loop);

    return timeout <= 0 || uv_now(&hub->loop) != now
               ? UINT64_MAX
               : (now + (uint64_t)timeout) * MILLISECOND;
}

static void
read_inbox(gruvi_hub_t *hub)
{
    uint64_t count;

    while (gruvi__eventfd_read(hub->inbox.fd, &count, sizeof count) < 0 &&
           errno == EINTR)
        ;
    gruvi__signals_deliver(hub);
}

/* What an event is about; NULL: no socket, or no more. */
static inline const struct gruvi__poll_slot *
find(const struct gruvi__poll_set *set, const struct epoll_event *event)
{
    uint64_t name = event->data.u64;
    const struct gruvi__poll_slot *slot;

    if (gruvi__unlikely(name >= INBOX))
        return NULL;
    slot = &set->slots[(uint32_t)name];
    return gruvi__likely(name >> 32 == slot->generation) && slot->events != 0
               ? slot
               : NULL;
}

static void
tell(const struct gruvi__poll_set *set, const struct epoll_event *event)
{
    const struct gruvi__poll_slot *slot = find(set, event);
    unsigned events;

    if (gruvi__unlikely(slot == NULL))
        return;
    events = slot->events;
    if (gruvi__likely(!(event->events & (EPOLLERR | EPOLLHUP))))
        events &= (event->events & EPOLLIN ? UV_READABLE : 0U) |
                  (event->events & EPOLLOUT ? UV_WRITABLE : 0U);
    if (gruvi__likely(events != 0))
        slot->fn(slot->arg, events);
}

/* Of thousands of sockets most are in no near cache: the processor fetches
 * those that come next, and then the fibers that wait for them. */
static void
look_ahead(const struct gruvi__poll_set *set, const struct epoll_event *event,
           int left)
{
    const struct gruvi__poll_slot *slot;

    if (left > FAR && event[FAR].data.u64 < INBOX) {
        slot = &set->slots[(uint32_t)event[FAR].data.u64];
        __builtin_prefetch(slot->arg);
        __builtin_prefetch((const char *)slot->arg + 64);
    }
    slot = find(set, &event[NEAR]);
    if (slot != NULL)
        slot->fn(slot->arg, 0);
}

void
gruvi__poll_set_run(gruvi_hub_t *hub, int timeout)
{
    struct gruvi__poll_set *set = &hub->set;
    struct epoll_event events[BATCH];
    bool loop = false;
    int n, resting;

    if (timeout != 0) {
        resting = rest(&hub->loop);
        if (timeout < 0 || (resting >= 0 && resting < timeout))
            timeout = resting;
    }
    n = gruvi__epoll_wait(set->fd, events, BATCH, timeout);
    uv_update_time(&hub->loop); /* timers count from there */
    for (int i = 0; i < n; i++) {
        if (i + NEAR < n)
            look_ahead(set, &events[i], n - i);
        if (gruvi__likely(events[i].data.u64 < INBOX))
            tell(set, &events[i]);
        else if (events[i].data.u64 == INBOX)
            read_inbox(hub);
        else
            loop = true;
    }
    if (loop || uv_backend_timeout(&hub->loop) == 0)
        uv_run(&hub->loop, UV_RUN_NOWAIT);
}
