/* SPDX-License-Identifier: MIT */
/*
 * Lines of plugins that say the same again and again.
 *
 *   first        is written at once, and begins a second
 *   equal ones   are counted in that second
 *   its end      a line says the same, and how many more; another second begins
 *                if there were any
 *
 * Equal are lines of one plugin, level and hub whose text is the same.  The
 * text counts as it is written, never its format.
 */
#ifndef GRUVID_LOG_REPEAT_H
#define GRUVID_LOG_REPEAT_H

#include <stdbool.h>
#include <stdint.h>

#include <gruvi/log.h>

enum gruvid__repeat {
    GRUVID__REPEAT_NEW,     /* to be written */
    GRUVID__REPEAT_FIRST,   /* counted, as the first of its second */
    GRUVID__REPEAT_COUNTED, /* counted */
};

/*
 * Look whether a record is to be written.
 *
 *   now  seconds, of a clock that only goes forward
 *
 * Context: any thread.
 */
enum gruvid__repeat gruvid__repeat_take(const gruvi_log_record_t *record,
                                        double now);

/* How many seconds it is until a count is to be told; negative: there is none.
 * Context: any thread. */
double gruvid__repeat_due(double now);

/*
 * Tell what has been counted in seconds that are over.
 *
 *   all   also what has been counted since
 *   tell  gets a record with the text and the count; called without a lock
 *
 * Context: any thread.
 */
void gruvid__repeat_tell(double now, bool all,
                         void (*tell)(const gruvi_log_record_t *record));

#endif
