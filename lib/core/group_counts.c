/* SPDX-License-Identifier: MIT */
/* Fibers of a group, counted: see group_counts.h. */
#include "core/group_counts.h"

#include <gruvi/log.h>

#include "base/stack_use.h"
#include "base/threads.h"
#include "core/clock.h"

/* Fibers that are measured: so many first ones, and each of so many. */
#define FIRST 16
#define EACH  256

bool
gruvi__counts_refuse(gruvi__group_counts_t *counts)
{
    size_t limit = gruvi__figure_load(&counts->limit);

    if (limit == 0 || counts->now < limit || counts->lifted)
        return false;
    gruvi__figure_store(&counts->refused, counts->refused + 1);
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

    gruvi__figure_store(&counts->now, now);
    gruvi__figure_store(&counts->total, total);
    if (now > counts->most)
        gruvi__figure_store(&counts->most, now);
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
        gruvi__figure_store(&counts->most_stack, used);
}

void
gruvi__counts_leave(gruvi__group_counts_t *counts, const gruvi_fiber_t *fiber)
{
    gruvi__figure_store(&counts->now, counts->now - 1);
    if (fiber->measured)
        gruvi__counts_measure(counts, fiber);
}
