/* SPDX-License-Identifier: MIT */
/*
 * The thread that writes the log.
 *
 * Whoever logs puts a line into a ring and goes on.  The thread writes the
 * lines in their order.  Nobody but this thread ever waits for a pipe, a
 * terminal or a disk.
 *
 * The ring has an end.  What does not fit is dropped and counted, and so is
 * what the target refuses.  When lines flow again, a line says how many are
 * missing, at the place where they are missing.
 */
#ifndef GRUVID_LOG_WRITER_H
#define GRUVID_LOG_WRITER_H

#include <stdbool.h>
#include <stddef.h>

#include "log/output.h"

/*
 * Start the thread; a thread that runs already is stopped first.
 *
 * Returns 0.
 * Errors:  UV_EBUSY: the thread before hangs in its target; UV_EAGAIN: the
 *          system has no thread.  The descriptor is still the caller's.
 */
int gruvid__writer_start(const struct gruvid__log_target *target);

/* Put a line, its '\n' included.  Never waits.  Where there is no thread, in a
 * child after fork(), it is written at once.  Context: any thread. */
void gruvid__writer_put(const char *line, size_t length);

/* How many lines were put since the process began, those that were lost
 * included, and how many were lost: there was no room, or the target has not
 * taken them.  Context: any thread. */
void gruvid__writer_counts(uint64_t *lines, uint64_t *lost);

/* Whether there is the thread.  Context: any thread. */
bool gruvid__writer_runs(void);

/* Have the thread ask for lines that are due.  Context: any thread. */
void gruvid__writer_nudge(void);

/* Open the target again, after what was put before.  Does not wait.  Context:
 * any thread. */
void gruvid__writer_reopen(void);

/*
 * Wait until what was put before is written: while the target takes lines, but
 * for five seconds at most, and a second where it takes none.
 *
 * Returns whether all of it is out, or known to be lost.
 * Context: any thread but the writer's.
 */
bool gruvid__writer_flush(void);

/* Flush, and end the thread; a thread that hangs is left behind.  Lines after
 * that go nowhere. */
void gruvid__writer_stop(void);

/* Write a line to the target at once.  Returns whether people who read
 * stderr see it.
 * Context: handler of a signal that ends the process. */
bool gruvid__writer_put_in_handler(const char *line, size_t length);

/* As gruvid__writer_flush(), for the handler of a signal that ends the process:
 * waits for a second at most, and takes no lock. */
void gruvid__writer_flush_in_handler(void);

#endif
