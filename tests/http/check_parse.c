/* SPDX-License-Identifier: MIT */
/* The parser of heads and the decoder of chunks, with all of the corpus: in one
 * piece, byte by byte, in pieces of random sizes, and between other requests.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../plugins/http/chunk.h"
#include "../../plugins/http/parse.h"
#include "http/corpus.h"
#include "support/random.h"
#include "support/suite.h"

static const struct http_limits limits = {8192, 32768, HTTP_FIELDS};
static struct request_case *corpus;

/* What was read of a request, in the terms of a case. */
struct outcome {
    enum http_result result;
    int status;
    const char *why;
    size_t used; /* bytes, with those of the body */
    char body[6000];
    size_t size; /* of the body */
};

/* A request that comes piece by piece. */
struct reader {
    struct http_head head;
    struct http_chunks chunks;
    struct bytes come; /* with HTTP_PADDING behind it */
    size_t used;
    bool in_body, is_over;
    struct outcome outcome;
};

static void
reader_begin(struct reader *reader, size_t size)
{
    memset(reader, 0, sizeof *reader);
    http_head_init(&reader->head, &limits);
    reader->come.data = malloc(size + HTTP_PADDING);
    ck_assert_ptr_nonnull(reader->come.data);
}

static void
refused(struct reader *reader, int status, const char *why)
{
    ck_assert_ptr_nonnull(why);
    reader->is_over = true;
    reader->outcome.result = HTTP_REFUSED;
    reader->outcome.status = status;
    reader->outcome.why = why;
}

static void
keep(struct reader *reader, const char *data, size_t size)
{
    struct outcome *outcome = &reader->outcome;

    ck_assert_uint_le(outcome->size + size, sizeof outcome->body);
    memcpy(outcome->body + outcome->size, data, size);
    outcome->size += size;
}

static enum http_result
read_length(struct reader *reader, size_t size)
{
    size_t left = reader->head.length - reader->outcome.size;

    if (size > left)
        size = left;
    keep(reader, reader->come.data + reader->used, size);
    reader->used += size;
    return size == left ? HTTP_DONE : HTTP_MORE;
}

static enum http_result
read_chunks(struct reader *reader, size_t size)
{
    enum http_result result = HTTP_MORE;
    size_t used, piece;

    while (result == HTTP_MORE && size > 0) {
        result =
            http_chunks_next(&reader->chunks, reader->come.data + reader->used,
                             size, &used, &piece);
        ck_assert_uint_le(used, size);
        ck_assert_uint_le(piece, used);
        reader->used += used;
        size -= used;
        keep(reader, reader->come.data + reader->used - piece, piece);
    }
    if (result == HTTP_REFUSED)
        refused(reader, reader->chunks.status, reader->chunks.why);
    return result;
}

static void
read_body(struct reader *reader)
{
    size_t size = reader->come.size - reader->used;
    enum http_result result = HTTP_DONE;

    if (reader->head.framing == HTTP_LENGTH)
        result = read_length(reader, size);
    else if (reader->head.framing == HTTP_CHUNKED)
        result = read_chunks(reader, size);
    if (result == HTTP_DONE) {
        reader->is_over = true;
        reader->outcome.result = HTTP_DONE;
        reader->outcome.used = reader->used;
    }
}

static void
reader_feed(struct reader *reader, const char *data, size_t size)
{
    memcpy(reader->come.data + reader->come.size, data, size);
    reader->come.size += size;
    if (reader->is_over)
        return;
    if (!reader->in_body) {
        enum http_result result = http_head_parse(
            &reader->head, reader->come.data, reader->come.size);
        if (result == HTTP_REFUSED)
            refused(reader, reader->head.status, reader->head.why);
        if (result != HTTP_DONE)
            return;
        ck_assert_uint_le(reader->head.size, reader->come.size);
        reader->in_body = true;
        reader->used = reader->head.size;
        http_chunks_init(&reader->chunks, &limits);
    }
    read_body(reader);
}

/* --- what has to come of it ----------------------------------------------- */

static void
is_text(const struct reader *reader, struct http_slice slice, const char *text,
        const char *name)
{
    const char *data = reader->come.data + slice.at;

    if (slice.size != strlen(text) || memcmp(data, text, slice.size) != 0)
        ck_abort_msg("%s: \"%.*s\", not \"%s\"", name, (int)slice.size, data,
                     text);
}

static void
is_accepted(const struct request_case *c, const struct reader *reader)
{
    const struct http_head *head = &reader->head;

    if (reader->outcome.result != HTTP_DONE)
        ck_abort_msg("%s: %d %s", c->name, reader->outcome.status,
                     reader->outcome.why ? reader->outcome.why : "goes on");
    is_text(reader, head->method, c->method, c->name);
    is_text(reader, head->target, c->target, c->name);
    if (c->host != NULL)
        is_text(reader, head->host, c->host, c->name);
    if (head->keep_alive == c->close)
        ck_abort_msg("%s: keep_alive is %d", c->name, head->keep_alive);
    if (reader->outcome.size != c->body.size ||
        memcmp(reader->outcome.body, c->body.data, c->body.size) != 0)
        ck_abort_msg("%s: another body", c->name);
}

static void
fields_are_text(const struct reader *reader)
{
    for (unsigned i = 0; i < reader->head.n_fields; i++) {
        const struct http_field *field = &reader->head.field[i];
        const char *data = reader->come.data;
        ck_assert_uint_eq(strlen(data + field->name.at), field->name.size);
        ck_assert_uint_eq(strlen(data + field->value.at), field->value.size);
    }
}

static void
is_expected(const struct request_case *c, const struct reader *reader)
{
    const struct outcome *outcome = &reader->outcome;

    if (c->refusal > 0) {
        if (outcome->result != HTTP_REFUSED || outcome->status != c->refusal)
            ck_abort_msg("%s: result %d, status %d: %s", c->name,
                         outcome->result, outcome->status,
                         outcome->why ? outcome->why : "");
    } else if (c->more) {
        if (reader->is_over)
            ck_abort_msg("%s: is over, %d", c->name, outcome->status);
    } else {
        is_accepted(c, reader);
        fields_are_text(reader);
    }
}

/* Feed data in pieces of at most the size that next() gives. */
static void
read_in_pieces(struct reader *reader, const char *data, size_t size,
               size_t (*next)(void))
{
    while (size > 0) {
        size_t piece = next();
        if (piece > size)
            piece = size;
        reader_feed(reader, data, piece);
        data += piece;
        size -= piece;
    }
}

static void
try_all(size_t (*next)(void))
{
    for (const struct request_case *c = corpus; c != NULL; c = c->next) {
        struct reader reader;
        reader_begin(&reader, c->sent.size);
        read_in_pieces(&reader, c->sent.data, c->sent.size, next);
        is_expected(c, &reader);
        if (reader.outcome.result == HTTP_DONE &&
            reader.outcome.used != c->sent.size)
            ck_abort_msg("%s: bytes are left", c->name);
        free(reader.come.data);
    }
}

static size_t
whole(void)
{
    return SIZE_MAX;
}

static size_t
one(void)
{
    return 1;
}

static uint64_t drawn;

static size_t
some(void)
{
    return 1 + chance(&drawn, 23);
}

START_TEST(test_in_one_piece)
{
    unsigned n = 0;

    for (const struct request_case *c = corpus; c != NULL; c = c->next)
        n++;
    ck_assert_uint_ge(n, 300);
    try_all(whole);
}
END_TEST

START_TEST(test_byte_by_byte)
{
    try_all(one);
}
END_TEST

START_TEST(test_in_pieces_of_any_size)
{
    drawn = random_begin(random_seed(), 0);
    for (int round = 0; round < 5; round++)
        try_all(some);
}
END_TEST

/* --- between other requests ----------------------------------------------- */

#define PLAIN "GET /plain HTTP/1.1\r\nHost: p\r\n\r\n"

/* Read a request from the middle of what has come; returns the bytes that it
 * takes, 0 if it is not accepted. */
static size_t
read_one(struct reader *reader, const char *data, size_t size)
{
    reader_begin(reader, size);
    reader_feed(reader, data, size);
    return reader->outcome.result == HTTP_DONE ? reader->outcome.used : 0;
}

static void
is_plain(const struct reader *reader)
{
    is_text(reader, reader->head.target, "/plain", "the request beside it");
    ck_assert_uint_eq(reader->head.n_fields, 1);
}

static void
try_between(const struct request_case *c)
{
    size_t plain = strlen(PLAIN), size = 2 * plain + c->sent.size, used;
    char *stream = malloc(size), *next = stream;
    struct reader reader;

    /* What is refused or not whole has nothing behind it. */
    if (c->method == NULL)
        size -= plain;
    memcpy(stream, PLAIN, plain);
    memcpy(stream + plain, c->sent.data, c->sent.size);
    if (c->method != NULL)
        memcpy(stream + plain + c->sent.size, PLAIN, plain);
    ck_assert_uint_eq(read_one(&reader, next, size), plain);
    is_plain(&reader);
    free(reader.come.data);
    used = read_one(&reader, next + plain, size - plain);
    is_expected(c, &reader);
    free(reader.come.data);
    if (c->method != NULL) {
        ck_assert_uint_eq(used, c->sent.size);
        next += plain + used;
        ck_assert_uint_eq(read_one(&reader, next, plain), plain);
        is_plain(&reader);
        free(reader.come.data);
    }
    free(stream);
}

START_TEST(test_between_other_requests)
{
    for (const struct request_case *c = corpus; c != NULL; c = c->next)
        try_between(c);
}
END_TEST

/* --- limits of the operator ----------------------------------------------- */

START_TEST(test_limits_are_the_operator_s)
{
    static const struct http_limits small = {32, 16, 2};
    static const struct {
        const char *text;
        int status;
    } cases[] = {
        {"GET / HTTP/1.1\r\nHost: a\r\nX:y\r\n\r\n", 0},
        {"GET / HTTP/1.1\r\nHost: a\r\nX:yyyy\r\n\r\n", 431},
        {"GET / HTTP/1.1\r\nHost:a\r\nX:\r\nY:\r\n\r\n", 431},
        {"GET /1234567890123456 HTTP/1.1\r\nHost: a\r\n\r\n", 0},
        {"GET /12345678901234567 HTTP/1.1\r\nHost: a\r\n\r\n", 414},
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        size_t size = strlen(cases[i].text);
        struct http_head head;
        char text[64 + HTTP_PADDING];
        memcpy(text, cases[i].text, size);
        http_head_init(&head, &small);
        http_head_parse(&head, text, size);
        ck_assert_int_eq(head.status, cases[i].status);
    }
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("parse");
    TCase *tc = tcase_create("corpus");
    int status;

    corpus = corpus_read();
    tcase_add_test(tc, test_in_one_piece);
    tcase_add_test(tc, test_byte_by_byte);
    tcase_add_test(tc, test_in_pieces_of_any_size);
    tcase_add_test(tc, test_between_other_requests);
    tcase_add_test(tc, test_limits_are_the_operator_s);
    suite_add_tcase(suite, tc);
    status = run_suite(suite);
    corpus_free(corpus);
    return status;
}
