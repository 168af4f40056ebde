/* SPDX-License-Identifier: MIT */
/* Reading lines as text, and looking at what comes next. */
#include "unit/net.h"

/* The next line of text, in a buffer of len bytes. */
static void
hears_text(gruvi_stream_t *s, size_t len, const char *text)
{
    char buf[64];

    memset(buf, '#', sizeof buf);
    ck_assert_int_eq(gruvi_stream_read_text(s, buf, len),
                     (ssize_t)strlen(text));
    ck_assert_str_eq(buf, text);
    ck_assert_int_eq(buf[len], '#');
}

static void
fails_text(gruvi_stream_t *s, size_t len, int err)
{
    char buf[64] = "before";

    ck_assert_int_eq(gruvi_stream_read_text(s, buf, len), err);
    ck_assert_str_eq(buf, "");
}

HUB_TEST(test_a_text_is_a_line_without_its_end)
{
    struct ends ends;

    open_ends(&ends, i);
    peer_says(&ends, "one\ntwo\r\n\n\r\nthr\ree\r\n\r\r\nlast");
    hears_text(ends.stream, 60, "one");
    hears_text(ends.stream, 60, "two");
    hears_text(ends.stream, 60, "");
    hears_text(ends.stream, 60, "");
    hears_text(ends.stream, 60, "thr\ree");
    hears_text(ends.stream, 60, "\r");
    peer_closes(&ends);
    hears_text(ends.stream, 60, "last");
    fails_text(ends.stream, 60, UV_EOF);
    fails_text(ends.stream, 60, UV_EOF);
    close_ends(&ends);
}

/* The end needs no room. */
HUB_TEST(test_a_text_that_just_fits_is_read)
{
    struct ends ends;

    open_ends(&ends, i);
    peer_says(&ends, "abc\nabc\r\nabcd\nabcd\r\nabc\rd\n\nabc");
    hears_text(ends.stream, 4, "abc");
    hears_text(ends.stream, 4, "abc");
    for (int n = 0; n < 2; n++) {
        fails_text(ends.stream, 4, UV_E2BIG);
        fails_text(ends.stream, 1, UV_E2BIG);
        hears_text(ends.stream, 5, "abcd");
    }
    fails_text(ends.stream, 4, UV_E2BIG);
    hears_text(ends.stream, 6, "abc\rd");
    hears_text(ends.stream, 1, "");
    peer_closes(&ends);
    fails_text(ends.stream, 3, UV_E2BIG);
    hears_text(ends.stream, 4, "abc");
    close_ends(&ends);
}

HUB_TEST(test_a_text_that_comes_in_pieces_is_waited_for)
{
    struct ends ends;

    open_ends(&ends, i);
    gruvi_stream_set_timeout(ends.stream, 0.001);
    peer_says(&ends, "ab");
    fails_text(ends.stream, 10, UV_ETIMEDOUT);
    peer_says(&ends, "c\r");
    fails_text(ends.stream, 10, UV_ETIMEDOUT);
    fails_text(ends.stream, 4, UV_ETIMEDOUT);
    peer_says(&ends, "\n");
    hears_text(ends.stream, 4, "abc");
    close_ends(&ends);
}

/* The result tells how long it is. */
HUB_TEST(test_a_null_byte_of_the_peer_is_kept)
{
    struct ends ends;
    char buf[10];

    open_ends(&ends, i);
    peer_writes(&ends, "a\0b\n", 4);
    ck_assert_int_eq(gruvi_stream_read_text(ends.stream, buf, sizeof buf), 3);
    ck_assert_mem_eq(buf, "a\0b", 4);
    close_ends(&ends);
}

/* --- looking ahead ----------------------------------------------------------
 */

HUB_TEST(test_what_was_looked_at_is_read_afterwards)
{
    struct ends ends;
    char buf[64], *data;

    open_ends(&ends, i);
    for (int n = 0; n < 4; n++) {
        peer_says(&ends, "hello\n");
        ck_assert_int_eq(gruvi_stream_peek(ends.stream, buf, 3), 3);
        ck_assert_mem_eq(buf, "hel", 3);
        ck_assert_int_eq(gruvi_stream_peek(ends.stream, buf, sizeof buf), 6);
        ck_assert_mem_eq(buf, "hello\n", 6);
        ck_assert_int_eq(gruvi_stream_peek_exact(ends.stream, buf, 6), 0);
        if (n == 0)
            hears(ends.stream, "hello\n");
        else if (n == 1)
            hears_line(ends.stream, sizeof buf, "hello\n");
        else if (n == 2)
            hears_text(ends.stream, 60, "hello");
        else
            ck_assert_int_eq(gruvi_stream_take(ends.stream, &data), 6);
    }
    ck_assert_int_eq(gruvi_stream_peek(ends.stream, buf, 0), 0);
    ck_assert_int_eq(gruvi_stream_peek_exact(ends.stream, buf, 0), 0);
    close_ends(&ends);
}

HUB_TEST(test_a_look_waits_for_a_byte_or_for_all_of_them)
{
    struct ends ends;
    char buf[64];

    open_ends(&ends, i);
    gruvi_stream_set_timeout(ends.stream, 0.001);
    ck_assert_int_eq(gruvi_stream_peek(ends.stream, buf, 1), UV_ETIMEDOUT);
    peer_says(&ends, "abc");
    ck_assert_int_eq(gruvi_stream_peek(ends.stream, buf, 5), 3);
    memset(buf, 0, sizeof buf);
    ck_assert_int_eq(gruvi_stream_peek_exact(ends.stream, buf, 5),
                     UV_ETIMEDOUT);
    ck_assert_str_eq(buf, "abc");
    peer_says(&ends, "de");
    ck_assert_int_eq(gruvi_stream_peek_exact(ends.stream, buf, 5), 0);
    ck_assert_str_eq(buf, "abcde");
    peer_closes(&ends);
    ck_assert_int_eq(gruvi_stream_peek_exact(ends.stream, buf, 6), UV_EOF);
    hears(ends.stream, "abcde");
    ck_assert_int_eq(gruvi_stream_peek(ends.stream, buf, 5), 0);
    ck_assert_int_eq(gruvi_stream_peek_exact(ends.stream, buf, 1), UV_EOF);
    close_ends(&ends);
}

/* More than the buffer has at first. */
HUB_TEST(test_a_look_may_be_long)
{
    char sent[30000], seen[30000];
    struct ends ends;

    fill_pattern(sent, sizeof sent, 0);
    open_ends(&ends, i);
    peer_writes(&ends, sent, sizeof sent);
    ck_assert_int_eq(gruvi_stream_peek_exact(ends.stream, seen, sizeof seen),
                     0);
    ck_assert(is_pattern(seen, sizeof seen, 0));
    memset(seen, 0, sizeof seen);
    ck_assert_int_eq(gruvi_stream_read_exact(ends.stream, seen, sizeof seen),
                     0);
    ck_assert(is_pattern(seen, sizeof seen, 0));
    close_ends(&ends);
}

/* --- arguments --------------------------------------------------------------
 */

HUB_TEST(test_missing_arguments_are_refused)
{
    uv_buf_t none = uv_buf_init(NULL, 1), empty = uv_buf_init(NULL, 0);
    gruvi_stream_t *other;
    struct ends ends;
    char c, *data;

    open_ends(&ends, i);
    for (int n = 0; n < 2; n++) {
        gruvi_stream_t *s = n == 0 ? NULL : ends.stream;
        char *buf = n == 0 ? &c : NULL;

        ck_assert_int_eq(gruvi_stream_read(s, buf, 1), UV_EINVAL);
        ck_assert_int_eq(gruvi_stream_read_exact(s, buf, 1), UV_EINVAL);
        ck_assert_int_eq(gruvi_stream_read_line(s, buf, 1), UV_EINVAL);
        ck_assert_int_eq(gruvi_stream_read_text(s, buf, 1), UV_EINVAL);
        ck_assert_int_eq(gruvi_stream_peek(s, buf, 1), UV_EINVAL);
        ck_assert_int_eq(gruvi_stream_peek_exact(s, buf, 1), UV_EINVAL);
        ck_assert_int_eq(gruvi_stream_take(s, n == 0 ? &data : NULL),
                         UV_EINVAL);
        ck_assert_int_eq(gruvi_stream_write(s, buf, 1), UV_EINVAL);
        ck_assert_int_eq(gruvi_stream_writev(s, &none, 1), UV_EINVAL);
        ck_assert_int_eq(gruvi_stream_writev(s, NULL, 1), UV_EINVAL);
    }
    ck_assert_int_eq(gruvi_stream_read_text(ends.stream, &c, 0), UV_EINVAL);
    ck_assert_int_eq(gruvi_stream_shutdown(NULL), UV_EINVAL);
    ck_assert_int_eq(gruvi_stream_sendfile(NULL, NULL, 0, 1), UV_EINVAL);
    ck_assert_int_eq(gruvi_accept(NULL, &other, 0), UV_EINVAL);
    ck_assert_ptr_null(other);
    ck_assert_int_eq(gruvi_udp_send(NULL, "x", 1, NULL, 0), UV_EINVAL);
    ck_assert_int_eq(gruvi_udp_recv(NULL, &c, 1, NULL, 0), UV_EINVAL);
    close_ends(&ends);

    /* Nothing of this is a failed write. */
    open_ends(&ends, i);
    ck_assert_int_eq(gruvi_stream_write(ends.stream, NULL, 1), UV_EINVAL);
    ck_assert_int_eq(gruvi_stream_writev(ends.stream, &empty, 1), 0);
    ck_assert_int_eq(gruvi_stream_write(ends.stream, NULL, 0), 0);
    ck_assert_int_eq(gruvi_stream_write(ends.stream, "x", 1), 0);
    peer_hears(&ends, "x");
    close_ends(&ends);
}

int
main(void)
{
    Suite *suite = suite_create("stream_read_text");
    TCase *tc = tcase_create("text");

    tcase_add_loop_test(tc, test_a_text_is_a_line_without_its_end, 0,
                        NET_KINDS);
    tcase_add_loop_test(tc, test_a_text_that_just_fits_is_read, 0, NET_KINDS);
    tcase_add_loop_test(tc, test_a_text_that_comes_in_pieces_is_waited_for, 0,
                        NET_KINDS);
    tcase_add_loop_test(tc, test_a_null_byte_of_the_peer_is_kept, 0, NET_KINDS);
    tcase_add_loop_test(tc, test_what_was_looked_at_is_read_afterwards, 0,
                        NET_KINDS);
    tcase_add_loop_test(tc, test_a_look_waits_for_a_byte_or_for_all_of_them, 0,
                        NET_KINDS);
    tcase_add_loop_test(tc, test_a_look_may_be_long, 0, NET_KINDS);
    tcase_add_loop_test(tc, test_missing_arguments_are_refused, 0, NET_KINDS);
    suite_add_tcase(suite, tc);
    return run_suite(suite);
}
