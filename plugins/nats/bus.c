/* SPDX-License-Identifier: MIT */
/*
 * The functions of the bus, in the fiber that calls, with the connection of its
 * hub.  The timeout of a call is a deadline of the fiber: nothing here has one
 * of its own.
 */
#include "bus.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "ask.h"
#include "head.h"
#include "id.h"
#include "node.h"
#include "session.h"
#include "store.h"

static bool
is_subject(const char *text)
{
    size_t size = strlen(text);

    return size <= NATS_LINE / 2 && nats_is_subject(text, size);
}

/* --- heads ---------------------------------------------------------------- */

static bool
is_nats(const char *name)
{
    return strncasecmp(name, "Nats-", 5) == 0;
}

/* Whether other nodes take so many.  Some of a call are ours. */
static int
check_headers(const gruvid_header_t *headers, size_t n,
              bool (*is_ours)(const char *name))
{
    for (size_t i = 0; i < n; i++)
        if (is_ours(headers[i].name))
            return UV_EINVAL;
    return n > NATS_FIELDS - 4 ? UV_E2BIG : 0;
}

static bool
put_headers(struct nats_buffer *head, const gruvid_header_t *headers, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (!nats_put_field(head, headers[i].name, headers[i].value))
            return false;
    return true;
}

static int
end_head(struct nats_buffer *head, bool put)
{
    if (!put || !nats_put_text(head, "\r\n"))
        return UV_ENOMEM;
    return head->size > NATS_HEAD_BYTES ? UV_E2BIG : 0;
}

/* --- publishing ----------------------------------------------------------- */

static int
check_size(const struct nats_node *node, const struct nats_buffer *head,
           size_t size)
{
    size_t most = node->info.max_payload;

    return size > most || head->size > most - size ? UV_E2BIG : 0;
}

/* An instance that drains may be stopped as soon as its calls have returned. */
static GRUVI_SWITCHPOINT int
send_plain(struct nats_node *node, const char *subject,
           const struct nats_buffer *head, const void *data, size_t size)
{
    int err =
        nats_session_is_open(node) ? nats_session_wait_room(node) : UV_ENOTCONN;

    if (err == 0 && !nats_session_is_open(node))
        err = UV_ENOTCONN;
    if (err == 0)
        err = check_size(node, head, size);
    if (err < 0)
        return err;
    if (!nats_session_put(node, nats_put_publish(&node->out, subject, NULL,
                                                 head->size > 0 ? head : NULL,
                                                 data, size)))
        return UV_ENOMEM;
    return gruvid_plugin_draining(node->plugin) ? nats_session_flush(node) : 0;
}

static GRUVI_SWITCHPOINT int
send_durable(struct nats_node *node, const char *subject,
             struct nats_buffer *head, const void *data, size_t size)
{
    if (!nats_session_is_open(node))
        return UV_ENOTCONN;
    return nats_store(node, subject, head, data, size, NULL);
}

static int
make_head(struct nats_buffer *head, const gruvid_publish_options_t *options)
{
    const char *id = options->id;
    char made[NATS_ID];
    int err = 0;

    if (options->n_headers == 0 && id == NULL && !options->durable)
        return 0;
    if (id == NULL && options->durable) {
        err = nats_id_new(made);
        id = made;
    }
    if (err < 0)
        return err;
    return end_head(
        head, nats_put_version(head) &&
                  put_headers(head, options->headers, options->n_headers) &&
                  (id == NULL || nats_put_field(head, "Nats-Msg-Id", id)));
}

static GRUVI_SWITCHPOINT int
publish(gruvid_plugin_t *plugin, const char *subject,
        const gruvid_publish_options_t *options, const void *data, size_t size)
{
    struct nats_node *node = gruvid_hub_data(plugin);
    struct nats_buffer head = {NULL, 0, 0};
    int err = is_subject(subject)
                  ? check_headers(options->headers, options->n_headers, is_nats)
                  : UV_EINVAL;

    if (err == 0)
        err = make_head(&head, options);
    if (err == 0)
        err = options->durable ? send_durable(node, subject, &head, data, size)
                               : send_plain(node, subject, &head, data, size);
    nats_buffer_free(&head);
    return err;
}

/* --- asking --------------------------------------------------------------- */

/* Milliseconds that are left; "": there is no limit. */
static const char *
deadline(char text[24])
{
    double left = gruvi_deadline_remaining();

    text[0] = '\0';
    if (left >= 0 && left < 1e9)
        snprintf(text, 24, "%.0f", left < 0.001 ? 1 : left * 1000);
    return text;
}

static int
make_question(struct nats_buffer *head, const gruvid_call_t *call)
{
    char left[24];

    return end_head(head,
                    nats_put_version(head) &&
                        (call->method == NULL ||
                         nats_put_field(head, "Gruvid-Method", call->method)) &&
                        (call->path == NULL ||
                         nats_put_field(head, "Gruvid-Path", call->path)) &&
                        (*deadline(left) == '\0' ||
                         nats_put_field(head, "Gruvid-Deadline", left)) &&
                        put_headers(head, call->headers, call->n_headers));
}

/* Three digits, and no second status.  An answer without a status, not of a
 * gruvid, is 200. */
static int
find_status(const gruvid_header_t *fields, size_t n)
{
    int status = 0;

    for (size_t i = 0; i < n; i++) {
        const char *value = fields[i].value;

        if (strcasecmp(fields[i].name, "Gruvid-Status") != 0)
            continue;
        if (status != 0 || strlen(value) != 3 ||
            strspn(value, "0123456789") < 3)
            return UV_EPROTO;
        status = atoi(value);
        if (status < 200 || status > 599)
            return UV_EPROTO;
    }
    return status == 0 ? 200 : status;
}

static int
give_answer(struct nats_answer *answer, gruvid_bus_result_t *result)
{
    gruvid_header_t fields[NATS_FIELDS];
    gruvid_bus_content_t content = {
        .headers = fields, .data = answer->data, .size = answer->size};
    int line, n = 0;

    if (answer->head_size > 0)
        n = nats_head_parse(answer->head, answer->head_size, fields, &line);
    if (n < 0)
        return UV_EPROTO;
    content.status = find_status(fields, (size_t)n);
    if (content.status < 0)
        return content.status;
    content.n_headers = nats_head_drop(fields, (size_t)n, nats_is_ours);
    return gruvid_bus_fill(result, &content);
}

static GRUVI_SWITCHPOINT int
call(gruvid_plugin_t *plugin, const char *subject, const gruvid_call_t *what,
     gruvid_bus_result_t *result)
{
    struct nats_node *node = gruvid_hub_data(plugin);
    struct nats_buffer head = {NULL, 0, 0};
    struct nats_answer answer;
    int err =
        is_subject(subject) && (what->path == NULL || nats_is_path(what->path))
            ? check_headers(what->headers, what->n_headers, nats_is_ours)
            : UV_EINVAL;

    if (err == 0)
        err = make_question(&head, what);
    if (err == 0)
        err = nats_ask(node, subject, &head, what->data, what->size, &answer,
                       GRUVI_FOREVER);
    nats_buffer_free(&head);
    if (err < 0)
        return err;
    err = give_answer(&answer, result);
    nats_answer_free(&answer);
    return err;
}

/* --- listening ------------------------------------------------------------ */

struct ear {
    struct nats_node *node;
    struct nats_subscription *subscription;
    gruvid_subscription_t *to;
};

static char *
copy(char **to, const struct nats_span *span)
{
    char *at = *to;

    if (span->size > 0)
        memcpy(at, span->at, span->size);
    at[span->size] = '\0';
    *to = at + span->size + 1;
    return at;
}

static int
deliver(const struct ear *ear, const struct nats_input *input)
{
    gruvid_header_t fields[NATS_FIELDS];
    gruvid_bus_content_t content = {
        .headers = fields, .data = input->data.at, .size = input->data.size};
    char *text = malloc(input->subject.size + input->reply.size +
                        input->head.size + 3),
         *to = text, *head;
    int line, err = text == NULL ? UV_ENOMEM : 0;

    if (err < 0)
        return err;
    content.subject = copy(&to, &input->subject);
    content.reply = copy(&to, &input->reply);
    head = copy(&to, &input->head);
    if (input->head.size > 0)
        err = nats_head_parse(head, input->head.size, fields, &line);
    if (err >= 0) {
        content.n_headers = (size_t)err;
        err = gruvid_bus_deliver(ear->to, &content);
    }
    free(text);
    return err;
}

static void
on_message(void *arg, const struct nats_input *input)
{
    const struct ear *ear = arg;

    if (deliver(ear, input) < 0)
        gruvid_count(ear->node->counts.unheard, 1);
}

static int
subscribe(gruvid_plugin_t *plugin, const char *subject, const char *group,
          gruvid_subscription_t *to, void **handle)
{
    struct nats_node *node = gruvid_hub_data(plugin);
    struct ear *ear = malloc(sizeof *ear);
    int err;

    if (ear == NULL)
        return UV_ENOMEM;
    *ear = (struct ear){.node = node, .to = to};
    err = nats_subscribe(node, &ear->subscription, subject, group, on_message,
                         ear);
    if (err < 0)
        free(ear);
    else
        *handle = ear;
    return err;
}

static void
unsubscribe(gruvid_plugin_t *plugin, void *handle)
{
    struct ear *ear = handle;

    (void)plugin;
    nats_unsubscribe(ear->node, ear->subscription);
    free(ear);
}

const gruvid_bus_functions_t nats_bus = {
    .size = sizeof nats_bus,
    .publish = publish,
    .call = call,
    .subscribe = subscribe,
    .unsubscribe = unsubscribe,
    .kv_get = nats_kv_get,
    .kv_change = nats_kv_change,
};
