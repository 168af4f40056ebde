/* SPDX-License-Identifier: MIT */
#include "jetstream.h"

#include <stdio.h>
#include <string.h>

#include <uv.h>

#define SECOND 1e9 /* nanoseconds */

/* The longest time that is believed: it is multiplied. */
#define LONGEST (365 * 86400.0)

/* --- JSON ----------------------------------------------------------------- */

static int
complain(char *says, const char *text)
{
    snprintf(says, NATS_SAYS, "%s", text);
    return UV_EPROTO;
}

static int
read_error(const json_t *error, char *says)
{
    struct nats_refusal refusal;

    nats_refusal_read(&refusal, error);
    memcpy(says, refusal.says, NATS_SAYS);
    switch (refusal.code) {
    case NATS_NO_STREAM:
        return UV_ENXIO;
    case NATS_NO_CONSUMER:
        return UV_ENOENT;
    default:
        return UV_EAGAIN;
    }
}

/* The object of an answer that is no error. */
static int
load(json_t **all, const char *text, size_t size, char *says)
{
    const json_t *error;
    json_error_t problem;
    int err = 0;

    *says = '\0';
    *all = nats_json_load(text, size, NATS_JSON_LEVELS, &problem);
    if (!json_is_object(*all)) {
        err = complain(says, "the answer is no object of JSON");
    } else {
        error = json_object_get(*all, "error");
        if (error != NULL)
            err = json_is_object(error)
                      ? read_error(error, says)
                      : complain(says, "the error is no object");
    }
    if (err < 0) {
        json_decref(*all);
        *all = NULL;
    }
    return err;
}

/* A number that may be left out: then the value stays. */
static bool
read_count(const json_t *config, const char *name, uint64_t *value)
{
    const json_t *number = json_object_get(config, name);

    if (number == NULL)
        return true;
    if (!json_is_integer(number))
        return false;
    if (json_integer_value(number) > 0)
        *value = (uint64_t)json_integer_value(number);
    return true;
}

static bool
read_time(const json_t *number, double *seconds)
{
    if (!json_is_integer(number) || json_integer_value(number) <= 0)
        return false;
    *seconds = (double)json_integer_value(number) / SECOND;
    if (*seconds > LONGEST)
        *seconds = LONGEST;
    return true;
}

/* --- consumers ------------------------------------------------------------ */

static bool
read_steps(struct nats_consumer *consumer, const json_t *steps)
{
    if (steps == NULL)
        return true;
    if (!json_is_array(steps))
        return false;
    for (size_t i = 0; i < json_array_size(steps); i++) {
        double step;

        if (!read_time(json_array_get(steps, i), &step))
            return false;
        if (step < consumer->wait)
            consumer->wait = step;
        if (i < NATS_STEPS) {
            consumer->steps[i] = step;
            consumer->n_steps = i + 1;
        }
    }
    return true;
}

static int
read_config(struct nats_consumer *consumer, const json_t *config, char *says)
{
    const char *policy =
        json_string_value(json_object_get(config, "ack_policy"));
    const json_t *expires = json_object_get(config, "max_expires");

    if (!json_is_object(config) || policy == NULL)
        return complain(says, "the answer has no config of a consumer");
    if (json_object_get(config, "deliver_subject") != NULL) {
        complain(says, "it is a push consumer, and has to be a pull consumer");
        return UV_ENOTSUP;
    }
    if (strcmp(policy, "explicit") != 0) {
        complain(says, "its ack_policy has to be explicit");
        return UV_ENOTSUP;
    }
    if (!read_time(json_object_get(config, "ack_wait"), &consumer->wait) ||
        !read_steps(consumer, json_object_get(config, "backoff")) ||
        !read_count(config, "max_deliver", &consumer->max_deliver) ||
        !read_count(config, "max_batch", &consumer->max_batch) ||
        !read_count(config, "max_bytes", &consumer->max_bytes))
        return complain(says, "the config of the consumer is malformed");
    if (expires != NULL && !read_time(expires, &consumer->max_expires))
        return complain(says, "the config of the consumer is malformed");
    return 0;
}

int
nats_consumer_read(struct nats_consumer *consumer, const char *text,
                   size_t size, char *says)
{
    json_t *all;
    int err = load(&all, text, size, says);

    *consumer = (struct nats_consumer){.max_batch = UINT32_MAX,
                                       .max_bytes = UINT32_MAX,
                                       .max_expires = LONGEST};
    if (err < 0)
        return err;
    err = read_config(consumer, json_object_get(all, "config"), says);
    json_decref(all);
    return err;
}

/* --- streams -------------------------------------------------------------- */

/* A part of an id: a token. */
static bool
is_time(const char *text)
{
    size_t size = text == NULL ? 0 : strlen(text);

    return size > 0 && size < NATS_TIME &&
           strspn(text, "0123456789-+:.TZ") == size;
}

int
nats_stream_read(struct nats_stream *stream, const char *text, size_t size,
                 const char *subject, char *says)
{
    json_t *all;
    int err = load(&all, text, size, says);
    const json_t *subjects;
    const char *created;

    *stream = (struct nats_stream){.has = false};
    if (err < 0)
        return err;
    created = json_string_value(json_object_get(all, "created"));
    subjects = json_object_get(json_object_get(all, "config"), "subjects");
    if (!is_time(created) || (subjects != NULL && !json_is_array(subjects)))
        err = complain(says, "the answer is not that of a stream");
    else
        snprintf(stream->created, sizeof stream->created, "%s", created);
    for (size_t i = 0; err == 0 && i < json_array_size(subjects); i++) {
        const char *own = json_string_value(json_array_get(subjects, i));

        if (own == NULL)
            err = complain(says, "a subject of the stream is no text");
        else if (subject != NULL && nats_subject_fits(subject, own))
            stream->has = true;
    }
    json_decref(all);
    return err;
}

bool
nats_is_stored(const json_t *root, uint64_t *seq)
{
    json_int_t number = json_integer_value(json_object_get(root, "seq"));

    *seq = number > 0 ? (uint64_t)number : 0;
    return *seq > 0 && json_is_string(json_object_get(root, "stream"));
}

int
nats_stored_read(const char *text, size_t size, char *says)
{
    json_t *all;
    uint64_t seq;
    int err = load(&all, text, size, says);

    if (err < 0)
        return err;
    if (!nats_is_stored(all, &seq))
        err = complain(says, "the answer is not that of a stream");
    json_decref(all);
    return err;
}

/* --- acknowledgements ----------------------------------------------------- */

/* The most tokens that are looked at: $JS.ACK.DOMAIN.ACCOUNT. and seven. */
#define TOKENS 11

/* Returns how many there are, at most TOKENS. */
static size_t
split(const struct nats_span *subject, struct nats_span *tokens)
{
    const char *at = subject->at, *end = at + subject->size;
    size_t n = 0;

    while (n < TOKENS) {
        const char *dot = memchr(at, '.', (size_t)(end - at));

        tokens[n++] =
            (struct nats_span){at, (size_t)((dot == NULL ? end : dot) - at)};
        if (dot == NULL)
            break;
        at = dot + 1;
    }
    return n;
}

static bool
read_number(const struct nats_span *token, uint64_t *number)
{
    *number = 0;
    for (size_t i = 0; i < token->size; i++) {
        if (token->at[i] < '0' || token->at[i] > '9')
            return false;
        *number = *number * 10 + (uint64_t)(token->at[i] - '0');
    }
    return token->size > 0 && token->size <= 18 && *number > 0;
}

/*
 *   $JS.ACK.STREAM.CONSUMER.DELIVERED.SEQUENCE.x.TIME.PENDING
 *   $JS.ACK.DOMAIN.ACCOUNT.STREAM.CONSUMER. and the same, and perhaps more
 */
bool
nats_ack_read(struct nats_ack *ack, const struct nats_span *subject)
{
    static const char prefix[] = "$JS.ACK.";
    struct nats_span tokens[TOKENS];
    size_t n, at;

    if (subject->size < sizeof prefix - 1 ||
        memcmp(subject->at, prefix, sizeof prefix - 1) != 0 ||
        !nats_is_subject(subject->at, subject->size))
        return false;
    n = split(subject, tokens);
    if (n != 9 && n != TOKENS)
        return false;
    at = n == 9 ? 2 : 4;
    ack->stream = tokens[at];
    ack->consumer = tokens[at + 1];
    return read_number(&tokens[at + 2], &ack->delivered) &&
           read_number(&tokens[at + 3], &ack->sequence);
}
