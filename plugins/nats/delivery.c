/* SPDX-License-Identifier: MIT */
#include "delivery.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "dead_letter.h"
#include "pull.h"
#include "request.h"
#include "session.h"
#include "verdict.h"

/* Seconds that a delivery for which there is no room is put off. */
#define PUT_OFF 1.0

/* So many times max_queued is more than can come: it may have been asked for
 * while requests had the room, and again after a pull that was given up. */
#define FLOOD 4

/* Bytes of a message besides its data: subject and head. */
#define EXTRA 65536

/* --- its life ------------------------------------------------------------- */

void
nats_delivery_free(struct nats_delivery *delivery)
{
    struct nats_work *work = delivery->work;

    if (delivery->is_kept)
        TAILQ_REMOVE(&work->in_hand, delivery, in_hand);
    work->n_in_hand--;
    work->bytes_in_hand -= delivery->message->bytes;
    nats_work_unref(work);
    free(delivery->head);
    free(delivery);
}

static bool
copy_head(struct nats_delivery *delivery, const struct nats_span *head)
{
    if (head->size == 0)
        return true;
    delivery->head = malloc(head->size);
    if (delivery->head == NULL)
        return false;
    memcpy(delivery->head, head->at, head->size);
    return true;
}

static struct nats_delivery *
new_delivery(struct nats_work *work, const struct nats_input *input)
{
    struct nats_delivery *delivery = calloc(1, sizeof *delivery);

    if (delivery == NULL)
        return NULL;
    delivery->message = nats_message_new(work->node, input, "");
    if (delivery->message == NULL || !copy_head(delivery, &input->head)) {
        free(delivery->message);
        free(delivery);
        return NULL;
    }
    delivery->message->delivery = delivery;
    delivery->work = nats_work_ref(work);
    delivery->since = nats_now();
    delivery->retry_after = -1;
    TAILQ_INSERT_TAIL(&work->in_hand, delivery, in_hand);
    delivery->is_kept = true;
    work->n_in_hand++;
    work->bytes_in_hand += delivery->message->bytes;
    if (work->is_idle)
        gruvi_event_set(&work->keep);
    return delivery;
}

/* --- the handler ---------------------------------------------------------- */

static ssize_t
read_body(void *exchange, void *buf, size_t len)
{
    struct nats_delivery *delivery = exchange;

    return nats_message_read(delivery->message, buf, len);
}

/* Its status counts once it is whole. */
static int
begin(void *exchange, const gruvid_reply_t *reply)
{
    struct nats_delivery *delivery = exchange;

    if (reply->events)
        return UV_ENOTSUP;
    delivery->status = reply->status;
    if (!reply->default_retry)
        delivery->retry_after =
            nats_retry_after(reply->headers, reply->n_headers);
    return 0;
}

static int
write_piece(void *exchange, const void *data, size_t size)
{
    (void)exchange;
    (void)data;
    (void)size;
    return 0;
}

static int
end(void *exchange)
{
    (void)exchange;
    return 0;
}

static void
reset(void *exchange, int why)
{
    struct nats_delivery *delivery = exchange;

    delivery->status = 500;
    delivery->cancelled = why == UV_ECANCELED;
}

static const gruvid_transport_t transport = {
    .size = sizeof transport,
    .name = "nats",
    .read = read_body,
    .begin = begin,
    .write = write_piece,
    .end = end,
    .reset = reset,
};

/* Without a plugin that answers nothing more is pulled: each attempt would
 * count as one of max_deliveries. */
static GRUVI_SWITCHPOINT void
handle(struct nats_delivery *delivery)
{
    struct nats_work *work = delivery->work;
    double timeout = work->node->settings.work_timeout;
    int err = nats_work_poll_target(work);
    char *target = err == 0 ? strdup(work->target) : NULL;

    delivery->status = 503;
    delivery->cancelled = err == UV_ECANCELED;
    if (err == UV_ENOENT || err == UV_ETIMEDOUT)
        nats_pull_end(work);
    if (target == NULL)
        return;
    /* The limit of a request is over when its reply begins; this is not. */
    GRUVI_WITH_SWITCH_BACK (limit, timeout)
        (void)nats_request_route(delivery->message, &transport, delivery,
                                 target, timeout);
    free(target);
}

/* A message that kills its workers gets no more of them than others. */
static GRUVI_SWITCHPOINT int
delivery_main(void *arg)
{
    struct nats_message *message = arg;
    struct nats_delivery *delivery = message->delivery;
    struct nats_node *node = message->node;
    uint64_t most = nats_most_deliveries(delivery->work);

    gruvid_count(node->counts.delivered, 1);
    if (node->is_quiet && delivery->delivered < most) {
        nats_give_back(delivery);
    } else if (delivery->delivered > most) {
        nats_bury(delivery, NATS_DIED);
    } else {
        handle(delivery);
        nats_settle(delivery);
    }
    nats_message_end(message);
    return 0;
}

static bool
is_of(const struct nats_span *token, const char *name)
{
    return token->size == strlen(name) &&
           memcmp(token->at, name, token->size) == 0;
}

/* More than any pull has asked for, however late its messages come: the server
 * lies, or it was not the server. */
static bool
is_flood(const struct nats_work *work)
{
    const struct nats_node *node = work->node;
    const struct nats_works *works = &node->works;
    size_t least = works->n * (node->info.max_payload + EXTRA);
    size_t bytes = node->queued_bytes / FLOOD;

    return node->queued / FLOOD >= works->most ||
           (bytes > least && bytes - least >= works->most_bytes);
}

bool
nats_delivery_take(struct nats_work *work, const struct nats_input *input)
{
    struct nats_delivery *delivery;
    struct nats_ack ack;

    if (!nats_ack_read(&ack, &input->reply) ||
        !is_of(&ack.stream, work->stream) ||
        !is_of(&ack.consumer, work->consumer))
        return false;
    delivery = is_flood(work) ? NULL : new_delivery(work, input);
    if (delivery != NULL) {
        delivery->delivered = ack.delivered;
        delivery->sequence = ack.sequence;
    }
    if (delivery == NULL ||
        !nats_message_begin(delivery->message, delivery_main))
        nats_put_off(work->node, &input->reply, PUT_OFF);
    return true;
}

/* --- keeping -------------------------------------------------------------- */

bool
nats_delivery_is_ours(struct nats_delivery *delivery)
{
    if (nats_now() - delivery->since >= delivery->work->info.wait)
        delivery->lost = true;
    return !delivery->lost;
}

/* The first that is still ours; what is not is kept no more. */
static struct nats_delivery *
next_of(struct nats_work *work)
{
    struct nats_delivery *delivery;

    while ((delivery = TAILQ_FIRST(&work->in_hand)) != NULL &&
           !nats_delivery_is_ours(delivery)) {
        TAILQ_REMOVE(&work->in_hand, delivery, in_hand);
        delivery->is_kept = false;
    }
    return delivery;
}

static void
signal_that(struct nats_delivery *delivery)
{
    struct nats_work *work = delivery->work;

    nats_signal(delivery, "+WPI");
    delivery->since = nats_now();
    TAILQ_REMOVE(&work->in_hand, delivery, in_hand);
    TAILQ_INSERT_TAIL(&work->in_hand, delivery, in_hand);
}

GRUVI_SWITCHPOINT int
nats_delivery_keep(void *arg)
{
    struct nats_work *work = arg;
    struct nats_node *node = work->node;
    int err = 0;

    while (err == 0 && (work->wanted || work->n_in_hand > 0)) {
        struct nats_delivery *delivery = next_of(work);
        double wait;

        gruvi_event_clear(&work->keep);
        work->is_idle = delivery == NULL;
        if (work->is_idle) {
            err = gruvi_event_wait(&work->keep, GRUVI_FOREVER);
            continue;
        }
        wait = delivery->since + work->info.wait / 2 - nats_now();
        if (wait > 0) {
            err = gruvi_event_wait(&work->keep, wait);
            err = err == UV_ETIMEDOUT ? 0 : err;
        } else if (!nats_session_is_open(node)) {
            gruvi_event_clear(&node->works.open);
            err = gruvi_event_wait(&node->works.open, GRUVI_FOREVER);
        } else {
            signal_that(delivery);
            err = nats_session_wait_room(node);
        }
    }
    nats_work_unref(work);
    return err == UV_ECANCELED ? 0 : err;
}
