/* SPDX-License-Identifier: MIT */
/* Fibers of a group, counted: see group_counts.h. */
#include "core/group_counts.h"

#include <gruvi/log.h>

#include "base/stack_use.h"
#include "core/clock.h"

/* Fibers that are measured: so many first ones, and each of so many. */
#define FIRST 16
#define EACH  256

bool
gruvi__counts_refuse(gruvi__group_counts_t *counts)
{
    size_t limit = __atomic_load_n(&counts->limit, __ATOMIC_RELAXED);

    if (limit == 0 || counts->now < limit || counts->lifted)
        return false;
    __atomic_store_n(&counts->refused, counts->refused + 1, __ATOMIC_RELAXED);
    if (gruvi__clock_now() >= counts->next_refusal) {
        counts->next_refusal = gruvi__clock_due(GRUVI__REFUSALS_APART);
        gruvi_warning("no more fibers in the group: max_fibers is %zu", limit);
    }
    return true;
}

void
gruvi__counts_enter(gruvi__group_counts_t *counts, gruvi_fiber_t *fiber)
{
    size_t now = counts->now + 1;
    uint64_t total = counts->total + 1;

    __atomic_store_n(&counts->now, now, __ATOMIC_RELAXED);
    __atomic_store_n(&counts->total, total, __ATOMIC_RELAXED);
    if (now > counts->most)
        __atomic_store_n(&counts->most, now, __ATOMIC_RELAXED);
    if (total % EACH == 0 || total <= FIRST) {
        fiber->measured = true;
        gruvi__stack_forget(&fiber->stack, fiber);
    }
}

void
gruvi__counts_measure(gruvi__group_counts_t *counts, const gruvi_fiber_t *fiber)
{
    size_t used = gruvi__stack_touched(&fiber->stack);

    if (used > counts->most_stack)
        __atomic_store_n(&counts->most_stack, used, __ATOMIC_RELAXED);
}

void
gruvi__counts_leave(gruvi__group_counts_t *counts, const gruvi_fiber_t *fiber)
{
    __atomic_store_n(&counts->now, counts->now - 1, __ATOMIC_RELAXED);
    if (fiber->measured)
        gruvi__counts_measure(counts, fiber);
}
