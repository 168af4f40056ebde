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

#include "pool/fiber_pool.h"

struct worker {
    struct gruvi__list link; /* on pool->workers, by number */
    struct gruvi__fiber_pool *pool;
    gruvi_fiber_t *fiber;
    struct gruvi__waiter waiter; /* it waits here when idle */
    unsigned number;
    bool cancel; /* its work is to be cancelled */
};

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

bool
gruvi__fiber_pool_over(const struct gruvi__fiber_pool *pool)
{
    return pool->size == 0 && gruvi__list_empty(&pool->queue);
}

/* --- work that will not be done ---------------------------------------------
 */

/* Under the lock: take all work off the queue. */
static void
empty_queue(struct gruvi__fiber_pool *pool, struct gruvi__list *works)
{
    gruvi__list_init(works);
    gruvi__list_splice(works, &pool->queue);
}

/* Say so of each, with the lock free. */
static void
fail_all(struct gruvi__fiber_pool *pool, struct gruvi__list *works, int err)
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

void
gruvi__fiber_pool_retire(struct gruvi__fiber_pool *pool)
{
    bool retired;

    pthread_mutex_lock(&pool->lock);
    retired = pool->abandoned && gruvi__fiber_pool_over(pool);
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
enlist(struct gruvi__fiber_pool *pool, struct worker *worker)
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
delist(struct gruvi__fiber_pool *pool, struct worker *worker)
{
    gruvi__list_remove(&worker->link);
    pool->size--;
    if (gruvi__fiber_pool_over(pool))
        gruvi__load_wake(&pool->load.closers);
}

static int run_worker(void *arg);

/* In the hub's thread. */
static int
start_worker(struct gruvi__fiber_pool *pool)
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
post_visit(struct gruvi__fiber_pool *pool)
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

int
gruvi__fiber_pool_call(struct gruvi__fiber_pool *pool,
                       struct gruvi__waiter **waiter)
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
    struct gruvi__fiber_pool *pool =
        gruvi__list_entry(node, struct gruvi__fiber_pool, node);
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
    gruvi__fiber_pool_retire(pool);
    gruvi__pool_drop(&pool->pool);
}

/* Until called; false where nobody did for too long, or it was cancelled. */
static bool
wait_idle(struct worker *worker)
{
    struct gruvi__fiber_pool *pool = worker->pool;
    int err;

    gruvi__waiter_init(&worker->waiter, worker->fiber);
    gruvi__list_add(pool->idle.next, &worker->waiter.link);
    pthread_mutex_unlock(&pool->lock);
    err = gruvi__waiter_wait(&worker->waiter, "work", pool->idle_timeout);
    pthread_mutex_lock(&pool->lock);
    gruvi__list_remove(&worker->waiter.link);
    return err == 0;
}

static struct gruvi__work *
take(struct worker *worker)
{
    struct gruvi__fiber_pool *pool = worker->pool;
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
    struct gruvi__fiber_pool *pool = worker->pool;
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
    struct gruvi__fiber_pool *pool = worker->pool;
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
    struct gruvi__fiber_pool *pool = worker->pool;
    gruvi_fiber_t *fiber = worker->fiber;
    struct gruvi__waiter *waiter = NULL;
    struct gruvi__work *work;

    pthread_mutex_lock(&pool->lock);
    pool->called = false;
    while ((work = next_work(worker)) != NULL) {
        waiter = NULL;
        if (!gruvi__list_empty(&pool->queue))
            gruvi__fiber_pool_call(pool, &waiter);
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
    gruvi__fiber_pool_retire(pool);
    gruvi__pool_drop(&pool->pool);
    return 0;
}

/* --- what others ask of workers ----------------------------------------------
 */

int
gruvi__fiber_pool_cancel(struct gruvi__fiber_pool *pool,
                         struct gruvi__work *work)
{
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

bool
gruvi__fiber_pool_is_worker(struct gruvi__fiber_pool *pool)
{
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

/* The hub closes: all fibers have ended, some workers before they ran. */
void
gruvi__fiber_pool_on_hub_end(struct gruvi__hub_end *end)
{
    struct gruvi__fiber_pool *pool =
        gruvi__list_entry(end, struct gruvi__fiber_pool, end);
    struct gruvi__list works, workers, *link;

    gruvi__list_init(&workers);
    pthread_mutex_lock(&pool->lock);
    pool->draining = true;
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
