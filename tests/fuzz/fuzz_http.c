/* SPDX-License-Identifier: MIT */
/*
 * Any bytes as a request of HTTP/1.1, in one piece and in two: both have to
 * lead to the same.
 *
 * With http-parser (Debian 12: libhttp-parser-dev) and llhttp (Debian 13:
 * libllhttp-dev) what our parser accepts is given to them, too.  Where one
 * refuses, or reads another body, one of both is wrong, or the difference is in
 * its table below, with the reason.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "../../plugins/http/chunk.h"
#include "../../plugins/http/class.h"
#include "../../plugins/http/parse.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct http_limits limits = {8192, 32768, HTTP_FIELDS};

struct request {
    struct http_head head;
    char *buffer;
    enum http_result result;
    size_t used;
    char body[65536];
    size_t size;
};

static void
keep(struct request *request, const char *data, size_t size)
{
    if (size > sizeof request->body - request->size)
        abort();
    memcpy(request->body + request->size, data, size);
    request->size += size;
}

static enum http_result
read_chunks(struct request *request, size_t size)
{
    struct http_chunks chunks;
    enum http_result result = HTTP_MORE;

    http_chunks_init(&chunks, &limits);
    while (result == HTTP_MORE && request->used < size) {
        size_t used, piece;
        result = http_chunks_next(&chunks, request->buffer + request->used,
                                  size - request->used, &used, &piece);
        if (piece > used || used > size - request->used)
            abort();
        request->used += used;
        keep(request, request->buffer + request->used - piece, piece);
    }
    return result;
}

static enum http_result
read_body(struct request *request, size_t size)
{
    const struct http_head *head = &request->head;

    request->used = head->size;
    if (head->framing == HTTP_CHUNKED)
        return read_chunks(request, size);
    if (head->length > size - head->size)
        return HTTP_MORE;
    keep(request, request->buffer + head->size, head->length);
    request->used += head->length;
    return HTTP_DONE;
}

/* All of what the parser says is within the head, and ends with a zero. */
static void
check_text(const struct request *request, struct http_slice slice)
{
    if (slice.at + slice.size >= request->head.size ||
        strlen(request->buffer + slice.at) != slice.size)
        abort();
}

static void
check_head(const struct request *request)
{
    const struct http_head *head = &request->head;

    check_text(request, head->method);
    check_text(request, head->target);
    if (head->host.size > 0)
        check_text(request, head->host);
    for (unsigned i = 0; i < head->n_fields; i++) {
        check_text(request, head->field[i].name);
        check_text(request, head->field[i].value);
    }
}

/* In pieces of which the first has so many bytes. */
static void
read_request(struct request *request, const uint8_t *data, size_t size,
             size_t first)
{
    request->buffer = malloc(size + HTTP_PADDING);
    request->size = request->used = 0;
    http_head_init(&request->head, &limits);
    memcpy(request->buffer, data, first);
    request->result = HTTP_MORE;
    if (first > 0)
        request->result =
            http_head_parse(&request->head, request->buffer, first);
    if (request->result == HTTP_MORE) {
        memcpy(request->buffer + first, data + first, size - first);
        request->result =
            http_head_parse(&request->head, request->buffer, size);
    } else {
        memcpy(request->buffer + first, data + first, size - first);
    }
    if (request->result != HTTP_DONE)
        return;
    check_head(request);
    request->result = read_body(request, size);
}

#if defined HAVE_HTTP_PARSER || defined HAVE_LLHTTP
/* Whether a field's name begins with so many letters of name. */
static bool
has_field(const struct request *request, const char *name, size_t size)
{
    for (unsigned i = 0; i < request->head.n_fields; i++)
        if (strncasecmp(request->buffer + request->head.field[i].name.at, name,
                        size) == 0)
            return true;
    return false;
}
#endif

/* --- http-parser ---------------------------------------------------------- */

#ifdef HAVE_HTTP_PARSER
#include <http_parser.h>

struct other {
    char body[65536];
    size_t size;
    bool complete;
};

static int
on_body(http_parser *parser, const char *at, size_t length)
{
    struct other *other = parser->data;

    memcpy(other->body + other->size, at, length);
    other->size += length;
    return 0;
}

static int
on_complete(http_parser *parser)
{
    struct other *other = parser->data;

    other->complete = true;
    return 0;
}

static bool
knows_method(const struct request *request)
{
    static const char *const names[] = {
#define METHOD(number, name, string) #string,
        HTTP_METHOD_MAP(METHOD)
#undef METHOD
    };

    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (strcmp(request->buffer + request->head.method.at, names[i]) == 0)
            return true;
    return false;
}

/*
 * Why http-parser may refuse what ours accepts.
 *
 *   its code             why
 *   INVALID_METHOD       it has a list of methods; RFC 9110, 9.1: any token is
 *                        one, and whether it is served is the route's
 *   INVALID_URL          it reads the authority of an absolute-form, and takes
 *                        fewer bytes than RFC 3986, 3.2.2 (sub-delims)
 *   INVALID_CONTENT_...  it takes no tab around a length: RFC 9110, 5.6.3
 *   INVALID_CHUNK_SIZE   nor a tab before an extension: RFC 9112, 7.1.1
 *   INVALID_TRANSFER_... it takes a name that begins with Transfer-Encoding for
 *                        that
 *   INVALID_HEADER_TOKEN it refuses a Content-Length or Transfer-Encoding in
 *   UNEXPECTED_...       trailers: they are dropped here (RFC 9110, 6.5.1)
 */
static bool
is_explained(const struct request *request, const uint8_t *data,
             enum http_errno code)
{
    switch (code) {
    case HPE_INVALID_METHOD:
        return !knows_method(request);
    case HPE_INVALID_URL:
        return request->head.target.at > request->head.method.size + 1;
    case HPE_INVALID_CONTENT_LENGTH:
        return request->head.framing == HTTP_CHUNKED ||
               memchr(data, '\t', request->head.size) != NULL;
    case HPE_INVALID_CHUNK_SIZE:
        return memchr(data, '\t', request->used) != NULL;
    case HPE_UNEXPECTED_CONTENT_LENGTH:
    case HPE_INVALID_TRANSFER_ENCODING:
        return request->head.framing == HTTP_CHUNKED ||
               has_field(request, "transfer-encoding", 17);
    case HPE_INVALID_HEADER_TOKEN:
        return request->head.framing == HTTP_CHUNKED;
    default:
        return false;
    }
}

static void
compare(const struct request *request, const uint8_t *data)
{
    static const http_parser_settings settings = {
        .on_body = on_body, .on_message_complete = on_complete};
    static struct other other;
    http_parser parser;
    enum http_errno code;

    other.size = 0;
    other.complete = false;
    http_parser_init(&parser, HTTP_REQUEST);
    parser.data = &other;
    http_parser_execute(&parser, &settings, (const char *)data, request->used);
    code = HTTP_PARSER_ERRNO(&parser);
    /* It reads no body behind an Upgrade, which is the handler's here. */
    if (has_field(request, "upgrade", 7) || is_explained(request, data, code))
        return;
    if (code != HPE_OK || !other.complete || other.size != request->size ||
        memcmp(other.body, request->body, other.size) != 0) {
        fprintf(stderr, "http-parser: %s, complete %d, body %zu, not %zu\n",
                http_errno_name(code), other.complete, other.size,
                request->size);
        abort();
    }
}
#else
static void
compare(const struct request *request, const uint8_t *data)
{
    (void)request;
    (void)data;
}
#endif

/* --- llhttp --------------------------------------------------------------- */

#ifdef HAVE_LLHTTP
#include "http_llhttp.h"

static bool
has_method_of_llhttp(const struct request *request)
{
    return http_llhttp_knows(request->buffer + request->head.method.at);
}

/* Whether the request line ends with another version than 1.0 and 1.1. */
static bool
is_another_minor(const struct request *request, const uint8_t *data)
{
    size_t at = request->head.target.at;
    const uint8_t *end = memchr(data + at, '\r', request->head.size - at);

    return end != NULL && end[-1] != '0' && end[-1] != '1';
}

/*
 * Why llhttp may refuse what ours accepts.
 *
 *   its code             why
 *   INVALID_METHOD       as http-parser above
 *   INVALID_VERSION      it takes the versions that there are; RFC 9110, 2.5: a
 *                        later minor is read as the latest that is known
 *   INVALID_CONTENT_...  it takes no tab around a length, and a length in
 *                        trailers is one of the message to it: as above
 *   INVALID_TRANSFER_... nor a tab around a coding; nor the field in trailers
 *   INVALID_CHUNK_SIZE   nor a tab before an extension
 *   UNEXPECTED_...       a length in trailers
 *   STRICT               it reads the names and values of chunk extensions;
 *                        RFC 9112, 7.1.1: what is not known is ignored.  Line
 *                        ends in them are refused here, too
 */
static bool
is_explained_for_llhttp(const struct request *request, const uint8_t *data,
                        const char *code)
{
    bool has_tab = memchr(data, '\t', request->used) != NULL;
    bool is_chunked = request->head.framing == HTTP_CHUNKED;

    if (strcmp(code, "HPE_INVALID_METHOD") == 0)
        return !has_method_of_llhttp(request);
    if (strcmp(code, "HPE_INVALID_VERSION") == 0)
        return is_another_minor(request, data);
    if (strcmp(code, "HPE_INVALID_CHUNK_SIZE") == 0)
        return has_tab;
    if (strncmp(code, "Invalid character in chunk extensions", 37) == 0)
        return is_chunked;
    if (strcmp(code, "HPE_INVALID_CONTENT_LENGTH") == 0 ||
        strcmp(code, "HPE_INVALID_TRANSFER_ENCODING") == 0 ||
        strcmp(code, "HPE_UNEXPECTED_CONTENT_LENGTH") == 0)
        return has_tab || is_chunked;
    return false;
}

static void
compare_with_llhttp(const struct request *request, const uint8_t *data)
{
    static struct llhttp_reading reading;
    const char *code =
        http_llhttp_read(&reading, (const char *)data, request->used);

    /* It reads no body behind an Upgrade, which is the handler's here. */
    if (has_field(request, "upgrade", 7) ||
        is_explained_for_llhttp(request, data, code))
        return;
    if (*code != '\0' || !reading.complete || reading.size != request->size ||
        memcmp(reading.body, request->body, reading.size) != 0) {
        fprintf(stderr, "llhttp: %s, complete %d, body %zu, not %zu\n", code,
                reading.complete, reading.size, request->size);
        abort();
    }
}
#else
static void
compare_with_llhttp(const struct request *request, const uint8_t *data)
{
    (void)request;
    (void)data;
}
#endif

/* A line that comes in pieces is looked at when its end is there, so what is
 * refused at once may have to wait for that. */
static bool
is_same(const struct request *whole, const struct request *split)
{
    if (whole->result == HTTP_REFUSED)
        return split->result != HTTP_DONE;
    return whole->result == split->result && whole->used == split->used &&
           whole->size == split->size &&
           memcmp(whole->body, split->body, whole->size) == 0;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct request whole, split;

    if (size > 60000)
        return 0;
    read_request(&whole, data, size, 0);
    read_request(&split, data, size, size > 0 ? data[size - 1] % size : 0);
    if (!is_same(&whole, &split))
        abort();
    if (whole.result == HTTP_DONE) {
        compare(&whole, data);
        compare_with_llhttp(&whole, data);
    }
    free(whole.buffer);
    free(split.buffer);
    return 0;
}
