/* SPDX-License-Identifier: MIT */
/* The requests of corpus/, of which its README.md says how they are written. */
#ifndef TESTS_HTTP_CORPUS_H
#define TESTS_HTTP_CORPUS_H

#include <stdbool.h>
#include <stddef.h>

#include "http/escape.h"

struct request_case {
    char name[96];
    struct bytes sent;

    int refusal; /* the status; 0: not refused */
    bool more;   /* it goes on */

    /* Valid where it is accepted. */
    char *method, *target;
    char *host; /* NULL: any */
    bool close;
    int answer; /* the status of a server */
    struct bytes body;

    struct request_case *next;
};

/* Read the files of $top_srcdir/tests/http/corpus, in order; a mistake in them
 * ends the program. */
struct request_case *corpus_read(void);
void corpus_free(struct request_case *first);

#endif
