/* SPDX-License-Identifier: MIT */
/* HTTP/2: connections, requests and replies as they should be. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "http/h2_client.h"

static struct gruvid *g;
static struct h2 *h2;

static void
begin(const char *options)
{
    g = http_begin(options);
    h2 = h2_connect(g);
}

static void
stop(void)
{
    h2_close(h2);
    ck_assert_int_eq(gruvid_stop(g, SIGTERM), 0);
    ck_assert_uint_eq(gruvid_said(g, " error "), 0);
}

/* --- connections ---------------------------------------------------------- */

START_TEST(test_a_server_says_its_limits)
{
    begin("");
    h2_round_trip(h2);
    ck_assert_uint_eq(h2->setting[NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS],
                      100);
    ck_assert_uint_eq(h2->setting[NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE],
                      32768);
    /* 2^16 - 1 is the default, 64 KiB the contract. */
    ck_assert_uint_ge(h2->setting[NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE], 65535);
    ck_assert_uint_le(h2->setting[NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE], 65536);
    ck_assert_uint_eq(h2->settings, 1);
    ck_assert_uint_eq(h2->settings_acks, 1);
    stop();
}
END_TEST

START_TEST(test_a_connection_serves_many_requests)
{
    begin("");
    for (int i = 0; i < 5; i++)
        h2_ask(h2, "/a", 200, "GET /a h\n");
    stop();
}
END_TEST

/* The first waits; the others do not wait for it. */
START_TEST(test_requests_are_served_side_by_side)
{
    uint32_t first;

    begin("");
    first = h2_get(h2, "/wait");
    gruvid_says(g, "mirror waits");
    for (int i = 0; i < 5; i++)
        h2_ask(h2, "/a", 200, "GET /a h\n");
    ck_assert_int_eq(h2_answer_of(h2, first)->status, 0);
    stop();
    gruvid_says(g, "mirror was woken: ECANCELED");
}
END_TEST

START_TEST(test_http_1_is_served_by_the_same_port)
{
    int fd;

    begin("");
    fd = connect_to(g, 0);
    ask(fd, "GET /a HTTP/1.1\r\nHost: h\r\n\r\n", 200, "GET /a h\n");
    close(fd);
    h2_ask(h2, "/a", 200, "GET /a h\n");
    stop();
}
END_TEST

/* RFC 9113, 3.4: only a whole preface is one. */
START_TEST(test_pri_alone_is_no_preface)
{
    int fd;

    begin("");
    fd = connect_to(g, 0);
    send_text(fd, "PRI * HTTP/1.1\r\nHost: h\r\n\r\n");
    answers(fd, 400, NULL);
    ends_in_order(fd);
    stop();
}
END_TEST

/* How many fibers wait for input, the n-th time that this is asked. */
static unsigned
fibers_that_read(unsigned n)
{
    unsigned before = gruvid_said(g, "waits for read");

    gruvid_signal(g, SIGUSR2);
    gruvid_says_times(g, " fibers\n", n);
    return gruvid_said(g, "waits for read") - before;
}

/* A connection that has waited a while for its next request has no fiber. */
START_TEST(test_a_connection_is_parked_between_requests)
{
    unsigned n = 1;

    begin("");
    h2_ask(h2, "/a", 200, NULL);
    while (fibers_that_read(n++) > 0)
        usleep(100000);
    h2_ask(h2, "/a", 200, NULL);
    h2_round_trip(h2);
    stop();
}
END_TEST

START_TEST(test_connections_are_served_in_several_hubs)
{
    g = http_begin_with("", "drain_timeout = 1000s\nhubs = 2\n");
    for (int i = 0; i < 20; i++) {
        h2 = h2_connect(g);
        h2_ask(h2, "/a", 200, "GET /a h\n");
        h2_ask(h2, "/stream?n=3&size=70000", 200, NULL);
        h2_close(h2);
    }
    h2 = h2_connect(g);
    stop();
}
END_TEST

/* --- replies -------------------------------------------------------------- */

START_TEST(test_a_reply_has_its_length_and_date)
{
    struct h2_answer *answer;

    begin("");
    answer = h2_answer_of(h2, h2_get(h2, "/a"));
    h2_finish(h2, answer->stream);
    ck_assert_str_eq(h2_header(answer, "content-length"), "9");
    ck_assert_str_eq(h2_header(answer, "content-type"), "text/plain");
    ck_assert_uint_eq(strlen(h2_header(answer, "date")), 29);
    ck_assert_ptr_null(h2_header(answer, "connection"));
    ck_assert_ptr_null(h2_header(answer, "transfer-encoding"));
    stop();
}
END_TEST

START_TEST(test_a_stream_has_no_length)
{
    struct h2_answer *answer;

    begin("");
    answer = h2_answer_of(h2, h2_get(h2, "/stream?n=3&size=50000"));
    h2_finish(h2, answer->stream);
    ck_assert(answer->over);
    ck_assert_ptr_null(h2_header(answer, "content-length"));
    ck_assert_ptr_null(h2_header(answer, "transfer-encoding"));
    ck_assert_uint_eq(answer->body.size, 150000);
    stop();
}
END_TEST

START_TEST(test_head_has_a_length_and_no_body)
{
    struct h2_answer *answer;

    begin("");
    answer = h2_answer_of(
        h2, h2_request(h2, H2_END_STREAM, "HEAD", "/large?size=70000", ""));
    h2_finish(h2, answer->stream);
    ck_assert_str_eq(h2_header(answer, "content-length"), "70000");
    ck_assert_uint_eq(answer->body.size, 0);
    stop();
}
END_TEST

START_TEST(test_204_has_neither_length_nor_body)
{
    struct h2_answer *answer;

    begin("");
    answer = h2_answer_of(h2, h2_get(h2, "/nothing"));
    h2_finish(h2, answer->stream);
    ck_assert_int_eq(answer->status, 204);
    ck_assert_ptr_null(h2_header(answer, "content-length"));
    ck_assert_uint_eq(answer->body.size, 0);
    stop();
}
END_TEST

START_TEST(test_a_reply_that_breaks_is_reset)
{
    struct h2_answer *answer;

    begin("");
    answer = h2_answer_of(h2, h2_get(h2, "/broken"));
    h2_finish(h2, answer->stream);
    ck_assert(answer->was_reset);
    ck_assert(!answer->over);
    ck_assert_uint_ne(answer->code, H2_NO_ERROR);
    h2_ask(h2, "/a", 200, "GET /a h\n");
    h2_close(h2);
    ck_assert_int_eq(gruvid_stop(g, SIGTERM), 0);
}
END_TEST

/* What is left of a reply is given up, and there is a window for it later. */
START_TEST(test_a_reply_that_is_given_up_has_no_end)
{
    struct h2_answer *answer;

    begin("write_timeout = 50ms\n");
    h2->holds = true;
    answer = h2_answer_of(h2, h2_request(h2, 0, "PUT", "/late?size=70000", ""));
    h2_await_body(h2, answer->stream, 65535);
    gruvid_says(g, "mirror cannot write: ETIMEDOUT");
    h2_send_number(h2, H2_WINDOW_UPDATE, 0, 100000);
    h2_send_number(h2, H2_WINDOW_UPDATE, answer->stream, 100000);
    h2_round_trip(h2);
    h2_send(h2, H2_DATA, H2_END_STREAM, answer->stream, "", 0);
    ck_assert(h2_finish(h2, answer->stream));
    ck_assert(answer->was_reset);
    ck_assert(!answer->over);
    ck_assert_uint_eq(answer->body.size, 65535);
    h2_ask(h2, "/a", 200, NULL);
    stop();
}
END_TEST

/* A whole reply is sent at once, though its handler goes on. */
START_TEST(test_a_reply_does_not_wait_for_its_handler)
{
    begin("");
    h2_ask(h2, "/early", 200, "early\n");
    ck_assert_uint_eq(gruvid_said(g, "mirror was woken"), 0);
    stop();
    gruvid_says(g, "mirror was woken: ECANCELED");
}
END_TEST

START_TEST(test_events_have_comments_between_them)
{
    struct h2_answer *answer;

    begin("event_comment = 10ms\n");
    answer = h2_answer_of(h2, h2_get(h2, "/events"));
    h2_finish(h2, answer->stream);
    ck_assert_str_eq(h2_header(answer, "content-type"), "text/event-stream");
    ck_assert_ptr_nonnull(strstr(answer->body.data, "data: first\n\n:\n\n"));
    ck_assert_ptr_nonnull(strstr(answer->body.data, "data: second\n"));
    stop();
}
END_TEST

/* --- requests ------------------------------------------------------------- */

START_TEST(test_a_handler_sees_the_request)
{
    struct h2_answer *answer;

    begin("");
    answer = h2_answer_of(h2, h2_request(h2, H2_END_STREAM, "GET", "/headers",
                                         "x-one: 1\nx-two: 2\n"
                                         "gruvid-user: root\n"));
    h2_finish(h2, answer->stream);
    ck_assert_str_eq(h2_header(answer, "x-scheme"), "http");
    ck_assert_ptr_nonnull(
        strstr(h2_header(answer, "x-peer"), "tcp://127.0.0.1:"));
    ck_assert_str_eq(answer->body.data, "host=h\nx-one=1\nx-two=2\n");
    stop();
}
END_TEST

/* One that is trusted, and one that is not. */
START_TEST(test_a_proxy_names_the_client)
{
    static const char said[] = "x-forwarded-for: 203.0.113.9, 192.0.2.1\n"
                               "x-forwarded-proto: https\n";
    struct h2_answer *answer;

    begin("trusted_proxy = 127.0.0.1\naccess_log = json\n");
    answer = h2_answer_of(
        h2, h2_request(h2, H2_END_STREAM, "GET", "/headers", said));
    h2_finish(h2, answer->stream);
    ck_assert_str_eq(h2_header(answer, "x-peer"), "tcp://192.0.2.1:0");
    ck_assert_str_eq(h2_header(answer, "x-scheme"), "https");
    gruvid_says(g, "\"peer\":\"192.0.2.1\"");
    stop();
    begin("trusted_proxy = 10.0.0.0/8\n");
    answer = h2_answer_of(
        h2, h2_request(h2, H2_END_STREAM, "GET", "/headers", said));
    h2_finish(h2, answer->stream);
    ck_assert_ptr_nonnull(
        strstr(h2_header(answer, "x-peer"), "tcp://127.0.0.1:"));
    ck_assert_str_eq(h2_header(answer, "x-scheme"), "http");
    stop();
}
END_TEST

START_TEST(test_100_comes_when_the_handler_reads)
{
    struct h2_answer *answer;

    begin("");
    answer = h2_answer_of(
        h2, h2_request(h2, 0, "PUT", "/a",
                       "expect: 100-continue\ncontent-length: 2\n"));
    while (answer->interim == 0)
        ck_assert(h2_step(h2));
    h2_send(h2, H2_DATA, H2_END_STREAM, answer->stream, "hi", 2);
    h2_answers(h2, answer->stream, 200, "PUT /a h\nhi");
    stop();
}
END_TEST

START_TEST(test_100_comes_before_a_reply_that_goes_on)
{
    struct h2_answer *answer;

    begin("");
    answer = h2_answer_of(
        h2, h2_request(h2, 0, "PUT", "/back",
                       "expect: 100-continue\ncontent-length: 2\n"));
    while (answer->interim == 0 && answer->status == 0)
        ck_assert(h2_step(h2));
    ck_assert_uint_eq(answer->interim, 1);
    h2_send(h2, H2_DATA, H2_END_STREAM, answer->stream, "hi", 2);
    h2_answers(h2, answer->stream, 200, "hi");
    stop();
}
END_TEST

START_TEST(test_without_100_nothing_is_waited_for)
{
    struct h2_answer *answer;

    begin("");
    answer = h2_answer_of(
        h2, h2_request(h2, 0, "PUT", "/ignore",
                       "expect: 100-continue\ncontent-length: 2\n"));
    h2_finish(h2, answer->stream);
    ck_assert_uint_eq(answer->interim, 0);
    ck_assert_int_eq(answer->status, 200);
    h2_is_reset(h2, answer->stream, H2_NO_ERROR);
    h2_ask(h2, "/a", 200, NULL);
    stop();
}
END_TEST

START_TEST(test_a_body_over_max_body_is_refused)
{
    uint32_t stream;

    begin("");
    stream = h2_request(h2, 0, "PUT", "/a", "content-length: 99999999\n");
    h2_answers(h2, stream, 413, NULL);
    h2_ask(h2, "/a", 200, NULL);
    stream = h2_request(h2, 0, "PUT", "/a", "");
    h2_upload(h2, stream, 1048577, false);
    h2_answers(h2, stream, 413, NULL);
    h2_ask(h2, "/a", 200, NULL);
    stop();
}
END_TEST

START_TEST(test_a_body_that_is_cut_is_no_whole_one)
{
    uint32_t stream;

    begin("");
    stream = h2_request(h2, 0, "PUT", "/a", "");
    h2_send(h2, H2_DATA, 0, stream, "half", 4);
    h2_send_number(h2, H2_RST_STREAM, stream, H2_CANCEL);
    h2_ask(h2, "/a", 200, NULL);
    stop();
    ck_assert_uint_eq(gruvid_said(g, "failed: "), 0);
}
END_TEST

/* --- the access log ------------------------------------------------------- */

START_TEST(test_each_request_may_be_logged)
{
    begin("access_log = combined\n");
    h2_ask(h2, "/a?b", 200, NULL);
    gruvid_says(g, "\"GET /a?b HTTP/2.0\" 200 11 \"-\" \"-\"");
    stop();
}
END_TEST

/* --- TLS ------------------------------------------------------------------ */

#ifdef HAVE_OPENSSL

static void
begin_secure(void)
{
    int port;

    g = h2_secure_gruvid(&port);
    h2 = h2_begin_tls(connect_port(port), true);
}

START_TEST(test_h2_is_chosen_by_alpn)
{
    struct h2_answer *answer;
    uint32_t stream;

    begin_secure();
    answer = h2_answer_of(h2, h2_get(h2, "/headers"));
    h2_finish(h2, answer->stream);
    ck_assert_str_eq(h2_header(answer, "x-scheme"), "https");
    stream = h2_request(h2, 0, "PUT", "/count", "");
    h2_upload(h2, stream, 1000000, true);
    h2_answers(h2, stream, 200, "1000000\n");
    answer = h2_answer_of(h2, h2_get(h2, "/stream?n=100&size=10000"));
    h2_finish(h2, answer->stream);
    ck_assert_uint_eq(answer->body.size, 1000000);
    stop();
}
END_TEST

/* The end of TLS, without a GOAWAY. */
START_TEST(test_a_tls_client_that_goes_cancels_its_handler)
{
    begin_secure();
    h2_get(h2, "/wait");
    gruvid_says(g, "mirror waits");
    h2_close_with_reset(h2);
    gruvid_says(g, "mirror was woken: ECANCELED");
    h2 = h2_connect(g);
    stop();
}
END_TEST

#endif

int
main(void)
{
    Suite *suite = suite_create("h2");
    TCase *tc = gruvid_case(suite, "h2");

    tcase_add_test(tc, test_a_server_says_its_limits);
    tcase_add_test(tc, test_a_connection_serves_many_requests);
    tcase_add_test(tc, test_requests_are_served_side_by_side);
    tcase_add_test(tc, test_http_1_is_served_by_the_same_port);
    tcase_add_test(tc, test_pri_alone_is_no_preface);
    tcase_add_test(tc, test_a_connection_is_parked_between_requests);
    tcase_add_test(tc, test_connections_are_served_in_several_hubs);
    tcase_add_test(tc, test_a_reply_has_its_length_and_date);
    tcase_add_test(tc, test_a_stream_has_no_length);
    tcase_add_test(tc, test_head_has_a_length_and_no_body);
    tcase_add_test(tc, test_204_has_neither_length_nor_body);
    tcase_add_test(tc, test_a_reply_that_breaks_is_reset);
    tcase_add_test(tc, test_a_reply_that_is_given_up_has_no_end);
    tcase_add_test(tc, test_a_reply_does_not_wait_for_its_handler);
    tcase_add_test(tc, test_events_have_comments_between_them);
    tcase_add_test(tc, test_a_handler_sees_the_request);
    tcase_add_test(tc, test_a_proxy_names_the_client);
    tcase_add_test(tc, test_100_comes_when_the_handler_reads);
    tcase_add_test(tc, test_100_comes_before_a_reply_that_goes_on);
    tcase_add_test(tc, test_without_100_nothing_is_waited_for);
    tcase_add_test(tc, test_a_body_over_max_body_is_refused);
    tcase_add_test(tc, test_a_body_that_is_cut_is_no_whole_one);
    tcase_add_test(tc, test_each_request_may_be_logged);
#ifdef HAVE_OPENSSL
    tcase_add_test(tc, test_h2_is_chosen_by_alpn);
    tcase_add_test(tc, test_a_tls_client_that_goes_cancels_its_handler);
#endif
    return run_suite(suite);
}
