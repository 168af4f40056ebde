/* SPDX-License-Identifier: MIT */
/* Reloads without memory: allocations fail in turn, from the first of a reload
 * to its last.  What runs goes on, and the next reload works. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "daemon/control_client.h"
#include "daemon/failing_memory.h"

/* From one failure to the next: $STRIDE is another number. */
#define STRIDE 5

#define CONFIG                                                                 \
    "[gruvid]\ncontrol = @DIR@/control.sock\nhubs = 2\n"                       \
    "cancel_timeout = 100ms\n"                                                 \
    "[plugin renew]\nlisten = unix:@DIR@/one\n"

/* A reload has all that: options that are taken, an address that comes and
 * goes, a new generation, and other limits. */
static const char *const configs[] = {
    CONFIG "mark = a\n"
           "[plugin trial]\nfiber = good\nlisten = unix:@DIR@/two\n"
           "[plugin spread]\nlisten = unix:@DIR@/three\n",
    CONFIG "mark = b\nlisten = tcp://127.0.0.1:0\n"
           "[plugin trial]\nlisten = unix:@DIR@/two\n"
           "[plugin spread]\nmax_connections = 9\nlisten = unix:@DIR@/three\n"
           "idle_timeout = 1m\n",
};

static struct gruvid *
begin(void)
{
    struct gruvid_options options = {.env = failing_memory_begin()};

    return gruvid_ready(configs[0], &options);
}

static void
echo_at(struct gruvid *g, const char *name)
{
    int fd = connect_unix(gruvid_path(g, name));

    ck_assert_int_ge(fd, 0);
    send_text(fd, "x");
    expect_text(fd, "x");
    close(fd);
}

/* The answer to a reload where an allocation fails; NULL: the connection was
 * what there was no memory for. */
static const char *
reload_without(struct gruvid *g, int n)
{
    static const char line[] = "{\"do\":\"reload\"}\n";
    int fd = connect_control(g);
    const char *answer;

    failing_memory_at(n);
    send(fd, line, sizeof line - 1, MSG_NOSIGNAL);
    answer = read_answer(fd);
    close(fd);
    return answer;
}

/* Who gives up says why. */
static void
check_answer(struct gruvid *g, int n, const char *answer)
{
    if (answer == NULL || strstr(answer, "\"ok\":true") != NULL)
        return;
    ck_assert_msg(strstr(answer, "\"ok\":false") != NULL &&
                      strstr(answer, "\"reasons\":[]") == NULL,
                  "allocation %d: %s\n%s", n, answer, g->log);
}

START_TEST(test_each_allocation_of_a_reload_may_fail)
{
    const char *stride = getenv("STRIDE");
    struct gruvid *g;
    int n = 1;

    if (!failing_memory_works())
        return;
    g = begin();
    for (bool failed = true; failed;) {
        gruvid_configure(g, configs[n % 2]);
        check_answer(g, n, reload_without(g, n));
        failed = failing_memory_failed();
        failing_memory_at(0);
        echo_at(g, "two");
        expect_answer(ask_once(g, "{\"do\":\"reload\"}"), "\"ok\":true");
        n += stride != NULL ? atoi(stride) : STRIDE;
    }
    printf("%d allocations\n", n);
    ck_assert_int_gt(n, 100);
    failing_memory_end();
    ck_assert_int_eq(gruvid_stop(g, SIGTERM), 0);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("reload_memory");
    TCase *tc = gruvid_case(suite, "memory");

    tcase_add_test(tc, test_each_allocation_of_a_reload_may_fail);
    return run_suite(suite);
}
