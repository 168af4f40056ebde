/* SPDX-License-Identifier: MIT */
/*
 * See forks.h.
 *
 *   thread that closes       thread that forks
 *   holders + 1              forks + 1
 *   forks as before?         wait until there are no holders
 *   close                    fork
 *   holders - 1
 *
 * The sum and the look are in one order for all, so at least one of the two
 * sees the other.
 */
#include "base/forks.h"

#include <pthread.h>

#include "base/likely.h"
#include "base/spin.h"
#include "base/threads.h"

/* Atomic.  Without memory to be told of forks, their number is unknown. */
static uint16_t forks = GRUVI__FORKS_UNKNOWN;
static unsigned holders;

static void
before_fork(void)
{
    unsigned n = 0;

    if (gruvi__atomic_load(&forks, __ATOMIC_RELAXED) < GRUVI__FORKS_UNKNOWN)
        gruvi__atomic_add_fetch(&forks, 1, __ATOMIC_SEQ_CST);
    while (gruvi__atomic_load(&holders, __ATOMIC_SEQ_CST) != 0)
        gruvi__spin_pause(&n);
}

/* A thread that is not in the child may just have looked. */
static void
in_child(void)
{
    holders = 0;
}

static __attribute__((constructor)) void
watch_forks(void)
{
    if (pthread_atfork(before_fork, NULL, in_child) == 0)
        forks = 0;
}

uint16_t
gruvi__forks(void)
{
    return gruvi__atomic_load(&forks, __ATOMIC_RELAXED);
}

bool
gruvi__forks_hold(uint16_t since)
{
    if (gruvi__unlikely(since == GRUVI__FORKS_UNKNOWN))
        return false;
    gruvi__atomic_add_fetch(&holders, 1, __ATOMIC_SEQ_CST);
    if (gruvi__likely(gruvi__atomic_load(&forks, __ATOMIC_SEQ_CST) == since))
        return true;
    gruvi__forks_go_on();
    return false;
}

void
gruvi__forks_go_on(void)
{
    gruvi__atomic_sub_fetch(&holders, 1, __ATOMIC_RELEASE);
}
