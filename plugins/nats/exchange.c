/* SPDX-License-Identifier: MIT */
/*
 * A reply is one message, so it is collected: up to the server's max_payload.
 * What is no whole reply in the end is answered with a status alone, because
 * the caller waits and sees nothing else.
 */
#include "exchange.h"

#include "head.h"
#include "session.h"

static bool
put_status(struct nats_buffer *head, int status)
{
    return nats_put_version(head) && nats_put_text(head, "Gruvid-Status: ") &&
           nats_put_number(head, (uint64_t)status) &&
           nats_put_text(head, "\r\n");
}

/* --- sending -------------------------------------------------------------- */

/* Nothing is kept for another connection. */
static bool
publish(struct nats_node *node, const char *reply,
        const struct nats_buffer *head, const void *data, size_t size)
{
    if (!nats_session_is_open(node) ||
        !nats_session_put(node, nats_put_publish(&node->out, reply, NULL, head,
                                                 data, size))) {
        gruvid_count(node->counts.lost, 1);
        return false;
    }
    node->out_replies++;
    return true;
}

void
nats_answer(struct nats_node *node, const char *reply, int status)
{
    struct nats_buffer head = {NULL, 0, 0};

    if (put_status(&head, status) &&
        (status != 503 || nats_put_field(&head, "Retry-After", "1")) &&
        nats_put_text(&head, "\r\n"))
        publish(node, reply, &head, NULL, 0);
    else
        gruvid_count(node->counts.lost, 1);
    nats_buffer_free(&head);
}

/* The reply is whole. */
static GRUVI_SWITCHPOINT int
send_reply(struct nats_exchange *x, const void *data, size_t size)
{
    struct nats_message *message = x->message;
    int err = nats_session_wait_room(message->node);

    if (err < 0)
        return err;
    x->answered = true;
    return publish(message->node, message->reply, &x->head, data, size)
               ? 0
               : UV_EPIPE;
}

/* Whether a reply may have so many bytes more. */
static int
check_size(struct nats_exchange *x, size_t more)
{
    struct nats_node *node = x->message->node;
    size_t most = node->info.max_payload;
    size_t size = x->head.size + x->body.size;

    if (size <= most && more <= most - size)
        return 0;
    gruvi_warning("a reply to %s has more than max_payload of the server, %zu "
                  "bytes: it is 500",
                  x->message->subject, most);
    gruvid_count(node->counts.large, 1);
    return UV_E2BIG;
}

/* --- the functions -------------------------------------------------------- */

static ssize_t
read_body(void *exchange, void *buf, size_t len)
{
    struct nats_exchange *x = exchange;

    return nats_message_read(x->message, buf, len);
}

/* What begins with Gruvid- or Nats- means something on its way. */
static bool
put_head(struct nats_buffer *head, const gruvid_reply_t *reply)
{
    if (!put_status(head, reply->status))
        return false;
    for (size_t i = 0; i < reply->n_headers; i++)
        if (!nats_is_ours(reply->headers[i].name) &&
            !nats_put_field(head, reply->headers[i].name,
                            reply->headers[i].value))
            return false;
    return nats_put_text(head, "\r\n");
}

static GRUVI_SWITCHPOINT int
begin(void *exchange, const gruvid_reply_t *reply)
{
    struct nats_exchange *x = exchange;
    int err;

    if (reply->events)
        return UV_ENOTSUP;
    if (x->answered)
        return 0;
    if (!put_head(&x->head, reply))
        return UV_ENOMEM;
    err = check_size(x, reply->size);
    if (err < 0)
        return err;
    if (reply->whole)
        return send_reply(x, reply->data, reply->size);
    return nats_put(&x->body, reply->data, reply->size) ? 0 : UV_ENOMEM;
}

static int
write_piece(void *exchange, const void *data, size_t size)
{
    struct nats_exchange *x = exchange;
    int err;

    if (x->answered)
        return 0;
    err = check_size(x, size);
    if (err < 0)
        return err;
    return nats_put(&x->body, data, size) ? 0 : UV_ENOMEM;
}

static GRUVI_SWITCHPOINT int
end(void *exchange)
{
    struct nats_exchange *x = exchange;

    return x->answered ? 0 : send_reply(x, x->body.data, x->body.size);
}

/* A handler that was cancelled has not failed: another node may answer. */
static void
reset(void *exchange, int why)
{
    struct nats_exchange *x = exchange;

    if (x->answered)
        return;
    x->answered = true;
    nats_answer(x->message->node, x->message->reply,
                why == UV_ECANCELED ? 503 : 500);
}

const gruvid_transport_t nats_transport = {
    .size = sizeof nats_transport,
    .name = "nats",
    .read = read_body,
    .begin = begin,
    .write = write_piece,
    .end = end,
    .reset = reset,
};
