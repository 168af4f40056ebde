/* SPDX-License-Identifier: MIT */
/*
 * Bodies that are far longer than what gruvid has memory for, and streams of
 * events to many: what waits is the handler or the client, and memory does not
 * grow.
 */
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "http/client.h"

#define MB ((size_t)1 << 20)

/* What is moved, and what gruvid may take more for that. */
#define MUCH   (64 * MB)
#define LITTLE (4 * MB)

static struct gruvid *g;
static size_t memory;

/* Everything was used once. */
static int
begin(void)
{
    int fd;

    g = http_begin("route = /count -> big\n"
                   "[plugin big]\nmodule = mirror\nmax_body = 1G\n");
    fd = connect_to(g, 0);
    ask(fd, "GET /a HTTP/1.1\r\nHost: h\r\n\r\n", 200, NULL);
    memory = gruvid_memory(g);
    return fd;
}

static void
took_at_most(size_t most)
{
    size_t now = gruvid_memory(g);

    printf("%zu KiB of memory, %zu KiB before\n", now / 1024, memory / 1024);
    if (gruvid_memory_counts())
        ck_assert_uint_le(now, memory + most);
}

static void
stops(void)
{
    ck_assert_int_eq(gruvid_stop(g, SIGTERM), 0);
    ck_assert_uint_eq(gruvid_said(g, " error "), 0);
}

/* --- bodies --------------------------------------------------------------- */

static char piece[65536];

/* Pieces as they are, or as chunks. */
static void
send_much(int fd, bool chunked)
{
    char line[16];

    snprintf(line, sizeof line, "%zx\r\n", sizeof piece);
    for (size_t sent = 0; sent < MUCH; sent += sizeof piece) {
        if (chunked)
            send_text(fd, line);
        send_bytes(fd, piece, sizeof piece);
        if (chunked)
            send_text(fd, "\r\n");
    }
    if (chunked)
        send_text(fd, "0\r\n\r\n");
}

START_TEST(test_a_long_body_comes_up)
{
    int fd = begin();
    char text[128];

    if (_i == 0)
        snprintf(text, sizeof text, "Content-Length: %zu", MUCH);
    else
        strcpy(text, "Transfer-Encoding: chunked");
    send_text(fd, "PUT /count HTTP/1.1\r\nHost: h\r\n");
    send_text(fd, text);
    send_text(fd, "\r\n\r\n");
    send_much(fd, _i == 1);
    snprintf(text, sizeof text, "%zu\n", MUCH);
    answers(fd, 200, text);
    took_at_most(LITTLE);
    close(fd);
    stops();
}
END_TEST

static size_t
receive(int fd, size_t most)
{
    ssize_t n = recv(fd, piece, most < sizeof piece ? most : sizeof piece, 0);

    ck_assert_int_ge(n, 0);
    return (size_t)n;
}

/* HTTP/1.0 gets the body alone, up to the end of the connection. */
START_TEST(test_a_long_body_goes_down)
{
    int fd = begin();
    size_t got = 0, n;

    close(fd);
    fd = connect_to(g, 0);
    send_text(fd, "GET /stream?n=1024&size=65536 HTTP/1.0\r\n\r\n");
    while ((n = receive(fd, sizeof piece)) > 0)
        got += n;
    ck_assert_uint_gt(got, 1024 * sizeof piece);
    ck_assert_uint_lt(got, 1024 * sizeof piece + 1000);
    took_at_most(LITTLE);
    close(fd);
    stops();
}
END_TEST

/* Of 64 GB it takes 200 KB, and goes: the handler has waited. */
START_TEST(test_a_slow_reader_makes_the_handler_wait)
{
    int fd = begin();

    send_text(fd, "GET /stream?n=1000000&size=65536 HTTP/1.1\r\n"
                  "Host: h\r\n\r\n");
    for (int i = 0; i < 200; i++)
        ck_assert_uint_gt(receive(fd, 1000), 0);
    took_at_most(LITTLE);
    ck_assert_uint_eq(gruvid_said(g, "mirror cannot write"), 0);
    close(fd);
    gruvid_says(g, "mirror cannot write");
    stops();
}
END_TEST

/* --- events --------------------------------------------------------------- */

#define CLIENTS 200

/* The stack of the handler and that of who writes comments have two pages each
 * at least. */
#define EACH (64 * 1024)

static int
subscribe(const char *path)
{
    int fd = connect_to(g, 0);

    send_text(fd, "GET ");
    send_text(fd, path);
    send_text(fd, " HTTP/1.1\r\nHost: h\r\n\r\n");
    return fd;
}

/* The first event has come; it stays in the socket. */
static void
hears_the_first(int fd)
{
    ssize_t n;

    do {
        n = recv(fd, piece, sizeof piece, MSG_PEEK);
        ck_assert_int_gt(n, 0);
    } while (memmem(piece, (size_t)n, "first\n\n\r\n", 9) == NULL);
}

START_TEST(test_many_listen_to_events_until_the_drain)
{
    int fds[CLIENTS];
    struct answer answer;

    close(begin());
    for (int i = 0; i < CLIENTS; i++)
        fds[i] = subscribe("/subscribe");
    for (int i = 0; i < CLIENTS; i++)
        hears_the_first(fds[i]);
    took_at_most(CLIENTS * EACH);
    gruvid_signal(g, SIGTERM);
    for (int i = 0; i < CLIENTS; i++) {
        ck_assert(answer_read(fds[i], false, &answer));
        ck_assert_str_eq(answer.body, "data: first\n\n");
        answer_free(&answer);
        ends_in_order(fds[i]);
    }
    ck_assert_int_eq(gruvid_wait(g), 0);
}
END_TEST

#define EVENTS 20

/* Switches of an event besides those of who listen: requests, and what gruvid
 * does from time to time. */
#define BESIDES 40

static void
is_told(int fd)
{
    static const char chunk[] = "c\r\ndata: told\n\n\r\n";
    size_t size = sizeof chunk - 1;

    ck_assert_int_eq(recv(fd, piece, size, MSG_WAITALL), (ssize_t)size);
    ck_assert_mem_eq(piece, chunk, size);
}

START_TEST(test_an_event_wakes_each_listener_once)
{
    int fds[CLIENTS], fd;
    double before, more;

    g = http_begin_with(HTTP_METRICS, "hubs = 1\n");
    for (int i = 0; i < CLIENTS; i++)
        fds[i] = subscribe("/listen");
    for (int i = 0; i < CLIENTS; i++) {
        hears_the_first(fds[i]);
        receive(fds[i], sizeof piece);
    }
    fd = connect_to(g, 0);
    before = http_metric(g, "gruvid_hub_switches_total{hub=\"1\"}");
    for (int i = 0; i < EVENTS; i++) {
        ask(fd, "GET /tell HTTP/1.1\r\nHost: h\r\n\r\n", 200, "told\n");
        for (int k = 0; k < CLIENTS; k++)
            is_told(fds[k]);
    }
    more = http_metric(g, "gruvid_hub_switches_total{hub=\"1\"}") - before;
    printf("%g switches for %d events\n", more, EVENTS * CLIENTS);
    ck_assert_double_ge(more, EVENTS * CLIENTS);
    ck_assert_double_le(more, EVENTS * (CLIENTS + BESIDES));
    for (int i = 0; i < CLIENTS; i++)
        close(fds[i]);
    close(fd);
    stops();
}
END_TEST

/* --- times ---------------------------------------------------------------- */

static double
now(void)
{
    struct timespec at;

    clock_gettime(CLOCK_MONOTONIC, &at);
    return (double)at.tv_sec + (double)at.tv_nsec / 1e9;
}

#define OF_ALL "{plugin=\"mirror\",route=\"/{path...}\"}"

/* A client stays for longer than it has waited for an upgrade, or for the first
 * event: that is not the time of the request. */
START_TEST(test_what_lasts_has_the_time_until_it_begins)
{
    double begun, answered, until;
    int fd;

    g = http_begin(HTTP_METRICS);
    fd = connect_to(g, 0);
    begun = now();
    send_text(fd, _i == 0 ? "GET /shout HTTP/1.1\r\nHost: h\r\n"
                            "Connection: upgrade\r\nUpgrade: shout\r\n\r\n"
                          : "GET /subscribe HTTP/1.1\r\nHost: h\r\n\r\n");
    if (_i == 0)
        answers(fd, 101, NULL);
    else
        hears_the_first(fd);
    answered = now();
    until = answered + (answered - begun) + 0.02;
    while (now() < until)
        usleep(1000);
    close(fd);
    while (http_metric(g, "gruvid_request_duration_seconds_count" OF_ALL) < 1)
        usleep(10000);
    ck_assert_double_le(
        http_metric(g, "gruvid_request_duration_seconds_sum" OF_ALL),
        answered - begun);
    stops();
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("http_streaming");
    TCase *tc = gruvid_case(suite, "streaming");

    tcase_add_loop_test(tc, test_a_long_body_comes_up, 0, 2);
    tcase_add_test(tc, test_a_long_body_goes_down);
    tcase_add_test(tc, test_a_slow_reader_makes_the_handler_wait);
    tcase_add_test(tc, test_many_listen_to_events_until_the_drain);
    tcase_add_test(tc, test_an_event_wakes_each_listener_once);
    tcase_add_loop_test(tc, test_what_lasts_has_the_time_until_it_begins, 0, 2);
    return run_suite(suite);
}
