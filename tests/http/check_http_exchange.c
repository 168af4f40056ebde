/* SPDX-License-Identifier: MIT */
/* Requests with their replies: bodies of both, and what is said of them. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "http/client.h"

#define HEAD(method, target) method " " target " HTTP/1.1\r\nHost: h\r\n"
#define GET(target)          HEAD("GET", target) "\r\n"

static struct gruvid *g;
static int fd;

static void
begin(void)
{
    g = http_begin("");
    fd = connect_to(g, 0);
}

static void
stop(void)
{
    close(fd);
    ck_assert_int_eq(gruvid_stop(g, SIGTERM), 0);
}

/* --- replies -------------------------------------------------------------- */

START_TEST(test_a_reply_has_its_length_and_date)
{
    struct answer answer;

    begin();
    send_text(fd, GET("/a"));
    ck_assert(answer_read(fd, false, &answer));
    ck_assert_str_eq(answer_header(&answer, "Content-Length"), "9");
    ck_assert_str_eq(answer_header(&answer, "Content-Type"), "text/plain");
    ck_assert_uint_eq(strlen(answer_header(&answer, "Date")), 29);
    ck_assert_ptr_null(answer_header(&answer, "Transfer-Encoding"));
    answer_free(&answer);
    stop();
}
END_TEST

START_TEST(test_a_stream_is_chunked)
{
    struct answer answer;

    begin();
    send_text(fd, GET("/stream?n=3&size=5000"));
    ck_assert(answer_read(fd, false, &answer));
    ck_assert_str_eq(answer_header(&answer, "Transfer-Encoding"), "chunked");
    ck_assert_ptr_null(answer_header(&answer, "Content-Length"));
    ck_assert_uint_eq(answer.size, 15000);
    answer_free(&answer);
    ask(fd, GET("/a"), 200, "GET /a h\n");
    stop();
}
END_TEST

START_TEST(test_a_stream_to_a_1_0_client_ends_with_the_connection)
{
    struct answer answer;

    begin();
    send_text(fd, "GET /stream?n=3&size=5000 HTTP/1.0\r\n"
                  "Connection: keep-alive\r\n\r\n");
    ck_assert(answer_read(fd, false, &answer));
    ck_assert_ptr_null(answer_header(&answer, "Transfer-Encoding"));
    ck_assert_str_eq(answer_header(&answer, "Connection"), "close");
    ck_assert_uint_eq(answer.size, 15000);
    answer_free(&answer);
    stop();
}
END_TEST

START_TEST(test_a_large_reply_comes_whole)
{
    struct answer answer;

    begin();
    send_text(fd, GET("/large?size=3000000") GET("/a"));
    ck_assert(answer_read(fd, false, &answer));
    ck_assert_uint_eq(answer.size, 3000000);
    answer_free(&answer);
    answers(fd, 200, "GET /a h\n");
    stop();
}
END_TEST

/* Of 4 GiB and 10 bytes more than 10 come. */
START_TEST(test_a_reply_may_be_longer_than_4_gib)
{
    char text[1024];
    ssize_t n;
    size_t size = 0;

    begin();
    send_text(fd, GET("/huge"));
    while (size < 100000) {
        n = recv(fd, text, sizeof text, 0);
        ck_assert_int_gt(n, 0);
        if (size == 0) {
            text[n - 1] = '\0';
            ck_assert_ptr_nonnull(strstr(text, "Content-Length: 4294967306\r"));
        }
        size += (size_t)n;
    }
    reset(fd);
    fd = connect_to(g, 0);
    stop();
}
END_TEST

/* The client would wait for as long as its handler goes on. */
START_TEST(test_a_reply_does_not_wait_for_its_handler)
{
    begin();
    send_text(fd, GET("/early"));
    answers(fd, 200, "early\n");
    ck_assert_uint_eq(gruvid_said(g, "mirror was woken"), 0);
    reset(fd);
    gruvid_says(g, "mirror was woken: ECANCELED");
    fd = connect_to(g, 0);
    stop();
}
END_TEST

START_TEST(test_head_gets_the_length_and_no_body)
{
    struct answer answer;

    begin();
    send_text(fd, HEAD("HEAD", "/large?size=70000") "\r\n" GET("/a"));
    ck_assert(answer_read(fd, true, &answer));
    ck_assert_str_eq(answer_header(&answer, "Content-Length"), "70000");
    answer_free(&answer);
    answers(fd, 200, "GET /a h\n");
    stop();
}
END_TEST

START_TEST(test_204_has_no_length)
{
    struct answer answer;

    begin();
    send_text(fd, GET("/nothing") GET("/a"));
    ck_assert(answer_read(fd, false, &answer));
    ck_assert_int_eq(answer.status, 204);
    ck_assert_ptr_null(answer_header(&answer, "Content-Length"));
    answer_free(&answer);
    answers(fd, 200, "GET /a h\n");
    stop();
}
END_TEST

/* Without its last chunk. */
START_TEST(test_a_reply_that_breaks_never_looks_whole)
{
    char text[4096];
    ssize_t n, length = 0;

    begin();
    send_text(fd, GET("/broken"));
    while ((n = recv(fd, text + length, sizeof text - 1 - (size_t)length, 0)) >
           0)
        length += n;
    text[length] = '\0';
    ck_assert_ptr_nonnull(strstr(text, "\r\n\r\n4\r\nhalf\r\n"));
    ck_assert_ptr_null(strstr(text, "\r\n0\r\n"));
    stop();
}
END_TEST

START_TEST(test_a_1_0_reply_that_breaks_ends_with_a_reset)
{
    begin();
    send_text(fd, "GET /broken HTTP/1.0\r\n\r\n");
    ck_assert(expect_end(fd));
    stop();
}
END_TEST

START_TEST(test_events_have_comments_between_them)
{
    struct answer answer;
    char *at;

    g = http_begin("event_comment = 10ms\n");
    fd = connect_to(g, 0);
    send_text(fd, GET("/events"));
    ck_assert(answer_read(fd, false, &answer));
    ck_assert_str_eq(answer_header(&answer, "Content-Type"),
                     "text/event-stream");
    ck_assert_str_eq(answer_header(&answer, "Transfer-Encoding"), "chunked");
    at = strstr(answer.body, "data: first\n\n:\n\n");
    ck_assert_ptr_nonnull(at);
    ck_assert_ptr_nonnull(strstr(at, "data: second\n"));
    answer_free(&answer);
    ask(fd, GET("/a"), 200, "GET /a h\n");
    stop();
}
END_TEST

/* --- bodies --------------------------------------------------------------- */

START_TEST(test_100_comes_when_the_handler_reads)
{
    struct answer answer;
    char line[64];

    begin();
    send_text(fd, HEAD("PUT", "/a") "Content-Length: 2\r\n"
                                    "Expect: 100-continue\r\n\r\n");
    recv(fd, line, 25, MSG_WAITALL);
    line[25] = '\0';
    ck_assert_str_eq(line, "HTTP/1.1 100 Continue\r\n\r\n");
    send_text(fd, "hi");
    ck_assert(answer_read(fd, false, &answer));
    ck_assert_str_eq(answer.body, "PUT /a h\nhi");
    ck_assert_uint_eq(answer.interim, 0);
    answer_free(&answer);
    ask(fd, GET("/a"), 200, "GET /a h\n");
    stop();
}
END_TEST

/* Its head is no answer to whether the body is wanted. */
START_TEST(test_100_comes_before_a_reply_that_goes_on)
{
    struct answer answer;
    char line[64];

    begin();
    send_text(fd, HEAD("PUT", "/back") "Content-Length: 2\r\n"
                                       "Expect: 100-continue\r\n\r\n");
    recv(fd, line, 25, MSG_WAITALL);
    line[25] = '\0';
    ck_assert_str_eq(line, "HTTP/1.1 100 Continue\r\n\r\n");
    send_text(fd, "hi");
    ck_assert(answer_read(fd, false, &answer));
    ck_assert_str_eq(answer.body, "hi");
    answer_free(&answer);
    ask(fd, GET("/a"), 200, "GET /a h\n");
    stop();
}
END_TEST

START_TEST(test_without_100_nothing_is_waited_for)
{
    struct answer answer;

    begin();
    send_text(fd, HEAD("PUT", "/ignore") "Content-Length: 2\r\n"
                                         "Expect: 100-continue\r\n\r\n");
    ck_assert(answer_read(fd, false, &answer));
    ck_assert_uint_eq(answer.interim, 0);
    ck_assert_str_eq(answer_header(&answer, "Connection"), "close");
    answer_free(&answer);
    shutdown(fd, SHUT_WR);
    ck_assert(!expect_end(fd));
    stop();
}
END_TEST

START_TEST(test_a_body_that_nobody_reads_is_discarded)
{
    char *body = calloc(1, 65536);

    begin();
    send_text(fd, HEAD("PUT", "/ignore") "Content-Length: 65536\r\n\r\n");
    send_bytes(fd, body, 65536);
    answers(fd, 200, "ignored\n");
    send_text(fd, HEAD("PUT", "/ignore") "Transfer-Encoding: chunked\r\n\r\n"
                                         "2\r\nhi\r\n0\r\n\r\n");
    answers(fd, 200, "ignored\n");
    ask(fd, GET("/a"), 200, "GET /a h\n");
    free(body);
    stop();
}
END_TEST

START_TEST(test_a_longer_body_ends_the_connection)
{
    struct answer answer;

    begin();
    send_text(fd, HEAD("PUT", "/ignore") "Content-Length: 65537\r\n\r\n");
    ck_assert(answer_read(fd, false, &answer));
    ck_assert_str_eq(answer_header(&answer, "Connection"), "close");
    answer_free(&answer);
    shutdown(fd, SHUT_WR);
    ck_assert(!expect_end(fd));
    stop();
}
END_TEST

START_TEST(test_a_body_is_streamed)
{
    char *body = calloc(1, 1000000);

    begin();
    send_text(fd, HEAD("PUT", "/count") "Content-Length: 1000000\r\n\r\n");
    send_bytes(fd, body, 1000000);
    answers(fd, 200, "1000000\n");
    send_text(fd, HEAD("PUT", "/count") "Transfer-Encoding: chunked\r\n\r\n"
                                        "7a120\r\n");
    send_bytes(fd, body, 500000);
    send_text(fd, "\r\n1\r\n!\r\n0\r\n\r\n");
    answers(fd, 200, "500001\n");
    free(body);
    stop();
}
END_TEST

START_TEST(test_a_body_over_max_body_is_refused)
{
    begin();
    ask(fd, HEAD("PUT", "/a") "Content-Length: 99999999\r\n\r\n", 413, NULL);
    shutdown(fd, SHUT_WR);
    ck_assert(!expect_end(fd));
    stop();
}
END_TEST

START_TEST(test_a_body_that_comes_too_slowly_is_refused)
{
    g = http_begin("header_timeout = 50ms\nbody_rate = 1M\n");
    fd = connect_to(g, 0);
    send_text(fd, HEAD("PUT", "/a") "Content-Length: 9\r\n\r\nhalf");
    answers(fd, 408, NULL);
    shutdown(fd, SHUT_WR);
    ck_assert(!expect_end(fd));
    stop();
}
END_TEST

/* The client is not too slow, but the time of the handler is over. */
START_TEST(test_request_timeout_in_a_body_is_504)
{
    g = http_begin("route = /slow -> slow\n[plugin slow]\nmodule = mirror\n"
                   "request_timeout = 50ms\n");
    fd = connect_to(g, 0);
    send_text(fd, HEAD("PUT", "/slow") "Content-Length: 8\r\n\r\nhalf");
    answers(fd, 504, NULL);
    send_text(fd, "full" GET("/a"));
    answers(fd, 200, "GET /a h\n");
    stop();
}
END_TEST

/* Nobody is told what the handler has returned, and it has not failed. */
START_TEST(test_a_client_that_resets_its_body_is_no_failure)
{
    begin();
    send_text(fd, HEAD("PUT", "/a") "Content-Length: 9\r\n\r\nhalf");
    reset(fd);
    fd = connect_to(g, 0);
    ask(fd, GET("/a"), 200, NULL);
    stop();
    ck_assert_uint_eq(gruvid_said(g, "failed: "), 0);
}
END_TEST

START_TEST(test_a_cut_body_is_an_error_of_the_client)
{
    begin();
    send_text(fd, HEAD("PUT", "/a") "Content-Length: 9\r\n\r\nhalf");
    shutdown(fd, SHUT_WR);
    answers(fd, 400, NULL);
    ck_assert(!expect_end(fd));
    stop();
}
END_TEST

/* --- headers -------------------------------------------------------------- */

START_TEST(test_headers_come_as_they_were_sent)
{
    struct answer answer;

    begin();
    send_text(fd, HEAD("GET", "/headers") "X-One: 1\r\nx-two:  2 \r\n"
                                          "Gruvid-User: root\r\n"
                                          "nats-reply: x\r\n\r\n");
    ck_assert(answer_read(fd, false, &answer));
    ck_assert_str_eq(answer.body, "Host=h\nX-One=1\nx-two=2\n");
    ck_assert_str_eq(answer_header(&answer, "X-Scheme"), "http");
    ck_assert_ptr_nonnull(
        strstr(answer_header(&answer, "X-Peer"), "tcp://127.0.0.1:"));
    answer_free(&answer);
    stop();
}
END_TEST

/* --- options, and other protocols ----------------------------------------- */

START_TEST(test_a_reload_takes_new_options)
{
    const char *config = "[plugin http]\nlisten = tcp://127.0.0.1:0\n"
                         "route = /{path...} -> mirror\n"
                         "access_log = combined\n[plugin mirror]\n";

    begin();
    ask(fd, GET("/a"), 200, NULL);
    gruvid_configure(g, config);
    gruvid_signal(g, SIGHUP);
    gruvid_says(g, "reload 1 is done");
    ask(fd, GET("/b"), 200, NULL);
    gruvid_says(g, "\"GET /b HTTP/1.1\" 200 9 \"-\" \"-\"");
    ck_assert_uint_eq(gruvid_said(g, "GET /a"), 0);
    stop();
}
END_TEST

/* The plugin is told of its options; the routes are gruvid's to change. */
START_TEST(test_a_reload_takes_options_and_routes_at_once)
{
    const char *config = "[plugin http]\nlisten = tcp://127.0.0.1:0\n"
                         "route = /b -> mirror\n"
                         "access_log = combined\n[plugin mirror]\n";

    begin();
    ask(fd, GET("/a"), 200, NULL);
    gruvid_configure(g, config);
    gruvid_signal(g, SIGHUP);
    gruvid_says(g, "reload 1 is done");
    ask(fd, GET("/a"), 404, NULL);
    ask(fd, GET("/b"), 200, NULL);
    stop();
}
END_TEST

START_TEST(test_another_protocol_gets_the_stream)
{
    struct answer answer;

    begin();
    send_text(fd, HEAD("GET", "/shout") "Connection: Upgrade\r\n"
                                        "Upgrade: shout\r\n\r\n");
    ck_assert(answer_read(fd, false, &answer));
    ck_assert_int_eq(answer.status, 101);
    ck_assert_str_eq(answer_header(&answer, "Upgrade"), "shout");
    answer_free(&answer);
    send_text(fd, "hello");
    expect_text(fd, "hello");
    shutdown(fd, SHUT_WR);
    ck_assert(!expect_end(fd));
    stop();
}
END_TEST

#define SHOUT(method, more)                                                    \
    HEAD(method, "/shout")                                                     \
    "Connection: Upgrade\r\nUpgrade: shout\r\n" more "\r\n"

/* A client need not wait for the 101. */
START_TEST(test_bytes_behind_an_upgrade_are_of_the_other_protocol)
{
    struct answer answer;

    begin();
    send_text(fd, SHOUT("GET", "") GET("/a"));
    ck_assert(answer_read(fd, false, &answer));
    ck_assert_int_eq(answer.status, 101);
    answer_free(&answer);
    expect_text(fd, GET("/a"));
    send_text(fd, "late");
    expect_text(fd, "late");
    shutdown(fd, SHUT_WR);
    ck_assert(!expect_end(fd));
    stop();
}
END_TEST

/* Its body would be taken for the other protocol. */
START_TEST(test_an_upgrade_without_its_body_is_refused)
{
    begin();
    ask(fd, SHOUT("POST", "Content-Length: 4\r\n") "body", 500, NULL);
    ask(fd, GET("/a"), 200, "GET /a h\n");
    stop();
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("http_exchange");
    TCase *tc = gruvid_case(suite, "exchange");

    tcase_add_test(tc, test_a_reply_has_its_length_and_date);
    tcase_add_test(tc, test_a_stream_is_chunked);
    tcase_add_test(tc, test_a_stream_to_a_1_0_client_ends_with_the_connection);
    tcase_add_test(tc, test_a_large_reply_comes_whole);
    tcase_add_test(tc, test_a_reply_may_be_longer_than_4_gib);
    tcase_add_test(tc, test_a_reply_does_not_wait_for_its_handler);
    tcase_add_test(tc, test_head_gets_the_length_and_no_body);
    tcase_add_test(tc, test_204_has_no_length);
    tcase_add_test(tc, test_a_reply_that_breaks_never_looks_whole);
    tcase_add_test(tc, test_a_1_0_reply_that_breaks_ends_with_a_reset);
    tcase_add_test(tc, test_events_have_comments_between_them);
    tcase_add_test(tc, test_100_comes_when_the_handler_reads);
    tcase_add_test(tc, test_100_comes_before_a_reply_that_goes_on);
    tcase_add_test(tc, test_without_100_nothing_is_waited_for);
    tcase_add_test(tc, test_a_body_that_nobody_reads_is_discarded);
    tcase_add_test(tc, test_a_longer_body_ends_the_connection);
    tcase_add_test(tc, test_a_body_is_streamed);
    tcase_add_test(tc, test_a_body_over_max_body_is_refused);
    tcase_add_test(tc, test_a_body_that_comes_too_slowly_is_refused);
    tcase_add_test(tc, test_request_timeout_in_a_body_is_504);
    tcase_add_test(tc, test_a_client_that_resets_its_body_is_no_failure);
    tcase_add_test(tc, test_a_cut_body_is_an_error_of_the_client);
    tcase_add_test(tc, test_headers_come_as_they_were_sent);
    tcase_add_test(tc, test_a_reload_takes_new_options);
    tcase_add_test(tc, test_a_reload_takes_options_and_routes_at_once);
    tcase_add_test(tc, test_another_protocol_gets_the_stream);
    tcase_add_test(tc, test_bytes_behind_an_upgrade_are_of_the_other_protocol);
    tcase_add_test(tc, test_an_upgrade_without_its_body_is_refused);
    return run_suite(suite);
}
