/* SPDX-License-Identifier: MIT */
#include "cluster.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "answering.h"
#include "ask.h"
#include "node.h"
#include "process_id.h"
#include "session.h"

/* Seconds for an answer about a name, and until a name that is in use is asked
 * for again. */
#define PATIENCE 1.0
#define AGAIN    1.0

void
nats_cluster_init(struct nats_node *node)
{
    gruvi_event_init(&node->cluster.named);
}

/* --- subjects ------------------------------------------------------------- */

static void
subject_of(char *subject, size_t room, const struct nats_cluster *cluster,
           const char *what, const char *name)
{
    snprintf(subject, room, "%s.node.%s%s%s", cluster->prefix, what,
             name == NULL ? "" : ".", name == NULL ? "" : name);
}

static void
publish(struct nats_node *node, const char *subject, const char *reply,
        const char *text, size_t size)
{
    if (nats_session_is_open(node))
        nats_session_put(node, nats_put_publish(&node->out, subject, reply,
                                                NULL, text, size));
}

static void
greet(struct nats_node *node, bool is_gone)
{
    struct nats_greeting self = node->cluster.self;
    char subject[NATS_SUBJECT], text[256];
    size_t size;

    self.is_gone = is_gone;
    size = nats_greeting_write(text, sizeof text, &self);
    subject_of(subject, sizeof subject, &node->cluster, "here", NULL);
    publish(node, subject, NULL, text, size);
}

/* --- what comes ----------------------------------------------------------- */

static void
on_here(void *arg, const struct nats_input *input)
{
    struct nats_node *node = arg;
    const struct nats_greeting *self = &node->cluster.self;
    struct nats_greeting greeting;

    if (!nats_greeting_read(&greeting, input->data.at, input->data.size))
        return;
    if (strcmp(greeting.node, self->node) == 0 &&
        strcmp(greeting.id, self->id) != 0) {
        if (!greeting.is_gone)
            gruvi_error("another gruvid calls itself node %s, too: give one "
                        "of them another name, by the option node",
                        self->node);
        return;
    }
    nats_members_hear(&node->cluster.members, &greeting);
}

/* An answer to "hello": PREFIX.node.answer.ID.NODE.end. */
static void
on_hello(void *arg, const struct nats_input *input)
{
    struct nats_node *node = arg;
    struct nats_greeting greeting;

    if (nats_greeting_read(&greeting, input->data.at, input->data.size))
        nats_members_hear(&node->cluster.members, &greeting);
}

static void
on_question(void *arg, const struct nats_input *input)
{
    nats_answering_begin(arg, input);
}

/* Whether the name is in use.  An inbox of the client's own is answered here,
 * which no other question may have. */
static void
on_name(void *arg, const struct nats_input *input)
{
    struct nats_node *node = arg;
    char reply[NATS_SUBJECT], text[256];
    size_t size;

    if (input->reply.size == 0 || input->reply.size >= sizeof reply ||
        strncmp(input->reply.at, "_INBOX.", 7) != 0 ||
        !nats_is_subject(input->reply.at, input->reply.size))
        return;
    memcpy(reply, input->reply.at, input->reply.size);
    reply[input->reply.size] = '\0';
    size = nats_greeting_write(text, sizeof text, &node->cluster.self);
    publish(node, reply, NULL, text, size);
}

/* --- becoming a node ------------------------------------------------------ */

static void
choose_name(struct nats_cluster *cluster, const struct nats_node *node)
{
    struct nats_greeting self = {.generation =
                                     gruvid_plugin_generation(node->plugin)};

    nats_process_id(self.id, sizeof self.id);
    snprintf(self.node, sizeof self.node, "%s", node->settings.node);
    cluster->self = self;
    snprintf(cluster->prefix, sizeof cluster->prefix, "%s",
             node->settings.prefix);
}

/* Names may change by a reload: what was subscribed has the old ones. */
static void
forget(struct nats_node *node)
{
    struct nats_cluster *cluster = &node->cluster;

    nats_unsubscribe(node, cluster->here);
    nats_unsubscribe(node, cluster->ask);
    nats_unsubscribe(node, cluster->name);
    nats_unsubscribe(node, cluster->heard);
    cluster->here = cluster->ask = cluster->name = cluster->heard = NULL;
    nats_members_free(&cluster->members);
    cluster->is_announced = false;
}

static GRUVI_SWITCHPOINT int
is_in_use(struct nats_node *node)
{
    struct nats_answer answer;
    struct nats_greeting greeting;
    char subject[NATS_SUBJECT];
    int err;

    subject_of(subject, sizeof subject, &node->cluster, "name",
               node->cluster.self.node);
    err = nats_ask(node, subject, NULL, "", 0, &answer, PATIENCE);
    if (err == UV_ENOENT)
        return 0;
    if (err == UV_EPROTO) /* malformed, but an answer */
        return UV_EADDRINUSE;
    if (err < 0)
        return err;
    err = nats_greeting_read(&greeting, answer.data, answer.size) &&
                  strcmp(greeting.id, node->cluster.self.id) == 0
              ? 0
              : UV_EADDRINUSE;
    nats_answer_free(&answer);
    return err;
}

static void
tell_in_use(const struct nats_node *node, int err)
{
    const char *name = node->cluster.self.node;

    if (err == UV_EADDRINUSE)
        gruvi_error("node %s: another gruvid has this name; it is asked for "
                    "again each second; the option node gives another",
                    name);
    else
        gruvi_error("node %s: nobody says whether the name is in use: its "
                    "gruvid does not answer, or this login may not publish to "
                    "%s.node.>; it is asked for again each second; an empty "
                    "node makes this gruvid none",
                    name, node->cluster.prefix);
}

static GRUVI_SWITCHPOINT int
await_name(struct nats_node *node)
{
    bool told = false;
    int err;

    while ((err = is_in_use(node)) == UV_EADDRINUSE || err == UV_ETIMEDOUT) {
        if (!told)
            tell_in_use(node, err);
        told = true;
        err = gruvi_sleep(AGAIN);
        if (err < 0)
            break;
    }
    if (err == 0 && told)
        gruvi_info("node %s: the name is free", node->cluster.self.node);
    return err;
}

static int
subscribe_one(struct nats_node *node, struct nats_subscription **subscription,
              const char *what, const char *name, nats_message_fn *on_message)
{
    char subject[NATS_SUBJECT];

    if (*subscription != NULL)
        return 0;
    subject_of(subject, sizeof subject, &node->cluster, what, name);
    return nats_subscribe(node, subscription, subject, NULL, on_message, node);
}

static int
subscribe(struct nats_node *node)
{
    struct nats_cluster *cluster = &node->cluster;
    char subject[NATS_SUBJECT + 2];
    int err = subscribe_one(node, &cluster->here, "here", NULL, on_here);

    if (err == 0)
        err = subscribe_one(node, &cluster->ask, "ask", NULL, on_question);
    if (err == 0)
        err = subscribe_one(node, &cluster->name, "name", cluster->self.node,
                            on_name);
    if (err < 0 || cluster->heard != NULL)
        return err;
    err = nats_answer_subject(cluster->answers, sizeof cluster->answers,
                              cluster->prefix);
    if (err < 0)
        return err;
    snprintf(subject, sizeof subject, "%s.>", cluster->answers);
    return nats_subscribe(node, &cluster->heard, subject, NULL, on_hello, node);
}

/* Who is there, and that this one is. */
static void
introduce(struct nats_node *node)
{
    struct nats_cluster *cluster = &node->cluster;
    char subject[NATS_SUBJECT];

    subject_of(subject, sizeof subject, cluster, "ask", NULL);
    publish(node, subject, cluster->answers, "{\"do\":\"hello\"}", 14);
    greet(node, false);
    nats_members_hear(&cluster->members, &cluster->self);
    cluster->is_announced = true;
    gruvi_info("node %s", cluster->self.node);
}

static GRUVI_SWITCHPOINT int
become_node(struct nats_node *node)
{
    int err = await_name(node);

    if (err == 0)
        err = subscribe(node);
    /* Questions reach it before others hear of it. */
    if (err == 0)
        err = nats_session_flush(node);
    if (err == 0)
        introduce(node);
    return err;
}

GRUVI_SWITCHPOINT int
nats_cluster_main(void *arg)
{
    struct nats_node *node = arg;
    struct nats_cluster *cluster = &node->cluster;
    int err = 0;

    if (strcmp(cluster->self.node, node->settings.node) != 0 ||
        strcmp(cluster->prefix, node->settings.prefix) != 0)
        forget(node);
    choose_name(cluster, node);
    if (*cluster->self.node != '\0')
        err = become_node(node);
    if (err == 0)
        gruvi_event_set(&cluster->named);
    /* The next connection tries it again. */
    if (err == UV_ENOMEM)
        nats_session_lose(node, err);
    return err == UV_ECANCELED || err == UV_ENOTCONN ? 0 : err;
}

void
nats_cluster_leave(struct nats_node *node)
{
    if (!node->cluster.is_announced)
        return;
    greet(node, true);
    node->cluster.is_announced = false;
}

GRUVI_SWITCHPOINT void
nats_cluster_free(struct nats_node *node)
{
    nats_answering_free(node);
    forget(node);
    gruvi_event_destroy(&node->cluster.named);
}
