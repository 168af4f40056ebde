/* SPDX-License-Identifier: MIT */
/* Where gruvid's log goes. */
#ifndef GRUVID_LOG_SINK_H
#define GRUVID_LOG_SINK_H

#include <gruvi/log.h>

#include "log/line.h"

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

/* Open the log's file again, if it has one: somebody has moved it away.  Where
 * that fails, the old file is kept, and a line there says so. */
void gruvid__log_reopen(void);

/* Name this thread's hub in its lines.  "": no name, as at the start.
 * Borrowed. */
void gruvid__log_set_hub(const char *name);

/* Log a line at level info, whatever the log's level: an operator asked for it.
 */
void gruvid__log_notice(const char *format, ...)
    __attribute__((format(printf, 1, 2)));

/* The sink.  Context: any thread. */
void gruvid__log_write(const gruvi_log_record_t *record);

#endif
