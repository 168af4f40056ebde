/* SPDX-License-Identifier: MIT */
/* gruvi_stream_take(), over TCP and Unix sockets. */
#include <malloc.h>

#include "support/valgrind.h"
#include "unit/net.h"

#include "base/context_tools.h"
#include "io/stream/stream.h"

static char *data;

static void
takes(struct ends *ends, const char *text)
{
    ck_assert_int_eq(gruvi_stream_take(ends->stream, &data),
                     (ssize_t)strlen(text));
    ck_assert_mem_eq(data, text, strlen(text));
}

HUB_TEST(test_take_gets_what_is_there_and_then_the_end)
{
    struct ends ends;

    open_ends(&ends, i);
    peer_says(&ends, "one");
    takes(&ends, "one");
    ck_assert_uint_eq(gruvi_stream_traffic(ends.stream), 3);
    peer_says(&ends, "two");
    peer_closes(&ends);
    takes(&ends, "two");
    data = (char *)&ends;
    ck_assert_int_eq(gruvi_stream_take(ends.stream, &data), 0);
    ck_assert_ptr_null(data);
    ck_assert_int_eq(gruvi_stream_take(ends.stream, &data), 0);
    close_ends(&ends);
}

HUB_TEST(test_take_mixes_with_the_other_reads)
{
    struct ends ends;
    char buf[4];

    open_ends(&ends, i);
    peer_says(&ends, "li\nrest");
    ck_assert_int_eq(gruvi_stream_read_line(ends.stream, buf, sizeof buf), 3);
    takes(&ends, "rest");
    peer_says(&ends, "head!body");
    ck_assert_int_eq(gruvi_stream_read_exact(ends.stream, buf, 4), 0);
    ck_assert_mem_eq(buf, "head", 4);
    ck_assert_int_eq(gruvi_stream_read(ends.stream, buf, 1), 1);
    takes(&ends, "body");
    peer_says(&ends, "x\n");
    ck_assert_int_eq(gruvi_stream_read_line(ends.stream, buf, sizeof buf), 2);
    peer_says(&ends, "y");
    takes(&ends, "y");
    peer_says(&ends, "z");
    ck_assert_int_eq(gruvi_stream_read(ends.stream, buf, sizeof buf), 1);
    ck_assert_int_eq(buf[0], 'z');
    close_ends(&ends);
}

/* Whatever call reads next. */
HUB_TEST(test_what_is_given_back_is_read_again)
{
    struct reader r;
    struct ends ends;
    char buf[10];

    open_ends(&ends, i);
    ck_assert_int_eq(gruvi_stream_unread(NULL, "x", 1), UV_EINVAL);
    ck_assert_int_eq(gruvi_stream_unread(ends.stream, NULL, 1), UV_EINVAL);
    ck_assert_int_eq(gruvi_stream_unread(ends.stream, NULL, 0), 0);
    peer_says(&ends, "one\ntwo");
    ck_assert_int_eq(gruvi_stream_read_line(ends.stream, buf, sizeof buf), 4);
    ck_assert_int_eq(gruvi_stream_unread(ends.stream, "ne\n", 3), 0);
    ck_assert_int_eq(gruvi_stream_unread(ends.stream, "O", 1), 0);
    hears_line(ends.stream, sizeof buf, "One\n");
    /* A part of what was lent. */
    ck_assert_int_eq(gruvi_stream_take(ends.stream, &data), 3);
    ck_assert_int_eq(gruvi_stream_unread(ends.stream, data + 1, 2), 0);
    takes(&ends, "wo");
    begin_read(&r, ends.stream, READ, 10);
    ck_assert_int_eq(gruvi_stream_unread(ends.stream, "x", 1), UV_EBUSY);
    peer_closes(&ends);
    ck_assert_int_eq(end_read(&r), 0);
    /* Also behind the end. */
    ck_assert_int_eq(gruvi_stream_unread(ends.stream, "late", 4), 0);
    takes(&ends, "late");
    ck_assert_int_eq(gruvi_stream_read(ends.stream, buf, 1), 0);
    close_ends(&ends);
}

/* The writes wait meanwhile, for a peer that is slow. */
static int
echo_much(void *arg)
{
    struct ends *ends = arg;
    char *taken;
    ssize_t n;
    int err;

    while ((n = gruvi_stream_take(ends->stream, &taken)) > 0) {
        err = gruvi_stream_write(ends->stream, taken, (size_t)n);
        if (err < 0)
            return err;
    }
    return (int)n;
}

HUB_TEST(test_what_was_taken_stays_while_it_is_written)
{
    enum { MUCH = 300000 };
    static char out[MUCH], in[MUCH];
    size_t sent = 0, got = 0;
    gruvi_fiber_t *fiber;
    struct ends ends;
    ssize_t n;

    fill_pattern(out, sizeof out, 0);
    open_ends(&ends, i);
    shrink(&ends);
    fiber = spawn(echo_much, &ends);
    while (got < MUCH) {
        n = write(ends.peer, out + sent, MUCH - sent);
        sent += n > 0 ? (size_t)n : 0;
        turns(1);
        n = read(ends.peer, in + got, MUCH - got > 777 ? 777 : MUCH - got);
        got += n > 0 ? (size_t)n : 0;
    }
    ck_assert(is_pattern(in, MUCH, 0));
    peer_closes(&ends);
    ck_assert_int_eq(finish(fiber), 0);
    close_ends(&ends);
}

HUB_TEST(test_a_take_that_fails_takes_nothing_and_says_so)
{
    struct ends ends;
    struct reader r;

    open_ends(&ends, i);
    gruvi_stream_set_timeout(ends.stream, 0);
    data = (char *)&ends;
    ck_assert_int_eq(gruvi_stream_take(ends.stream, &data), UV_ETIMEDOUT);
    ck_assert_ptr_null(data);
    gruvi_stream_set_timeout(ends.stream, GRUVI_FOREVER);
    begin_read(&r, ends.stream, READ, 100);
    ck_assert_int_eq(gruvi_stream_take(ends.stream, &data), UV_EBUSY);
    peer_says(&ends, "abc");
    ck_assert_int_eq(end_read(&r), 3);
    peer_says(&ends, "def");
    takes(&ends, "def");
    close_ends(&ends);
}

HUB_TEST(test_a_reset_is_told)
{
    struct ends ends;

    open_ends(&ends, NET_TCP);
    peer_resets(&ends);
    ck_assert_int_eq(gruvi_stream_take(ends.stream, &data), UV_ECONNRESET);
    ck_assert_ptr_null(data);
    close_ends(&ends);
}

/* The memory of what was taken goes when it waits for more. */
static int
take_one(void *arg)
{
    char *taken;
    ssize_t n = gruvi_stream_take(arg, &taken);

    return n < 0 ? (int)n : 0;
}

HUB_TEST(test_a_stream_that_waits_has_no_memory)
{
    enum { N = 50, MOST = 4096 };
    gruvi_fiber_t *fibers[N];
    struct ends ends[N];
    size_t before, used;

    for (int n = 0; n < N; n++) {
        open_ends(&ends[n], i);
        peer_says(&ends[n], "x");
        takes(&ends[n], "x");
    }
    before = mallinfo2().uordblks;
    for (int n = 0; n < N; n++)
        fibers[n] = spawn(take_one, ends[n].stream);
    turns(1);
    ck_assert_str_eq(gruvi_fiber_waiting_for(fibers[N - 1]), "read");
    used = mallinfo2().uordblks;
    /* Each has had its 32 KiB, where malloc() is the one that tells. */
    if (before > (size_t)N * 32768)
        ck_assert_uint_le(used, before - (size_t)N * (32768 - MOST));
    for (int n = 0; n < N; n++) {
        peer_closes(&ends[n]);
        ck_assert_int_eq(finish(fibers[n]), 0);
        close_ends(&ends[n]);
    }
}

static size_t
kept(gruvi_hub_t *hub)
{
    return hub->spare_buffer == NULL ? 0
                                     : malloc_usable_size(hub->spare_buffer);
}

/* What the hub keeps is lent to one stream at a time. */
HUB_TEST(test_no_two_streams_have_the_same_memory)
{
    struct ends a, b;
    char *of_a;

    open_ends(&a, i);
    open_ends(&b, i);
    for (int n = 0; n < 3; n++) {
        peer_says(&a, "of a");
        peer_says(&b, "of b");
        takes(&a, "of a");
        of_a = data;
        takes(&b, "of b");
        ck_assert_ptr_ne(data, of_a);
        ck_assert_mem_eq(of_a, "of a", 4);
        ck_assert_int_eq(gruvi_stream_read(a.stream, NULL, 0), 0);
        ck_assert_mem_eq(data, "of b", 4);
        ck_assert_int_eq(gruvi_stream_read(b.stream, NULL, 0), 0);
    }
    close_ends(&a);
    close_ends(&b);
}

/* But for tools that look for its use afterwards. */
HUB_TEST(test_the_hub_keeps_memory_that_was_lent)
{
    struct ends ends;

    open_ends(&ends, i);
    ck_assert_uint_eq(kept(hub), 0);
    peer_says(&ends, "one");
    takes(&ends, "one");
    ck_assert_int_eq(gruvi_stream_read(ends.stream, NULL, 0), 0);
#ifndef GRUVI__ASAN
    if (!RUNNING_ON_VALGRIND)
        ck_assert_uint_ge(kept(hub), GRUVI__TAKE_SIZE);
#endif
    peer_says(&ends, "two");
    takes(&ends, "two");
    ck_assert_uint_eq(kept(hub), 0);
    close_ends(&ends);
}

int
main(void)
{
    Suite *suite = suite_create("stream_take");
    TCase *tc = tcase_create("take");

    tcase_add_loop_test(tc, test_take_gets_what_is_there_and_then_the_end, 0,
                        NET_KINDS);
    tcase_add_loop_test(tc, test_take_mixes_with_the_other_reads, 0, NET_KINDS);
    tcase_add_loop_test(tc, test_what_is_given_back_is_read_again, 0,
                        NET_KINDS);
    tcase_add_loop_test(tc, test_what_was_taken_stays_while_it_is_written, 0,
                        NET_KINDS);
    tcase_add_loop_test(tc, test_a_take_that_fails_takes_nothing_and_says_so, 0,
                        NET_KINDS);
    tcase_add_test(tc, test_a_reset_is_told);
    tcase_add_loop_test(tc, test_no_two_streams_have_the_same_memory, 0,
                        NET_KINDS);
    tcase_add_loop_test(tc, test_the_hub_keeps_memory_that_was_lent, 0,
                        NET_KINDS);
    tcase_add_loop_test(tc, test_a_stream_that_waits_has_no_memory, 0,
                        NET_KINDS);
    suite_add_tcase(suite, tc);
    return run_suite(suite);
}
