/* SPDX-License-Identifier: MIT */
/* Reloads that change where and how is listened, while clients connect. */
#include <arpa/inet.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "daemon/hubs_clients.h"
#include "support/port.h"

#define DIR_SOCKET "unix:@DIR@/socket"

static void
is_served(int fd)
{
    ck_assert_int_ge(fd, 0);
    send_text(fd, "x");
    expect_text(fd, "x");
}

static void
serves(int fd)
{
    is_served(fd);
    close(fd);
}

static int
connect_socket(const struct gruvid *g)
{
    return connect_unix(gruvid_path(g, "socket"));
}

/* On a port that the kernel picks. */
static int
bind_socket(void)
{
    struct sockaddr_in at = {.sin_family = AF_INET,
                             .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    ck_assert_int_eq(bind(fd, (struct sockaddr *)&at, sizeof at), 0);
    return fd;
}

static int
port_of(int fd)
{
    struct sockaddr_in at;
    socklen_t length = sizeof at;

    ck_assert_int_eq(getsockname(fd, (struct sockaddr *)&at, &length), 0);
    return ntohs(at.sin_port);
}

/* --- acceptors are exchanged ---------------------------------------------- */

#define THREADS 3
#define ROUNDS  15

struct clients {
    pthread_t threads[THREADS];
    union {
        struct sockaddr any;
        struct sockaddr_in in;
        struct sockaddr_un un;
    } at;
    socklen_t length;
    bool end;           /* atomic */
    unsigned done;      /* atomic */
    const char *failed; /* atomic; NULL: nothing has failed */
};

/* Greetings come first, where there are any. */
static const char *
talk(int fd, const struct clients *clients)
{
    char buf[64];
    ssize_t n;

    if (connect(fd, &clients->at.any, clients->length) < 0)
        return "connect";
    if (write(fd, "ping!", 5) != 5)
        return "write";
    do {
        n = read(fd, buf, sizeof buf);
        if (n <= 0)
            return n == 0 ? "read: the end" : "read";
    } while (buf[n - 1] != '!');
    return NULL;
}

/* No assertions here: libcheck is for one thread at a time. */
static void *
keep_talking(void *arg)
{
    struct clients *clients = arg;
    const char *failed = NULL;

    while (failed == NULL &&
           !__atomic_load_n(&clients->end, __ATOMIC_RELAXED)) {
        int fd =
            socket(clients->at.any.sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);

        failed = talk(fd, clients);
        close(fd);
        __atomic_add_fetch(&clients->done, 1, __ATOMIC_RELAXED);
    }
    if (failed != NULL)
        __atomic_store_n(&clients->failed, failed, __ATOMIC_RELAXED);
    return NULL;
}

/* port: 0: the Unix socket. */
static void
begin_clients(struct clients *clients, struct gruvid *g, int port)
{
    memset(clients, 0, sizeof *clients);
    if (port == 0) {
        clients->at.un.sun_family = AF_UNIX;
        strcpy(clients->at.un.sun_path, gruvid_path(g, "socket"));
        clients->length = sizeof clients->at.un;
    } else {
        clients->at.in.sin_family = AF_INET;
        clients->at.in.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        clients->at.in.sin_port = htons((uint16_t)port);
        clients->length = sizeof clients->at.in;
    }
    for (int i = 0; i < THREADS; i++)
        ck_assert_int_eq(
            pthread_create(&clients->threads[i], NULL, keep_talking, clients),
            0);
}

static void
end_clients(struct clients *clients)
{
    __atomic_store_n(&clients->end, true, __ATOMIC_RELAXED);
    for (int i = 0; i < THREADS; i++)
        pthread_join(clients->threads[i], NULL);
    ck_assert_msg(clients->failed == NULL, "a client: %s failed",
                  clients->failed);
    ck_assert_uint_ge(clients->done, THREADS);
}

static const struct {
    int hubs;
    const char *module, *option, *listen;
} exchanges[] = {
    {1, "trial", "whole", "tcp://127.0.0.1:0"},
    {1, "trial", "whole", DIR_SOCKET},
    {2, "spread", "refuse", "tcp://127.0.0.1:0"},
    {2, "spread", "refuse", DIR_SOCKET},
    {1, "trial", "whole", "fd:3"},
    {2, "spread", "refuse", "fd:3"},
};

static void
write_exchange(char *config, size_t size, int i, int value)
{
    snprintf(config, size,
             "[gruvid]\nhubs = %d\n[plugin p]\nmodule = %s\n%s = %d\n"
             "listen = %s\n",
             exchanges[i].hubs, exchanges[i].module, exchanges[i].option,
             1000 + value, exchanges[i].listen);
}

/* Each reload makes another generation, whose acceptors take the place of the
 * old ones: not one client is refused or reset. */
START_TEST(test_clients_do_not_see_that_generations_change)
{
    struct gruvid_options options = {0};
    struct clients clients;
    struct gruvid *g;
    char config[300];
    int port;

    options.inherit = bind_socket();
    ck_assert_int_eq(listen(options.inherit, 64), 0);
    write_exchange(config, sizeof config, _i, 0);
    g = gruvid_ready(config, &options);
    port = strchr(exchanges[_i].listen, '@') != NULL ? 0 : gruvid_port(g, 0);
    begin_clients(&clients, g, port);
    for (int n = 1; n <= ROUNDS; n++) {
        write_exchange(config, sizeof config, _i, n);
        gruvid_reload(g, config, true);
    }
    end_clients(&clients);
    ck_assert_int_eq(gruvid_stop(g, SIGTERM), 0);
    close(options.inherit);
}
END_TEST

/* A module that lives in one hub, and then in two: the socket stays. */
START_TEST(test_a_socket_stays_while_hubs_come_and_go)
{
    struct clients clients;
    struct gruvid *g = gruvid_ready(HUBS(2) "[plugin p]\nmodule = trial\n"
                                            "listen = tcp://127.0.0.1:0\n",
                                    NULL);

    begin_clients(&clients, g, gruvid_port(g, 0));
    for (int n = 0; n < 3; n++) {
        gruvid_reload(g,
                      HUBS(2) "[plugin p]\nmodule = spread\n"
                              "listen = tcp://127.0.0.1:0\n",
                      true);
        gruvid_reload(g,
                      HUBS(2) "[plugin p]\nmodule = trial\n"
                              "listen = tcp://127.0.0.1:0\n",
                      true);
    }
    end_clients(&clients);
    ck_assert_int_eq(gruvid_stop(g, SIGTERM), 0);
}
END_TEST

/* --- addresses come and go ------------------------------------------------ */

START_TEST(test_addresses_change_while_a_connection_goes_on)
{
    struct gruvid *g =
        gruvid_ready("[plugin trial]\nlisten = " DIR_SOCKET "\n", NULL);
    int held = connect_socket(g);

    is_served(held);
    gruvid_reload(g,
                  "[plugin trial]\nlisten = " DIR_SOCKET
                  "\nlisten = tcp://127.0.0.1:0\n",
                  true);
    serves(connect_socket(g));
    serves(connect_to(g, 0));
    gruvid_reload(g, "[plugin trial]\nlisten = tcp://127.0.0.1:0\n", true);
    ck_assert_int_lt(access(gruvid_path(g, "socket"), F_OK), 0);
    is_served(held);
    serves(connect_to(g, 0));
    gruvid_reload(g, "[plugin trial]\n", true);
    is_served(held);
    close(held);
    ck_assert_int_eq(gruvid_stop(g, SIGTERM), 0);
    gruvid_says(g, "plugin trial has stopped: 4 connections");
}
END_TEST

/* What a client has sent already is served, though nobody has accepted it. */
START_TEST(test_an_address_that_goes_is_emptied_first)
{
    struct gruvid *g = gruvid_ready("[plugin trial]\nmax_connections = 1\n"
                                    "listen = " DIR_SOCKET "\n",
                                    NULL);
    int first = connect_socket(g), waits;

    is_served(first);
    waits = connect_socket(g);
    gruvid_reload(g, "[plugin trial]\nmax_connections = 1\n", true);
    close(first);
    is_served(waits);
    close(waits);
    ck_assert_int_eq(gruvid_stop(g, SIGTERM), 0);
}
END_TEST

/* Two sections exchange their addresses. */
START_TEST(test_addresses_move_between_sections)
{
    struct gruvid *g = gruvid_ready(
        HUBS(2) "[plugin a]\nmodule = trial\nlisten = unix:@DIR@/socket\n"
                "[plugin b]\nmodule = spread\nlisten = unix:@DIR@/s\n",
        NULL);
    struct clients clients;
    struct stat before, after;

    ck_assert_int_eq(stat(gruvid_path(g, "socket"), &before), 0);
    begin_clients(&clients, g, 0);
    for (int n = 0; n < 3; n++) {
        gruvid_reload(
            g,
            HUBS(2) "[plugin a]\nmodule = trial\nlisten = unix:@DIR@/s\n"
                    "[plugin b]\nmodule = spread\n"
                    "listen = unix:@DIR@/socket\n",
            true);
        gruvid_reload(
            g,
            HUBS(2) "[plugin a]\nmodule = trial\n"
                    "listen = unix:@DIR@/socket\n"
                    "[plugin b]\nmodule = spread\nlisten = unix:@DIR@/s\n",
            true);
    }
    end_clients(&clients);
    ck_assert_int_eq(stat(gruvid_path(g, "socket"), &after), 0);
    ck_assert(before.st_ino == after.st_ino);
    ck_assert_int_eq(gruvid_stop(g, SIGTERM), 0);
    ck_assert_int_lt(access(gruvid_path(g, "socket"), F_OK), 0);
}
END_TEST

/* An operator has removed the file: clients find the address again. */
START_TEST(test_a_file_that_is_gone_is_made_anew)
{
    struct gruvid *g =
        gruvid_ready("[plugin trial]\nlisten = " DIR_SOCKET "\n", NULL);

    ck_assert_int_eq(unlink(gruvid_path(g, "socket")), 0);
    gruvid_reload(g, "[plugin trial]\nbacklog = 9\nlisten = " DIR_SOCKET "\n",
                  true);
    serves(connect_socket(g));
    ck_assert_int_eq(gruvid_stop(g, SIGTERM), 0);
    ck_assert_int_lt(access(gruvid_path(g, "socket"), F_OK), 0);
}
END_TEST

/* The old generation has stopped by then, and the user might have no right to
 * bind its addresses again. */
START_TEST(test_a_replacement_that_fails_gives_the_addresses_back)
{
    struct gruvid *g = gruvid_ready("[plugin trial]\nreload = replace\n"
                                    "listen = " DIR_SOCKET "\n",
                                    NULL);
    struct stat before, after;

    ck_assert_int_eq(stat(gruvid_path(g, "socket"), &before), 0);
    gruvid_reload(g,
                  "[plugin trial]\nreload = replace\nat_start = refuse\n"
                  "listen = tcp://127.0.0.1:0\n",
                  false);
    gruvid_says(g, "the old configuration was started again");
    ck_assert_int_eq(stat(gruvid_path(g, "socket"), &after), 0);
    ck_assert(before.st_ino == after.st_ino);
    serves(connect_socket(g));
    gruvid_reload(g,
                  "[plugin trial]\nreload = replace\nwhole = 1\n"
                  "listen = tcp://127.0.0.1:0\n",
                  true);
    serves(connect_to(g, 0));
    ck_assert_int_lt(access(gruvid_path(g, "socket"), F_OK), 0);
    ck_assert_int_eq(gruvid_stop(g, SIGTERM), 0);
}
END_TEST

/* Ports that the kernel has chosen stay with their lines of the section. */
START_TEST(test_the_first_of_two_chosen_ports_stays_the_first)
{
    struct gruvid *g =
        gruvid_ready("[plugin trial]\nlisten = tcp://127.0.0.1:0\n"
                     "listen = tcp://127.0.0.1:0\n",
                     NULL);
    int first = gruvid_port(g, 0), second = gruvid_port(g, 1);
    char line[100];

    gruvid_reload(g,
                  "[plugin trial]\nwhole = 1\nlisten = tcp://127.0.0.1:0\n"
                  "listen = tcp://127.0.0.1:0\n",
                  true);
    serves(connect_port(first));
    serves(connect_port(second));
    gruvid_reload(g, "[plugin trial]\nwhole = 1\nlisten = tcp://127.0.0.1:0\n",
                  true);
    snprintf(line, sizeof line,
             "plugin trial does not listen on tcp://127.0.0.1:%d any more",
             second);
    gruvid_says(g, line);
    serves(connect_port(first));
    ck_assert_int_eq(gruvid_stop(g, SIGTERM), 0);
}
END_TEST

/* --- what cannot be had --------------------------------------------------- */

START_TEST(test_a_port_that_is_taken_fails_the_reload)
{
    int fd = bind_socket();
    char config[200];
    struct gruvid *g =
        gruvid_ready("[plugin trial]\nlisten = " DIR_SOCKET "\n", NULL);

    ck_assert_int_eq(listen(fd, 1), 0);
    snprintf(config, sizeof config,
             "[plugin trial]\nlisten = unix:@DIR@/new\n"
             "listen = tcp://127.0.0.1:%d\n",
             port_of(fd));
    gruvid_reload(g, config, false);
    gruvid_says(g, "plugin trial: cannot listen on tcp://127.0.0.1:");
    serves(connect_socket(g));
    ck_assert_int_lt(access(gruvid_path(g, "new"), F_OK), 0);
    close(fd);
    gruvid_reload(g, config, true);
    serves(connect_unix(gruvid_path(g, "new")));
    ck_assert_int_eq(gruvid_stop(g, SIGTERM), 0);
}
END_TEST

/* All of them are told at once, and what is free between them is not kept. */
START_TEST(test_each_address_of_a_section_that_fails_is_a_reason)
{
    int fd = bind_socket();
    char config[300], reason[100];
    struct gruvid *g =
        gruvid_ready("[plugin trial]\nlisten = " DIR_SOCKET "\n", NULL);

    ck_assert_int_eq(listen(fd, 1), 0);
    snprintf(config, sizeof config,
             "[plugin trial]\nlisten = tcp://127.0.0.1:%d\n"
             "listen = unix:@DIR@/new\nlisten = unix:/nonexistent/socket\n",
             port_of(fd));
    snprintf(
        reason, sizeof reason,
        "error gruvid: plugin trial: cannot listen on tcp://127.0.0.1:%d: ",
        port_of(fd));
    gruvid_reload(g, config, false);
    gruvid_says(g, reason);
    gruvid_says(g, "error gruvid: plugin trial: cannot listen on "
                   "unix:/nonexistent/socket: ");
    ck_assert_int_lt(access(gruvid_path(g, "new"), F_OK), 0);
    serves(connect_socket(g));
    close(fd);
    ck_assert_int_eq(gruvid_stop(g, SIGTERM), 0);
}
END_TEST

START_TEST(test_an_address_that_overlaps_an_open_one_fails_the_reload)
{
    int port, reserved = reserve_port(&port);
    char config[200];
    struct gruvid *g;

    snprintf(config, sizeof config,
             "[plugin trial]\nlisten = tcp://127.0.0.1:%d\n", port);
    g = gruvid_ready(config, NULL);
    snprintf(config, sizeof config,
             "[plugin trial]\nlisten = tcp://0.0.0.0:%d\n", port);
    gruvid_reload(g, config, false);
    gruvid_says(g,
                "of plugin trial, which is open; reload once with neither of "
                "them, then with the new one, or restart gruvid");
    serves(connect_port(port));
    gruvid_reload(g, "[plugin trial]\n", true);
    gruvid_reload(g, config, true);
    serves(connect_port(port));
    ck_assert_int_eq(gruvid_stop(g, SIGTERM), 0);
    close(reserved);
}
END_TEST

START_TEST(test_an_address_may_be_written_in_another_way)
{
    int port, reserved = reserve_port(&port);
    char config[200];
    struct gruvid *g;

    snprintf(config, sizeof config,
             "[plugin trial]\nlisten = tcp://127.0.0.1:%d\n", port);
    g = gruvid_ready(config, NULL);
    snprintf(config, sizeof config,
             "[plugin trial]\nbacklog = 9\nlisten = tcp://localhost:%d\n",
             port);
    gruvid_reload(g, config, true);
    serves(connect_port(port));
    ck_assert_int_eq(gruvid_stop(g, SIGTERM), 0);
    close(reserved);
}
END_TEST

START_TEST(test_a_low_port_needs_the_rights_that_were_given_up)
{
    struct gruvid *g;

    if (geteuid() != 0) {
        printf("skipped: only root can become somebody else\n");
        return;
    }
    g = gruvid_ready("[gruvid]\nuser = nobody\n[plugin trial]\n"
                     "listen = tcp://127.0.0.1:0\n",
                     NULL);
    ck_assert_int_eq(chmod(g->dir, 0755), 0);
    gruvid_configure(g, "[gruvid]\nuser = nobody\n[plugin trial]\n"
                        "listen = tcp://127.0.0.1:1\n");
    ck_assert_int_eq(chmod(gruvid_path(g, "gruvid.conf"), 0644), 0);
    gruvid_signal(g, SIGHUP);
    gruvid_says(g, "cannot listen on tcp://127.0.0.1:1: permission denied; "
                   "gruvid has given up root's rights");
    gruvid_says(g, "reload 1 failed");
    serves(connect_to(g, 0));
    ck_assert_int_eq(gruvid_stop(g, SIGTERM), 0);
}
END_TEST

/* Connections use up the descriptors. */
START_TEST(test_without_descriptors_the_reload_fails)
{
    struct gruvid_options options = {.files = 64};
    struct gruvid *g =
        gruvid_ready("[plugin trial]\nlisten = " DIR_SOCKET "\n", &options);
    int fds[64];

    for (int n = 0; n < 64; n++)
        fds[n] = connect_socket(g);
    gruvid_says(g, "connections wait: too many open files");
    gruvid_configure(g, "[plugin trial]\nlisten = " DIR_SOCKET
                        "\nlisten = unix:@DIR@/new\n");
    gruvid_signal(g, SIGHUP);
    gruvid_says(g, "reload 1 failed");
    for (int n = 0; n < 64; n++)
        close(fds[n]);
    serves(connect_socket(g));
    ck_assert_int_lt(access(gruvid_path(g, "new"), F_OK), 0);
    gruvid_signal(g, SIGHUP);
    gruvid_says(g, "reload 2 is done");
    serves(connect_unix(gruvid_path(g, "new")));
    ck_assert_int_eq(gruvid_stop(g, SIGTERM), 0);
}
END_TEST

/* Nothing is left of the try, in none of the hubs. */
START_TEST(test_a_hub_that_does_not_answer_fails_the_reload)
{
    const char *config = HUBS(2) "[plugin spread]\nlisten = " DIR_SOCKET
                                 "\nlisten = tcp://127.0.0.1:0\n";
    struct gruvid *g = gruvid_ready(
        HUBS(2) "[plugin spread]\nlisten = tcp://127.0.0.1:0\n", NULL);
    struct place held = connect_hub(g, 2), place;

    hold_place(&held);
    gruvid_reload(g, config, false);
    gruvid_says(g, "hub 2 does not answer");
    ck_assert_int_lt(access(gruvid_path(g, "socket"), F_OK), 0);
    close(held.fd);
    place = connect_hub(g, 1);
    echo_place(&place, "x");
    close(place.fd);
    gruvid_reload(g, config, true);
    place = read_place(connect_socket(g));
    hold_place(&place);
    held = read_place(connect_socket(g));
    ck_assert_int_ne(place.hub, held.hub);
    close(place.fd);
    close(held.fd);
    ck_assert_int_eq(gruvid_stop(g, SIGTERM), 0);
}
END_TEST

/* --- how it is listened --------------------------------------------------- */

START_TEST(test_the_mode_of_a_file_changes_and_is_undone)
{
    struct gruvid *g = gruvid_ready("[plugin trial]\nlisten_mode = 0600\n"
                                    "listen = " DIR_SOCKET "\n",
                                    NULL);
    struct stat st;

    gruvid_reload(
        g, "[plugin trial]\nlisten_mode = 0660\nlisten = " DIR_SOCKET "\n",
        true);
    ck_assert_int_eq(stat(gruvid_path(g, "socket"), &st), 0);
    ck_assert_uint_eq(st.st_mode & 0777, 0660);
    gruvid_reload(g,
                  "[plugin trial]\nlisten_mode = 0666\nlisten = " DIR_SOCKET
                  "\nlisten = unix:@DIR@/no/folder\n",
                  false);
    ck_assert_int_eq(stat(gruvid_path(g, "socket"), &st), 0);
    ck_assert_uint_eq(st.st_mode & 0777, 0660);
    serves(connect_socket(g));
    ck_assert_int_eq(gruvid_stop(g, SIGTERM), 0);
}
END_TEST

START_TEST(test_a_limit_that_is_raised_lets_waiting_clients_in)
{
    struct gruvid *g = gruvid_ready("[plugin trial]\nmax_connections = 1\n"
                                    "listen = tcp://127.0.0.1:0\n",
                                    NULL);
    int first = connect_to(g, 0), second = connect_to(g, 0), third;

    is_served(first);
    gruvid_says(g, "max_connections = 1 is reached");
    gruvid_reload(
        g, "[plugin trial]\nmax_connections = 2\nlisten = tcp://127.0.0.1:0\n",
        true);
    is_served(second);
    third = connect_to(g, 0);
    gruvid_says(g, "max_connections = 2 is reached");
    gruvid_reload(g, "[plugin trial]\nlisten = tcp://127.0.0.1:0\n", true);
    is_served(third);
    /* Those that came without a limit count as well. */
    gruvid_reload(
        g, "[plugin trial]\nmax_connections = 2\nlisten = tcp://127.0.0.1:0\n",
        true);
    close(first);
    close(second);
    close(third);
    for (int n = 0; n < 5; n++)
        serves(connect_to(g, 0));
    ck_assert_int_eq(gruvid_stop(g, SIGTERM), 0);
}
END_TEST

START_TEST(test_idle_connections_end_once_a_reload_says_so)
{
    struct gruvid *g = gruvid_ready(
        HUBS(2) "[plugin spread]\nlisten = tcp://127.0.0.1:0\n", NULL);
    struct place idle = connect_place(g);

    echo_place(&idle, "x");
    gruvid_reload(g,
                  HUBS(2) "[plugin spread]\nlisten = tcp://127.0.0.1:0\n"
                          "idle_timeout = 50ms\n",
                  true);
    ck_assert(!expect_end(idle.fd));
    gruvid_reload(g, HUBS(2) "[plugin spread]\nlisten = tcp://127.0.0.1:0\n",
                  true);
    idle = connect_place(g);
    echo_place(&idle, "x");
    close(idle.fd);
    ck_assert_int_eq(gruvid_stop(g, SIGTERM), 0);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("relisten");
    TCase *tc = gruvid_case(suite, "generations");

    tcase_add_loop_test(tc, test_clients_do_not_see_that_generations_change, 0,
                        sizeof exchanges / sizeof *exchanges);
    tcase_add_test(tc, test_a_socket_stays_while_hubs_come_and_go);
    tc = gruvid_case(suite, "addresses");
    tcase_add_test(tc, test_addresses_change_while_a_connection_goes_on);
    tcase_add_test(tc, test_an_address_that_goes_is_emptied_first);
    tcase_add_test(tc, test_addresses_move_between_sections);
    tcase_add_test(tc, test_a_file_that_is_gone_is_made_anew);
    tcase_add_test(tc, test_a_replacement_that_fails_gives_the_addresses_back);
    tcase_add_test(tc, test_the_first_of_two_chosen_ports_stays_the_first);
    tc = gruvid_case(suite, "refusals");
    tcase_add_test(tc, test_a_port_that_is_taken_fails_the_reload);
    tcase_add_test(tc, test_each_address_of_a_section_that_fails_is_a_reason);
    tcase_add_test(tc,
                   test_an_address_that_overlaps_an_open_one_fails_the_reload);
    tcase_add_test(tc, test_an_address_may_be_written_in_another_way);
    tcase_add_test(tc, test_a_low_port_needs_the_rights_that_were_given_up);
    tcase_add_test(tc, test_without_descriptors_the_reload_fails);
    tcase_add_test(tc, test_a_hub_that_does_not_answer_fails_the_reload);
    tc = gruvid_case(suite, "settings");
    tcase_add_test(tc, test_the_mode_of_a_file_changes_and_is_undone);
    tcase_add_test(tc, test_a_limit_that_is_raised_lets_waiting_clients_in);
    tcase_add_test(tc, test_idle_connections_end_once_a_reload_says_so);
    return run_suite(suite);
}
