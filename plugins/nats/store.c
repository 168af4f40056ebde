/* SPDX-License-Identifier: MIT */
#include "store.h"

#include "ask.h"
#include "jetstream.h"
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

void
nats_json_tell(const char *subject, const struct nats_refusal *refusal)
{
    gruvi_error("the server refuses a message to %s: %s", subject,
                refusal->says);
}

static int
read_json(const struct nats_answer *answer, json_t **root,
          struct nats_refusal *refusal)
{
    const json_t *error;
    json_error_t problem;

    *root =
        nats_json_load(answer->data, answer->size, NATS_JSON_LEVELS, &problem);
    /* Without memory there is no text as a rule. */
    if (*root == NULL && problem.text[0] == '\0')
        return UV_ENOMEM;
    if (!json_is_object(*root))
        return UV_EPROTO;
    error = json_object_get(*root, "error");
    if (error == NULL)
        return 0;
    nats_refusal_read(refusal, error);
    return refusal->code == NOT_ENABLED || refusal->code == NOT_FOR_ACCOUNT ||
                   refusal->code == NO_LEADER
               ? UV_EAGAIN
               : UV_EIO;
}

GRUVI_SWITCHPOINT int
nats_json_ask(struct nats_node *node, const char *subject,
              const struct nats_buffer *head, const void *data, size_t size,
              json_t **root, struct nats_refusal *refusal)
{
    struct nats_answer answer;
    int err = nats_ask(node, subject, head, data, size, &answer, PATIENCE);

    *root = NULL;
    *refusal = (struct nats_refusal){.code = 0};
    if (err < 0)
        return err == UV_ENOENT ? UV_EAGAIN : err;
    err = read_json(&answer, root, refusal);
    if (err < 0) {
        json_decref(*root);
        *root = NULL;
    }
    nats_answer_free(&answer);
    return err;
}

/* --- storing -------------------------------------------------------------- */

static int
explain(const char *subject, const struct nats_refusal *refusal)
{
    if (refusal->code == WRONG_LAST || refusal->code == WRONG_CONSTANT)
        return UV_EBUSY;
    if (refusal->code == TOO_LARGE)
        return UV_E2BIG;
    nats_json_tell(subject, refusal);
    return UV_EIO;
}

GRUVI_SWITCHPOINT int
nats_store_once(struct nats_node *node, const char *subject,
                const struct nats_buffer *head, const void *data, size_t size,
                uint64_t *seq)
{
    struct nats_refusal refusal;
    json_t *root;
    uint64_t number;
    int err = nats_json_ask(node, subject, head, data, size, &root, &refusal);

    if (err == UV_EIO)
        return explain(subject, &refusal);
    if (err < 0)
        return err;
    if (!nats_is_stored(root, &number))
        err = UV_EPROTO;
    else if (seq != NULL)
        *seq = number;
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
