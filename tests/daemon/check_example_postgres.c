/* SPDX-License-Identifier: MIT */
/* plugins/examples/postgres.c, against a PostgreSQL server, and one that is
 * none. */
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "daemon/server.h"

static struct server server;

/* Once for all of them, because it takes long. */
static void
make_database(void)
{
    server_prepare(&server);
    server_run(&server, (const char *[]){"initdb", "-D", "data", "-U", "gruvi",
                                         "-A", "trust", "-E", "UTF8",
                                         "--no-sync", "--no-locale", NULL});
}

static void
remove_database(void)
{
    server_remove(&server);
}

static void
begin_postgres(void)
{
    /* With this one, which ends it at once, its own processes end, too. */
    server.end_signal = SIGQUIT;
    server_begin(&server, (const char *[]){"postgres", "-D", "data", "-F", "-h",
                                           "", "-k", server.dir, NULL});
}

static void
end(void)
{
    server_end(&server);
    gruvid_end_all();
}

#define SECTION(name, statement, more)                                         \
    "[plugin " name "]\nmodule = postgres\nlisten = tcp://127.0.0.1:0\n"       \
    "statement = \"" statement "\"\ndatabase = @DATABASE@\n" more

/* In the order of the ports; patient unless said otherwise. */
enum { ECHO, COLUMNS, DIVIDE, SLEEP, HASTY, SLEEPERS, END_SLEEPERS };

#define SLEEP_STATEMENT "select pg_sleep($1::float8)"
#define OF_SLEEPERS                                                            \
    " from pg_stat_activity where state = 'active' and "                       \
    "query like '%pg_sleep(' || $1 || '%' and pid <> pg_backend_pid()"

static const char sections[] = SECTION("echo", "select $1::text",
                                       "timeout = 1h\n")
    SECTION("columns", "select $1, null, length($1) from generate_series(1, 2)",
            "timeout = 1h\n") SECTION("divide", "select 10 / $1::int",
                                      "timeout = 1h\n")
        SECTION("sleep", SLEEP_STATEMENT, "timeout = 1h\n")
            SECTION("hasty", SLEEP_STATEMENT, "timeout = 50ms\n") SECTION(
                "sleepers", "select count(*)" OF_SLEEPERS, "timeout = 1h\n")
                SECTION("end-sleepers",
                        "select count(pg_terminate_backend(pid))" OF_SLEEPERS,
                        "timeout = 1h\n");

/* hosts: libpq's, ended by a comma, or "" */
static struct gruvid *
begin_gruvid(const char *hosts)
{
    char config[4096], database[256];
    const char *from = sections, *at;
    size_t n = 0;

    snprintf(database, sizeof database, "host=%s%s user=gruvi dbname=postgres",
             hosts, server.dir);
    while ((at = strstr(from, "@DATABASE@")) != NULL) {
        n += (size_t)snprintf(config + n, sizeof config - n, "%.*s%s",
                              (int)(at - from), from, database);
        from = at + strlen("@DATABASE@");
    }
    n += (size_t)snprintf(config + n, sizeof config - n, "%s", from);
    ck_assert_uint_lt(n, sizeof config);
    return gruvid_with_examples(config);
}

START_TEST(test_lines_are_answered_with_rows)
{
    struct gruvid *g;
    int one, two;

    begin_postgres();
    g = begin_gruvid("");
    one = connect_to(g, ECHO);
    two = connect_to(g, COLUMNS);
    expect_line(one, "hello\n", "row 5 hello\n");
    expect_line(two, "gr\303\274n\r\n", "row 5 gr\303\274n null 1 4\n");
    expect_text(one, "ok 1\n");
    expect_text(two, "row 5 gr\303\274n null 1 4\nok 2\n");
    expect_line(one, "'; drop table \"a\" --\n",
                "row 20 '; drop table \"a\" --\n");
    expect_text(one, "ok 1\n");
    ck_assert_int_eq(gruvid_stop(g, SIGINT), 0);
}
END_TEST

START_TEST(test_a_statement_that_fails_is_an_error_and_no_more)
{
    struct gruvid *g;
    int fd;

    begin_postgres();
    g = begin_gruvid("");
    fd = connect_to(g, DIVIDE);
    expect_line(fd, "0\n", "error ERROR:  division by zero\n");
    gruvid_says(g, "ERROR:  division by zero");
    expect_line(fd, "2\n", "row 1 5\n");
    expect_text(fd, "ok 1\n");
    ck_assert_int_eq(gruvid_stop(g, SIGINT), 0);
}
END_TEST

START_TEST(test_no_server_is_an_error_until_there_is_one)
{
    struct gruvid *g = begin_gruvid("");
    const char *answer;
    int fd = connect_to(g, ECHO);

    answer = ask_line(fd, "a\n");
    ck_assert_msg(strncmp(answer, "error connection to server", 26) == 0 &&
                      strstr(answer, "No such file or directory\n") != NULL,
                  "%s", answer);
    gruvid_says(g, "warning echo[");
    begin_postgres();
    expect_line(fd, "a\n", "row 1 a\n");
    ck_assert_int_eq(gruvid_stop(g, SIGINT), 0);
}
END_TEST

START_TEST(test_a_server_that_goes_away_is_an_error)
{
    struct gruvid *g;
    int fd, ends;

    begin_postgres();
    g = begin_gruvid("");
    fd = connect_to(g, SLEEP);
    ends = connect_to(g, END_SLEEPERS);
    send_text(fd, "3600\n");
    while (strcmp(ask_line(ends, "$\n"), "row 1 1\n") != 0)
        expect_text(ends, "ok 1\n");
    expect_text(ends, "ok 1\n");
    expect_text(fd, "error FATAL:  terminating connection due to "
                    "administrator command\n");
    /* The next line finds a new connection, and that no server at all. */
    expect_line(fd, "0\n", "row 0 \n");
    expect_text(fd, "ok 1\n");
    server_end(&server);
    ck_assert_int_eq(strncmp(ask_line(fd, "0\n"), "error ", 6), 0);
    begin_postgres();
    expect_line(fd, "0\n", "row 0 \n");
    ck_assert_int_eq(gruvid_stop(g, SIGINT), 0);
}
END_TEST

START_TEST(test_a_statement_that_takes_long_is_given_up_here_and_there)
{
    struct gruvid *g;
    int hasty, sleepers;

    begin_postgres();
    g = begin_gruvid("");
    hasty = connect_to(g, HASTY);
    sleepers = connect_to(g, SLEEPERS);
    expect_line(hasty, "3600\n", "error timed out\n");
    gruvid_says(g, "warning hasty[");
    while (strcmp(ask_line(sleepers, "$\n"), "row 1 0\n") != 0)
        expect_text(sleepers, "ok 1\n");
    ck_assert_int_eq(gruvid_stop(g, SIGINT), 0);
}
END_TEST

START_TEST(test_the_stop_cuts_who_waits_for_a_server)
{
    struct gruvid *g;
    int fd;

    begin_postgres();
    g = begin_gruvid("");
    fd = connect_to(g, SLEEP);
    send_text(fd, "3600\n");
    fiber_waits_for_descriptor(g);
    ck_assert_int_eq(gruvid_stop(g, SIGTERM), 0);
    expect_end(fd);
    gruvid_says(g, "plugin sleep: 1 connection cut");
}
END_TEST

START_TEST(test_a_long_answer_comes_as_a_whole)
{
    static char text[100000];
    struct gruvid *g;
    char line[2001];
    size_t n;
    int fd;

    begin_postgres();
    g = begin_gruvid("");
    fd = connect_to(g, ECHO);
    memset(line, 'x', 2000);
    line[2000] = '\0';
    for (int i = 0; i < 40; i++) {
        send_text(fd, line);
        send_text(fd, "\n");
    }
    shutdown(fd, SHUT_WR);
    for (n = 0; n < sizeof text;) {
        ssize_t got = recv(fd, text + n, sizeof text - n, 0);

        ck_assert_int_ge(got, 0);
        if (got == 0)
            break;
        n += (size_t)got;
    }
    ck_assert_uint_eq(n, 40 * (strlen("row 2000 \nok 1\n") + 2000));
    ck_assert_int_eq(gruvid_stop(g, SIGINT), 0);
}
END_TEST

/* --- another socket ------------------------------------------------------- */

/* "The database system is starting up", after which libpq goes on to the next
 * host; that on another socket. */
static void
refuse_to_serve(int fd)
{
    static const char text[] = "SFATAL\0VFATAL\0C57P03\0Mnot now\0";
    uint32_t length, n = htonl(4 + sizeof text);
    char startup[1024];

    ck_assert_int_eq(recv(fd, &length, 4, MSG_WAITALL), 4);
    length = ntohl(length) - 4;
    ck_assert_uint_lt(length, sizeof startup);
    ck_assert_int_eq(recv(fd, startup, length, MSG_WAITALL), length);
    send_text(fd, "E");
    ck_assert_int_eq(send(fd, &n, 4, 0), 4);
    ck_assert_int_eq(send(fd, text, sizeof text, 0), sizeof text);
}

START_TEST(test_the_socket_may_change_while_it_connects)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int listening = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0), fd, busy;
    char folder[128], hosts[130];
    struct gruvid *g;

    begin_postgres();
    strcpy(folder, server_path(&server, "busy"));
    ck_assert_int_eq(mkdir(folder, 0755), 0);
    snprintf(address.sun_path, sizeof address.sun_path, "%.80s/.s.PGSQL.5432",
             folder);
    ck_assert_int_eq(
        bind(listening, (struct sockaddr *)&address, sizeof address), 0);
    ck_assert_int_eq(listen(listening, 8), 0);
    snprintf(hosts, sizeof hosts, "%s,", folder);
    g = begin_gruvid(hosts);
    fd = connect_to(g, ECHO);
    send_text(fd, "hello\n");
    busy = accept(listening, NULL, NULL);
    ck_assert_int_ge(busy, 0);
    fiber_waits_for_descriptor(g);
    refuse_to_serve(busy);
    expect_text(fd, "row 5 hello\nok 1\n");
    ck_assert_int_eq(gruvid_stop(g, SIGINT), 0);
    close(busy);
    close(listening);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("example_postgres");
    TCase *tc = tcase_create("postgres");

    need("postgres", "libpq", "postgres");
    tcase_add_unchecked_fixture(tc, make_database, remove_database);
    tcase_add_checked_fixture(tc, NULL, end);
    tcase_set_timeout(tc, 2 * PATIENCE);
    suite_add_tcase(suite, tc);
    tcase_add_test(tc, test_lines_are_answered_with_rows);
    tcase_add_test(tc, test_a_statement_that_fails_is_an_error_and_no_more);
    tcase_add_test(tc, test_no_server_is_an_error_until_there_is_one);
    tcase_add_test(tc, test_a_server_that_goes_away_is_an_error);
    tcase_add_test(tc,
                   test_a_statement_that_takes_long_is_given_up_here_and_there);
    tcase_add_test(tc, test_the_stop_cuts_who_waits_for_a_server);
    tcase_add_test(tc, test_a_long_answer_comes_as_a_whole);
    tcase_add_test(tc, test_the_socket_may_change_while_it_connects);
    return run_suite(suite);
}
