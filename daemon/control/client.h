/* SPDX-License-Identifier: MIT */
/* A connection to the control socket.  Context of all: a fiber of the first
 * hub. */
#ifndef GRUVID_CONTROL_CLIENT_H
#define GRUVID_CONTROL_CLIENT_H

#include <stdbool.h>
#include <stddef.h>

#include <gruvi.h>

#include "control/outlet.h"
#include "control/peer.h"

struct gruvid__control;

/* Bytes of a line that a client may send, its end included. */
#define GRUVID__CONTROL_LINE ((size_t)64 << 10)

/* A client that leaves so many bytes of answers unread is dropped. */
#define GRUVID__CONTROL_UNREAD ((size_t)1 << 20)

struct gruvid__client {
    struct gruvid__outlet outlet;        /* see gruvid__client_outlet() */
    struct gruvid__client *next, **link; /* of control->clients */
    struct gruvid__control *control;
    gruvi_stream_t *stream; /* owned */
    struct gruvid__peer peer;
    char *line; /* owned, GRUVID__CONTROL_LINE bytes */

    /* Answers a line, without its end; NULL: a line that is too long. */
    GRUVI_SWITCHPOINT void (*serve)(struct gruvid__client *client,
                                    const char *line, size_t length);

    /* Answers that wait for the writer, and how many bytes it is writing. */
    char *out;
    size_t length, capacity, writing;
    gruvi_event_t changed;  /* for the writer: there is something to do */
    gruvi_event_t has_room; /* for commands: much less is unread */
    gruvi_fiber_t *writer;  /* owned */
    double idle_since;      /* unless busy: by gruvid__now() */
    bool busy;              /* a command of its runs */
    bool leaving;           /* it was told to go */
    bool ended;             /* no answer comes any more */
    bool dropped;           /* write no more */
};

/*
 * Serve a client until it goes, and close its stream.
 *
 *   client  zeroed, with control, stream, peer, idle_since and serve set
 */
GRUVI_SWITCHPOINT void gruvid__client_serve(struct gruvid__client *client);

/* Read no more from a client: it gets the answers to what it has sent, and then
 * it is let go. */
void gruvid__client_finish(struct gruvid__client *client);

/* The same, and say why in a line of its own. */
void gruvid__client_dismiss(struct gruvid__client *client, const char *why);

/* Where the answers to its lines go. */
struct gruvid__outlet *gruvid__client_outlet(struct gruvid__client *client);

/* Put bytes behind the answers that wait.  Too many of them, or no memory, drop
 * the client.  Never waits. */
void gruvid__client_put(struct gruvid__client *client, const char *text,
                        size_t length);

/*
 * Wait until a long answer may go on: until the client has read most of what
 * there was.
 *
 * Returns 0.
 * Errors:  UV_EPIPE: the client is dropped; UV_ECANCELED.
 */
GRUVI_SWITCHPOINT int gruvid__client_wait(struct gruvid__client *client);

#endif
