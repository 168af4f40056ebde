/* SPDX-License-Identifier: MIT */
/* All switchpoints of the library, each with a call that would not wait. */
#ifndef TESTS_UNIT_SWITCHPOINTS_H
#define TESTS_UNIT_SWITCHPOINTS_H

#include <stdint.h>

#include "unit/harness.h"

struct stage;

struct switchpoint {
    const char *name;
    intmax_t (*call)(struct stage *stage);
};

/* What they are called with. */
struct stage {
    const struct switchpoint *point;
    gruvi_hub_t *hub;
    gruvi_fiber_t *fiber;      /* has ended */
    gruvi_group_t group;       /* is empty */
    uv_idle_t handle;          /* not started */
    gruvi_event_t event;       /* is set */
    gruvi_pool_t *pool;        /* has nothing to do */
    gruvi_future_t *future;    /* is done */
    gruvi_lock_t lock;         /* is free */
    gruvi_cond_t cond;         /* its lock is held by the root fiber */
    gruvi_semaphore_t sem;     /* has one permit */
    gruvi_queue_t queue, full; /* empty; with one item */
    int fds[2];                /* the first is readable */
    gruvi_listener_t *listener;
    gruvi_stream_t *near, *far; /* near has a line to read */
    gruvi_signal_t *signal;     /* one has come */
};

extern const struct switchpoint switchpoints[];
extern const int switchpoint_count;

void open_stage(struct stage *stage, gruvi_hub_t *hub, int point);
void close_stage(struct stage *stage);

#endif
