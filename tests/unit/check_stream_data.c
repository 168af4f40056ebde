/* SPDX-License-Identifier: MIT */
/* What a program keeps with a stream. */
#include "unit/net.h"

/* What was destroyed, in order, and what the stream had then. */
static struct {
    unsigned n;
    void *data[4];
    void *found[4];
    uint64_t traffic;
} destroyed;

static gruvi_stream_t *looked_at;

static void
destroy(void *data)
{
    destroyed.data[destroyed.n] = data;
    destroyed.found[destroyed.n] = gruvi_stream_data(looked_at);
    destroyed.traffic = gruvi_stream_traffic(looked_at);
    destroyed.n++;
}

static void
begin(struct ends *ends, int kind)
{
    open_ends(ends, kind);
    looked_at = ends->stream;
    memset(&destroyed, 0, sizeof destroyed);
}

HUB_TEST(test_a_stream_keeps_data)
{
    struct ends ends;
    int one;

    begin(&ends, i);
    ck_assert_ptr_null(gruvi_stream_data(ends.stream));
    gruvi_stream_set_data(ends.stream, &one, NULL);
    ck_assert_ptr_eq(gruvi_stream_data(ends.stream), &one);
    close_ends(&ends);
}

HUB_TEST(test_data_is_destroyed_when_the_stream_is_closed)
{
    struct ends ends;
    int one;

    begin(&ends, i);
    peer_says(&ends, "line\n");
    hears_line(ends.stream, 10, "line\n");
    gruvi_stream_set_data(ends.stream, &one, destroy);
    ck_assert_uint_eq(destroyed.n, 0);
    close_ends(&ends);
    ck_assert_uint_eq(destroyed.n, 1);
    ck_assert_ptr_eq(destroyed.data[0], &one);
    /* The stream was still there to be asked. */
    ck_assert_uint_eq(destroyed.traffic, 5);
}

HUB_TEST(test_data_that_is_replaced_is_destroyed)
{
    struct ends ends;
    int one, two;

    begin(&ends, i);
    gruvi_stream_set_data(ends.stream, &one, destroy);
    gruvi_stream_set_data(ends.stream, &two, destroy);
    ck_assert_uint_eq(destroyed.n, 1);
    ck_assert_ptr_eq(destroyed.data[0], &one);
    ck_assert_ptr_eq(destroyed.found[0], &two);
    gruvi_stream_set_data(ends.stream, NULL, NULL);
    ck_assert_uint_eq(destroyed.n, 2);
    ck_assert_ptr_eq(destroyed.data[1], &two);
    close_ends(&ends);
    ck_assert_uint_eq(destroyed.n, 2);
}

HUB_TEST(test_nothing_is_not_destroyed)
{
    struct ends ends;

    begin(&ends, i);
    gruvi_stream_set_data(ends.stream, NULL, destroy);
    close_ends(&ends);
    ck_assert_uint_eq(destroyed.n, 0);
}

static int
read_on(void *arg)
{
    char c;

    return (int)gruvi_stream_read(arg, &c, 1);
}

HUB_TEST(test_data_goes_at_the_close_and_not_with_the_last_call)
{
    gruvi_fiber_t *reader;
    struct ends ends;
    int one;

    begin(&ends, i);
    reader = gruvi_spawn(read_on, ends.stream);
    gruvi_sleep(0);
    gruvi_stream_set_data(ends.stream, &one, destroy);
    close_ends(&ends);
    ck_assert_uint_eq(destroyed.n, 1);
    ck_assert_int_eq(gruvi_fiber_join(reader, GRUVI_FOREVER), 0);
    ck_assert_int_eq(gruvi_fiber_status(reader), UV_ECONNABORTED);
    gruvi_fiber_unref(reader);
    ck_assert_uint_eq(destroyed.n, 1);
}

int
main(void)
{
    Suite *suite = suite_create("stream_data");
    TCase *tc = tcase_create("data");

    tcase_add_loop_test(tc, test_a_stream_keeps_data, 0, NET_KINDS);
    tcase_add_loop_test(tc, test_data_is_destroyed_when_the_stream_is_closed, 0,
                        NET_KINDS);
    tcase_add_loop_test(tc, test_data_that_is_replaced_is_destroyed, 0,
                        NET_KINDS);
    tcase_add_loop_test(tc, test_nothing_is_not_destroyed, 0, NET_KINDS);
    tcase_add_loop_test(tc,
                        test_data_goes_at_the_close_and_not_with_the_last_call,
                        0, NET_KINDS);
    suite_add_tcase(suite, tc);
    return run_suite(suite);
}
