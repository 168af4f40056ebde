/* SPDX-License-Identifier: MIT */
/* Messages that have come: one piece of memory each. */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "bus/bus.h"

struct gruvid_message {
    const char *subject, *reply;
    const void *data;
    size_t size;
    size_t n_headers;
    gruvid_header_t headers[];
};

static const char *
text_of(const char *text)
{
    return text == NULL ? "" : text;
}

static size_t
bytes_of(const gruvid_bus_content_t *content)
{
    size_t bytes = strlen(text_of(content->subject)) +
                   strlen(text_of(content->reply)) + content->size + 3;

    for (size_t i = 0; i < content->n_headers; i++)
        bytes += strlen(content->headers[i].name) +
                 strlen(content->headers[i].value) + 2;
    return bytes;
}

gruvid_message_t *
gruvid__message_new(const gruvid_bus_content_t *content)
{
    size_t n = content->n_headers;
    gruvid_message_t *message = malloc(
        sizeof *message + n * sizeof(gruvid_header_t) + bytes_of(content));
    char *at;

    if (message == NULL)
        return NULL;
    at = (char *)(message->headers + n);
    message->data = at;
    message->size = content->size;
    if (content->size > 0)
        memcpy(at, content->data, content->size);
    at[content->size] = '\0';
    at += content->size + 1;
    message->subject = at;
    at = stpcpy(at, text_of(content->subject)) + 1;
    message->reply = at;
    at = stpcpy(at, text_of(content->reply)) + 1;
    message->n_headers = n;
    for (size_t i = 0; i < n; i++) {
        message->headers[i].name = at;
        at = stpcpy(at, content->headers[i].name) + 1;
        message->headers[i].value = at;
        at = stpcpy(at, content->headers[i].value) + 1;
    }
    return message;
}

const char *
gruvid_message_subject(const gruvid_message_t *message)
{
    return message->subject;
}

const char *
gruvid_message_reply(const gruvid_message_t *message)
{
    return message->reply;
}

const char *
gruvid_message_header(const gruvid_message_t *message, const char *name)
{
    for (size_t i = 0; i < message->n_headers; i++)
        if (strcasecmp(message->headers[i].name, name) == 0)
            return message->headers[i].value;
    return NULL;
}

const gruvid_header_t *
gruvid_message_headers(const gruvid_message_t *message, size_t *n)
{
    *n = message->n_headers;
    return message->headers;
}

const void *
gruvid_message_data(const gruvid_message_t *message, size_t *size)
{
    if (size != NULL)
        *size = message->size;
    return message->data;
}

void
gruvid_message_free(gruvid_message_t *message)
{
    free(message);
}
