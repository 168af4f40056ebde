/* SPDX-License-Identifier: MIT */
#include "h2_head.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "class.h"

/* What RFC 9113, section 10.5.1 adds to the bytes of each field. */
#define OVERHEAD 32

/* Bytes of a request line of HTTP/1.1 beside method and target. */
#define LINE_REST 12

static const char *
text(const struct h2_stream *stream, uint32_t at)
{
    return at > 0 ? stream->text + at : "";
}

/* --- fields that come ----------------------------------------------------- */

/* Room for so many bytes more; the text may move. */
static bool
make_room(struct h2_stream *stream, size_t size)
{
    size_t needed = stream->text_size + size, room = stream->text_room;
    char *grown;

    if (needed <= room)
        return true;
    room = room > 0 ? room : 1024;
    while (room < needed)
        room *= 2;
    grown = realloc(stream->text, room);
    if (grown == NULL)
        return false;
    stream->text = grown;
    stream->text_room = (uint32_t)room;
    return true;
}

/* Returns where it is. */
static uint32_t
put(struct h2_stream *stream, const void *data, size_t size)
{
    uint32_t at = stream->text_size;

    memcpy(stream->text + at, data, size);
    stream->text[at + size] = '\0';
    stream->text_size += (uint32_t)size + 1;
    return at;
}

static uint32_t *
pseudo(struct h2_stream *stream, const uint8_t *name, size_t size)
{
    switch (size) {
    case 5:
        return &stream->path;
    case 7:
        return name[1] == 'm' ? &stream->method : &stream->scheme;
    default:
        return &stream->authority;
    }
}

/* Remember where the fields are that are looked at. */
static void
note(struct h2_stream *stream, const struct h2_field *field, size_t name_size)
{
    const char *name = stream->text + field->name;
    uint32_t *first = NULL;

    if (name_size == 4 && memcmp(name, "host", 4) == 0)
        first = &stream->host;
    else if (name_size == 6 && memcmp(name, "cookie", 6) == 0)
        stream->n_cookies++;
    else if (name_size == 6 && memcmp(name, "expect", 6) == 0)
        first = &stream->expect;
    else if (name_size == 14 && memcmp(name, "content-length", 14) == 0)
        first = &stream->declared_length;
    if (first != NULL && *first == 0)
        *first = field->value;
}

bool
h2_head_count(struct h2_stream *stream, size_t name_size, size_t value_size)
{
    const struct http_limits *limits = &stream->h2->hub->settings.limits;

    stream->decoded += (uint32_t)(name_size + value_size + OVERHEAD);
    return stream->decoded > limits->head ||
           stream->n_counted++ >= limits->fields;
}

bool
h2_head_add(struct h2_stream *stream, const uint8_t *name, size_t name_size,
            const uint8_t *value, size_t value_size)
{
    struct h2_field *field;

    if (stream->refused > 0)
        return true;
    if (!make_room(stream, name_size + value_size + 3))
        return false;
    if (stream->text_size == 0)
        put(stream, "", 0);
    if (name[0] == ':') {
        *pseudo(stream, name, name_size) = put(stream, value, value_size);
        if (value_size > stream->h2->hub->settings.limits.line)
            stream->refused = 414;
        return true;
    }
    if (h2_head_count(stream, name_size, value_size)) {
        stream->refused = 431;
        return true;
    }
    field = &stream->field[stream->n_fields++];
    field->name = put(stream, name, name_size);
    field->value = put(stream, value, value_size);
    note(stream, field, name_size);
    return true;
}

/* --- all together --------------------------------------------------------- */

const char *
h2_head_value(const struct h2_stream *stream, const char *name)
{
    for (unsigned i = 0; i < stream->n_fields; i++)
        if (strcmp(stream->text + stream->field[i].name, name) == 0)
            return stream->text + stream->field[i].value;
    return NULL;
}

static bool
is_target(const char *path)
{
    const char *p = path;

    while (class_of(*p) & HTTP_TARGET)
        p++;
    return p > path && *p == '\0';
}

static bool
is_scheme(const char *scheme)
{
    return strcasecmp(scheme, "http") == 0 || strcasecmp(scheme, "https") == 0;
}

/* The authority, and a host that says the same. */
static bool
has_host(struct h2_stream *stream)
{
    const char *authority;

    if (stream->authority == 0)
        stream->authority = stream->host;
    authority = text(stream, stream->authority);
    if (stream->host > 0 &&
        strcasecmp(text(stream, stream->host), authority) != 0)
        return false;
    return *authority != '\0' &&
           http_is_host(authority, authority + strlen(authority));
}

/* 0, or the status of the answer. */
static int
judge(struct h2_stream *stream)
{
    const struct http_limits *limits = &stream->h2->hub->settings.limits;
    const char *method = text(stream, stream->method);
    const char *path = text(stream, stream->path);

    if (stream->refused > 0)
        return stream->refused;
    if (strcmp(method, "CONNECT") == 0)
        return 501;
    if (strlen(method) + strlen(path) + LINE_REST > limits->line)
        return 414;
    if (!is_target(path) || !is_scheme(text(stream, stream->scheme)) ||
        !has_host(stream))
        return 400;
    if (stream->expect == 0)
        return 0;
    stream->expects =
        strcasecmp(text(stream, stream->expect), "100-continue") == 0;
    return stream->expects ? 0 : 417;
}

static bool
is_cookie(const struct h2_stream *stream, unsigned i)
{
    return strcmp(stream->text + stream->field[i].name, "cookie") == 0;
}

/* Crumbs of cookies become one field, where the first was: RFC 9113, section
 * 8.2.3.  The others have no name then.  Returns false without memory. */
static bool
join_cookies(struct h2_stream *stream)
{
    struct h2_field *first = NULL;
    size_t size = 0;

    if (stream->n_cookies < 2)
        return true;
    for (unsigned i = 0; i < stream->n_fields; i++)
        if (is_cookie(stream, i))
            size += strlen(stream->text + stream->field[i].value) + 2;
    if (!make_room(stream, size))
        return false;
    for (unsigned i = 0; i < stream->n_fields; i++) {
        struct h2_field *field = &stream->field[i];
        const char *value = stream->text + field->value;
        if (!is_cookie(stream, i))
            continue;
        if (first == NULL) {
            first = field;
            first->value = put(stream, value, strlen(value));
            continue;
        }
        memcpy(stream->text + stream->text_size - 1, "; ", 2);
        stream->text_size++;
        put(stream, value, strlen(value));
        field->name = 0;
    }
    return true;
}

/* nghttp2 has checked that it is a number, and compares it with the body, all
 * of which may be here already. */
static void
read_length(struct h2_stream *stream)
{
    uint32_t at = stream->declared_length;

    if (stream->body_over && stream->come == 0)
        stream->length = 0;
    else
        stream->length =
            at > 0 ? (int64_t)strtoull(stream->text + at, NULL, 10) : -1;
}

/* Room for what a handler sees, behind the text, which stays where it is from
 * now on.  Returns NULL without memory. */
static gruvid_header_t *
make_headers(struct h2_stream *stream)
{
    size_t align = _Alignof(gruvid_header_t);
    size_t size = (stream->n_fields + 1) * sizeof(gruvid_header_t);
    uint32_t at;

    if (!make_room(stream, size + align))
        return NULL;
    at = (uint32_t)((stream->text_size + align - 1) & ~(align - 1));
    stream->text_size = at + (uint32_t)size;
    return (gruvid_header_t *)(void *)(stream->text + at);
}

void
h2_head_end(struct h2_stream *stream)
{
    gruvid_header_t *headers;
    size_t n = 0;

    stream->refused = judge(stream);
    read_length(stream);
    if (stream->refused > 0)
        return;
    headers = join_cookies(stream) ? make_headers(stream) : NULL;
    if (headers == NULL) {
        stream->refused = 503;
        return;
    }
    if (stream->host == 0)
        headers[n++] =
            (gruvid_header_t){"host", text(stream, stream->authority)};
    for (unsigned i = 0; i < stream->n_fields; i++) {
        const struct h2_field *field = &stream->field[i];
        const char *name = stream->text + field->name;
        if (field->name == 0 || ((*name == 'g' || *name == 'n') &&
                                 http_is_ours(name, strlen(name))))
            continue;
        headers[n++] = (gruvid_header_t){name, stream->text + field->value};
    }
    stream->headers = headers;
    stream->n_headers = n;
}
