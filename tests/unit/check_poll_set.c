/* SPDX-License-Identifier: MIT */
/* The set of epoll that a hub waits with: sockets, and libuv's loop in it. */
#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "unit/harness.h"

#include "core/hub.h"
#include "core/poll_set.h"

/* A pair of sockets, and what is told of the first. */
struct pair {
    gruvi_hub_t *hub;
    int ends[2];
    int calls;
    unsigned events;
    bool announced; /* it was said that it will be told */
    void (*then)(struct pair *pair);
    struct pair *other;
};

static void
on_ready(void *arg, unsigned events)
{
    struct pair *pair = arg;

    if (events == 0) {
        pair->announced = true;
        return;
    }
    pair->calls++;
    pair->events = events;
    if (pair->then != NULL)
        pair->then(pair);
}

static void
ask(struct pair *pair, unsigned events)
{
    ck_assert_int_eq(
        gruvi__poll_ask(pair->hub, pair->ends[0], events, on_ready, pair), 0);
}

static void
open_pair(struct pair *pair, gruvi_hub_t *hub)
{
    *pair = (struct pair){.hub = hub};
    ck_assert_int_eq(socketpair(AF_UNIX,
                                SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0,
                                pair->ends),
                     0);
}

static void
close_pair(struct pair *pair)
{
    gruvi__poll_forget(pair->hub, pair->ends[0], true);
    close(pair->ends[0]);
    close(pair->ends[1]);
}

static void
say(const struct pair *pair)
{
    ck_assert_int_eq(write(pair->ends[1], "x", 1), 1);
}

HUB_TEST(test_what_was_asked_for_is_told_again_and_again)
{
    struct pair pair;

    open_pair(&pair, hub);
    ask(&pair, UV_READABLE);
    turns(3);
    ck_assert_int_eq(pair.calls, 0);
    say(&pair);
    wait_until(pair.calls >= 3);
    ck_assert_uint_eq(pair.events, UV_READABLE);
    ask(&pair, UV_READABLE | UV_WRITABLE);
    wait_until(pair.events == (UV_READABLE | UV_WRITABLE));
    ask(&pair, UV_WRITABLE);
    wait_until(pair.events == UV_WRITABLE);
    ask(&pair, 0);
    pair.calls = 0;
    turns(3);
    ck_assert_int_eq(pair.calls, 0);
    ask(&pair, UV_READABLE);
    wait_until(pair.events == UV_READABLE);
    close_pair(&pair);
}

HUB_TEST(test_the_end_is_told_by_all_that_was_asked_for)
{
    struct pair pair;

    open_pair(&pair, hub);
    ask(&pair, UV_WRITABLE);
    close(pair.ends[1]);
    wait_until(pair.calls > 0);
    ck_assert_uint_eq(pair.events, UV_WRITABLE);
    gruvi__poll_forget(hub, pair.ends[0], false);
    pair.calls = 0;
    turns(3);
    ck_assert_int_eq(pair.calls, 0);
    close(pair.ends[0]);
}

static void
ask_no_more(struct pair *pair)
{
    pair->then = pair->other->then = NULL;
    gruvi__poll_forget(pair->hub, pair->other->ends[0], false);
}

HUB_TEST(test_what_is_taken_back_by_the_first_is_not_told_of_the_second)
{
    struct pair a, b;

    open_pair(&a, hub);
    open_pair(&b, hub);
    a.other = &b;
    b.other = &a;
    a.then = b.then = ask_no_more;
    ask(&a, UV_READABLE);
    ask(&b, UV_READABLE);
    say(&a);
    say(&b);
    wait_until(a.calls + b.calls >= 3);
    ck_assert(a.calls == 0 || b.calls == 0);
    close_pair(&a);
    close_pair(&b);
}

/* Put another socket in its place, of which nothing is to be told. */
static void
exchange(struct pair *pair)
{
    struct pair fresh, *other = pair->other;

    pair->then = other->then = NULL;
    gruvi__poll_forget(pair->hub, other->ends[0], true);
    open_pair(&fresh, pair->hub);
    ck_assert_int_eq(dup2(fresh.ends[0], other->ends[0]), other->ends[0]);
    close(fresh.ends[0]);
    close(other->ends[1]);
    other->ends[1] = fresh.ends[1];
    ask(other, UV_READABLE);
}

HUB_TEST(test_nothing_is_told_of_another_descriptor_with_the_same_number)
{
    struct pair a, b;

    open_pair(&a, hub);
    open_pair(&b, hub);
    a.other = &b;
    b.other = &a;
    a.then = b.then = exchange;
    ask(&a, UV_READABLE);
    ask(&b, UV_READABLE);
    say(&a);
    say(&b);
    wait_until(a.calls + b.calls >= 3);
    ck_assert(a.calls == 0 || b.calls == 0);
    say(a.calls == 0 ? &a : &b);
    wait_until(a.calls > 0 && b.calls > 0);
    close_pair(&a);
    close_pair(&b);
}

/* More than are told at a time; most are announced. */
HUB_TEST(test_each_of_many_is_told)
{
    enum { N = 300 };
    struct pair pairs[N];
    int told = 0, announced = 0;

    for (int n = 0; n < N; n++) {
        open_pair(&pairs[n], hub);
        ask(&pairs[n], UV_READABLE);
        say(&pairs[n]);
    }
    while (told < N) {
        ck_assert_int_eq(gruvi_sleep(0.0005), 0);
        told = 0;
        for (int n = 0; n < N; n++)
            told += pairs[n].calls > 0;
    }
    for (int n = 0; n < N; n++)
        announced += pairs[n].announced;
    ck_assert_int_gt(announced, 0);
    for (int n = 0; n < N; n++)
        close_pair(&pairs[n]);
}

HUB_TEST(test_epoll_may_refuse_a_descriptor)
{
    int file = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    ck_assert_int_eq(gruvi__poll_ask(hub, file, UV_READABLE, on_ready, NULL),
                     UV_EPERM);
    close(file);
}

/* --- libuv's loop --------------------------------------------------------- */

static void
on_handle(uv_poll_t *handle, int status, int events)
{
    ck_assert_int_eq(status, 0);
    (void)events;
    ++*(int *)handle->data;
}

HUB_TEST(test_a_handle_of_libuv_may_have_the_same_descriptor)
{
    uv_poll_t handle;
    struct pair pair;
    int calls = 0;

    open_pair(&pair, hub);
    ask(&pair, UV_READABLE);
    ck_assert_int_eq(uv_poll_init(gruvi_hub_loop(hub), &handle, pair.ends[0]),
                     0);
    handle.data = &calls;
    uv_poll_start(&handle, UV_READABLE, on_handle);
    say(&pair);
    wait_until(calls > 0 && pair.calls > 0);
    ck_assert_int_eq(gruvi_uv_close((uv_handle_t *)&handle), 0);
    pair.calls = 0;
    wait_until(pair.calls > 0);
    close_pair(&pair);
}

static void
note_timer(uv_timer_t *timer)
{
    gruvi_event_set(timer->data);
}

/* Also one that alone does not keep its loop alive, and one that is begun when
 * the loop has had nothing to do for a while. */
HUB_TEST(test_timers_of_libuv_end_the_wait)
{
    gruvi_event_t event;
    uv_timer_t timer;
    uint64_t begin;
    int n = 0;

    gruvi_event_init(&event);
    uv_timer_init(gruvi_hub_loop(hub), &timer);
    timer.data = &event;
    if (i == 1)
        uv_unref((uv_handle_t *)&timer);
    /* Libuv counts from when the loop last looked at the clock.  A thread that
     * is put aside after that begins late, but not each time. */
    do {
        gruvi_event_clear(&event);
        ck_assert_int_eq(gruvi_sleep(0.02), 0);
        begin = uv_hrtime();
        uv_timer_start(&timer, note_timer, 10, 0);
        ck_assert_int_eq(gruvi_event_wait(&event, GRUVI_FOREVER), 0);
    } while (uv_hrtime() - begin < 9000000 && ++n < 50);
    ck_assert_int_lt(n, 50);
    ck_assert_int_eq(gruvi_uv_close((uv_handle_t *)&timer), 0);
    gruvi_event_destroy(&event);
}

struct hooks {
    uv_prepare_t prepare;
    uv_check_t check;
    int prepared, checked;
    gruvi_event_t event;
};

static void
on_prepare(uv_prepare_t *prepare)
{
    struct hooks *hooks = prepare->data;

    if (++hooks->prepared == 5)
        gruvi_event_set(&hooks->event);
}

static void
on_check(uv_check_t *check)
{
    struct hooks *hooks = check->data;

    hooks->checked++;
}

/* The last one wakes a fiber, and the hub does not sleep over it. */
HUB_TEST(test_libuv_is_asked_before_each_wait_where_it_has_hooks)
{
    uv_loop_t *loop = gruvi_hub_loop(hub);
    struct hooks hooks = {.prepared = 0};

    gruvi_event_init(&hooks.event);
    uv_prepare_init(loop, &hooks.prepare);
    uv_check_init(loop, &hooks.check);
    hooks.prepare.data = hooks.check.data = &hooks;
    uv_prepare_start(&hooks.prepare, on_prepare);
    uv_check_start(&hooks.check, on_check);
    for (int n = 1; n <= 4; n++) {
        /* A sleep that is over before the hub waits asks nobody. */
        do
            ck_assert_int_eq(gruvi_sleep(0.0005), 0);
        while (hooks.prepared < n);
        ck_assert_int_ge(hooks.checked, n);
        hooks.prepared = n; /* exactly what the next one counts from */
    }
    ck_assert_int_eq(gruvi_event_wait(&hooks.event, GRUVI_FOREVER), 0);
    ck_assert_int_eq(gruvi_uv_close((uv_handle_t *)&hooks.prepare), 0);
    ck_assert_int_eq(gruvi_uv_close((uv_handle_t *)&hooks.check), 0);
    gruvi_event_destroy(&hooks.event);
}

int
main(void)
{
    Suite *suite = suite_create("poll_set");
    TCase *tc = tcase_create("sockets");

    tcase_add_test(tc, test_what_was_asked_for_is_told_again_and_again);
    tcase_add_test(tc, test_the_end_is_told_by_all_that_was_asked_for);
    tcase_add_test(
        tc, test_what_is_taken_back_by_the_first_is_not_told_of_the_second);
    tcase_add_test(
        tc, test_nothing_is_told_of_another_descriptor_with_the_same_number);
    tcase_add_test(tc, test_each_of_many_is_told);
    tcase_add_test(tc, test_epoll_may_refuse_a_descriptor);
    suite_add_tcase(suite, tc);
    tc = tcase_create("loop");
    tcase_add_test(tc, test_a_handle_of_libuv_may_have_the_same_descriptor);
    tcase_add_loop_test(tc, test_timers_of_libuv_end_the_wait, 0, 2);
    tcase_add_test(tc, test_libuv_is_asked_before_each_wait_where_it_has_hooks);
    suite_add_tcase(suite, tc);
    return run_suite(suite);
}
