/* SPDX-License-Identifier: MIT */
/*
 * Errors, counted by their code.  The counts have one writer, and are read from
 * any thread.
 */
#ifndef GRUVID_CODES_H
#define GRUVID_CODES_H

#include <stdint.h>

/* As many codes as are told apart: more than any plugin returns. */
#define GRUVID__CODES 24

struct gruvid__codes {
    struct {
        int code;   /* negative; 0: none, as those after it; atomic */
        uint64_t n; /* atomic */
    } at[GRUVID__CODES];
    uint64_t others; /* atomic */
};

/* Count an error.  Context: the thread that writes. */
void gruvid__codes_count(struct gruvid__codes *codes, int code);

/* Add what others have counted. */
void gruvid__codes_add(struct gruvid__codes *sum,
                       const struct gruvid__codes *more);

#endif
