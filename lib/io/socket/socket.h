/* SPDX-License-Identifier: MIT */
/*
 * A socket: a descriptor, what epoll is asked for it, and the calls that are
 * inside.
 *
 *   call                                  loop
 *   tries: it would block
 *   gruvi__call_wait() ---> armed
 *                      <--- granted ----- ready, and a call waits for it
 *   tries again
 *                           paused <----- ready, and no call waits
 *
 * The descriptor stays armed between waits, so that a fiber which reads,
 * answers and reads again costs no epoll_ctl.  An event that no call waits for
 * pauses its direction, because a level-triggered event comes without end.  The
 * next wait arms it again.
 *
 * A try that got less than it asked for has used up what there was (spent), so
 * the next try waits first.  It misses nothing that comes in between, because
 * readiness is a level and not an edge.
 *
 * Invariants:
 *   - at most one call is inside a direction, from gruvi__call_enter() to
 *     gruvi__call_leave();
 *   - a socket that was closed lives until the last call has left.
 *
 * O_NONBLOCK is of the open file, which other processes may share: a child
 * whose standard input the socket is clears it, and must be able to.  So no
 * call relies on it.  All that can pass MSG_DONTWAIT do; accept4() and
 * sendfile() have no such flag, and look first (may_block) where the
 * descriptor is shared.
 */
#ifndef GRUVI_IO_SOCKET_H
#define GRUVI_IO_SOCKET_H

#include <stdbool.h>
#include <stdint.h>

#include <gruvi/base.h>
#include <gruvi/stream.h>

#include "base/wheel.h"
#include "core/hub.h"
#include "core/waitable.h"

/* Indices of gruvi__socket.side; 1 << side is the event of libuv. */
enum gruvi__direction { GRUVI__IN, GRUVI__OUT };

struct gruvi__side {
    gruvi_fiber_t *fiber; /* of the call inside; NULL: no call */
    int granted;          /* valid while it waits */
    uint8_t events;       /* that it waits for; 0: it does not wait, or not
                            for readiness */
    bool waiting;
    bool spent; /* wait before the next try in this direction */
};

struct gruvi__socket {
    gruvi_hub_t *hub;      /* borrowed: it lives as long as this thread */
    gruvi__await_t *await; /* NULL: no callback waits to read */
    struct gruvi__arrival arrival; /* for await: it is readable */
    int fd;                        /* -1: closed */
    bool shared;    /* it came from outside, or was given to a caller */
    uint8_t armed;  /* UV_READABLE | UV_WRITABLE: what epoll is asked for */
    uint16_t forks; /* gruvi__forks() before it was opened */
    struct gruvi__side side[2];
    struct gruvi__waitable_other readable; /* for gruvi_wait() */
};

/* A call that is inside a socket, on its fiber's stack. */
struct gruvi__call {
    struct gruvi__socket *socket;
    struct gruvi__side *side;
    gruvi_fiber_t *fiber;
    const char *what; /* static text for dumps */
    unsigned event;   /* what gruvi__call_wait() waits for, at first the event
                         of its direction; both: either of them; 0: only
                         gruvi__side_wake() */
    double timeout;   /* of all waits of the call together */
    bool timeout_runs;
    bool last_try;    /* the timeout has passed: no other try follows */
    bool interrupted; /* a wait failed, and not because of the timeout */
    struct gruvi__deadline alarm; /* of gruvi__call_sleep() */
};

void gruvi__socket_init(struct gruvi__socket *socket, gruvi_hub_t *hub, int fd);

/* The descriptor, for a caller that may share it. */
int gruvi__socket_give(const struct gruvi__socket *socket);

/* Whether a call without MSG_DONTWAIT may block: the descriptor is shared, and
 * has become blocking. */
bool gruvi__socket_may_block(const struct gruvi__socket *socket);

/*
 * Close the descriptor; calls inside are woken and get UV_ECONNABORTED.
 *
 * Returns true where no call is inside, so that the memory may go at once.
 */
bool gruvi__socket_close(struct gruvi__socket *socket);

/*
 * Enter a direction.  Nothing has been claimed when this fails.
 *
 *   timeout  seconds, as the caller of the library gave it
 *   what     "read"
 *
 * Returns 0, UV_EINVAL (NaN), UV_EPERM (another hub's), UV_EBUSY.
 */
int gruvi__call_enter(struct gruvi__call *call, struct gruvi__socket *socket,
                      enum gruvi__direction direction, gruvi_fiber_t *fiber,
                      double timeout, const char *what);

/* Let other fibers run if it is time.  0, UV_ECONNABORTED, or an error of the
 * wait. */
GRUVI_SWITCHPOINT int gruvi__call_yield_sometimes(struct gruvi__call *call);

/*
 * Wait until a try is worth it.  The timeout allows one more try, so that a
 * fiber that could not run does not miss what has come, and a timeout of 0
 * looks once.
 *
 * Returns 0: try; UV_ECONNABORTED, or an error of the wait.
 */
int gruvi__call_wait(struct gruvi__call *call);

/*
 * Have a callback called once when the socket is readable, as gruvi__await_t
 * says; NULL takes it back.  No call is inside.  0 or an error.
 */
int gruvi__socket_await(struct gruvi__socket *socket, gruvi__await_t *await);

/*
 * Wait for secs, for gruvi__side_wake() or the close, but not for readiness.
 * Returns as gruvi__call_wait() does.
 */
int gruvi__call_sleep(struct gruvi__call *call, double secs);

/* Stop the timeout: the next wait inside begins it anew. */
void gruvi__call_stop_timeout(struct gruvi__call *call);

/* Returns true where the socket is closed and no call is left inside: then the
 * caller frees its memory. */
bool gruvi__call_leave(struct gruvi__call *call);

/*
 * For gruvi_wait(): functions of sockets, to which is_ready is added.  Waiting
 * is no call that is inside: while one fiber reads others may wait, and find
 * that there is nothing left.
 */
#define GRUVI__SOCKET_WAITABLE(is_ready)                                       \
    {                                                                          \
        gruvi__socket_check, (is_ready), gruvi__socket_link,                   \
            gruvi__waitable_unlink                                             \
    }

static inline struct gruvi__socket *
gruvi__socket_of(struct gruvi__waitable_other *object)
{
    return gruvi__list_entry(object, struct gruvi__socket, readable);
}

int gruvi__socket_check(struct gruvi__waitable_other *object);
int gruvi__socket_link(struct gruvi__waitable_other *object,
                       struct gruvi__wait_link *link);

/* Whether there is something to receive or accept, or an error. */
bool gruvi__socket_readable(const struct gruvi__socket *socket);

/* Wake the call inside, if it waits. */
void gruvi__side_wake(struct gruvi__side *side);

#endif
