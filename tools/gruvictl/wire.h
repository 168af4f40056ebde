/* SPDX-License-Identifier: MIT */
/* The connection to a gruvid. */
#ifndef GRUVICTL_WIRE_H
#define GRUVICTL_WIRE_H

#include <stddef.h>
#include <sys/types.h>

#include <jansson.h>

#include "gruvictl/gruvictl.h"

struct wire {
    const char *path;
    int fd;
    int pidfd;    /* of the process that listens; -1: not known, */
    int unknown;  /* because of this errno; 0: it cannot be seen from here */
    char *buffer; /* what has come, from begin to end */
    size_t begin, end, room;
    bool ended;  /* by the other side */
    bool silent; /* nothing came in time */
    bool keeps;  /* all of an answer, */
    size_t kept; /* so far these bytes */
};

/*
 * Connect.
 *
 *   timeout  seconds; negative: no limit
 *
 * Says on stderr why that is not possible, and what to check.
 */
enum status wire_open(struct wire *wire, const char *path, double timeout);

void wire_close(struct wire *wire);

/*
 * Send a request, and read the answer to its end.
 *
 *   timeout  seconds without a byte; negative: no limit
 *   answer   the lines as one object: lists are joined.  NULL on failure
 *
 * Says on stderr what is wrong: that gruvid has refused, with all reasons, or
 * that the answer is none.
 */
enum status wire_ask(struct wire *wire, const json_t *request, double timeout,
                     json_t **answer);

/*
 * The same, line by line, for an answer that is too long to keep.
 *
 *   piece  called with each line that has worked, the last included
 */
enum status wire_stream(struct wire *wire, const json_t *request,
                        double timeout,
                        void (*piece)(const json_t *line, void *arg),
                        void *arg);

/* Add a line to an answer, a json_t: lists grow, anything else is replaced. */
void wire_join(const json_t *line, void *answer);

/*
 * Wait until the process has ended; where it cannot be seen from here, not at
 * all.
 *
 *   timeout  seconds; negative: no limit
 *
 * Says on stderr that it has not, or that this cannot be known.
 */
enum status wire_await_end(const struct wire *wire, double timeout);

#endif
