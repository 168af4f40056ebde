/* SPDX-License-Identifier: MIT */
/*
 * A connection of HTTP/2, as its files see it.
 *
 *   h2_connection.c  the fiber that reads, parking, the end
 *   h2_frames.c      what a client does too much of: no nghttp2
 *   h2_limits.c      counters of that
 *   h2_session.c     what nghttp2 calls, and what is told to it
 *   h2_memory.c      its memory
 *   h2_output.c      frames to the socket, by one fiber at a time
 *   h2_head.c        header fields of a request
 *   h2_stream.c      a stream, from its head to its end
 *   h2_worker.c      fibers that answer streams
 *   h2_exchange.c    a stream, as gruvid sees it
 *   h2_drain.c       the end of all connections of a hub
 *
 * nghttp2 runs on whichever fiber calls it, and never switches.  Its callbacks
 * note what has come and start fibers; they do not write.
 */
#ifndef HTTP_H2_H
#define HTTP_H2_H

#include <nghttp2/nghttp2.h>

#include "h2_frames.h"
#include "h2_memory.h"
#include "hub.h"

/* The most streams that are open, or whose fibers have not ended. */
#define H2_STREAMS 100

/* The bytes of header fields that may wait for a client to read them. */
#define H2_QUEUE (1 << 20)

/* How far the end of a connection is. */
enum h2_drain {
    H2_SERVES,
    H2_NOTICED, /* the client was told not to begin streams */
    H2_LEAVES,  /* the last stream is known */
};

struct h2_stream;

struct h2 {
    struct http_hub *hub;
    struct http_connection *connection; /* NULL: it is gone */
    gruvi_stream_t *stream;             /* likewise */
    nghttp2_session *session;
    unsigned refs; /* the connection, and a fiber that writes without it */
    struct h2 *next, **link; /* of the hub's */

    /* The fiber that reads. */
    gruvi_fiber_t *reader; /* borrowed; NULL: the connection is parked */
    gruvi_group_t *group;  /* of streams and the writer; NULL: likewise */
    bool reads;            /* it waits for input */
    bool reads_long;       /* without a limit of time */
    bool woken;            /* a cancel is on its way that only wakes it */
    const char *first;     /* received before, n_first bytes */
    size_t n_first;
    struct h2_frames frames;
    double begun;       /* seconds: the connection */
    double block_begun; /* the header block that has begun */
    double quiet_since; /* there is no stream */

    /* Streams. */
    struct h2_stream *streams; /* all, linked by next */
    unsigned running;          /* that were not answered to the end */
    struct h2_stream *head; /* whose header block comes; NULL: no request's */
    struct h2_stream *unanswered, *last_unanswered; /* linked by behind */
    bool worker_comes;   /* a fiber for them was started, and has not begun */
    gruvi_event_t ended; /* a stream was answered, or the writer has ended */
    size_t queued;       /* bytes of header fields that were not sent */

    /* Output. */
    char *out;
    size_t out_length;
    struct h2 *waiting, **waiting_link; /* for the writer; h2_output.c */
    bool writes;                        /* a fiber does */
    bool broken;                        /* nothing can be sent any more */
    bool over;                          /* it ends: see h2_connection.c */
    uint8_t excess;                     /* enum h2_limit */

    uint8_t drain; /* enum h2_drain */
    double drain_begun;
    char name[24]; /* of its fibers: the peer, cut */
};

/* What the connections of a hub share. */
struct h2_hub {
    nghttp2_session_callbacks *callbacks;
    nghttp2_option *option;
    struct h2_memory memory; /* nghttp2's */
    struct h2 *first;        /* linked by next */
    struct h2 *waiting;      /* for a writer */
    bool looks;              /* at them, in the hub's next turn */
    uint64_t turns;          /* in which it has */
    bool drains;             /* a fiber waits for the drain */
    struct h2_stream *spare;
    unsigned n_spare;
    char *spare_out[4];
    unsigned n_spare_out;
};

static inline struct h2_hub *
h2_hub(const struct h2 *h2)
{
    return h2->hub->h2;
}

/* Seconds. */
static inline double
h2_now(const struct h2 *h2)
{
    return http_now(h2->hub);
}

#endif
