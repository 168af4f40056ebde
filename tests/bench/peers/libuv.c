/* SPDX-License-Identifier: MIT */
/* Timers, posts and work of libuv, without fibers. */
#include <uv.h>

#include "bench/bench.h"
#include "bench/peers/posts.h"

static uv_loop_t *loop;

static void
check(int err)
{
    if (err >= 0)
        return;
    fprintf(stderr, "bench: %s\n", uv_strerror(err));
    exit(1);
}

static void *
zeroed(long n, size_t size)
{
    void *memory = calloc((size_t)n + 1, size);

    bench_check(memory != NULL, "calloc");
    return memory;
}

static void
on_nothing(uv_timer_t *timer)
{
    (void)timer;
}

static void
measure_timer(long n, long count, uint64_t timeout)
{
    uv_timer_t *others = zeroed(n, sizeof *others), timer;
    double begin;
    long i;

    for (i = 0; i < n; i++) {
        uv_timer_init(loop, &others[i]);
        uv_timer_start(&others[i], on_nothing, 60000 + bench_random() % 60000,
                       0);
    }
    uv_timer_init(loop, &timer);
    begin = bench_now();
    for (i = 0; i < count; i++) {
        uv_timer_start(&timer, on_nothing, timeout, 0);
        uv_timer_stop(&timer);
    }
    bench_print("ns", (bench_now() - begin) / (double)count);
}

static void
bench_timer(long n, long count)
{
    measure_timer(n, count, 90000);
}

static void
bench_timer_first(long n, long count)
{
    measure_timer(n, count, 30000);
}

/* --- timers that come due ------------------------------------------------ */

static long wakes;

static void
on_wake(uv_timer_t *timer)
{
    wakes++;
    uv_timer_start(timer, on_wake, 1 + bench_random() % 10, 0);
}

static void
on_over(uv_timer_t *timer)
{
    (void)timer;
    uv_stop(loop);
}

static void
bench_sleep(long n, long count)
{
    uv_timer_t *timers = zeroed(n, sizeof *timers), over;
    double begin;
    long i;

    for (i = 0; i < n; i++) {
        uv_timer_init(loop, &timers[i]);
        uv_timer_start(&timers[i], on_wake, 1, 0);
    }
    while (wakes < n)
        uv_run(loop, UV_RUN_ONCE);
    wakes = 0;
    begin = bench_cpu();
    uv_timer_init(loop, &over);
    uv_timer_start(&over, on_over, (uint64_t)count, 0);
    uv_run(loop, UV_RUN_DEFAULT);
    bench_print("wakes_per_cpu_s", (double)wakes / (bench_cpu() - begin) * 1e9);
}

/* --- posts --------------------------------------------------------------- */

static uv_async_t async;

static void
ring(void)
{
    uv_async_send(&async);
}

static void
end_loop(void)
{
    uv_stop(loop);
}

static void
on_async(uv_async_t *handle)
{
    (void)handle;
    posts_run();
}

static void
run_posts(long n, long count, void *(*produce)(void *arg))
{
    posts.ring = ring;
    posts.is_over = end_loop;
    check(uv_async_init(loop, &async, on_async));
    posts_begin(n, count, produce);
    uv_run(loop, UV_RUN_DEFAULT);
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
    uv_run(loop, UV_RUN_DEFAULT);
}

static void
bench_backlog(long n, long count)
{
    posts.ring = ring;
    posts.is_over = end_loop;
    check(uv_async_init(loop, &async, on_async));
    posts_pile_up(n, count, run_loop);
}

static void
on_idle(uv_idle_t *idle)
{
    (void)idle;
}

/* The loop is kept awake. */
static void
bench_post_run(long n, long count)
{
    uv_idle_t idle;

    uv_idle_init(loop, &idle);
    uv_idle_start(&idle, on_idle);
    run_posts(n, count, posts_produce_one_by_one);
}

/* --- work ---------------------------------------------------------------- */

struct work {
    uv_work_t work;
    long left;
};

static void
do_nothing(uv_work_t *work)
{
    (void)work;
}

static void
queue_again(uv_work_t *work, int status)
{
    struct work *self = work->data;

    check(status);
    if (--self->left > 0)
        check(uv_queue_work(loop, work, do_nothing, queue_again));
}

static void
run_works(struct work *works, long n, long each)
{
    long i;

    for (i = 0; i < n; i++) {
        works[i].left = each;
        works[i].work.data = &works[i];
        check(uv_queue_work(loop, &works[i].work, do_nothing, queue_again));
    }
    uv_run(loop, UV_RUN_DEFAULT);
}

/* Once unmeasured: it begins its threads. */
static void
bench_blocking(long n, long count)
{
    struct work *works = zeroed(n, sizeof *works);
    long each = count / n > 0 ? count / n : 1;
    double begin;

    run_works(works, n, 1);
    begin = bench_now();
    run_works(works, n, each);
    bench_print("ns", (bench_now() - begin) / ((double)n * (double)each));
}

static const struct bench_command commands[] = {
    {"timer", bench_timer},       {"timer_first", bench_timer_first},
    {"sleep", bench_sleep},       {"post", bench_post},
    {"post_run", bench_post_run}, {"backlog", bench_backlog},
    {"blocking", bench_blocking},
};

int
main(int argc, char **argv)
{
    loop = uv_default_loop();
    return BENCH_MAIN(commands, argc, argv);
}
