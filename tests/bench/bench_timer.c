/* SPDX-License-Identifier: MIT */
/*
 * What it costs to arm a timeout that is cancelled, as most are, while N
 * others are armed, for 60 to 120 seconds.
 *
 *   timer         for 90 seconds: somewhere among the others
 *   timer_first   for 30 seconds: it becomes the earliest
 *   timer_yield   for 90 seconds, with a yield before it is cancelled
 *
 * A switch back with a timeout is the cheapest thing that has one; its cost is
 * in the figure, and that of the clock.  It is armed when its fiber is left,
 * which the first two never are.  Of memory an armed timeout takes its part of
 * a stack, too.
 */
#include "bench/ours.h"

/* How many others a fiber has, one around the next. */
#define NESTED 50

static gruvi_event_t all_armed, done;
static long to_arm;

static int
hold_timeouts(void *arg)
{
    gruvi_switch_back_t others[NESTED];
    long i, n = to_arm < NESTED ? to_arm : NESTED;

    (void)arg;
    for (i = 0; i < n; i++)
        gruvi_switch_back_init(&others[i],
                               60 + (double)(bench_random() % 60000) * 1e-3);
    to_arm -= n;
    if (to_arm == 0)
        gruvi_event_set(&all_armed);
    check(gruvi_event_wait(&done, GRUVI_FOREVER));
    while (n-- > 0)
        gruvi_switch_back_exit(&others[n]);
    return 0;
}

static int
go_on(void)
{
    return 0;
}

static int
yield(void)
{
    return gruvi_sleep(0);
}

static void
measure(long n, long count, double timeout, int (*inside)(void))
{
    long i, holders = (n + NESTED - 1) / NESTED;
    gruvi_fiber_t **fibers;
    struct bench_memory before = bench_memory();
    double begin;

    check(gruvi_event_init(&all_armed));
    check(gruvi_event_init(&done));
    to_arm = n;
    fibers = spawn_all(holders, hold_timeouts);
    if (n > 0) {
        check(gruvi_event_wait(&all_armed, GRUVI_FOREVER));
        bench_print_rss(before, n);
    }
    begin = bench_now();
    for (i = 0; i < count; i++) {
        gruvi_switch_back_t sb;

        gruvi_switch_back_init(&sb, timeout);
        check(inside());
        gruvi_switch_back_exit(&sb);
    }
    bench_print("ns", (bench_now() - begin) / (double)count);
    gruvi_event_set(&done);
    finish_all(fibers, holders);
}

static void
bench_timer(long n, long count)
{
    measure(n, count, 90, go_on);
}

static void
bench_timer_first(long n, long count)
{
    measure(n, count, 30, go_on);
}

static void
bench_timer_yield(long n, long count)
{
    measure(n, count, 90, yield);
}

static const struct bench_command commands[] = {
    {"timer", bench_timer},
    {"timer_first", bench_timer_first},
    {"timer_yield", bench_timer_yield},
};

OURS_MAIN(commands)
