/* SPDX-License-Identifier: MIT */
/* The report of a reload while it is written: see report.h. */
#include "run/report.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "log/sink.h"

static void
add_line(struct gruvid__report *report, struct gruvid__lines *lines,
         const char *text)
{
    char *copy = strdup(text), **more;

    if (copy != NULL && lines->n == lines->room) {
        size_t room = 2 * lines->room + 8;

        more = realloc(lines->at, room * sizeof *more);
        if (more != NULL) {
            lines->at = more;
            lines->room = room;
        }
    }
    if (copy == NULL || lines->n == lines->room) {
        free(copy);
        report->lost = true;
        return;
    }
    lines->at[lines->n++] = copy;
}

static void
free_lines(struct gruvid__lines *lines)
{
    for (size_t i = 0; i < lines->n; i++)
        free(lines->at[i]);
    free(lines->at);
}

struct gruvid__report *
gruvid__report_new(uint64_t number, const char *by, const char *restart)
{
    struct gruvid__report *report = calloc(1, sizeof *report);

    if (report == NULL)
        return NULL;
    report->by = strdup(by);
    report->restart = restart == NULL ? NULL : strdup(restart);
    if (report->by == NULL || (restart != NULL && report->restart == NULL)) {
        gruvid__report_free(report);
        return NULL;
    }
    report->all.number = number;
    report->all.by = report->by;
    report->all.restart = report->restart;
    clock_gettime(CLOCK_REALTIME, &report->all.when);
    return report;
}

void
gruvid__report_free(struct gruvid__report *report)
{
    if (report == NULL)
        return;
    free_lines(&report->reasons);
    free_lines(&report->notes);
    free(report->by);
    free(report->restart);
    free(report);
}

/* Others of this thread log, too, while the leader waits. */
static void
on_error(void *arg, const gruvi_log_record_t *record)
{
    struct gruvid__report *report = arg;

    if (gruvi_current_fiber() == report->leader)
        add_line(report, &report->reasons, record->message);
}

void
gruvid__report_listen(struct gruvid__report *report)
{
    if (report != NULL)
        report->leader = gruvi_current_fiber();
    gruvid__log_on_error(report == NULL ? NULL : on_error, report);
}

void
gruvid__report_note(struct gruvid__report *report, const char *format, ...)
{
    char text[512];
    va_list args;

    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    gruvi_warning("%s", text);
    add_line(report, &report->notes, text);
}

void
gruvid__report_end(struct gruvid__report *report, bool ok, double seconds)
{
    if (report->lost)
        gruvi_error("reload %llu: there was no memory for all that is to be "
                    "said of it",
                    (unsigned long long)report->all.number);
    report->all.ok = ok;
    report->all.seconds = seconds;
    report->all.reasons = (const char *const *)report->reasons.at;
    report->all.n_reasons = report->reasons.n;
    report->all.notes = (const char *const *)report->notes.at;
    report->all.n_notes = report->notes.n;
}
