/* SPDX-License-Identifier: MIT */
#include "store.h"

#include <stdio.h>
#include <string.h>

#include "ask.h"
#include "node.h"

/* Seconds that a try has: an answer may be lost with a stream's leader.  And
 * the first and the longest pause between two. */
#define PATIENCE 5.0
#define SHORTEST 0.05
#define LONGEST  1.0

/* Errors of a server that cannot now: JetStream is not there, or not for the
 * account, or its cluster has no leader. */
#define NOT_ENABLED     10076
#define NOT_FOR_ACCOUNT 10039
#define NO_LEADER       10008

/* Errors of streams: it is not what was expected, in two forms; too large. */
#define WRONG_LAST     10071
#define WRONG_CONSTANT 10164
#define TOO_LARGE      10054

/* --- JSON ----------------------------------------------------------------- */

/* No switch is between both. */
static __thread char reason[200];

/* Text of the server: nothing of it may end a line of the log. */
static void
keep_reason(const json_t *error)
{
    const char *text = json_string_value(json_object_get(error, "description"));

    snprintf(reason, sizeof reason, "%s", text == NULL ? "no reason" : text);
    for (char *at = reason; *at != '\0'; at++)
        if ((unsigned char)*at < 0x20 || *at == 0x7f)
            *at = '?';
}

void
nats_json_tell(const char *subject)
{
    gruvi_error("the server refuses a message to %s: %s", subject, reason);
}

static int
read_json(const struct nats_answer *answer, json_t **root, int *error)
{
    const json_t *wrong;
    json_error_t problem;

    *root = nats_json_load(answer->data, answer->size, &problem);
    /* Without memory there is no text as a rule. */
    if (*root == NULL && problem.text[0] == '\0')
        return UV_ENOMEM;
    if (!json_is_object(*root))
        return UV_EPROTO;
    wrong = json_object_get(*root, "error");
    if (wrong == NULL)
        return 0;
    *error = (int)json_integer_value(json_object_get(wrong, "err_code"));
    keep_reason(wrong);
    return *error == NOT_ENABLED || *error == NOT_FOR_ACCOUNT ||
                   *error == NO_LEADER
               ? UV_EAGAIN
               : UV_EIO;
}

GRUVI_SWITCHPOINT int
nats_json_ask(struct nats_node *node, const char *subject,
              const struct nats_buffer *head, const void *data, size_t size,
              json_t **root, int *error)
{
    struct nats_answer answer;
    int err = nats_ask(node, subject, head, data, size, &answer, PATIENCE);

    *root = NULL;
    *error = 0;
    if (err < 0)
        return err == UV_ENOENT ? UV_EAGAIN : err;
    err = read_json(&answer, root, error);
    if (err < 0) {
        json_decref(*root);
        *root = NULL;
    }
    nats_answer_free(&answer);
    return err;
}

/* --- storing -------------------------------------------------------------- */

static int
explain(const char *subject, int error)
{
    if (error == WRONG_LAST || error == WRONG_CONSTANT)
        return UV_EBUSY;
    if (error == TOO_LARGE)
        return UV_E2BIG;
    nats_json_tell(subject);
    return UV_EIO;
}

GRUVI_SWITCHPOINT int
nats_store_once(struct nats_node *node, const char *subject,
                const struct nats_buffer *head, const void *data, size_t size,
                uint64_t *seq)
{
    json_t *root;
    json_int_t number;
    int error,
        err = nats_json_ask(node, subject, head, data, size, &root, &error);

    if (err == UV_EIO)
        return explain(subject, error);
    if (err < 0)
        return err;
    number = json_integer_value(json_object_get(root, "seq"));
    if (!json_is_string(json_object_get(root, "stream")) || number <= 0)
        err = UV_EPROTO;
    else if (seq != NULL)
        *seq = (uint64_t)number;
    json_decref(root);
    return err;
}

GRUVI_SWITCHPOINT int
nats_store_pause(double *delay)
{
    *delay = *delay == 0 ? SHORTEST : *delay * 2;
    if (*delay > LONGEST)
        *delay = LONGEST;
    return gruvi_sleep(*delay);
}

bool
nats_store_may_again(int err)
{
    return err == UV_EAGAIN ||
           (err == UV_ETIMEDOUT && gruvi_deadline_remaining() != 0);
}

GRUVI_SWITCHPOINT int
nats_store(struct nats_node *node, const char *subject,
           const struct nats_buffer *head, const void *data, size_t size,
           uint64_t *seq)
{
    double delay = 0;
    int err;

    for (;;) {
        err = nats_store_once(node, subject, head, data, size, seq);
        if (!nats_store_may_again(err))
            break;
        err = nats_store_pause(&delay);
        if (err < 0)
            break;
    }
    if (err == UV_ETIMEDOUT)
        gruvi_warning("no stream has stored a message to %s in time", subject);
    return err;
}
