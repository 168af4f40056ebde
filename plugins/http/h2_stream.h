/* SPDX-License-Identifier: MIT */
/*
 * A stream: a request with its reply.
 *
 * It lasts until nghttp2 has closed it and it was answered, whichever is later.
 * So nghttp2 may still send when the handler has returned, and a handler may go
 * on when the client has reset the stream.
 */
#ifndef HTTP_H2_STREAM_H
#define HTTP_H2_STREAM_H

#include "comments.h"
#include "h2.h"

/* Bytes of a body that wait for the handler: its window. */
#define H2_WINDOW 65535

/* Offsets in the text of a stream; 0: none. */
struct h2_field {
    uint32_t name, value;
};

struct h2_stream {
    struct h2_stream *next, **link;
    struct h2_stream *behind; /* the next that waits for a fiber */
    struct h2 *h2;
    int32_t id;
    bool open;    /* nghttp2 has it */
    bool running; /* it waits for a fiber, or one answers it */
    bool gone;    /* the client is */

    /* The head: names and values with a '\0' behind each, and behind them what
     * a handler sees. */
    char *text;
    uint32_t text_size, text_room;
    uint32_t method, path, authority, scheme; /* offsets */
    uint32_t host, expect, declared_length;   /* of the first values */
    uint32_t n_cookies;
    uint32_t decoded;   /* bytes, as limits count them */
    uint32_t n_counted; /* fields, trailers too */
    uint32_t n_fields;
    int refused; /* the status of the answer; 0: a handler's */
    char *peer;  /* of the request's memory; NULL: nobody has asked */
    bool expects;
    int64_t length; /* of the body; -1: not known */

    /* The body of the request. */
    gruvi_event_t arrived;
    char *body;
    size_t body_at, body_end, body_room;
    bool body_over;
    int body_refused; /* the status */
    uint64_t come;    /* bytes */
    double waited;    /* seconds, for the client */

    /* The reply. */
    gruvi_event_t drained;
    const char *data; /* of whoever writes */
    size_t left;
    int64_t reply_length; /* -1: not known */
    uint64_t sent;        /* bytes of the body */
    size_t queued;        /* bytes of the head that was not sent */
    int status;           /* 0: none */
    bool final;           /* nothing follows what is left */
    bool torn;            /* a part was given up: nothing may follow it */
    bool deferred;        /* nghttp2 waits for more */
    bool replied;         /* the end was sent */
    bool stops;           /* then the client's side is reset */

    struct http_comments comments;
    struct http_coding coding;
    gruvid_request_t *request;
    uint64_t begun;                 /* uv_hrtime(); 0 without an access log */
    const gruvid_header_t *headers; /* in text */
    size_t n_headers;
    struct h2_field field[HTTP_FIELDS];
};

/* A client begins one.  Returns NULL without memory. */
struct h2_stream *h2_stream_new(struct h2 *h2, int32_t id);

/* Answer it.  Context: fiber, switchpoint. */
GRUVI_SWITCHPOINT void h2_stream_answer(struct h2_stream *stream);

/* Bytes of the body have come; its end.  Returns false without memory. */
bool h2_stream_take(struct h2_stream *stream, const uint8_t *data, size_t size);
void h2_stream_take_end(struct h2_stream *stream);

/* A frame of the reply was sent.  head: with its head; end: it was the last. */
void h2_stream_sent(struct h2_stream *stream, bool head, bool end);

/* nghttp2 has closed it.  error: HTTP/2's. */
void h2_stream_closed(struct h2_stream *stream, uint32_t error);

/* The connection is gone: whoever waits for the stream goes on. */
void h2_stream_gone(struct h2_stream *stream);

/* All that are left, which no fiber answers. */
void h2_streams_free(struct h2 *h2);

/* Memory that a hub keeps. */
void h2_streams_forget(struct h2_hub *hub);

#endif
