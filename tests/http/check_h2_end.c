/* SPDX-License-Identifier: MIT */
/* How connections of HTTP/2 end: by time, by a drain, by a cut. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "http/h2_client.h"
#include "unit/certificates.h"

#define ANY_STREAM 0x7fffffffu

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

/* --- time ----------------------------------------------------------------- */

START_TEST(test_an_idle_connection_is_left)
{
    begin("keepalive_timeout = 10ms\n");
    h2_ask(h2, "/a", 200, NULL);
    h2_goes_away(h2, H2_NO_ERROR);
    ck_assert_uint_eq(h2->last_stream, 1);
    stop();
}
END_TEST

START_TEST(test_a_connection_without_a_request_is_left)
{
    begin("header_timeout = 10ms\n");
    h2_goes_away(h2, H2_NO_ERROR);
    stop();
}
END_TEST

START_TEST(test_a_client_without_a_preface_is_left)
{
    g = http_begin("header_timeout = 50ms\n");
    h2 = h2_begin(connect_to(g, 0), false);
    h2_wire_send(&h2->wire, H2_PREFACE, 10);
    while (recv(h2->wire.fd, &(char){0}, 1, 0) > 0)
        continue;
    stop();
}
END_TEST

/* HEADERS without the end of their block. */
START_TEST(test_half_a_header_block_is_not_waited_for)
{
    struct bytes block = {NULL, 0};

    begin("header_timeout = 50ms\n");
    h2_add_request(&block, "GET", "/a");
    h2_send(h2, H2_HEADERS, H2_END_STREAM, 1, block.data, block.size);
    free(block.data);
    while (h2_step(h2))
        ;
    stop();
}
END_TEST

START_TEST(test_a_body_that_comes_too_slowly_is_refused)
{
    uint32_t stream;

    begin("header_timeout = 50ms\nbody_rate = 1M\n");
    stream = h2_request(h2, 0, "PUT", "/a", "");
    h2_send(h2, H2_DATA, 0, stream, "half", 4);
    h2_answers(h2, stream, 408, NULL);
    stop();
}
END_TEST

/* The client gives no window for 6 MB. */
START_TEST(test_a_stream_without_a_window_is_left)
{
    begin("write_timeout = 100ms\n");
    h2->holds = true;
    h2_get(h2, "/stream?n=100&size=65536");
    gruvid_says(g, "mirror cannot write: ");
    stop();
}
END_TEST

/* The client reads nothing of the socket. */
START_TEST(test_a_client_that_does_not_read_is_left)
{
    begin("write_timeout = 100ms\n");
    h2_set(h2, NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, 0x7fffffff);
    h2_send_number(h2, H2_WINDOW_UPDATE, 0, 0x7fff0000);
    h2_get(h2, "/stream?n=1000&size=65536");
    gruvid_says(g, "mirror cannot write: ");
    stop();
}
END_TEST

/* How many fibers wait for the socket to take more, the n-th time that this is
 * asked. */
static unsigned
fibers_that_write(unsigned n)
{
    unsigned before = gruvid_said(g, "waits for write");

    gruvid_signal(g, SIGUSR2);
    gruvid_says_times(g, " fibers\n", n);
    return gruvid_said(g, "waits for write") - before;
}

/* It reads nothing, and ends its side. */
START_TEST(test_a_client_that_ends_is_not_written_to)
{
    unsigned n = 1;

    begin("write_timeout = 0s\n");
    h2_set(h2, NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, 0x7fffffff);
    h2_send_number(h2, H2_WINDOW_UPDATE, 0, 0x7fff0000);
    h2_get(h2, "/stream?n=1000&size=65536");
    while (fibers_that_write(n++) == 0)
        usleep(10000);
    shutdown(h2->wire.fd, SHUT_WR);
    gruvid_says(g, "mirror cannot write: ");
    while (fibers_that_write(n++) > 0)
        usleep(10000);
    stop();
}
END_TEST

/* An event that follows a part of a comment would be part of that. */
START_TEST(test_nothing_follows_half_a_comment)
{
    struct h2_answer *answer;

    begin("write_timeout = 50ms\nevent_comment = 10ms\n");
    h2->holds = true;
    h2_set(h2, NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, 14);
    answer = h2_answer_of(h2, h2_request(h2, 0, "PUT", "/late", ""));
    h2_await_body(h2, answer->stream, 14);
    usleep(500000); /* with less the comment is whole, and so is the event */
    h2_send_number(h2, H2_WINDOW_UPDATE, answer->stream, 100000);
    h2_send(h2, H2_DATA, H2_END_STREAM, answer->stream, "", 0);
    ck_assert(h2_finish(h2, answer->stream));
    ck_assert_ptr_null(strstr(answer->body.data, ":data"));
    h2_ask(h2, "/a", 200, NULL);
    stop();
}
END_TEST

/* The handler says nothing for long, and would not see it. */
START_TEST(test_a_client_that_takes_no_comment_is_left)
{
    struct h2_answer *answer;

    begin("write_timeout = 50ms\nevent_comment = 10ms\n");
    h2->holds = true;
    h2_set(h2, NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, 13);
    answer = h2_answer_of(h2, h2_get(h2, "/subscribe"));
    ck_assert(h2_finish(h2, answer->stream));
    ck_assert(answer->was_reset);
    ck_assert_str_eq(answer->body.data, "data: first\n\n");
    h2_ask(h2, "/a", 200, NULL);
    stop();
}
END_TEST

START_TEST(test_request_timeout_is_504)
{
    begin("route = /wait -> slow\n[plugin slow]\nmodule = mirror\n"
          "request_timeout = 50ms\n");
    h2_ask(h2, "/wait", 504, NULL);
    h2_ask(h2, "/a", 200, NULL);
    h2_close(h2);
    ck_assert_int_eq(gruvid_stop(g, SIGTERM), 0);
}
END_TEST

START_TEST(test_the_last_of_max_requests_is_told)
{
    begin("max_requests = 2\n");
    h2_ask(h2, "/a", 200, NULL);
    h2_ask(h2, "/a", 200, NULL);
    h2_goes_away(h2, H2_NO_ERROR);
    ck_assert_uint_eq(h2->last_stream, 3);
    stop();
}
END_TEST

/* --- a drain -------------------------------------------------------------- */

/* Stop by the drain that runs. */
static void
drains(void)
{
    h2_close(h2);
    ck_assert_int_eq(gruvid_wait(g), 0);
    ck_assert_uint_eq(gruvid_said(g, " error "), 0);
}

static void
await_goaways(unsigned n)
{
    while (h2->goaways < n)
        ck_assert(h2_step(h2));
}

START_TEST(test_a_drain_ends_an_idle_connection)
{
    begin("");
    h2_ask(h2, "/a", 200, NULL);
    gruvid_signal(g, SIGTERM);
    h2_goes_away(h2, H2_NO_ERROR);
    ck_assert_uint_eq(h2->last_stream, 1);
    drains();
}
END_TEST

/* GOAWAY with 2^31-1, PING, its ACK, GOAWAY with the last stream. */
START_TEST(test_a_drain_finishes_what_was_begun)
{
    uint32_t stream;

    begin("");
    stream = h2_get(h2, "/drain");
    gruvid_says(g, "mirror waits");
    gruvid_signal(g, SIGTERM);
    h2_answers(h2, stream, 200, "drained\n");
    h2_goes_away(h2, H2_NO_ERROR);
    ck_assert_uint_eq(h2->first_last_stream, ANY_STREAM);
    ck_assert_uint_eq(h2->last_stream, stream);
    ck_assert_uint_eq(h2->pings, 1);
    drains();
}
END_TEST

/* What the client has begun before it knew is served. */
START_TEST(test_a_stream_that_crosses_the_first_goaway_is_served)
{
    uint32_t early, late;

    begin("");
    h2->silent = true;
    early = h2_get(h2, "/drain");
    gruvid_says(g, "mirror waits");
    gruvid_signal(g, SIGTERM);
    await_goaways(1);
    ck_assert_uint_eq(h2->last_stream, ANY_STREAM);
    late = h2_get(h2, "/a");
    h2_answers(h2, late, 200, "GET /a h\n");
    h2_answers(h2, early, 200, "drained\n");
    h2_goes_away(h2, H2_NO_ERROR);
    ck_assert_uint_eq(h2->last_stream, late);
    drains();
}
END_TEST

/* Its second GOAWAY comes all the same. */
START_TEST(test_a_client_without_an_answer_to_ping_is_not_waited_for)
{
    begin("");
    h2->silent = true;
    h2_ask(h2, "/a", 200, NULL);
    gruvid_signal(g, SIGTERM);
    h2_goes_away(h2, H2_NO_ERROR);
    ck_assert_uint_eq(h2->goaways, 2);
    drains();
}
END_TEST

/* A body that still comes. */
START_TEST(test_a_drain_lets_a_body_come)
{
    uint32_t stream;

    begin("");
    stream = h2_request(h2, 0, "PUT", "/a", "");
    h2_send(h2, H2_DATA, 0, stream, "half", 4);
    h2_round_trip(h2);
    gruvid_signal(g, SIGTERM);
    await_goaways(2);
    h2_send(h2, H2_DATA, H2_END_STREAM, stream, "half", 4);
    h2_answers(h2, stream, 200, "PUT /a h\nhalfhalf");
    h2_goes_away(h2, H2_NO_ERROR);
    drains();
}
END_TEST

static void
await_parked(const char *plugin, double n)
{
    char sample[100];

    snprintf(sample, sizeof sample,
             "gruvid_plugin_parked_connections{plugin=\"%s\"}", plugin);
    while (http_metric(g, sample) < n)
        continue;
}

/* In whichever order hubs and fibers are told. */
START_TEST(test_a_drain_tells_parked_connections_in_all_hubs)
{
    enum { CLIENTS = 12 };
    struct h2 *clients[CLIENTS];

    g = http_begin_with(HTTP_METRICS, "drain_timeout = 1000s\nhubs = 3\n");
    for (int i = 0; i < CLIENTS; i++) {
        clients[i] = h2_connect(g);
        h2_ask(clients[i], "/a", 200, NULL);
    }
    await_parked("http", CLIENTS);
    gruvid_signal(g, SIGTERM);
    for (int i = 0; i < CLIENTS; i++) {
        h2_goes_away(clients[i], H2_NO_ERROR);
        ck_assert_uint_eq(clients[i]->last_stream, 1);
        if (i > 0)
            h2_close(clients[i]);
    }
    h2 = clients[0];
    drains();
}
END_TEST

/* max_fibers leaves none for the drain, so gruvid closes what is parked. */
START_TEST(test_a_parked_connection_is_told_without_a_fiber)
{
    g = http_begin("max_fibers = 2\n" HTTP_METRICS);
    h2 = h2_connect(g);
    h2_round_trip(h2);
    await_parked("http", 1);
    gruvid_signal(g, SIGTERM);
    h2_goes_away(h2, H2_NO_ERROR);
    ck_assert_uint_eq(h2->last_stream, 0);
    drains();
}
END_TEST

#ifdef HAVE_OPENSSL

START_TEST(test_a_parked_connection_of_tls_is_told_without_a_fiber)
{
    char section[1024];

    snprintf(section, sizeof section,
             "route = /metrics -> metrics\n[plugin metrics]\n"
             "[plugin secure]\nmodule = http\nlisten = tls://127.0.0.1:0\n"
             "tls_certificate = %s\ntls_key = %s\nmax_fibers = 2\n"
             "route = /{path...} -> mirror\n",
             certificate("good.pem"), certificate("good.key"));
    g = http_begin(section);
    h2 = h2_begin_tls(
        connect_port(atoi(gruvid_says(g, "listening on tls://127.0.0.1:"))),
        true);
    h2_round_trip(h2);
    await_parked("secure", 1);
    gruvid_signal(g, SIGTERM);
    h2_goes_away(h2, H2_NO_ERROR);
    drains();
}
END_TEST

#endif

/* A client comes back by itself, and does not take it for a failure. */
START_TEST(test_a_cut_ends_events_in_order)
{
    struct h2_answer *answer;

    g = http_begin_with("", "drain_timeout = 0s\n");
    h2 = h2_connect(g);
    answer = h2_answer_of(h2, h2_get(h2, "/subscribe"));
    gruvid_says(g, "mirror waits");
    gruvid_signal(g, SIGTERM);
    ck_assert(h2_finish(h2, answer->stream));
    ck_assert(answer->over);
    ck_assert_str_eq(answer->body.data, "data: first\n\n");
    h2_goes_away(h2, H2_NO_ERROR);
    drains();
}
END_TEST

START_TEST(test_a_drain_ends_events_in_order)
{
    struct h2_answer *answer;

    g = http_begin("");
    h2 = h2_connect(g);
    answer = h2_answer_of(h2, h2_get(h2, "/subscribe"));
    gruvid_says(g, "mirror waits");
    gruvid_signal(g, SIGTERM);
    ck_assert(h2_finish(h2, answer->stream));
    ck_assert(answer->over);
    ck_assert_str_eq(answer->body.data, "data: first\n\n");
    h2_goes_away(h2, H2_NO_ERROR);
    drains();
}
END_TEST

/* Before a request, and after one; it is read often, and never silent for long.
 */
START_TEST(test_pings_do_not_hold_a_connection)
{
    g = http_begin(_i == 0 ? "header_timeout = 100ms\n"
                           : "keepalive_timeout = 100ms\n");
    h2 = h2_connect(g);
    if (_i == 1)
        h2_answers(h2, h2_get(h2, "/a"), 200, "GET /a h\n");
    do {
        usleep(200000);
        h2_send(h2, H2_PING, 0, 0, "12345678", 8);
    } while (h2_step(h2));
    ck_assert_uint_gt(h2->goaways, 0);
    ck_assert_uint_eq(h2->code, H2_NO_ERROR);
    stop();
}
END_TEST

START_TEST(test_a_cut_ends_what_does_not_end)
{
    g = http_begin_with("", "drain_timeout = 0s\ncancel_timeout = 5s\n");
    h2 = h2_connect(g);
    h2_get(h2, "/wait");
    h2_request(h2, 0, "PUT", "/count", "");
    gruvid_says(g, "mirror waits");
    gruvid_signal(g, SIGTERM);
    while (h2_step(h2))
        ;
    drains();
    ck_assert_uint_eq(gruvid_said(g, "not ended"), 0);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("h2_end");
    TCase *tc = gruvid_case(suite, "end");

    tcase_add_test(tc, test_an_idle_connection_is_left);
    tcase_add_test(tc, test_a_connection_without_a_request_is_left);
    tcase_add_test(tc, test_a_client_without_a_preface_is_left);
    tcase_add_test(tc, test_half_a_header_block_is_not_waited_for);
    tcase_add_test(tc, test_a_body_that_comes_too_slowly_is_refused);
    tcase_add_test(tc, test_a_stream_without_a_window_is_left);
    tcase_add_test(tc, test_a_client_that_does_not_read_is_left);
    tcase_add_test(tc, test_a_client_that_ends_is_not_written_to);
    tcase_add_test(tc, test_nothing_follows_half_a_comment);
    tcase_add_test(tc, test_a_client_that_takes_no_comment_is_left);
    tcase_add_test(tc, test_request_timeout_is_504);
    tcase_add_test(tc, test_the_last_of_max_requests_is_told);
    tcase_add_test(tc, test_a_drain_ends_an_idle_connection);
    tcase_add_test(tc, test_a_drain_finishes_what_was_begun);
    tcase_add_test(tc, test_a_stream_that_crosses_the_first_goaway_is_served);
    tcase_add_test(tc,
                   test_a_client_without_an_answer_to_ping_is_not_waited_for);
    tcase_add_test(tc, test_a_drain_lets_a_body_come);
    tcase_add_test(tc, test_a_drain_tells_parked_connections_in_all_hubs);
    tcase_add_test(tc, test_a_parked_connection_is_told_without_a_fiber);
#ifdef HAVE_OPENSSL
    tcase_add_test(tc, test_a_parked_connection_of_tls_is_told_without_a_fiber);
#endif
    tcase_add_loop_test(tc, test_pings_do_not_hold_a_connection, 0, 2);
    tcase_add_test(tc, test_a_cut_ends_events_in_order);
    tcase_add_test(tc, test_a_drain_ends_events_in_order);
    tcase_add_test(tc, test_a_cut_ends_what_does_not_end);
    return run_suite(suite);
}
