/* SPDX-License-Identifier: MIT */
/* A strict reader of what gruvid_metrics_write() writes. */
#ifndef TESTS_DAEMON_METRICS_TEXT_H
#define TESTS_DAEMON_METRICS_TEXT_H

#include <stddef.h>

#include <gruvid/metrics.h>

/* The test fails where the text is not as the format has it. */
void check_metrics(const char *text, size_t size,
                   gruvid_metrics_format_t format);

/* The value of a sample, by its name with labels; the test fails where there is
 * none, or more than one. */
double metric(const char *text, const char *sample);

/* Whether no counter, and no count of a histogram, is less in after than in
 * before; each that is in before is in after. */
void check_no_counter_went_down(const char *before, const char *after);

#endif
