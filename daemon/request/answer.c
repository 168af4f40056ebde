/* SPDX-License-Identifier: MIT */
/* Answers to calls between plugins: see answer.h. */
#include "request/answer.h"

#include <stdlib.h>
#include <string.h>

void
gruvid__exchange_free(struct gruvid__exchange *exchange)
{
    free(exchange->data);
    free(exchange->header);
    free(exchange);
}

static size_t
header_bytes(const gruvid_header_t *headers, size_t n)
{
    size_t size = 0;

    for (size_t i = 0; i < n; i++)
        size += strlen(headers[i].name) + strlen(headers[i].value) + 2;
    return size;
}

int
gruvid__exchange_headers(struct gruvid__exchange *exchange,
                         const gruvid_header_t *headers, size_t n)
{
    gruvid_header_t *copies;
    char *text;

    exchange->header =
        malloc(n * sizeof *copies + header_bytes(headers, n) + 1);
    if (exchange->header == NULL)
        return UV_ENOMEM;
    copies = (gruvid_header_t *)(void *)exchange->header;
    text = (char *)(copies + n);
    for (size_t i = 0; i < n; i++) {
        copies[i].name = text;
        text = stpcpy(text, headers[i].name) + 1;
        copies[i].value = text;
        text = stpcpy(text, headers[i].value) + 1;
    }
    exchange->answer.headers = copies;
    exchange->answer.n_headers = n;
    return 0;
}

int
gruvid__exchange_fill(struct gruvid__exchange *exchange,
                      const gruvid_header_t *headers, size_t n,
                      const void *data, size_t size)
{
    exchange->data = malloc(size + 1);
    if (exchange->data == NULL)
        return UV_ENOMEM;
    if (size > 0)
        memcpy(exchange->data, data, size);
    exchange->data[size] = '\0';
    exchange->size = size;
    return gruvid__exchange_headers(exchange, headers, n);
}

gruvid_answer_t *
gruvid__exchange_keep(struct gruvid_request *outer,
                      struct gruvid__exchange *exchange)
{
    exchange->answer.data = exchange->data;
    exchange->answer.size = exchange->size;
    exchange->call = NULL;
    if (outer != NULL) {
        exchange->is_owned = true;
        exchange->next = outer->answers;
        outer->answers = exchange;
    }
    return &exchange->answer;
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
