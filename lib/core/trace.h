/* SPDX-License-Identifier: MIT */
/* A trace of a hub's switches and turns: see trace.c. */
#ifndef GRUVI_CORE_TRACE_H
#define GRUVI_CORE_TRACE_H

#include <stdbool.h>

#include "base/likely.h"
#include "core/hub.h"

/* Whether a hub is traced; hub may be NULL. */
static inline bool
gruvi__traces(const gruvi_hub_t *hub)
{
    return hub != NULL && hub->trace.ring != NULL;
}

void gruvi__trace_note(const gruvi_fiber_t *fiber,
                       enum gruvi__switch_kind kind);

/* Note a switch where the hub is traced. */
static inline void
gruvi__trace(const gruvi_fiber_t *fiber, enum gruvi__switch_kind kind)
{
    if (gruvi__traces(fiber->hub))
        gruvi__trace_note(fiber, kind);
}

void gruvi__trace_note_hub(gruvi_hub_t *hub, enum gruvi__switch_kind kind,
                           uint64_t number);

/* Note what the hub does, where it is traced. */
static inline void
gruvi__trace_hub(gruvi_hub_t *hub, enum gruvi__switch_kind kind,
                 uint64_t number)
{
    if (gruvi__unlikely(gruvi__traces(hub)))
        gruvi__trace_note_hub(hub, kind, number);
}

/* The same, unless it has done nothing. */
static inline void
gruvi__trace_ran(gruvi_hub_t *hub, enum gruvi__switch_kind kind, unsigned n)
{
    if (n > 0)
        gruvi__trace_hub(hub, kind, n);
}

#endif
