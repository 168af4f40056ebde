/* SPDX-License-Identifier: MIT */
/* The debug information of an object's file, by libdw. */
#ifndef GRUVICTL_DEBUG_H
#define GRUVICTL_DEBUG_H

#include <stdint.h>
#include <sys/types.h>

struct debug;

/* Why there is no debug information. */
struct debug_why {
    const char *text; /* static */
    int error;        /* of the call that failed; 0: none has */
};

/*
 * Find the debug information of a build: in its file, in a separate one, or in
 * what the process has mapped where the file was replaced since.
 *
 *   path      of the file when it was loaded
 *   build_id  in text; ""
 *   pid       of the process; 0: not known
 *   why       set where there is none
 *
 * Returns what debug_close() closes, or NULL.
 */
struct debug *debug_open(const char *path, const char *build_id, pid_t pid,
                         struct debug_why *why);

void debug_close(struct debug *debug);

/* A call that was inlined, or the function itself. */
struct debug_frame {
    const char *function; /* or NULL */
    const char *file;     /* or NULL */
    int line;
};

/*
 * The functions at an address of the file, the innermost first.
 *
 * Returns how many there are; 0: nothing is known.  Texts are valid until
 * debug_close().
 */
unsigned debug_find(struct debug *debug, uint64_t offset,
                    struct debug_frame *frames, unsigned most);

#endif
