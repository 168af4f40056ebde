/* SPDX-License-Identifier: MIT */
/*
 * Fibers of one hub that run work, first in, first out.
 *
 *   add, any thread --> queue --> worker: fn, done --> queue has more? : idle
 *
 * As in thread_pool.c one worker at a time is called to the queue, idle or new,
 * and calls the next one.  Only the hub's thread can make a fiber, and cancel
 * one; others write down what they want, and post visit() to the hub, once.
 *
 * Workers are fibers of no group.  What work leaves behind in its fiber, a
 * cancel that came too late and fiber-local data, does not reach the next.
 *
 * When the hub closes the workers are cancelled as all fibers are, and begin
 * nothing more; what is queued then is done with UV_ECANCELED at its end.
 */
#include <stdio.h>
#include <stdlib.h>

#include "pool/pool.h"

/* Seconds: longer than the pauses of a service that is in use. */
#define IDLE_TIMEOUT 10.0

#define MAX_FIBERS 100

struct fiber_pool {
    gruvi_pool_t pool;
    gruvi_hub_t *hub;
    struct gruvi__hub_end end; /* its thread's; it keeps the pool */
    unsigned min, max;

    pthread_mutex_t lock; /* all that follows */
    struct gruvi__load load;
    unsigned size;
    bool draining, abandoned;
    bool called;              /* a worker is on its way to the queue */
    bool wanted;              /* and visit() is to make it */
    bool posted;              /* visit() is */
    struct gruvi__list queue; /* struct gruvi__work */
    struct gruvi__list idle;  /* by waiter.link, last used first */
    struct gruvi__list workers;
    struct gruvi__inbox_node node;
};

struct worker {
    struct gruvi__list link; /* on pool->workers, by number */
    struct fiber_pool *pool;
    gruvi_fiber_t *fiber;
    struct gruvi__waiter waiter; /* it waits here when idle */
    unsigned number;
    bool cancel; /* its work is to be cancelled */
};

static inline struct fiber_pool *
real(gruvi_pool_t *pool)
{
    return gruvi__list_entry(pool, struct fiber_pool, pool);
}

static inline struct worker *
worker_of(struct gruvi__list *link)
{
    return gruvi__list_entry(link, struct worker, link);
}

static inline struct gruvi__work *
work_of(struct gruvi__list *link)
{
    return gruvi__list_entry(link, struct gruvi__work, link);
}

/* Under the lock: no worker is left, nor any work for one. */
static bool
over(const struct fiber_pool *pool)
{
    return pool->size == 0 && gruvi__list_empty(&pool->queue);
}

/* --- work that will not be done ---------------------------------------------
 */

/* Under the lock: take all work off the queue. */
static void
empty_queue(struct fiber_pool *pool, struct gruvi__list *works)
{
    gruvi__list_init(works);
    gruvi__list_splice(works, &pool->queue);
}

/* Say so of each, with the lock free. */
static void
fail_all(struct fiber_pool *pool, struct gruvi__list *works, int err)
{
    struct gruvi__work *work;
    struct gruvi__list *link;

    while ((link = gruvi__list_pop(works)) != NULL) {
        work = work_of(link);
        work->result = NULL;
        work->status = err;
        work->done(work);
        pthread_mutex_lock(&pool->lock);
        gruvi__load_withdraw(&pool->load);
        pthread_mutex_unlock(&pool->lock);
    }
}

/* In the hub's thread: where it is over for good, let go of the hub. */
static void
retire(struct fiber_pool *pool)
{
    bool retired;

    pthread_mutex_lock(&pool->lock);
    retired = pool->abandoned && over(pool);
    pthread_mutex_unlock(&pool->lock);
    if (!retired || gruvi__list_empty(&pool->end.link))
        return;
    gruvi__list_remove(&pool->end.link);
    gruvi__pool_drop(&pool->pool);
}

/* --- workers ----------------------------------------------------------------
 */

/* Under the lock, like what follows: its number is the lowest that is free. */
static void
enlist(struct fiber_pool *pool, struct worker *worker)
{
    struct gruvi__list *link = pool->workers.next;

    worker->number = 1;
    while (link != &pool->workers &&
           worker_of(link)->number == worker->number) {
        worker->number++;
        link = link->next;
    }
    gruvi__list_add(link, &worker->link);
    pool->size++;
}

static void
delist(struct fiber_pool *pool, struct worker *worker)
{
    gruvi__list_remove(&worker->link);
    pool->size--;
    if (over(pool))
        gruvi__load_wake(&pool->load.closers);
}

static int run_worker(void *arg);

/* In the hub's thread. */
static int
start_worker(struct fiber_pool *pool)
{
    struct worker *worker;
    char name[GRUVI__NAME_SIZE];
    gruvi_fiber_options_t options = {.name = name};
    int err;

    if (pool->hub->ended)
        return UV_ESHUTDOWN;
    worker = calloc(1, sizeof *worker);
    if (worker == NULL)
        return UV_ENOMEM;
    worker->pool = pool;
    enlist(pool, worker);
    snprintf(name, sizeof name, "%s-%u", pool->pool.name, worker->number);
    worker->fiber = gruvi_fiber_new(run_worker, worker, &options);
    err = worker->fiber == NULL ? gruvi_last_error()
                                : gruvi__fiber_start_in(worker->fiber, NULL);
    if (err < 0) {
        gruvi_fiber_unref(worker->fiber);
        gruvi__list_remove(&worker->link);
        pool->size--;
        free(worker);
        return err;
    }
    gruvi__pool_hold(&pool->pool);
    return 0;
}

static void visit(struct gruvi__inbox_node *node);

static void
post_visit(struct fiber_pool *pool)
{
    if (pool->posted)
        return;
    pool->posted = true;
    pool->node.run = visit;
    gruvi__pool_hold(&pool->pool);
    /* A hub that has closed its inbox has closed the pool before. */
    if (gruvi__inbox_post(&pool->hub->inbox, &pool->node) < 0) {
        pool->posted = false;
        gruvi__pool_drop(&pool->pool);
    }
}

/*
 * Have a worker come to the queue, if one can be had.
 *
 *   waiter  whom to wake when the lock is free; or NULL
 *
 * Returns why there is not a single worker, or 0.
 */
static int
call_worker(struct fiber_pool *pool, struct gruvi__waiter **waiter)
{
    int err;

    *waiter = NULL;
    if (pool->called)
        return 0;
    *waiter = gruvi__waiter_claim_first(&pool->idle);
    if (*waiter != NULL) {
        pool->called = true;
    } else if (pool->size < pool->max && !gruvi__is_own(pool->hub)) {
        pool->called = pool->wanted = true;
        post_visit(pool);
    } else if (pool->size < pool->max) {
        err = start_worker(pool);
        pool->called = err == 0;
        return pool->size == 0 ? err : 0;
    }
    return 0;
}

/* What others have wanted of the hub. */
static void
visit(struct gruvi__inbox_node *node)
{
    struct fiber_pool *pool = gruvi__list_entry(node, struct fiber_pool, node);
    struct gruvi__list works, *link;
    int err = 0;

    gruvi__list_init(&works);
    pthread_mutex_lock(&pool->lock);
    pool->posted = false;
    for (link = pool->workers.next; link != &pool->workers; link = link->next)
        if (worker_of(link)->cancel) {
            worker_of(link)->cancel = false;
            gruvi_fiber_cancel(worker_of(link)->fiber, NULL);
        }
    if (pool->wanted) {
        pool->wanted = false;
        err = start_worker(pool);
        pool->called = err == 0;
        if (err < 0 && pool->size == 0)
            empty_queue(pool, &works);
    }
    pthread_mutex_unlock(&pool->lock);
    fail_all(pool, &works, err);
    retire(pool);
    gruvi__pool_drop(&pool->pool);
}

/* Until called: 1; 0 where nobody did for too long, or it was cancelled. */
static bool
wait_idle(struct worker *worker)
{
    struct fiber_pool *pool = worker->pool;
    int err;

    gruvi__waiter_init(&worker->waiter, worker->fiber);
    gruvi__list_add(pool->idle.next, &worker->waiter.link);
    pthread_mutex_unlock(&pool->lock);
    err = gruvi__waiter_wait(&worker->waiter, "work", IDLE_TIMEOUT);
    pthread_mutex_lock(&pool->lock);
    gruvi__list_remove(&worker->waiter.link);
    return err == 0;
}

static struct gruvi__work *
take(struct worker *worker)
{
    struct fiber_pool *pool = worker->pool;
    struct gruvi__list *link = gruvi__list_pop(&pool->queue);
    struct gruvi__work *work;

    if (link == NULL)
        return NULL;
    work = work_of(link);
    work->worker = worker;
    gruvi__load_begin(&pool->load, work->queued_at);
    return work;
}

/* The next work for a worker; NULL: end. */
static struct gruvi__work *
next_work(struct worker *worker)
{
    struct fiber_pool *pool = worker->pool;
    struct gruvi__work *work;
    bool called = true;

    while (!pool->hub->closing) {
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

/* With the lock free; done may free the work. */
static void
run(struct worker *worker, struct gruvi__work *work)
{
    struct fiber_pool *pool = worker->pool;
    gruvi_fiber_t *fiber = worker->fiber;

    work->result = NULL;
    work->status = work->fn(work->arg, &work->result);
    if (work->status < 0)
        work->result = NULL;
    gruvi__local_end(fiber);
    pthread_mutex_lock(&pool->lock);
    work->worker = NULL;
    worker->cancel = false;
    pthread_mutex_unlock(&pool->lock);
    fiber->cancels = 0;
    fiber->pending &= ~(unsigned)GRUVI__PENDING_CANCEL;
    fiber->was_cancelled = false;
    work->done(work);
}

static int
run_worker(void *arg)
{
    struct worker *worker = arg;
    struct fiber_pool *pool = worker->pool;
    gruvi_fiber_t *fiber = worker->fiber;
    struct gruvi__waiter *waiter = NULL;
    struct gruvi__work *work;

    pthread_mutex_lock(&pool->lock);
    pool->called = false;
    while ((work = next_work(worker)) != NULL) {
        waiter = NULL;
        if (!gruvi__list_empty(&pool->queue))
            call_worker(pool, &waiter);
        pthread_mutex_unlock(&pool->lock);
        if (waiter != NULL)
            gruvi__waiter_wake(waiter);
        run(worker, work);
        pthread_mutex_lock(&pool->lock);
        gruvi__load_end(&pool->load);
    }
    delist(pool, worker);
    pthread_mutex_unlock(&pool->lock);
    free(worker);
    gruvi_fiber_unref(fiber);
    retire(pool);
    gruvi__pool_drop(&pool->pool);
    return 0;
}

/* --- what pools do -----------------------------------------------------------
 */

static int
add(gruvi_pool_t *public, struct gruvi__work *work, bool waits)
{
    struct fiber_pool *pool = real(public);
    struct gruvi__waiter *waiter = NULL;
    int err;

    (void)waits;
    work->worker = NULL;
    work->outer = NULL;
    work->queued_at = gruvi__clock_now();
    gruvi__list_init(&work->link);
    pthread_mutex_lock(&pool->lock);
    err = pool->draining ? UV_ESHUTDOWN : call_worker(pool, &waiter);
    if (err == 0) {
        gruvi__list_add(&pool->queue, &work->link);
        pool->load.queued++;
    }
    pthread_mutex_unlock(&pool->lock);
    if (waiter != NULL)
        gruvi__waiter_wake(waiter);
    return err;
}

static bool
withdraw(gruvi_pool_t *public, struct gruvi__work *work)
{
    struct fiber_pool *pool = real(public);
    bool queued;

    pthread_mutex_lock(&pool->lock);
    queued = !gruvi__list_empty(&work->link);
    gruvi__list_remove(&work->link);
    if (queued)
        gruvi__load_withdraw(&pool->load);
    pthread_mutex_unlock(&pool->lock);
    return queued;
}

static int
cancel(gruvi_pool_t *public, struct gruvi__work *work)
{
    struct fiber_pool *pool = real(public);
    struct worker *worker;
    int err = 0;

    pthread_mutex_lock(&pool->lock);
    worker = work->worker;
    if (worker == NULL) {
        err = UV_EBUSY;
    } else if (gruvi__is_own(pool->hub)) {
        gruvi_fiber_cancel(worker->fiber, NULL);
    } else {
        worker->cancel = true;
        post_visit(pool);
    }
    pthread_mutex_unlock(&pool->lock);
    return err;
}

static bool
is_inside(gruvi_pool_t *public)
{
    struct fiber_pool *pool = real(public);
    const gruvi_fiber_t *current = gruvi__self.current;
    struct gruvi__list *link;
    bool found = false;

    if (!gruvi__is_own(pool->hub))
        return false;
    pthread_mutex_lock(&pool->lock);
    for (link = pool->workers.next; link != &pool->workers; link = link->next)
        found |= worker_of(link)->fiber == current;
    pthread_mutex_unlock(&pool->lock);
    return found;
}

static void
run_inside(gruvi_pool_t *pool, struct gruvi__work *work)
{
    (void)pool;
    work->result = NULL;
    work->status = work->fn(work->arg, &work->result);
    if (work->status < 0)
        work->result = NULL;
}

static void
close_pool(gruvi_pool_t *public)
{
    struct fiber_pool *pool = real(public);

    pthread_mutex_lock(&pool->lock);
    pool->draining = true;
    gruvi__load_wake(&pool->idle); /* they look again, and end */
    pthread_mutex_unlock(&pool->lock);
}

static bool
is_over(gruvi_pool_t *pool)
{
    return over(real(pool));
}

static void
abandon(gruvi_pool_t *public)
{
    struct fiber_pool *pool = real(public);

    close_pool(public);
    pthread_mutex_lock(&pool->lock);
    pool->abandoned = true;
    pthread_mutex_unlock(&pool->lock);
    if (gruvi__is_own(pool->hub))
        retire(pool);
}

static void
free_pool(gruvi_pool_t *public)
{
    struct fiber_pool *pool = real(public);
    gruvi_hub_t *hub = pool->hub;

    pthread_mutex_destroy(&pool->lock);
    free(pool);
    gruvi_hub_unref(hub);
}

/* The hub closes: all fibers have ended, some workers before they ran. */
static void
on_hub_end(struct gruvi__hub_end *end)
{
    struct fiber_pool *pool = gruvi__list_entry(end, struct fiber_pool, end);
    struct gruvi__list works, workers, *link;

    close_pool(&pool->pool);
    gruvi__list_init(&workers);
    pthread_mutex_lock(&pool->lock);
    empty_queue(pool, &works);
    while ((link = gruvi__list_pop(&pool->workers)) != NULL) {
        gruvi__list_add(&workers, link);
        pool->size--;
    }
    gruvi__load_wake(&pool->load.closers);
    pthread_mutex_unlock(&pool->lock);
    while ((link = gruvi__list_pop(&workers)) != NULL) {
        gruvi_fiber_unref(worker_of(link)->fiber);
        free(worker_of(link));
        gruvi__pool_drop(&pool->pool);
    }
    fail_all(pool, &works, UV_ECANCELED);
    gruvi__pool_drop(&pool->pool);
}

static const struct gruvi__pool_ops ops = {
    .what = "pool",
    .add = add,
    .withdraw = withdraw,
    .is_inside = is_inside,
    .run_inside = run_inside,
    .cancel = cancel,
    .close = close_pool,
    .is_over = is_over,
    .abandon = abandon,
    .free = free_pool,
};

gruvi_pool_t *
gruvi_fiber_pool_new(const gruvi_pool_options_t *options)
{
    gruvi_hub_t *hub = gruvi_get_hub();
    struct fiber_pool *pool;
    int err = gruvi__pool_check(options);

    if (hub == NULL)
        return NULL;
    if (err < 0)
        return gruvi__fail(err);
    pool = calloc(1, sizeof *pool);
    if (pool == NULL)
        return gruvi__fail(UV_ENOMEM);
    pool->end.run = on_hub_end;
    if (gruvi__hub_add_end(hub, &pool->end) < 0) {
        free(pool);
        return gruvi__fail(UV_ESHUTDOWN);
    }
    gruvi__pool_init(&pool->pool, &ops, options);
    gruvi__pool_hold(&pool->pool);
    pthread_mutex_init(&pool->lock, NULL);
    gruvi__load_init(&pool->load);
    gruvi__list_init(&pool->queue);
    gruvi__list_init(&pool->idle);
    gruvi__list_init(&pool->workers);
    pool->pool.lock = &pool->lock;
    pool->pool.load = &pool->load;
    pool->pool.size = &pool->size;
    pool->hub = gruvi_hub_ref(hub);
    pool->min = options == NULL ? 0 : options->min_size;
    pool->max = options == NULL || options->max_size == 0 ? MAX_FIBERS
                                                          : options->max_size;
    if (pool->max < pool->min)
        pool->max = pool->min;
    return &pool->pool;
}
