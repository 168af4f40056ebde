/* SPDX-License-Identifier: MIT */
/*
 * A question is {"do":COMMAND}, perhaps with "plugin" and "group".  Its answer
 * goes to the reply with this node's name, in parts that the server takes.
 */
#include "answering.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <gruvid/inspect.h>

#include "id.h"
#include "json.h"
#include "node.h"
#include "session.h"

/* Fibers that answer at a time, and bytes of an answer and of its parts. */
#define MOST  16
#define LIMIT ((size_t)16 << 20)
#define PART  ((size_t)256 << 10)

/* Bytes of a question. */
#define QUESTION 512

struct nats_answering {
    struct nats_answering *later, **link; /* on node->cluster.answering */
    struct nats_node *node;
    char reply[NATS_SUBJECT];
    char question[]; /* with a zero */
};

int
nats_answer_subject(char *subject, size_t room, const char *prefix)
{
    char id[NATS_ID];
    int err = nats_id_new(id);

    if (err == 0)
        snprintf(subject, room, "%s.node.answer.%s", prefix, id);
    return err;
}

/* --- what may be asked ---------------------------------------------------- */

/* Commands that show numbers, names and states: no text of the log, and nothing
 * of the configuration. */
static bool
may_ask(const char *command)
{
    static const char *const commands[] = {"status", "plugins",  "hubs",
                                           "fibers", "requests", "pools"};

    for (size_t i = 0; i < sizeof commands / sizeof *commands; i++)
        if (strcmp(commands[i], command) == 0)
            return true;
    return false;
}

static bool
check(const json_t *question)
{
    const char *command = json_string_value(json_object_get(question, "do"));
    const char *name;
    json_t *value;

    if (command == NULL || !may_ask(command))
        return false;
    json_object_foreach((json_t *)question, name,
                        value) if (strcmp(name, "do") != 0 &&
                                   strcmp(name, "plugin") != 0 &&
                                   strcmp(name, "group") != 0) return false;
    return true;
}

static bool
is_hello(const struct nats_span *question)
{
    static const char hello[] = "{\"do\":\"hello\"}";

    return question->size == sizeof hello - 1 &&
           memcmp(question->at, hello, sizeof hello - 1) == 0;
}

static bool
is_allowed(const char *question)
{
    json_t *all =
        nats_json_load(question, strlen(question), NATS_JSON_FLAT, NULL);
    bool allowed = check(all);

    json_decref(all);
    return allowed;
}

/* --- the answer ----------------------------------------------------------- */

static void
send_to(struct nats_node *node, const char *reply, const char *text,
        size_t size, bool is_last)
{
    char subject[2 * NATS_SUBJECT];

    snprintf(subject, sizeof subject, "%s.%s.%s", reply,
             node->cluster.self.node, is_last ? "end" : "more");
    if (nats_session_is_open(node))
        nats_session_put(node, nats_put_publish(&node->out, subject, NULL, NULL,
                                                text, size));
}

static void
send_part(const struct nats_answering *answering, const char *text, size_t size,
          bool is_last)
{
    send_to(answering->node, answering->reply, text, size, is_last);
}

static GRUVI_SWITCHPOINT int
send_all(const struct nats_answering *answering, const char *text, size_t size)
{
    struct nats_node *node = answering->node;
    size_t part = node->info.max_payload < PART ? node->info.max_payload : PART;
    int err = 0;

    while (err == 0 && size > part && nats_session_is_open(node)) {
        send_part(answering, text, part, false);
        text += part;
        size -= part;
        err = nats_session_wait_room(node);
    }
    if (err == 0)
        send_part(answering, text, size, true);
    return err;
}

/* As gruvid itself refuses. */
static void
send_refusal(const struct nats_answering *answering, int code)
{
    const char *why =
        code == UV_ENOENT ? "there is no such plugin" : gruvi_strerror(code);
    json_t *refusal = json_pack("{s:b, s:s, s:s}", "ok", 0, "code",
                                gruvi_err_name(code), "error", why);
    char *text = refusal == NULL ? NULL : json_dumps(refusal, JSON_COMPACT);

    if (text != NULL)
        send_part(answering, text, strlen(text), true);
    free(text);
    json_decref(refusal);
}

static void
say_hello(struct nats_node *node, const char *reply)
{
    char text[256];
    size_t size = nats_greeting_write(text, sizeof text, &node->cluster.self);

    send_to(node, reply, text, size, true);
}

static GRUVI_SWITCHPOINT int
answer(const struct nats_answering *answering)
{
    char *text;
    size_t size;
    int err = gruvid_inspect(answering->node->plugin, answering->question,
                             LIMIT, &text, &size);

    if (err == UV_ECANCELED)
        return err;
    if (err < 0) {
        send_refusal(answering, err);
        return 0;
    }
    err = send_all(answering, text, size);
    free(text);
    return err;
}

/* --- its fiber ------------------------------------------------------------ */

static void
end(struct nats_answering *answering)
{
    *answering->link = answering->later;
    if (answering->later != NULL)
        answering->later->link = answering->link;
    answering->node->cluster.n_answering--;
    free(answering);
}

static GRUVI_SWITCHPOINT int
answering_main(void *arg)
{
    struct nats_answering *answering = arg;
    int err = answer(answering);

    end(answering);
    return err == UV_ECANCELED ? 0 : err;
}

/* Only where nodes wait for answers: nothing is published elsewhere. */
static bool
is_answer_subject(const struct nats_node *node, const char *reply)
{
    char prefix[NATS_SUBJECT];
    int n = snprintf(prefix, sizeof prefix, "%s.node.answer.",
                     node->cluster.prefix);

    return strncmp(reply, prefix, (size_t)n) == 0 &&
           nats_is_subject(reply, strlen(reply));
}

static struct nats_answering *
make(struct nats_node *node, const struct nats_input *input, const char *reply)
{
    struct nats_answering *answering =
        malloc(sizeof *answering + input->data.size + 1);
    char *question;

    if (answering == NULL)
        return NULL;
    *answering = (struct nats_answering){.node = node};
    question = answering->question;
    memcpy(question, input->data.at, input->data.size);
    question[input->data.size] = '\0';
    snprintf(answering->reply, sizeof answering->reply, "%s", reply);
    answering->later = node->cluster.answering;
    answering->link = &node->cluster.answering;
    if (answering->later != NULL)
        answering->later->link = &answering->later;
    node->cluster.answering = answering;
    node->cluster.n_answering++;
    return answering;
}

static void
begin(struct nats_node *node, const struct nats_input *input, const char *reply)
{
    struct nats_answering *answering = make(node, input, reply);
    gruvi_fiber_t *fiber = NULL;

    if (answering == NULL)
        return;
    if (is_allowed(answering->question))
        fiber = gruvi_group_spawn(&node->group, answering_main, answering);
    if (fiber == NULL)
        end(answering);
    else
        gruvi_fiber_unref(fiber);
}

/* Many nodes that begin at once say hello to each other: that takes no fiber,
 * so that none of them is left out. */
void
nats_answering_begin(struct nats_node *node, const struct nats_input *input)
{
    char reply[NATS_SUBJECT];

    if (input->data.size == 0 || input->data.size > QUESTION ||
        input->reply.size == 0 || input->reply.size >= sizeof reply)
        return;
    memcpy(reply, input->reply.at, input->reply.size);
    reply[input->reply.size] = '\0';
    if (!is_answer_subject(node, reply))
        return;
    if (is_hello(&input->data))
        say_hello(node, reply);
    else if (node->cluster.n_answering < MOST)
        begin(node, input, reply);
}

void
nats_answering_free(struct nats_node *node)
{
    while (node->cluster.answering != NULL)
        end(node->cluster.answering);
}
