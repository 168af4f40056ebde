/* SPDX-License-Identifier: MIT */
/* Calls of the bus without memory: allocations fail in turn, from the first of
 * a call to its last.  The call says so, or the connection is lost and made
 * again; the next call works. */
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "daemon/failing_memory.h"
#include "nats/talk.h"

static struct bus_server server;
static struct gruvid *g;
static int fd;

static void
prepare(void)
{
    bus_prepare(&server);
    talk_prepare();
}

static void
finish(void)
{
    bus_remove(&server);
    gruvid_end_all();
    failing_memory_end();
}

static void
begin(void)
{
    bus_env(failing_memory_begin());
    g = bus_gruvid(&server, "route = a -> mirror\n", TALKS);
    fd = talk_to(g);
}

/* The first line of the answer to a line; "": there was no memory for the
 * client's connection, and there is another. */
static const char *
try(const char *line)
{
    static char answer[1000];
    size_t n = 0;

    /* What else the last answer has: it was sent at once. */
    while (recv(fd, answer, sizeof answer, MSG_DONTWAIT) > 0)
        continue;
    send(fd, line, strlen(line), MSG_NOSIGNAL);
    while (n < sizeof answer - 1 && (n == 0 || answer[n - 1] != '\n') &&
           recv(fd, answer + n, 1, 0) == 1)
        n++;
    answer[n] = '\0';
    if (n > 0 && answer[n - 1] == '\n') {
        answer[n - 1] = '\0';
        return answer;
    }
    failing_memory_at(0);
    fd = talk_to(g);
    return "";
}

/* All that was lost is there again. */
static void
recover(void)
{
    const char *answer;

    failing_memory_at(0);
    while (strcmp(answer = try("call - - nobody - - - x\n"), "ENOENT") != 0) {
        ck_assert_msg(*answer == '\0' || strcmp(answer, "ENOTCONN") == 0, "%s",
                      answer);
        usleep(1000);
    }
}

/* Without memory for a string jansson takes text for malformed. */
static bool
is_allowed(const char *answer)
{
    static const char *const codes[] = {"", "ENOMEM", "ENOTCONN", "EPROTO"};

    for (size_t i = 0; i < sizeof codes / sizeof *codes; i++)
        if (strcmp(answer, codes[i]) == 0)
            return true;
    return *answer == '0';
}

/* Returns how many allocations there are. */
static int
fail_in_turn(const char *before, const char *line)
{
    for (int n = 1;; n++) {
        const char *answer;
        bool has_failed;

        recover();
        if (before != NULL)
            try(before);
        failing_memory_at(n);
        answer = try(line);
        has_failed = failing_memory_failed();
        ck_assert_msg(is_allowed(answer), "allocation %d: %s%s\n%s", n, line,
                      answer, g->log);
        if (!has_failed)
            return n;
    }
}

START_TEST(test_each_allocation_of_a_call_may_fail)
{
    static const char *const lines[][2] = {
        {NULL, "publish - - a X-Test:yes x\n"},
        {NULL, "publish - - orders.new durable,X-Test:yes x\n"},
        {NULL, "call - - a PUT /p X-Test:yes x\n"},
        {NULL, "subscribe - 9 b group\n"},
        {NULL, "put - - b k x\n"},
        {"put - - b k x\n", "get - - b k\n"},
        {"delete - - b k 0\n", "create - - b k x\n"},
        {"put - - b k x\n", "delete - - b k 0\n"},
        /* Its own message comes meanwhile. */
        {"subscribe - 9 c -\n", "publish - - c X-Test:yes x\n"},
    };

    if (!failing_memory_works())
        return;
    bus_begin(&server, STORE);
    talk_api(&server, "STREAM.CREATE.ORDERS",
             "{\"name\":\"ORDERS\",\"subjects\":[\"orders.*\"]}");
    talk_api(&server, "STREAM.CREATE.KV_b",
             "{\"name\":\"KV_b\",\"subjects\":[\"$KV.b.>\"]}");
    begin();
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++)
        printf("%d allocations: %s", fail_in_turn(lines[i][0], lines[i][1]),
               lines[i][1]);
    recover();
    talk_stop(g);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("nats_bus_memory");
    TCase *tc = tcase_create("memory");

    bus_need();
    tcase_add_checked_fixture(tc, prepare, finish);
    tcase_set_timeout(tc, 4 * PATIENCE);
    suite_add_tcase(suite, tc);
    tcase_add_test(tc, test_each_allocation_of_a_call_may_fail);
    return run_suite(suite);
}
