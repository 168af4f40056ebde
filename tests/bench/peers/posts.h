/* SPDX-License-Identifier: MIT */
/*
 * Posts to a loop as programs do them without a library for it: a list under a
 * mutex, and something that rings.
 */
#ifndef BENCH_PEERS_POSTS_H
#define BENCH_PEERS_POSTS_H

#include <pthread.h>

#include "bench/bench.h"

struct post {
    struct post *next;
};

static struct posts {
    void (*ring)(void);    /* thread-safe; has posts_run() called in the loop */
    void (*is_over)(void); /* when all have run, in the loop */
    pthread_mutex_t mutex;
    struct post *head, **tail; /* under mutex */
    long received, threads, a_thread;
    int has_run; /* atomic */
    double begin;
    pthread_t thread[16];
} posts;

static inline void
post(void)
{
    struct post *p = malloc(sizeof *p);

    bench_check(p != NULL, "malloc");
    p->next = NULL;
    pthread_mutex_lock(&posts.mutex);
    *posts.tail = p;
    posts.tail = &p->next;
    pthread_mutex_unlock(&posts.mutex);
    posts.ring();
}

static inline void
posts_run(void)
{
    struct post *p, *next;

    pthread_mutex_lock(&posts.mutex);
    p = posts.head;
    posts.head = NULL;
    posts.tail = &posts.head;
    pthread_mutex_unlock(&posts.mutex);
    for (; p != NULL; p = next) {
        next = p->next;
        free(p);
        __atomic_store_n(&posts.has_run, 1, __ATOMIC_RELEASE);
        if (++posts.received == posts.a_thread * posts.threads)
            posts.is_over();
    }
}

static inline void *
posts_produce(void *arg)
{
    long i;

    for (i = 0; i < posts.a_thread; i++)
        post();
    return arg;
}

static inline void *
posts_produce_one_by_one(void *arg)
{
    long i;

    for (i = 0; i < posts.a_thread; i++) {
        __atomic_store_n(&posts.has_run, 0, __ATOMIC_RELAXED);
        post();
        while (!__atomic_load_n(&posts.has_run, __ATOMIC_ACQUIRE))
            ;
    }
    return arg;
}

/* Begin the threads, each of which produces its part of count. */
static inline void
posts_begin(long n, long count, void *(*produce)(void *arg))
{
    long i;

    posts.threads = n < 1 ? 1 : n > 16 ? 16 : n;
    posts.a_thread = (count + posts.threads - 1) / posts.threads;
    posts.tail = &posts.head;
    pthread_mutex_init(&posts.mutex, NULL);
    posts.begin = bench_now();
    for (i = 0; i < posts.threads; i++)
        bench_check(pthread_create(&posts.thread[i], NULL, produce, NULL) == 0,
                    "pthread_create");
}

/* n callbacks pile up before the loop runs them, until posts.is_over(), again
 * and again. */
static inline void
posts_pile_up(long n, long count, void (*run_loop)(void))
{
    long i, k, times = count / n > 0 ? count / n : 1;
    double begin = 0;

    posts.threads = 1;
    posts.a_thread = n;
    posts.tail = &posts.head;
    pthread_mutex_init(&posts.mutex, NULL);
    for (i = 0; i <= times; i++) { /* the first time is not measured */
        if (i == 1)
            begin = bench_now();
        posts.received = 0;
        for (k = 0; k < n; k++)
            post();
        run_loop();
    }
    bench_print("ns", (bench_now() - begin) / ((double)n * (double)times));
}

/* When the loop has ended. */
static inline void
posts_end(void)
{
    double took = bench_now() - posts.begin;
    long i;

    bench_print("ns", took / (double)(posts.a_thread * posts.threads));
    for (i = 0; i < posts.threads; i++)
        pthread_join(posts.thread[i], NULL);
}

#endif
