/* SPDX-License-Identifier: MIT */
/* Locks that threads hold for a few instructions. */
#ifndef GRUVI_BASE_SPIN_H
#define GRUVI_BASE_SPIN_H

#include <stdbool.h>
#ifdef HAVE_SYS_SINGLE_THREADED_H
#include <sys/single_threaded.h>
#endif

#include "base/likely.h"
#include "base/threads.h"

/* A lock held for a few instructions: spins, then yields the processor. */
struct gruvi__spin {
    int taken;
};

void gruvi__spin_contended(struct gruvi__spin *spin);

/* Tell the processor that this thread spins. */
static inline void
gruvi__spin_relax(void)
{
#if defined(__x86_64__) || defined(__i386__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    __asm__ volatile("yield");
#endif
}

/* One step of spinning; n is 0 before the first. */
void gruvi__spin_pause(unsigned *n);

/*
 * Whether this is the only thread, as the C library knows.  Then an operation
 * need not be atomic, which saves 5 ns.  The answer does not change within a
 * few instructions without a call.
 */
static inline bool
gruvi__alone(void)
{
#if defined(HAVE_SYS_SINGLE_THREADED_H) && !defined(GRUVI_SIMULATE)
    return __libc_single_threaded;
#else
    return false;
#endif
}

static inline void
gruvi__spin_lock(struct gruvi__spin *spin)
{
    if (gruvi__alone())
        gruvi__atomic_store(&spin->taken, 1, __ATOMIC_RELAXED);
    else if (gruvi__unlikely(gruvi__atomic_exchange(&spin->taken, 1,
                                                    __ATOMIC_ACQUIRE) != 0))
        gruvi__spin_contended(spin);
}

static inline void
gruvi__spin_unlock(struct gruvi__spin *spin)
{
    gruvi__atomic_store(&spin->taken, 0, __ATOMIC_RELEASE);
}

#endif
