/* SPDX-License-Identifier: MIT */
/* Where gruvid's log goes, and what a line of it looks like. */
#ifndef GRUVID_LOG_SINK_H
#define GRUVID_LOG_SINK_H

#include <stdbool.h>
#include <stddef.h>

#include <gruvi/log.h>

enum gruvid__log_style {
    GRUVID__LOG_TEXT, /* TIME LEVEL [HUB ]PLUGIN[FIBER]: MESSAGE */
    GRUVID__LOG_JSON, /* an object a line */
};

/* No line is longer: a message has at most 1023 bytes. */
#define GRUVID__LOG_LINE 8192

/*
 * Open the log and send the library's records there.
 *
 *   target  "auto", "stderr" or "file:/PATH", as in [log] target
 *   style   how lines look
 *
 * Returns 0.
 * Errors:  what open() says of the file; the log is as it was.
 */
int gruvid__log_open(const char *target, enum gruvid__log_style style);

/* Open the file anew, if it is one: somebody has moved it away.  Where that
 * fails the old one stays, and says so. */
void gruvid__log_reopen(void);

/* The name of this thread's hub in its lines; "": none, as at the start.
 * Borrowed. */
void gruvid__log_set_hub(const char *name);

/* Log a line at level info whatever the level is: it was asked for. */
void gruvid__log_notice(const char *format, ...)
    __attribute__((format(printf, 1, 2)));

/* The sink.  Context: any thread. */
void gruvid__log_write(const gruvi_log_record_t *record);

/*
 * Write a record as a line.
 *
 *   journal  put the level in front as the journal reads it, and no time
 *
 * Returns how many bytes, the '\n' included; never more than size.
 */
size_t gruvid__log_line(char *buf, size_t size,
                        const gruvi_log_record_t *record,
                        enum gruvid__log_style style, bool journal);

#endif
