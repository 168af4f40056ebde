/* SPDX-License-Identifier: MIT */
/*
 * Clients that do too much: each is told to be calm, is left, and is counted;
 * gruvid's memory stays as it was, and others are served meanwhile.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "http/h2_client.h"

#define MB (1024 * 1024)

static struct gruvid *g;
static struct h2 *h2, *other;
static size_t memory;
static double cpu;

static void
begin(void)
{
    g = http_begin(HTTP_METRICS);
    h2 = h2_connect(g);
    other = h2_connect(g);
    h2_ask(h2, "/a", 200, NULL);
    h2_ask(other, "/a", 200, NULL);
    memory = gruvid_memory(g);
    cpu = gruvid_cpu(g);
}

static void
stop(void)
{
    size_t now = gruvid_memory(g);

    printf("%zu KiB of memory, %zu KiB before, %.2f s of CPU\n", now / 1024,
           memory / 1024, gruvid_cpu(g) - cpu);
    if (gruvid_memory_counts())
        ck_assert_uint_le(now, memory + 8 * MB);
    h2_ask(other, "/a", 200, "GET /a h\n");
    h2_close(h2);
    h2_close(other);
    ck_assert_int_eq(gruvid_stop(g, SIGTERM), 0);
    ck_assert_uint_eq(gruvid_said(g, " error "), 0);
}

/* Only that limit was exceeded, once. */
static void
is_counted(const char *limit)
{
    static const char *const limits[] = {"resets",       "controls",
                                         "empty_frames", "continuations",
                                         "header_bytes", "unread_bytes"};
    char sample[100];

    for (size_t i = 0; i < sizeof limits / sizeof *limits; i++) {
        snprintf(sample, sizeof sample,
                 "http2_limits_exceeded_total{plugin=\"http\",limit=\"%s\"}",
                 limits[i]);
        ck_assert_double_eq(http_metric(g, sample),
                            strcmp(limits[i], limit) == 0);
    }
}

/* It is told, left and counted. */
static void
is_calmed(const char *limit)
{
    h2_ask(other, "/a", 200, "GET /a h\n");
    h2_goes_away(h2, H2_ENHANCE_YOUR_CALM);
    is_counted(limit);
    stop();
}

/* The bytes, n times. */
static void
flood(unsigned n, struct bytes *bytes)
{
    struct bytes all = {NULL, 0};

    for (unsigned i = 0; i < 100; i++)
        bytes_append(&all, bytes->data, bytes->size);
    for (unsigned i = 0; i < n / 100; i++)
        h2_wire_send(&h2->wire, all.data, all.size);
    free(all.data);
    free(bytes->data);
}

/* --- frames --------------------------------------------------------------- */

/* Whether to go on.  Now and then the client is up to date: a hundred streams
 * that it opens without looking would be a mistake of another kind. */
static bool
goes_on(unsigned n)
{
    if (n % 50 == 0 && n > 0) {
        unsigned before = h2->pongs;
        h2_send(h2, H2_PING, 0, 0, "12345678", 8);
        while (h2->pongs == before && h2_step(h2))
            ;
    }
    return n < 2500 && !h2->wire.broken && !h2->ended;
}

START_TEST(test_resets)
{
    uint32_t stream;

    begin();
    for (unsigned n = 0; goes_on(n); n++) {
        stream = h2_get(h2, "/wait");
        h2_send_number(h2, H2_RST_STREAM, stream, H2_CANCEL);
        h2_forget(h2, stream);
    }
    is_calmed("resets");
}
END_TEST

/* The server resets them. */
START_TEST(test_requests_that_have_to_be_reset)
{
    begin();
    for (unsigned n = 0; goes_on(n); n++)
        h2_request(h2, H2_END_STREAM, "GET", "/a", "Upper: x\n");
    is_calmed("resets");
}
END_TEST

/* Bodies of the wrong length, which the server resets. */
START_TEST(test_bodies_that_have_to_be_reset)
{
    begin();
    for (unsigned n = 0; goes_on(n); n++)
        h2_send(h2, H2_DATA, H2_END_STREAM,
                h2_request(h2, 0, "PUT", "/wait", "content-length: 2\n"), "abc",
                3);
    is_calmed("resets");
}
END_TEST

START_TEST(test_pings)
{
    struct bytes ping = {NULL, 0};

    begin();
    h2_add_frame(&ping, H2_PING, 0, 0, "12345678", 8);
    flood(100000, &ping);
    is_calmed("controls");
}
END_TEST

/* A few are fine: clients measure by them. */
START_TEST(test_some_pings_are_answered)
{
    begin();
    for (int i = 0; i < 90; i++)
        h2_round_trip(h2);
    stop();
}
END_TEST

START_TEST(test_settings)
{
    struct bytes settings = {NULL, 0};

    begin();
    h2_add_frame(&settings, H2_SETTINGS, 0, 0, "\0\3\0\0\0\1", 6);
    flood(100000, &settings);
    is_calmed("controls");
}
END_TEST

START_TEST(test_priorities)
{
    struct bytes priority = {NULL, 0};

    begin();
    h2_add_frame(&priority, H2_PRIORITY, 0, 101, "\0\0\0\0\1", 5);
    flood(100000, &priority);
    is_calmed("controls");
}
END_TEST

START_TEST(test_empty_data)
{
    struct bytes data = {NULL, 0};

    begin();
    h2_add_frame(&data, H2_DATA, 0, h2_request(h2, 0, "PUT", "/wait", ""), "",
                 0);
    flood(100000, &data);
    is_calmed("empty_frames");
}
END_TEST

START_TEST(test_data_that_is_all_padding)
{
    struct bytes data = {NULL, 0};

    begin();
    h2_add_frame(&data, H2_DATA, H2_PADDED,
                 h2_request(h2, 0, "PUT", "/count", ""), "\4\0\0\0\0", 5);
    flood(100000, &data);
    is_calmed("empty_frames");
}
END_TEST

/* --- header blocks -------------------------------------------------------- */

/* HEADERS without END_HEADERS. */
static uint32_t
open_block(const struct bytes *block)
{
    uint32_t stream = h2->next_stream;

    h2->next_stream += 2;
    h2_send(h2, H2_HEADERS, H2_END_STREAM, stream, block->data, block->size);
    return stream;
}

START_TEST(test_continuations_without_end)
{
    struct bytes block = {NULL, 0}, more = {NULL, 0};

    begin();
    h2_add_request(&block, "GET", "/a");
    h2_add_frame(&more, H2_CONTINUATION, 0, open_block(&block), "\0\1x\1y", 5);
    flood(100000, &more);
    free(block.data);
    is_calmed("continuations");
}
END_TEST

START_TEST(test_empty_continuations)
{
    struct bytes block = {NULL, 0}, more = {NULL, 0};

    begin();
    h2_add_request(&block, "GET", "/a");
    h2_add_frame(&more, H2_CONTINUATION, 0, open_block(&block), "", 0);
    flood(100000, &more);
    free(block.data);
    is_calmed("continuations");
}
END_TEST

/* 64 KiB, and a little more. */
START_TEST(test_a_block_that_is_too_large)
{
    static char value[16000];
    struct bytes block = {NULL, 0}, more = {NULL, 0};
    uint32_t stream;

    begin();
    h2_add_request(&block, "GET", "/a");
    memset(value, 'v', sizeof value);
    stream = open_block(&block);
    h2_add_field(&more, "x", 1, value, sizeof value);
    for (int i = 0; i < 6; i++)
        h2_send(h2, H2_CONTINUATION, 0, stream, more.data, more.size);
    free(block.data);
    free(more.data);
    is_calmed("header_bytes");
}
END_TEST

/* --- fields that become large --------------------------------------------- */

/* A field of 4000 bytes, that the table remembers, and bytes that each stand
 * for it: 16 KiB say 60 MB. */
START_TEST(test_a_field_that_is_repeated_by_a_byte)
{
    static char value[4000];
    struct bytes block = {NULL, 0};
    uint32_t stream = 0;

    begin();
    memset(value, 'v', sizeof value);
    h2_add_request(&block, "GET", "/a");
    /* "x", and 0x40 in place of 0: to be remembered. */
    h2_add_field(&block, "x", 1, value, sizeof value);
    block.data[block.size - sizeof value - 6] = 0x40;
    while (block.size < 16000)
        h2_add_number(&block, 0x80 | 62, 1);
    for (int i = 0; i < 20; i++) {
        stream = h2->next_stream;
        h2->next_stream += 2;
        h2_send(h2, H2_HEADERS, H2_END_STREAM | H2_END_HEADERS, stream,
                block.data, block.size);
        h2_answers(h2, stream, 431, NULL);
    }
    free(block.data);
    h2_ask(h2, "/a", 200, NULL);
    stop();
}
END_TEST

START_TEST(test_100_fields_are_taken_and_no_more)
{
    struct bytes fields = {NULL, 0};

    begin();
    for (int i = 0; i < 100; i++)
        bytes_append(&fields, "x: y\n", 5);
    h2_answers(h2, h2_request(h2, H2_END_STREAM, "GET", "/a", fields.data), 200,
               NULL);
    bytes_append(&fields, "x: y\n", 5);
    h2_answers(h2, h2_request(h2, H2_END_STREAM, "GET", "/a", fields.data), 431,
               NULL);
    h2_ask(h2, "/a", 200, NULL);
    free(fields.data);
    stop();
}
END_TEST

/* --- silence -------------------------------------------------------------- */

/* Replies that the client does not read: nobody may wait for it, and its
 * replies are not kept without limit. */
START_TEST(test_replies_that_are_not_read)
{
    struct bytes request = {NULL, 0}, block = {NULL, 0};
    struct h2_wire *wire;

    begin();
    wire = &h2->wire;
    h2_add_request(&block, "HEAD", "/nothing");
    for (int i = 0; i < 20000; i++, h2->next_stream += 2)
        h2_add_frame(&request, H2_HEADERS, H2_END_STREAM | H2_END_HEADERS,
                     h2->next_stream, block.data, block.size);
    /* As much as it takes. */
    for (size_t at = 0; at < request.size;) {
        ssize_t n = send(wire->fd, request.data + at, request.size - at,
                         MSG_DONTWAIT | MSG_NOSIGNAL);
        if (n <= 0)
            break;
        at += (size_t)n;
    }
    free(request.data);
    free(block.data);
    for (int i = 0; i < 50; i++)
        h2_ask(other, "/a", 200, "GET /a h\n");
    stop();
}
END_TEST

/* A byte at a time of 100 streams. */
START_TEST(test_windows_of_a_byte)
{
    uint32_t streams[100];
    uint64_t before;

    begin();
    before = h2->data;
    h2_set(h2, NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, 1);
    h2->holds = true;
    for (int i = 0; i < 100; i++)
        streams[i] = h2_get(h2, "/stream?n=10&size=10000");
    for (int round = 0; round < 50; round++)
        for (int i = 0; i < 100; i++)
            h2_send_number(h2, H2_WINDOW_UPDATE, streams[i], 1);
    while (h2->data < before + 100 * 51)
        ck_assert(h2_step(h2));
    h2_round_trip(h2);
    ck_assert_uint_eq(h2->data, before + 100 * 51);
    h2_ask(other, "/a", 200, "GET /a h\n");
    stop();
}
END_TEST

/* They are refused, and may be tried again: the client has not seen the limit
 * yet. */
START_TEST(test_streams_over_the_limit_are_refused)
{
    g = http_begin("");
    other = h2_connect(g);
    h2_ask(other, "/a", 200, NULL);
    memory = gruvid_memory(g);
    h2 = h2_connect(g);
    h2->silent = true;
    for (int i = 0; i < 100; i++)
        h2_get(h2, "/wait");
    for (int i = 0; i < 5; i++)
        h2_is_reset(h2, h2_get(h2, "/a"), H2_REFUSED_STREAM);
    h2_round_trip(h2);
    stop();
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("h2_flood");
    TCase *tc = gruvid_case(suite, "flood");

    tcase_add_test(tc, test_resets);
    tcase_add_test(tc, test_requests_that_have_to_be_reset);
    tcase_add_test(tc, test_bodies_that_have_to_be_reset);
    tcase_add_test(tc, test_pings);
    tcase_add_test(tc, test_some_pings_are_answered);
    tcase_add_test(tc, test_settings);
    tcase_add_test(tc, test_priorities);
    tcase_add_test(tc, test_empty_data);
    tcase_add_test(tc, test_data_that_is_all_padding);
    tcase_add_test(tc, test_continuations_without_end);
    tcase_add_test(tc, test_empty_continuations);
    tcase_add_test(tc, test_a_block_that_is_too_large);
    tcase_add_test(tc, test_a_field_that_is_repeated_by_a_byte);
    tcase_add_test(tc, test_100_fields_are_taken_and_no_more);
    tcase_add_test(tc, test_replies_that_are_not_read);
    tcase_add_test(tc, test_windows_of_a_byte);
    tcase_add_test(tc, test_streams_over_the_limit_are_refused);
    return run_suite(suite);
}
