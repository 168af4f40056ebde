/* SPDX-License-Identifier: MIT */
/*
 * What a connection needs while a fiber serves it: bytes that have come, bytes
 * that go out, and the request between them.
 *
 *   in:   [ ... | head of the request | body and what follows | free ]
 *               start                 position                end
 *
 * The head stays where it is until its request has ended: what a handler asks
 * for points into it.
 */
#ifndef HTTP_WORK_H
#define HTTP_WORK_H

#include <gruvid/transport.h>

#include "chunk.h"
#include "comments.h"
#include "hub.h"

/* Bytes. */
#define HTTP_IN  16384
#define HTTP_OUT 8192

struct http_exchange {
    gruvid_request_t *request;
    uint64_t begun; /* uv_hrtime(); 0 without an access log */

    /* The body of the request. */
    uint8_t framing;  /* enum http_framing */
    bool expects;     /* the client waits for a 100 */
    bool body_over;   /* all of it was read */
    bool body_failed; /* it cannot be read any more */
    uint64_t left;    /* of HTTP_LENGTH */
    uint64_t come;    /* bytes read */
    double waited;    /* seconds, for the client */

    /* The reply. */
    int status;      /* 0: none has begun */
    uint8_t minor;   /* of the request's version */
    bool keep_alive; /* the connection goes on */
    bool chunked;    /* the reply is */
    bool unbounded;  /* it ends with the connection */
    bool reset;      /* nothing more may be sent */
    struct http_comments comments;
    uint64_t sent; /* bytes of the body */
    struct http_coding coding;
};

struct http_work {
    struct http_work *next;
    struct http_connection *connection;

    char *in;
    size_t in_size; /* without HTTP_PADDING */
    size_t start, position, end;

    char *out;
    size_t out_size, out_length;

    /* Replies that wait for later requests: see held.h. */
    struct http_work *held_next, **held_link;
    bool holds;

    struct http_exchange exchange;
    struct http_chunks chunks;
    bool given; /* the stream is, by an upgrade */
    char peer[128];
    gruvid_header_t headers[HTTP_FIELDS];
    size_t n_headers;
    struct http_head head;
};

#endif
