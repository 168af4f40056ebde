/* SPDX-License-Identifier: MIT */
/* Work without memory: allocations fail in turn, from the first of a message to
 * its last.  It comes again, or the connection is lost and made again; in the
 * end it is done, or a dead letter. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "http/client.h"
#include "nats/stream.h"

static struct bus_server server;
static struct bus *bus;
static int *left; /* atomic; shared with gruvid */
static char shared[64];
static struct gruvid *g;

static void
prepare(void)
{
    bus_prepare(&server);
    bus_begin(&server, stream_config(&server));
    bus = bus_open(server.port);
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
    g = gruvid_ready(bus_config(&server,
                                "work = ORDERS/billing -> mirror\n"
                                "max_deliveries = 100\ndead_letter = dead.x\n",
                                ""),
                     &options);
    gruvid_says(g, "work ORDERS/billing is pulled");
}

/* Returns how many allocations there are. */
static int
fail_in_turn(const char *head)
{
    for (int n = 1;; n++) {
        bool has_failed;

        __atomic_store_n(left, n, __ATOMIC_SEQ_CST);
        stream_store(bus, "orders.1", head, "data");
        consumer_ends(bus, "ORDERS", "billing");
        has_failed = __atomic_load_n(left, __ATOMIC_SEQ_CST) <= 0;
        __atomic_store_n(left, 0, __ATOMIC_SEQ_CST);
        if (!has_failed)
            return n;
    }
}

START_TEST(test_each_allocation_of_a_message_may_fail)
{
    static const char *const heads[] = {
        "Gruvid-Path: /nothing\r\nNats-X: 1\r\n",
        "Gruvid-Path: /say?status=422\r\nNats-X: 1\r\n",
    };
    const char *flags = getenv("SANITIZER_FLAGS");
    int n = 0;

    if ((flags != NULL && flags[0] != '\0') || getenv("GRUVID_UNDER") != NULL) {
        printf("skipped: the allocator is somebody else's\n");
        return;
    }
    stream_make(bus, "ORDERS", "orders.>");
    stream_make(bus, "DEAD", "dead.>");
    consumer_make(bus, "ORDERS", "billing",
                  "\"backoff\":[200000000,200000000],\"max_deliver\":100,");
    begin();
    for (size_t i = 0; i < sizeof heads / sizeof *heads; i++) {
        n = fail_in_turn(heads[i]);
        printf("%d allocations: %s", n, heads[i]);
    }
    /* A message without memory is no dead letter for that. */
    ck_assert_int_eq(stream_number(bus, "STREAM.INFO.DEAD", "messages"), n);
    ck_assert_int_eq(gruvid_stop(g, SIGTERM), 0);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("nats_work_memory");
    TCase *tc = tcase_create("memory");

    bus_need();
    tcase_add_checked_fixture(tc, prepare, finish);
    tcase_set_timeout(tc, 4 * PATIENCE);
    suite_add_tcase(suite, tc);
    tcase_add_test(tc, test_each_allocation_of_a_message_may_fail);
    return run_suite(suite);
}
