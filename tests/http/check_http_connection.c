/* SPDX-License-Identifier: MIT */
/* Connections of plugins/http: how long they last, and how they end. */
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "http/client.h"

#define GET(target) "GET " target " HTTP/1.1\r\nHost: h\r\n\r\n"

static void
stops(struct gruvid *g)
{
    ck_assert_int_eq(gruvid_stop(g, SIGTERM), 0);
    ck_assert_uint_eq(gruvid_said(g, " error "), 0);
}

/* --- going on ------------------------------------------------------------- */

START_TEST(test_a_connection_serves_many_requests)
{
    struct gruvid *g = http_begin("");
    int fd = connect_to(g, 0);

    for (int i = 0; i < 5; i++)
        ask(fd, GET("/a"), 200, "GET /a h\n");
    close(fd);
    stops(g);
}
END_TEST

/* A connection that waits for its next request has no fiber. */
START_TEST(test_a_connection_is_parked_between_requests)
{
    struct gruvid *g = http_begin("");
    int fd = connect_to(g, 0), fresh = connect_to(g, 0);

    ask(fd, GET("/a"), 200, NULL);
    gruvid_signal(g, SIGUSR2);
    gruvid_says(g, " fibers\n");
    ck_assert_uint_eq(gruvid_said(g, "waits for read"), 0);
    ask(fd, GET("/b"), 200, "GET /b h\n");
    ask(fresh, GET("/c"), 200, "GET /c h\n");
    close(fd);
    close(fresh);
    stops(g);
}
END_TEST

START_TEST(test_replies_to_requests_of_one_piece_come_in_order)
{
    struct gruvid *g = http_begin("");
    int fd = connect_to(g, 0);
    char text[64];

    for (int i = 0; i < 50; i++) {
        snprintf(text, sizeof text, "GET /%d HTTP/1.1\r\nHost: h\r\n\r\n", i);
        send_text(fd, text);
    }
    for (int i = 0; i < 50; i++) {
        snprintf(text, sizeof text, "GET /%d h\n", i);
        answers(fd, 200, text);
    }
    close(fd);
    stops(g);
}
END_TEST

/* Requests that come together are answered by one piece. */
START_TEST(test_replies_to_requests_of_one_piece_come_together)
{
    struct gruvid *g = http_begin("");
    int fd = connect_to(g, 0);
    char buf[8192];
    ssize_t n;
    int found = 0;

    send_text(fd, GET("/1") GET("/2") GET("/3"));
    n = recv(fd, buf, sizeof buf - 1, 0);
    ck_assert_int_gt(n, 0);
    buf[n] = '\0';
    for (char *at = buf; (at = strstr(at, "HTTP/1.1 200")) != NULL; at++)
        found++;
    ck_assert_int_eq(found, 3);
    close(fd);
    stops(g);
}
END_TEST

/* The second handler does not end. */
START_TEST(test_a_reply_does_not_wait_for_the_next_handler)
{
    struct gruvid *g = http_begin("");
    int fd = connect_to(g, 0);

    send_text(fd, GET("/a") GET("/b") GET("/wait"));
    answers(fd, 200, "GET /a h\n");
    answers(fd, 200, "GET /b h\n");
    reset(fd);
    gruvid_says(g, "mirror was woken: ECANCELED");
    stops(g);
}
END_TEST

START_TEST(test_a_1_0_client_may_ask_to_go_on)
{
    struct gruvid *g = http_begin("");
    int fd = connect_to(g, 0);
    struct answer answer;

    send_text(fd, "GET /a HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
    ck_assert(answer_read(fd, false, &answer));
    ck_assert_str_eq(answer_header(&answer, "Connection"), "keep-alive");
    answer_free(&answer);
    ask(fd, "GET /b HTTP/1.0\r\n\r\n", 200, "GET /b \n");
    ends_in_order(fd);
    stops(g);
}
END_TEST

START_TEST(test_the_last_of_max_requests_says_so)
{
    struct gruvid *g = http_begin("max_requests = 2\n");
    int fd = connect_to(g, 0);
    struct answer answer;

    send_text(fd, GET("/1") GET("/2") GET("/3"));
    ck_assert(answer_read(fd, false, &answer));
    ck_assert_ptr_null(answer_header(&answer, "Connection"));
    answer_free(&answer);
    ck_assert(answer_read(fd, false, &answer));
    ck_assert_str_eq(answer_header(&answer, "Connection"), "close");
    answer_free(&answer);
    ck_assert(!answer_read(fd, false, &answer));
    close(fd);
    stops(g);
}
END_TEST

/* --- silence -------------------------------------------------------------- */

START_TEST(test_an_idle_connection_is_closed)
{
    struct gruvid *g = http_begin("keepalive_timeout = 10ms\n");
    int fd = connect_to(g, 0);

    ask(fd, GET("/a"), 200, NULL);
    ends_in_order(fd);
    stops(g);
}
END_TEST

START_TEST(test_a_connection_without_a_request_is_closed)
{
    struct gruvid *g = http_begin("header_timeout = 10ms\n");
    int fd = connect_to(g, 0);

    ends_in_order(fd);
    stops(g);
}
END_TEST

START_TEST(test_half_a_head_is_answered_with_408)
{
    struct gruvid *g = http_begin("header_timeout = 50ms\n");
    int fd = connect_to(g, 0);

    send_text(fd, "GET / HTTP/1.1\r\nHos");
    answers(fd, 408, NULL);
    ends_in_order(fd);
    stops(g);
}
END_TEST

/* The client reads nothing of 50 MB. */
START_TEST(test_a_client_that_does_not_read_is_left)
{
    struct gruvid *g = http_begin("write_timeout = 100ms\n");
    int fd = connect_to(g, 0);

    send_text(fd, GET("/stream?n=800&size=65536"));
    gruvid_says(g, "mirror cannot write: EPIPE");
    expect_end(fd);
    close(fd);
    ck_assert_int_eq(gruvid_stop(g, SIGTERM), 0);
}
END_TEST

/* --- the end -------------------------------------------------------------- */

/* 4 MB that the server does not read are on their way when it refuses. */
START_TEST(test_a_refusal_can_be_read_while_the_client_sends)
{
    struct gruvid *g = http_begin("");
    int fd = connect_to(g, 0);
    char *data = calloc(1, 900000);

    send_text(fd, "PUT / HTTP/1.1\r\nHost: h\r\nContent-Length: x\r\n\r\n");
    send_bytes(fd, data, 900000);
    answers(fd, 400, NULL);
    ends_in_order(fd);
    free(data);
    stops(g);
}
END_TEST

/* A reset would take the reply from a client that is far away. */
START_TEST(test_requests_behind_the_last_do_not_reset_the_connection)
{
    struct gruvid *g = http_begin("max_requests = 1\n");
    static const char more[] = GET("/a");
    char requests[3000 * (sizeof more - 1)];
    int fd = connect_to(g, 0);

    for (size_t i = 0; i < sizeof requests; i++)
        requests[i] = more[i % (sizeof more - 1)];
    send_bytes(fd, requests, sizeof requests);
    answers(fd, 200, "GET /a h\n");
    ends_in_order(fd);
    stops(g);
}
END_TEST

START_TEST(test_a_client_that_goes_cancels_its_handler)
{
    struct gruvid *g = http_begin("");
    int fd = connect_to(g, 0);

    send_text(fd, GET("/wait"));
    gruvid_says(g, "mirror waits");
    reset(fd);
    gruvid_says(g, "mirror was woken: ECANCELED");
    stops(g);
}
END_TEST

/* It may still read: printf 'GET ...' | nc. */
START_TEST(test_a_client_that_only_ends_its_side_is_answered)
{
    struct gruvid *g = http_begin("");
    int fd = connect_to(g, 0);

    send_text(fd, GET("/stream?n=3&size=2"));
    shutdown(fd, SHUT_WR);
    answers(fd, 200, "ssssss");
    ends_in_order(fd);
    stops(g);
}
END_TEST

START_TEST(test_a_drain_ends_connections_with_their_reply)
{
    struct gruvid *g = http_begin("");
    int busy = connect_to(g, 0), idle = connect_to(g, 0);
    struct answer answer;

    ask(idle, GET("/a"), 200, NULL);
    send_text(busy, GET("/drain"));
    gruvid_says(g, "mirror waits");
    gruvid_signal(g, SIGTERM);
    ends_in_order(idle);
    ck_assert(answer_read(busy, false, &answer));
    ck_assert_str_eq(answer.body, "drained\n");
    ck_assert_str_eq(answer_header(&answer, "Connection"), "close");
    answer_free(&answer);
    ends_in_order(busy);
    ck_assert_int_eq(gruvid_wait(g), 0);
    ck_assert_uint_eq(gruvid_said(g, " error "), 0);
}
END_TEST

/* A client comes back by itself, and does not take it for a failure. */
/* The drain waits for nobody who would go on for ever, with comments or
 * without. */
START_TEST(test_a_drain_ends_events_in_order)
{
    struct gruvid *g = http_begin(_i == 0 ? "event_comment = 0s\n"
                                          : "event_comment = 1000s\n");
    int fd = connect_to(g, 0);
    struct answer answer;

    send_text(fd, GET("/subscribe"));
    gruvid_says(g, "mirror waits");
    gruvid_signal(g, SIGTERM);
    ck_assert(answer_read(fd, false, &answer));
    ck_assert_str_eq(answer.body, "data: first\n\n");
    answer_free(&answer);
    ends_in_order(fd);
    ck_assert_int_eq(gruvid_wait(g), 0);
    ck_assert_uint_eq(gruvid_said(g, " error "), 0);
}
END_TEST

START_TEST(test_a_cut_ends_events_in_order)
{
    struct gruvid *g = http_begin_with("", "drain_timeout = 0s\n");
    int fd = connect_to(g, 0);
    struct answer answer;

    send_text(fd, GET("/subscribe"));
    gruvid_says(g, "mirror waits");
    gruvid_signal(g, SIGTERM);
    ck_assert(answer_read(fd, false, &answer));
    ck_assert_str_eq(answer.body, "data: first\n\n");
    answer_free(&answer);
    ends_in_order(fd);
    ck_assert_int_eq(gruvid_wait(g), 0);
}
END_TEST

/* The server waits for the rest of a body that nobody reads. */
START_TEST(test_a_cut_does_not_wait_for_a_body)
{
    struct gruvid *g =
        http_begin_with("", "drain_timeout = 0s\ncancel_timeout = 1s\n");
    int fd = connect_to(g, 0);

    ask(fd, "PUT /ignore HTTP/1.1\r\nHost: h\r\nContent-Length: 9\r\n\r\n", 200,
        "ignored\n");
    stops(g);
    ck_assert_uint_eq(gruvid_said(g, "not ended"), 0);
    close(fd);
}
END_TEST

/* Lines of the log that are not equal. */
static void
ask_large(int fd, unsigned n)
{
    char text[100];

    while (n-- > 0) {
        snprintf(text, sizeof text,
                 "GET /large?size=20000&%u HTTP/1.1\r\nHost: h\r\n\r\n", n);
        send_text(fd, text);
    }
}

/* How many large replies the socket takes of a client that does not read. */
static unsigned
replies_in_a_socket(struct gruvid *g, const char *path)
{
    int fd = connect_unix(path);
    unsigned shown = 0;

    ask_large(fd, 100);
    while (gruvid_said(g, "waits for write") == 0) {
        gruvid_signal(g, SIGUSR2);
        gruvid_says_times(g, " fibers\n", ++shown);
    }
    close(fd);
    return gruvid_said(g, "\"GET /large");
}

/* The socket is full, and replies wait for a handler that is cut.  A Unix
 * socket takes a write as a whole or not at all.  The plugin of the handler
 * stops last: nothing else is cancelled in the fiber. */
START_TEST(test_a_cut_does_not_wait_for_a_client_that_reads_nothing)
{
    struct gruvid *g = http_begin_with("access_log = combined\n"
                                       "listen = unix:@DIR@/http\n"
                                       "route = /wait -> first\n",
                                       "drain_timeout = 0s\n"
                                       "cancel_timeout = 1s\n"
                                       "[plugin first]\nmodule = mirror\n");
    const char *path = gruvid_path(g, "http");
    unsigned n = replies_in_a_socket(g, path);
    int fd = connect_unix(path);

    ask_large(fd, n);
    send_text(fd, GET("/a") GET("/wait"));
    gruvid_says(g, "mirror waits");
    stops(g);
    ck_assert_uint_eq(gruvid_said(g, "not ended"), 0);
    close(fd);
}
END_TEST

START_TEST(test_connections_are_served_in_several_hubs)
{
    struct gruvid *g = http_begin_with("", "hubs = 2\n");

    for (int i = 0; i < 20; i++) {
        int fd = connect_to(g, 0);
        ask(fd, GET("/a"), 200, "GET /a h\n");
        close(fd);
    }
    stops(g);
}
END_TEST

/* A socket of the test's own that listens. */
static int
listen_somewhere(struct sockaddr_in *at)
{
    socklen_t size = sizeof *at;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    *at = (struct sockaddr_in){.sin_family = AF_INET,
                               .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    ck_assert_int_eq(bind(fd, (struct sockaddr *)at, size), 0);
    ck_assert_int_eq(listen(fd, 64), 0);
    ck_assert_int_eq(getsockname(fd, (struct sockaddr *)at, &size), 0);
    return fd;
}

#define QUEUED 8

/* Whoever has connected before gruvid was there, as behind a socket of a
 * service manager: no request comes before its handler.  The section of the
 * handler is behind that of http. */
START_TEST(test_who_waits_for_the_start_is_served)
{
    char option[4200];
    const char *args[] = {"-o", option, NULL};
    struct sockaddr_in at;
    int listener = listen_somewhere(&at), fds[QUEUED];
    struct gruvid_options options = {.args = args, .inherit = listener};
    struct gruvid *g;

    snprintf(option, sizeof option, "gruvid.plugin_dir=%s", http_plugin_dir());
    for (int i = 0; i < QUEUED; i++) {
        fds[i] = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        ck_assert_int_eq(connect(fds[i], (struct sockaddr *)&at, sizeof at), 0);
        send_text(fds[i], GET("/a"));
    }
    g = gruvid_ready("[gruvid]\nhubs = 2\ndrain_timeout = 1000s\n"
                     "[plugin http]\nlisten = fd:3\n"
                     "route = /{path...} -> mirror\n"
                     "[plugin mirror]\n",
                     &options);
    close(listener);
    for (int i = 0; i < QUEUED; i++) {
        answers(fds[i], 200, "GET /a h\n");
        close(fds[i]);
    }
    stops(g);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("http_connection");
    TCase *tc = gruvid_case(suite, "going on");

    tcase_add_test(tc, test_a_connection_serves_many_requests);
    tcase_add_test(tc, test_a_connection_is_parked_between_requests);
    tcase_add_test(tc, test_replies_to_requests_of_one_piece_come_in_order);
    tcase_add_test(tc, test_replies_to_requests_of_one_piece_come_together);
    tcase_add_test(tc, test_a_reply_does_not_wait_for_the_next_handler);
    tcase_add_test(tc, test_a_1_0_client_may_ask_to_go_on);
    tcase_add_test(tc, test_the_last_of_max_requests_says_so);
    tcase_add_test(tc, test_an_idle_connection_is_closed);
    tcase_add_test(tc, test_a_connection_without_a_request_is_closed);
    tcase_add_test(tc, test_half_a_head_is_answered_with_408);
    tcase_add_test(tc, test_a_client_that_does_not_read_is_left);
    tcase_add_test(tc, test_a_refusal_can_be_read_while_the_client_sends);
    tcase_add_test(tc,
                   test_requests_behind_the_last_do_not_reset_the_connection);
    tcase_add_test(tc, test_a_client_that_goes_cancels_its_handler);
    tcase_add_test(tc, test_a_client_that_only_ends_its_side_is_answered);
    tcase_add_test(tc, test_a_drain_ends_connections_with_their_reply);
    tcase_add_loop_test(tc, test_a_drain_ends_events_in_order, 0, 2);
    tcase_add_test(tc, test_a_cut_ends_events_in_order);
    tcase_add_test(tc, test_a_cut_does_not_wait_for_a_body);
    tcase_add_test(tc,
                   test_a_cut_does_not_wait_for_a_client_that_reads_nothing);
    tcase_add_test(tc, test_connections_are_served_in_several_hubs);
    tcase_add_test(tc, test_who_waits_for_the_start_is_served);
    return run_suite(suite);
}
