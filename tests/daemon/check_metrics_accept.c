/* SPDX-License-Identifier: MIT */
/* The format of metrics, by what a client accepts. */
#include <gruvid/metrics.h>

#include "support/suite.h"

#define OPEN "application/openmetrics-text"

static const struct {
    const char *accept;
    gruvid_metrics_format_t format;
} cases[] = {
    {NULL, GRUVID_METRICS_PROMETHEUS},
    {"", GRUVID_METRICS_PROMETHEUS},
    {"*/*", GRUVID_METRICS_PROMETHEUS},
    {"text/html,*/*;q=0.8", GRUVID_METRICS_PROMETHEUS},
    {"image/png", GRUVID_METRICS_PROMETHEUS},
    {OPEN, GRUVID_METRICS_OPENMETRICS},
    {"Application/OpenMetrics-Text", GRUVID_METRICS_OPENMETRICS},
    {OPEN ";version=1.0.0", GRUVID_METRICS_OPENMETRICS},
    {OPEN " ; version=\"1.0.0\" ; q=0.1", GRUVID_METRICS_OPENMETRICS},
    {OPEN ";version=2.0.0", GRUVID_METRICS_PROMETHEUS},
    {OPEN ";version=0.0.1", GRUVID_METRICS_PROMETHEUS},
    {OPEN ";q=0", GRUVID_METRICS_PROMETHEUS},
    {OPEN ";q=0.000", GRUVID_METRICS_PROMETHEUS},
    {OPEN "x", GRUVID_METRICS_PROMETHEUS},
    {"text/plain," OPEN, GRUVID_METRICS_OPENMETRICS},
    {"text/plain;q=0.5," OPEN ";q=0.501", GRUVID_METRICS_OPENMETRICS},
    {"text/plain;q=0.5," OPEN ";q=0.499", GRUVID_METRICS_PROMETHEUS},
    {"text/plain;version=1.0.0," OPEN ";q=0.1", GRUVID_METRICS_OPENMETRICS},
    {"text/plain;version=0.0.4;q=0.2," OPEN ";q=0.1",
     GRUVID_METRICS_PROMETHEUS},
    {"a/b;c=\", " OPEN "\";q=1", GRUVID_METRICS_PROMETHEUS},
    {"a/b;c=\"\\\", " OPEN "\"", GRUVID_METRICS_PROMETHEUS},
    {"a/b;c=\"", GRUVID_METRICS_PROMETHEUS},
    {";;,,;q=,q=0," OPEN, GRUVID_METRICS_OPENMETRICS},
    /* What Prometheus sends. */
    {OPEN ";version=1.0.0;escaping=allow-utf-8;q=0.6," OPEN
          ";version=0.0.1;q=0.5,text/plain;version=1.0.0;"
          "escaping=allow-utf-8;q=0.4,text/plain;version=0.0.4;q=0.3,*/*;q=0.2",
     GRUVID_METRICS_OPENMETRICS},
    {"text/plain;version=0.0.4;q=1,*/*;q=0.1", GRUVID_METRICS_PROMETHEUS},
};

START_TEST(test_the_format_that_a_client_likes_best)
{
    ck_assert_msg(gruvid_metrics_choose(cases[_i].accept) == cases[_i].format,
                  "%s", cases[_i].accept);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("metrics_accept");
    TCase *tc = tcase_create("accept");

    tcase_add_loop_test(tc, test_the_format_that_a_client_likes_best, 0,
                        sizeof cases / sizeof *cases);
    suite_add_tcase(suite, tc);
    return run_suite(suite);
}
