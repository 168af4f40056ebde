/* SPDX-License-Identifier: MIT */
#include "dead_letter.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "head.h"
#include "session.h"

#define PREFIX "Gruvid-Original-"

/* What we say ourselves: nobody else does. */
static bool
is_said_here(const char *name)
{
    return strncasecmp(name, PREFIX, sizeof PREFIX - 1) == 0 ||
           strcasecmp(name, "Gruvid-Dead-Letter") == 0;
}

/* What begins with Nats- would tell the server what to do with it. */
static bool
put_original(struct nats_buffer *head, const gruvid_header_t *field)
{
    char name[256];

    if (is_said_here(field->name))
        return true;
    if (strncasecmp(field->name, "Nats-", 5) != 0)
        return nats_put_field(head, field->name, field->value);
    if (strlen(field->name) + sizeof PREFIX > sizeof name)
        return true;
    snprintf(name, sizeof name, PREFIX "%s", field->name);
    return nats_put_field(head, name, field->value);
}

/* A head that is malformed stays behind. */
static bool
put_originals(struct nats_buffer *head, const struct nats_delivery *delivery)
{
    gruvid_header_t fields[NATS_FIELDS];
    size_t size = delivery->message->head_size;
    char *block;
    int status, n;
    bool done = true;

    if (size == 0)
        return true;
    block = malloc(size);
    if (block == NULL)
        return false;
    memcpy(block, delivery->head, size);
    n = nats_head_parse(block, size, fields, &status);
    for (int i = 0; done && i < n; i++)
        done = put_original(head, &fields[i]);
    free(block);
    return done;
}

static bool
put_number(struct nats_buffer *head, const char *name, uint64_t number)
{
    char text[24];

    snprintf(text, sizeof text, "%llu", (unsigned long long)number);
    return nats_put_field(head, name, text);
}

static bool
put_head(struct nats_buffer *head, const struct nats_delivery *delivery,
         const char *why)
{
    const struct nats_work *work = delivery->work;
    char id[640];

    snprintf(id, sizeof id, "%s.%s.%s.%llu", work->stream, work->created,
             work->consumer, (unsigned long long)delivery->sequence);
    return nats_put_version(head) && nats_put_field(head, "Nats-Msg-Id", id) &&
           nats_put_field(head, "Gruvid-Dead-Letter", why) &&
           nats_put_field(head, PREFIX "Subject", delivery->message->subject) &&
           nats_put_field(head, PREFIX "Stream", work->stream) &&
           nats_put_field(head, PREFIX "Consumer", work->consumer) &&
           put_number(head, PREFIX "Sequence", delivery->sequence) &&
           put_number(head, PREFIX "Deliveries", delivery->delivered) &&
           put_originals(head, delivery) && nats_put_text(head, "\r\n");
}

static const char *
sentence_of(int err, const char *says)
{
    if (*says != '\0')
        return says;
    switch (err) {
    case UV_ENOENT:
        return "no stream has this subject, or JetStream does not run";
    case UV_E2BIG:
        return "it has more than max_payload of the server";
    case UV_ENOTCONN:
        return "there is no connection";
    default:
        return gruvi_strerror(err);
    }
}

GRUVI_SWITCHPOINT int
nats_dead_letter(const struct nats_delivery *delivery, const char *subject,
                 const char *why, double timeout)
{
    struct nats_node *node = delivery->work->node;
    struct nats_buffer head = {NULL, 0, 0};
    struct nats_answer answer = {.status = 0};
    char says[NATS_SAYS] = "";
    int err = UV_ENOMEM;

    if (put_head(&head, delivery, why))
        err = nats_ask(node, subject, &head, delivery->message->data,
                       delivery->message->size, &answer, timeout);
    nats_buffer_free(&head);
    if (err == 0)
        err = nats_stored_read(answer.data, answer.size, says);
    nats_answer_free(&answer);
    if (err < 0 && err != UV_ECANCELED)
        gruvi_error("work %s: message %llu cannot be published to %s: %s",
                    delivery->work->name,
                    (unsigned long long)delivery->sequence, subject,
                    sentence_of(err, says));
    return err;
}
