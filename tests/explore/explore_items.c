/* SPDX-License-Identifier: MIT */
/* Queues, futures, and gruvi_wait() for several. */
#include <stdlib.h>

#include "explore/explore.h"
#include "explore/sim.h"

/* --- queues --------------------------------------------------------------- */

#define ITEMS 4

struct queue {
    gruvi_queue_t queue;
    int items[ITEMS];
    int got[ITEMS]; /* how often each */
    int next, refused;
    double timeout;
};

/* Puts two items.  Those that come too late are counted. */
static int
put_two(void *arg)
{
    struct queue *shared = arg;
    int err;

    for (int i = 0; i < 2; i++) {
        int item = shared->next++;

        err = sim_wait(gruvi_queue_put(&shared->queue, &shared->items[item],
                                       NULL, shared->timeout));
        sim_assert(err == 0 || (err == UV_ETIMEDOUT && shared->timeout > 0));
        if (err < 0)
            shared->refused++;
    }
    return 0;
}

static void
note_item(struct queue *shared, const int *item)
{
    sim_assert(item >= shared->items && item < shared->items + ITEMS);
    sim_assert(++shared->got[item - shared->items] == 1);
}

/* Gets items until the queue is closed. */
static int
get_all(void *arg)
{
    struct queue *shared = arg;
    void *item;
    int err;

    while ((err = sim_wait(gruvi_queue_get(&shared->queue, &item, -1))) == 0) {
        note_item(shared, item);
        sim_assert(gruvi_queue_task_done(&shared->queue) == 0);
    }
    sim_assert(err == UV_EOF && item == NULL);
    return 0;
}

static int
count_got(const struct queue *shared)
{
    int n = 0;

    for (int i = 0; i < ITEMS; i++)
        n += shared->got[i];
    return n;
}

static void
pass_items(double timeout)
{
    struct queue shared = {.timeout = timeout};
    struct sim_thread *getter, *putter;

    gruvi_queue_init(&shared.queue, GRUVI_QUEUE_FIFO, 1);
    getter = sim_begin_hub(get_all, &shared);
    putter = sim_begin(put_two, &shared);
    put_two(&shared);
    sim_end(putter);
    sim_assert(sim_wait(gruvi_queue_join(&shared.queue, -1)) == 0);
    sim_assert(count_got(&shared) + shared.refused == ITEMS);
    gruvi_queue_close(&shared.queue);
    sim_end(getter);
    gruvi_queue_destroy(&shared.queue);
}

static void
queue_pass(void)
{
    pass_items(GRUVI_FOREVER);
}

static void
queue_full(void)
{
    pass_items(1);
}

static int
get_one(void *arg)
{
    struct queue *shared = arg;
    void *item;
    int err = sim_wait(gruvi_queue_get(&shared->queue, &item, shared->timeout));

    sim_assert(err == 0 || (err == UV_ETIMEDOUT && shared->timeout > 0));
    if (err == 0)
        note_item(shared, item);
    return 0;
}

/* What a getter does not get in time is still there. */
static void
queue_timeout(void)
{
    struct queue shared = {.timeout = 1};
    struct sim_thread *hub, *thread;
    void *item;

    gruvi_queue_init(&shared.queue, GRUVI_QUEUE_FIFO, 0);
    hub = sim_begin_hub(get_one, &shared);
    thread = sim_begin(get_one, &shared);
    put_two(&shared);
    sim_end(hub);
    sim_end(thread);
    while (gruvi_queue_try_get(&shared.queue, &item) == 0)
        note_item(&shared, item);
    sim_assert(count_got(&shared) == 2);
    gruvi_queue_destroy(&shared.queue);
}

/* A thread and a hub, and two items: nobody waits for ever. */
static void
queue_two(void)
{
    struct queue shared = {.timeout = -1};
    struct sim_thread *hub, *thread;

    gruvi_queue_init(&shared.queue, GRUVI_QUEUE_FIFO, 0);
    hub = sim_begin_hub(get_one, &shared);
    thread = sim_begin(get_one, &shared);
    put_two(&shared);
    sim_end(hub);
    sim_end(thread);
    sim_assert(count_got(&shared) == 2);
    gruvi_queue_destroy(&shared.queue);
}

static int
get_and_free(void *arg)
{
    struct queue *shared = arg;
    void *item;

    sim_assert(sim_wait(gruvi_queue_get(&shared->queue, &item, -1)) == 0);
    gruvi_queue_destroy(&shared->queue);
    free(shared);
    return 0;
}

/* Who has got the last item frees the queue, at once. */
static void
queue_free(void)
{
    struct queue *shared = calloc(1, sizeof *shared);
    struct sim_thread *hub;

    gruvi_queue_init(&shared->queue, GRUVI_QUEUE_FIFO, 0);
    hub = sim_begin_hub(get_and_free, shared);
    sim_assert(gruvi_queue_put(&shared->queue, shared, NULL, -1) == 0);
    sim_end(hub);
}

/* --- futures -------------------------------------------------------------- */

struct future {
    gruvi_future_t *future;
    int settled, called, value;
    gruvi_event_t event;
};

static int
wait_result(void *arg)
{
    struct future *shared = arg;
    void *value;
    int err = sim_wait(gruvi_future_result(shared->future, &value, -1));

    sim_assert(gruvi_future_done(shared->future));
    sim_assert(err == gruvi_future_status(shared->future));
    sim_assert(err == UV_ECANCELED || (err == 0 && value == &shared->value));
    gruvi_future_unref(shared->future);
    return 0;
}

static int
cancel_future(void *arg)
{
    struct future *shared = arg;

    shared->settled += gruvi_future_cancel(shared->future) == 0;
    gruvi_future_unref(shared->future);
    return 0;
}

/* It is settled once, and freed by whoever is last. */
static void
future_settle(void)
{
    struct future shared = {.future = gruvi_future_new()};
    struct sim_thread *hub, *thread;

    gruvi_future_ref(shared.future);
    gruvi_future_ref(shared.future);
    hub = sim_begin_hub(wait_result, &shared);
    thread = sim_begin(cancel_future, &shared);
    shared.settled +=
        gruvi_future_set_result(shared.future, &shared.value) == 0;
    gruvi_future_unref(shared.future);
    sim_end(hub);
    sim_end(thread);
    sim_assert(shared.settled == 1);
}

static void
on_done(gruvi_future_t *f, void *arg)
{
    struct future *shared = arg;

    sim_assert(gruvi_future_done(f));
    shared->called++;
    gruvi_event_set(&shared->event);
}

static int
await_callback(void *arg)
{
    struct future *shared = arg;

    sim_assert(
        gruvi_future_add_done_callback(shared->future, on_done, shared) == 0);
    sim_assert(sim_wait(gruvi_event_wait(&shared->event, -1)) == 0);
    gruvi_future_unref(shared->future);
    return 0;
}

static int
set_result(void *arg)
{
    struct future *shared = arg;

    sim_assert(gruvi_future_set_result(shared->future, NULL) == 0);
    gruvi_future_unref(shared->future);
    return 0;
}

static void
future_callback(void)
{
    struct future shared = {.future = gruvi_future_new()};
    struct sim_thread *hub;

    gruvi_event_init(&shared.event);
    gruvi_future_ref(shared.future);
    hub = sim_begin_hub(await_callback, &shared);
    set_result(&shared);
    sim_end(hub);
    sim_assert(shared.called == 1);
}

static int
remove_callback(void *arg)
{
    struct future *shared = arg;
    int err, called;

    sim_assert(
        gruvi_future_add_done_callback(shared->future, on_done, shared) == 0);
    gruvi_sleep(0);
    called = shared->called;
    err = gruvi_future_remove_done_callback(shared->future, on_done, shared);
    sim_assert(err == 0 ? called == 0 : called == 1 && err == UV_ENOENT);
    gruvi_sleep(0);
    sim_assert(shared->called == called);
    gruvi_future_unref(shared->future);
    return 0;
}

/* What is removed is not called any more, and what was called is gone. */
static void
future_remove(void)
{
    struct future shared = {.future = gruvi_future_new()};
    struct sim_thread *hub;

    gruvi_event_init(&shared.event);
    gruvi_future_ref(shared.future);
    hub = sim_begin_hub(remove_callback, &shared);
    set_result(&shared);
    sim_end(hub);
}

static int
leave_callback(void *arg)
{
    struct future *shared = arg;

    sim_assert(
        gruvi_future_add_done_callback(shared->future, on_done, shared) == 0);
    gruvi_future_unref(shared->future);
    sim_assert(gruvi_hub_close(gruvi_get_hub()) == 0);
    return 0;
}

/* The hub of a callback closes while the future is being settled. */
static void
future_close(void)
{
    struct future shared = {.future = gruvi_future_new()};
    struct sim_thread *hub;

    gruvi_event_init(&shared.event);
    gruvi_future_ref(shared.future);
    hub = sim_begin_hub(leave_callback, &shared);
    set_result(&shared);
    sim_end(hub);
    sim_assert(shared.called <= 1);
}

/* --- gruvi_wait() --------------------------------------------------------- */

struct both {
    gruvi_event_t *events[2];
    size_t count;
    double timeout;
};

static int
wait_for_events(void *arg)
{
    struct both *shared = arg;
    gruvi_waitable_t *objects[2] = {gruvi_event_waitable(shared->events[0]),
                                    gruvi_event_waitable(shared->events[1])};
    bool done[2];
    int n =
        sim_wait(gruvi_wait(objects, 2, shared->count, shared->timeout, done));

    sim_assert(n == done[0] + done[1]);
    sim_assert(n >= (int)shared->count || shared->timeout > 0);
    for (int i = 0; i < 2; i++)
        if (done[i])
            free(shared->events[i]); /* its setter does not need it any more */
    return 0;
}

static int
set_event(void *arg)
{
    gruvi_event_set(arg);
    return 0;
}

static void
wait_two(size_t count, double timeout)
{
    struct both shared = {.count = count, .timeout = timeout};
    struct sim_thread *hub;

    for (int i = 0; i < 2; i++) {
        shared.events[i] = malloc(sizeof(gruvi_event_t));
        gruvi_event_init(shared.events[i]);
    }
    hub = sim_begin_hub(wait_for_events, &shared);
    sim_begin(set_event, shared.events[0]);
    gruvi_event_set(shared.events[1]);
    sim_end(hub);
}

static void
wait_both(void)
{
    wait_two(2, GRUVI_FOREVER);
}

static void
wait_first(void)
{
    wait_two(1, GRUVI_FOREVER);
}

static void
wait_timeout(void)
{
    wait_two(2, 1);
}

/* Waits until the queue is ready, and takes an item if it is still there. */
static int
wait_and_get(void *arg)
{
    struct queue *shared = arg;
    gruvi_waitable_t *ready = gruvi_queue_waitable(&shared->queue);
    void *item;

    while (gruvi_queue_try_get(&shared->queue, &item) == UV_EAGAIN)
        sim_assert(sim_wait(gruvi_wait(&ready, 1, 1, GRUVI_FOREVER, NULL)) >=
                   0);
    note_item(shared, item);
    return 0;
}

static void
wait_queue(void)
{
    struct queue shared = {.timeout = -1};
    struct sim_thread *hub, *thread;

    gruvi_queue_init(&shared.queue, GRUVI_QUEUE_FIFO, 0);
    hub = sim_begin_hub(wait_and_get, &shared);
    thread = sim_begin(wait_and_get, &shared);
    put_two(&shared);
    sim_end(hub);
    sim_end(thread);
    sim_assert(count_got(&shared) == 2);
    gruvi_queue_destroy(&shared.queue);
}

const struct sim_case sim_cases[] = {
    {"queue_pass", queue_pass},           {"queue_full", queue_full},
    {"queue_timeout", queue_timeout},     {"queue_two", queue_two},
    {"queue_free", queue_free},           {"future_settle", future_settle},
    {"future_callback", future_callback}, {"future_remove", future_remove},
    {"future_close", future_close},       {"wait_both", wait_both},
    {"wait_first", wait_first},           {"wait_timeout", wait_timeout},
    {"wait_queue", wait_queue},           {NULL, NULL},
};
