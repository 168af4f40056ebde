/* SPDX-License-Identifier: MIT */
/* Answers to calls between plugins, and what they are collected in. */
#ifndef GRUVID_REQUEST_ANSWER_H
#define GRUVID_REQUEST_ANSWER_H

#include "request/request.h"

struct gruvid__exchange {
    gruvid_answer_t answer; /* first: whoever has the answer has all of it */
    bool is_owned;          /* by a request, in whose arena it is */
    struct gruvid__exchange *next; /* of the answers of that request */
    const gruvid_call_t *call;
    size_t n_read;
    char *data; /* of the answer */
    size_t size, room;
    int error;    /* why there is no answer; 0: there is one */
    char *header; /* all text of headers */
};

void gruvid__exchange_free(struct gruvid__exchange *exchange);

/* Copy headers; or all that an answer has but its status.  Returns 0 or
 * UV_ENOMEM. */
int gruvid__exchange_headers(struct gruvid__exchange *exchange,
                             const gruvid_header_t *headers, size_t n);
int gruvid__exchange_fill(struct gruvid__exchange *exchange,
                          const gruvid_header_t *headers, size_t n,
                          const void *data, size_t size);

/* Make an answer of what was collected; outer NULL: it belongs to no request.
 */
gruvid_answer_t *gruvid__exchange_keep(struct gruvid_request *outer,
                                       struct gruvid__exchange *exchange);

/* call.c: whether a call is one. */
bool gruvid__call_is_sound(const gruvid_call_t *call);

#endif
