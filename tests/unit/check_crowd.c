/* SPDX-License-Identifier: MIT */
/* Many connections at once, in one process, both ends ours. */
#include "unit/net.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>

#define MANY     1000
#define MESSAGES 10
#define RESETS   200

/* Room for n connections; false where the system has none. */
static bool
have_descriptors(rlim_t n)
{
    struct rlimit limit;

    ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &limit), 0);
    if (limit.rlim_cur < 2 * n + 50 && limit.rlim_cur < limit.rlim_max) {
        limit.rlim_cur = limit.rlim_max;
        ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &limit), 0);
    }
    if (limit.rlim_cur >= 2 * n + 50)
        return true;
    printf("skipped: %d connections want more descriptors\n", (int)n);
    return false;
}

struct crowd {
    gruvi_listener_t *listener;
    char address[GRUVI_ADDRESS_SIZE];
    gruvi_fiber_t *server;
    gruvi_group_t clients;
    int arrived, done;
    gruvi_event_t all_there;
};

static int
echo(gruvi_stream_t *stream, void *arg)
{
    char buf[1000];
    ssize_t n;
    int err = 0;

    (void)arg;
    while (err == 0 && (n = gruvi_stream_read(stream, buf, sizeof buf)) > 0)
        err = gruvi_stream_write(stream, buf, (size_t)n);
    return err < 0 ? err : (int)n;
}

static int
run_server(void *arg)
{
    struct crowd *crowd = arg;

    return gruvi_serve(crowd->listener, echo, NULL, NULL);
}

/* Asks only when all others are connected, too. */
static int
run_client(void *arg)
{
    struct crowd *crowd = arg;
    gruvi_stream_t *stream;
    char ask[64], answer[64];

    ck_assert_int_eq(gruvi_connect(&stream, crowd->address, NULL, 60), 0);
    if (++crowd->arrived == MANY)
        gruvi_event_set(&crowd->all_there);
    ck_assert_int_eq(gruvi_event_wait(&crowd->all_there, 60), 0);
    for (size_t n = 0; n < MESSAGES; n++) {
        fill_pattern(ask, sizeof ask, n + (size_t)crowd->done);
        ck_assert_int_eq(gruvi_stream_write(stream, ask, sizeof ask), 0);
        ck_assert_int_eq(gruvi_stream_read_exact(stream, answer, sizeof answer),
                         0);
        ck_assert_mem_eq(answer, ask, sizeof ask);
    }
    gruvi_stream_close(stream);
    crowd->done++;
    return 0;
}

static void
begin_crowd(struct crowd *crowd, int kind)
{
    memset(crowd, 0, sizeof *crowd);
    crowd->listener = net_listen(kind, crowd->address);
    crowd->server = spawn(run_server, crowd);
    ck_assert_int_eq(gruvi_event_init(&crowd->all_there), 0);
    ck_assert_int_eq(gruvi_group_init(&crowd->clients, "clients"), 0);
}

static void
add_clients(struct crowd *crowd, gruvi_fiber_fn client, int n)
{
    while (n-- > 0)
        gruvi_fiber_unref(gruvi_group_spawn(&crowd->clients, client, crowd));
}

static void
end_crowd(struct crowd *crowd)
{
    ck_assert_int_eq(gruvi_group_join(&crowd->clients, GRUVI_FOREVER), 0);
    gruvi_group_destroy(&crowd->clients);
    gruvi_event_destroy(&crowd->all_there);
    gruvi_fiber_cancel(crowd->server, NULL);
    ck_assert_int_eq(finish(crowd->server), UV_ECANCELED);
    gruvi_listener_close(crowd->listener);
}

HUB_TEST(test_a_thousand_connections_echo)
{
    struct crowd crowd;

    if (!have_descriptors(MANY))
        return;
    begin_crowd(&crowd, i);
    add_clients(&crowd, run_client, MANY);
    end_crowd(&crowd);
    ck_assert_int_eq(crowd.done, MANY);
    ck_assert_int_eq(logged(NULL), 0);
}

/* Sends more than comes back before it breaks the connection. */
static int
run_breaker(void *arg)
{
    struct linger linger = {.l_onoff = 1, .l_linger = 0};
    struct crowd *crowd = arg;
    gruvi_stream_t *stream;
    char buf[5000] = "";

    ck_assert_int_eq(gruvi_connect(&stream, crowd->address, NULL, 60), 0);
    for (int n = 0; n < 4; n++)
        ck_assert_int_eq(gruvi_stream_write(stream, buf, sizeof buf), 0);
    ck_assert_int_gt(gruvi_stream_read(stream, buf, sizeof buf), 0);
    ck_assert_int_eq(setsockopt(gruvi_stream_fd(stream), SOL_SOCKET, SO_LINGER,
                                &linger, sizeof linger),
                     0);
    gruvi_stream_close(stream);
    return 0;
}

static int
run_bystander(void *arg)
{
    struct crowd *crowd = arg;

    crowd->arrived = MANY - 1;
    return run_client(crowd);
}

HUB_TEST(test_two_hundred_resets_harm_nobody)
{
    struct crowd crowd;

    if (!have_descriptors(RESETS))
        return;
    begin_crowd(&crowd, NET_TCP);
    for (int n = 0; n < 10; n++) {
        add_clients(&crowd, run_breaker, RESETS / 10);
        add_clients(&crowd, run_bystander, 1);
    }
    /* The server alone is left: every handler has noticed. */
    wait_until(gruvi_group_size(&crowd.clients) == 0 && fibers_of(hub) == 1);
    end_crowd(&crowd);
    ck_assert_int_eq(crowd.done, 10);
    ck_assert_int_eq(logged("warning"), 0);
    ck_assert_int_eq(logged("error"), 0);
}

int
main(void)
{
    Suite *suite = suite_create("crowd");
    TCase *tc = tcase_create("crowd");

    tcase_add_loop_test(tc, test_a_thousand_connections_echo, 0, NET_KINDS);
    tcase_add_test(tc, test_two_hundred_resets_harm_nobody);
    tcase_set_timeout(tc, 60);
    suite_add_tcase(suite, tc);
    return run_suite(suite);
}
