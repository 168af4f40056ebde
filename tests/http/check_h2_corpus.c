/* SPDX-License-Identifier: MIT */
/*
 * The requests of corpus/ over HTTP/2, where they can be said in it: what
 * HTTP/1.1 accepts gets the same answer, and what it refuses is refused.
 *
 * What does not exist in HTTP/2 is left out: versions, ends of lines,
 * Connection and its like, chunks, requests that are cut.
 */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "http/corpus.h"
#include "http/h2_client.h"

static struct request_case *corpus;

/* A request of the corpus, in parts. */
struct parts {
    char *method, *target, *version;
    char *fields; /* the lines, with their ends */
    char *body;
    size_t size;
};

/* --- from HTTP/1.1 -------------------------------------------------------- */

/* The request line is three words. */
static bool
split_line(struct parts *parts, char *line)
{
    char *first = strchr(line, ' '), *last = strrchr(line, ' ');

    if (first == NULL || first == last)
        return false;
    *first = *last = '\0';
    parts->method = line;
    parts->target = first + 1;
    parts->version = last + 1;
    return strcmp(parts->version, "HTTP/1.1") == 0;
}

/* false: it is not of the form of HTTP/1.1, or cannot be said in HTTP/2. */
static bool
split(struct parts *parts, char *text, size_t size)
{
    char *end = memmem(text, size, "\r\n\r\n", 4);
    char *line_end = memmem(text, size, "\r\n", 2);

    if (end == NULL || line_end == text ||
        memchr(text, '\0', (size_t)(end - text)) != NULL)
        return false;
    *line_end = '\0';
    end[2] = '\0';
    parts->fields = line_end + 2 < end ? line_end + 2 : end + 2;
    parts->body = end + 4;
    parts->size = size - (size_t)(parts->body - text);
    return split_line(parts, text);
}

/* The fields that are HTTP/1.1's own. */
static bool
is_of_http_1(const char *name, size_t size)
{
    static const char *const names[] = {
        "connection", "keep-alive",        "proxy-connection", "upgrade",
        "te",         "transfer-encoding", "http2-settings"};

    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strlen(names[i]) == size && strncmp(names[i], name, size) == 0)
            return true;
    return false;
}

/* A line without its end; false: it has no place in HTTP/2. */
static bool
add_line(struct bytes *block, char *line, size_t size)
{
    char *colon = memchr(line, ':', size);
    size_t name = colon != NULL ? (size_t)(colon - line) : 0, value;

    if (colon == NULL || line[0] == ' ' || line[0] == '\t')
        return false;
    for (size_t i = 0; i < name; i++)
        line[i] = (char)tolower((unsigned char)line[i]);
    if (is_of_http_1(line, name))
        return false;
    value = size - name - 1;
    line = colon + 1;
    while (value > 0 && (line[0] == ' ' || line[0] == '\t'))
        line++, value--;
    while (value > 0 && (line[value - 1] == ' ' || line[value - 1] == '\t'))
        value--;
    h2_add_field(block, colon - name, name, line, value);
    /* HTTP/2 has no request without an authority. */
    return value > 0 || name != 4 || memcmp(colon - name, "host", 4) != 0;
}

static bool
add_fields(struct bytes *block, const struct parts *parts)
{
    for (char *line = parts->fields; *line != '\0';) {
        char *end = strstr(line, "\r\n");
        if (end == NULL || !add_line(block, line, (size_t)(end - line)))
            return false;
        line = end + 2;
    }
    return true;
}

static void
add_pseudo(struct bytes *block, const char *name, const char *value)
{
    h2_add_field(block, name, strlen(name), value, strlen(value));
}

/* Host is sent as it is: it takes the place of :authority. */
static bool
to_block(struct bytes *block, const struct request_case *c,
         const struct parts *parts)
{
    add_pseudo(block, ":method", parts->method);
    add_pseudo(block, ":scheme", "http");
    /* absolute-form is HTTP/1.1's */
    if (parts->target[0] != '/' && strcmp(parts->target, "*") != 0)
        return false;
    add_pseudo(block, ":path", c->method != NULL ? c->target : parts->target);
    return add_fields(block, parts);
}

/* --- over HTTP/2 ---------------------------------------------------------- */

/* The block in frames of 16 KiB. */
static void
send_block(struct h2 *h2, uint32_t stream, const struct bytes *block, bool body)
{
    const size_t most = 16384;
    unsigned type = H2_HEADERS, flags = body ? 0 : H2_END_STREAM;
    size_t at = 0;

    do {
        size_t part = block->size - at < most ? block->size - at : most;
        if (at + part == block->size)
            flags |= H2_END_HEADERS;
        h2_send(h2, type, flags, stream, block->data + at, part);
        at += part;
        type = H2_CONTINUATION;
        flags = 0;
    } while (at < block->size);
}

static void
is_answered(const struct request_case *c, const struct h2_answer *answer)
{
    char head[9000];
    size_t size;

    if (answer->status != c->answer)
        ck_abort_msg("%s: %d, not %d", c->name, answer->status, c->answer);
    if (c->answer != 200 || strcmp(c->method, "HEAD") == 0)
        return;
    size = (size_t)snprintf(head, sizeof head, "%s %s %s%s", c->method,
                            c->target, c->host != NULL ? c->host : "",
                            c->host != NULL ? "\n" : "");
    if (answer->body.size < size + c->body.size ||
        memcmp(answer->body.data, head, size) != 0 ||
        memcmp(answer->body.data + answer->body.size - c->body.size,
               c->body.data, c->body.size) != 0)
        ck_abort_msg("%s: %.200s", c->name, answer->body.data);
}

/* By a reset, or by a status of its own. */
static void
is_refused(const struct request_case *c, const struct h2_answer *answer)
{
    if (answer->was_reset && answer->status == 0)
        ck_assert_uint_eq(answer->code, H2_PROTOCOL_ERROR);
    else if (answer->status / 100 != 4 && answer->status / 100 != 5)
        ck_abort_msg("%s: %d, not refused", c->name, answer->status);
}

/* false: it does not apply. */
static bool
play(struct h2 *h2, const struct request_case *c)
{
    struct bytes block = {NULL, 0}, copy = {NULL, 0};
    uint32_t stream = h2->next_stream;
    struct parts parts;
    bool applies;

    bytes_append(&copy, c->sent.data, c->sent.size);
    /* Sizes are counted in another way: RFC 9113, 10.5.1. */
    applies = !c->more && c->sent.size < 16384 &&
              split(&parts, copy.data, copy.size) &&
              to_block(&block, c, &parts);
    if (applies) {
        h2->next_stream += 2;
        send_block(h2, stream, &block, parts.size > 0);
        if (parts.size > 0)
            h2_send(h2, H2_DATA, H2_END_STREAM, stream, parts.body, parts.size);
        if (!h2_finish(h2, stream))
            ck_abort_msg("%s: the end: %s", c->name, h2_code_name(h2->code));
        if (c->method != NULL)
            is_answered(c, h2_answer_of(h2, stream));
        else
            is_refused(c, h2_answer_of(h2, stream));
        h2_forget(h2, stream);
    }
    free(block.data);
    free(copy.data);
    return applies;
}

/* A connection does not end with a request that is refused. */
static void
all(bool refused, unsigned at_least)
{
    struct gruvid *g = http_begin("");
    struct h2 *h2 = h2_connect(g);
    unsigned n = 0;

    for (const struct request_case *c = corpus; c != NULL; c = c->next)
        if ((c->method == NULL) == refused && play(h2, c))
            n++;
    ck_assert_uint_ge(n, at_least);
    h2_ask(h2, "/a", 200, "GET /a h\n");
    h2_close(h2);
    ck_assert_int_eq(gruvid_stop(g, SIGTERM), 0);
    ck_assert_uint_eq(gruvid_said(g, " error "), 0);
}

START_TEST(test_what_is_accepted_gets_the_same_answer)
{
    all(false, 70);
}
END_TEST

START_TEST(test_what_is_refused_is_refused)
{
    all(true, 80);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("h2_corpus");
    TCase *tc = gruvid_case(suite, "corpus");
    int status;

    corpus = corpus_read();
    tcase_add_test(tc, test_what_is_accepted_gets_the_same_answer);
    tcase_add_test(tc, test_what_is_refused_is_refused);
    status = run_suite(suite);
    corpus_free(corpus);
    return status;
}
