/* SPDX-License-Identifier: MIT */
/*
 * How far two processors are from each other just now: what it takes a cache
 * line to go to the other one and back.
 *
 *   cache_line FIRST SECOND [TRIPS]     the numbers of two processors, and
 *                                       how many trips a burst has: 1,000
 *
 * In a virtual machine this changes by the second, and with it whatever
 * crosses processors.  Prints name=nanoseconds, the median of short bursts: a
 * burst that lost a processor meanwhile says nothing.
 */
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define BURSTS 31

/* Odd while it is on its way back. */
static _Alignas(128) atomic_long ball;
static long trips = 1000;

static double
now(void)
{
    struct timespec ts;

    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (double)ts.tv_sec * 1e9 + (double)ts.tv_nsec;
}

static void
move_to(const char *number)
{
    cpu_set_t set;

    CPU_ZERO(&set);
    CPU_SET((size_t)atol(number), &set);
    if (sched_setaffinity(0, sizeof set, &set) == 0)
        return;
    perror("cache_line: sched_setaffinity");
    exit(1);
}

static void
wait_for(long value)
{
    while (atomic_load_explicit(&ball, memory_order_acquire) != value)
        ;
}

static void *
answer(void *number)
{
    long i;

    move_to(number);
    for (i = 0; i < (BURSTS + 1) * trips; i++) {
        wait_for(2 * i + 1);
        atomic_store_explicit(&ball, 2 * i + 2, memory_order_release);
    }
    return NULL;
}

static double
burst(void)
{
    long at = atomic_load(&ball), i;
    double begin = now();

    for (i = 0; i < trips; i++, at += 2) {
        atomic_store_explicit(&ball, at + 1, memory_order_release);
        wait_for(at + 2);
    }
    return (now() - begin) / (double)trips;
}

static int
compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

int
main(int argc, char **argv)
{
    double took[BURSTS];
    pthread_t thread;
    int i;

    if (argc == 4)
        trips = atol(argv[3]);
    if (argc < 3 || argc > 4 || trips < 1) {
        fprintf(stderr, "usage: cache_line FIRST SECOND [TRIPS]\n");
        return 2;
    }
    move_to(argv[1]);
    if (pthread_create(&thread, NULL, answer, argv[2]) != 0) {
        fprintf(stderr, "cache_line: no thread\n");
        return 1;
    }
    burst();
    for (i = 0; i < BURSTS; i++)
        took[i] = burst();
    pthread_join(thread, NULL);
    qsort(took, BURSTS, sizeof *took, compare);
    printf("cache_line_ns=%.0f\n", took[BURSTS / 2]);
    return 0;
}
