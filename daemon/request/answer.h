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

#endif
