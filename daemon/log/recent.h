/* SPDX-License-Identifier: MIT */
/*
 * The last lines of the log, for a look at a gruvid that runs.
 *
 * They are kept as records, 256 KiB of them: the log itself may be a journal,
 * or a pipe that others read.  Memory is touched only as far as lines come.
 */
#ifndef GRUVID_LOG_RECENT_H
#define GRUVID_LOG_RECENT_H

#include <stddef.h>
#include <stdint.h>

#include <gruvi/log.h>

/* A line that was kept. */
struct gruvid__kept {
    uint64_t number; /* from 1, one more for each line */
    gruvi_log_record_t record;
    struct gruvid__kept *next;
};

/* Keep a line.  Context: any thread; never waits for long. */
void gruvid__recent_put(const gruvi_log_record_t *record);

/*
 * Copy the last lines.
 *
 *   after  only lines with a higher number
 *   most   at most so many, the last ones
 *   first  the oldest of them, NULL if there is none or it fails; free it with
 *          gruvid__recent_free()
 *
 * Returns 0.
 * Errors:  UV_ENOMEM.
 * Context: any thread.
 */
int gruvid__recent_copy(uint64_t after, size_t most,
                        struct gruvid__kept **first);

/* NULL is fine. */
void gruvid__recent_free(struct gruvid__kept *first);

#endif
