/* SPDX-License-Identifier: MIT */
/*
 * A client of HTTP/2 that can do wrong: it sends any frame, reads one frame at
 * a time, checks what the server sends, and remembers it by stream.
 *
 *     struct h2 *h2 = h2_connect(g);
 *     uint32_t stream = h2_get(h2, "/a");
 *     h2_answers(h2, stream, 200, "GET /a h\n");
 *     h2_close(h2);
 *
 * A call that waits fails the test where the connection ends before.
 */
#ifndef TESTS_HTTP_H2_CLIENT_H
#define TESTS_HTTP_H2_CLIENT_H

#include <nghttp2/nghttp2.h>

#include "http/client.h"
#include "http/h2_wire.h"

/* What has come of a stream. */
struct h2_answer {
    uint32_t stream;
    unsigned interim;  /* headers of 1xx */
    int status;        /* 0: none yet */
    struct bytes head; /* "name: value\n" */
    struct bytes body; /* without the bytes where h2->counts */
    bool over;         /* END_STREAM */
    bool was_reset;    /* RST_STREAM */
    uint32_t code;     /* of RST_STREAM */
    int64_t window;    /* what may be sent */
    uint64_t credit;   /* all increments of WINDOW_UPDATE */
    struct h2_answer *next;
};

struct h2 {
    struct h2_wire wire;
    nghttp2_hd_inflater *inflater;

    /* How it behaves; may be changed at any time. */
    bool holds;  /* no WINDOW_UPDATE for DATA */
    bool silent; /* no ACK for SETTINGS and PING */
    bool counts; /* bodies are only counted */

    uint32_t next_stream;

    /* What the server has sent. */
    bool ended; /* the connection */
    unsigned goaways;
    uint32_t last_stream, code, first_last_stream; /* of GOAWAY */
    unsigned settings, settings_acks, pings;
    unsigned pongs;        /* ACKs of PING */
    unsigned char pong[8]; /* of the last */
    uint32_t setting[8];   /* by number; 0: not sent */
    bool has_setting[8];
    int64_t window;  /* what may be sent */
    uint64_t credit; /* all increments of the connection's */
    uint64_t data;   /* bytes of DATA */
    struct h2_answer *first;
};

/* --- connections ---------------------------------------------------------- */

/* Connect by prior knowledge to the n-th port of gruvid, the first by default:
 * preface and SETTINGS. */
struct h2 *h2_connect(struct gruvid *g);

/* A client for a connection; with the preface and SETTINGS, or without. */
struct h2 *h2_begin(int fd, bool preface);

/* The same by TLS. */
struct h2 *h2_begin_tls(int fd, bool preface);

/* gruvid as http_begin() has it, with a section "secure" by TLS, whose port is
 * stored. */
struct gruvid *h2_secure_gruvid(int *port);

void h2_close(struct h2 *h2);
void h2_close_with_reset(struct h2 *h2);

/* --- sending -------------------------------------------------------------- */

void h2_send(struct h2 *h2, unsigned type, unsigned flags, uint32_t stream,
             const void *payload, size_t size);

/* A frame whose payload is one number of 32 bits. */
void h2_send_number(struct h2 *h2, unsigned type, uint32_t stream,
                    uint32_t number);

/* A SETTINGS frame with one value. */
void h2_set(struct h2 *h2, unsigned setting, uint32_t value);

/* Begin a request on the next stream; more: further fields, "name: value\n"
 * each; flags: H2_END_STREAM where there is no body. */
uint32_t h2_request(struct h2 *h2, unsigned flags, const char *method,
                    const char *path, const char *more);
uint32_t h2_get(struct h2 *h2, const char *path);

/* Send a body of so many zeros as fast as windows allow; end: END_STREAM. */
void h2_upload(struct h2 *h2, uint32_t stream, uint64_t size, bool end);

/* --- reading -------------------------------------------------------------- */

/* Read a frame; false at the end. */
bool h2_step(struct h2 *h2);

/* What has come of a stream so far: made if there was nothing. */
struct h2_answer *h2_answer_of(struct h2 *h2, uint32_t stream);

/* Forget a stream. */
void h2_forget(struct h2 *h2, uint32_t stream);

/* Read until a stream is over or reset; which may also end with the connection:
 * false. */
bool h2_finish(struct h2 *h2, uint32_t stream);

/* Read an answer, and compare; body: NULL: any.  The stream is forgotten. */
void h2_answers(struct h2 *h2, uint32_t stream, int status, const char *body);

/* GET a path, and compare its answer. */
void h2_ask(struct h2 *h2, const char *path, int status, const char *body);

/* Read until a stream was reset, and compare. */
void h2_is_reset(struct h2 *h2, uint32_t stream, uint32_t code);

/* Read until GOAWAY and the end, and compare. */
void h2_goes_away(struct h2 *h2, uint32_t code);

/* Send a PING, and read until its ACK: all that was sent before was seen. */
void h2_round_trip(struct h2 *h2);

/* Read until there are so many bytes of the body. */
void h2_await_body(struct h2 *h2, uint32_t stream, size_t size);

/* A header of an answer, in static memory; NULL: none. */
const char *h2_header(const struct h2_answer *answer, const char *name);

#endif
