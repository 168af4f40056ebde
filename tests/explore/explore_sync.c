/* SPDX-License-Identifier: MIT */
/* Events, locks, conditions and semaphores, used by hubs and by threads that
 * have none. */
#include <stdlib.h>

#include "explore/explore.h"
#include "explore/sim.h"

/* --- events --------------------------------------------------------------- */

struct event {
    gruvi_event_t event;
    int waiters, data;
};

/* The last one frees it, at once. */
static int
wait_and_free(void *arg)
{
    struct event *shared = arg;

    sim_assert(sim_wait(gruvi_event_wait(&shared->event, GRUVI_FOREVER)) == 0);
    sim_assert(gruvi_event_is_set(&shared->event));
    if (--shared->waiters == 0) {
        gruvi_event_destroy(&shared->event);
        free(shared);
    }
    return 0;
}

static void
event_set(void)
{
    struct event *shared = malloc(sizeof *shared);

    gruvi_event_init(&shared->event);
    shared->waiters = 2;
    sim_begin_hub(wait_and_free, shared);
    sim_begin(wait_and_free, shared);
    gruvi_event_set(&shared->event);
}

static int
wait_a_second(void *arg)
{
    struct event *shared = arg;
    int err = sim_wait(gruvi_event_wait(&shared->event, 1));

    sim_assert(err == UV_ETIMEDOUT || err == 0);
    sim_assert(err < 0 || gruvi_event_is_set(&shared->event));
    return 0;
}

/* Waiters that have given up are on no list. */
static void
event_timeout(void)
{
    struct event shared;
    struct sim_thread *hub, *thread;

    gruvi_event_init(&shared.event);
    hub = sim_begin_hub(wait_a_second, &shared);
    thread = sim_begin(wait_a_second, &shared);
    gruvi_event_set(&shared.event);
    sim_end(hub);
    sim_end(thread);
    gruvi_event_destroy(&shared.event);
}

static int
count_and_set(void *arg)
{
    struct event *shared = arg;

    shared->data++;
    gruvi_event_set(&shared->event);
    return 0;
}

static int
clear_and_look(void *arg)
{
    struct event *shared = arg;

    while (shared->data < 2) {
        sim_assert(sim_wait(gruvi_event_wait(&shared->event, -1)) == 0);
        gruvi_event_clear(&shared->event);
    }
    return 0;
}

/* Who clears the event and then looks misses nothing. */
static void
event_clear(void)
{
    struct event shared = {.data = 0};
    struct sim_thread *hub, *thread;

    gruvi_event_init(&shared.event);
    hub = sim_begin_hub(clear_and_look, &shared);
    thread = sim_begin(count_and_set, &shared);
    count_and_set(&shared);
    sim_end(hub);
    sim_end(thread);
}

struct times {
    gruvi_event_t never;
    double due;
};

/* No time passes between the call and its sleep. */
static void
wait_until(struct times *shared, double due)
{
    sim_hold();
    if (gruvi_now() < due)
        sim_assert(gruvi_event_wait(&shared->never, due - gruvi_now()) ==
                   UV_ETIMEDOUT);
    sim_let_go();
}

static int
wait_half(void *arg)
{
    struct times *shared = arg;

    wait_until(shared, shared->due - 0.5);
    return 0;
}

static int
wait_exactly(void *arg)
{
    struct times *shared = arg;

    wait_until(shared, shared->due);
    sim_assert(gruvi_now() >= shared->due - 1e-6);
    sim_assert(gruvi_now() < shared->due + 0.1);
    return 0;
}

/* Being woken for nothing on the way makes a wait neither shorter nor longer.
 */
static void
wait_on_time(void)
{
    struct times shared = {.due = gruvi_now() + 1};
    struct sim_thread *hub, *thread;

    sim_be_patient();
    gruvi_event_init(&shared.never);
    hub = sim_begin_hub(wait_exactly, &shared);
    thread = sim_begin(wait_half, &shared);
    wait_exactly(&shared);
    sim_end(hub);
    sim_end(thread);
    gruvi_event_destroy(&shared.never);
}

/* --- locks ---------------------------------------------------------------- */

struct lock {
    gruvi_lock_t lock;
    int inside, uses;
    double timeout;
};

static void
be_inside(struct lock *shared)
{
    sim_assert(shared->inside++ == 0);
    sim_point();
    sim_assert(--shared->inside == 0);
}

/* The last of all owners frees it as soon as it has released it. */
static int
use_and_free(void *arg)
{
    struct lock *shared = arg;
    bool last = false;

    for (int i = 0; i < 2; i++) {
        sim_assert(sim_wait(gruvi_lock_acquire(&shared->lock, -1)) == 0);
        be_inside(shared);
        last = --shared->uses == 0;
        sim_assert(gruvi_lock_release(&shared->lock) == 0);
    }
    if (last)
        free(shared);
    return 0;
}

static void
lock_free(void)
{
    struct lock *shared = calloc(1, sizeof *shared);

    gruvi_lock_init(&shared->lock);
    shared->uses = 6;
    sim_begin_hub(use_and_free, shared);
    sim_begin(use_and_free, shared);
    use_and_free(shared);
}

static int
use_in_time(void *arg)
{
    struct lock *shared = arg;
    int err = sim_wait(gruvi_lock_acquire(&shared->lock, shared->timeout));

    sim_assert(err == 0 || (err == UV_ETIMEDOUT && shared->timeout > 0));
    if (err < 0)
        return 0;
    be_inside(shared);
    sim_assert(gruvi_lock_release(&shared->lock) == 0);
    return 0;
}

static int
use_again(void *arg)
{
    struct lock *shared = arg;

    sim_assert(sim_wait(gruvi_lock_acquire(&shared->lock, -1)) == 0);
    use_in_time(shared);
    sim_assert(gruvi_lock_release(&shared->lock) == 0);
    return 0;
}

static void
share_lock(struct lock *shared, int (*use)(void *arg))
{
    struct sim_thread *hub = sim_begin_hub(use, shared);
    struct sim_thread *thread = sim_begin(use, shared);

    use(shared);
    sim_end(hub);
    sim_end(thread);
    sim_assert(!gruvi_lock_locked(&shared->lock));
}

static void
lock_timeout(void)
{
    struct lock shared = {.timeout = 1};

    gruvi_lock_init(&shared.lock);
    share_lock(&shared, use_in_time);
}

static void
lock_again(void)
{
    struct lock shared = {.timeout = -1};

    gruvi_rlock_init(&shared.lock);
    share_lock(&shared, use_again);
}

/* --- conditions ----------------------------------------------------------- */

struct cond {
    gruvi_lock_t lock;
    gruvi_cond_t cond;
    int items, woken;
};

static int
take_item(void *arg)
{
    struct cond *shared = arg;

    sim_assert(sim_wait(gruvi_lock_acquire(&shared->lock, -1)) == 0);
    while (shared->items == 0) {
        sim_assert(sim_wait(gruvi_cond_wait(&shared->cond, -1)) == 0);
        shared->woken++;
    }
    shared->items--;
    sim_assert(gruvi_lock_release(&shared->lock) == 0);
    return 0;
}

static void
put_item(struct cond *shared)
{
    sim_assert(gruvi_lock_acquire(&shared->lock, -1) == 0);
    shared->items++;
    sim_assert(gruvi_cond_notify(&shared->cond, 1) == 0);
    sim_assert(gruvi_lock_release(&shared->lock) == 0);
}

static void
init_cond(struct cond *shared)
{
    *shared = (struct cond){.items = 0};
    gruvi_lock_init(&shared->lock);
    gruvi_cond_init(&shared->cond, &shared->lock);
}

/* Each notification wakes one. */
static void
cond_notify(void)
{
    struct cond shared;
    struct sim_thread *hub, *thread;

    init_cond(&shared);
    hub = sim_begin_hub(take_item, &shared);
    thread = sim_begin(take_item, &shared);
    put_item(&shared);
    put_item(&shared);
    sim_end(hub);
    sim_end(thread);
    sim_assert(shared.woken <= 2 && shared.items == 0);
    gruvi_cond_destroy(&shared.cond);
}

static int
take_in_time(void *arg)
{
    struct cond *shared = arg;
    int err = 0;

    sim_assert(sim_wait(gruvi_lock_acquire(&shared->lock, -1)) == 0);
    while (shared->items == 0 && err == 0)
        err = sim_wait(gruvi_cond_wait(&shared->cond, 1));
    sim_assert(err == 0 || err == UV_ETIMEDOUT);
    if (err == 0)
        shared->items--;
    shared->woken = err == 0;
    sim_assert(gruvi_lock_release(&shared->lock) == 0);
    return 0;
}

static int
take_patiently(void *arg)
{
    struct cond *shared = arg;

    sim_assert(sim_wait(gruvi_lock_acquire(&shared->lock, -1)) == 0);
    while (shared->items == 0)
        sim_assert(sim_wait(gruvi_cond_wait(&shared->cond, -1)) == 0);
    shared->items--;
    sim_assert(gruvi_lock_release(&shared->lock) == 0);
    return 0;
}

/* No notification is spent on a waiter that has given up. */
static void
cond_timeout(void)
{
    struct cond shared;
    struct sim_thread *hasty, *patient;

    sim_be_patient();
    init_cond(&shared);
    hasty = sim_begin_hub(take_in_time, &shared);
    patient = sim_begin(take_patiently, &shared);
    put_item(&shared);
    sim_end(hasty);
    if (shared.woken)
        put_item(&shared);
    sim_end(patient);
    sim_assert(shared.items == 0);
    gruvi_cond_destroy(&shared.cond);
}

/* --- semaphores ----------------------------------------------------------- */

struct semaphore {
    gruvi_semaphore_t semaphore;
    int inside;
    double timeout;
};

static int
use_permit(void *arg)
{
    struct semaphore *shared = arg;
    int err;

    for (int i = 0; i < 2; i++) {
        err = sim_wait(
            gruvi_semaphore_acquire(&shared->semaphore, shared->timeout));
        if (err == UV_ETIMEDOUT && shared->timeout > 0)
            continue;
        sim_assert(err == 0);
        sim_assert(shared->inside++ == 0);
        sim_point();
        shared->inside--;
        sim_assert(gruvi_semaphore_release(&shared->semaphore) == 0);
    }
    return 0;
}

static void
share_permit(double timeout)
{
    struct semaphore shared = {.timeout = timeout};
    struct sim_thread *hub, *thread;

    gruvi_semaphore_init(&shared.semaphore, 1);
    hub = sim_begin_hub(use_permit, &shared);
    thread = sim_begin(use_permit, &shared);
    use_permit(&shared);
    sim_end(hub);
    sim_end(thread);
    sim_assert(gruvi_semaphore_try_acquire(&shared.semaphore) == 0);
    sim_assert(gruvi_semaphore_try_acquire(&shared.semaphore) == UV_EAGAIN);
    gruvi_semaphore_destroy(&shared.semaphore);
}

static void
semaphore(void)
{
    share_permit(GRUVI_FOREVER);
}

static void
semaphore_timeout(void)
{
    share_permit(1);
}

static int
take_and_free(void *arg)
{
    struct semaphore *shared = arg;

    sim_assert(sim_wait(gruvi_semaphore_acquire(&shared->semaphore, -1)) == 0);
    gruvi_semaphore_destroy(&shared->semaphore);
    free(shared);
    return 0;
}

/* Who has got the permit frees the semaphore, at once. */
static void
semaphore_free(void)
{
    struct semaphore *shared = calloc(1, sizeof *shared);
    struct sim_thread *hub;

    gruvi_semaphore_init(&shared->semaphore, 0);
    hub = sim_begin_hub(take_and_free, shared);
    sim_assert(gruvi_semaphore_release(&shared->semaphore) == 0);
    sim_end(hub);
}

const struct sim_case sim_cases[] = {
    {"event_set", event_set},
    {"event_timeout", event_timeout},
    {"event_clear", event_clear},
    {"wait_on_time", wait_on_time},
    {"lock_free", lock_free},
    {"lock_timeout", lock_timeout},
    {"lock_again", lock_again},
    {"cond_notify", cond_notify},
    {"cond_timeout", cond_timeout},
    {"semaphore", semaphore},
    {"semaphore_timeout", semaphore_timeout},
    {"semaphore_free", semaphore_free},
    {NULL, NULL},
};
