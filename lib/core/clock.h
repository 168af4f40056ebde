/* SPDX-License-Identifier: MIT */
/* Time, timeouts, and the deadlines of a hub: see clock.c. */
#ifndef GRUVI_CORE_CLOCK_H
#define GRUVI_CORE_CLOCK_H

#include <stdbool.h>
#include <stdint.h>

#include <gruvi/hub.h>

#include "base/wheel.h"

/* Nanoseconds of a clock that never goes back.  The only place that asks. */
uint64_t gruvi__clock_now(void);

/* Nanoseconds of a cheap clock that ticks every 1 to 10 ms; always that of the
 * machine. */
int64_t gruvi__clock_coarse(void);

/*
 * The same in ticks of 17 ms, which fit into half a word: for how long
 * something waits.  A difference of two is wrong after two years.
 */
#define GRUVI__TICK_NS ((int64_t)1 << 24)

static inline uint32_t
gruvi__clock_tick(int64_t coarse)
{
    return (uint32_t)(coarse / GRUVI__TICK_NS);
}

/*
 * For tests: time is virtual in this thread, which has no hub yet, from now on
 * and for good.  It stands still while a fiber can run.  When none can, the
 * hub polls its descriptors, and time jumps to the next deadline: hours pass
 * at once, and the fibers of a hub run in the same order each time.  Work in
 * pools of threads takes no time: the clock stands until it is done.  Other
 * threads and processes take real time, and timeouts do not wait for them.
 */
void gruvi__clock_make_virtual(void);
bool gruvi__clock_is_virtual(void);

/* Virtual time goes on. */
void gruvi__clock_pass(uint64_t to);

/*
 * Threads work for fibers: while they do, no thread's virtual time jumps.
 *
 * gruvi__clock_stop() returns true where there is such a thread; then
 * gruvi__clock_go_on() is to follow, after the result was posted.
 *
 * Context: any thread.
 */
bool gruvi__clock_stop(void);
void gruvi__clock_go_on(void);
bool gruvi__clock_stopped(void);

/* When a timeout that begins now ends; UINT64_MAX for none. */
uint64_t gruvi__clock_due(double timeout);

/* Seconds until then, 0 if it has passed; GRUVI_FOREVER for UINT64_MAX. */
double gruvi__clock_left(uint64_t due);

void gruvi__deadline_arm(gruvi_hub_t *hub, struct gruvi__deadline *deadline,
                         uint64_t due);
void gruvi__deadline_disarm_slowly(gruvi_hub_t *hub,
                                   struct gruvi__deadline *deadline);

static inline bool
gruvi__deadline_armed(const struct gruvi__deadline *deadline)
{
    return deadline->due != 0;
}

static inline void
gruvi__deadline_disarm(gruvi_hub_t *hub, struct gruvi__deadline *deadline)
{
    if (gruvi__deadline_armed(deadline))
        gruvi__deadline_disarm_slowly(hub, deadline);
}

#endif
