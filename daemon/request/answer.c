/* SPDX-License-Identifier: MIT */
/* Answers to calls between plugins: see answer.h. */
#include "request/answer.h"

#include <stdlib.h>

void
gruvid__exchange_free(struct gruvid__exchange *exchange)
{
    free(exchange->data);
    free(exchange->header);
    free(exchange);
}

void
gruvid_answer_free(gruvid_answer_t *answer)
{
    struct gruvid__exchange *exchange =
        (struct gruvid__exchange *)(void *)answer;

    if (exchange != NULL && !exchange->is_owned)
        gruvid__exchange_free(exchange);
}

void
gruvid__answers_free(struct gruvid_request *request)
{
    struct gruvid__exchange *exchange = request->answers;

    while (exchange != NULL) {
        struct gruvid__exchange *next = exchange->next;

        gruvid__exchange_free(exchange);
        exchange = next;
    }
    request->answers = NULL;
}
