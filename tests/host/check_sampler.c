/* SPDX-License-Identifier: MIT */
/* Without memory for a sample of plugins/dashboard there is none. */
#include <stdlib.h>

#include <check.h>
#include <gruvid/test.h>

#include "host/run.h"
#include "support/suite.h"

/* Of the next sample, whose text is of some other length each time. */
static GRUVI_SWITCHPOINT int
read_number(gruvi_stream_t *client)
{
    int number = 0;
    char c;

    gruvid_test_expect_until(client, "event: sample\n");
    gruvid_test_expect_until(client, "\"number\":");
    while (gruvi_stream_read(client, &c, 1) == 1 && c >= '0' && c <= '9')
        number = 10 * number + c - '0';
    return number;
}

/* Each sample is new, whichever allocation fails. */
static void
watch(void *arg)
{
    const gruvid_header_t host = {"Host", "localhost"};
    gruvid_call_t call = {.path = "/?events", .headers = &host, .n_headers = 1};
    gruvi_stream_t *client = gruvid_test_open(&call);
    int last = 0;

    (void)arg;
    gruvid_answer_free(gruvid_test_head(client));
    for (int i = 0; i < 3; i++) {
        int number = read_number(client);

        if (number <= last)
            never("sample %d came again as %d", last, number);
        last = number;
    }
    gruvi_stream_close(client);
}

START_TEST(test_no_sample_comes_again_in_place_of_a_new_one)
{
    setenv("GRUVID_TEST_SWEEP", "own", 1);
    assert_well(
        run("plugins/.libs/dashboard.so", (gruvid_test_options_t){0}, watch));
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("sampler");
    TCase *tcase = tcase_create("sampler");

    tcase_set_timeout(tcase, 300);
    tcase_add_test(tcase, test_no_sample_comes_again_in_place_of_a_new_one);
    suite_add_tcase(suite, tcase);
    return run_suite(suite);
}
