/* SPDX-License-Identifier: MIT */
/* Reports of reloads: see report.h. */
#include "control/report.h"

#include <stdlib.h>

#include "control/text.h"

json_t *
gruvid__show_time(const struct timespec *time)
{
    char text[32];
    struct tm tm;

    gmtime_r(&time->tv_sec, &tm);
    strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &tm);
    return json_string(text);
}

/* A line quotes values, and users who may only look see it, too. */
static json_t *
show_line(const char *line)
{
    char *masked = gruvid__config_mask(line);
    json_t *shown = masked == NULL ? NULL : gruvid__json_text(masked);

    free(masked);
    return shown;
}

static json_t *
show_lines(const char *const *lines, size_t n)
{
    json_t *shown = json_array();

    for (size_t i = 0; i < n; i++)
        json_array_append_new(shown, show_line(lines[i]));
    return shown;
}

json_t *
gruvid__show_report(const struct gruvid__reload_report *report)
{
    json_t *shown =
        json_pack("{s:I, s:b, s:o, s:f, s:o, s:o, s:o}", "number",
                  (json_int_t)report->number, "worked", report->ok, "when",
                  gruvid__show_time(&report->when), "seconds", report->seconds,
                  "by", gruvid__json_text(report->by), "reasons",
                  show_lines(report->reasons, report->n_reasons), "notes",
                  show_lines(report->notes, report->n_notes));

    if (shown != NULL && report->restart != NULL)
        json_object_set_new(shown, "restart",
                            gruvid__json_text(report->restart));
    return shown;
}
