/* SPDX-License-Identifier: MIT */
/* The report of a reload while it is written. */
#ifndef GRUVID_REPORT_H
#define GRUVID_REPORT_H

#include <gruvi.h>

#include "run/reload.h"

struct gruvid__lines {
    char **at;
    size_t n, room;
};

struct gruvid__report {
    struct gruvid__reload_report all; /* its lines are those below */
    char *by, *restart;               /* owned */
    struct gruvid__lines reasons, notes;
    gruvi_fiber_t *leader; /* whose errors are reasons */
    bool lost;             /* there was no memory for a line */
};

/*
 * Begin a report.
 *
 *   restart  NULL: none
 *
 * Returns the report, or NULL without memory.
 */
struct gruvid__report *gruvid__report_new(uint64_t number, const char *by,
                                          const char *restart);

/* NULL is fine. */
void gruvid__report_free(struct gruvid__report *report);

/*
 * From here on every error that the leader logs is a reason, until the report
 * is NULL.  So each reason is worded once, where its cause is known, and the
 * log says what the caller is told.
 *
 * Context: root fiber of the first hub.
 */
void gruvid__report_listen(struct gruvid__report *report);

/* Log a warning, and keep it as a note. */
void gruvid__report_note(struct gruvid__report *report, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Say how it ended: no line is added from here on. */
void gruvid__report_end(struct gruvid__report *report, bool ok, double seconds);

#endif
