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
#include <stdint.h>

/* Where lines go.  All functions are called in the writer's thread. */
struct gruvid__writer_target {
    int fd; /* owned, unless it is stderr */

    /* Connect again, where each line is a datagram; NULL: lines are bytes of a
     * file or a stream.  Returns a descriptor, or an error. */
    int (*connect)(void);

    /* Open the target again, which may be another: then connect is set.
     * Returns a descriptor, or an error: then the old one is kept.  May log. */
    int (*reopen)(int (**connect)(void));

    /* Write the line that says how many are missing, at most size bytes.
     * Returns its length. */
    size_t (*tell_lost)(char *buf, size_t size, uint64_t lost);

    /* Put lines that are due.  Returns how many seconds it is until the next
     * is; negative: until a nudge. */
    double (*tick)(void);
};

/*
 * Start the thread; a thread that runs already is stopped first.
 *
 * Returns 0.
 * Errors:  UV_EBUSY: the thread before hangs in its target; UV_EAGAIN: the
 *          system has no thread.  The descriptor is still the caller's.
 */
int gruvid__writer_start(const struct gruvid__writer_target *target);

/* Put a line, its '\n' included.  Never waits.  Where there is no thread, in a
 * child after fork(), it is written at once.  Context: any thread. */
void gruvid__writer_put(const char *line, size_t length);

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

/* Write to a descriptor, and wait a tenth of a second at most for one that
 * takes nothing.  The same context. */
void gruvid__writer_write_in_handler(int fd, const char *bytes, size_t n);

/* As gruvid__writer_flush(), for the handler of a signal that ends the process:
 * waits for a second at most, and takes no lock. */
void gruvid__writer_flush_in_handler(void);

#endif
