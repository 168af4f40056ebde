/* SPDX-License-Identifier: MIT */
#include "message.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "exchange.h"
#include "head.h"
#include "session.h"

/* --- the request ---------------------------------------------------------- */

/* What speaks of a connection of HTTP, or of this one. */
static bool
is_ours(const char *name)
{
    static const char *const names[] = {
        "Connection", "Content-Length", "Expect",  "Keep-Alive",
        "TE",         "Trailer",        "Upgrade", "Transfer-Encoding",
    };

    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strcasecmp(name, names[i]) == 0)
            return true;
    return strncasecmp(name, "Gruvid-", 7) == 0;
}

static size_t
drop_ours(gruvid_header_t *fields, size_t n)
{
    size_t kept = 0;

    for (size_t i = 0; i < n; i++)
        if (!is_ours(fields[i].name))
            fields[kept++] = fields[i];
    return kept;
}

/* A token of a subject is one segment of a path, whatever is in it: an encoded
 * slash, which no path may have, is refused with 400. */
static bool
put_path(struct nats_buffer *path, const char *subject)
{
    static const char plain[] = "-_~!$&'()*+,;=:@";
    bool ok = nats_put_text(path, "/");

    for (; ok && *subject != '\0'; subject++) {
        char c = *subject, letter = (char)(c | 0x20), code[4];

        snprintf(code, sizeof code, "%%%02X", (unsigned char)c);
        if (c == '.')
            ok = nats_put_text(path, "/");
        else if ((letter >= 'a' && letter <= 'z') || (c >= '0' && c <= '9') ||
                 strchr(plain, c) != NULL)
            ok = nats_put(path, &c, 1);
        else
            ok = nats_put_text(path, code);
    }
    return ok && nats_put(path, "", 1);
}

/* Milliseconds as seconds; negative: it is no such number. */
static double
read_deadline(const char *text)
{
    size_t digits = strspn(text, "0123456789");

    return digits == 0 || digits > 12 || text[digits] != '\0'
               ? -1
               : (double)atoll(text) / 1000;
}

/* A path that was given is as one in HTTP: absolute, without blanks. */
static bool
is_path(const char *text)
{
    if (*text != '/')
        return false;
    for (; *text != '\0'; text++)
        if ((unsigned char)*text <= 0x20 || *text == 0x7f || *text == '#')
            return false;
    return true;
}

/* The name of a host with a port, as far as it matters to who makes links of
 * it. */
static bool
is_host(const char *text)
{
    static const char marks[] = ".-_:[]";

    for (; *text != '\0'; text++) {
        char letter = (char)(*text | 0x20);

        if ((letter < 'a' || letter > 'z') && (*text < '0' || *text > '9') &&
            strchr(marks, *text) == NULL)
            return false;
    }
    return true;
}

/* The value of a field, else what it was; false: there are two. */
static bool
find_only(const gruvid_header_t *fields, size_t n, const char *name,
          const char **value)
{
    bool found = false;

    for (size_t i = 0; i < n; i++) {
        if (strcasecmp(fields[i].name, name) != 0)
            continue;
        if (found)
            return false;
        found = true;
        *value = fields[i].value;
    }
    return true;
}

/*
 * Make of the head what gruvid needs.
 *
 * Returns 0, or the status of what cannot be a request.
 */
static int
read_request(const struct nats_message *message, gruvid_header_t *fields,
             struct nats_buffer *path, gruvid_incoming_t *in)
{
    const char *deadline = NULL;
    int status = 0, n = 0;

    if (message->head_size > 0)
        n = nats_head_parse(message->head, message->head_size, fields, &status);
    if (n < 0)
        return n == UV_E2BIG ? 431 : 400;
    if (!put_path(path, message->subject))
        return 503;
    in->target = path->data;
    if (!find_only(fields, (size_t)n, "Gruvid-Method", &in->method) ||
        !find_only(fields, (size_t)n, "Gruvid-Path", &in->target) ||
        !find_only(fields, (size_t)n, "Gruvid-Deadline", &deadline) ||
        !find_only(fields, (size_t)n, "Host", &in->host))
        return 400;
    if (deadline != NULL)
        in->timeout = read_deadline(deadline);
    in->n_headers = drop_ours(fields, (size_t)n);
    if (status != 0 || !nats_is_name(in->method, strlen(in->method)) ||
        !is_path(in->target) || in->timeout < 0 ||
        (in->host != NULL && !is_host(in->host)) ||
        !nats_is_subject(message->subject, strlen(message->subject)))
        return 400;
    return deadline != NULL && in->timeout == 0 ? 504 : 0;
}

static GRUVI_SWITCHPOINT void
answer(struct nats_message *message, struct nats_exchange *x)
{
    gruvid_header_t fields[NATS_FIELDS];
    struct nats_buffer path = {NULL, 0, 0};
    gruvid_incoming_t in = {
        .transport = &nats_transport,
        .exchange = x,
        .method = message->size > 0 ? "POST" : "GET",
        .target = "/",
        .scheme = "nats",
        .peer = "nats",
        .headers = fields,
        .length = (int64_t)message->size,
    };
    gruvid_request_t *request;
    int status = read_request(message, fields, &path, &in);

    if (status != 0) {
        in.method = "GET";
        in.target = "/";
        in.host = NULL;
        in.timeout = 0;
        in.n_headers = 0;
    }
    if (gruvid_request_new(&request, message->node->plugin, &in) < 0) {
        if (!x->answered)
            nats_answer(message->node, message->reply, 503);
    } else {
        if (status != 0)
            gruvid_route_error(request, status);
        else
            gruvid_route_to(request, message->target);
        gruvid_request_free(request);
    }
    nats_buffer_free(&path);
}

/* --- its life ------------------------------------------------------------- */

static void
end_message(struct nats_message *message)
{
    struct nats_node *node = message->node;

    *message->link = message->later;
    if (message->later != NULL)
        message->later->link = message->link;
    node->queued--;
    node->queued_bytes -= message->bytes;
    if (node->queued == 0 && node->is_quiet)
        gruvi_event_set(&node->idle);
    free(message);
}

void
nats_messages_free(struct nats_node *node)
{
    while (node->messages != NULL)
        end_message(node->messages);
}

static GRUVI_SWITCHPOINT int
message_main(void *arg)
{
    struct nats_message *message = arg;
    struct nats_exchange x = {.message = message,
                              .answered = *message->reply == '\0'};

    answer(message, &x);
    nats_buffer_free(&x.head);
    nats_buffer_free(&x.body);
    end_message(message);
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

static struct nats_message *
new_message(struct nats_node *node, const struct nats_input *input,
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

/* Where a reply may go: not to what the server, or its streams, listen for. */
static bool
is_reply(const struct nats_span *reply)
{
    return reply->size == 0 ||
           (*reply->at != '$' && nats_is_subject(reply->at, reply->size));
}

static bool
is_full(const struct nats_node *node, size_t bytes)
{
    const struct nats_settings *settings = &node->settings;

    return node->queued >= settings->max_queued ||
           node->queued_bytes >= settings->max_queued_bytes ||
           bytes > settings->max_queued_bytes - node->queued_bytes;
}

static void
begin(struct nats_node *node, struct nats_message *message,
      const struct nats_input *input)
{
    gruvi_fiber_t *fiber;

    message->later = node->messages;
    message->link = &node->messages;
    if (message->later != NULL)
        message->later->link = &message->later;
    node->messages = message;
    node->queued++;
    node->queued_bytes += message->bytes;
    fiber = gruvi_group_spawn(&node->group, message_main, message);
    if (fiber != NULL) {
        gruvi_fiber_unref(fiber);
        return;
    }
    end_message(message);
    turn_away(node, input);
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

    if (!is_reply(&input->reply)) {
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
        message = new_message(node, input, target);
    if (message == NULL)
        turn_away(node, input);
    else
        begin(node, message, input);
}
