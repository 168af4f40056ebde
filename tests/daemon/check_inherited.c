/* SPDX-License-Identifier: MIT */
/* Sockets that a service manager hands over, by name. */
#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "daemon/hubs_clients.h"
#include "os/inherited.h"

/* A socket that listens, on a port that the kernel picks. */
static int
bind_socket(int *port)
{
    struct sockaddr_in at = {.sin_family = AF_INET,
                             .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t length = sizeof at;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    ck_assert_int_eq(bind(fd, (struct sockaddr *)&at, sizeof at), 0);
    ck_assert_int_eq(listen(fd, 16), 0);
    getsockname(fd, (struct sockaddr *)&at, &length);
    *port = ntohs(at.sin_port);
    return fd;
}

START_TEST(test_only_what_was_there_at_first_is_inherited)
{
    char number[16];
    int port, first = bind_socket(&port), second;

    ck_assert(!gruvid__inherited_known());
    ck_assert_int_eq(gruvid__inherited_open(), 0);
    ck_assert(gruvid__inherited_known());
    second = bind_socket(&port);
    snprintf(number, sizeof number, "%d", first);
    ck_assert_int_eq(gruvid__inherited_find(number, 0), first);
    ck_assert_int_lt(gruvid__inherited_find(number, 1), 0);
    snprintf(number, sizeof number, "%d", second);
    ck_assert_int_lt(gruvid__inherited_find(number, 0), 0);
    ck_assert_int_lt(gruvid__inherited_find("0", 0), 0);
    ck_assert_int_lt(gruvid__inherited_find("", 0), 0);
    close(first);
    close(second);
}
END_TEST

#ifdef HAVE_SYSTEMD
enum { SOCKETS = 3 };

struct manager {
    struct gruvid_options options;
    int sockets[SOCKETS], ports[SOCKETS];
};

/* Two sockets of one name, and one of another. */
static void
manage(struct manager *m, const char *names)
{
    *m = (struct manager){.options = {.n_sockets = SOCKETS, .names = names}};
    for (int i = 0; i < SOCKETS; i++)
        m->sockets[i] = bind_socket(&m->ports[i]);
    m->options.sockets = m->sockets;
}

static void
leave(struct manager *m)
{
    for (int i = 0; i < SOCKETS; i++)
        close(m->sockets[i]);
}

static void
is_served(int port)
{
    struct place place = read_place(connect_port(port));

    echo_place(&place, "hello\n");
    close(place.fd);
}

/* i: hubs. */
START_TEST(test_a_name_stands_for_all_sockets_that_have_it)
{
    struct manager m;
    struct gruvid *g;
    char config[300];

    manage(&m, "web:admin:web");
    snprintf(config, sizeof config,
             "[gruvid]\nhubs = %d\n"
             "[plugin a]\nmodule = spread\nlisten = fd:web\n"
             "[plugin b]\nmodule = spread\nlisten = fd:admin\n",
             _i);
    g = gruvid_ready(config, &m.options);
    gruvid_says_times(g, "listening on tcp://127.0.0.1:", SOCKETS);
    for (int i = 0; i < SOCKETS; i++)
        is_served(m.ports[i]);
    ck_assert_int_eq(gruvid_stop(g, SIGTERM), 0);
    gruvid_says(g, "plugin b has stopped: 1 connections");
    gruvid_says(g, "plugin a has stopped: 2 connections");
    leave(&m);
}
END_TEST

static void
reload(struct gruvid *g, const char *config, const char *answer)
{
    gruvid_configure(g, config);
    gruvid_signal(g, SIGHUP);
    gruvid_says(g, answer);
}

/* Nobody accepts there for a while, and whoever connects is served later. */
START_TEST(test_inherited_sockets_stay_open_while_nobody_listens_there)
{
    struct manager m;
    struct gruvid *g;
    struct place place;
    int fd;

    manage(&m, "web:admin:web");
    g = gruvid_ready("[plugin spread]\nlisten = fd:web\nlisten = fd:4\n",
                     &m.options);
    leave(&m);
    reload(g, "[plugin spread]\nlisten = fd:4\n", "reload 1 is done");
    reload(g, "[plugin trial]\n", "reload 2 is done");
    gruvid_says(g, "plugin spread, generation 1 has stopped");
    fd = connect_port(m.ports[2]);
    ck_assert_int_ge(fd, 0);
    reload(g, "[plugin spread]\nlisten = fd:web\nlisten = fd:4\n",
           "reload 3 is done");
    place = read_place(fd);
    echo_place(&place, "hello\n");
    close(place.fd);
    is_served(m.ports[0]);
    is_served(m.ports[1]);
    ck_assert_int_eq(gruvid_stop(g, SIGTERM), 0);
}
END_TEST

START_TEST(test_digits_are_a_number)
{
    struct manager m;
    struct gruvid *g;

    manage(&m, "4:web:web");
    g = gruvid_ready("[plugin spread]\nlisten = fd:4\n", &m.options);
    is_served(m.ports[1]);
    ck_assert_int_eq(gruvid_stop(g, SIGTERM), 0);
    leave(&m);
}
END_TEST

START_TEST(test_a_name_that_nobody_has_is_a_mistake)
{
    struct manager m;
    struct gruvid *g;

    manage(&m, "web:admin:web");
    g = gruvid_run("[plugin spread]\nlisten = fd:wbe\n", &m.options);
    ck_assert_int_eq(g->status, 78);
    gruvid_says(g, "fd:wbe: no inherited socket has that name; there is web, "
                   "admin");
    g = gruvid_run("[plugin spread]\nlisten = fd:web\n", NULL);
    ck_assert_int_eq(g->status, 78);
    gruvid_says(g, "fd:web: gruvid has inherited no socket with a name");
    leave(&m);
}
END_TEST

/* Whoever only checks has no sockets. */
START_TEST(test_a_check_does_not_judge_names)
{
    const char *const args[] = {"-t", NULL};
    struct gruvid_options options = {.args = args};
    struct gruvid *g =
        gruvid_run("[plugin spread]\nlisten = fd:web\n", &options);

    ck_assert_int_eq(g->status, 0);
}
END_TEST

START_TEST(test_names_that_do_not_fit_the_sockets_are_an_error)
{
    struct manager m;
    struct gruvid *g;

    manage(&m, "web:admin");
    g = gruvid_run("[plugin spread]\nlisten = fd:web\n", &m.options);
    ck_assert_int_eq(g->status, 69);
    gruvid_says(g, "gruvid: the sockets of the service manager cannot be "
                   "taken: ");
    leave(&m);
}
END_TEST
#endif

int
main(void)
{
    Suite *suite = suite_create("inherited");
    TCase *tc = gruvid_case(suite, "names");

    tcase_add_test(tc, test_only_what_was_there_at_first_is_inherited);
#ifdef HAVE_SYSTEMD
    tcase_add_loop_test(tc, test_a_name_stands_for_all_sockets_that_have_it, 1,
                        3);
    tcase_add_test(tc,
                   test_inherited_sockets_stay_open_while_nobody_listens_there);
    tcase_add_test(tc, test_digits_are_a_number);
    tcase_add_test(tc, test_a_name_that_nobody_has_is_a_mistake);
    tcase_add_test(tc, test_a_check_does_not_judge_names);
    tcase_add_test(tc, test_names_that_do_not_fit_the_sockets_are_an_error);
#endif
    return run_suite(suite);
}
