/* SPDX-License-Identifier: MIT */
/*
 * Time is asked here and nowhere else.
 *
 * Deadlines are absolute nanoseconds in a timing wheel of the hub.  All of
 * them share one uv_timer_t, which is set when the hub is about to block.  A
 * hub that blocks notices a deadline up to a millisecond late, the granularity
 * of that timer; a busy hub, up to a tick of the wheel.  No deadline is noticed
 * early: the hub compares with the clock itself.
 */
#include <time.h>

#include "base/likely.h"
#include "base/threads.h"
#include "core/clock.h"
#include "core/hub.h"

/* About 292 years: what is later than that never comes. */
#define FOREVER_SECONDS 9.2e9

/* Where virtual time begins: not at 0, which means "not armed". */
#define VIRTUAL_BEGIN ((uint64_t)1000 << GRUVI__TICK_SHIFT)

/* Of this thread; 0: that of the machine. */
static __thread uint64_t virtual_now;

static bool any_virtual; /* atomic: a thread's time is */
static unsigned stops;   /* atomic: work that threads do */

uint64_t
gruvi__clock_now(void)
{
    struct timespec now;

    if (gruvi__unlikely(virtual_now != 0))
        return virtual_now;
    /* What uv_hrtime() does, with two calls less. */
    gruvi__clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

int64_t
gruvi__clock_coarse(void)
{
    struct timespec now;

    gruvi__clock_gettime(CLOCK_MONOTONIC_COARSE, &now);
    return now.tv_sec * (int64_t)1000000000 + now.tv_nsec;
}

void
gruvi__clock_make_virtual(void)
{
    virtual_now = VIRTUAL_BEGIN;
    gruvi__atomic_store(&any_virtual, true, __ATOMIC_RELAXED);
}

bool
gruvi__clock_is_virtual(void)
{
    return virtual_now != 0;
}

void
gruvi__clock_pass(uint64_t to)
{
    if (to > virtual_now)
        virtual_now = to;
}

bool
gruvi__clock_stop(void)
{
    if (gruvi__likely(!gruvi__atomic_load(&any_virtual, __ATOMIC_RELAXED)))
        return false;
    gruvi__atomic_fetch_add(&stops, 1, __ATOMIC_RELAXED);
    return true;
}

void
gruvi__clock_go_on(void)
{
    gruvi__atomic_fetch_sub(&stops, 1, __ATOMIC_RELEASE);
}

bool
gruvi__clock_stopped(void)
{
    return gruvi__atomic_load(&stops, __ATOMIC_ACQUIRE) > 0;
}

double
gruvi_now(void)
{
    return (double)gruvi__clock_now() * 1e-9;
}

uint64_t
gruvi__clock_due(double timeout)
{
    double whole;
    int64_t ns; /* signed: processors convert that in one instruction */

    if (timeout < 0 || timeout >= FOREVER_SECONDS)
        return UINT64_MAX;
    /* Rounded up, so that no wait ends before its timeout. */
    whole = timeout * 1e9;
    ns = (int64_t)whole;
    return gruvi__clock_now() + (uint64_t)ns + (whole > (double)ns);
}

double
gruvi__clock_left(uint64_t due)
{
    uint64_t now;

    if (due == UINT64_MAX)
        return GRUVI_FOREVER;
    now = gruvi__clock_now();
    return due > now ? (double)(due - now) / 1e9 : 0;
}

void
gruvi__deadline_arm(gruvi_hub_t *hub, struct gruvi__deadline *deadline,
                    uint64_t due)
{
    if (due == UINT64_MAX)
        return;
    if (gruvi__wheel_idle(&hub->deadlines))
        gruvi__wheel_start(&hub->deadlines, gruvi__clock_now());
    gruvi__wheel_arm(&hub->deadlines, deadline, due);
}

void
gruvi__deadline_disarm_slowly(gruvi_hub_t *hub,
                              struct gruvi__deadline *deadline)
{
    gruvi__wheel_disarm(&hub->deadlines, deadline);
}
