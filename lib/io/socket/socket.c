/* SPDX-License-Identifier: MIT */
/* Waiting for a socket.  See socket.h. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include "io/socket/socket.h"

#include <gruvi/error.h>
#include <gruvi/hub.h>
#include <gruvi/poll.h>

#include "base/forks.h"
#include "base/likely.h"
#include "base/list.h"
#include "base/wheel.h"
#include "core/clock.h"
#include "core/fiber.h"
#include "core/schedule.h"
#include "core/wait.h"

#define EVENT(direction) (1U << (direction))

_Static_assert(EVENT(GRUVI__IN) == UV_READABLE &&
                   EVENT(GRUVI__OUT) == UV_WRITABLE,
               "the directions are the events of libuv");

static const struct gruvi__arrival_ops arrival_ops;

void
gruvi__socket_init(struct gruvi__socket *socket, gruvi_hub_t *hub, int fd)
{
    *socket = (struct gruvi__socket){.hub = hub,
                                     .fd = fd,
                                     .forks = GRUVI__FORKS_UNKNOWN,
                                     .arrival.ops = &arrival_ops};
    gruvi__list_init(&socket->arrival.link);
}

int
gruvi__socket_give(const struct gruvi__socket *socket)
{
    ((struct gruvi__socket *)(uintptr_t)socket)->shared = true;
    return socket->fd;
}

bool
gruvi__socket_may_block(const struct gruvi__socket *socket)
{
    int flags;

    if (gruvi__likely(!socket->shared))
        return false;
    flags = fcntl(socket->fd, F_GETFL);
    return flags >= 0 && !(flags & O_NONBLOCK);
}

void
gruvi__side_wake(struct gruvi__side *side)
{
    if (side->waiting) {
        side->granted = 1;
        gruvi__ready(side->fiber);
    }
}

static void on_ready(void *arg, unsigned came);

static int
arm(struct gruvi__socket *socket, unsigned events)
{
    int err;

    if (socket->armed == events)
        return 0;
    err = gruvi__poll_ask(socket->hub, socket->fd, events, on_ready, socket);
    socket->armed = err < 0 ? 0 : (uint8_t)events;
    return err;
}

/* What does not read soon pauses the watch. */
static void
on_arrival(struct gruvi__arrival *arrival)
{
    struct gruvi__socket *socket =
        gruvi__list_entry(arrival, struct gruvi__socket, arrival);
    gruvi__await_t *await = socket->await;

    socket->await = NULL;
    if (!await->wake(await) && !(socket->side[GRUVI__IN].events & UV_READABLE))
        arm(socket, socket->armed & ~(unsigned)UV_READABLE);
}

/* The socket, with the stream that it is in, and who waits. */
static void
fetch_arrival(const struct gruvi__arrival *arrival)
{
    const struct gruvi__socket *socket =
        gruvi__list_entry(arrival, struct gruvi__socket, arrival);
    const char *await = (const char *)socket->await;

    for (size_t at = 64; at < 256; at += 64)
        __builtin_prefetch((const char *)socket + at);
    __builtin_prefetch(await);
    __builtin_prefetch(await + 64);
}

static const struct gruvi__arrival_ops arrival_ops = {on_arrival,
                                                      fetch_arrival};

/* The loop may tell of it twice before its turn has come. */
static void
arrive(struct gruvi__socket *socket)
{
    if (gruvi__list_empty(&socket->arrival.link))
        gruvi__list_add(&socket->hub->arrivals, &socket->arrival.link);
}

/* The fiber that reads: what a wake-up looks at. */
static void
fetch_reader(const struct gruvi__socket *socket)
{
    const gruvi_fiber_t *fiber = socket->side[GRUVI__IN].fiber;

    if (fiber == NULL)
        return;
    __builtin_prefetch(&fiber->state);
    __builtin_prefetch(&fiber->timeout);
}

/* An event that no call waits for pauses the watch. */
static void
on_ready(void *arg, unsigned came)
{
    struct gruvi__socket *socket = arg;
    unsigned wanted = 0;

    if (came == 0) {
        fetch_reader(socket);
        return;
    }
    for (int i = GRUVI__IN; i <= GRUVI__OUT; i++) {
        struct gruvi__side *side = &socket->side[i];

        if (came & EVENT(i))
            side->spent = false;
        if (side->events & came) {
            wanted |= side->events;
            gruvi__side_wake(side);
        }
    }
    if ((came & UV_READABLE) && gruvi__waitable_awaited(&socket->readable)) {
        wanted |= UV_READABLE;
        gruvi__waitable_fire(&socket->readable);
    }
    if ((came & UV_READABLE) && socket->await != NULL) {
        wanted |= UV_READABLE;
        arrive(socket);
    }
    if (came & ~wanted)
        arm(socket, socket->armed & ~(came & ~wanted));
}

/* What is in no other hands is not taken out of the set of epoll before it is
 * closed, which saves a system call. */
static void
close_descriptor(struct gruvi__socket *socket)
{
    bool ours = !socket->shared && gruvi__forks_hold(socket->forks);

    gruvi__poll_forget(socket->hub, socket->fd, ours);
    close(socket->fd);
    if (ours)
        gruvi__forks_go_on();
}

bool
gruvi__socket_close(struct gruvi__socket *socket)
{
    close_descriptor(socket);
    socket->await = NULL;
    gruvi__list_remove(&socket->arrival.link);
    socket->armed = 0;
    socket->fd = -1;
    gruvi__side_wake(&socket->side[GRUVI__IN]);
    gruvi__side_wake(&socket->side[GRUVI__OUT]);
    gruvi__waitable_abort(&socket->readable);
    return socket->side[GRUVI__IN].fiber == NULL &&
           socket->side[GRUVI__OUT].fiber == NULL;
}

int
gruvi__socket_check(struct gruvi__waitable_other *object)
{
    return gruvi__is_own(gruvi__socket_of(object)->hub) ? 0 : UV_EPERM;
}

int
gruvi__socket_link(struct gruvi__waitable_other *object,
                   struct gruvi__wait_link *link)
{
    struct gruvi__socket *socket = gruvi__socket_of(object);
    int err = arm(socket, socket->armed | UV_READABLE);

    return err < 0 ? err : gruvi__waitable_link(object, link);
}

bool
gruvi__socket_readable(const struct gruvi__socket *socket)
{
    struct pollfd p = {.fd = socket->fd, .events = POLLIN};
    int n;

    do
        n = poll(&p, 1, 0);
    while (n < 0 && errno == EINTR);
    return n != 0;
}

int
gruvi__call_enter(struct gruvi__call *call, struct gruvi__socket *socket,
                  enum gruvi__direction direction, gruvi_fiber_t *fiber,
                  double timeout, const char *what)
{
    struct gruvi__side *side = &socket->side[direction];

    if (gruvi__timeout_check(timeout) < 0)
        return UV_EINVAL;
    if (gruvi__unlikely(fiber->hub != socket->hub))
        return UV_EPERM;
    if (gruvi__unlikely(side->fiber != NULL))
        return UV_EBUSY;
    side->fiber = fiber;
    call->socket = socket;
    call->side = side;
    call->fiber = fiber;
    call->what = what;
    call->event = EVENT(direction);
    call->timeout = timeout;
    call->timeout_runs = call->last_try = call->interrupted = false;
    return 0;
}

GRUVI_SWITCHPOINT int
gruvi__call_yield_sometimes(struct gruvi__call *call)
{
    int err = gruvi__yield_sometimes(call->fiber);

    if (gruvi__unlikely(call->socket->fd < 0))
        return UV_ECONNABORTED;
    return err;
}

static int
wait_granted(struct gruvi__call *call, unsigned events)
{
    struct gruvi__side *side = call->side;
    gruvi_fiber_t *fiber = call->fiber;
    bool granted;

    if (!call->timeout_runs) {
        call->timeout_runs = true;
        gruvi__wait_begin(fiber, call->timeout);
    }
    side->granted = 0;
    side->events = (uint8_t)events;
    side->waiting = true;
    granted = gruvi__wait_run(fiber, &side->granted, call->what);
    side->waiting = false;
    side->events = 0;
    fiber->work = 0;
    if (gruvi__likely(granted))
        return gruvi__likely(call->socket->fd >= 0) ? 0 : UV_ECONNABORTED;
    if (fiber->timed_out && !call->last_try) {
        call->last_try = true;
        return 0;
    }
    call->timeout_runs = false;
    call->interrupted =
        !fiber->timed_out || (fiber->pending != 0 && fiber->shield == 0);
    return gruvi__wait_end(fiber, false);
}

int
gruvi__call_wait(struct gruvi__call *call)
{
    struct gruvi__socket *socket = call->socket;
    struct gruvi__side *side = socket->side;
    unsigned event = call->event, events;
    int err;

    /* What the other direction has armed stays, unless it is of no use: most
     * sockets are always writable, and no call would wait for that event. */
    if (event & ~socket->armed) {
        events = socket->armed | event;
        if (!((event | side[GRUVI__IN].events | side[GRUVI__OUT].events) &
              UV_WRITABLE))
            events &= ~(unsigned)UV_WRITABLE;
        err = arm(socket, events);
        if (err < 0)
            return err;
    }
    err = wait_granted(call, event);
    for (int i = GRUVI__IN; i <= GRUVI__OUT; i++) {
        if (event & EVENT(i))
            side[i].spent = false;
    }
    return err;
}

int
gruvi__socket_await(struct gruvi__socket *socket, gruvi__await_t *await)
{
    int err = 0;

    if (await == NULL)
        gruvi__list_remove(&socket->arrival.link);
    else if (!(socket->armed & UV_READABLE))
        err = arm(socket, UV_READABLE);
    if (err == 0)
        socket->await = await;
    return err;
}

static void
on_alarm(struct gruvi__deadline *alarm)
{
    gruvi__side_wake(gruvi__list_entry(alarm, struct gruvi__call, alarm)->side);
}

int
gruvi__call_sleep(struct gruvi__call *call, double secs)
{
    gruvi_hub_t *hub = call->fiber->hub;
    int err;

    call->alarm = (struct gruvi__deadline){.fire = on_alarm};
    if (secs >= 0)
        gruvi__deadline_arm(hub, &call->alarm, gruvi__clock_due(secs));
    err = wait_granted(call, 0);
    gruvi__deadline_disarm(hub, &call->alarm);
    return err;
}

void
gruvi__call_stop_timeout(struct gruvi__call *call)
{
    if (call->timeout_runs) {
        gruvi__wait_end(call->fiber, true);
        call->timeout_runs = call->last_try = false;
    }
}

bool
gruvi__call_leave(struct gruvi__call *call)
{
    struct gruvi__socket *socket = call->socket;

    gruvi__call_stop_timeout(call);
    call->side->fiber = NULL;
    return gruvi__unlikely(socket->fd < 0) &&
           socket->side[GRUVI__IN].fiber == NULL &&
           socket->side[GRUVI__OUT].fiber == NULL;
}
