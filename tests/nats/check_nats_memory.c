/* SPDX-License-Identifier: MIT */
/*
 * A reload without memory: allocations fail in turn, from the first of a reload
 * to the last of the connection and the node that follow.  It is refused, and
 * nothing has changed; or all that it asks for is there in the end.
 *
 * jansson's own allocations do not fail: without memory for the last quote of a
 * string it writes behind its copy (2.14).
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "daemon/run_gruvictl.h"
#include "nats/stream.h"

/* From one failure to the next: $STRIDE is another number. */
#define STRIDE 11

static struct bus_server server;
static struct bus *bus;
static int *left; /* atomic; shared with gruvid */
static char shared[64];
static struct gruvid *g;

/* What a reload changes. */
static const struct {
    const char *scheme, *node, *subject, *lines;
} turns[] = {
    {"nats://127.0.0.1", "n0", "b0",
     "node = n0\nroute = a -> mirror\nroute = b0 -> mirror\n"
     "work = ORDERS/w0 -> mirror\n"},
    {"nats://localhost", "n1", "b1",
     "node = n1\nroute = a -> mirror\nroute = b1 -> mirror\n"
     "work = ORDERS/w1 -> mirror\n"},
};

static void
prepare(void)
{
    bus_prepare(&server);
}

static void
finish(void)
{
    bus_close(bus);
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

static const char *
config(int turn)
{
    bus_scheme(turns[turn].scheme);
    return bus_config(&server, turns[turn].lines, "");
}

static void
begin(void)
{
    static char preload[300], env_shared[80];
    static const char *const env[] = {preload, env_shared, "FAIL_SPARE=jansson",
                                      NULL};

    share();
    snprintf(preload, sizeof preload,
             "LD_PRELOAD=%s/tests/daemon/.libs/failing_malloc.so",
             getenv("top_builddir"));
    snprintf(env_shared, sizeof env_shared, "FAIL_SHARED=%s", shared);
    bus_env(env);
    bus_scheme(turns[0].scheme);
    g = bus_gruvid(&server, turns[0].lines, "");
}

/* Whether somebody answers. */
static bool
is_answered(const char *subject)
{
    struct letter letter;
    bool answered;

    bus_request(bus, subject, "Host: h\r\n", "", 0);
    bus_read(bus, &letter);
    answered = letter.status == 200;
    letter_free(&letter);
    return answered;
}

/* A connection that is about to be lost has the other name. */
static bool
is_node(int turn)
{
    char line[32];

    snprintf(line, sizeof line, "\n%s ", turns[turn].node);
    return RUN(gruvid_path(g, "control.sock"), "--cluster", "status") == 0 &&
           strstr(said.out, line) != NULL;
}

/* Until all of it is there. */
static void
await(int turn)
{
    while (!is_node(turn) || !is_answered("a") ||
           !is_answered(turns[turn].subject))
        usleep(1000);
    gruvid_says(g, " subscribed"); /* its log is read, too */
}

/* Who refuses says why. */
static bool
reload(int turn, int n)
{
    bool done;

    gruvid_configure(g, config(turn));
    __atomic_store_n(left, n, __ATOMIC_SEQ_CST);
    done = RUN(gruvid_path(g, "control.sock"), "reload") == 0;
    ck_assert_msg(done || strlen(said.err) > strlen("gruvictl: \n"),
                  "allocation %d: no reason", n);
    return done;
}

/* Returns whether an allocation has failed. */
static bool
fail_at(int n, int turn)
{
    bool done = reload(turn, n), failed;

    while (done && __atomic_load_n(left, __ATOMIC_SEQ_CST) > 0 &&
           !is_node(turn))
        usleep(1000);
    failed = __atomic_load_n(left, __ATOMIC_SEQ_CST) <= 0;
    __atomic_store_n(left, 0, __ATOMIC_SEQ_CST);
    if (!done) {
        await(1 - turn);
        ck_assert_msg(!is_answered(turns[turn].subject),
                      "allocation %d: a reload that was refused is there", n);
        ck_assert(reload(turn, 0));
    }
    await(turn);
    return failed;
}

START_TEST(test_each_allocation_of_a_reload_may_fail)
{
    const char *flags = getenv("SANITIZER_FLAGS"), *stride = getenv("STRIDE");
    int n = 1, turn = 0;

    bus_begin(&server, stream_config(&server));
    bus = bus_open(server.port);
    if ((flags != NULL && flags[0] != '\0') || getenv("GRUVID_UNDER") != NULL) {
        printf("skipped: the allocator is somebody else's\n");
        return;
    }
    stream_make(bus, "ORDERS", "orders.>");
    consumer_make(bus, "ORDERS", "w0", "");
    consumer_make(bus, "ORDERS", "w1", "");
    begin();
    await(turn);
    while (fail_at(n, turn = 1 - turn))
        n += stride != NULL ? atoi(stride) : STRIDE;
    printf("%d allocations\n", n);
    ck_assert_int_gt(n, 100);
    ck_assert_int_eq(gruvid_stop(g, SIGTERM), 0);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("nats_memory");
    TCase *tc = tcase_create("memory");

    bus_need();
    tcase_add_checked_fixture(tc, prepare, finish);
    tcase_set_timeout(tc, 4 * PATIENCE);
    suite_add_tcase(suite, tc);
    tcase_add_test(tc, test_each_allocation_of_a_reload_may_fail);
    return run_suite(suite);
}
