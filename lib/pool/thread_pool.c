/* SPDX-License-Identifier: MIT */
/*
 * Threads that run work, first in, first out.
 *
 *   add --> queue --> worker: fn, done --> queue has more? : idle
 *             |                                               | too long
 *             '--> withdraw                                   '--> ends
 *
 * One worker at a time is called to the queue, idle or new.  The next is called
 * by that one, when it takes work and leaves some behind: a burst of work that
 * takes no time is done by few, and work that takes long gets a thread each all
 * the same.  The last used are called first, so that those that are not needed
 * stay idle until they end.
 *
 * Invariants:
 *   - work is on the queue, or a worker has begun it, never both: both ways off
 *     the queue are taken under the lock;
 *   - where there is work on the queue, and a worker idle or a thread to spare,
 *     one is called;
 *   - where there is work on the queue there is a worker.  That is why a thread
 *     is created under the lock: it is known then whether there is one.
 *
 * A thread that ends is joined by the next one that does, and the last by
 * gruvi__thread_pool_close(): none is left over for leak checkers.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pool/pool.h"

/* Seconds: longer than the pauses of a service that is in use. */
#define IDLE_TIMEOUT 10.0

struct gruvi__worker {
    struct gruvi__list link; /* on pool->workers */
    struct gruvi__thread_pool *pool;
    struct gruvi__waiter waiter; /* it waits here when idle */
    pthread_t thread;
    unsigned number;
    int busy; /* atomic: fn is running, there is no saying how long */
    bool joined, detached; /* by gruvi__thread_pool_close() */
};

static __thread struct gruvi__worker *self;
static __thread struct gruvi__work *current;

/* Held for so little that a thread in need of it spins before it sleeps. */
static void
init_lock(pthread_mutex_t *lock)
{
    pthread_mutexattr_t attr;

    pthread_mutexattr_init(&attr);
    pthread_mutexattr_settype(&attr, PTHREAD_MUTEX_ADAPTIVE_NP);
    pthread_mutex_init(lock, &attr);
    pthread_mutexattr_destroy(&attr);
}

void
gruvi__thread_pool_init(struct gruvi__thread_pool *pool, const char *name,
                        unsigned max)
{
    memset(pool, 0, sizeof *pool);
    pool->name = name;
    pool->idle_timeout = IDLE_TIMEOUT;
    pool->max = max;
    init_lock(&pool->lock);
    gruvi__load_init(&pool->load);
    gruvi__list_init(&pool->queue);
    gruvi__list_init(&pool->idle);
    gruvi__list_init(&pool->workers);
}

struct gruvi__work *
gruvi__work_current(void)
{
    return current;
}

static void
run(struct gruvi__work *work)
{
    struct gruvi__work *before = current;

    work->result = NULL;
    current = work;
    work->status = work->fn(work->arg, &work->result);
    current = before;
    if (work->status < 0)
        work->result = NULL;
}

bool
gruvi__thread_pool_is_inside(const struct gruvi__thread_pool *pool)
{
    const struct gruvi__work *outer = current;

    while (outer != NULL && outer->pool != pool)
        outer = outer->outer;
    return outer != NULL;
}

bool
gruvi__thread_pool_run_inside(struct gruvi__thread_pool *pool,
                              struct gruvi__work *work)
{
    if (!gruvi__thread_pool_is_inside(pool))
        return false;
    work->pool = pool;
    work->outer = current;
    run(work);
    return true;
}

/* --- the threads ---------------------------------------------------------- */

static inline struct gruvi__worker *
worker_of(struct gruvi__list *link)
{
    return gruvi__list_entry(link, struct gruvi__worker, link);
}

/* Under the lock, like all that follow. */
static struct gruvi__work *
take(struct gruvi__worker *worker)
{
    struct gruvi__list *link = gruvi__list_pop(&worker->pool->queue);
    struct gruvi__work *work;

    if (link == NULL)
        return NULL;
    work = gruvi__list_entry(link, struct gruvi__work, link);
    __atomic_store_n(&worker->busy, 1, __ATOMIC_RELAXED);
    gruvi__load_begin(&worker->pool->load, work->queued_at);
    return work;
}

/* Until woken; false where nobody did for too long. */
static bool
wait_idle(struct gruvi__worker *worker)
{
    struct gruvi__thread_pool *pool = worker->pool;
    int err;

    gruvi__waiter_init(&worker->waiter, NULL);
    gruvi__list_add(pool->idle.next, &worker->waiter.link);
    pthread_mutex_unlock(&pool->lock);
    err = gruvi__waiter_wait(&worker->waiter, "work", pool->idle_timeout);
    pthread_mutex_lock(&pool->lock);
    gruvi__list_remove(&worker->waiter.link);
    return err == 0;
}

/* The next work for a worker; NULL: end. */
static struct gruvi__work *
next_work(struct gruvi__worker *worker)
{
    struct gruvi__thread_pool *pool = worker->pool;
    struct gruvi__work *work;
    bool called = true;

    while (!pool->closing) {
        work = take(worker);
        if (work != NULL || pool->draining ||
            (!called && pool->size > pool->min))
            return work;
        called = wait_idle(worker);
        if (called)
            pool->called = false;
    }
    return NULL;
}

/* Join a thread that has ended, or is about to. */
static void
reap(struct gruvi__worker *worker)
{
    if (worker == NULL)
        return;
    pthread_join(worker->thread, NULL);
    free(worker);
}

/* A worker's end, which lets go of the lock.  It is freed by who joins it. */
static void
leave(struct gruvi__worker *worker)
{
    struct gruvi__thread_pool *pool = worker->pool;
    struct gruvi__worker *before = NULL;
    gruvi_pool_t *owner = pool->owner;

    gruvi__list_remove(&worker->link);
    pool->size--;
    if (pool->size == 0)
        gruvi__load_wake(&pool->load.closers);
    if (worker->detached) {
        free(worker);
    } else if (!worker->joined) {
        before = pool->ended;
        pool->ended = worker;
    }
    pthread_mutex_unlock(&pool->lock);
    reap(before);
    if (owner != NULL)
        gruvi__pool_drop(owner);
}

static void *work_for_pool(void *arg);

/*
 * Signals are for the program's own threads.  Those that a thread's own fault
 * raises are not blocked: the kernel would kill the process without asking
 * anybody's handler, be it a sanitizer's.
 */
static int
create_thread(struct gruvi__worker *worker)
{
    static const int faults[] = {SIGSEGV, SIGBUS,  SIGFPE,
                                 SIGILL,  SIGTRAP, SIGSYS};
    sigset_t blocked, before;
    int err;

    sigfillset(&blocked);
    for (size_t i = 0; i < sizeof faults / sizeof faults[0]; i++)
        sigdelset(&blocked, faults[i]);
    pthread_sigmask(SIG_SETMASK, &blocked, &before);
    err = pthread_create(&worker->thread, NULL, work_for_pool, worker);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return err == 0 ? 0 : uv_translate_sys_error(err);
}

/* Number a worker with the lowest number that is free. */
static void
enlist(struct gruvi__thread_pool *pool, struct gruvi__worker *worker)
{
    struct gruvi__list *link = pool->workers.next;

    worker->number = 1;
    while (link != &pool->workers &&
           worker_of(link)->number == worker->number) {
        worker->number++;
        link = link->next;
    }
    gruvi__list_add(link, &worker->link);
}

static void
detach(struct gruvi__worker *worker)
{
    worker->detached = true;
    pthread_detach(worker->thread);
}

static int
start_worker(struct gruvi__thread_pool *pool)
{
    struct gruvi__worker *worker = calloc(1, sizeof *worker);
    int err;

    if (worker == NULL)
        return UV_ENOMEM;
    worker->pool = pool;
    enlist(pool, worker);
    err = create_thread(worker);
    if (err < 0) {
        gruvi__list_remove(&worker->link);
        free(worker);
        return err;
    }
    if (pool->owner != NULL)
        gruvi__pool_hold(pool->owner);
    if (pool->abandoned)
        detach(worker);
    pool->size++;
    pool->started = true;
    return 0;
}

/* --- who comes to the queue ----------------------------------------------- */

/* Whom to wake, and what to say, when the lock is free. */
struct call_up {
    struct gruvi__waiter *waiter;
    int failed;    /* why there is no new thread, where that is news */
    unsigned size; /* how many there are then */
};

/*
 * Have a worker come to the queue, if one can be had: under the lock.  It is
 * woken, and what is wrong is said, when the lock is free: send_for().
 *
 * Returns why there is not a single worker, or 0.
 */
static int
call_worker(struct gruvi__thread_pool *pool, struct call_up *call)
{
    int err;

    if (pool->called)
        return 0;
    call->waiter = gruvi__waiter_claim_first(&pool->idle);
    if (call->waiter != NULL) {
        pool->called = true;
        return 0;
    }
    if (pool->size >= pool->max)
        return 0;
    err = start_worker(pool);
    call->size = pool->size;
    if (err < 0 && pool->size == 0)
        return err;
    if (err < 0 && !pool->short_of_threads)
        call->failed = err;
    pool->short_of_threads = err < 0;
    pool->called = err == 0;
    return 0;
}

static void
send_for(const struct gruvi__thread_pool *pool, const struct call_up *call)
{
    if (call->waiter != NULL)
        gruvi__waiter_wake(call->waiter);
    if (call->failed < 0)
        gruvi_warning("%s: no thread beside the %u there are: %s", pool->name,
                      call->size, gruvi_strerror(call->failed));
}

static void *
work_for_pool(void *arg)
{
    struct gruvi__worker *worker = arg;
    struct gruvi__thread_pool *pool = worker->pool;
    struct gruvi__work *work;
    struct call_up call;
    char name[16]; /* the kernel's limit */

    self = worker;
    snprintf(name, sizeof name, "%s-%u", pool->name, worker->number);
    pthread_setname_np(pthread_self(), name);
    pthread_mutex_lock(&pool->lock);
    pool->called = false;
    while ((work = next_work(worker)) != NULL) {
        call = (struct call_up){.waiter = NULL};
        if (!gruvi__list_empty(&pool->queue))
            call_worker(pool, &call);
        pthread_mutex_unlock(&pool->lock);
        send_for(pool, &call);
        run(work);
        __atomic_store_n(&worker->busy, 0, __ATOMIC_RELEASE);
        work->done(work);
        pthread_mutex_lock(&pool->lock);
        gruvi__load_end(&pool->load);
    }
    leave(worker);
    return NULL;
}

/* --- handing over --------------------------------------------------------- */

int
gruvi__thread_pool_add(struct gruvi__thread_pool *pool,
                       struct gruvi__work *work, struct gruvi__work *outer)
{
    struct call_up call = {.waiter = NULL};
    int err;

    work->pool = pool;
    work->outer = outer;
    work->queued_at = gruvi__clock_now();
    gruvi__list_init(&work->link);
    pthread_mutex_lock(&pool->lock);
    err = pool->closing || pool->draining ? UV_ESHUTDOWN
                                          : call_worker(pool, &call);
    if (err == 0) {
        gruvi__list_add(&pool->queue, &work->link);
        pool->load.queued++;
    }
    pthread_mutex_unlock(&pool->lock);
    send_for(pool, &call);
    return err;
}

bool
gruvi__thread_pool_withdraw(struct gruvi__work *work)
{
    struct gruvi__thread_pool *pool = work->pool;
    bool queued;

    pthread_mutex_lock(&pool->lock);
    queued = !gruvi__list_empty(&work->link);
    gruvi__list_remove(&work->link);
    if (queued)
        gruvi__load_withdraw(&pool->load);
    pthread_mutex_unlock(&pool->lock);
    return queued;
}

/* --- ends ----------------------------------------------------------------- */

void
gruvi__thread_pool_drain(struct gruvi__thread_pool *pool)
{
    pthread_mutex_lock(&pool->lock);
    pool->draining = true;
    gruvi__load_wake(&pool->idle); /* they look again, and end */
    pthread_mutex_unlock(&pool->lock);
}

void
gruvi__thread_pool_reap(struct gruvi__thread_pool *pool)
{
    struct gruvi__worker *worker;

    pthread_mutex_lock(&pool->lock);
    worker = pool->ended;
    pool->ended = NULL;
    pthread_mutex_unlock(&pool->lock);
    reap(worker);
}

void
gruvi__thread_pool_abandon(struct gruvi__thread_pool *pool)
{
    struct gruvi__list *link;

    pthread_mutex_lock(&pool->lock);
    pool->abandoned = true;
    while ((link = gruvi__list_pop(&pool->workers)) != NULL)
        detach(worker_of(link));
    pthread_mutex_unlock(&pool->lock);
    gruvi__thread_pool_drain(pool);
    gruvi__thread_pool_reap(pool);
}

/* One that will end as soon as it is told to. */
static struct gruvi__worker *
find_free(struct gruvi__thread_pool *pool)
{
    struct gruvi__list *link;

    for (link = pool->workers.next; link != &pool->workers; link = link->next)
        if (!__atomic_load_n(&worker_of(link)->busy, __ATOMIC_ACQUIRE))
            return worker_of(link);
    return NULL;
}

void
gruvi__thread_pool_close(struct gruvi__thread_pool *pool)
{
    struct gruvi__worker *worker;
    struct gruvi__list *link;

    pthread_mutex_lock(&pool->lock);
    pool->closing = true;
    while ((worker = find_free(pool)) != NULL) {
        gruvi__list_remove(&worker->link);
        worker->joined = true;
        pthread_mutex_unlock(&pool->lock);
        /* One that is not idle is claimed in vain: it will not wait again. */
        if (gruvi__waiter_claim(&worker->waiter))
            gruvi__waiter_wake(&worker->waiter);
        reap(worker);
        pthread_mutex_lock(&pool->lock);
    }
    while ((link = gruvi__list_pop(&pool->workers)) != NULL)
        detach(worker_of(link));
    pthread_mutex_unlock(&pool->lock);
    gruvi__thread_pool_reap(pool);
}

void
gruvi__thread_pool_reset(struct gruvi__thread_pool *pool)
{
    struct gruvi__list *link;

    while ((link = gruvi__list_pop(&pool->workers)) != NULL)
        if (worker_of(link) != self)
            free(worker_of(link));
    free(pool->ended);
    gruvi__thread_pool_init(pool, pool->name, pool->max);
    /* Work that forks goes on in the child, and its thread with it. */
    if (self != NULL && self->pool == pool) {
        gruvi__list_add(&pool->workers, &self->link);
        pool->size = pool->load.busy = 1;
        pool->started = true;
    }
}
