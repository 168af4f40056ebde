/* SPDX-License-Identifier: MIT */
/*
 * Workers run work, first in, first out.
 *
 *   add --> queue --> worker: fn, done --> queue has more? : idle
 *             |                                               | too long
 *             '--> withdraw                                   '--> ends
 *
 * One worker at a time is on its way to the queue, idle or new.  If it takes
 * work and leaves some behind, it has the next worker come.  So few workers do
 * a burst of short work, but of long work each piece gets a worker.  The worker
 * that was used last comes first: surplus workers stay idle, and end.
 *
 * Invariants:
 *   - work is on the queue, or a worker has begun it, never both: both ways off
 *     the queue are taken under the lock;
 *   - where there is work on the queue, and a worker is idle or may be started,
 *     a worker is coming.
 */
#include <string.h>

#include "pool/workers.h"

#include <gruvi/error.h>
#include <gruvi/exception.h>
#include <gruvi/log.h>

#include "base/likely.h"
#include "base/probe.h"
#include "base/threads.h"
#include "core/clock.h"
#include "core/testing.h"
#include "core/waitlist.h"

/* Seconds: longer than the pauses of a service that is in use. */
#define IDLE_TIMEOUT 10.0

/* The lock is held for so little that a thread spins for it before it sleeps.
 */
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
gruvi__workers_init(struct gruvi__workers *workers,
                    const struct gruvi__worker_kind *kind, const char *name,
                    unsigned min, unsigned max)
{
    memset(workers, 0, sizeof *workers);
    workers->kind = kind;
    memcpy(workers->name, name, strnlen(name, sizeof workers->name - 1));
    workers->idle_timeout = IDLE_TIMEOUT;
    init_lock(&workers->lock);
    workers->min = min;
    workers->max = max;
    gruvi__load_init(&workers->load);
    gruvi__list_init(&workers->queue);
    gruvi__list_init(&workers->idle);
    gruvi__list_init(&workers->all);
}

bool
gruvi__workers_over(const struct gruvi__workers *workers)
{
    return workers->size == 0 && workers->load.queued == 0;
}

/* Under the lock. */
static void
wake_closers(struct gruvi__workers *workers)
{
    if (gruvi__workers_over(workers))
        gruvi__load_wake(&workers->load.closers);
}

/* --- a worker comes to the queue ------------------------------------------ */

/* What is left to do when the lock is free. */
struct wakeup {
    struct gruvi__waiter *waiter; /* of an idle worker */
    int failed;    /* why no worker could be started, where that is news */
    unsigned size; /* how many there were then */
};

/* Under the lock: have a worker come, if that can be.  Returns why there is not
 * a single worker, or 0. */
static int
call_worker(struct gruvi__workers *workers, struct wakeup *wakeup)
{
    int err = 0;

    if (workers->worker_coming)
        return 0;
    wakeup->waiter = gruvi__waiter_claim_first(&workers->idle);
    if (wakeup->waiter == NULL) {
        if (workers->size >= workers->max)
            return 0;
        err = workers->kind->start(workers);
        if (err < 0 && workers->size == 0)
            return err;
        if (err < 0 && !workers->short_of_workers)
            wakeup->failed = err;
        wakeup->size = workers->size;
        workers->short_of_workers = err < 0;
    }
    workers->worker_coming = err == 0;
    return 0;
}

/* With the lock free: wake the worker, say what is wrong. */
static void
deliver_wakeup(const struct gruvi__workers *workers,
               const struct wakeup *wakeup)
{
    if (wakeup->waiter != NULL)
        gruvi__waiter_wake(wakeup->waiter);
    if (wakeup->failed < 0 && workers->kind->are_threads)
        gruvi_warning("%s: no thread beside the %u there are: %s",
                      workers->name, wakeup->size,
                      gruvi_strerror(wakeup->failed));
}

/* --- how many ------------------------------------------------------------- */

void
gruvi__workers_set_max(struct gruvi__workers *workers, unsigned max)
{
    struct wakeup wakeup = {.waiter = NULL};

    gruvi__mutex_lock(&workers->lock);
    workers->max = max;
    if (workers->size > max)
        gruvi__load_wake(&workers->idle); /* they look again, and end */
    else if (!gruvi__list_empty(&workers->queue))
        call_worker(workers, &wakeup);
    gruvi__mutex_unlock(&workers->lock);
    deliver_wakeup(workers, &wakeup);
}

/* --- adding --------------------------------------------------------------- */

/* For tests: no thread has work that has stopped virtual time. */
static inline void
let_clock_go_on(bool late, bool stops_clock)
{
    if (gruvi__unlikely(late))
        gruvi__late_end();
    if (gruvi__unlikely(stops_clock))
        gruvi__clock_go_on();
}

int
gruvi__workers_add(struct gruvi__workers *workers, struct gruvi__work *work,
                   struct gruvi__work *outer)
{
    struct wakeup wakeup = {.waiter = NULL};
    bool late, stops_clock; /* work may be gone at the end */
    int err;

    work->workers = workers;
    work->worker = NULL;
    work->outer = outer;
    work->queued_at = gruvi__clock_now();
    gruvi__list_init(&work->link);
    stops_clock = workers->kind->are_threads && gruvi__clock_stop();
    work->stops_clock = stops_clock;
    late = stops_clock && gruvi__test_late();
    work->late = late;
    gruvi__mutex_lock(&workers->lock);
    err = workers->draining ? UV_ESHUTDOWN : call_worker(workers, &wakeup);
    if (err == 0) {
        gruvi__list_add(&workers->queue, &work->link);
        workers->load.queued++;
        GRUVI__PROBE2(pool__enqueue, &workers->name[0], work);
    }
    gruvi__mutex_unlock(&workers->lock);
    deliver_wakeup(workers, &wakeup);
    if (gruvi__unlikely(err < 0))
        let_clock_go_on(late, stops_clock);
    return err;
}

bool
gruvi__work_withdraw(struct gruvi__work *work)
{
    struct gruvi__workers *workers = work->workers;
    bool queued;

    gruvi__mutex_lock(&workers->lock);
    queued = !gruvi__list_empty(&work->link);
    gruvi__list_remove(&work->link);
    if (queued)
        gruvi__load_withdraw(&workers->load);
    gruvi__mutex_unlock(&workers->lock);
    if (queued)
        let_clock_go_on(work->late, work->stops_clock);
    return queued;
}

/* --- a worker ------------------------------------------------------------- */

static inline struct gruvi__worker *
worker_of(struct gruvi__list *link)
{
    return gruvi__list_entry(link, struct gruvi__worker, link);
}

static inline struct gruvi__work *
work_of(struct gruvi__list *link)
{
    return gruvi__list_entry(link, struct gruvi__work, link);
}

void
gruvi__worker_enlist(struct gruvi__workers *workers,
                     struct gruvi__worker *worker)
{
    struct gruvi__list *link = workers->all.next;

    worker->workers = workers;
    worker->number = 1;
    while (link != &workers->all && worker_of(link)->number == worker->number) {
        worker->number++;
        link = link->next;
    }
    gruvi__list_add(link, &worker->link);
    workers->size++;
}

void
gruvi__worker_delist(struct gruvi__worker *worker)
{
    struct gruvi__workers *workers = worker->workers;

    gruvi__list_remove(&worker->link);
    workers->size--;
    wake_closers(workers);
}

/* Under the lock, like what follows. */
static struct gruvi__work *
take(struct gruvi__worker *worker)
{
    struct gruvi__list *link = gruvi__list_pop(&worker->workers->queue);
    struct gruvi__work *work;

    if (link == NULL)
        return NULL;
    work = work_of(link);
    work->worker = worker;
    gruvi__atomic_store(&worker->busy, 1, __ATOMIC_RELAXED);
    GRUVI__PROBE2(pool__dequeue, &worker->workers->name[0], work);
    gruvi__load_begin(&worker->workers->load, work->queued_at);
    return work;
}

/* Wait to be woken.  False: that took too long, or the wait was cancelled. */
static bool
wait_idle(struct gruvi__worker *worker)
{
    struct gruvi__workers *workers = worker->workers;
    int err;

    gruvi__waiter_init(&worker->waiter, worker->fiber);
    gruvi__list_add(workers->idle.next, &worker->waiter.link);
    gruvi__mutex_unlock(&workers->lock);
    err = gruvi__waiter_wait(&worker->waiter, "work", workers->idle_timeout);
    gruvi__mutex_lock(&workers->lock);
    gruvi__list_remove(&worker->waiter.link);
    return err == 0;
}

/* The next work for a worker; NULL: the worker ends. */
static struct gruvi__work *
find_work(struct gruvi__worker *worker, const bool *closing)
{
    struct gruvi__workers *workers = worker->workers;
    struct gruvi__work *work;
    bool woken = true;

    while (!*closing) {
        work = take(worker);
        if (work != NULL || workers->draining || workers->size > workers->max ||
            (!woken && workers->size > workers->min))
            return work;
        woken = wait_idle(worker);
        if (woken)
            workers->worker_coming = false;
    }
    return NULL;
}

static int
call(void *arg)
{
    struct gruvi__work *work = arg;

    return work->fn(work->arg, &work->result);
}

void
gruvi__work_run(struct gruvi__work *work)
{
    work->result = NULL;
    work->status = gruvi__guard(call, work);
    if (work->status < 0)
        work->result = NULL;
}

void
gruvi__worker_main(struct gruvi__worker *worker, const bool *closing)
{
    struct gruvi__workers *workers = worker->workers;
    struct gruvi__work *work;
    struct wakeup wakeup;
    bool stops_clock;

    gruvi__mutex_lock(&workers->lock);
    workers->worker_coming = false;
    while ((work = find_work(worker, closing)) != NULL) {
        wakeup = (struct wakeup){.waiter = NULL};
        if (!gruvi__list_empty(&workers->queue))
            call_worker(workers, &wakeup);
        gruvi__mutex_unlock(&workers->lock);
        deliver_wakeup(workers, &wakeup);
        stops_clock = work->stops_clock;
        if (gruvi__unlikely(work->late))
            gruvi__late_begin();
        workers->kind->run(worker, work);
        let_clock_go_on(false, stops_clock);
        gruvi__mutex_lock(&workers->lock);
        gruvi__load_end(&workers->load);
    }
    gruvi__worker_delist(worker);
}

/* --- ends ----------------------------------------------------------------- */

void
gruvi__workers_drain(struct gruvi__workers *workers)
{
    gruvi__mutex_lock(&workers->lock);
    workers->draining = true;
    gruvi__load_wake(&workers->idle); /* idle workers look again, and end */
    gruvi__mutex_unlock(&workers->lock);
}

void
gruvi__workers_empty(struct gruvi__workers *workers, struct gruvi__list *works)
{
    gruvi__list_init(works);
    gruvi__list_splice(works, &workers->queue);
}

void
gruvi__workers_give_up(struct gruvi__workers *workers, struct gruvi__work *work)
{
    gruvi__mutex_lock(&workers->lock);
    work->worker = NULL;
    gruvi__mutex_unlock(&workers->lock);
    work->result = NULL;
    work->status = UV_ECANCELED;
    work->done(work); /* it may free the work */
    gruvi__mutex_lock(&workers->lock);
    gruvi__load_end(&workers->load);
    gruvi__mutex_unlock(&workers->lock);
}

void
gruvi__workers_fail(struct gruvi__workers *workers, struct gruvi__list *works,
                    int err)
{
    struct gruvi__work *work;
    struct gruvi__list *link;

    while ((link = gruvi__list_pop(works)) != NULL) {
        work = work_of(link);
        work->result = NULL;
        work->status = err;
        work->done(work); /* it may free the work */
        gruvi__mutex_lock(&workers->lock);
        gruvi__load_withdraw(&workers->load);
        gruvi__mutex_unlock(&workers->lock);
    }
    gruvi__mutex_lock(&workers->lock);
    wake_closers(workers);
    gruvi__mutex_unlock(&workers->lock);
}
