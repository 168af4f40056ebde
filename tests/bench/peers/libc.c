/* SPDX-License-Identifier: MIT */
/* What the C library offers: swapcontext(), and its mutex. */
#include <pthread.h>
#include <ucontext.h>

#include "bench/bench.h"

static char stack[64 << 10];
static ucontext_t root, other;

static void
come_back(void)
{
    for (;;)
        swapcontext(&other, &root);
}

static void
bench_switch(long n, long count)
{
    double begin;
    long i;

    (void)n;
    getcontext(&other);
    other.uc_stack.ss_sp = stack;
    other.uc_stack.ss_size = sizeof stack;
    makecontext(&other, come_back, 0);
    swapcontext(&root, &other);
    begin = bench_now();
    for (i = 0; i < count; i += 2)
        swapcontext(&root, &other);
    bench_print("ns", (bench_now() - begin) / (double)count);
}

static void *
sleep_long(void *mutex)
{
    pthread_mutex_lock(mutex);
    return NULL;
}

/* With n threads in the process. */
static void
bench_lock(long n, long count)
{
    pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
    static pthread_mutex_t held = PTHREAD_MUTEX_INITIALIZER;
    pthread_t thread;
    double begin;
    long i;

    pthread_mutex_lock(&held);
    for (i = 1; i < n; i++)
        bench_check(pthread_create(&thread, NULL, sleep_long, &held) == 0,
                    "pthread_create");
    begin = bench_now();
    for (i = 0; i < count; i++) {
        pthread_mutex_lock(&mutex);
        pthread_mutex_unlock(&mutex);
    }
    bench_print("ns", (bench_now() - begin) / (double)count);
}

static const struct bench_command commands[] = {
    {"switch", bench_switch},
    {"lock", bench_lock},
};

int
main(int argc, char **argv)
{
    return BENCH_MAIN(commands, argc, argv);
}
