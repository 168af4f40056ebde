/* SPDX-License-Identifier: MIT */
/* Reading what has a length or an end: gruvi_stream_read_exact() and
 * gruvi_stream_read_line(); over TCP and Unix sockets. */
#include "unit/net.h"

#include <stdlib.h>

#include "io/stream/stream.h"

#define SHORT 0.002

/* --- read_exact ------------------------------------------------------------
 */

HUB_TEST(test_read_exact_waits_for_all_of_it)
{
    struct reader r;
    struct ends ends;

    open_ends(&ends, i);
    begin_read(&r, ends.stream, READ_EXACT, 5);
    peer_says(&ends, "he");
    turns(3);
    ck_assert(gruvi_fiber_alive(r.fiber));
    peer_says(&ends, "llo!");
    ck_assert_int_eq(end_read(&r), 0);
    ck_assert_mem_eq(r.buf, "hello", 5);
    hears(ends.stream, "!");
    close_ends(&ends);
}

HUB_TEST(test_read_exact_takes_many_from_one_segment)
{
    struct ends ends;
    char buf[2];

    open_ends(&ends, i);
    peer_says(&ends, "aabbccd");
    for (char c = 'a'; c < 'd'; c++) {
        ck_assert_int_eq(gruvi_stream_read_exact(ends.stream, buf, 2), 0);
        ck_assert_int_eq(buf[0], c);
        ck_assert_int_eq(buf[1], c);
    }
    peer_closes(&ends);
    ck_assert_int_eq(gruvi_stream_read_exact(ends.stream, buf, 2), UV_EOF);
    ck_assert_int_eq(buf[0], 'd');
    hears(ends.stream, "d");
    ck_assert_int_eq(gruvi_stream_read_exact(ends.stream, buf, 2), UV_EOF);
    close_ends(&ends);
}

/* What goes around the buffer is put back into it. */
HUB_TEST(test_a_large_read_exact_that_fails_takes_nothing)
{
    const size_t part = 5000, len = 10000;
    char *data = malloc(len), *buf = malloc(len);
    struct ends ends;

    fill_pattern(data, len, 0);
    open_ends(&ends, i);
    gruvi_stream_set_timeout(ends.stream, SHORT);
    peer_writes(&ends, data, part);
    ck_assert_int_eq(gruvi_stream_read_exact(ends.stream, buf, len),
                     UV_ETIMEDOUT);
    ck_assert(is_pattern(buf, part, 0));
    ck_assert_int_eq(gruvi_stream_read(ends.stream, buf, 100), 100);
    ck_assert(is_pattern(buf, 100, 0));
    ck_assert_int_eq(gruvi_stream_read_exact(ends.stream, buf, len),
                     UV_ETIMEDOUT);
    ck_assert(is_pattern(buf, part - 100, 100));
    peer_writes(&ends, data + part, len - part);
    ck_assert_int_eq(gruvi_stream_read_exact(ends.stream, buf, len - 100), 0);
    ck_assert(is_pattern(buf, len - 100, 100));
    ck_assert_ptr_null(ends.stream->buffer.data);
    close_ends(&ends);
    free(data);
    free(buf);
}

HUB_TEST(test_a_large_read_exact_ends_with_the_stream)
{
    char buf[10000];
    struct ends ends;

    open_ends(&ends, i);
    peer_says(&ends, "short");
    peer_closes(&ends);
    ck_assert_int_eq(gruvi_stream_read_exact(ends.stream, buf, sizeof buf),
                     UV_EOF);
    ck_assert_mem_eq(buf, "short", 5);
    hears(ends.stream, "short");
    hears(ends.stream, "");
    close_ends(&ends);
}

/* --- read_line --------------------------------------------------------------
 */

HUB_TEST(test_lines_are_taken_one_by_one)
{
    struct ends ends;

    open_ends(&ends, i);
    peer_says(&ends, "one\n\r\n\ntwo\nrest");
    peer_closes(&ends);
    hears_line(ends.stream, 100, "one\n");
    hears_line(ends.stream, 100, "\r\n");
    hears_line(ends.stream, 100, "\n");
    hears_line(ends.stream, 100, "two\n");
    hears_line(ends.stream, 100, "rest");
    hears_line(ends.stream, 100, "");
    close_ends(&ends);
}

HUB_TEST(test_a_line_may_come_byte_by_byte)
{
    static const char text[] = "byte by byte\n";
    struct reader r;
    struct ends ends;

    open_ends(&ends, i);
    begin_read(&r, ends.stream, READ_LINE, sizeof r.buf);
    for (const char *p = text; *p != '\0'; p++) {
        ck_assert(gruvi_fiber_alive(r.fiber));
        peer_writes(&ends, p, 1);
        turns(3);
    }
    ck_assert_int_eq(end_read(&r), sizeof text - 1);
    ck_assert_mem_eq(r.buf, text, sizeof text - 1);
    close_ends(&ends);
}

HUB_TEST(test_a_line_may_fill_the_callers_memory)
{
    struct ends ends;
    char buf[8];

    open_ends(&ends, i);
    peer_says(&ends, "1234567\n12345678\n");
    hears_line(ends.stream, 8, "1234567\n");
    ck_assert_int_eq(gruvi_stream_read_line(ends.stream, buf, 8), UV_E2BIG);
    ck_assert_int_eq(gruvi_stream_read_line(ends.stream, buf, 1), UV_E2BIG);
    hears_line(ends.stream, 9, "12345678\n");
    close_ends(&ends);
}

HUB_TEST(test_a_line_that_is_too_long_is_not_consumed)
{
    struct ends ends;
    char buf[4];

    open_ends(&ends, i);
    peer_says(&ends, "12345678");
    ck_assert_int_eq(gruvi_stream_read_line(ends.stream, buf, 4), UV_E2BIG);
    hears(ends.stream, "12345678");
    close_ends(&ends);
}

HUB_TEST(test_a_last_line_of_just_that_length_is_too_long)
{
    struct ends ends;
    char buf[4];

    open_ends(&ends, i);
    peer_says(&ends, "1234");
    peer_closes(&ends);
    ck_assert_int_eq(gruvi_stream_read_line(ends.stream, buf, 4), UV_E2BIG);
    hears_line(ends.stream, 5, "1234");
    close_ends(&ends);
}

/* The buffer grows, but not beyond what was asked for. */
HUB_TEST(test_a_line_may_be_longer_than_the_buffer)
{
    char text[10002];
    struct ends ends;

    memset(text, 'a', sizeof text);
    text[10000] = '\n';
    text[10001] = '\0';
    open_ends(&ends, i);
    peer_says(&ends, "first\n");
    peer_says(&ends, text);
    hears_line(ends.stream, 10001, "first\n");
    hears_line(ends.stream, 10001, text);
    ck_assert_ptr_null(ends.stream->buffer.data);
    peer_says(&ends, text);
    ck_assert_int_eq(gruvi_stream_read_line(ends.stream, text, 9999), UV_E2BIG);
    ck_assert_uint_le(ends.stream->buffer.size, 9999);
    ck_assert_int_eq(gruvi_stream_read_exact(ends.stream, text, 10001), 0);
    close_ends(&ends);
}

HUB_TEST(test_a_reset_in_mid_line_is_an_error)
{
    struct ends ends;
    char buf[8];

    open_ends(&ends, NET_TCP);
    peer_says(&ends, "half");
    ck_assert_int_eq(gruvi_stream_read_exact(ends.stream, buf, 2), 0);
    peer_resets(&ends);
    ck_assert_int_eq(gruvi_stream_read_line(ends.stream, buf, 8),
                     UV_ECONNRESET);
    hears(ends.stream, "lf");
    close_ends(&ends);
}

static TCase *
exact(void)
{
    TCase *tc = tcase_create("read_exact");

    tcase_add_loop_test(tc, test_read_exact_waits_for_all_of_it, 0, NET_KINDS);
    tcase_add_loop_test(tc, test_read_exact_takes_many_from_one_segment, 0,
                        NET_KINDS);
    tcase_add_loop_test(tc, test_a_large_read_exact_that_fails_takes_nothing, 0,
                        NET_KINDS);
    tcase_add_loop_test(tc, test_a_large_read_exact_ends_with_the_stream, 0,
                        NET_KINDS);
    return tc;
}

static TCase *
lines(void)
{
    TCase *tc = tcase_create("read_line");

    tcase_add_loop_test(tc, test_lines_are_taken_one_by_one, 0, NET_KINDS);
    tcase_add_loop_test(tc, test_a_line_may_come_byte_by_byte, 0, NET_KINDS);
    tcase_add_loop_test(tc, test_a_line_may_fill_the_callers_memory, 0,
                        NET_KINDS);
    tcase_add_loop_test(tc, test_a_line_that_is_too_long_is_not_consumed, 0,
                        NET_KINDS);
    tcase_add_loop_test(tc, test_a_last_line_of_just_that_length_is_too_long, 0,
                        NET_KINDS);
    tcase_add_loop_test(tc, test_a_line_may_be_longer_than_the_buffer, 0,
                        NET_KINDS);
    tcase_add_test(tc, test_a_reset_in_mid_line_is_an_error);
    return tc;
}

int
main(void)
{
    Suite *suite = suite_create("stream_line");

    suite_add_tcase(suite, exact());
    suite_add_tcase(suite, lines());
    return run_suite(suite);
}
