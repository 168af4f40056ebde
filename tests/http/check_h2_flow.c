/* SPDX-License-Identifier: MIT */
/* Much through a connection of HTTP/2: bodies, requests, streams. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "http/h2_client.h"
#include "support/valgrind.h"

#define MB (1024 * 1024)

/* The mirror with bodies of any size. */
#define BIG                                                                    \
    "route = /count -> big\n[plugin big]\nmodule = mirror\nmax_body = 1G\n"

static struct gruvid *g;
static struct h2 *h2;

static void
begin(const char *options)
{
    g = http_begin(options);
    h2 = h2_connect(g);
    h2_ask(h2, "/a", 200, NULL);
}

static void
stop(void)
{
    h2_close(h2);
    ck_assert_int_eq(gruvid_stop(g, SIGTERM), 0);
    ck_assert_uint_eq(gruvid_said(g, " error "), 0);
}

/* Less than that has been added to before. */
static void
took_at_most(size_t before, size_t most)
{
    size_t now = gruvid_memory(g);

    printf("%zu KiB of memory, %zu KiB before, %.2f s of CPU\n", now / 1024,
           before / 1024, gruvid_cpu(g));
    if (gruvid_memory_counts())
        ck_assert_uint_le(now, before + most);
}

static size_t
many(size_t n)
{
    return gruvid_memory_counts() ? n : n / 4;
}

/* --- bodies --------------------------------------------------------------- */

START_TEST(test_16_mb_come_up)
{
    size_t size = many(16) * MB, before;
    char text[32];
    uint32_t stream;

    begin(BIG);
    stream = h2_request(h2, 0, "PUT", "/count", "");
    h2_upload(h2, stream, MB, false);
    before = gruvid_memory(g);
    h2_upload(h2, stream, size - MB, true);
    took_at_most(before, 4 * MB);
    snprintf(text, sizeof text, "%zu\n", size);
    h2_answers(h2, stream, 200, text);
    stop();
}
END_TEST

START_TEST(test_16_mb_go_down)
{
    size_t n = many(256), before;
    struct h2_answer *answer;
    char path[64];

    begin("");
    h2->counts = true;
    snprintf(path, sizeof path, "/stream?size=65536&n=%zu", n);
    answer = h2_answer_of(h2, h2_get(h2, path));
    h2_await_body(h2, answer->stream, MB);
    before = gruvid_memory(g);
    ck_assert(h2_finish(h2, answer->stream));
    took_at_most(before, 4 * MB);
    ck_assert_uint_eq(answer->body.size, n * 65536);
    stop();
}
END_TEST

START_TEST(test_bodies_of_many_streams_share_the_windows)
{
    uint32_t streams[20];
    char text[32];

    begin(BIG);
    for (int i = 0; i < 20; i++)
        streams[i] = h2_request(h2, 0, "PUT", "/count", "");
    for (int round = 0; round < 20; round++)
        for (int i = 0; i < 20; i++)
            h2_upload(h2, streams[i], 10000, round == 19);
    snprintf(text, sizeof text, "%d\n", 20 * 10000);
    for (int i = 0; i < 20; i++)
        h2_answers(h2, streams[i], 200, text);
    stop();
}
END_TEST

/* A stream that nobody reads does not stop the others. */
START_TEST(test_a_stalled_body_holds_up_no_other)
{
    uint32_t stalled, stream;

    begin(BIG);
    stalled = h2_request(h2, 0, "PUT", "/wait", "");
    h2_upload(h2, stalled, 65535, false);
    for (int i = 0; i < 5; i++) {
        stream = h2_request(h2, 0, "PUT", "/count", "");
        h2_upload(h2, stream, 100000, true);
        h2_answers(h2, stream, 200, "100000\n");
    }
    stop();
}
END_TEST

/* The client reads nothing of one reply, and all of the others. */
START_TEST(test_a_stalled_reply_holds_up_no_other)
{
    struct h2_answer *stalled;

    begin("");
    h2->holds = true;
    h2_send_number(h2, H2_WINDOW_UPDATE, 0, 100000000);
    stalled = h2_answer_of(h2, h2_get(h2, "/stream?n=100&size=65536"));
    h2_await_body(h2, stalled->stream, 65535);
    for (int i = 0; i < 5; i++)
        h2_ask(h2, "/stream?n=2&size=10000", 200, NULL);
    ck_assert(!stalled->over);
    h2_send_number(h2, H2_WINDOW_UPDATE, stalled->stream, 10000000);
    ck_assert(h2_finish(h2, stalled->stream));
    ck_assert_uint_eq(stalled->body.size, 6553600);
    stop();
}
END_TEST

/* Replies come in turn: none has to wait for all of another. */
START_TEST(test_replies_share_the_connection)
{
    struct h2_answer *large, *small;

    begin("");
    h2->counts = true;
    h2_set(h2, NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, 100000000);
    h2_send_number(h2, H2_WINDOW_UPDATE, 0, 100000000);
    h2->holds = true;
    large = h2_answer_of(h2, h2_get(h2, "/stream?n=200&size=65536"));
    h2_await_body(h2, large->stream, 100000);
    small = h2_answer_of(h2, h2_get(h2, "/large?size=100000"));
    ck_assert(h2_finish(h2, small->stream));
    ck_assert_uint_eq(small->body.size, 100000);
    ck_assert(!large->over);
    ck_assert(h2_finish(h2, large->stream));
    ck_assert_uint_eq(large->body.size, 13107200);
    stop();
}
END_TEST

/* The server writes until there is no room. */
static void
let_it_write(void)
{
    int before = -1, now = 0;

    while (now == 0 || now != before) {
        before = now;
        usleep(20000);
        ck_assert_int_eq(ioctl(h2->wire.fd, FIONREAD, &now), 0);
    }
}

/* Of two replies of a turn, the first one's fiber is about to write both when
 * it is cancelled.  Another fiber writes them: the cancel is none of its. */
START_TEST(test_a_cancel_in_front_of_a_write_ends_no_connection)
{
    struct h2_answer *small, *large;

    begin("");
    h2->counts = true;
    h2_set(h2, NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, 100000000);
    h2_send_number(h2, H2_WINDOW_UPDATE, 0, 100000000);
    h2->holds = true;
    small = h2_answer_of(h2, h2_get(h2, "/told?size=10&cancel=1"));
    gruvid_says(g, "mirror waits");
    large = h2_answer_of(h2, h2_get(h2, "/told?size=30000000"));
    gruvid_says_times(g, "mirror waits", 2);
    h2_get(h2, "/tell");
    let_it_write();
    ck_assert(h2_finish(h2, small->stream));
    ck_assert(h2_finish(h2, large->stream));
    ck_assert_uint_eq(small->body.size, 10);
    ck_assert_uint_eq(large->body.size, 30000000);
    h2->counts = false;
    h2_ask(h2, "/a", 200, "GET /a h\n");
    stop();
}
END_TEST

/* --- requests ------------------------------------------------------------- */

START_TEST(test_2000_requests_of_a_connection_leave_nothing)
{
    size_t before = 0, rounds = many(200);
    uint32_t streams[10];

    begin("");
    for (size_t round = 0; round < rounds; round++) {
        if (round == rounds / 10)
            before = gruvid_memory(g);
        for (int i = 0; i < 10; i++)
            streams[i] = h2_get(h2, "/a");
        for (int i = 0; i < 10; i++)
            h2_answers(h2, streams[i], 200, "GET /a h\n");
    }
    took_at_most(before, MB);
    stop();
}
END_TEST

START_TEST(test_100_requests_at_once)
{
    uint32_t streams[100];
    char path[16], text[32];

    begin("");
    for (int round = 0; round < TRIES(20); round++) {
        for (int i = 0; i < 100; i++) {
            snprintf(path, sizeof path, "/%d", i);
            streams[i] = h2_get(h2, path);
        }
        for (int i = 99; i >= 0; i--) {
            snprintf(text, sizeof text, "GET /%d h\n", i);
            h2_answers(h2, streams[i], 200, text);
        }
    }
    stop();
}
END_TEST

/* Requests that come in one piece. */
static void
get_together(const char *const *paths, size_t n, uint32_t *streams)
{
    struct bytes out = {NULL, 0};

    for (size_t i = 0; i < n; i++) {
        struct bytes block = {NULL, 0};

        streams[i] = h2->next_stream;
        h2->next_stream += 2;
        h2_add_request(&block, "GET", paths[i]);
        h2_add_frame(&out, H2_HEADERS, H2_END_STREAM | H2_END_HEADERS,
                     streams[i], block.data, block.size);
        free(block.data);
    }
    h2_wire_send(&h2->wire, out.data, out.size);
    free(out.data);
}

START_TEST(test_requests_that_come_together_do_not_wait_for_each_other)
{
    static const char *const paths[] = {"/wait", "/a", "/wait",
                                        "/wait", "/a", "/a"};
    uint32_t streams[6];

    begin("");
    get_together(paths, 6, streams);
    for (int i = 5; i >= 0; i--)
        if (strcmp(paths[i], "/a") == 0)
            h2_answers(h2, streams[i], 200, "GET /a h\n");
    for (int i = 0; i < 6; i++)
        if (strcmp(paths[i], "/wait") == 0)
            ck_assert_int_eq(h2_answer_of(h2, streams[i])->status, 0);
    stop();
}
END_TEST

/* The cancel of one request is not seen by those that came with it. */
START_TEST(test_a_cancel_that_was_not_seen_is_for_no_other)
{
    static const char *const paths[] = {"/deaf", "/a", "/deaf", "/a"};
    uint32_t streams[4];

    begin("");
    get_together(paths, 4, streams);
    gruvid_says_times(g, "mirror waits", 2);
    h2_send_number(h2, H2_RST_STREAM, streams[0], H2_CANCEL);
    gruvid_says_times(g, "mirror goes on", 1);
    h2_send_number(h2, H2_RST_STREAM, streams[2], H2_CANCEL);
    gruvid_says_times(g, "mirror goes on", 2);
    h2_answers(h2, streams[1], 200, "GET /a h\n");
    h2_answers(h2, streams[3], 200, "GET /a h\n");
    h2_ask(h2, "/a", 200, NULL);
    stop();
}
END_TEST

/* All that a client may have is stopped by its windows. */
START_TEST(test_100_replies_that_nobody_reads_take_little)
{
    size_t before;

    begin("");
    h2->holds = true;
    before = gruvid_memory(g);
    for (int i = 0; i < 100; i++)
        h2_get(h2, "/stream?n=1000&size=10000");
    while (h2->data < 65535)
        ck_assert(h2_step(h2));
    h2_round_trip(h2);
    took_at_most(before, 24 * MB);
    stop();
}
END_TEST

/* --- clients that go ------------------------------------------------------ */

START_TEST(test_a_reset_cancels_its_handler)
{
    uint32_t stream;

    begin("");
    stream = h2_get(h2, "/wait");
    gruvid_says(g, "mirror waits");
    h2_send_number(h2, H2_RST_STREAM, stream, H2_CANCEL);
    gruvid_says(g, "mirror was woken: ECANCELED");
    h2_ask(h2, "/a", 200, NULL);
    stop();
}
END_TEST

START_TEST(test_a_client_that_goes_cancels_all_handlers)
{
    begin("");
    for (int i = 0; i < 5; i++)
        h2_get(h2, "/wait");
    h2_ask(h2, "/a", 200, NULL);
    h2_close_with_reset(h2);
    gruvid_says(g, "mirror was woken: ECANCELED");
    h2 = h2_connect(g);
    stop();
}
END_TEST

START_TEST(test_a_client_that_goes_ends_its_stream)
{
    uint32_t stream;

    begin("");
    h2->counts = true;
    stream = h2_get(h2, "/stream?n=100000&size=65536");
    h2_await_body(h2, stream, MB);
    h2_close_with_reset(h2);
    gruvid_says(g, "mirror cannot write: ");
    h2 = h2_connect(g);
    stop();
}
END_TEST

START_TEST(test_a_reset_ends_a_stream_that_writes)
{
    uint32_t stream;

    begin("");
    h2->counts = true;
    stream = h2_get(h2, "/stream?n=100000&size=65536");
    h2_await_body(h2, stream, MB);
    h2_send_number(h2, H2_RST_STREAM, stream, H2_CANCEL);
    gruvid_says(g, "mirror cannot write: ");
    h2_ask(h2, "/a", 200, NULL);
    stop();
}
END_TEST

START_TEST(test_a_reset_of_a_body_wakes_its_handler)
{
    uint32_t stream;

    begin(BIG);
    stream = h2_request(h2, 0, "PUT", "/count", "");
    h2_upload(h2, stream, 1000, false);
    h2_send_number(h2, H2_RST_STREAM, stream, H2_CANCEL);
    h2_ask(h2, "/a", 200, NULL);
    stop();
    ck_assert_uint_eq(gruvid_said(g, "failed: "), 0);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("h2_flow");
    TCase *tc = gruvid_case(suite, "flow");

    tcase_add_test(tc, test_16_mb_come_up);
    tcase_add_test(tc, test_16_mb_go_down);
    tcase_add_test(tc, test_bodies_of_many_streams_share_the_windows);
    tcase_add_test(tc, test_a_stalled_body_holds_up_no_other);
    tcase_add_test(tc, test_a_stalled_reply_holds_up_no_other);
    tcase_add_test(tc, test_replies_share_the_connection);
    tcase_add_test(tc, test_a_cancel_in_front_of_a_write_ends_no_connection);
    tcase_add_test(tc, test_2000_requests_of_a_connection_leave_nothing);
    tcase_add_test(tc, test_100_requests_at_once);
    tcase_add_test(tc,
                   test_requests_that_come_together_do_not_wait_for_each_other);
    tcase_add_test(tc, test_a_cancel_that_was_not_seen_is_for_no_other);
    tcase_add_test(tc, test_100_replies_that_nobody_reads_take_little);
    tcase_add_test(tc, test_a_reset_cancels_its_handler);
    tcase_add_test(tc, test_a_client_that_goes_cancels_all_handlers);
    tcase_add_test(tc, test_a_client_that_goes_ends_its_stream);
    tcase_add_test(tc, test_a_reset_ends_a_stream_that_writes);
    tcase_add_test(tc, test_a_reset_of_a_body_wakes_its_handler);
    return run_suite(suite);
}
