/* SPDX-License-Identifier: MIT */
/*
 * The slow half of a spin lock: another thread holds it.
 */
#include <sched.h>

#include "base/spin.h"

#include "base/threads.h"

#define SPINS 100

void
gruvi__spin_pause(unsigned *n)
{
    gruvi__spin_relax();
    if (++*n >= SPINS || GRUVI__SIMULATED)
        gruvi__sched_yield();
}

void
gruvi__spin_contended(struct gruvi__spin *spin)
{
    unsigned n = 0;

    do {
        while (gruvi__atomic_load(&spin->taken, __ATOMIC_RELAXED))
            gruvi__spin_pause(&n);
    } while (gruvi__atomic_exchange(&spin->taken, 1, __ATOMIC_ACQUIRE) != 0);
}
