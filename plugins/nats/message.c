/* SPDX-License-Identifier: MIT */
#include "message.h"

#include <stdlib.h>
#include <string.h>

#include "delivery.h"
#include "exchange.h"
#include "request.h"
#include "session.h"

/* --- its life ------------------------------------------------------------- */

void
nats_message_end(struct nats_message *message)
{
    struct nats_node *node = message->node;

    *message->link = message->later;
    if (message->later != NULL)
        message->later->link = message->link;
    node->queued--;
    node->queued_bytes -= message->bytes;
    if (node->queued == 0 && node->is_quiet)
        gruvi_event_set(&node->idle);
    gruvi_event_set(&node->works.room);
    if (message->delivery != NULL)
        nats_delivery_free(message->delivery);
    free(message);
}

void
nats_messages_free(struct nats_node *node)
{
    while (node->messages != NULL)
        nats_message_end(node->messages);
}

ssize_t
nats_message_read(struct nats_message *message, void *buf, size_t len)
{
    size_t left = message->size - message->read;
    size_t n = len < left ? len : left;

    memcpy(buf, message->data + message->read, n);
    message->read += n;
    return (ssize_t)n;
}

static GRUVI_SWITCHPOINT int
message_main(void *arg)
{
    struct nats_message *message = arg;
    struct nats_exchange x = {.message = message,
                              .answered = *message->reply == '\0'};

    if (!nats_request_route(message, &nats_transport, &x, message->target, 0) &&
        !x.answered)
        nats_answer(message->node, message->reply, 503);
    nats_buffer_free(&x.head);
    nats_buffer_free(&x.body);
    nats_message_end(message);
    return 0;
}

static char *
copy(char **to, const char *text, size_t size)
{
    char *at = *to;

    if (size > 0)
        memcpy(at, text, size);
    at[size] = '\0';
    *to = at + size + 1;
    return at;
}

static size_t
bytes_of(const struct nats_input *input, const char *target)
{
    return sizeof(struct nats_message) + strlen(target) + input->subject.size +
           input->reply.size + input->head.size + input->data.size + 5;
}

struct nats_message *
nats_message_new(struct nats_node *node, const struct nats_input *input,
                 const char *target)
{
    size_t bytes = bytes_of(input, target);
    struct nats_message *message = malloc(bytes);
    char *to;

    if (message == NULL)
        return NULL;
    to = (char *)(message + 1);
    message->node = node;
    message->bytes = bytes;
    message->target = copy(&to, target, strlen(target));
    message->subject = copy(&to, input->subject.at, input->subject.size);
    message->reply = copy(&to, input->reply.at, input->reply.size);
    message->head = copy(&to, input->head.at, input->head.size);
    message->head_size = input->head.size;
    message->data = copy(&to, input->data.at, input->data.size);
    message->size = input->data.size;
    message->read = 0;
    message->delivery = NULL;
    return message;
}

/* --- arrival -------------------------------------------------------------- */

/* Too many, or no memory for it. */
static void
turn_away(struct nats_node *node, const struct nats_input *input)
{
    char reply[NATS_LINE];

    if (input->reply.size == 0) {
        gruvid_count(node->counts.dropped, 1);
        return;
    }
    gruvid_count(node->counts.busy, 1);
    memcpy(reply, input->reply.at, input->reply.size);
    reply[input->reply.size] = '\0';
    nats_answer(node, reply, 503);
}

/* A subject that nodes talk by: PREFIX.node. and more. */
static bool
is_of_nodes(const struct nats_node *node, const struct nats_span *reply)
{
    const char *prefix = node->settings.prefix;
    size_t size = strlen(prefix);

    return reply->size >= size + 6 && memcmp(reply->at, prefix, size) == 0 &&
           memcmp(reply->at + size, ".node.", 6) == 0;
}

/* Where a reply may go: not to what the server, its streams or nodes listen
 * for. */
static bool
is_reply(const struct nats_node *node, const struct nats_span *reply)
{
    return reply->size == 0 ||
           (*reply->at != '$' && nats_is_subject(reply->at, reply->size) &&
            !is_of_nodes(node, reply));
}

static bool
is_full(const struct nats_node *node, size_t bytes)
{
    const struct nats_settings *settings = &node->settings;

    return node->queued >= settings->max_queued ||
           node->queued_bytes >= settings->max_queued_bytes ||
           bytes > settings->max_queued_bytes - node->queued_bytes;
}

bool
nats_message_begin(struct nats_message *message,
                   GRUVI_SWITCHPOINT int (*main)(void *))
{
    struct nats_node *node = message->node;
    gruvi_fiber_t *fiber;

    message->later = node->messages;
    message->link = &node->messages;
    if (message->later != NULL)
        message->later->link = &message->later;
    node->messages = message;
    node->queued++;
    node->queued_bytes += message->bytes;
    fiber = gruvi_group_spawn(&node->group, main, message);
    if (fiber == NULL) {
        nats_message_end(message);
        return false;
    }
    gruvi_fiber_unref(fiber);
    return true;
}

/* A plugin that a reload has put in the place of another answers from when it
 * can. */
static GRUVI_SWITCHPOINT const char *
target_of(const struct nats_node *node, struct nats_route *route)
{
    if (route->next != NULL &&
        gruvid_target_wait(node->plugin, route->next, 0) == 0)
        nats_route_begin(route);
    return route->target;
}

GRUVI_SWITCHPOINT void
nats_message_take(struct nats_node *node, const struct nats_input *input)
{
    struct nats_route *route = nats_routes_find(&node->routes, input->sid);
    struct nats_message *message = NULL;
    const char *target;

    if (!is_reply(node, &input->reply)) {
        gruvid_count(node->counts.refused, 1);
        return;
    }
    /* It was unsubscribed, and the server was too slow to confirm that. */
    if (route == NULL) {
        turn_away(node, input);
        return;
    }
    target = target_of(node, route);
    if (!is_full(node, bytes_of(input, target)))
        message = nats_message_new(node, input, target);
    if (message == NULL || !nats_message_begin(message, message_main))
        turn_away(node, input);
}
