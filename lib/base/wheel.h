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

/* A tick is 2^16 ns, 65.5 us: by so much a deadline may be noticed late. */
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
    struct gruvi__deadline **entries; /* NULL for those disarmed meanwhile */
    uint32_t n, room;
};

struct gruvi__wheel {
    uint64_t done;  /* ticks that have been dealt with, up to this one */
    uint64_t event; /* the first tick at which there may be something to do */
    struct gruvi__bucket *firing;
    struct gruvi__bucket spare;
    struct gruvi__list spill; /* those for which there was no memory */
    uint64_t occupied[GRUVI__WHEEL_LEVELS][GRUVI__WHEEL_SLOTS / 64];
    struct gruvi__bucket buckets[GRUVI__WHEEL_LEVELS * GRUVI__WHEEL_SLOTS];
};

/* wheel is all zeros. */
void gruvi__wheel_init(struct gruvi__wheel *wheel);

/* Whether nothing is armed, for sure: then gruvi__wheel_expire() need not be
 * called, and the next one that is armed has to be told what time it is. */
static inline bool
gruvi__wheel_idle(const struct gruvi__wheel *wheel)
{
    return wheel->event == UINT64_MAX && gruvi__list_empty(&wheel->spill);
}

/* It is now, in a wheel that is idle. */
void gruvi__wheel_start(struct gruvi__wheel *wheel, uint64_t now);

/* What is armed is forgotten. */
void gruvi__wheel_destroy(struct gruvi__wheel *wheel);

/* due is not 0, and UINT64_MAX is never; deadline is not armed.  One that is
 * overdue fires in the next tick.  Never fails. */
void gruvi__wheel_arm(struct gruvi__wheel *wheel,
                      struct gruvi__deadline *deadline, uint64_t due);

/* deadline is armed. */
void gruvi__wheel_disarm(struct gruvi__wheel *wheel,
                         struct gruvi__deadline *deadline);

/*
 * Fire what is due: never early, tick after tick, within a tick in the order
 * in which they were armed.  fire may arm and disarm what it likes; what it
 * arms is for a later call.
 */
void gruvi__wheel_expire(struct gruvi__wheel *wheel, uint64_t now);

/* When to call gruvi__wheel_expire() next, UINT64_MAX for never.  There may
 * turn out to be nothing to fire: at most once a level for each deadline. */
uint64_t gruvi__wheel_next(const struct gruvi__wheel *wheel);

#endif
