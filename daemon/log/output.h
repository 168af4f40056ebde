/* SPDX-License-Identifier: MIT */
/*
 * The target of the log: how lines are written to a file, a pipe, a terminal or
 * the journal's socket.  For the writer's thread, unless a function says more.
 */
#ifndef GRUVID_LOG_OUTPUT_H
#define GRUVID_LOG_OUTPUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A pipe takes so many bytes as a whole (PIPE_BUF), so lines of processes that
 * share a pipe do not mix, and poll() answers for it. */
#define GRUVID__OUTPUT_BATCH 4096

/* Where lines go.  All functions are called in the writer's thread. */
struct gruvid__log_target {
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

struct gruvid__output {
    struct gruvid__log_target target;
    bool regular; /* a file on a disk: poll() would say nothing */
    bool torn;    /* the last line has no end */
    bool refused; /* the last write failed */

    /* Atomic: what others ask of a write that waits. */
    bool stop;   /* give up */
    bool reopen; /* open the target again */
};

/* Begin with a target. */
void gruvid__output_open(struct gruvid__output *out,
                         const struct gruvid__log_target *target);

/* Open the target again, as was asked.  Returns whether there is a new
 * descriptor. */
bool gruvid__output_reopen(struct gruvid__output *out);

/* Make a line one that the target takes.  Returns its new length. */
size_t gruvid__output_convert(const struct gruvid__output *out, char *line,
                              size_t length);

/*
 * Write lines.  Waits while the target takes nothing.
 *
 *   bytes  there is room for a byte in front of them
 *
 * Returns how many bytes were written before it failed.
 */
size_t gruvid__output_write(struct gruvid__output *out, char *bytes,
                            size_t length);

/* Write a line in a child after fork(), which may wait. */
void gruvid__output_write_now(struct gruvid__output *out, const char *line,
                              size_t length);

/* Write a line at once.  Returns whether people who read stderr see it.
 * Context: handler of a signal that ends the process. */
bool gruvid__output_put_in_handler(struct gruvid__output *out, const char *line,
                                   size_t length);

/* Write to a descriptor, and wait a tenth of a second at most for one that
 * takes nothing.  The same context. */
void gruvid__output_write_in_handler(int fd, const char *bytes, size_t n);

#endif
