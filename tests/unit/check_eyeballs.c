/* SPDX-License-Identifier: MIT */
/*
 * The race of the addresses of a name.
 *
 * many.test is 127.0.0.1, .2 and .3; mixed.test is 127.0.0.1, 127.0.0.2 and
 * ::1.  An address whose queue is full does not answer.
 */
#include "unit/net.h"

#include <stdio.h>

#include "unit/calls.h"

#define SOON 0.001

/* A connect in a fiber. */
struct racer {
    char address[GRUVI_ADDRESS_SIZE];
    gruvi_connect_options_t options;
    double timeout;
    gruvi_stream_t *stream;
    gruvi_fiber_t *fiber;
    int result;
};

static int
run_racer(void *arg)
{
    struct racer *r = arg;

    r->stream = (void *)r;
    r->result = gruvi_connect(&r->stream, r->address, &r->options, r->timeout);
    ck_assert_int_eq(r->stream != NULL, r->result == 0);
    return 0;
}

/* To host, at the port of a plain address. */
static void
init_racer(struct racer *r, const char *host, const char *address, double delay)
{
    memset(r, 0, sizeof *r);
    snprintf(r->address, sizeof r->address, "tcp://%s%s", host,
             strrchr(address, ':'));
    r->options.attempt_delay = delay;
    r->timeout = GRUVI_FOREVER;
    forget_connects();
}

static void
begin_race(struct racer *r)
{
    r->fiber = spawn(run_racer, r);
}

static int
end_race(struct racer *r)
{
    finish(r->fiber);
    if (r->result == 0)
        gruvi_stream_close(r->stream);
    return r->result;
}

static int
race(struct racer *r)
{
    begin_race(r);
    return end_race(r);
}

/* Full listeners at one port of 127.0.0.1, 127.0.0.2, ... */
static void
open_fulls(struct full full[], int n)
{
    char text[GRUVI_ADDRESS_SIZE];

    open_full(&full[0], "tcp://127.0.0.1:0");
    for (int k = 1; k < n; k++) {
        snprintf(text, sizeof text, "tcp://127.0.0.%d%s", k + 1,
                 strrchr(full[0].address, ':'));
        open_full(&full[k], text);
    }
}

static void
close_fulls(struct full full[], int n)
{
    while (n-- > 0)
        close_full(&full[n]);
}

/* --- order ------------------------------------------------------------------
 */

HUB_TEST(test_families_take_turns_and_ip6_is_first)
{
    char address[GRUVI_ADDRESS_SIZE];
    int reserved = net_reserve(address);
    struct racer r;

    init_racer(&r, "mixed.test", address, GRUVI_FOREVER);
    ck_assert_int_eq(race(&r), UV_ECONNREFUSED);
    ck_assert_str_eq(connects(), "::1 127.0.0.1 127.0.0.2");
    close(reserved);
}

HUB_TEST(test_one_that_fails_makes_room_for_the_next_at_once)
{
    char address[GRUVI_ADDRESS_SIZE], text[GRUVI_ADDRESS_SIZE];
    int reserved = net_reserve(address);
    gruvi_listener_t *listener;
    struct racer r;

    snprintf(text, sizeof text, "tcp://127.0.0.2%s", strrchr(address, ':'));
    ck_assert_int_eq(gruvi_listen(&listener, text, NULL), 0);
    init_racer(&r, "mixed.test", address, GRUVI_FOREVER);
    ck_assert_int_eq(race(&r), 0);
    ck_assert_str_eq(connects(), "::1 127.0.0.1 127.0.0.2");
    gruvi_listener_close(listener);
    close(reserved);
}

HUB_TEST(test_one_that_does_not_answer_is_overtaken)
{
    char address[GRUVI_ADDRESS_SIZE], peer[GRUVI_ADDRESS_SIZE];
    gruvi_listener_t *listener;
    gruvi_stream_t *far;
    struct full full;
    struct racer r;

    open_full(&full, "tcp://127.0.0.1:0");
    init_racer(&r, "127.0.0.2", full.address, SOON);
    ck_assert_int_eq(gruvi_listen(&listener, r.address, NULL), 0);
    snprintf(address, sizeof address, "%s", r.address);
    init_racer(&r, "many.test", full.address, i == 0 ? 0 : SOON);
    begin_race(&r);
    ck_assert_int_eq(gruvi_accept(listener, &far, GRUVI_FOREVER), 0);
    finish(r.fiber);
    ck_assert_int_eq(r.result, 0);
    ck_assert_int_eq(gruvi_stream_peer(r.stream, peer, sizeof peer), 0);
    ck_assert_str_eq(peer, address);
    ck_assert_int_eq(gruvi_stream_write(r.stream, "ping", 4), 0);
    hears(far, "ping");
    ck_assert_int_eq(gruvi_stream_write(far, "pong", 4), 0);
    hears(r.stream, "pong");
    gruvi_stream_close(r.stream);
    gruvi_stream_close(far);
    gruvi_listener_close(listener);
    close_full(&full);
}

/* Its SYN is sent again after a second. */
HUB_TEST(test_one_that_was_overtaken_may_still_win)
{
    char peer[GRUVI_ADDRESS_SIZE];
    struct full full[3];
    struct racer r;
    int fd;

    open_fulls(full, 3);
    init_racer(&r, "many.test", full[0].address, SOON);
    begin_race(&r);
    wait_until(strcmp(connects(), "127.0.0.1 127.0.0.2 127.0.0.3") == 0);
    fd = accept(full[0].listener, NULL, NULL);
    finish(r.fiber);
    ck_assert_int_eq(r.result, 0);
    ck_assert_int_eq(gruvi_stream_peer(r.stream, peer, sizeof peer), 0);
    ck_assert_str_eq(peer, full[0].address);
    gruvi_stream_close(r.stream);
    close(fd);
    close_fulls(full, 3);
}

HUB_TEST(test_without_a_delay_only_a_failure_goes_on)
{
    struct full full[2];
    struct racer r;

    open_fulls(full, 2);
    init_racer(&r, "many.test", full[0].address, GRUVI_FOREVER);
    r.timeout = 20 * SOON;
    ck_assert_int_eq(race(&r), UV_ETIMEDOUT);
    ck_assert_str_eq(connects(), "127.0.0.1");
    close_fulls(full, 2);
}

/* --- ends -------------------------------------------------------------------
 */

enum { CANCEL, CLOSE, ENDS };

/* After 1, 2 or 3 attempts; no descriptor is left. */
HUB_TEST(test_a_race_can_be_ended_at_any_time)
{
    static const char *const begun[] = {"127.0.0.1", "127.0.0.1 127.0.0.2",
                                        "127.0.0.1 127.0.0.2 127.0.0.3"};
    int n = i / ENDS;
    struct full full[3];
    struct racer r;

    open_fulls(full, 3);
    init_racer(&r, "many.test", full[0].address, SOON);
    begin_race(&r);
    wait_until(strstr(connects(), begun[n]) != NULL);
    if (i % ENDS == CANCEL) {
        gruvi_fiber_cancel(r.fiber, NULL);
        ck_assert_int_eq(end_race(&r), UV_ECANCELED);
    } else {
        ck_assert_int_eq(gruvi_hub_close(hub), 0);
        ck_assert_int_eq(r.result, UV_ECANCELED);
        gruvi_fiber_unref(r.fiber);
    }
    close_fulls(full, 3);
}

HUB_TEST(test_timeouts_and_deadlines_end_it)
{
    struct full full[3];
    struct racer r;

    open_fulls(full, 3);
    init_racer(&r, "many.test", full[0].address, SOON);
    for (double timeout = 0; timeout < 20 * SOON; timeout += 0.7 * SOON) {
        if (i == 0) {
            r.timeout = timeout;
            run_racer(&r);
        } else {
            GRUVI_WITH_SWITCH_BACK (sb, timeout) {
                run_racer(&r);
            }
        }
        ck_assert_int_eq(r.result, UV_ETIMEDOUT);
    }
    close_fulls(full, 3);
}

/* Granted and cancelled at once: it is connected, the cancel comes later. */
HUB_TEST(test_a_cancel_takes_no_connection_away)
{
    char address[GRUVI_ADDRESS_SIZE];
    gruvi_listener_t *listener = net_listen(NET_TCP, address);
    gruvi_stream_t *far;
    struct racer r;

    init_racer(&r, "many.test", address, GRUVI_FOREVER);
    begin_race(&r);
    ck_assert_int_eq(gruvi_accept(listener, &far, GRUVI_FOREVER), 0);
    gruvi_fiber_cancel(r.fiber, NULL);
    finish(r.fiber);
    if (r.result == 0)
        gruvi_stream_close(r.stream);
    else
        ck_assert_int_eq(r.result, UV_ECANCELED);
    gruvi_stream_close(far);
    gruvi_listener_close(listener);
}

/* --- failures ---------------------------------------------------------------
 */

HUB_TEST(test_the_error_that_tells_most_is_returned)
{
    char address[GRUVI_ADDRESS_SIZE];
    int reserved = net_reserve(address);
    struct racer r;

    init_racer(&r, "many.test", address, SOON);
    fail_calls(CALL_CONNECT, i == 0 ? ENETUNREACH : ETIMEDOUT, 1);
    ck_assert_int_eq(race(&r), UV_ECONNREFUSED);
    fail_calls(CALL_CONNECT, ENETUNREACH, 3);
    ck_assert_int_eq(race(&r), UV_ENETUNREACH);
    /* Later ones tell less: the result of the first is its second connect. */
    r.options.attempt_delay = GRUVI_FOREVER;
    fail_calls_after(2, CALL_CONNECT, ENETUNREACH, 2);
    ck_assert_int_eq(race(&r), UV_ECONNREFUSED);
    close(reserved);
}

HUB_TEST(test_an_interrupted_connect_goes_on)
{
    char address[GRUVI_ADDRESS_SIZE];
    gruvi_listener_t *listener = net_listen(NET_TCP, address);
    struct racer r;

    init_racer(&r, "many.test", address, SOON);
    fail_calls(CALL_CONNECT, EINTR, 2);
    ck_assert_int_eq(race(&r), 0);
    gruvi_listener_close(listener);
}

HUB_TEST(test_a_shortage_of_descriptors_is_what_is_told)
{
    static const int errors[] = {EMFILE, ENFILE, ENOMEM};
    char address[GRUVI_ADDRESS_SIZE];
    int reserved = net_reserve(address);
    struct racer r;

    init_racer(&r, "many.test", address, SOON);
    fail_calls(CALL_SOCKET, errors[i], 1);
    ck_assert_int_eq(race(&r), -errors[i]);
    ck_assert_str_eq(connects(), "");
    /* Others may work all the same. */
    fail_calls(CALL_SOCKET, ENOBUFS, 1);
    ck_assert_int_eq(race(&r), UV_ECONNREFUSED);
    close(reserved);
}

/* The attempts that there are go on, and no more are begun. */
HUB_TEST(test_a_shortage_does_not_end_what_is_on_its_way)
{
    struct full full[3];
    struct racer r;

    open_fulls(full, 3);
    init_racer(&r, "many.test", full[0].address, SOON);
    calls[CALL_SOCKET] = 0;
    fail_calls_after(1, CALL_SOCKET, EMFILE, 1);
    begin_race(&r);
    wait_until(calls[CALL_SOCKET] == 2);
    ck_assert_int_eq(gruvi_sleep(20 * SOON), 0);
    ck_assert(gruvi_fiber_alive(r.fiber));
    ck_assert_uint_eq(calls[CALL_SOCKET], 2);
    ck_assert_str_eq(connects(), "127.0.0.1");
    gruvi_fiber_cancel(r.fiber, NULL);
    ck_assert_int_eq(end_race(&r), UV_ECANCELED);
    close_fulls(full, 3);
}

HUB_TEST(test_a_delay_that_is_no_number_is_refused)
{
    struct racer r;

    init_racer(&r, "many.test", ":1", __builtin_nan(""));
    ck_assert_int_eq(race(&r), UV_EINVAL);
}

int
main(void)
{
    Suite *suite = suite_create("eyeballs");
    TCase *tc = tcase_create("race");

    tcase_add_test(tc, test_families_take_turns_and_ip6_is_first);
    tcase_add_test(tc, test_one_that_fails_makes_room_for_the_next_at_once);
    tcase_add_loop_test(tc, test_one_that_does_not_answer_is_overtaken, 0, 2);
    tcase_add_test(tc, test_one_that_was_overtaken_may_still_win);
    tcase_add_test(tc, test_without_a_delay_only_a_failure_goes_on);
    tcase_add_loop_test(tc, test_a_race_can_be_ended_at_any_time, 0, 3 * ENDS);
    tcase_add_loop_test(tc, test_timeouts_and_deadlines_end_it, 0, 2);
    tcase_add_test(tc, test_a_cancel_takes_no_connection_away);
    tcase_add_loop_test(tc, test_the_error_that_tells_most_is_returned, 0, 2);
    tcase_add_test(tc, test_an_interrupted_connect_goes_on);
    tcase_add_loop_test(tc, test_a_shortage_of_descriptors_is_what_is_told, 0,
                        3);
    tcase_add_test(tc, test_a_shortage_does_not_end_what_is_on_its_way);
    tcase_add_test(tc, test_a_delay_that_is_no_number_is_refused);
    suite_add_tcase(suite, tc);
    return run_suite(suite);
}
