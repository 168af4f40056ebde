/* SPDX-License-Identifier: MIT */
/*
 * Pools of threads.
 *
 * A thread is created under the lock: so it is known whether there is a thread
 * when work is queued, and work is never queued without one.
 *
 * A thread that ends is joined by the next thread that ends, and the last one
 * when the pool is closed: none is left for leak checkers to find.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

#include "pool/thread_pool.h"

#include <gruvi/inspect.h>

#include "base/threads.h"
#include "core/error.h"
#include "core/waitlist.h"

struct gruvi__pool_thread {
    struct gruvi__worker worker;
    pthread_t thread;
    bool joined, detached; /* either: it does not go into pool->ended */
};

static __thread struct gruvi__pool_thread *self;
static __thread struct gruvi__work *current;

static inline struct gruvi__thread_pool *
real(gruvi_pool_t *pool)
{
    return gruvi__list_entry(pool, struct gruvi__thread_pool, pool);
}

static inline struct gruvi__thread_pool *
pool_of(struct gruvi__workers *workers)
{
    return gruvi__list_entry(workers, struct gruvi__thread_pool, pool.workers);
}

static inline struct gruvi__pool_thread *
thread_of(struct gruvi__list *link)
{
    return gruvi__list_entry(link, struct gruvi__pool_thread, worker.link);
}

/* --- work ----------------------------------------------------------------- */

struct gruvi__work *
gruvi__work_current(void)
{
    return current;
}

static void
run_as_current(struct gruvi__work *work)
{
    struct gruvi__work *before = current;

    current = work;
    gruvi__work_run(work);
    current = before;
}

static void
run(struct gruvi__worker *worker, struct gruvi__work *work)
{
    run_as_current(work);
    gruvi__atomic_store(&worker->busy, 0, __ATOMIC_RELEASE);
    work->done(work);
}

/* This thread works for the pool: it runs its work, or work that such work
 * waits for. */
static bool
is_inside(gruvi_pool_t *pool)
{
    const struct gruvi__work *outer = current;

    while (outer != NULL && outer->workers != &pool->workers)
        outer = outer->outer;
    return outer != NULL;
}

static void
run_inside(gruvi_pool_t *pool, struct gruvi__work *work)
{
    work->workers = &pool->workers;
    work->outer = current;
    run_as_current(work);
}

static int
cancel(gruvi_pool_t *pool, struct gruvi__work *work)
{
    (void)pool;
    (void)work;
    return UV_EBUSY;
}

/* --- the threads ---------------------------------------------------------- */

/* Join a thread that has ended, or is about to. */
static void
join(struct gruvi__pool_thread *thread)
{
    if (thread == NULL)
        return;
    gruvi__thread_join(thread->thread, NULL);
    free(thread);
}

/* Under the lock, which it gives up: the thread's end.  Whoever joins the
 * thread frees it. */
static void
leave(struct gruvi__thread_pool *pool, struct gruvi__pool_thread *thread)
{
    struct gruvi__pool_thread *before = NULL;

    if (thread->detached) {
        free(thread);
    } else if (!thread->joined) {
        before = pool->ended;
        pool->ended = thread;
    }
    gruvi__mutex_unlock(&pool->pool.workers.lock);
    join(before);
    gruvi__pool_drop(&pool->pool);
}

static void *
thread_main(void *arg)
{
    struct gruvi__pool_thread *thread = arg;
    struct gruvi__workers *workers = thread->worker.workers;
    struct gruvi__thread_pool *pool = pool_of(workers);
    char name[16]; /* the kernel's limit */

    self = thread;
    gruvi__walk_this_thread();
    snprintf(name, sizeof name, "%s-%u", workers->name, thread->worker.number);
    pthread_setname_np(pthread_self(), name);
    gruvi__worker_main(&thread->worker, &pool->closing);
    leave(pool, thread);
    return NULL;
}

/*
 * A thread blocks what the thread blocks that makes it: programs that work
 * starts inherit that, and are to hear what those hear that main() starts.
 * Signals that a thread's own fault raises are never blocked: the kernel would
 * kill the process without calling any handler, be it a sanitizer's.
 */
static int
create_thread(struct gruvi__pool_thread *thread)
{
    static const int faults[] = {SIGSEGV, SIGBUS,  SIGFPE,
                                 SIGILL,  SIGTRAP, SIGSYS};
    sigset_t heard, before;
    int err;

    sigemptyset(&heard);
    for (size_t i = 0; i < sizeof faults / sizeof faults[0]; i++)
        sigaddset(&heard, faults[i]);
    pthread_sigmask(SIG_UNBLOCK, &heard, &before);
    err = gruvi__thread_create(&thread->thread, NULL, thread_main, thread);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return err == 0 ? 0 : uv_translate_sys_error(err);
}

static void
detach(struct gruvi__pool_thread *thread)
{
    thread->detached = true;
    gruvi__thread_detach(thread->thread);
}

static int
start(struct gruvi__workers *workers)
{
    struct gruvi__thread_pool *pool = pool_of(workers);
    struct gruvi__pool_thread *thread = calloc(1, sizeof *thread);
    int err;

    if (thread == NULL)
        return UV_ENOMEM;
    gruvi__worker_enlist(workers, &thread->worker);
    err = create_thread(thread);
    if (err < 0) {
        gruvi__worker_delist(&thread->worker);
        free(thread);
        return err;
    }
    gruvi__pool_hold(&pool->pool);
    if (pool->abandoned)
        detach(thread);
    pool->started = true;
    return 0;
}

/* --- ends ----------------------------------------------------------------- */

static void
reap(gruvi_pool_t *pool)
{
    struct gruvi__pool_thread *thread;

    gruvi__mutex_lock(&pool->workers.lock);
    thread = real(pool)->ended;
    real(pool)->ended = NULL;
    gruvi__mutex_unlock(&pool->workers.lock);
    join(thread);
}

/* Under the lock: detach all threads; each ends on its own. */
static void
detach_all(struct gruvi__workers *workers)
{
    struct gruvi__list *link;

    while ((link = gruvi__list_pop(&workers->all)) != NULL)
        detach(thread_of(link));
}

static void
abandon(gruvi_pool_t *pool)
{
    gruvi__mutex_lock(&pool->workers.lock);
    real(pool)->abandoned = true;
    detach_all(&pool->workers);
    gruvi__mutex_unlock(&pool->workers.lock);
    gruvi__workers_drain(&pool->workers);
    reap(pool);
}

/* A thread that will end as soon as it is told to. */
static struct gruvi__pool_thread *
find_free(struct gruvi__workers *workers)
{
    struct gruvi__list *link;

    for (link = workers->all.next; link != &workers->all; link = link->next)
        if (!gruvi__atomic_load(&thread_of(link)->worker.busy,
                                __ATOMIC_ACQUIRE))
            return thread_of(link);
    return NULL;
}

void
gruvi__thread_pool_close(struct gruvi__thread_pool *pool)
{
    struct gruvi__workers *workers = &pool->pool.workers;
    struct gruvi__pool_thread *thread;

    gruvi__mutex_lock(&workers->lock);
    pool->closing = workers->draining = true;
    while ((thread = find_free(workers)) != NULL) {
        gruvi__list_remove(&thread->worker.link);
        thread->joined = true;
        gruvi__mutex_unlock(&workers->lock);
        /* A thread that is not idle is claimed in vain: it will not wait. */
        if (gruvi__waiter_claim(&thread->worker.waiter))
            gruvi__waiter_wake(&thread->worker.waiter);
        join(thread);
        gruvi__mutex_lock(&workers->lock);
    }
    detach_all(workers);
    gruvi__mutex_unlock(&workers->lock);
    reap(&pool->pool);
}

void
gruvi__thread_pool_reset(struct gruvi__thread_pool *pool)
{
    struct gruvi__workers *workers = &pool->pool.workers;
    struct gruvi__workers before = *workers;
    struct gruvi__list *link;

    while ((link = gruvi__list_pop(&workers->all)) != NULL)
        if (thread_of(link) != self)
            free(thread_of(link));
    free(pool->ended);
    pool->ended = NULL;
    pool->started = pool->closing = false;
    gruvi__workers_init(workers, before.kind, before.name, before.min,
                        before.max);
    /* Work that forks goes on in the child, and its thread with it. */
    if (self != NULL && self->worker.workers == workers) {
        gruvi__list_add(&workers->all, &self->worker.link);
        workers->size = workers->load.busy = 1;
        pool->started = true;
    }
}

/* --- the pool ------------------------------------------------------------- */

static void
free_pool(gruvi_pool_t *pool)
{
    pthread_mutex_destroy(&pool->workers.lock);
    free(real(pool));
}

static const struct gruvi__pool_ops ops = {
    .is_inside = is_inside,
    .run_inside = run_inside,
    .cancel = cancel,
    .reap = reap,
    .abandon = abandon,
    .free = free_pool,
};

static const struct gruvi__worker_kind kind = {
    .are_threads = true,
    .start = start,
    .run = run,
};

void
gruvi__thread_pool_init(struct gruvi__thread_pool *pool,
                        const gruvi_pool_options_t *options)
{
    *pool = (struct gruvi__thread_pool){.started = false};
    gruvi__pool_init(&pool->pool, &ops, &kind, options, gruvi__pool_cores());
}

gruvi_pool_t *
gruvi_thread_pool_new(const gruvi_pool_options_t *options)
{
    struct gruvi__thread_pool *pool;
    int err = gruvi__pool_check(options);

    if (err < 0)
        return gruvi__fail(err);
    pool = malloc(sizeof *pool);
    if (pool == NULL)
        return gruvi__fail(UV_ENOMEM);
    gruvi__thread_pool_init(pool, options);
    return &pool->pool;
}
