/* SPDX-License-Identifier: MIT */
/* Reading, of all three kinds; looped tests run over TCP and Unix sockets. */
#include "unit/net.h"

#include <stdlib.h>

#include "io/stream/stream.h"

#define SHORT 0.002

/* --- read -------------------------------------------------------------------
 */

HUB_TEST(test_a_read_returns_what_is_there)
{
    struct ends ends;

    open_ends(&ends, i);
    peer_says(&ends, "hello");
    hears(ends.stream, "hello");
    close_ends(&ends);
}

HUB_TEST(test_a_read_takes_no_more_than_fits)
{
    struct ends ends;
    char buf[3];

    open_ends(&ends, i);
    peer_says(&ends, "hello");
    ck_assert_int_eq(gruvi_stream_read(ends.stream, buf, 3), 3);
    hears(ends.stream, "lo");
    close_ends(&ends);
}

HUB_TEST(test_a_read_waits_for_the_first_byte)
{
    struct reader r;
    struct ends ends;

    open_ends(&ends, i);
    begin_read(&r, ends.stream, READ, 100);
    peer_says(&ends, "x");
    ck_assert_int_eq(end_read(&r), 1);
    ck_assert_int_eq(r.buf[0], 'x');
    close_ends(&ends);
}

HUB_TEST(test_a_read_of_no_bytes_does_not_wait)
{
    struct ends ends;
    char c;

    open_ends(&ends, i);
    ck_assert_int_eq(gruvi_stream_read(ends.stream, &c, 0), 0);
    ck_assert_int_eq(gruvi_stream_read_exact(ends.stream, &c, 0), 0);
    ck_assert_int_eq(gruvi_stream_read_line(ends.stream, &c, 0), UV_E2BIG);
    peer_says(&ends, "x");
    ck_assert_int_eq(gruvi_stream_read(ends.stream, &c, 0), 0);
    hears(ends.stream, "x");
    close_ends(&ends);
}

HUB_TEST(test_the_end_comes_after_the_data_and_stays)
{
    struct ends ends;
    char c;

    open_ends(&ends, i);
    peer_says(&ends, "last words");
    peer_closes(&ends);
    hears(ends.stream, "last words");
    hears(ends.stream, "");
    hears(ends.stream, "");
    ck_assert_int_eq(gruvi_stream_read_line(ends.stream, &c, 1), 0);
    ck_assert_int_eq(gruvi_stream_read_exact(ends.stream, &c, 1), UV_EOF);
    close_ends(&ends);
}

/* A short read makes the next one wait first.  It must not miss what came
 * between them, whether the loop has seen it by then or not. */
static void
check_after_short_read(int kind, bool seen, bool armed)
{
    struct reader r;
    struct ends ends;

    open_ends(&ends, kind);
    if (armed) {
        begin_read(&r, ends.stream, READ, 100);
        peer_says(&ends, "-");
        ck_assert_int_eq(end_read(&r), 1);
    }
    peer_says(&ends, "a");
    hears(ends.stream, "a");
    peer_says(&ends, "b");
    if (seen)
        turns(3);
    hears(ends.stream, "b");
    peer_closes(&ends);
    if (seen)
        turns(3);
    hears(ends.stream, "");
    close_ends(&ends);
}

HUB_TEST(test_a_short_read_loses_nothing_that_comes_next)
{
    check_after_short_read(i, false, false);
    check_after_short_read(i, false, true);
    check_after_short_read(i, true, false);
    check_after_short_read(i, true, true);
}

HUB_TEST(test_a_reset_is_an_error_and_stays_one)
{
    struct ends ends;
    char c;

    open_ends(&ends, NET_TCP);
    peer_says(&ends, "x");
    hears(ends.stream, "x");
    peer_resets(&ends);
    for (int way = 0; way < READS; way++)
        ck_assert_int_eq(read_by(way, ends.stream, &c, 1), UV_ECONNRESET);
    close_ends(&ends);
}

HUB_TEST(test_a_reset_wakes_each_kind_of_read)
{
    struct reader r;
    struct ends ends;

    open_ends(&ends, NET_TCP);
    begin_read(&r, ends.stream, i, 2);
    peer_resets(&ends);
    ck_assert_int_eq(end_read(&r), UV_ECONNRESET);
    close_ends(&ends);
}

/* The kernel says it once, and here the writer was told. */
HUB_TEST(test_a_reset_that_a_write_has_met_is_no_end_of_stream)
{
    struct ends ends;
    char c;

    open_ends(&ends, NET_TCP);
    peer_resets(&ends);
    ck_assert_int_eq(gruvi_stream_write(ends.stream, "x", 1), UV_ECONNRESET);
    ck_assert_int_eq(gruvi_stream_read(ends.stream, &c, 1), UV_ECONNRESET);
    close_ends(&ends);
}

/* --- timeouts --------------------------------------------------------------
 */

HUB_TEST(test_a_timeout_loses_nothing)
{
    struct ends ends;
    char buf[8];

    open_ends(&ends, NET_TCP);
    gruvi_stream_set_timeout(ends.stream, SHORT);
    if (i != READ)
        peer_says(&ends, "ab");
    ck_assert_int_eq(read_by(i, ends.stream, buf, 4), UV_ETIMEDOUT);
    ck_assert_int_eq(read_by(i, ends.stream, buf, 4), UV_ETIMEDOUT);
    gruvi_stream_set_timeout(ends.stream, GRUVI_FOREVER);
    if (i == READ)
        peer_says(&ends, "ab");
    peer_says(&ends, "c\n");
    ck_assert_int_gt(gruvi_stream_read(ends.stream, buf, 1), 0);
    ck_assert_int_eq(buf[0], 'a');
    ck_assert_int_eq(gruvi_stream_read_exact(ends.stream, buf, 3), 0);
    ck_assert_mem_eq(buf, "bc\n", 3);
    close_ends(&ends);
}

HUB_TEST(test_a_timeout_of_zero_reads_what_is_there)
{
    struct ends ends;
    char buf[8];

    open_ends(&ends, i);
    gruvi_stream_set_timeout(ends.stream, 0);
    for (int round = 0; round < 3; round++) {
        ck_assert_int_eq(gruvi_stream_read(ends.stream, buf, 8), UV_ETIMEDOUT);
        peer_says(&ends, "x");
        hears(ends.stream, "x");
        peer_says(&ends, "yz");
        hears(ends.stream, "yz");
    }
    close_ends(&ends);
}

/* The loop does not run while somebody computes; the timeout passes, and the
 * hub looks at timeouts before it looks at descriptors. */
HUB_TEST(test_data_that_came_in_time_is_read_after_the_timeout)
{
    struct reader r;
    struct ends ends;
    uint64_t began;

    open_ends(&ends, i);
    gruvi_stream_set_timeout(ends.stream, SHORT);
    begin_read(&r, ends.stream, READ, 100);
    began = uv_hrtime();
    peer_says(&ends, "in time");
    while (uv_hrtime() - began < 2 * SHORT * 1e9)
        ;
    ck_assert_int_eq(end_read(&r), 7);
    close_ends(&ends);
}

/* All waits of a call share its timeout: bytes that trickle do not prolong it.
 */
static int
trickle(void *arg)
{
    struct ends *ends = arg;

    for (;;) {
        int err = gruvi_sleep(SHORT / 4);

        if (err < 0)
            return err;
        peer_says(ends, "x");
    }
}

HUB_TEST(test_bytes_that_trickle_do_not_prolong_a_timeout)
{
    struct ends ends;
    gruvi_fiber_t *fiber;
    char buf[8192];

    open_ends(&ends, NET_TCP);
    fiber = spawn(trickle, &ends);
    gruvi_stream_set_timeout(ends.stream, 4 * SHORT);
    ck_assert_int_eq(read_by(i, ends.stream, buf, sizeof buf), UV_ETIMEDOUT);
    gruvi_fiber_cancel(fiber, NULL);
    ck_assert_int_eq(finish(fiber), UV_ECANCELED);
    close_ends(&ends);
}

HUB_TEST(test_a_stream_that_waits_has_no_buffer)
{
    struct reader r;
    struct ends ends;

    open_ends(&ends, NET_TCP);
    begin_read(&r, ends.stream, i, 100);
    ck_assert_ptr_null(ends.stream->buffer.data);
    peer_closes(&ends);
    ck_assert_int_le(end_read(&r), 0);
    ck_assert_ptr_null(ends.stream->buffer.data);
    close_ends(&ends);
}

/* --- calls that never wait -------------------------------------------------
 */

/* What each read takes is there before it. */
static int
read_eagerly(struct ends *ends, int way)
{
    ssize_t n;
    char c;

    do {
        peer_says(ends, "\n");
        c = 0;
        n = read_by(way, ends->stream, &c, 1);
        ck_assert_int_eq(c, n < 0 ? 0 : '\n');
    } while (n >= 0);
    return (int)n;
}

/* The last one took nothing. */
HUB_TEST(test_reads_that_never_wait_meet_a_deadline)
{
    struct ends ends;

    open_ends(&ends, NET_UNIX);
    GRUVI_WITH_SWITCH_BACK (sb, SHORT) {
        ck_assert_int_eq(read_eagerly(&ends, i), UV_ETIMEDOUT);
    }
    hears(ends.stream, "\n");
    close_ends(&ends);
}

/* --- all of it mixed --------------------------------------------------------
 */

#define MIXED 100000

struct writer {
    struct ends *ends;
    const char *data;
    unsigned seed;
};

/* Segments of random sizes, and now and then a pause between them. */
static int
write_segments(void *arg)
{
    struct writer *w = arg;
    size_t done = 0;

    while (done < MIXED) {
        size_t len = 1 + (size_t)rand_r(&w->seed) % 300;
        ssize_t n;

        if (rand_r(&w->seed) % 50 == 0)
            len *= 40;
        if (len > MIXED - done)
            len = MIXED - done;
        n = send(w->ends->peer, w->data + done, len, MSG_NOSIGNAL);
        if (n > 0)
            done += (size_t)n;
        if (n < 0 || rand_r(&w->seed) % 4 == 0)
            turns(1);
    }
    peer_closes(w->ends);
    return 0;
}

HUB_TEST(test_reads_of_all_kinds_mix)
{
    struct ends ends;
    struct writer w = {.ends = &ends, .seed = (unsigned)i};
    unsigned seed = (unsigned)i + 100;
    static char data[MIXED], buf[12000];
    gruvi_fiber_t *fiber;
    size_t done = 0;

    for (size_t at = 0; at < MIXED; at++)
        data[at] = rand_r(&seed) % 60 == 0 ? '\n' : (char)('a' + at % 26);
    memset(data + 20000, 'x', 11000);
    w.data = data;
    open_ends(&ends, i % NET_KINDS);
    fiber = spawn(write_segments, &w);
    while (done < MIXED) {
        int way = rand_r(&seed) % READS;
        size_t len = 1 + (size_t)rand_r(&seed) % 200;
        ssize_t n;

        if (rand_r(&seed) % 20 == 0)
            len *= 60;
        gruvi_stream_set_timeout(ends.stream,
                                 rand_r(&seed) % 3 == 0 ? 0 : GRUVI_FOREVER);
        n = read_by(way, ends.stream, buf, len);
        if (way == READ_EXACT && n == 0)
            n = (ssize_t)len;
        if (n == UV_ETIMEDOUT || n == UV_E2BIG || n == UV_EOF) {
            turns(1);
            continue;
        }
        ck_assert_int_gt(n, 0);
        ck_assert_mem_eq(buf, data + done, (size_t)n);
        if (way == READ_LINE) {
            const char *end = memchr(buf, '\n', (size_t)n);

            if (end == NULL)
                ck_assert_uint_eq(done + (size_t)n, MIXED);
            else
                ck_assert_ptr_eq(end, buf + n - 1);
        }
        done += (size_t)n;
    }
    ck_assert_int_eq(finish(fiber), 0);
    hears(ends.stream, "");
    close_ends(&ends);
}

static TCase *
reading(void)
{
    TCase *tc = tcase_create("read");

    tcase_add_loop_test(tc, test_a_read_returns_what_is_there, 0, NET_KINDS);
    tcase_add_loop_test(tc, test_a_read_takes_no_more_than_fits, 0, NET_KINDS);
    tcase_add_loop_test(tc, test_a_read_waits_for_the_first_byte, 0, NET_KINDS);
    tcase_add_loop_test(tc, test_a_read_of_no_bytes_does_not_wait, 0,
                        NET_KINDS);
    tcase_add_loop_test(tc, test_the_end_comes_after_the_data_and_stays, 0,
                        NET_KINDS);
    tcase_add_loop_test(tc, test_a_short_read_loses_nothing_that_comes_next, 0,
                        NET_KINDS);
    tcase_add_test(tc, test_a_reset_is_an_error_and_stays_one);
    tcase_add_loop_test(tc, test_a_reset_wakes_each_kind_of_read, 0, READS);
    tcase_add_test(tc, test_a_reset_that_a_write_has_met_is_no_end_of_stream);
    tcase_add_loop_test(tc, test_a_timeout_loses_nothing, 0, READS);
    tcase_add_loop_test(tc, test_a_timeout_of_zero_reads_what_is_there, 0,
                        NET_KINDS);
    tcase_add_loop_test(tc,
                        test_data_that_came_in_time_is_read_after_the_timeout,
                        0, NET_KINDS);
    tcase_add_loop_test(tc, test_bytes_that_trickle_do_not_prolong_a_timeout,
                        READ_EXACT, READS);
    tcase_add_loop_test(tc, test_a_stream_that_waits_has_no_buffer, 0, READS);
    tcase_add_loop_test(tc, test_reads_that_never_wait_meet_a_deadline, 0,
                        READS);
    tcase_add_loop_test(tc, test_reads_of_all_kinds_mix, 0, 8);
    return tc;
}

int
main(void)
{
    Suite *suite = suite_create("stream_read");

    suite_add_tcase(suite, reading());
    return run_suite(suite);
}
