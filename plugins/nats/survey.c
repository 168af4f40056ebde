/* SPDX-License-Identifier: MIT */
/*
 * A question to all nodes.  Its answers come to a subject of its own, in parts:
 * SUBJECT.NODE.more, and the last as SUBJECT.NODE.end.  What a server delivers
 * of one node is in its order.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "answering.h"
#include "clock.h"
#include "node.h"
#include "session.h"

/* Bytes of an answer, and of all. */
#define LIMIT     ((size_t)16 << 20)
#define LIMIT_ALL ((size_t)128 << 20)

struct part {
    char node[NATS_NODE_NAME];
    struct nats_buffer text;
    bool is_whole, has_failed;
};

struct survey {
    const struct nats_node *node;
    size_t prefix; /* bytes of the subject before the node's name */
    struct part *at;
    size_t n, room, bytes;
    size_t n_ended; /* whole, or failed */
    gruvi_event_t changed;
};

/* --- answers -------------------------------------------------------------- */

static struct part *
find(struct survey *survey, const char *name)
{
    struct part *at;

    for (size_t i = 0; i < survey->n; i++)
        if (strcmp(survey->at[i].node, name) == 0)
            return &survey->at[i];
    if (survey->n == NATS_MEMBERS)
        return NULL;
    if (survey->n == survey->room) {
        size_t room = survey->room == 0 ? 16 : 2 * survey->room;

        at = realloc(survey->at, room * sizeof *at);
        if (at == NULL)
            return NULL;
        survey->at = at;
        survey->room = room;
    }
    at = &survey->at[survey->n++];
    memset(at, 0, sizeof *at);
    snprintf(at->node, sizeof at->node, "%s", name);
    return at;
}

/* The name and the last token of a subject. */
static bool
read_subject(const struct survey *survey, const struct nats_span *subject,
             char *name, bool *is_last)
{
    const char *at = subject->at + survey->prefix;
    size_t size = subject->size - survey->prefix;
    const char *dot =
        subject->size > survey->prefix ? memchr(at, '.', size) : NULL;
    size_t length = dot == NULL ? 0 : (size_t)(dot - at);

    if (length == 0 || !nats_is_node_name(at, length))
        return false;
    memcpy(name, at, length);
    name[length] = '\0';
    *is_last = size == length + 4 && memcmp(dot, ".end", 4) == 0;
    return *is_last || (size == length + 5 && memcmp(dot, ".more", 5) == 0);
}

static void
add(struct survey *survey, struct part *part, const struct nats_span *data,
    bool is_last)
{
    if (part->is_whole || part->has_failed)
        return;
    if (data->size > LIMIT - part->text.size ||
        data->size > LIMIT_ALL - survey->bytes ||
        !nats_reserve(&part->text, data->size) ||
        (data->size > 0 && !nats_put(&part->text, data->at, data->size)))
        part->has_failed = true;
    else
        survey->bytes += data->size;
    part->is_whole = is_last && !part->has_failed;
    if (!part->is_whole && !part->has_failed)
        return;
    survey->n_ended++;
    gruvi_event_set(&survey->changed);
}

static void
on_answer(void *arg, const struct nats_input *input)
{
    struct survey *survey = arg;
    char name[NATS_NODE_NAME];
    struct part *part;
    bool is_last;

    if (!read_subject(survey, &input->subject, name, &is_last))
        return;
    part = find(survey, name);
    if (part != NULL)
        add(survey, part, &input->data, is_last);
}

/* --- waiting -------------------------------------------------------------- */

static const struct part *
answer_of(const struct survey *survey, const char *name)
{
    for (size_t i = 0; i < survey->n; i++)
        if (strcmp(survey->at[i].node, name) == 0)
            return &survey->at[i];
    return NULL;
}

static bool
has_ended(const struct survey *survey, const char *name)
{
    const struct part *part = answer_of(survey, name);

    return part != NULL && (part->is_whole || part->has_failed);
}

/* Whether all that were heard of have answered, and so many. */
static bool
is_complete(const struct survey *survey, size_t expect)
{
    const struct nats_members *members = &survey->node->cluster.members;

    if (survey->n_ended < members->n || survey->n_ended < expect)
        return false;
    for (size_t i = 0; i < members->n; i++)
        if (!has_ended(survey, members->at[i].self.node))
            return false;
    return true;
}

static GRUVI_SWITCHPOINT int
await_answers(struct survey *survey, const gruvid_cluster_question_t *question)
{
    bool timed_out = false;
    int err = 0;

    GRUVI_WITH_SWITCH_BACK (limit, question->timeout) {
        while (err == 0 && nats_session_is_open(survey->node) &&
               !is_complete(survey, question->expect)) {
            gruvi_event_clear(&survey->changed);
            err = gruvi_event_wait(&survey->changed, GRUVI_FOREVER);
        }
        timed_out = gruvi_switch_back_timed_out(&limit);
    }
    return timed_out ? 0 : err;
}

/* --- all of it ------------------------------------------------------------ */

static int
by_name(const void *a, const void *b)
{
    return strcmp(((const struct part *)a)->node,
                  ((const struct part *)b)->node);
}

/* In the order of names: a second look has each node in the same place. */
static void
tell(struct survey *survey, struct nats_node *node,
     const gruvid_cluster_question_t *question)
{
    struct nats_members *members = &node->cluster.members;
    double now = nats_now();

    if (survey->n > 1)
        qsort(survey->at, survey->n, sizeof *survey->at, by_name);
    for (size_t i = 0; i < survey->n; i++) {
        const struct part *part = &survey->at[i];

        if (!part->is_whole)
            continue;
        nats_members_answered(members, part->node);
        question->take(question->arg, part->node,
                       part->text.size > 0 ? part->text.data : "",
                       part->text.size);
    }
    for (size_t i = 0; i < members->n; i++) {
        const struct part *part = answer_of(survey, members->at[i].self.node);

        if (part != NULL && part->is_whole)
            continue;
        nats_members_silent(&members->at[i], now);
        question->take(question->arg, members->at[i].self.node, NULL, 0);
    }
    nats_members_clean(members, now);
}

static GRUVI_SWITCHPOINT int
run(struct survey *survey, struct nats_node *node,
    const gruvid_cluster_question_t *question)
{
    struct nats_subscription *answers;
    char reply[NATS_SUBJECT], subject[NATS_SUBJECT + 2];
    int err = nats_answer_subject(reply, sizeof reply, node->cluster.prefix);

    if (err < 0)
        return err;
    survey->prefix = (size_t)snprintf(subject, sizeof subject, "%s.>", reply);
    survey->prefix--;
    err = nats_subscribe(node, &answers, subject, NULL, on_answer, survey);
    if (err < 0)
        return err;
    snprintf(subject, sizeof subject, "%s.node.ask", node->cluster.prefix);
    nats_session_put(node, nats_put_publish(&node->out, subject, reply, NULL,
                                            question->request,
                                            strlen(question->request)));
    err = await_answers(survey, question);
    nats_unsubscribe(node, answers);
    /* Not even this node: the others are not to be blamed. */
    if (err == 0 && survey->n_ended == 0)
        err = nats_session_is_open(node) ? UV_ETIMEDOUT : UV_ENOTCONN;
    if (err == 0)
        tell(survey, node, question);
    return err;
}

GRUVI_SWITCHPOINT int
nats_cluster_ask(gruvid_plugin_t *plugin,
                 const gruvid_cluster_question_t *question)
{
    struct nats_node *node = gruvid_hub_data(plugin);
    struct survey survey = {.node = node};
    int err;

    if (node == NULL || !nats_session_is_open(node) ||
        !node->cluster.is_announced)
        return UV_ENOTCONN;
    gruvi_event_init(&survey.changed);
    err = run(&survey, node, question);
    gruvi_event_destroy(&survey.changed);
    for (size_t i = 0; i < survey.n; i++)
        nats_buffer_free(&survey.at[i].text);
    free(survey.at);
    return err;
}
