/* SPDX-License-Identifier: MIT */
/*
 * A timing wheel: deadlines that are armed and disarmed at a cost that does
 * not grow with their number.  See wheel.c.
 *
 * Not thread-safe.  Times are nanoseconds of one clock that never goes back.
 */
#ifndef GRUVI_BASE_WHEEL_H
#define GRUVI_BASE_WHEEL_H

#include <stdbool.h>
#include <stdint.h>

#include "base/list.h"

/* A tick is 2^16 ns, 65.5 us: a deadline may be noticed so much late. */
#define GRUVI__TICK_SHIFT 16

#define GRUVI__WHEEL_LEVELS 6 /* 2^48 ticks are 2^64 ns */
#define GRUVI__WHEEL_SLOTS  256

/* A point in time at which fire is called, once.  All zeros: not armed.  It
 * must not move, or go, while it is armed. */
struct gruvi__deadline {
    uint64_t due;    /* 0: not armed */
    uint32_t bucket; /* where it is armed */
    uint32_t index;  /* in its bucket */
    void (*fire)(struct gruvi__deadline *deadline);
    struct gruvi__list link; /* valid in wheel->spill */
};

struct gruvi__bucket {
    struct gruvi__deadline **entries; /* NULL: disarmed since */
    uint32_t n, room;
};

struct gruvi__wheel {
    uint64_t done;  /* the last tick that has been dealt with */
    uint64_t event; /* the first tick at which there may be something to do */
    struct gruvi__bucket *firing;
    struct gruvi__bucket spare;
    struct gruvi__list spill; /* deadlines that found no memory */
    uint64_t occupied[GRUVI__WHEEL_LEVELS][GRUVI__WHEEL_SLOTS / 64];
    struct gruvi__bucket buckets[GRUVI__WHEEL_LEVELS * GRUVI__WHEEL_SLOTS];
};

/* wheel is all zeros. */
void gruvi__wheel_init(struct gruvi__wheel *wheel);

/* Whether surely nothing is armed.  Then gruvi__wheel_expire() need not be
 * called, and gruvi__wheel_start() is, before the next deadline is armed. */
static inline bool
gruvi__wheel_idle(const struct gruvi__wheel *wheel)
{
    return wheel->event == UINT64_MAX && gruvi__list_empty(&wheel->spill);
}

/* Tell an idle wheel the time. */
void gruvi__wheel_start(struct gruvi__wheel *wheel, uint64_t now);

/* Armed deadlines are forgotten. */
void gruvi__wheel_destroy(struct gruvi__wheel *wheel);

/* due is not 0, and UINT64_MAX is never; deadline is not armed.  An
 * overdue deadline fires in the next tick.  Never fails. */
void gruvi__wheel_arm(struct gruvi__wheel *wheel,
                      struct gruvi__deadline *deadline, uint64_t due);

/* deadline is armed. */
void gruvi__wheel_disarm(struct gruvi__wheel *wheel,
                         struct gruvi__deadline *deadline);

/*
 * Fire the deadlines that are due: never early, tick after tick, within a tick
 * in the order of arming.  fire may arm and disarm any deadline; what it arms
 * fires in a later call.
 *
 * Returns how many have fired.
 */
unsigned gruvi__wheel_expire(struct gruvi__wheel *wheel, uint64_t now);

/* When to call gruvi__wheel_expire() next, UINT64_MAX for never.  That call may
 * find nothing to fire, at most once a level for each deadline. */
uint64_t gruvi__wheel_next(const struct gruvi__wheel *wheel);

#endif
