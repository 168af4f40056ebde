/* SPDX-License-Identifier: MIT */
/*
 * A number in the subject of the reply finds the request: the slot that it has,
 * and a generation, so that an answer that is late is none of the next request
 * there.
 */
#include "ask.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "head.h"
#include "id.h"
#include "session.h"

/* Lives on the stack of its fiber. */
struct nats_asked {
    uint32_t slot, generation;
    bool in_flight; /* it has its slot */
    int err;        /* what became of it */
    struct nats_answer *answer;
    gruvi_event_t done;
};

int
nats_inbox_new(char *subject, size_t room)
{
    char id[NATS_ID];
    int err = nats_id_new(id);

    if (err == 0)
        snprintf(subject, room, "_INBOX.%s.", id);
    return err;
}

/* --- slots ---------------------------------------------------------------- */

static bool
make_room(struct nats_asks *asks)
{
    uint32_t n = asks->n == 0 ? 16 : 2 * asks->n;
    struct nats_slot *at;

    if (asks->free < asks->n)
        return true;
    at = realloc(asks->at, n * sizeof *at);
    if (at == NULL)
        return false;
    for (uint32_t i = asks->n; i < n; i++)
        at[i] = (struct nats_slot){.next_free = i + 1};
    asks->at = at;
    asks->n = n;
    return true;
}

static bool
enter(struct nats_asks *asks, struct nats_asked *asked)
{
    if (!make_room(asks))
        return false;
    asked->slot = asks->free;
    asked->generation = asks->generation++;
    asked->in_flight = true;
    asks->free = asks->at[asked->slot].next_free;
    asks->at[asked->slot].asked = asked;
    return true;
}

static void
leave(struct nats_asks *asks, struct nats_asked *asked)
{
    struct nats_slot *slot = &asks->at[asked->slot];

    asked->in_flight = false;
    slot->asked = NULL;
    slot->next_free = asks->free;
    asks->free = asked->slot;
}

/* --- answers -------------------------------------------------------------- */

static char *
copy(const struct nats_span *span)
{
    char *text = malloc(span->size + 1);

    if (text == NULL)
        return NULL;
    if (span->size > 0)
        memcpy(text, span->at, span->size);
    text[span->size] = '\0';
    return text;
}

void
nats_answer_free(struct nats_answer *answer)
{
    free(answer->head);
    free(answer->data);
    *answer = (struct nats_answer){.status = 0};
}

static int
take_answer(struct nats_answer *answer, const struct nats_input *input)
{
    if (input->head.size > 0) {
        answer->status = nats_head_status(input->head.at, input->head.size);
        if (answer->status < 0)
            return UV_EPROTO;
        if (answer->status == 503 && input->data.size == 0)
            return UV_ENOENT;
        answer->head = copy(&input->head);
        answer->head_size = input->head.size;
    }
    answer->data = copy(&input->data);
    answer->size = input->data.size;
    return answer->data == NULL || (input->head.size > 0 && !answer->head)
               ? UV_ENOMEM
               : 0;
}

/* Whose answer a subject is; NULL: it came too late, or was never asked for. */
static struct nats_asked *
find(const struct nats_asks *asks, const struct nats_span *subject)
{
    size_t prefix = strlen(asks->prefix);
    char text[24], *end;
    unsigned long long number;
    struct nats_asked *asked;

    if (subject->size <= prefix || subject->size - prefix >= sizeof text)
        return NULL;
    memcpy(text, subject->at + prefix, subject->size - prefix);
    text[subject->size - prefix] = '\0';
    number = strtoull(text, &end, 10);
    if (*end != '\0' || (number & UINT32_MAX) >= asks->n)
        return NULL;
    asked = asks->at[number & UINT32_MAX].asked;
    return asked != NULL && asked->generation == number >> 32 ? asked : NULL;
}

static void
on_answer(void *arg, const struct nats_input *input)
{
    struct nats_node *node = arg;
    struct nats_asked *asked = find(&node->asks, &input->subject);

    if (asked == NULL)
        return;
    leave(&node->asks, asked);
    asked->err = take_answer(asked->answer, input);
    gruvi_event_set(&asked->done);
}

void
nats_asks_lose(struct nats_node *node)
{
    for (uint32_t i = 0; i < node->asks.n; i++) {
        struct nats_asked *asked = node->asks.at[i].asked;

        if (asked == NULL)
            continue;
        leave(&node->asks, asked);
        asked->err = UV_ENOTCONN;
        gruvi_event_set(&asked->done);
    }
}

void
nats_asks_free(struct nats_node *node)
{
    free(node->asks.at);
    node->asks.at = NULL;
    node->asks.n = node->asks.free = 0;
}

/* --- asking --------------------------------------------------------------- */

static int
open_inbox(struct nats_node *node)
{
    struct nats_asks *asks = &node->asks;
    char subject[sizeof asks->prefix + 1];
    int err;

    if (asks->inbox != NULL)
        return 0;
    err = nats_inbox_new(asks->prefix, sizeof asks->prefix);
    if (err < 0)
        return err;
    snprintf(subject, sizeof subject, "%s*", asks->prefix);
    return nats_subscribe(node, &asks->inbox, subject, NULL, on_answer, node);
}

static int
send_question(struct nats_node *node, struct nats_asked *asked,
              const char *subject, const struct nats_buffer *head,
              const void *data, size_t size)
{
    char reply[80];
    size_t head_size = head == NULL ? 0 : head->size;
    int err;

    if (!nats_session_is_open(node))
        return UV_ENOTCONN;
    if (size > node->info.max_payload ||
        head_size > node->info.max_payload - size)
        return UV_E2BIG;
    err = open_inbox(node);
    if (err < 0)
        return err;
    if (!enter(&node->asks, asked))
        return UV_ENOMEM;
    snprintf(reply, sizeof reply, "%s%llu", node->asks.prefix,
             (unsigned long long)asked->generation << 32 | asked->slot);
    /* Where that cannot be put the connection is lost, and with it all in
     * flight: this as well. */
    nats_session_put(
        node, nats_put_publish(&node->out, subject, reply, head, data, size));
    return 0;
}

GRUVI_SWITCHPOINT int
nats_ask(struct nats_node *node, const char *subject,
         const struct nats_buffer *head, const void *data, size_t size,
         struct nats_answer *answer, double timeout)
{
    struct nats_asked asked = {.answer = answer};
    int err = 0;

    *answer = (struct nats_answer){.status = 0};
    if (strlen(subject) > NATS_LINE / 2 ||
        !nats_is_subject(subject, strlen(subject)))
        return UV_EINVAL;
    gruvi_event_init(&asked.done);
    GRUVI_WITH_SWITCH_BACK (limit, timeout) {
        err = nats_session_wait_room(node);
        if (err == 0)
            err = send_question(node, &asked, subject, head, data, size);
        if (err == 0)
            err = gruvi_event_wait(&asked.done, GRUVI_FOREVER);
        if (err < 0 && gruvi_switch_back_timed_out(&limit))
            err = UV_ETIMEDOUT;
    }
    if (asked.in_flight)
        leave(&node->asks, &asked);
    if (err == 0)
        err = asked.err;
    gruvi_event_destroy(&asked.done);
    if (err < 0)
        nats_answer_free(answer);
    return err;
}
