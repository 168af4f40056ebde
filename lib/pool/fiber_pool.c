/* SPDX-License-Identifier: MIT */
/*
 * Pools of fibers of one hub.
 *
 * Only the hub's thread can start a fiber, and cancel one.  Other threads write
 * down what is to be done, and post visit() to the hub, once.
 *
 * Workers are fibers of no group.  What work leaves behind in its fiber, a
 * cancel that came too late and fiber-local data, does not reach the next work.
 *
 * When the hub closes the workers are cancelled as all fibers are, and begin
 * nothing more.  What is queued at its end is done with UV_ECANCELED; so is
 * what fibers have begun where the hub is abandoned, because they never go on.
 */
#include <stdio.h>
#include <stdlib.h>

#include <gruvi/error.h>
#include <gruvi/fiber.h>
#include <gruvi/hub.h>

#include "base/list.h"
#include "base/threads.h"
#include "core/error.h"
#include "core/fiber.h"
#include "core/hub.h"
#include "core/inbox.h"
#include "core/local.h"
#include "core/thread.h"
#include "pool/pool.h"

#define MAX_FIBERS 100

struct fiber_worker {
    struct gruvi__worker worker;
    bool cancel; /* visit() is to cancel its work */
    /* Of the hub's thread. */
    bool begun;               /* its fiber is inside */
    struct gruvi__work *work; /* which it runs; or NULL */
};

struct fiber_pool {
    gruvi_pool_t pool;
    gruvi_hub_t *hub;
    struct gruvi__hub_end end; /* while it is linked, it keeps the pool */

    /* Under the lock of pool.workers. */
    bool abandoned;
    bool worker_wanted; /* visit() is to start a worker */
    bool posted;        /* visit() is */
    struct gruvi__inbox_node node;
};

static inline struct fiber_pool *
real(gruvi_pool_t *pool)
{
    return gruvi__list_entry(pool, struct fiber_pool, pool);
}

static inline struct fiber_pool *
pool_of(struct gruvi__workers *workers)
{
    return gruvi__list_entry(workers, struct fiber_pool, pool.workers);
}

static inline struct fiber_worker *
worker_of(struct gruvi__list *link)
{
    return gruvi__list_entry(link, struct fiber_worker, worker.link);
}

/* In the hub's thread: where the pool is over for good, let go of the hub. */
static void
retire(struct fiber_pool *pool)
{
    struct gruvi__workers *workers = &pool->pool.workers;
    bool retired;

    gruvi__mutex_lock(&workers->lock);
    retired = pool->abandoned && gruvi__workers_over(workers);
    gruvi__mutex_unlock(&workers->lock);
    if (!retired || gruvi__list_empty(&pool->end.link))
        return;
    gruvi__list_remove(&pool->end.link);
    gruvi__pool_drop(&pool->pool);
}

/* --- workers -------------------------------------------------------------- */

static void
run(struct gruvi__worker *worker, struct gruvi__work *work)
{
    struct gruvi__workers *workers = worker->workers;
    gruvi_fiber_t *fiber = worker->fiber;

    worker_of(&worker->link)->work = work;
    gruvi__work_run(work);
    worker_of(&worker->link)->work = NULL;
    gruvi__local_end(fiber);
    gruvi__mutex_lock(&workers->lock);
    work->worker = NULL;
    worker_of(&worker->link)->cancel = false;
    gruvi__mutex_unlock(&workers->lock);
    fiber->cancels = 0;
    fiber->pending &= ~(unsigned)GRUVI__PENDING_CANCEL;
    fiber->was_cancelled = false;
    work->done(work); /* it may free the work */
}

static int
fiber_main(void *arg)
{
    struct fiber_worker *self = arg;
    struct fiber_pool *pool = pool_of(self->worker.workers);
    gruvi_fiber_t *fiber = self->worker.fiber;

    self->begun = true;
    gruvi__worker_main(&self->worker, &pool->hub->closing);
    gruvi__mutex_unlock(&pool->pool.workers.lock);
    free(self);
    gruvi_fiber_unref(fiber);
    retire(pool);
    gruvi__pool_drop(&pool->pool);
    return 0;
}

/* Under the lock, in the hub's thread. */
static int
start_here(struct fiber_pool *pool)
{
    struct gruvi__workers *workers = &pool->pool.workers;
    struct fiber_worker *self;
    struct gruvi__worker *worker;
    char name[GRUVI__NAME_SIZE];
    gruvi_fiber_options_t options = {.name = name};
    int err;

    if (pool->hub->ended)
        return UV_ESHUTDOWN;
    self = calloc(1, sizeof *self);
    if (self == NULL)
        return UV_ENOMEM;
    worker = &self->worker;
    gruvi__worker_enlist(workers, worker);
    snprintf(name, sizeof name, "%s-%u", workers->name, worker->number);
    worker->fiber = gruvi_fiber_new(fiber_main, self, &options);
    err = worker->fiber == NULL ? gruvi_last_error()
                                : gruvi__fiber_start_in(worker->fiber, NULL);
    if (err < 0) {
        gruvi_fiber_unref(worker->fiber);
        gruvi__worker_delist(worker);
        free(self);
        return err;
    }
    gruvi__pool_hold(&pool->pool);
    return 0;
}

/* --- other threads -------------------------------------------------------- */

/* In the hub's thread: do what other threads have asked for. */
static void
visit(struct gruvi__inbox_node *node)
{
    struct fiber_pool *pool = gruvi__list_entry(node, struct fiber_pool, node);
    struct gruvi__workers *workers = &pool->pool.workers;
    struct gruvi__list works, *link;
    int err = 0;

    gruvi__list_init(&works);
    gruvi__mutex_lock(&workers->lock);
    pool->posted = false;
    for (link = workers->all.next; link != &workers->all; link = link->next)
        if (worker_of(link)->cancel) {
            worker_of(link)->cancel = false;
            gruvi_fiber_cancel(worker_of(link)->worker.fiber, NULL);
        }
    if (pool->worker_wanted) {
        pool->worker_wanted = false;
        err = start_here(pool);
        workers->worker_coming = err == 0;
        if (err < 0 && workers->size == 0)
            gruvi__workers_empty(workers, &works);
    }
    gruvi__mutex_unlock(&workers->lock);
    gruvi__workers_fail(workers, &works, err);
    retire(pool);
    gruvi__pool_drop(&pool->pool);
}

/* Under the lock. */
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

static int
start(struct gruvi__workers *workers)
{
    struct fiber_pool *pool = pool_of(workers);

    if (gruvi__is_own(pool->hub))
        return start_here(pool);
    pool->worker_wanted = true;
    post_visit(pool);
    return 0;
}

static int
cancel(gruvi_pool_t *public, struct gruvi__work *work)
{
    struct fiber_pool *pool = real(public);
    struct gruvi__worker *worker;
    int err = 0;

    gruvi__mutex_lock(&public->workers.lock);
    worker = work->worker;
    if (worker == NULL) {
        err = UV_EBUSY;
    } else if (gruvi__is_own(pool->hub)) {
        gruvi_fiber_cancel(worker->fiber, NULL);
    } else {
        worker_of(&worker->link)->cancel = true;
        post_visit(pool);
    }
    gruvi__mutex_unlock(&public->workers.lock);
    return err;
}

/* --- the pool ------------------------------------------------------------- */

static bool
is_inside(gruvi_pool_t *pool)
{
    struct gruvi__workers *workers = &pool->workers;
    const gruvi_fiber_t *current = gruvi__self.current;
    struct gruvi__list *link;
    bool found = false;

    if (!gruvi__is_own(real(pool)->hub))
        return false;
    gruvi__mutex_lock(&workers->lock);
    for (link = workers->all.next; link != &workers->all; link = link->next)
        found |= worker_of(link)->worker.fiber == current;
    gruvi__mutex_unlock(&workers->lock);
    return found;
}

static void
run_inside(gruvi_pool_t *pool, struct gruvi__work *work)
{
    (void)pool;
    gruvi__work_run(work);
}

static void
abandon(gruvi_pool_t *public)
{
    struct fiber_pool *pool = real(public);

    gruvi__workers_drain(&public->workers);
    gruvi__mutex_lock(&public->workers.lock);
    pool->abandoned = true;
    gruvi__mutex_unlock(&public->workers.lock);
    if (gruvi__is_own(pool->hub))
        retire(pool);
}

/* A worker that will not run any more. */
static void
let_go(struct fiber_pool *pool, struct fiber_worker *self)
{
    /* Its hub is abandoned with it, and the fiber stays as it is.  Others may
     * wait for its work. */
    if (self->begun) {
        if (self->work != NULL)
            gruvi__workers_give_up(&pool->pool.workers, self->work);
        return;
    }
    gruvi_fiber_unref(self->worker.fiber);
    free(self);
    gruvi__pool_drop(&pool->pool);
}

/*
 * The hub closes: all fibers have ended, some workers before they ran.  Or it
 * is abandoned, and workers that are idle are not woken any more.
 */
static void
on_hub_end(struct gruvi__hub_end *end)
{
    struct fiber_pool *pool = gruvi__list_entry(end, struct fiber_pool, end);
    struct gruvi__workers *workers = &pool->pool.workers;
    struct gruvi__list works, left, *link;

    gruvi__list_init(&left);
    gruvi__mutex_lock(&workers->lock);
    workers->draining = true;
    gruvi__workers_empty(workers, &works);
    while ((link = gruvi__list_pop(&workers->all)) != NULL) {
        gruvi__list_add(&left, link);
        workers->size--;
    }
    while (gruvi__list_pop(&workers->idle) != NULL)
        ;
    gruvi__mutex_unlock(&workers->lock);
    while ((link = gruvi__list_pop(&left)) != NULL)
        let_go(pool, worker_of(link));
    gruvi__workers_fail(workers, &works, UV_ECANCELED);
    gruvi__pool_drop(&pool->pool);
}

static void
free_pool(gruvi_pool_t *pool)
{
    gruvi_hub_t *hub = real(pool)->hub;

    pthread_mutex_destroy(&pool->workers.lock);
    free(real(pool));
    gruvi_hub_unref(hub);
}

static const struct gruvi__pool_ops ops = {
    .is_inside = is_inside,
    .run_inside = run_inside,
    .cancel = cancel,
    .abandon = abandon,
    .free = free_pool,
};

static const struct gruvi__worker_kind kind = {.start = start, .run = run};

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
    gruvi__pool_init(&pool->pool, &ops, &kind, options, MAX_FIBERS);
    gruvi__pool_hold(&pool->pool);
    pool->hub = gruvi_hub_ref(hub);
    return &pool->pool;
}
