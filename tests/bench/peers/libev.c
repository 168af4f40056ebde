/* SPDX-License-Identifier: MIT */
/* Timers and posts of libev, without fibers. */
#include <ev.h>

#include "bench/bench.h"
#include "bench/peers/posts.h"

static struct ev_loop *loop;

static void
on_nothing(struct ev_loop *ev, ev_timer *timer, int events)
{
    (void)ev;
    (void)timer;
    (void)events;
}

static void
measure_timer(long n, long count, double timeout)
{
    ev_timer *others = calloc((size_t)n + 1, sizeof *others), timer;
    double begin;
    long i;

    bench_check(others != NULL, "calloc");
    for (i = 0; i < n; i++) {
        ev_timer_init(&others[i], on_nothing,
                      60 + (double)(bench_random() % 60000) * 1e-3, 0);
        ev_timer_start(loop, &others[i]);
    }
    ev_timer_init(&timer, on_nothing, timeout, 0);
    begin = bench_now();
    for (i = 0; i < count; i++) {
        ev_timer_set(&timer, timeout, 0);
        ev_timer_start(loop, &timer);
        ev_timer_stop(loop, &timer);
    }
    bench_print("ns", (bench_now() - begin) / (double)count);
}

static void
bench_timer(long n, long count)
{
    measure_timer(n, count, 90);
}

static void
bench_timer_first(long n, long count)
{
    measure_timer(n, count, 30);
}

/* --- timers that come due ------------------------------------------------ */

static long wakes;

static void
on_wake(struct ev_loop *ev, ev_timer *timer, int events)
{
    (void)events;
    wakes++;
    ev_timer_set(timer, (double)(1 + bench_random() % 10) * 1e-3, 0);
    ev_timer_start(ev, timer);
}

static void
on_over(struct ev_loop *ev, ev_timer *timer, int events)
{
    (void)timer;
    (void)events;
    ev_break(ev, EVBREAK_ALL);
}

static void
bench_sleep(long n, long count)
{
    ev_timer *timers = calloc((size_t)n, sizeof *timers), over;
    double begin;
    long i;

    bench_check(timers != NULL, "calloc");
    for (i = 0; i < n; i++) {
        ev_timer_init(&timers[i], on_wake, 1e-3, 0);
        ev_timer_start(loop, &timers[i]);
    }
    while (wakes < n)
        ev_run(loop, EVRUN_ONCE);
    wakes = 0;
    begin = bench_cpu();
    ev_timer_init(&over, on_over, (double)count * 1e-3, 0);
    ev_timer_start(loop, &over);
    ev_run(loop, 0);
    bench_print("wakes_per_cpu_s", (double)wakes / (bench_cpu() - begin) * 1e9);
}

/* --- posts --------------------------------------------------------------- */

static ev_async async;

static void
ring(void)
{
    ev_async_send(loop, &async);
}

static void
end_loop(void)
{
    ev_break(loop, EVBREAK_ALL);
}

static void
on_async(struct ev_loop *ev, ev_async *watcher, int events)
{
    (void)ev;
    (void)watcher;
    (void)events;
    posts_run();
}

static void
run_posts(long n, long count, void *(*produce)(void *arg))
{
    posts.ring = ring;
    posts.is_over = end_loop;
    ev_async_init(&async, on_async);
    ev_async_start(loop, &async);
    posts_begin(n, count, produce);
    ev_run(loop, 0);
    posts_end();
}

static void
bench_post(long n, long count)
{
    run_posts(n, count, posts_produce);
}

static void
run_loop(void)
{
    ev_run(loop, 0);
}

static void
bench_backlog(long n, long count)
{
    posts.ring = ring;
    posts.is_over = end_loop;
    ev_async_init(&async, on_async);
    ev_async_start(loop, &async);
    posts_pile_up(n, count, run_loop);
}

static void
on_idle(struct ev_loop *ev, ev_idle *idle, int events)
{
    (void)ev;
    (void)idle;
    (void)events;
}

/* The loop is kept awake. */
static void
bench_post_run(long n, long count)
{
    ev_idle idle;

    ev_idle_init(&idle, on_idle);
    ev_idle_start(loop, &idle);
    run_posts(n, count, posts_produce_one_by_one);
}

static const struct bench_command commands[] = {
    {"timer", bench_timer},       {"timer_first", bench_timer_first},
    {"sleep", bench_sleep},       {"post", bench_post},
    {"post_run", bench_post_run}, {"backlog", bench_backlog},
};

int
main(int argc, char **argv)
{
    loop = ev_default_loop(0);
    bench_check(loop != NULL, "ev_default_loop");
    return BENCH_MAIN(commands, argc, argv);
}
