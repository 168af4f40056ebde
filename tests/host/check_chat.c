/* SPDX-License-Identifier: MIT */
/* What a script cannot say of plugins/examples/chat.c. */
#include <check.h>
#include <gruvid/test.h>

#include "host/run.h"
#include "support/suite.h"

/* Where reads and writes do less than they could, the welcome waits when the
 * cancel comes; elsewhere it has been written by then. */
static void
cancel_as_the_welcome_comes(void *arg)
{
    gruvi_stream_t *client = gruvid_test_connect();
    char buf[64];
    ssize_t n;

    (void)arg;
    gruvid_test_send(client, "Ada\n");
    gruvid_test_cancel(client);
    gruvi_stream_set_timeout(client, 60);
    while ((n = gruvi_stream_read(client, buf, sizeof buf)) > 0)
        ;
    if (n == UV_ETIMEDOUT)
        gruvid_test_fail("the cancel was lost: the connection goes on");
    gruvi_stream_close(client);
}

START_TEST(test_a_cancel_as_the_welcome_comes_ends_the_connection)
{
    gruvid_test_options_t options = {.explore = 20};

    assert_well(run("plugins/examples/.libs/chat.so", options,
                    cancel_as_the_welcome_comes));
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("chat");
    TCase *tcase = tcase_create("chat");

    tcase_set_timeout(tcase, 300);
    tcase_add_test(tcase,
                   test_a_cancel_as_the_welcome_comes_ends_the_connection);
    suite_add_tcase(suite, tcase);
    return run_suite(suite);
}
