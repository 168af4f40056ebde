/* SPDX-License-Identifier: MIT */
/* The set of epoll that a hub waits with: see poll_set.c. */
#ifndef GRUVI_CORE_POLL_SET_H
#define GRUVI_CORE_POLL_SET_H

#include <stdbool.h>
#include <stdint.h>
#include <uv.h>

struct gruvi_hub;

/*
 * A descriptor is ready.
 *
 *   events  UV_READABLE | UV_WRITABLE, of those that were asked for; all of
 *           them where it has an error.  0: it will be told before long, which
 * is the time to have the processor fetch what is needed then
 *
 * Marks fibers ready, or takes back what was asked for; no switch.
 */
typedef void gruvi__ready_fn(void *arg, unsigned events);

/* What is asked for of a descriptor. */
struct gruvi__poll_slot {
    gruvi__ready_fn *fn;
    void *arg;           /* valid where events is not 0 */
    uint32_t generation; /* changes each time it comes into the set */
    uint8_t events;      /* 0: it is not in the set */
};

struct gruvi__poll_set {
    int fd;                         /* -1: closed */
    int size;                       /* of slots */
    struct gruvi__poll_slot *slots; /* by descriptor */
};

/* All of the hub's thread. */

int gruvi__poll_set_open(struct gruvi_hub *hub);
void gruvi__poll_set_close(struct gruvi_hub *hub);

/*
 * Ask for events of a non-blocking socket, in place of what was asked for it
 * before, and until it is closed.
 *
 *   events  UV_READABLE | UV_WRITABLE; 0: none, and no call
 *
 * Returns 0, UV_ESHUTDOWN (the hub has closed), UV_ENOMEM, or an error of
 * epoll; then nothing is asked for.
 */
int gruvi__poll_ask(struct gruvi_hub *hub, int fd, unsigned events,
                    gruvi__ready_fn *fn, void *arg);

/*
 * Ask for nothing any more.
 *
 *   closes  the descriptor is closed next, and with it its open file, because
 *           no other descriptor has that: no system call
 */
void gruvi__poll_forget(struct gruvi_hub *hub, int fd, bool closes);

/* Wait for events, up to timeout milliseconds (-1: without limit), or until the
 * loop of libuv has something to do; then tell of them, and run that loop. */
void gruvi__poll_set_run(struct gruvi_hub *hub, int timeout);

/* In virtual time: when the loop's next timer is due, in nanoseconds of it.
 * UINT64_MAX: there is none, or the loop goes by another time. */
uint64_t gruvi__poll_set_due(struct gruvi_hub *hub);

/* Whether the loop has to run before the hub waits: there are descriptors that
 * it has not given to its set, or handles that hear of each wait. */
bool gruvi__poll_set_waits_for_loop(const uv_loop_t *loop);

#endif
