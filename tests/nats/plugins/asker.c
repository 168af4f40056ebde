/* SPDX-License-Identifier: MIT */
/*
 * asker: has a node of plugins/nats, and does what it is asked to do there.
 *
 *   /ask?subject=S&timeout=MS&head   asks, with the body: replies with the code
 *                                    of failures, or "STATUS HEAD DATA"
 *   /crowd?subject=S&n=N             N at once: replies how many had their own
 *                                    answer; with &cancel they are cancelled
 *   /subscribe?subject=S&group=G     logs what comes
 *   /unsubscribe
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <gruvid/request.h>

#include "plugins/nats/session.h"

static struct nats_node *the_node;
static struct nats_subscription *subscription;

/* --- asking --------------------------------------------------------------- */

static double
timeout_of(gruvid_request_t *request)
{
    const char *text = gruvid_request_query(request, "timeout");

    return text == NULL ? GRUVI_FOREVER : atof(text) / 1000;
}

static bool
make_head(struct nats_buffer *head)
{
    return nats_put_version(head) && nats_put_field(head, "X-From", "asker") &&
           nats_put_text(head, "\r\n");
}

static GRUVI_SWITCHPOINT int
ask(gruvid_request_t *request)
{
    const char *body, *subject = gruvid_request_query(request, "subject");
    bool has_head = gruvid_request_query(request, "head") != NULL;
    struct nats_buffer head = {NULL, 0, 0};
    struct nats_answer answer;
    size_t size;
    int err = gruvid_request_body(request, &body, &size);

    if (err == 0 && has_head && !make_head(&head))
        err = UV_ENOMEM;
    if (err < 0)
        return err;
    gruvi_info("asker asks");
    err = nats_ask(the_node, subject, has_head ? &head : NULL, body, size,
                   &answer, timeout_of(request));
    gruvi_info("asker has asked: %s", gruvi_err_name(err));
    nats_buffer_free(&head);
    if (err < 0)
        return gruvid_reply_text(request, 200, "%s", gruvi_err_name(err));
    err = gruvid_reply_text(request, 200, "%d %zu %s", answer.status,
                            answer.head_size, answer.data);
    nats_answer_free(&answer);
    return err;
}

struct crowd {
    const char *subject;
    unsigned next, right;
};

static GRUVI_SWITCHPOINT int
ask_in_crowd(void *arg)
{
    struct crowd *crowd = arg;
    struct nats_answer answer;
    char text[32];
    int n = snprintf(text, sizeof text, "number %u", crowd->next++);

    if (nats_ask(the_node, crowd->subject, NULL, text, (size_t)n, &answer,
                 GRUVI_FOREVER) < 0)
        return 0;
    /* mirror's line, and the body. */
    crowd->right += strstr(answer.data, text) != NULL &&
                    strlen(strstr(answer.data, text)) == (size_t)n;
    nats_answer_free(&answer);
    return 0;
}

static GRUVI_SWITCHPOINT int
ask_all(gruvid_request_t *request)
{
    struct crowd crowd = {gruvid_request_query(request, "subject"), 0, 0};
    int n = atoi(gruvid_request_query(request, "n"));

    GRUVI_WITH_GROUP (group) {
        for (int i = 0; i < n; i++)
            gruvi_go(ask_in_crowd, &crowd);
        if (gruvid_request_query(request, "cancel") == NULL)
            gruvi_group_join(&group, GRUVI_FOREVER);
        else
            nats_session_flush(the_node);
    }
    return gruvid_reply_text(request, 200, "%u", crowd.right);
}

/* --- subscriptions -------------------------------------------------------- */

static void
on_message(void *arg, const struct nats_input *input)
{
    (void)arg;
    gruvi_info("asker hears %.*s: %.*s", (int)input->subject.size,
               input->subject.at, (int)input->data.size, input->data.at);
}

static GRUVI_SWITCHPOINT int
subscribe(gruvid_request_t *request)
{
    int err = nats_subscribe(
        the_node, &subscription, gruvid_request_query(request, "subject"),
        gruvid_request_query(request, "group"), on_message, NULL);

    return gruvid_reply_text(request, 200, "%s", gruvi_err_name(err));
}

static GRUVI_SWITCHPOINT int
unsubscribe(gruvid_request_t *request)
{
    nats_unsubscribe(the_node, subscription);
    subscription = NULL;
    return gruvid_reply_text(request, 200, "OK");
}

/* --- its life ------------------------------------------------------------- */

static GRUVI_SWITCHPOINT int
request(gruvid_request_t *request, gruvid_plugin_t *plugin)
{
    const char *path = gruvid_request_path(request);

    (void)plugin;
    if (strcmp(path, "/ask") == 0)
        return ask(request);
    if (strcmp(path, "/crowd") == 0)
        return ask_all(request);
    if (strcmp(path, "/subscribe") == 0)
        return subscribe(request);
    return unsubscribe(request);
}

static GRUVI_SWITCHPOINT int
start(gruvid_plugin_t *plugin)
{
    gruvi_fiber_options_t options = {.name = "asker"};
    gruvi_fiber_t *fiber = NULL;
    int err;

    the_node = nats_node_new(plugin);
    if (the_node == NULL)
        return UV_ENOMEM;
    err = nats_node_configure(the_node);
    if (err == 0) {
        GRUVI_IN_GROUP (&the_node->group)
            fiber = gruvi_spawn_ex(nats_node_main, the_node, &options);
        err = fiber == NULL ? gruvi_last_error() : 0;
    }
    gruvi_fiber_unref(fiber);
    if (err == 0 && the_node->settings.required)
        err = gruvi_event_wait(&the_node->up, GRUVI_FOREVER);
    if (err < 0)
        nats_node_free(the_node);
    return err;
}

static void
stop(gruvid_plugin_t *plugin)
{
    (void)plugin;
    nats_node_free(the_node);
}

GRUVID_PLUGIN(asker,
    .options = nats_options,
    .start = start,
    .stop = stop,
    .request = request);
