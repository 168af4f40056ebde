/* SPDX-License-Identifier: MIT */
/*
 * Streams without memory: each allocation of a call fails in turn, alone and
 * with all that follow.  A call that failed has left nothing behind, and works
 * as soon as there is memory again.
 */
#include "unit/net.h"

#include <stdlib.h>

#include "unit/failing.h"

struct stage {
    gruvi_listener_t *listener;
    char address[GRUVI_ADDRESS_SIZE];
    struct ends ends;
};

/* What is there before, and what is tried twice; it returns 0 or its error. */
struct operation {
    void (*prepare)(struct stage *stage);
    int (*run)(struct stage *stage);
};

/* --- operations --------------------------------------------------------------
 */

static void
prepare_nothing(struct stage *stage)
{
    (void)stage;
}

static int
listen_to(const char *address)
{
    gruvi_listener_t *listener;
    int err = gruvi_listen(&listener, address, NULL);

    ck_assert_int_eq(listener != NULL, err == 0);
    gruvi_listener_close(listener);
    return err;
}

static int
listen_tcp(struct stage *stage)
{
    (void)stage;
    return listen_to("tcp://127.0.0.1:0");
}

static int
listen_by_name(struct stage *stage)
{
    (void)stage;
    return listen_to("tcp://localhost:0");
}

static int
listen_unix(struct stage *stage)
{
    (void)stage;
    return listen_to(net_address(NET_UNIX));
}

static void
prepare_listener(struct stage *stage)
{
    stage->listener = net_listen(NET_UNIX, stage->address);
}

static int
connect_unix(struct stage *stage)
{
    gruvi_stream_t *stream;
    int err = gruvi_connect(&stream, stage->address, NULL, GRUVI_FOREVER);

    ck_assert_int_eq(stream != NULL, err == 0);
    gruvi_stream_close(stream);
    return err;
}

static void
prepare_tcp_listener(struct stage *stage)
{
    stage->listener = net_listen(NET_TCP, stage->address);
}

static void
prepare_queue(struct stage *stage)
{
    prepare_listener(stage);
    for (int n = 0; n < 2; n++)
        close(net_connect(stage->address));
}

static int
accept_one(struct stage *stage)
{
    gruvi_stream_t *stream;
    int err = gruvi_accept(stage->listener, &stream, 0);

    ck_assert_int_eq(stream != NULL, err == 0);
    gruvi_stream_close(stream);
    return err;
}

static void
prepare_stream(struct stage *stage)
{
    open_ends(&stage->ends, NET_UNIX);
}

/* Nothing is there, so it has to have itself watched. */
static int
wait_to_read(struct stage *stage)
{
    char c;
    ssize_t n;

    gruvi_stream_set_timeout(stage->ends.stream, 0.0001);
    n = gruvi_stream_read(stage->ends.stream, &c, 1);
    return n == UV_ETIMEDOUT ? 0 : (int)n;
}

static void
prepare_lines(struct stage *stage)
{
    prepare_stream(stage);
    peer_says(&stage->ends, "line\nline\n");
}

static int
read_a_line(struct stage *stage)
{
    char buf[10];
    ssize_t n = gruvi_stream_read_line(stage->ends.stream, buf, sizeof buf);

    return n == 5 ? 0 : (int)n;
}

static int
read_five(struct stage *stage)
{
    char buf[5];

    return gruvi_stream_read_exact(stage->ends.stream, buf, sizeof buf);
}

/* Longer than the buffer is at first. */
static void
prepare_long_lines(struct stage *stage)
{
    char buf[10000];

    prepare_stream(stage);
    memset(buf, 'a', sizeof buf);
    buf[4999] = buf[9999] = '\n';
    peer_writes(&stage->ends, buf, sizeof buf);
}

static int
read_a_long_line(struct stage *stage)
{
    char buf[6000];
    ssize_t n = gruvi_stream_read_line(stage->ends.stream, buf, sizeof buf);

    return n == 5000 ? 0 : (int)n;
}

static int
take_all(struct stage *stage)
{
    char *data;
    ssize_t n;

    peer_says(&stage->ends, "some");
    n = gruvi_stream_take(stage->ends.stream, &data);
    ck_assert_int_eq(data != NULL, n > 0);
    return n > 0 ? 0 : (int)n;
}

static const struct operation operations[] = {
    {prepare_nothing, listen_tcp},
    {prepare_nothing, listen_by_name},
    {prepare_nothing, listen_unix},
    {prepare_listener, connect_unix},
    {prepare_tcp_listener, connect_unix},
    {prepare_queue, accept_one},
    {prepare_stream, wait_to_read},
    {prepare_lines, read_a_line},
    {prepare_lines, read_five},
    {prepare_stream, take_all},
    {prepare_long_lines, read_a_long_line},
};

/* --- each allocation fails in turn ------------------------------------------
 */

static const struct operation *operation;

static void
try(void *arg)
{
    struct stage stage = {.ends = {NULL, -1}};
    struct trial *trial = arg;
    gruvi_hub_t *hub;
    int err;

    count_allocations();
    hub = gruvi_get_hub();
    operation->prepare(&stage);
    fail_allocation(trial->n, trial->all);
    err = operation->run(&stage);
    trial->failed = stop_failing() > 0;
    if (err != 0) {
        ck_assert(trial->failed);
        ck_assert_int_eq(err, UV_ENOMEM);
    }
    ck_assert_int_eq(operation->run(&stage), 0);
    close_ends(&stage.ends);
    gruvi_listener_close(stage.listener);
    ck_assert_int_eq(gruvi_hub_close(hub), 0);
}

THREAD_TEST(test_each_call_survives_each_allocation_that_fails)
{
    start_io_pool();
    operation = &operations[i];
    ck_assert_int_gt(sweep(try, false), 0);
    ck_assert_int_gt(sweep(try, true), 0);
}

/* They went into the caller's memory and cannot be put back. */
HUB_TEST(test_reads_do_not_go_on_behind_bytes_that_are_lost)
{
    char *buf = calloc(1, 10000);
    struct ends ends;

    count_allocations();
    open_ends(&ends, NET_UNIX);
    peer_writes(&ends, buf, 5000);
    gruvi_stream_set_timeout(ends.stream, 0.0001);
    ck_assert_int_eq(gruvi_stream_read_exact(ends.stream, buf, 10000),
                     UV_ETIMEDOUT);
    fail_allocation(1, true);
    ck_assert_int_eq(gruvi_stream_read_exact(ends.stream, buf, 10000),
                     UV_ENOMEM);
    ck_assert_int_eq(stop_failing(), 1);
    peer_says(&ends, "behind\n");
    for (int way = 0; way < READS; way++)
        ck_assert_int_eq(read_by(way, ends.stream, buf, 1), UV_ENOMEM);
    ck_assert_int_eq(gruvi_stream_write(ends.stream, "x", 1), 0);
    close_ends(&ends);
    free(buf);
}

static int
answer(gruvi_stream_t *stream, void *arg)
{
    (void)arg;
    return gruvi_stream_write(stream, "served", 6);
}

static int
run_server(void *arg)
{
    return gruvi_serve(arg, answer, NULL, NULL);
}

/* It waits a moment, and tries again. */
HUB_TEST(test_a_server_survives_an_allocation_that_fails)
{
    struct ends client = {NULL, -1};
    char address[GRUVI_ADDRESS_SIZE];
    gruvi_listener_t *listener = net_listen(NET_UNIX, address);
    gruvi_fiber_t *server = spawn(run_server, listener);
    char c;

    count_allocations();
    turns(1);
    fail_allocation(i, false);
    client.peer = net_connect(address);
    while (recv(client.peer, &c, 1, MSG_PEEK | MSG_DONTWAIT) < 0)
        ck_assert_int_eq(gruvi_sleep(0.0005), 0);
    stop_failing();
    peer_hears(&client, "served");
    close_ends(&client);
    gruvi_fiber_cancel(server, NULL);
    ck_assert_int_eq(finish(server), UV_ECANCELED);
    gruvi_listener_close(listener);
}

int
main(void)
{
    Suite *suite = suite_create("stream_memory");
    TCase *tc = tcase_create("memory");

    failing_begin();
    tcase_add_loop_test(tc, test_each_call_survives_each_allocation_that_fails,
                        0, sizeof operations / sizeof *operations);
    tcase_add_test(tc, test_reads_do_not_go_on_behind_bytes_that_are_lost);
    tcase_add_loop_test(tc, test_a_server_survives_an_allocation_that_fails, 1,
                        6);
    suite_add_tcase(suite, tc);
    return run_suite(suite);
}
