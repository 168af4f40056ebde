/* SPDX-License-Identifier: MIT */
/* Several hubs and what they listen on: sockets that they share, sockets that
 * were inherited, and addresses that are taken. */
#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "daemon/hubs_clients.h"

/* --- one queue ------------------------------------------------------------ */

/* While one hub does not come to it, the other accepts from the same queue. */
static void
check_shared(struct gruvid *g, int (*connect_it)(struct gruvid *g))
{
    struct place first = read_place(connect_it(g)), second;

    hold_place(&first);
    second = read_place(connect_it(g));
    ck_assert_int_ne(second.hub, first.hub);
    echo_place(&second, "hello\n");
    close(first.fd);
    close(second.fd);
    ck_assert_int_eq(gruvid_stop(g, SIGTERM), 0);
    gruvid_says(g, "2 connections");
}

static int
connect_socket(struct gruvid *g)
{
    return connect_unix(gruvid_path(g, "socket"));
}

START_TEST(test_hubs_share_a_unix_socket)
{
    struct gruvid *g = gruvid_ready(HUBS(2) "[plugin spread]\n"
                                            "listen = unix:@DIR@/socket\n",
                                    NULL);

    check_shared(g, connect_socket);
    ck_assert_int_lt(access(gruvid_path(g, "socket"), F_OK), 0);
}
END_TEST

static int inherited_port;

static int
connect_inherited(struct gruvid *g)
{
    (void)g;
    return connect_port(inherited_port);
}

/* A socket, as a service manager binds it, on a port that the kernel picks. */
static int
bind_socket(bool reuse_port, int *port)
{
    struct sockaddr_in at = {.sin_family = AF_INET,
                             .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t length = sizeof at;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), on = reuse_port;

    setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof on);
    ck_assert_int_eq(bind(fd, (struct sockaddr *)&at, sizeof at), 0);
    ck_assert_int_eq(listen(fd, 16), 0);
    getsockname(fd, (struct sockaddr *)&at, &length);
    *port = ntohs(at.sin_port);
    return fd;
}

START_TEST(test_hubs_share_a_socket_that_was_inherited)
{
    struct gruvid_options options = {0};
    struct gruvid *g;

    options.inherit = bind_socket(false, &inherited_port);
    g = gruvid_ready(HUBS(2) "[plugin spread]\nlisten = fd:3\n", &options);
    check_shared(g, connect_inherited);
    close(options.inherit);
}
END_TEST

START_TEST(test_one_hub_serves_a_socket_that_was_inherited)
{
    struct gruvid_options options = {0};
    struct gruvid *g;
    struct place place;

    options.inherit = bind_socket(false, &inherited_port);
    g = gruvid_ready("[plugin spread]\nlisten = fd:3\n", &options);
    place = read_place(connect_port(inherited_port));
    echo_place(&place, "hello\n");
    close(place.fd);
    ck_assert_int_eq(gruvid_stop(g, SIGTERM), 0);
    close(options.inherit);
}
END_TEST

START_TEST(test_what_was_not_inherited_is_said)
{
    struct gruvid *g =
        gruvid_run(HUBS(2) "[plugin spread]\nlisten = fd:999\n", NULL);

    ck_assert_int_eq(g->status, 69);
    gruvid_says(g, "plugin spread: cannot listen on fd:999: ");
    gruvid_says(g, "this has to be a socket that listens");
}
END_TEST

/* --- addresses that are taken --------------------------------------------- */

static void
check_taken(int port, const char *plugin)
{
    struct gruvid *g;
    char config[200], line[100];

    snprintf(config, sizeof config,
             HUBS(2) "[plugin %s]\nlisten = tcp://127.0.0.1:%d\n", plugin,
             port);
    g = gruvid_run(config, NULL);
    ck_assert_int_eq(g->status, 69);
    snprintf(line, sizeof line,
             "plugin %s: cannot listen on tcp://127.0.0.1:%d: ", plugin, port);
    gruvid_says(g, line);
    gruvid_says(g,
                "address already in use; stop the program that has the port");
}

/* Somebody else has it, and would let others listen there too, or not. */
START_TEST(test_a_port_that_is_taken_is_an_error)
{
    int port, fd = bind_socket(_i, &port);

    check_taken(port, "spread");
    check_taken(port, "trial");
    close(fd);
}
END_TEST

START_TEST(test_a_port_that_another_gruvid_shares_among_its_hubs_is_taken)
{
    struct gruvid *g = gruvid_ready(HUBS(2) SPREAD, NULL);

    check_taken(gruvid_port(g, 0), "spread");
    ck_assert_int_eq(gruvid_stop(g, SIGTERM), 0);
}
END_TEST

START_TEST(test_a_unix_socket_that_is_taken_is_an_error)
{
    struct gruvid *g =
        gruvid_ready(HUBS(2) "[plugin spread]\nlisten = unix:@DIR@/s\n", NULL);
    struct gruvid *second;
    char config[200];

    snprintf(config, sizeof config,
             HUBS(2) "[plugin spread]\nlisten = unix:%s\n",
             gruvid_path(g, "s"));
    second = gruvid_run(config, NULL);
    ck_assert_int_eq(second->status, 69);
    gruvid_says(second, "address already in use");
    ck_assert_int_eq(gruvid_stop(g, SIGTERM), 0);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("hubs_listen");
    TCase *tc = gruvid_case(suite, "one queue");

    tcase_add_test(tc, test_hubs_share_a_unix_socket);
    tcase_add_test(tc, test_hubs_share_a_socket_that_was_inherited);
    tcase_add_test(tc, test_one_hub_serves_a_socket_that_was_inherited);
    tcase_add_test(tc, test_what_was_not_inherited_is_said);
    tc = gruvid_case(suite, "taken");
    tcase_add_loop_test(tc, test_a_port_that_is_taken_is_an_error, 0, 2);
    tcase_add_test(
        tc, test_a_port_that_another_gruvid_shares_among_its_hubs_is_taken);
    tcase_add_test(tc, test_a_unix_socket_that_is_taken_is_an_error);
    return run_suite(suite);
}
