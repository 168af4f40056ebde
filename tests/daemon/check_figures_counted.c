/* SPDX-License-Identifier: MIT */
/* What gruvid counts of its plugins, as gruvictl sees it. */
#include <string.h>
#include <unistd.h>

#include "daemon/control_json.h"
#include "daemon/run_gruvid.h"

#define ECHO CONTROL "[plugin trial]\nlisten = tcp://127.0.0.1:0\n"
#define TWO  "[plugin two]\nmodule = trial\nlisten = tcp://127.0.0.1:0\n"

/* A member of the one generation of a plugin. */
static json_int_t
figure(struct gruvid *g, const char *plugin, const char *member)
{
    json_t *answer = ask_json_once(g, "{\"do\":\"plugins\"}");
    json_int_t n =
        whole_of(find_element(answer, "plugins", "plugin", plugin), member);

    json_decref(answer);
    return n;
}

static int
served(struct gruvid *g, unsigned port)
{
    int fd = connect_to(g, port);

    send_text(fd, "x\n");
    expect_text(fd, "x\n");
    return fd;
}

/* A fiber accepts, and one serves. */
START_TEST(test_fibers_that_max_fibers_has_refused)
{
    struct gruvid *g = gruvid_ready(ECHO "max_fibers = 2\n" TWO, NULL);
    int first = served(g, 0), second;

    ck_assert_int_eq(figure(g, "trial", "refused"), 0);
    second = connect_to(g, 0);
    gruvid_says(g, "a connection waits");
    ck_assert_int_ge(figure(g, "trial", "refused"), 1);
    ck_assert_int_eq(figure(g, "trial", "most_fibers"), 2);
    ck_assert_int_eq(figure(g, "two", "refused"), 0);
    close(first);
    close(second);
}
END_TEST

START_TEST(test_times_that_max_connections_was_reached)
{
    struct gruvid *g = gruvid_ready(ECHO "max_connections = 1\n" TWO, NULL);
    int first = served(g, 0);

    gruvid_says(g, "max_connections = 1 is reached");
    ck_assert_int_eq(figure(g, "trial", "full"), 1);
    ck_assert_int_eq(figure(g, "two", "full"), 0);
    close(first);
}
END_TEST

/* The fiber that ran start has ended.  The fiber that is "deep" has had 140
 * frames of 4 KiB, and waits: it is measured when it is looked at. */
START_TEST(test_the_most_of_a_stack_that_was_used)
{
    struct gruvid *g = gruvid_ready(
        "[fibers]\nstack_size = 2M\n" ECHO TWO "fiber = deep\n", NULL);

    gruvid_says(g, "back from the depth");
    ck_assert_int_gt(figure(g, "trial", "most_stack"), 0);
    ck_assert_int_lt(figure(g, "two", "most_stack"), 131072);
    json_decref(ask_json_once(g, "{\"do\":\"fibers\"}"));
    ck_assert_int_lt(figure(g, "trial", "most_stack"), 131072);
    ck_assert_int_gt(figure(g, "two", "most_stack"), 140 * 4096);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("figures_counted");
    TCase *tc = gruvid_case(suite, "counters");

    tcase_add_test(tc, test_fibers_that_max_fibers_has_refused);
    tcase_add_test(tc, test_times_that_max_connections_was_reached);
    tcase_add_test(tc, test_the_most_of_a_stack_that_was_used);
    return run_suite(suite);
}
