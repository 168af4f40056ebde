/* SPDX-License-Identifier: MIT */
/* plugins/examples/jobs.c, against a PostgreSQL server. */
#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "daemon/server.h"
#include "http/client.h"

static struct server server;

static void
begin_postgres(void)
{
    /* With this one, which ends it at once, its own processes end, too. */
    server.end_signal = SIGQUIT;
    server_begin(&server, (const char *[]){"postgres", "-D", "data", "-F", "-h",
                                           "", "-k", server.dir, NULL});
}

/* Run statements, and get what they print, in static memory. */
static const char *
sql(const char *statements)
{
    struct server client = server; /* in the same folder */

    client.pid = 0;
    server_run(&client, (const char *[]){
                            "psql", "-h", server.dir, "-U", "gruvi", "-d",
                            "postgres", "-q", "-t", "-A", "-o", "printed", "-v",
                            "ON_ERROR_STOP=1", "-c", statements, NULL});
    return read_text(server_path(&server, "printed"));
}

/* Once for all of them, because it takes long. */
static void
make_database(void)
{
    server_prepare(&server);
    server_run(&server, (const char *[]){"initdb", "-D", "data", "-U", "gruvi",
                                         "-A", "trust", "-E", "UTF8",
                                         "--no-sync", "--no-locale", NULL});
    begin_postgres();
    sql("create table jobs (id bigserial primary key, task text not null, "
        "due timestamptz default now())");
    server_end(&server);
}

static void
remove_database(void)
{
    server_remove(&server);
}

static void
begin(void)
{
    begin_postgres();
    sql("truncate jobs restart identity");
}

static void
end(void)
{
    server_end(&server);
    gruvid_end_all();
}

#define JOBS(name)                                                             \
    "[plugin " name "]\nmodule = jobs\nworker = works\n"                       \
    "database = host=%s%s user=gruvi dbname=postgres\n"

/* Two workers; hosts: of libpq, before the server's, with a comma. */
static struct gruvid *
begin_gruvid_with(const char *hosts)
{
    char config[1024];

    snprintf(config, sizeof config, "[plugin works]\n" JOBS("one") JOBS("two"),
             hosts, server.dir, hosts, server.dir);
    http_bring("plugins/examples/.libs/jobs.so");
    http_bring("tests/http/plugins/.libs/works.so");
    return http_begin_with(config, "drain_timeout = 100ms\n");
}

static struct gruvid *
begin_gruvid(void)
{
    return begin_gruvid_with("");
}

static void
until(const char *query, const char *printed)
{
    while (strcmp(sql(query), printed) != 0)
        usleep(10000);
}

START_TEST(test_each_job_is_done_once)
{
    struct gruvid *g;

    sql("insert into jobs (task) values ('early')");
    g = begin_gruvid();
    gruvid_says(g, "is to do: early");
    sql("insert into jobs (task) select 'late ' || n "
        "from generate_series(1, 50) n; notify jobs");
    gruvid_says_times(g, "is to do: late", 50);
    until("select count(*) from jobs", "0\n");
    /* Both sleep now, and the notification wakes them. */
    sql("insert into jobs (task) values ('last'); notify jobs");
    gruvid_says(g, "is to do: last");
    until("select count(*) from jobs", "0\n");
    ck_assert_int_eq(gruvid_stop(g, SIGTERM), 0);
    ck_assert_uint_eq(gruvid_said(g, "is to do: "), 52);
    ck_assert_uint_eq(gruvid_said(g, " warning "), 0);
}
END_TEST

/* So that it is in the way of no other. */
START_TEST(test_a_job_that_fails_is_put_off)
{
    struct gruvid *g = begin_gruvid();

    sql("insert into jobs (task) values ('fail'), ('break'), ('easy'); "
        "notify jobs");
    gruvid_says(g, "is to do: fail");
    gruvid_says(g, "is to do: break");
    gruvid_says(g, "is to do: easy");
    until("select task, due > now() from jobs order by id",
          "fail|t\nbreak|t\n");
    ck_assert_int_eq(gruvid_stop(g, SIGTERM), 0);
    ck_assert_uint_eq(gruvid_said(g, "is to do: "), 3);
    gruvid_says(g, "job 1 is put off");
    gruvid_says(g, "job 2 is put off");
}
END_TEST

START_TEST(test_a_job_that_takes_long_holds_up_no_other)
{
    struct gruvid *g = begin_gruvid();

    sql("insert into jobs (task) values ('wait'); notify jobs");
    gruvid_says(g, "is to do: wait");
    sql("insert into jobs (task) values ('easy'); notify jobs");
    gruvid_says(g, "is to do: easy");
    until("select task from jobs", "wait\n");
    /* Where gruvid ends, the next has to do it. */
    ck_assert_int_eq(gruvid_stop(g, SIGTERM), 0);
    ck_assert_str_eq(sql("select task, due <= now() from jobs"), "wait|t\n");
    g = begin_gruvid();
    gruvid_says(g, "is to do: wait");
    ck_assert_int_eq(gruvid_stop(g, SIGTERM), 0);
}
END_TEST

START_TEST(test_a_server_that_goes_is_waited_for)
{
    struct gruvid *g = begin_gruvid();

    sql("insert into jobs (task) values ('before'); notify jobs");
    gruvid_says(g, "is to do: before");
    server_end(&server);
    gruvid_says(g, " warning ");
    begin_postgres();
    sql("insert into jobs (task) values ('behind'); notify jobs");
    gruvid_says(g, "is to do: behind");
    ck_assert_int_eq(gruvid_stop(g, SIGTERM), 0);
}
END_TEST

/* --- another socket ------------------------------------------------------- */

/* As a server that starts: libpq goes on to the next host, by another socket.
 */
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
    int listening = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0), busy[2];
    char folder[128], hosts[130];
    struct gruvid *g;

    strcpy(folder, server_path(&server, "busy"));
    ck_assert_int_eq(mkdir(folder, 0755), 0);
    snprintf(address.sun_path, sizeof address.sun_path, "%.80s/.s.PGSQL.5432",
             folder);
    ck_assert_int_eq(
        bind(listening, (struct sockaddr *)&address, sizeof address), 0);
    ck_assert_int_eq(listen(listening, 8), 0);
    snprintf(hosts, sizeof hosts, "%s,", folder);
    g = begin_gruvid_with(hosts);
    for (int i = 0; i < 2; i++) {
        busy[i] = accept(listening, NULL, NULL);
        ck_assert_int_ge(busy[i], 0);
    }
    close(listening);
    fiber_waits_for_descriptor(g);
    for (int i = 0; i < 2; i++)
        refuse_to_serve(busy[i]);
    sql("insert into jobs (task) values ('easy'); notify jobs");
    gruvid_says(g, "is to do: easy");
    until("select count(*) from jobs", "0\n");
    ck_assert_int_eq(gruvid_stop(g, SIGTERM), 0);
    close(busy[0]);
    close(busy[1]);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("example_jobs");
    TCase *tc = tcase_create("jobs");

    need("jobs", "libpq", "postgres");
    need_program("psql");
    tcase_add_unchecked_fixture(tc, make_database, remove_database);
    tcase_add_checked_fixture(tc, begin, end);
    tcase_set_timeout(tc, 2 * PATIENCE);
    suite_add_tcase(suite, tc);
    tcase_add_test(tc, test_each_job_is_done_once);
    tcase_add_test(tc, test_a_job_that_fails_is_put_off);
    tcase_add_test(tc, test_a_job_that_takes_long_holds_up_no_other);
    tcase_add_test(tc, test_a_server_that_goes_is_waited_for);
    tcase_add_test(tc, test_the_socket_may_change_while_it_connects);
    return run_suite(suite);
}
