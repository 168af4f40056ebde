/* SPDX-License-Identifier: MIT */
/*
 * What the connections of a hub share: settings, memory to work with, the date,
 * and one timer for all that are silent.  Context of all here: the hub.
 */
#ifndef HTTP_HUB_H
#define HTTP_HUB_H

#include <gruvid/metrics.h>
#include <gruvid/transport.h>

#include "coding.h"
#include "h2_frames.h"

struct http_work;
struct h2;
struct h2_hub;

/* Connections that may be silent for the same time, the longest silent first.
 */
struct http_queue {
    struct http_connection *first, *last;
};

/* What a connection waits for: nothing; its first request; its next; the client
 * to read; a handler. */
enum http_wait {
    HTTP_BUSY,
    HTTP_FRESH,
    HTTP_IDLE,
    HTTP_WRITING,
    HTTP_SERVING,
    HTTP_WAITS
};

struct http_hub {
    struct http_settings settings;
    gruvid_plugin_t *plugin;
    struct http_work *spare; /* kept, linked by next */
    unsigned n_spare;
    struct http_queue queue[HTTP_WAITS];
    struct http_work *holding; /* linked by held_next */
    bool looks;                /* at them, when the fiber has switched away */
    struct h2_hub *h2;         /* NULL: there was no HTTP/2 yet */
    struct http_coders coders;
    gruvid_counter_t *exceeded[H2_LIMITS]; /* of HTTP/2; NULL without it */
    uv_timer_t timer;
    bool runs; /* the timer */
    time_t second;
    char date[32]; /* of that second */
};

/* What belongs to a connection for as long as it lasts. */
struct http_connection {
    struct http_hub *hub;
    gruvi_stream_t *stream;    /* borrowed */
    gruvid_request_t *request; /* while a handler has one */
    struct http_work *work;    /* while a handler is called */
    struct h2 *h2;             /* NULL: HTTP/1.1 */
    struct http_connection *next, *previous;
    uint64_t accepted; /* in the time of uv_now() */
    uint64_t since;    /* of the wait: uv_now() */
    uint64_t traffic;  /* at since, while it writes */
    uint32_t requests; /* so far */
    uint8_t waits;     /* enum http_wait: in which queue it is */
    bool expired;      /* it has waited for too long */
    bool secure;       /* it has TLS */
    bool trusted;      /* the peer is a proxy that is believed */
};

/* Returns NULL without memory. */
struct http_hub *http_hub_new(gruvid_plugin_t *plugin);

/* No connection is left.  Switchpoint. */
GRUVI_SWITCHPOINT void http_hub_free(struct http_hub *hub);

/* Take the options of the section, at the start and at a reload. */
void http_hub_configure(struct http_hub *hub);

/* Seconds of the hub's clock, which stands still during a turn. */
double http_now(const struct http_hub *hub);

/* When the connection was accepted whose function was just called, in the time
 * of uv_now(). */
uint64_t http_accepted(const struct http_hub *hub);

/* "Sun, 06 Nov 1994 08:49:37 GMT" */
const char *http_date(struct http_hub *hub);

/*
 * A connection begins to wait, or is busy again.  Where it waits for too long
 * its socket is shut down, so that whoever waits there goes on, and sees
 * expired.  While a handler serves it the peer is looked at: the request of one
 * that has gone is told so.
 */
void http_wait(struct http_connection *connection, enum http_wait wait);

/*
 * Memory for a call of a connection.
 *
 * Returns NULL without memory.
 */
struct http_work *http_work_take(struct http_hub *hub);
void http_work_give(struct http_hub *hub, struct http_work *work);

#endif
