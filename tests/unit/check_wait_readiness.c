/* SPDX-License-Identifier: MIT */
/*
 * gruvi_wait() for what is ready as long as a call on it would find something:
 * queues, streams, listeners, datagrams, signals.  Looped tests run with each.
 */
#include <signal.h>
#include <string.h>

#include "unit/datagrams.h"
#include "unit/net.h"

enum { QUEUE, STREAM, LISTENER, DATAGRAMS, SIGNALS, KINDS };

struct thing {
    int kind;
    gruvi_waitable_t *waitable;
    gruvi_queue_t queue;
    struct ends ends;
    gruvi_listener_t *listener;
    char address[GRUVI_ADDRESS_SIZE];
    int client;
    struct post post;
    gruvi_signal_t *watcher;
    bool closed;
};

static void
open_listener(struct thing *t)
{
    t->listener = net_listen(NET_TCP, t->address);
    t->client = -1;
    t->waitable = gruvi_listener_waitable(t->listener);
}

static void
open_thing(struct thing *t, int kind)
{
    static const int signums[] = {SIGUSR1};

    memset(t, 0, sizeof *t);
    t->kind = kind;
    switch (kind) {
    case QUEUE:
        ck_assert_int_eq(gruvi_queue_init(&t->queue, GRUVI_QUEUE_FIFO, 0), 0);
        t->waitable = gruvi_queue_waitable(&t->queue);
        break;
    case STREAM:
        open_ends(&t->ends, NET_TCP);
        t->waitable = gruvi_stream_waitable(t->ends.stream);
        break;
    case LISTENER:
        open_listener(t);
        break;
    case DATAGRAMS:
        open_post(&t->post);
        t->waitable = gruvi_udp_waitable(t->post.udp);
        break;
    default:
        ck_assert_int_eq(gruvi_signal_open(&t->watcher, signums, 1), 0);
        t->waitable = gruvi_signal_waitable(t->watcher);
    }
    ck_assert_ptr_nonnull(t->waitable);
}

/* Something comes, for one call. */
static void
make_ready(struct thing *t)
{
    switch (t->kind) {
    case QUEUE:
        ck_assert_int_eq(gruvi_queue_try_put(&t->queue, t, NULL), 0);
        break;
    case STREAM:
        peer_says(&t->ends, "x");
        break;
    case LISTENER:
        t->client = net_connect(t->address);
        break;
    case DATAGRAMS:
        peer_sends(&t->post, "x");
        break;
    default:
        raise(SIGUSR1);
    }
}

static int
accept_one(struct thing *t)
{
    gruvi_stream_t *stream;
    int err = gruvi_accept(t->listener, &stream, 0);

    if (err == 0) {
        gruvi_stream_close(stream);
        close(t->client);
        t->client = -1;
    }
    return err;
}

/* A call that does not wait: 0, or the error that says that nothing is there.
 */
static int
use(struct thing *t)
{
    char buf[10];
    void *item;
    ssize_t n;

    switch (t->kind) {
    case QUEUE:
        return gruvi_queue_try_get(&t->queue, &item);
    case STREAM:
        gruvi_stream_set_timeout(t->ends.stream, 0);
        n = gruvi_stream_read(t->ends.stream, buf, sizeof buf);
        gruvi_stream_set_timeout(t->ends.stream, GRUVI_FOREVER);
        break;
    case LISTENER:
        return accept_one(t);
    case DATAGRAMS:
        n = gruvi_udp_recv(t->post.udp, buf, sizeof buf, NULL, 0);
        break;
    default:
        n = gruvi_signal_next(t->watcher, 0);
    }
    return n > 0 ? 0 : (int)n;
}

static void
expect_nothing(struct thing *t)
{
    ck_assert_int_eq(use(t), t->kind == QUEUE ? UV_EAGAIN : UV_ETIMEDOUT);
    ck_assert_int_eq(gruvi_wait(&t->waitable, 1, 0, 0, NULL), 0);
}

/* The object itself, and nothing around it. */
static void
close_object(struct thing *t)
{
    switch (t->kind) {
    case QUEUE:
        gruvi_queue_close(&t->queue);
        break;
    case STREAM:
        gruvi_stream_close(t->ends.stream);
        t->ends.stream = NULL;
        break;
    case LISTENER:
        gruvi_listener_close(t->listener);
        break;
    case DATAGRAMS:
        gruvi_udp_close(t->post.udp);
        t->post.udp = NULL;
        break;
    default:
        gruvi_signal_close(t->watcher);
    }
    t->closed = true;
}

static void
close_thing(struct thing *t)
{
    if (!t->closed)
        close_object(t);
    if (t->kind == QUEUE)
        gruvi_queue_destroy(&t->queue);
    if (t->kind == STREAM)
        close_ends(&t->ends);
    if (t->kind == LISTENER && t->client >= 0)
        close(t->client);
    if (t->kind == DATAGRAMS)
        close_post(&t->post);
}

struct waiting {
    struct thing *thing;
    gruvi_fiber_t *fiber;
    bool done;
    int used; /* what a call found after the wait */
};

static int
wait_and_use(void *arg)
{
    struct waiting *w = arg;
    int n = gruvi_wait(&w->thing->waitable, 1, 1, GRUVI_FOREVER, &w->done);

    if (n == 1)
        w->used = use(w->thing);
    return n;
}

static void
begin_waiting(struct waiting *w, struct thing *t)
{
    *w = (struct waiting){.thing = t, .used = 1};
    w->fiber = spawn(wait_and_use, w);
    turns(1);
    ck_assert_str_eq(gruvi_fiber_waiting_for(w->fiber), "objects");
}

HUB_TEST(test_it_is_ready_until_it_is_used)
{
    struct thing t;

    open_thing(&t, i);
    expect_nothing(&t);
    make_ready(&t);
    wait_until(gruvi_wait(&t.waitable, 1, 0, 0, NULL) == 1);
    ck_assert_int_eq(gruvi_wait(&t.waitable, 1, 0, GRUVI_FOREVER, NULL), 1);
    ck_assert_int_eq(use(&t), 0);
    expect_nothing(&t);
    close_thing(&t);
}

HUB_TEST(test_a_wait_ends_when_it_is_ready)
{
    struct waiting w;
    struct thing t;

    open_thing(&t, i);
    for (int round = 0; round < 3; round++) {
        begin_waiting(&w, &t);
        make_ready(&t);
        ck_assert_int_eq(finish(w.fiber), 1);
        ck_assert(w.done);
        ck_assert_int_eq(w.used, 0);
    }
    expect_nothing(&t);
    close_thing(&t);
}

HUB_TEST(test_cancels_and_timeouts_lose_nothing)
{
    struct waiting w;
    struct thing t;

    open_thing(&t, i);
    begin_waiting(&w, &t);
    gruvi_fiber_cancel(w.fiber, NULL);
    ck_assert_int_eq(finish(w.fiber), UV_ECANCELED);
    ck_assert_int_eq(gruvi_wait(&t.waitable, 1, 0, 0.001, NULL), 0);
    make_ready(&t);
    ck_assert_int_eq(gruvi_wait(&t.waitable, 1, 0, GRUVI_FOREVER, NULL), 1);
    ck_assert_int_eq(use(&t), 0);
    expect_nothing(&t);
    close_thing(&t);
}

HUB_TEST(test_all_who_wait_are_woken_and_the_first_may_use_it_up)
{
    struct waiting first, second;
    struct thing t;

    open_thing(&t, i);
    begin_waiting(&first, &t);
    begin_waiting(&second, &t);
    make_ready(&t);
    ck_assert_int_eq(finish(first.fiber), 1);
    ck_assert_int_eq(finish(second.fiber), 1);
    ck_assert_int_eq(first.used, 0);
    ck_assert_int_eq(second.used, i == QUEUE ? UV_EAGAIN : UV_ETIMEDOUT);
    close_thing(&t);
}

static int
only_wait(void *arg)
{
    struct thing *t = arg;

    return gruvi_wait(&t->waitable, 1, 1, GRUVI_FOREVER, NULL);
}

HUB_TEST(test_closing_it_ends_the_wait)
{
    struct thing t;
    gruvi_fiber_t *fibers[2];

    open_thing(&t, i);
    fibers[0] = spawn(only_wait, &t);
    fibers[1] = spawn(only_wait, &t);
    turns(1);
    close_object(&t);
    for (int n = 0; n < 2; n++)
        ck_assert_int_eq(finish(fibers[n]), i == QUEUE ? 1 : UV_ECONNABORTED);
    close_thing(&t);
}

struct several {
    struct thing *things;
    gruvi_waitable_t *objects[KINDS + 1];
    gruvi_event_t event;
    bool done[KINDS + 1];
    size_t count;
};

static void
open_several(struct several *s, struct thing *things, size_t count)
{
    memset(s, 0, sizeof *s);
    s->things = things;
    s->count = count;
    for (int n = 0; n < KINDS; n++) {
        open_thing(&things[n], n);
        s->objects[n] = things[n].waitable;
    }
    s->objects[KINDS] = gruvi_event_waitable(&s->event);
}

static int
wait_for_several(void *arg)
{
    struct several *s = arg;

    return gruvi_wait(s->objects, KINDS + 1, s->count, GRUVI_FOREVER, s->done);
}

HUB_TEST(test_any_of_all_kinds_ends_a_wait)
{
    struct thing things[KINDS];
    struct several s;
    gruvi_fiber_t *fiber;

    open_several(&s, things, 1);
    fiber = spawn(wait_for_several, &s);
    turns(1);
    make_ready(&things[i]);
    ck_assert_int_eq(finish(fiber), 1);
    for (int n = 0; n < KINDS; n++)
        ck_assert_int_eq(s.done[n], n == i);
    ck_assert_int_eq(use(&things[i]), 0);
    for (int n = 0; n < KINDS; n++) {
        expect_nothing(&things[n]);
        close_thing(&things[n]);
    }
}

HUB_TEST(test_all_kinds_may_be_waited_for)
{
    struct thing things[KINDS];
    struct several s;
    gruvi_fiber_t *fiber;

    open_several(&s, things, 0);
    s.count = KINDS + 1;
    fiber = spawn(wait_for_several, &s);
    for (int n = 0; n < KINDS; n++) {
        turns(2);
        ck_assert(gruvi_fiber_alive(fiber));
        make_ready(&things[n]);
    }
    turns(2);
    ck_assert(gruvi_fiber_alive(fiber));
    gruvi_event_set(&s.event);
    ck_assert_int_eq(finish(fiber), KINDS + 1);
    for (int n = 0; n < KINDS; n++)
        close_thing(&things[n]);
}

/* One of them is gone: the others will not be enough. */
HUB_TEST(test_closing_one_of_several_ends_the_wait)
{
    struct thing things[KINDS];
    struct several s;
    gruvi_fiber_t *fiber;

    open_several(&s, things, 2);
    fiber = spawn(wait_for_several, &s);
    turns(1);
    close_object(&things[i]);
    if (i == QUEUE)
        make_ready(&things[STREAM]);
    ck_assert_int_eq(finish(fiber), i == QUEUE ? 2 : UV_ECONNABORTED);
    for (int n = 0; n < KINDS; n++)
        close_thing(&things[n]);
}

/* Enough were done before. */
HUB_TEST(test_closing_one_of_several_does_not_spoil_a_result)
{
    struct thing things[KINDS];
    struct several s;
    gruvi_fiber_t *fiber;

    open_several(&s, things, 1);
    fiber = spawn(wait_for_several, &s);
    turns(1);
    gruvi_event_set(&s.event);
    close_object(&things[i]);
    ck_assert_int_ge(finish(fiber), 1);
    ck_assert(s.done[KINDS]);
    for (int n = 0; n < KINDS; n++)
        close_thing(&things[n]);
}

static void
wait_in_thread(void *arg)
{
    struct thing *t = arg;
    int expected = t->kind == QUEUE ? 0 : UV_EPERM;

    ck_assert_int_eq(gruvi_wait(&t->waitable, 1, 1, 0, NULL), expected);
}

HUB_TEST(test_only_queues_are_for_all_threads)
{
    struct thing t;

    open_thing(&t, i);
    in_thread(wait_in_thread, &t);
    close_thing(&t);
}

HUB_TEST(test_no_object_has_no_waitable)
{
    ck_assert_ptr_null(gruvi_queue_waitable(NULL));
    ck_assert_ptr_null(gruvi_stream_waitable(NULL));
    ck_assert_ptr_null(gruvi_listener_waitable(NULL));
    ck_assert_ptr_null(gruvi_udp_waitable(NULL));
    ck_assert_ptr_null(gruvi_signal_waitable(NULL));
}

/* --- a reader beside ------------------------------------------------------ */

static int
read_once(void *arg)
{
    struct thing *t = arg;
    char buf[10];

    return (int)gruvi_stream_read(t->ends.stream, buf, sizeof buf);
}

HUB_TEST(test_one_fiber_may_read_while_another_waits)
{
    struct thing t;
    gruvi_fiber_t *reader, *waiter;

    open_thing(&t, STREAM);
    reader = spawn(read_once, &t);
    waiter = spawn(only_wait, &t);
    turns(1);
    peer_says(&t.ends, "x");
    ck_assert_int_eq(finish(reader), 1);
    ck_assert_int_eq(finish(waiter), 1);
    /* The other way round, and the reader still waits when nobody else does. */
    waiter = spawn(only_wait, &t);
    reader = spawn(read_once, &t);
    turns(1);
    gruvi_fiber_cancel(waiter, NULL);
    ck_assert_int_eq(finish(waiter), UV_ECANCELED);
    peer_says(&t.ends, "yy");
    ck_assert_int_eq(finish(reader), 2);
    close_thing(&t);
}

HUB_TEST(test_what_a_stream_holds_is_ready)
{
    struct thing t;
    char buf[20];

    open_thing(&t, STREAM);
    peer_says(&t.ends, "a\nb\n");
    ck_assert_int_eq(gruvi_stream_read_line(t.ends.stream, buf, sizeof buf), 2);
    ck_assert_int_eq(gruvi_wait(&t.waitable, 1, 0, 0, NULL), 1);
    ck_assert_int_eq(gruvi_stream_read_line(t.ends.stream, buf, sizeof buf), 2);
    expect_nothing(&t);
    close_thing(&t);
}

HUB_TEST(test_the_end_of_a_stream_is_ready)
{
    struct waiting w;
    struct thing t;

    open_thing(&t, STREAM);
    begin_waiting(&w, &t);
    peer_closes(&t.ends);
    ck_assert_int_eq(finish(w.fiber), 1);
    ck_assert_int_eq(w.used, 0);
    ck_assert_int_eq(gruvi_wait(&t.waitable, 1, 0, 0, NULL), 1);
    close_thing(&t);
}

/* --- queues and threads ----------------------------------------------------
 */

#define ITEMS 2000

static void
put_items(void *arg)
{
    for (int n = 0; n < ITEMS; n++)
        ck_assert_int_eq(gruvi_queue_put(arg, arg, NULL, GRUVI_FOREVER), 0);
}

struct getter {
    gruvi_queue_t *queue;
    int got;
};

static int
get_items(void *arg)
{
    struct getter *getter = arg;
    gruvi_waitable_t *object = gruvi_queue_waitable(getter->queue);
    void *item;
    int err;

    for (;;) {
        while ((err = gruvi_queue_try_get(getter->queue, &item)) == 0)
            getter->got++;
        if (err == UV_EOF)
            return 0;
        err = gruvi_wait(&object, 1, 1, GRUVI_FOREVER, NULL);
        ck_assert_int_eq(err, 1);
    }
}

static void
get_in_thread(void *arg)
{
    ck_assert_int_eq(get_items(arg), 0);
}

HUB_TEST(test_threads_and_fibers_wait_for_one_queue)
{
    gruvi_queue_t queue;
    struct getter getters[4];
    gruvi_fiber_t *fibers[2];
    pthread_t putters[2], threads[2];
    int got = 0;

    ck_assert_int_eq(gruvi_queue_init(&queue, GRUVI_QUEUE_FIFO, 10), 0);
    for (int n = 0; n < 4; n++)
        getters[n] = (struct getter){&queue, 0};
    for (int n = 0; n < 2; n++) {
        fibers[n] = spawn(get_items, &getters[n]);
        threads[n] = begin_thread(get_in_thread, &getters[2 + n]);
        putters[n] = begin_thread(put_items, &queue);
    }
    for (int n = 0; n < 2; n++)
        wait_until(pthread_tryjoin_np(putters[n], NULL) == 0);
    gruvi_queue_close(&queue);
    for (int n = 0; n < 2; n++) {
        ck_assert_int_eq(finish(fibers[n]), 0);
        end_thread(threads[n]);
    }
    got = 0;
    for (int n = 0; n < 4; n++)
        got += getters[n].got;
    ck_assert_int_eq(got, 2 * ITEMS);
    gruvi_queue_destroy(&queue);
}

int
main(void)
{
    Suite *suite = suite_create("wait_readiness");
    TCase *tc = tcase_create("readiness");

    tcase_add_loop_test(tc, test_it_is_ready_until_it_is_used, 0, KINDS);
    tcase_add_loop_test(tc, test_a_wait_ends_when_it_is_ready, 0, KINDS);
    tcase_add_loop_test(tc, test_cancels_and_timeouts_lose_nothing, 0, KINDS);
    tcase_add_loop_test(
        tc, test_all_who_wait_are_woken_and_the_first_may_use_it_up, 0, KINDS);
    tcase_add_loop_test(tc, test_closing_it_ends_the_wait, 0, KINDS);
    tcase_add_loop_test(tc, test_any_of_all_kinds_ends_a_wait, 0, KINDS);
    tcase_add_test(tc, test_all_kinds_may_be_waited_for);
    tcase_add_loop_test(tc, test_closing_one_of_several_ends_the_wait, 0,
                        KINDS);
    tcase_add_loop_test(tc, test_closing_one_of_several_does_not_spoil_a_result,
                        0, KINDS);
    tcase_add_loop_test(tc, test_only_queues_are_for_all_threads, 0, KINDS);
    tcase_add_test(tc, test_no_object_has_no_waitable);
    tcase_add_test(tc, test_one_fiber_may_read_while_another_waits);
    tcase_add_test(tc, test_what_a_stream_holds_is_ready);
    tcase_add_test(tc, test_the_end_of_a_stream_is_ready);
    tcase_add_test(tc, test_threads_and_fibers_wait_for_one_queue);
    suite_add_tcase(suite, tc);
    return run_suite(suite);
}
