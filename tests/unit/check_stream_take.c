/* SPDX-License-Identifier: MIT */
/* gruvi_stream_take(), over TCP and Unix sockets. */
#include <malloc.h>

#include "unit/net.h"

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

int
main(void)
{
    Suite *suite = suite_create("stream_take");
    TCase *tc = tcase_create("take");

    tcase_add_loop_test(tc, test_take_gets_what_is_there_and_then_the_end, 0,
                        NET_KINDS);
    tcase_add_loop_test(tc, test_take_mixes_with_the_other_reads, 0, NET_KINDS);
    tcase_add_loop_test(tc, test_what_was_taken_stays_while_it_is_written, 0,
                        NET_KINDS);
    tcase_add_loop_test(tc, test_a_take_that_fails_takes_nothing_and_says_so, 0,
                        NET_KINDS);
    tcase_add_test(tc, test_a_reset_is_told);
    tcase_add_loop_test(tc, test_a_stream_that_waits_has_no_memory, 0,
                        NET_KINDS);
    suite_add_tcase(suite, tc);
    return run_suite(suite);
}
