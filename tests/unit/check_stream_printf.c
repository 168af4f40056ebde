/* SPDX-License-Identifier: MIT */
/* Writing formatted text. */
#include <stdlib.h>
#include <wchar.h>

#include "unit/net.h"

HUB_TEST(test_formatted_text_is_written)
{
    struct ends ends;

    open_ends(&ends, i);
    ck_assert_int_eq(gruvi_stream_printf(ends.stream, "%s %d\n", "HTTP", 200),
                     0);
    peer_hears(&ends, "HTTP 200\n");
    ck_assert_int_eq(gruvi_stream_printf(ends.stream, "%s", ""), 0);
    ck_assert_int_eq(gruvi_stream_printf(ends.stream, "100%%"), 0);
    peer_hears(&ends, "100%");
    close_ends(&ends);
}

/* Around the length up to which it is formatted on the stack, and far above. */
HUB_TEST(test_text_of_any_length_is_whole)
{
    static const int lengths[] = {510, 511, 512, 513, 5000, 50000};
    int len = lengths[i];
    char *text = malloc((size_t)len + 1);
    struct ends ends;
    char *got = malloc((size_t)len + 2);
    ssize_t n;

    memset(text, 'x', (size_t)len);
    text[len] = '\0';
    open_ends(&ends, NET_UNIX);
    ck_assert_int_eq(gruvi_stream_printf(ends.stream, "%s.", text), 0);
    n = recv(ends.peer, got, (size_t)len + 2, 0);
    ck_assert_int_eq(n, len + 1);
    ck_assert_mem_eq(got, text, (size_t)len);
    ck_assert_int_eq(got[len], '.');
    free(text);
    free(got);
    close_ends(&ends);
}

HUB_TEST(test_what_was_refused_does_not_end_the_write_side)
{
    const char *none = NULL;
    struct ends ends;

    open_ends(&ends, i);
    ck_assert_int_eq(gruvi_stream_printf(NULL, "x"), UV_EINVAL);
    ck_assert_int_eq(gruvi_stream_printf(ends.stream, none, 1), UV_EINVAL);
    ck_assert_int_eq(gruvi_stream_printf(ends.stream, "%lc", (wint_t)-2),
                     UV_EINVAL);
    ck_assert_int_eq(gruvi_stream_printf(ends.stream, "%d", 1), 0);
    peer_hears(&ends, "1");
    close_ends(&ends);
}

int
main(void)
{
    Suite *suite = suite_create("stream_printf");
    TCase *tc = tcase_create("printf");

    tcase_add_loop_test(tc, test_formatted_text_is_written, 0, NET_KINDS);
    tcase_add_loop_test(tc, test_text_of_any_length_is_whole, 0, 6);
    tcase_add_loop_test(tc, test_what_was_refused_does_not_end_the_write_side,
                        0, NET_KINDS);
    suite_add_tcase(suite, tc);
    return run_suite(suite);
}
