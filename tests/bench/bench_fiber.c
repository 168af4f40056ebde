/* SPDX-License-Identifier: MIT */
/*
 * What fibers cost.
 *
 *   yield    N fibers let each other run, at the call depth of a program
 *   mixed    the same with two kinds of fibers
 *   spawn    spawn, run, join, one by one
 *   batch    the same, N at a time
 *   cold     the first N of a process: their stacks are new
 *   park     N fibers wait for one event: what each takes of memory, and of
 *            processor to get there, and to be woken and to end
 *   sleep    N fibers that each sleep 1 to 10 ms, again and again, looked at
 *            for COUNT ms: wakes in a second of processor
 */
#include "bench/ours.h"

static int
yield(void)
{
    return gruvi_sleep(0);
}

BENCH_YIELDER(even, yield, 1)
BENCH_YIELDER(odd, yield, 7)

static int
run_even(void *arg)
{
    (void)arg;
    return even();
}

static int
run_odd(void *arg)
{
    (void)arg;
    return odd();
}

static void
bench_yield(long n, long count)
{
    bench_yields_expect(n, count);
    finish_all(spawn_all(n, run_even), n);
}

static void
bench_mixed(long n, long count)
{
    gruvi_fiber_t **fibers = malloc((size_t)n * sizeof *fibers);
    long i;

    if (fibers == NULL)
        check(UV_ENOMEM);
    bench_yields_expect(n, count);
    for (i = 0; i < n; i++)
        fibers[i] = spawn(bench_is_odd(i) ? run_odd : run_even, NULL);
    finish_all(fibers, n);
}

/* --- spawn and join ------------------------------------------------------ */

static int
empty(void *arg)
{
    (void)arg;
    return 0;
}

static void
bench_spawn(long n, long count)
{
    double begin;
    long i;

    (void)n;
    finish(spawn(empty, NULL));
    begin = bench_now();
    for (i = 0; i < count; i++)
        finish(spawn(empty, NULL));
    bench_print("ns", (bench_now() - begin) / (double)count);
}

static void
spawn_batch(gruvi_fiber_t **fibers, long n)
{
    long i;

    for (i = 0; i < n; i++)
        fibers[i] = spawn(empty, NULL);
    for (i = 0; i < n; i++)
        finish(fibers[i]);
}

static void
time_batches(long n, long batches, long unmeasured)
{
    gruvi_fiber_t **fibers = calloc((size_t)n, sizeof *fibers);
    double begin;
    long i;

    if (fibers == NULL)
        check(UV_ENOMEM);
    for (i = 0; i < unmeasured; i++)
        spawn_batch(fibers, n);
    begin = bench_now();
    for (i = 0; i < batches; i++)
        spawn_batch(fibers, n);
    bench_print("ns", (bench_now() - begin) / ((double)n * (double)batches));
    free(fibers);
}

static void
bench_batch(long n, long count)
{
    time_batches(n, count / n > 0 ? count / n : 1, 1);
}

static void
bench_cold(long n, long count)
{
    (void)count;
    time_batches(n, 1, 0);
}

/* --- fibers that wait ---------------------------------------------------- */

static gruvi_event_t all_wait, go_on, all_ended;
static long fibers_left;

static int
park(void *arg)
{
    long n = *(long *)arg;

    if (++fibers_left == n)
        gruvi_event_set(&all_wait);
    check(gruvi_event_wait(&go_on, GRUVI_FOREVER));
    if (--fibers_left == 0)
        gruvi_event_set(&all_ended);
    return 0;
}

static void
bench_park(long n, long count)
{
    struct bench_memory before;
    double begin;
    long i;

    (void)count;
    check(gruvi_event_init(&all_wait));
    check(gruvi_event_init(&go_on));
    check(gruvi_event_init(&all_ended));
    before = bench_memory();
    begin = bench_cpu();
    for (i = 0; i < n; i++)
        gruvi_fiber_unref(spawn(park, &n));
    check(gruvi_event_wait(&all_wait, GRUVI_FOREVER));
    bench_print("create_ns", (bench_cpu() - begin) / (double)n);
    bench_print_memory(before, n);
    begin = bench_cpu();
    gruvi_event_set(&go_on);
    check(gruvi_event_wait(&all_ended, GRUVI_FOREVER));
    bench_print("finish_ns", (bench_cpu() - begin) / (double)n);
}

static long wakes;
static bool is_over;

static int
sleeper(void *arg)
{
    (void)arg;
    while (!is_over) {
        check(gruvi_sleep((double)(1 + bench_random() % 10) * 1e-3));
        wakes++;
    }
    return 0;
}

static void
bench_sleep(long n, long count)
{
    gruvi_fiber_t **fibers = spawn_all(n, sleeper);
    double begin;

    while (wakes < n)
        check(gruvi_sleep(1e-3));
    wakes = 0;
    begin = bench_cpu();
    check(gruvi_sleep((double)count * 1e-3));
    bench_print("wakes_per_cpu_s", (double)wakes / (bench_cpu() - begin) * 1e9);
    is_over = true;
    finish_all(fibers, n);
}

static const struct bench_command commands[] = {
    {"yield", bench_yield}, {"mixed", bench_mixed}, {"spawn", bench_spawn},
    {"batch", bench_batch}, {"cold", bench_cold},   {"park", bench_park},
    {"sleep", bench_sleep},
};

OURS_MAIN(commands)
