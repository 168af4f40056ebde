/* SPDX-License-Identifier: MIT */
/*
 * The system calls of a test program, counted, and failing when told to: its
 * own functions of these names stand before those of the C library.
 */
#ifndef TESTS_UNIT_CALLS_H
#define TESTS_UNIT_CALLS_H

#include <stdbool.h>
#include <stddef.h>

enum call {
    CALL_RECV,
    CALL_SEND,
    CALL_SENDMSG,
    CALL_RECVFROM,
    CALL_SENDTO,
    CALL_RECVMMSG,
    CALL_SENDMMSG,
    CALL_ACCEPT,
    CALL_CONNECT,
    CALL_SOCKET,
    CALL_BIND,
    CALL_LISTEN,
    CALL_SHUTDOWN,
    CALL_GETSOCKNAME,
    CALL_GETSOCKOPT,
    CALL_SETSOCKOPT,
    CALL_FCNTL,
    CALL_DUPFD, /* those of fcntl that make a descriptor */
    CALL_WATCH, /* with which a descriptor comes into the hub's set, or libuv
                   tries whether it can be watched; where a later epoll_ctl of
                   libuv fails it aborts */
    CALL_EPOLL_CTL,
    CALL_EPOLL_WAIT,
    CALL_IOCTL,
    CALL_COUNT
};

/* How often each was called in this thread. */
extern __thread unsigned calls[CALL_COUNT];

/* The longest time that a loop of this thread would have slept, in ms, since
 * the test last set this to 0. */
extern __thread int longest_poll;

/* The next n of them in this thread fail with errno err. */
void fail_calls(enum call call, int err, unsigned n);

/* The same with those after the next few. */
void fail_calls_after(unsigned few, enum call call, int err, unsigned n);

/* Let recv, send and sendmsg of this thread do no more than this many bytes
 * from now on; 0: no limit. */
void shorten_calls(size_t most);

/*
 * The addresses that this thread has begun to connect to, in their order and
 * with spaces between: "::1 127.0.0.1"; and nothing from now on.
 */
const char *connects(void);
void forget_connects(void);

/* The next connect() in this thread binds its socket to the very address. */
void bind_next_connect_to_its_target(void);

/*
 * getaddrinfo() of these hosts is answered here: "many.test" is 127.0.0.1,
 * 127.0.0.2 and 127.0.0.3 in this order, "mixed.test" is 127.0.0.1, 127.0.0.2,
 * ::1 in this order, "none.test" has no address, "again.test" is to be tried
 * again, for "short.test" there are no descriptors, and the look-up of what
 * begins with "slow", which is 127.0.0.1, does not end before
 * release_lookups().
 */
void hold_lookups(void);
void release_lookups(void);

/* How many look-ups wait for release_lookups(), and were made at all. */
int held_lookups(void);
int made_lookups(void);

#endif
