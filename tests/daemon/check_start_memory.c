/* SPDX-License-Identifier: MIT */
/* A start without memory: each allocation of gruvid fails in turn, from its
 * first to the last one of its stop. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "daemon/failing_memory.h"
#include "daemon/run_gruvid.h"

#define CONFIG                                                                 \
    "[gruvid]\ncancel_timeout = 100ms\nhubs = %d\n"                            \
    "[plugin one]\nmodule = trial\nfiber = good\nidle_timeout = 1m\n"          \
    "listen = unix:@DIR@/one\nlisten = tcp://127.0.0.1:0\n"                    \
    "[plugin two]\nmodule = trial\n"                                           \
    "[plugin spread]\nlisten = tcp://127.0.0.1:0\nlisten = unix:@DIR@/two\n"

/* Until it is ready or has ended; false where allocation n did not exist. */
static bool
try_without(int n, int hubs)
{
    char config[sizeof CONFIG];
    char mark[64], preload[300], at[32], env_mark[80];
    struct gruvid_options options = {
        .env = (const char *[]){preload, at, env_mark, NULL},
    };
    struct gruvid *g;
    bool failed;
    int status;

    snprintf(mark, sizeof mark, "/tmp/gruvid-mark-%d", getpid());
    snprintf(preload, sizeof preload,
             "LD_PRELOAD=%s/tests/daemon/.libs/failing_malloc.so",
             getenv("top_builddir"));
    snprintf(at, sizeof at, "FAIL_AT=%d", n);
    snprintf(env_mark, sizeof env_mark, "FAIL_MARK=%s", mark);
    snprintf(config, sizeof config, CONFIG, hubs);
    g = gruvid_begin(config, &options);
    if (gruvid_says_or_ends(g, "gruvid: ready"))
        gruvid_signal(g, SIGTERM);
    status = gruvid_wait(g);
    ck_assert_msg(status == 0 || status == 1 || status == 69 || status == 78,
                  "allocation %d: exit status %d\n%s", n, status, g->log);
    /* Who gives up says why. */
    ck_assert_msg(status == 0 || g->length > 0, "allocation %d: not a word", n);
    failed = access(mark, F_OK) == 0;
    unlink(mark);
    gruvid_end_all();
    return failed;
}

START_TEST(test_each_allocation_may_fail_from_start_to_stop)
{
    int n = 1;

    if (!failing_memory_works())
        return;
    while (try_without(n, _i + 1))
        n++;
    printf("%d allocations\n", n - 1);
    /* It was in the way at all. */
    ck_assert_int_gt(n, 100);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("start_memory");
    TCase *tc = gruvid_case(suite, "memory");

    /* In one hub, and in two. */
    tcase_add_loop_test(tc, test_each_allocation_may_fail_from_start_to_stop, 0,
                        2);
    return run_suite(suite);
}
