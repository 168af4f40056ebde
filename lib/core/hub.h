/* SPDX-License-Identifier: MIT */
/*
 * The hub: what the fibers of a thread share.
 *
 *   fiber --gruvi__park()--> run queue --next--> fiber
 *                                | empty, and the turn is over
 *                                v
 *                  hub: callbacks, deadlines, then poll_set.c
 *
 * Invariants:
 *   - a fiber is running, on one run queue, or waiting; only gruvi__ready()
 *     takes it from waiting to a queue;
 *   - a wake-up carries no reason: the waker first writes down why (a granted
 *     flag, a pending bit), and the fiber looks there.  So a wake-up that comes
 *     late or twice is harmless;
 *   - libuv callbacks and hub callbacks make fibers ready and never switch;
 *   - other threads touch only the inbox, atomics that are named as such, and
 *     what a lock guards.
 */
#ifndef GRUVI_CORE_HUB_H
#define GRUVI_CORE_HUB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <uv.h>

#include <gruvi/hub.h>

#include "base/list.h"
#include "base/wheel.h"
#include "core/callback.h"
#include "core/fiber.h"
#include "core/fiber_list.h"
#include "core/inbox.h"
#include "core/poll_set.h"
#include "core/run_queue.h"
#include "core/signals.h"
#include "core/trace_state.h"

struct gruvi_hub {
    /* Queues, and when to poll the loop: see schedule.c. */
    gruvi_fiber_t *turn;  /* still to run in this turn; by next */
    gruvi_fiber_t *scout; /* of turn: see run_queue.h */
    struct gruvi__queue woken, yielded;
    int budget, next_clock_check;
    int64_t polled_tick;
    bool closing, closed;
    bool shuffled; /* see testing.c */
    uint32_t tick; /* of polled_tick: see gruvi__clock_tick() */
    /* Here a line of the cache ends. */
    struct gruvi__queue urgent;
    uint64_t budget_since;
    uint64_t shuffle_state;
    struct gruvi__list arrivals; /* struct gruvi__arrival */

    /* What gruvi__hub_view() tells: atomic, with one writer. */
    uint64_t turns;             /* polls that have ended */
    uint64_t switches;          /* up to the last poll, or a new budget */
    uint32_t ready, most_ready; /* fibers that ran in the last turn; at most */
    int turn_began;             /* not atomic: the budget then */

    struct gruvi__thread *thread; /* its own, for readers in other threads */

    gruvi_fiber_t *root;
    gruvi_fiber_t fiber; /* the hub's own */

    /* A line of its own: other threads write there, and this thread should not
     * wait for that line where it needs another. */
    _Alignas(64) struct gruvi__inbox inbox;

    struct gruvi__spare_blocks spare;

    /* This thread's. */
    _Alignas(64) struct gruvi__inbox_node *callbacks, **callbacks_tail;
    struct gruvi__patience patience;
    bool had_posts; /* since the last poll */

    struct gruvi__poll_set set;

    uv_loop_t loop;
    uv_async_t alive; /* the loop is never without a handle */
    struct gruvi__signals signals;
    struct gruvi__signal_listener sigint; /* where sigint_open */
    bool listens, sigint_open, ignore_interrupt;

    struct gruvi__arena *arena;
    struct gruvi__stack *stack; /* of the hub's fiber */
    struct gruvi__deadline trim;
    struct gruvi__list fibers; /* not ended yet; by all_link */
    struct gruvi__visit visit; /* of fibers */
    struct gruvi__trace trace;
    struct gruvi__local_value *spare_local; /* see local.c; NULL: none */
    char *spare_buffer;                     /* see stream_buffer.c; or NULL */
    size_t live;                            /* fibers now; atomic, one writer */
    size_t max_fibers;                      /* 0: no limit */
    size_t room;      /* that many may live: SIZE_MAX without a limit, 0 when it
                         closes */
    size_t blocks;    /* when it is closed: stacks in use */
    uint64_t next_id; /* atomic, one writer: fibers so far */
    uint64_t refused; /* atomic, one writer: fibers that were not made */
    uint64_t next_refusal; /* when it may be logged again that there are no
                              more fibers */

    struct gruvi__list
        hubs_link; /* on the list of debug.c until it is closed */
    int tid;       /* of its thread, for debuggers */

    gruvi_poller_t *poller;
    struct gruvi__list data;
    struct gruvi__list closings; /* of gruvi_uv_close() */
    struct gruvi__list ends;     /* struct gruvi__hub_end */
    bool ended;                  /* they have run; no more are added */
    int refs;                    /* atomic */

    struct gruvi__wheel deadlines; /* large, so it comes last */
};

/* Something has come that a fiber is begun for: run is called in a later turn,
 * a few in each; before that fetch, to have the processor fetch what run needs.
 * See schedule.c. */
struct gruvi__arrival {
    struct gruvi__list link; /* on hub->arrivals, or on no list */
    const struct gruvi__arrival_ops *ops;
};

struct gruvi__arrival_ops {
    void (*run)(struct gruvi__arrival *arrival);
    void (*fetch)(const struct gruvi__arrival *arrival);
};

/* Runs in the hub's thread when its fibers have ended, before the inbox closes:
 * for what is of no use without the hub.  It is linked and unlinked in that
 * thread, too. */
struct gruvi__hub_end {
    struct gruvi__list link;
    void (*run)(struct gruvi__hub_end *end);
};

/* 0, or UV_ESHUTDOWN where it would not run any more. */
int gruvi__hub_add_end(gruvi_hub_t *hub, struct gruvi__hub_end *end);

/* The thread ends and leaves fibers behind: refuse posts, free nothing. */
void gruvi__hub_abandon(gruvi_hub_t *hub);

/* Nothing is ready: give surplus memory back before long. */
void gruvi__hub_trim_later(gruvi_hub_t *hub);

#endif
