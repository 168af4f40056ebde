/* SPDX-License-Identifier: MIT */
/*
 * What it costs to wait for each other.  N is the number of threads in the
 * process: with one only, locked instructions can be spared.
 *
 *   lock         an uncontended lock, acquired and released
 *   event        ping-pong between two fibers of a hub; a figure a message
 *   queue        the same with queues
 *   event_hubs   ping-pong between the hubs of two threads
 *   queue_hubs   the same with queues
 */
#include <pthread.h>

#include "bench/ours.h"

static void
begin_thread(pthread_t *thread, void *(*fn)(void *arg), void *arg)
{
    check(-pthread_create(thread, NULL, fn, arg));
}

static void *
sleep_until_posted(void *arg)
{
    uv_sem_wait(arg);
    return NULL;
}

/* Run it with n - 1 idle threads beside this one. */
static void
among_threads(long n, void (*measure)(long count), long count)
{
    pthread_t threads[8];
    uv_sem_t sem;
    long i, others = n < 1 ? 0 : n > 9 ? 8 : n - 1;

    check(uv_sem_init(&sem, 0));
    for (i = 0; i < others; i++)
        begin_thread(&threads[i], sleep_until_posted, &sem);
    measure(count);
    for (i = 0; i < others; i++)
        uv_sem_post(&sem);
    for (i = 0; i < others; i++)
        pthread_join(threads[i], NULL);
    uv_sem_destroy(&sem);
}

static void
measure_lock(long count)
{
    gruvi_lock_t lock = GRUVI_LOCK_INIT;
    double begin = bench_now();
    long i;

    for (i = 0; i < count; i++) {
        check(gruvi_lock_acquire(&lock, GRUVI_FOREVER));
        check(gruvi_lock_release(&lock));
    }
    bench_print("ns", (bench_now() - begin) / (double)count);
}

static void
bench_lock(long n, long count)
{
    among_threads(n, measure_lock, count);
}

/* --- ping-pong ----------------------------------------------------------- */

/* Two sides, each with what the other one waits for. */
struct side {
    gruvi_event_t event;
    gruvi_queue_t queue;
    struct side *other;
    int (*play)(void *side);
    long messages; /* that this side sends */
    bool serves;
};

static int
play_events(void *arg)
{
    struct side *side = arg;
    long i;

    for (i = 0; i < side->messages; i++) {
        if (side->serves)
            gruvi_event_set(&side->other->event);
        check(gruvi_event_wait(&side->event, GRUVI_FOREVER));
        gruvi_event_clear(&side->event);
        if (!side->serves)
            gruvi_event_set(&side->other->event);
    }
    return 0;
}

static void
put(struct side *side)
{
    check(gruvi_queue_put(&side->other->queue, side, NULL, GRUVI_FOREVER));
}

static int
play_queues(void *arg)
{
    struct side *side = arg;
    void *item;
    long i;

    for (i = 0; i < side->messages; i++) {
        if (side->serves)
            put(side);
        check(gruvi_queue_get(&side->queue, &item, GRUVI_FOREVER));
        if (!side->serves)
            put(side);
    }
    return 0;
}

static void
open_sides(struct side sides[2], int (*play)(void *side), long messages)
{
    int i;

    for (i = 0; i < 2; i++) {
        sides[i] = (struct side){.other = &sides[!i],
                                 .play = play,
                                 .messages = (messages + 1) / 2,
                                 .serves = i == 0};
        check(gruvi_event_init(&sides[i].event));
        check(gruvi_queue_init(&sides[i].queue, GRUVI_QUEUE_FIFO, 0));
    }
}

static void
close_sides(struct side sides[2])
{
    int i;

    for (i = 0; i < 2; i++) {
        gruvi_event_destroy(&sides[i].event);
        gruvi_queue_destroy(&sides[i].queue);
    }
}

static void
play_here(int (*play)(void *side), long count)
{
    struct side sides[2];
    gruvi_fiber_t *fibers[2];
    double begin;

    open_sides(sides, play, count);
    begin = bench_now();
    fibers[0] = spawn(play, &sides[0]);
    fibers[1] = spawn(play, &sides[1]);
    finish(fibers[0]);
    finish(fibers[1]);
    bench_print("ns", (bench_now() - begin) / (double)count);
    close_sides(sides);
}

static void
measure_event(long count)
{
    play_here(play_events, count);
}

static void
measure_queue(long count)
{
    play_here(play_queues, count);
}

static void
bench_event(long n, long count)
{
    among_threads(n, measure_event, count);
}

static void
bench_queue(long n, long count)
{
    among_threads(n, measure_queue, count);
}

static void *
run_side(void *arg)
{
    struct side *side = arg;

    finish(spawn(side->play, side));
    check(gruvi_hub_close(gruvi_get_hub()));
    return NULL;
}

static void
play_across(int (*play)(void *side), long count)
{
    struct side sides[2];
    pthread_t thread;
    double begin;

    open_sides(sides, play, count);
    begin = bench_now();
    begin_thread(&thread, run_side, &sides[1]);
    finish(spawn(play, &sides[0]));
    bench_print("ns", (bench_now() - begin) / (double)count);
    pthread_join(thread, NULL);
    close_sides(sides);
}

static void
bench_event_hubs(long n, long count)
{
    (void)n;
    play_across(play_events, count);
}

static void
bench_queue_hubs(long n, long count)
{
    (void)n;
    play_across(play_queues, count);
}

static const struct bench_command commands[] = {
    {"lock", bench_lock},
    {"event", bench_event},
    {"queue", bench_queue},
    {"event_hubs", bench_event_hubs},
    {"queue_hubs", bench_queue_hubs},
};

OURS_MAIN(commands)
