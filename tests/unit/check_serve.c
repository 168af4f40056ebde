/* SPDX-License-Identifier: MIT */
/* Serving: a fiber a connection. */
#include "unit/calls.h"
#include "unit/net.h"

#include <stdio.h>

#define CLIENTS 5

/* A server in a fiber. */
struct server {
    gruvi_listener_t *listener;
    gruvi_connection_fn handler;
    gruvi_serve_options_t options;
    char address[GRUVI_ADDRESS_SIZE];
    gruvi_fiber_t *fiber;
    int result;
    int running, most; /* handlers */
};

static int
run_server(void *arg)
{
    struct server *s = arg;

    s->result = gruvi_serve(s->listener, s->handler, s, &s->options);
    return 0;
}

static void
begin_server(struct server *s, gruvi_connection_fn handler, size_t max)
{
    memset(s, 0, sizeof *s);
    s->listener = net_listen(NET_TCP, s->address);
    s->handler = handler;
    s->options.max_connections = max;
    s->fiber = spawn(run_server, s);
    turns(1);
    ck_assert_str_eq(gruvi_fiber_waiting_for(s->fiber), "accept");
}

/* Cancel it, if it still runs. */
static int
end_server(struct server *s)
{
    gruvi_fiber_cancel(s->fiber, NULL);
    finish(s->fiber);
    gruvi_listener_close(s->listener);
    ck_assert_int_eq(s->running, 0);
    return s->result;
}

static int
echo(gruvi_stream_t *stream, void *arg)
{
    struct server *s = arg;
    char buf[1000];
    ssize_t n;
    int err = 0;

    if (++s->running > s->most)
        s->most = s->running;
    while (err == 0 && (n = gruvi_stream_read(stream, buf, sizeof buf)) > 0)
        err = gruvi_stream_write(stream, buf, (size_t)n);
    s->running--;
    return err < 0 ? err : (int)n;
}

static void
open_client(struct ends *client, const char *address)
{
    struct timeval patience = {.tv_sec = 0, .tv_usec = 1000};

    client->stream = NULL;
    client->peer = net_connect(address);
    setsockopt(client->peer, SOL_SOCKET, SO_RCVTIMEO, &patience,
               sizeof patience);
}

static void
check_served(struct ends *client)
{
    char c = 0;

    peer_says(client, "x");
    while (recv(client->peer, &c, 1, 0) < 0)
        turns(1);
    ck_assert_int_eq(c, 'x');
}

static void
check_ended(struct ends *client)
{
    char c;
    ssize_t n;

    while ((n = recv(client->peer, &c, 1, 0)) < 0 && errno == EAGAIN)
        turns(1);
    ck_assert_int_le(n, 0);
    close_ends(client);
}

struct pair {
    gruvi_stream_t *stream;
    bool ended;
};

/* Uses the handler's struct and its stream until it ends. */
static int
write_at_the_end(void *arg)
{
    struct pair *pair = arg;
    int err = gruvi_sleep(GRUVI_FOREVER);

    GRUVI_SHIELD {
        turns(3);
        gruvi_stream_write(pair->stream, "b", 1);
    }
    pair->ended = true;
    record("%s", gruvi_error_message());
    return err;
}

static int
handle_with_two(gruvi_stream_t *stream, void *arg)
{
    struct pair pair = {stream, false};
    int err = gruvi_go(write_at_the_end, &pair);

    return err < 0 ? err : echo(stream, arg);
}

HUB_TEST(test_what_a_handler_spawns_ends_before_its_stream_is_closed)
{
    struct ends client;
    struct server s;
    char c = 0;

    begin_server(&s, handle_with_two, 0);
    open_client(&client, s.address);
    check_served(&client);
    ck_assert_uint_eq(fibers_of(hub), 3);
    shutdown(client.peer, SHUT_WR);
    while (recv(client.peer, &c, 1, 0) < 0)
        turns(1);
    ck_assert_int_eq(c, 'b');
    check_ended(&client);
    ck_assert_str_eq(recorded(), "the function of the group has returned");
    ck_assert_int_eq(end_server(&s), UV_ECANCELED);
}

HUB_TEST(test_each_connection_has_a_fiber_of_its_own)
{
    struct ends clients[CLIENTS];
    struct server s;

    begin_server(&s, echo, 0);
    for (int n = 0; n < CLIENTS; n++)
        open_client(&clients[n], s.address);
    for (int round = 0; round < 3; round++)
        for (int n = CLIENTS - 1; n >= 0; n--)
            check_served(&clients[n]);
    ck_assert_int_eq(s.most, CLIENTS);
    ck_assert_uint_eq(fibers_of(hub), CLIENTS + 1);
    for (int n = 0; n < CLIENTS; n++)
        close_ends(&clients[n]);
    wait_until(s.running == 0);
    ck_assert_int_eq(end_server(&s), UV_ECANCELED);
    ck_assert_int_eq(logged("connection from"), 0);
}

HUB_TEST(test_a_cancel_ends_the_handlers_and_waits_for_them)
{
    struct ends clients[CLIENTS];
    struct server s;

    begin_server(&s, echo, 0);
    for (int n = 0; n < CLIENTS; n++) {
        open_client(&clients[n], s.address);
        check_served(&clients[n]);
    }
    ck_assert_int_eq(s.running, CLIENTS);
    ck_assert_int_eq(end_server(&s), UV_ECANCELED);
    for (int n = 0; n < CLIENTS; n++)
        check_ended(&clients[n]);
    ck_assert_int_eq(logged("connection from"), CLIENTS);
    ck_assert_int_eq(logged("debug Hub"), CLIENTS);
}

/* It is cancelled for good, and cleans up. */
static int
say_goodbye(gruvi_stream_t *stream, void *arg)
{
    struct server *s = arg;
    char c;
    int err;

    s->running++;
    err = (int)gruvi_stream_read(stream, &c, 1);
    ck_assert_int_eq(err, UV_ECANCELED);
    GRUVI_SHIELD {
        ck_assert_int_eq(gruvi_sleep(0.002), 0);
        ck_assert_int_eq(gruvi_stream_write(stream, "bye", 3), 0);
    }
    s->running--;
    return err;
}

HUB_TEST(test_a_handler_may_clean_up_before_the_server_ends)
{
    struct ends client;
    struct server s;

    begin_server(&s, say_goodbye, 0);
    open_client(&client, s.address);
    wait_until(s.running == 1);
    ck_assert_int_eq(end_server(&s), UV_ECANCELED);
    peer_hears(&client, "bye");
    check_ended(&client);
}

HUB_TEST(test_the_close_of_the_listener_ends_it)
{
    struct ends client;
    struct server s;

    begin_server(&s, echo, i == 0 ? 0 : 1);
    open_client(&client, s.address);
    check_served(&client);
    gruvi_listener_close(s.listener);
    s.listener = NULL;
    wait_until(!gruvi_fiber_alive(s.fiber));
    ck_assert_int_eq(end_server(&s), UV_ECONNABORTED);
    check_ended(&client);
}

HUB_TEST(test_at_the_limit_it_does_not_accept)
{
    struct ends clients[CLIENTS];
    struct server s;

    begin_server(&s, echo, 2);
    for (int n = 0; n < CLIENTS; n++)
        open_client(&clients[n], s.address);
    check_served(&clients[0]);
    check_served(&clients[1]);
    turns(5);
    ck_assert_int_eq(s.running, 2);
    for (int n = 2; n < CLIENTS; n++) {
        close_ends(&clients[n - 2]);
        check_served(&clients[n]);
    }
    ck_assert_int_eq(s.most, 2);
    close_ends(&clients[CLIENTS - 2]);
    close_ends(&clients[CLIENTS - 1]);
    wait_until(s.running == 0);
    ck_assert_int_eq(end_server(&s), UV_ECANCELED);
}

/* The handler's result is what the client says. */
static int
return_what_it_reads(gruvi_stream_t *stream, void *arg)
{
    signed char c;
    int err;

    (void)arg;
    err = gruvi_stream_read_exact(stream, &c, 1);
    return err < 0 ? err : c;
}

HUB_TEST(test_errors_are_logged_unless_a_peer_went_away)
{
    static const int quiet[] = {UV_ECONNRESET,
                                UV_EPIPE,
                                UV_ECANCELED,
                                UV_ETIMEDOUT,
                                UV_ECONNABORTED,
                                0,
                                5};
    static const int loud[] = {UV_EINVAL, UV_ENOMEM, UV_EIO};
    struct ends client;
    struct server s;
    signed char c;

    begin_server(&s, return_what_it_reads, 0);
    for (size_t n = 0; n < sizeof quiet / sizeof *quiet; n++) {
        open_client(&client, s.address);
        c = (signed char)quiet[n];
        peer_writes(&client, &c, 1);
        check_ended(&client);
    }
    open_client(&client, s.address);
    shutdown(client.peer, SHUT_WR);
    check_ended(&client);
    ck_assert_int_eq(logged("warning"), 0);
    ck_assert_int_eq(logged("error"), 0);
    ck_assert_int_eq(logged("connection from tcp://127.0.0.1:"), 6);
    for (size_t n = 0; n < sizeof loud / sizeof *loud; n++) {
        open_client(&client, s.address);
        c = (signed char)loud[n];
        peer_writes(&client, &c, 1);
        check_ended(&client);
        ck_assert_int_eq(logged(gruvi_strerror(loud[n])), 1);
        ck_assert_int_eq(logged("warning"), (int)n + 1);
    }
    ck_assert_int_eq(end_server(&s), UV_ECANCELED);
}

HUB_TEST(test_without_fibers_connections_wait)
{
    struct ends first, second;
    struct server s;

    begin_server(&s, echo, 0);
    gruvi_hub_set_max_fibers(hub, 2);
    open_client(&first, s.address);
    check_served(&first);
    open_client(&second, s.address);
    wait_until(logged("no room for another") == 1);
    turns(5);
    ck_assert_int_eq(s.running, 1);
    close_ends(&first);
    check_served(&second);
    ck_assert_int_eq(logged("no room for another"), 1);
    close_ends(&second);
    wait_until(s.running == 0);
    if (i == 0) {
        ck_assert_int_eq(end_server(&s), UV_ECANCELED);
        return;
    }
    /* Cancelled while one waits for room. */
    open_client(&first, s.address);
    check_served(&first);
    open_client(&second, s.address);
    wait_until(logged("no room for another") == 2);
    ck_assert_int_eq(end_server(&s), UV_ECANCELED);
    check_ended(&first);
    check_ended(&second);
}

HUB_TEST(test_nobody_else_may_accept_meanwhile)
{
    struct server s;
    gruvi_stream_t *stream;

    begin_server(&s, echo, 0);
    ck_assert_int_eq(gruvi_accept(s.listener, &stream, 0), UV_EBUSY);
    ck_assert_int_eq(gruvi_serve(s.listener, echo, NULL, NULL), UV_EBUSY);
    ck_assert_int_eq(end_server(&s), UV_ECANCELED);
}

HUB_TEST(test_arguments_are_checked)
{
    gruvi_serve_options_t options = {.reserved = {NULL, NULL, NULL, &options}};
    char address[GRUVI_ADDRESS_SIZE];
    gruvi_listener_t *listener = net_listen(NET_TCP, address);

    ck_assert_int_eq(gruvi_serve(listener, NULL, NULL, NULL), UV_EINVAL);
    ck_assert_int_eq(gruvi_serve(listener, echo, NULL, &options), UV_EINVAL);
    gruvi_listener_close(listener);
}

/* A server whose fiber is in a group. */
static void
begin_server_in(struct server *s, gruvi_group_t *group,
                gruvi_connection_fn handler)
{
    memset(s, 0, sizeof *s);
    s->listener = net_listen(NET_TCP, s->address);
    s->handler = handler;
    ck_assert_int_eq(gruvi_group_init(group, "all"), 0);
    s->fiber = gruvi_group_spawn(group, run_server, s);
    turns(1);
}

static void
end_server_in(struct server *s, gruvi_group_t *group)
{
    gruvi_group_cancel(group, NULL);
    ck_assert_int_eq(gruvi_group_join(group, GRUVI_FOREVER), 0);
    gruvi_group_destroy(group);
    ck_assert_int_eq(end_server(s), UV_ECANCELED);
}

HUB_TEST(test_a_server_may_belong_to_a_group)
{
    struct ends client;
    struct server s;
    gruvi_group_t group;

    begin_server_in(&s, &group, echo);
    open_client(&client, s.address);
    check_served(&client);
    ck_assert_uint_eq(gruvi_group_size(&group), 2);
    end_server_in(&s, &group);
    check_ended(&client);
}

static int
never(gruvi_stream_t *stream, void *arg)
{
    (void)stream;
    (void)arg;
    ck_abort_msg("the handler runs");
    return 0;
}

/* A fiber that is cancelled before it has run never runs. */
HUB_TEST(test_a_connection_whose_handler_never_ran_is_closed)
{
    struct ends client;
    struct server s;
    gruvi_group_t group;

    begin_server_in(&s, &group, never);
    open_client(&client, s.address);
    while (gruvi_group_size(&group) < 2)
        turns(1);
    end_server_in(&s, &group);
    check_ended(&client);
}

HUB_TEST(test_the_hub_may_close_under_a_server)
{
    struct ends client;
    struct server s;

    begin_server(&s, echo, 0);
    open_client(&client, s.address);
    check_served(&client);
    ck_assert_int_eq(gruvi_hub_close(hub), 0);
    ck_assert_int_eq(s.running, 0);
    ck_assert_int_eq(s.result, UV_ECANCELED);
    gruvi_fiber_unref(s.fiber);
    gruvi_listener_close(s.listener);
    close_ends(&client);
}

/* By seccomp, for example. */
HUB_TEST(test_where_accepting_is_forbidden_it_ends_and_says_so)
{
    static const int errors[] = {EPERM, ENOSYS};
    struct server s;

    begin_server(&s, echo, 0);
    turns(2);
    fail_calls(CALL_ACCEPT, errors[i], 1);
    close(net_connect(s.address));
    ck_assert_int_eq(finish(s.fiber), 0);
    ck_assert_int_eq(s.result, -errors[i]);
    ck_assert_int_eq(logged("no connection is accepted any more"), 1);
    /* The caller may serve again. */
    ck_assert_int_ge(gruvi_listener_fd(s.listener), 0);
    gruvi_listener_close(s.listener);
}

int
main(void)
{
    Suite *suite = suite_create("serve");
    TCase *tc = tcase_create("serve");

    tcase_add_test(tc, test_each_connection_has_a_fiber_of_its_own);
    tcase_add_test(tc,
                   test_what_a_handler_spawns_ends_before_its_stream_is_closed);
    tcase_add_test(tc, test_a_cancel_ends_the_handlers_and_waits_for_them);
    tcase_add_test(tc, test_a_handler_may_clean_up_before_the_server_ends);
    tcase_add_test(tc, test_a_connection_whose_handler_never_ran_is_closed);
    tcase_add_loop_test(tc, test_the_close_of_the_listener_ends_it, 0, 2);
    tcase_add_test(tc, test_at_the_limit_it_does_not_accept);
    tcase_add_test(tc, test_errors_are_logged_unless_a_peer_went_away);
    tcase_add_loop_test(tc, test_without_fibers_connections_wait, 0, 2);
    tcase_add_test(tc, test_nobody_else_may_accept_meanwhile);
    tcase_add_test(tc, test_arguments_are_checked);
    tcase_add_test(tc, test_a_server_may_belong_to_a_group);
    tcase_add_test(tc, test_the_hub_may_close_under_a_server);
    tcase_add_loop_test(
        tc, test_where_accepting_is_forbidden_it_ends_and_says_so, 0, 2);
    suite_add_tcase(suite, tc);
    return run_suite(suite);
}
