/* SPDX-License-Identifier: MIT */
/*
 * What bench_fiber and bench_sync measure, with State Threads.  Stacks have
 * 64 KiB; there is no guard.
 */
#include <st.h>

#include "bench/bench.h"

#define STACK_SIZE (64 << 10)

static st_thread_t
spawn(void *(*fn)(void *arg), void *arg)
{
    st_thread_t thread = st_thread_create(fn, arg, 1, STACK_SIZE);

    bench_check(thread != NULL, "st_thread_create");
    return thread;
}

static st_thread_t *
spawn_all(long n, void *(*fn)(void *arg))
{
    st_thread_t *threads = calloc((size_t)n, sizeof *threads);
    long i;

    bench_check(threads != NULL, "calloc");
    for (i = 0; i < n; i++)
        threads[i] = spawn(fn, NULL);
    return threads;
}

static void
join_all(st_thread_t *threads, long n)
{
    long i;

    for (i = 0; i < n; i++)
        st_thread_join(threads[i], NULL);
    free(threads);
}

static int
yield(void)
{
    return st_usleep(0);
}

BENCH_YIELDER(even, yield, 1)
BENCH_YIELDER(odd, yield, 7)

static void *
run_even(void *arg)
{
    even();
    return arg;
}

static void *
run_odd(void *arg)
{
    odd();
    return arg;
}

static void
bench_yield(long n, long count)
{
    bench_yields_expect(n, count);
    join_all(spawn_all(n, run_even), n);
}

static void
bench_mixed(long n, long count)
{
    st_thread_t *threads = calloc((size_t)n, sizeof *threads);
    long i;

    bench_check(threads != NULL, "calloc");
    bench_yields_expect(n, count);
    for (i = 0; i < n; i++)
        threads[i] = spawn(bench_is_odd(i) ? run_odd : run_even, NULL);
    join_all(threads, n);
}

static void *
empty(void *arg)
{
    return arg;
}

static void
bench_spawn(long n, long count)
{
    double begin;
    long i;

    (void)n;
    st_thread_join(spawn(empty, NULL), NULL);
    begin = bench_now();
    for (i = 0; i < count; i++)
        st_thread_join(spawn(empty, NULL), NULL);
    bench_print("ns", (bench_now() - begin) / (double)count);
}

static void
time_batches(long n, long batches, long unmeasured)
{
    double begin;
    long i;

    for (i = 0; i < unmeasured; i++)
        join_all(spawn_all(n, empty), n);
    begin = bench_now();
    for (i = 0; i < batches; i++)
        join_all(spawn_all(n, empty), n);
    bench_print("ns", (bench_now() - begin) / ((double)n * (double)batches));
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

static st_cond_t all_wait, go_on, all_ended;
static long left;

static void *
park(void *arg)
{
    long n = *(long *)arg;

    if (++left == n)
        st_cond_signal(all_wait);
    st_cond_wait(go_on);
    if (--left == 0)
        st_cond_signal(all_ended);
    return NULL;
}

/* Nobody joins them. */
static void
bench_park(long n, long count)
{
    struct bench_memory before;
    double begin;
    long i;

    (void)count;
    all_wait = st_cond_new();
    go_on = st_cond_new();
    all_ended = st_cond_new();
    before = bench_memory();
    begin = bench_cpu();
    for (i = 0; i < n; i++)
        bench_check(st_thread_create(park, &n, 0, STACK_SIZE) != NULL,
                    "st_thread_create");
    st_cond_wait(all_wait);
    bench_print("create_ns", (bench_cpu() - begin) / (double)n);
    bench_print_memory(before, n);
    begin = bench_cpu();
    st_cond_broadcast(go_on);
    st_cond_wait(all_ended);
    bench_print("finish_ns", (bench_cpu() - begin) / (double)n);
}

static long wakes;
static int is_over;

static void *
sleeper(void *arg)
{
    while (!is_over) {
        st_usleep((1 + bench_random() % 10) * 1000);
        wakes++;
    }
    return arg;
}

static void
bench_sleep(long n, long count)
{
    st_thread_t *threads = spawn_all(n, sleeper);
    double begin;

    while (wakes < n)
        st_usleep(1000);
    wakes = 0;
    begin = bench_cpu();
    st_usleep((st_utime_t)count * 1000);
    bench_print("wakes_per_cpu_s", (double)wakes / (bench_cpu() - begin) * 1e9);
    is_over = 1;
    join_all(threads, n);
}

static void
bench_lock(long n, long count)
{
    st_mutex_t mutex = st_mutex_new();
    double begin = bench_now();
    long i;

    (void)n;
    for (i = 0; i < count; i++) {
        st_mutex_lock(mutex);
        st_mutex_unlock(mutex);
    }
    bench_print("ns", (bench_now() - begin) / (double)count);
}

/* A condition keeps nothing for who does not wait yet, hence the flags. */
static st_cond_t changed[2];
static int is_set[2];
static long messages;

static void
set(int side)
{
    is_set[side] = 1;
    st_cond_signal(changed[side]);
}

static void
take(int side)
{
    while (!is_set[side])
        st_cond_wait(changed[side]);
    is_set[side] = 0;
}

static void *
answer(void *arg)
{
    long i;

    for (i = 0; i < messages; i++) {
        take(0);
        set(1);
    }
    return arg;
}

static void
bench_event(long n, long count)
{
    st_thread_t thread;
    double begin;
    long i;

    (void)n;
    changed[0] = st_cond_new();
    changed[1] = st_cond_new();
    messages = count / 2;
    begin = bench_now();
    thread = spawn(answer, NULL);
    for (i = 0; i < messages; i++) {
        set(0);
        take(1);
    }
    st_thread_join(thread, NULL);
    bench_print("ns", (bench_now() - begin) / (double)count);
}

static const struct bench_command commands[] = {
    {"yield", bench_yield}, {"mixed", bench_mixed}, {"spawn", bench_spawn},
    {"batch", bench_batch}, {"cold", bench_cold},   {"park", bench_park},
    {"sleep", bench_sleep}, {"lock", bench_lock},   {"event", bench_event},
};

int
main(int argc, char **argv)
{
    st_set_eventsys(ST_EVENTSYS_ALT);
    bench_check(st_init() == 0, "st_init");
    return BENCH_MAIN(commands, argc, argv);
}
