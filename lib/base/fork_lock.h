/* SPDX-License-Identifier: MIT */
/* Locks of a file that a child finds free, and what they protect whole. */
#ifndef GRUVI_BASE_FORK_LOCK_H
#define GRUVI_BASE_FORK_LOCK_H

#include <pthread.h>

#include "base/threads.h"

/*
 * A static mutex that a fork takes as well.  fork() takes along the thread that
 * calls it, and no other: what another one had locked would stay locked in the
 * child.
 *
 * Nobody forks with it, and nobody takes another such lock with it.
 */
#define GRUVI__FORK_LOCK(name)                                                 \
    static pthread_mutex_t name = PTHREAD_MUTEX_INITIALIZER;                   \
                                                                               \
    static void name##_before_fork(void)                                       \
    {                                                                          \
        gruvi__mutex_lock(&name);                                              \
    }                                                                          \
                                                                               \
    static void name##_after_fork(void)                                        \
    {                                                                          \
        gruvi__mutex_unlock(&name);                                            \
    }                                                                          \
                                                                               \
    static __attribute__((constructor)) void name##_watch_forks(void)          \
    {                                                                          \
        pthread_atfork(name##_before_fork, name##_after_fork,                  \
                       name##_after_fork);                                     \
    }                                                                          \
    _Static_assert(1, "a semicolon follows")

#endif
