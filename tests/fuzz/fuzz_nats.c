/* SPDX-License-Identifier: MIT */
/*
 * Any bytes as what a server of NATS sends, and what others send through it.
 * The first byte says what the others are read as:
 *
 *   operations   in one piece, and byte by byte: both have to lead to the same
 *   the rest     heads, answers of JetStream, subjects of acknowledgements,
 *                greetings of nodes, files of credentials
 *
 * What is read points into the bytes, and what is accepted may be written again
 * and read as the same.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "../../plugins/nats/buffer.h"
#include "../../plugins/nats/credentials.h"
#include "../../plugins/nats/head.h"
#include "../../plugins/nats/jetstream.h"
#include "../../plugins/nats/members.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
must(bool holds)
{
    if (!holds)
        abort();
}

/* --- operations ----------------------------------------------------------- */

/* A copy of the first bytes, so that a read behind them is seen. */
static char *
copy(const char *data, size_t size)
{
    char *bytes = malloc(size > 0 ? size : 1);

    must(bytes != NULL);
    if (size > 0)
        memcpy(bytes, data, size);
    return bytes;
}

static void
check_span(const char *data, size_t size, const struct nats_span *span)
{
    must(span->size <= size);
    if (span->size > 0)
        must(span->at >= data && span->at + span->size <= data + size);
}

static void
check_message(const struct nats_input *input)
{
    int status;
    char *head;
    gruvid_header_t fields[NATS_FIELDS];
    struct nats_ack ack;

    for (size_t i = 0; i < input->subject.size; i++)
        must((unsigned char)input->subject.at[i] > ' ');
    nats_ack_read(&ack, &input->subject);
    if (input->head.size == 0)
        return;
    head = copy(input->head.at, input->head.size);
    nats_head_parse(head, input->head.size, fields, &status);
    free(head);
}

/* The first of size bytes; need has to keep its promise. */
static ssize_t
parse(const char *data, size_t size, struct nats_input *input)
{
    ssize_t whole, less = 0;
    size_t need = 0, ignored;
    char *part;

    memset(input, 0, sizeof *input);
    whole = nats_parse(data, size, input, &need);
    if (whole == 0)
        must(need > size);
    if (whole <= 0)
        return whole;
    must((size_t)whole <= size);
    check_span(data, (size_t)whole, &input->text);
    check_span(data, (size_t)whole, &input->subject);
    check_span(data, (size_t)whole, &input->reply);
    check_span(data, (size_t)whole, &input->head);
    check_span(data, (size_t)whole, &input->data);
    /* A byte less is not all of it, and is no mistake. */
    part = copy(data, (size_t)whole - 1);
    {
        struct nats_input other;
        less = nats_parse(part, (size_t)whole - 1, &other, &ignored);
    }
    must(less == 0 && ignored >= (size_t)whole);
    free(part);
    return whole;
}

static void
read_operations(const char *data, size_t size)
{
    size_t at = 0;
    ssize_t n = 1;

    while (n > 0 && at < size) {
        struct nats_input input;
        char *rest = copy(data + at, size - at);

        n = parse(rest, size - at, &input);
        if (n > 0 && input.op == NATS_MESSAGE)
            check_message(&input);
        if (n > 0)
            at += (size_t)n;
        free(rest);
    }
}

/* --- heads ---------------------------------------------------------------- */

static void
read_head(const char *data, size_t size)
{
    gruvid_header_t fields[NATS_FIELDS], again[NATS_FIELDS];
    char *block = copy(data, size);
    int status = 0, n = nats_head_parse(block, size, fields, &status), other;
    struct nats_buffer out = {NULL, 0, 0};

    if (n < 0) {
        free(block);
        return;
    }
    must(nats_head_status(data, size) == status);
    must(nats_put_version(&out));
    for (int i = 0; i < n; i++)
        must(nats_put_field(&out, fields[i].name, fields[i].value));
    must(nats_put_text(&out, "\r\n"));
    if (out.size <= NATS_HEAD_BYTES) {
        must(nats_head_parse(out.data, out.size, again, &other) == n);
        for (int i = 0; i < n; i++)
            must(strcmp(fields[i].name, again[i].name) == 0 &&
                 strcmp(fields[i].value, again[i].value) == 0);
    }
    nats_buffer_free(&out);
    free(block);
}

/* --- JSON ----------------------------------------------------------------- */

static void
read_answers(const char *data, size_t size)
{
    struct nats_consumer consumer;
    struct nats_stream stream;
    char says[NATS_SAYS];

    if (nats_consumer_read(&consumer, data, size, says) == 0) {
        must(consumer.n_steps <= NATS_STEPS);
        must(consumer.wait >= 0 && consumer.max_expires >= 0);
    }
    if (nats_stream_read(&stream, data, size, "a.b", says) == 0)
        must(memchr(stream.created, '\0', NATS_TIME) != NULL);
    nats_stored_read(data, size, says);
}

static void
read_greeting(const char *data, size_t size)
{
    struct nats_greeting greeting, again;
    char text[400];
    size_t n;

    if (!nats_greeting_read(&greeting, data, size))
        return;
    must(nats_is_node_name(greeting.node, strlen(greeting.node)));
    n = nats_greeting_write(text, sizeof text, &greeting);
    must(n < sizeof text && nats_greeting_read(&again, text, n));
    must(strcmp(greeting.node, again.node) == 0 &&
         strcmp(greeting.id, again.id) == 0 &&
         greeting.generation == again.generation &&
         greeting.is_gone == again.is_gone);
}

/* --- files ---------------------------------------------------------------- */

static void
read_credentials(const char *data, size_t size)
{
    unsigned char seed[NATS_SEED];
    struct nats_span jwt = {NULL, 0};

    if (nats_credentials_read(data, size, &jwt, seed) == NULL)
        check_span(data, size, &jwt);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static void (*const readers[])(const char *, size_t) = {
        read_operations, read_head, read_answers, read_greeting,
        read_credentials};
    char *bytes;

    if (size == 0)
        return 0;
    bytes = copy((const char *)data + 1, size - 1);
    readers[data[0] % (sizeof readers / sizeof *readers)](bytes, size - 1);
    free(bytes);
    return 0;
}
