/* SPDX-License-Identifier: MIT */
/*
 * The head of a request of HTTP/1.1: its request line and header fields
 * (RFC 9112, sections 2 to 6).
 *
 * The parser is strict: what two readers could understand in two ways is
 * refused.  It works on a buffer of the caller that holds the head from its
 * first byte on, and goes on where it stopped when more has come.  A line is
 * looked at once it is there; nothing is looked at again.
 */
#ifndef HTTP_PARSE_H
#define HTTP_PARSE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Bytes behind the head that the parser writes zeros to. */
#define HTTP_PADDING 8

/* The most fields that a head can have. */
#define HTTP_FIELDS 100

/* Part of the buffer: an offset, so that the buffer may move. */
struct http_slice {
    uint32_t at, size;
};

/* The parser puts a '\0' behind both; blanks around the value are left out. */
struct http_field {
    struct http_slice name, value;
};

struct http_limits {
    uint32_t line;   /* bytes of the request line, with its end */
    uint32_t head;   /* bytes of all fields, with their ends */
    uint32_t fields; /* at most HTTP_FIELDS */
};

enum http_framing { HTTP_NO_BODY, HTTP_LENGTH, HTTP_CHUNKED };

enum http_result { HTTP_REFUSED = -1, HTTP_MORE, HTTP_DONE };

struct http_head {
    /* Set by http_head_init(). */
    const struct http_limits *limits;

    /* Where to go on. */
    uint32_t next;   /* the first line that was not parsed */
    uint32_t seen;   /* there is no end of that line before this */
    uint32_t fields; /* where the fields begin; 0 before that is known */

    /* Valid after HTTP_REFUSED. */
    int status;      /* the answer's: 400, 414, 417, 431, 501, 505 */
    const char *why; /* static text */

    /* Valid after HTTP_DONE, and until then as far as it was parsed.  There is
     * a '\0' behind each; with an absolute-form the target is what follows the
     * authority.  An empty host may have no '\0'. */
    struct http_slice method, target, host;
    uint32_t size;                    /* of the head, with its empty line */
    uint64_t length;                  /* of the body, with HTTP_LENGTH */
    uint8_t minor;                    /* HTTP/1.minor: 0 or 1 */
    uint8_t framing;                  /* enum http_framing */
    bool keep_alive, expect_continue; /* what the client asks for */
    uint8_t flags;                    /* of the parser: which fields came */
    uint16_t n_fields;
    struct http_field field[HTTP_FIELDS];
};

/* Begin a head.  limits: borrowed. */
void http_head_init(struct http_head *head, const struct http_limits *limits);

/*
 * Parse what has come.
 *
 *   data, size  all bytes from the head's first byte on, also those that an
 *               earlier call has seen; HTTP_PADDING bytes behind them are
 *               overwritten
 *
 * Returns HTTP_DONE: head->size bytes are the head; HTTP_MORE: it goes on;
 * HTTP_REFUSED: head->status and head->why say what to answer.
 */
enum http_result http_head_parse(struct http_head *head, char *data,
                                 size_t size);

#endif
