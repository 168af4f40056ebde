/* SPDX-License-Identifier: MIT */
/* Calls of the bus without memory: allocations fail in turn, from the first of
 * a call to its last.  The call says so, or the connection is lost and made
 * again; the next call works. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "http/client.h"
#include "nats/talk.h"

static struct bus_server server;
static int *left; /* atomic; shared with gruvid */
static char shared[64];
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
    unlink(shared);
}

static void
share(void)
{
    int file;

    snprintf(shared, sizeof shared, "/tmp/gruvid-shared-%d", getpid());
    file = open(shared, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    ck_assert_int_ge(file, 0);
    ck_assert_int_eq(ftruncate(file, sizeof *left), 0);
    left =
        mmap(NULL, sizeof *left, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    ck_assert_ptr_ne(left, MAP_FAILED);
    close(file);
}

static void
begin(void)
{
    static char option[4200], preload[300], env_shared[80];
    static const char *const args[] = {"-o", option, NULL};
    static const char *const env[] = {preload, env_shared, NULL};
    struct gruvid_options options = {.args = args, .env = env};

    http_bring("plugins/.libs/nats.so");
    share();
    snprintf(option, sizeof option, "gruvid.plugin_dir=%s", http_plugin_dir());
    snprintf(preload, sizeof preload,
             "LD_PRELOAD=%s/tests/daemon/.libs/failing_malloc.so",
             getenv("top_builddir"));
    snprintf(env_shared, sizeof env_shared, "FAIL_SHARED=%s", shared);
    g = gruvid_ready(bus_config(&server, "route = a -> mirror\n", TALKS),
                     &options);
    gruvid_says(g, " subscribed");
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
    __atomic_store_n(left, 0, __ATOMIC_SEQ_CST);
    fd = talk_to(g);
    return "";
}

/* All that was lost is there again. */
static void
recover(void)
{
    const char *answer;

    __atomic_store_n(left, 0, __ATOMIC_SEQ_CST);
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
        __atomic_store_n(left, n, __ATOMIC_SEQ_CST);
        answer = try(line);
        has_failed = __atomic_load_n(left, __ATOMIC_SEQ_CST) <= 0;
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
    const char *flags = getenv("SANITIZER_FLAGS");

    if ((flags != NULL && flags[0] != '\0') || getenv("GRUVID_UNDER") != NULL) {
        printf("skipped: the allocator is somebody else's\n");
        return;
    }
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
