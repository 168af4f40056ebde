/* SPDX-License-Identifier: MIT */
/* What belongs to a thread: see thread.c. */
#ifndef GRUVI_CORE_THREAD_H
#define GRUVI_CORE_THREAD_H

#include <stdbool.h>

#include <gruvi/base.h>
#include <gruvi/switchpoint.h>

struct gruvi__callback_block;
struct gruvi__guard;
struct gruvi__cxx_globals;

/* What this thread is doing. */
struct gruvi__thread {
    gruvi_fiber_t *current; /* NULL: no call into the library yet */
    gruvi_hub_t *hub;       /* also when closed */
    gruvi__no_switch_t *section;
    int last_error;
    int refused; /* for the next switchpoint, until there is a hub */
    struct gruvi__guard *guard;     /* of a thread that has no root fiber yet */
    struct gruvi__cxx_globals *cxx; /* of the only C++ runtime there is, */
    unsigned cxx_generation;        /* if this is gruvi__cxx_generation */

    /* Memory of callbacks, or NULL: see callback.c. */
    struct gruvi__callback_block *filling, *emptying;
    unsigned filled, emptied; /* how many */
};

extern __thread struct gruvi__thread gruvi__self;

/* Whether this is hub's thread. */
static inline bool
gruvi__is_own(const gruvi_hub_t *hub)
{
    return hub == gruvi__self.hub;
}

/* The root fiber of this thread, made on first use; or NULL. */
gruvi_fiber_t *gruvi__root_fiber(void);

#endif
