/* SPDX-License-Identifier: MIT */
/*
 * What goes between a hub and other threads.
 *
 *   post       N threads post callbacks to a hub as fast as they can; a figure
 *              from the first one to the last one run
 *   post_run   one thread posts a callback when it has seen the one before run,
 *              to a hub that is awake; a figure from the post until the thread
 *              sees that it has run
 *   backlog    N callbacks pile up in a hub that is busy, which then runs them,
 *              again and again: a figure from its post until all have run, and
 *              what each takes of memory
 *   blocking   N fibers have blocking work done that does nothing
 */
#include <pthread.h>
#include <stdatomic.h>

#include "bench/ours.h"

#define PRODUCERS 16

struct receiver {
    gruvi_hub_t *hub;
    long received, wanted, a_thread; /* how many posts */
    gruvi_event_t done;
    atomic_bool has_run;
};

static void
receive(void *arg)
{
    struct receiver *receiver = arg;

    if (++receiver->received == receiver->wanted)
        gruvi_event_set(&receiver->done);
}

static void *
produce(void *arg)
{
    struct receiver *receiver = arg;
    long i;

    for (i = 0; i < receiver->a_thread; i++)
        check(gruvi_hub_run_callback(receiver->hub, receive, receiver));
    return NULL;
}

static void
bench_post(long n, long count)
{
    long i, producers = n < 1 ? 1 : n > PRODUCERS ? PRODUCERS : n;
    struct receiver receiver = {.hub = gruvi_get_hub(),
                                .a_thread =
                                    (count + producers - 1) / producers};
    pthread_t threads[PRODUCERS];
    double begin;

    receiver.wanted = receiver.a_thread * producers;
    check(gruvi_event_init(&receiver.done));
    begin = bench_now();
    for (i = 0; i < producers; i++)
        check(-pthread_create(&threads[i], NULL, produce, &receiver));
    check(gruvi_event_wait(&receiver.done, GRUVI_FOREVER));
    bench_print("ns", (bench_now() - begin) / (double)receiver.wanted);
    for (i = 0; i < producers; i++)
        pthread_join(threads[i], NULL);
    gruvi_event_destroy(&receiver.done);
}

/* --- one at a time ------------------------------------------------------- */

static void
receive_one(void *arg)
{
    struct receiver *receiver = arg;

    receiver->received++;
    atomic_store_explicit(&receiver->has_run, true, memory_order_release);
}

static void *
produce_one_by_one(void *arg)
{
    struct receiver *receiver = arg;
    double begin = bench_now();
    long i;

    for (i = 0; i < receiver->wanted; i++) {
        atomic_store_explicit(&receiver->has_run, false, memory_order_relaxed);
        check(gruvi_hub_run_callback(receiver->hub, receive_one, receiver));
        while (!atomic_load_explicit(&receiver->has_run, memory_order_acquire))
            ;
    }
    bench_print("ns", (bench_now() - begin) / (double)receiver->wanted);
    return NULL;
}

/* The hub is kept awake by a fiber that lets others run. */
static void
bench_post_run(long n, long count)
{
    struct receiver receiver = {.hub = gruvi_get_hub(), .wanted = count};
    pthread_t thread;

    (void)n;
    check(-pthread_create(&thread, NULL, produce_one_by_one, &receiver));
    while (receiver.received < count)
        check(gruvi_sleep(0));
    pthread_join(thread, NULL);
}

/* --- that pile up -------------------------------------------------------- */

/* Nothing runs while they are posted: they are for the hub that posts them. */
static void
pile_up(struct receiver *receiver, long n)
{
    long i;

    receiver->received = 0;
    gruvi_event_clear(&receiver->done);
    for (i = 0; i < n; i++)
        check(gruvi_hub_run_callback(receiver->hub, receive, receiver));
}

static void
bench_backlog(long n, long count)
{
    struct receiver receiver = {.hub = gruvi_get_hub(), .wanted = n};
    long i, times = count / n > 0 ? count / n : 1;
    struct bench_memory before = bench_memory();
    double begin;

    check(gruvi_event_init(&receiver.done));
    pile_up(&receiver, n);
    bench_print_rss(before, n);
    check(gruvi_event_wait(&receiver.done, GRUVI_FOREVER));
    begin = bench_now();
    for (i = 0; i < times; i++) {
        pile_up(&receiver, n);
        check(gruvi_event_wait(&receiver.done, GRUVI_FOREVER));
    }
    bench_print("ns", (bench_now() - begin) / ((double)n * (double)times));
    gruvi_event_destroy(&receiver.done);
}

/* --- work ---------------------------------------------------------------- */

static long works_each;

static int
do_nothing(void *arg, void **result)
{
    (void)arg;
    *result = NULL;
    return 0;
}

static int
block_often(void *arg)
{
    void *result;
    long i;

    (void)arg;
    for (i = 0; i < works_each; i++)
        check(gruvi_blocking(do_nothing, NULL, &result));
    return 0;
}

/* Once unmeasured: the pool begins its threads when there is work for them. */
static void
bench_blocking(long n, long count)
{
    double begin;

    works_each = 1;
    finish_all(spawn_all(n, block_often), n);
    works_each = count / n > 0 ? count / n : 1;
    begin = bench_now();
    finish_all(spawn_all(n, block_often), n);
    bench_print("ns", (bench_now() - begin) / ((double)works_each * (double)n));
}

static const struct bench_command commands[] = {
    {"post", bench_post},
    {"post_run", bench_post_run},
    {"backlog", bench_backlog},
    {"blocking", bench_blocking},
};

OURS_MAIN(commands)
