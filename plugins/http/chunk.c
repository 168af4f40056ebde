/* SPDX-License-Identifier: MIT */
/*
 * The decoder of chunks.  A byte of framing is a step of the machine:
 *
 *   SIZE --;--> EXTENSION --CR--> SIZE_LF --> DATA --> DATA_CR --> DATA_LF
 *    ^                               | size 0                        |
 *    |                               v                               |
 *    |                           TRAILER --> NAME --> VALUE --> ...  |
 *    +---------------------------------------------------------------+
 */
#include "chunk.h"

#include <string.h>

#include "class.h"

/* Digits of a size: more cannot be meant. */
#define DIGITS 15

enum state {
    SIZE,
    BLANKS, /* after the size, before a ";" */
    EXTENSION,
    SIZE_LF,
    DATA,
    DATA_CR,
    DATA_LF,
    TRAILER, /* at the start of a line */
    NAME,
    VALUE,
    VALUE_LF,
    LAST_LF,
    OVER,
};

static enum http_result
refuse(struct http_chunks *chunks, int status, const char *why)
{
    chunks->status = status;
    chunks->why = why;
    return HTTP_REFUSED;
}

static enum http_result
go(struct http_chunks *chunks, enum state state)
{
    chunks->state = (uint8_t)state;
    return HTTP_MORE;
}

/* --- the line of a size --------------------------------------------------- */

static int
hex_value(char c)
{
    if (is_digit(c))
        return c - '0';
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static enum http_result
size_line(struct http_chunks *chunks, char c)
{
    int value = chunks->state == SIZE ? hex_value(c) : -1;

    if (value >= 0) {
        if (++chunks->digits > DIGITS)
            return refuse(chunks, 400, "too large a chunk");
        chunks->left = chunks->left * 16 + (unsigned)value;
        return HTTP_MORE;
    }
    if (chunks->digits == 0)
        return refuse(chunks, 400, "a bad chunk size");
    if (c == ';' || is_blank(c)) {
        chunks->extensions++;
        return go(chunks, c == ';' ? EXTENSION : BLANKS);
    }
    if (c == '\r' && chunks->state == SIZE)
        return go(chunks, SIZE_LF);
    return refuse(chunks, 400, "a bad chunk size");
}

static enum http_result
extension(struct http_chunks *chunks, char c)
{
    if (c == '\r')
        return go(chunks, SIZE_LF);
    if (!(class_of(c) & HTTP_TEXT))
        return refuse(chunks, 400, "a control byte in a chunk's extension");
    chunks->extensions++;
    return HTTP_MORE;
}

/* --- trailers ------------------------------------------------------------- */

static enum http_result
trailer_line(struct http_chunks *chunks, char c)
{
    if (c == '\r')
        return go(chunks, LAST_LF);
    if (!(class_of(c) & HTTP_TOKEN))
        return refuse(chunks, 400, "a bad trailer");
    if (++chunks->n_trailers > chunks->limits->fields)
        return refuse(chunks, 431, "too many trailers");
    return go(chunks, NAME);
}

static enum http_result
trailer(struct http_chunks *chunks, char c)
{
    if (c == '\n' && chunks->state == LAST_LF) {
        chunks->state = OVER;
        return HTTP_DONE;
    }
    if (++chunks->trailers > chunks->limits->head)
        return refuse(chunks, 431, "too long trailers");
    switch (chunks->state) {
    case TRAILER:
        return trailer_line(chunks, c);
    case NAME:
        if (class_of(c) & HTTP_TOKEN)
            return HTTP_MORE;
        if (c == ':')
            return go(chunks, VALUE);
        break;
    case VALUE:
        if (class_of(c) & HTTP_TEXT)
            return HTTP_MORE;
        if (c == '\r')
            return go(chunks, VALUE_LF);
        break;
    case VALUE_LF:
        if (c == '\n')
            return go(chunks, TRAILER);
        break;
    default:
        break;
    }
    return refuse(chunks, 400, "a bad trailer");
}

/* --- the whole ------------------------------------------------------------ */

/* A byte that has to come. */
static enum http_result
expect(struct http_chunks *chunks, char c, char expected, enum state next)
{
    if (c != expected)
        return refuse(chunks, 400, "a bad end of a chunk or of its size");
    if (next == SIZE) {
        chunks->digits = 0;
        chunks->left = 0;
    }
    return go(chunks, next);
}

static enum http_result
step(struct http_chunks *chunks, char c)
{
    if (chunks->extensions > HTTP_EXTENSIONS)
        return refuse(chunks, 400, "too long extensions of chunks");
    switch (chunks->state) {
    case SIZE:
    case BLANKS:
        return size_line(chunks, c);
    case EXTENSION:
        return extension(chunks, c);
    case SIZE_LF:
        return expect(chunks, c, '\n', chunks->left > 0 ? DATA : TRAILER);
    case DATA_CR:
        return expect(chunks, c, '\r', DATA_LF);
    case DATA_LF:
        return expect(chunks, c, '\n', SIZE);
    default:
        return trailer(chunks, c);
    }
}

void
http_chunks_init(struct http_chunks *chunks, const struct http_limits *limits)
{
    memset(chunks, 0, sizeof *chunks);
    chunks->limits = limits;
}

enum http_result
http_chunks_next(struct http_chunks *chunks, const char *data, size_t size,
                 size_t *used, size_t *piece)
{
    enum http_result result = HTTP_MORE;
    size_t i;

    *piece = 0;
    for (i = 0; i < size && result == HTTP_MORE; i++) {
        if (chunks->state == DATA) {
            *piece = size - i < chunks->left ? size - i : chunks->left;
            chunks->left -= *piece;
            if (chunks->left == 0)
                chunks->state = DATA_CR;
            *used = i + *piece;
            return HTTP_MORE;
        }
        result = step(chunks, data[i]);
    }
    *used = i;
    return result;
}
