/* SPDX-License-Identifier: MIT */
/*
 * A request, as the files of this folder see it.
 *
 *   gruvid_request_new()    head.c    its path is decoded, its headers are seen
 *   gruvid_route()          route.c   a route is found, and the target's shard
 *     here                  handler.c  the handler is called in this fiber
 *     or in another fiber   cross.c   of another hub, which asks this one to
 *                                     read and write
 *                           outcome.c what the handler has returned is sent
 *   gruvid_request_free()
 *
 * Where two fibers work for a request, the handler's uses what is for the
 * handler, while the transport's waits for it or does what it has asked for.
 */
#ifndef GRUVID_REQUEST_REQUEST_H
#define GRUVID_REQUEST_REQUEST_H

#include <gruvid/transport.h>

#include "instance/instance.h"
#include "instance/shard.h"
#include "instance/traffic.h"
#include "request/arena.h"
#include "route/table.h"

struct gruvid__exchange;
struct gruvid__crossing;

enum gruvid__reply_state {
    GRUVID__REPLY_NONE,
    GRUVID__REPLY_BEGUN,    /* as a stream */
    GRUVID__REPLY_EVENTS,   /* as a stream of events */
    GRUVID__REPLY_ENDED,    /* whole */
    GRUVID__REPLY_BROKEN,   /* a function of the transport has failed */
    GRUVID__REPLY_UPGRADED, /* there is a stream in its place */
};

struct gruvid_request {
    gruvid_incoming_t in;
    gruvid_plugin_t *plugin; /* the transport's instance */
    struct gruvid__arena arena;

    /* What counts it, and when: count.h. */
    unsigned hub;                    /* its number; 0: none of gruvid's */
    struct gruvid__traffic *traffic; /* NULL: nothing does */
    uint64_t begun;                  /* uv_hrtime() */
    uint64_t ended;  /* likewise: the handler, or a stream of events or an
                      * upgrade had begun; 0: none of these */
    uint64_t sent;   /* bytes of the reply's body */
    bool has_failed; /* an operator has to look at it */

    /* The head. */
    const char *path; /* decoded; NULL: it cannot be */
    const char *query;
    bool is_malformed; /* 400 */
    bool is_head;
    const char *id;            /* NULL: nobody has asked for it */
    struct gruvid__made *made; /* what was made of it: see head.c */
    unsigned depth;            /* of calls within each other */

    /* Where it goes. */
    struct gruvid__route *route; /* NULL: none */
    const char *section;         /* that answers; NULL: none */
    gruvid_plugin_t *target;
    struct gruvid__shard *shard;       /* of target; NULL: none */
    struct gruvid__crossing *crossing; /* NULL: all is in one fiber */

    /* What has interrupted the transport's fiber while the handler ran. */
    unsigned n_cancels;
    int interrupted; /* any other error; 0: none */

    /* While the handler runs, in its hub. */
    struct gruvid_request *next, **link; /* on shard->requests */
    gruvi_fiber_t *fiber;                /* the handler's; borrowed */
    gruvi_group_t *group;      /* of what the handler spawns; borrowed */
    bool runs;                 /* the handler's fiber has begun */
    gruvi_switch_back_t limit; /* request_timeout */
    bool is_limited;
    bool is_expired; /* request_timeout has ended it */

    /* Of both sides: atomic. */
    bool is_gone;     /* the peer */
    bool is_finished; /* the handler goes on all the same */

    /* The body. */
    uint64_t max_body, n_read;
    int body_error; /* every read fails with this; 0: none */
    bool body_is_over;
    bool body_is_lost; /* the peer went while it was read */
    char *body;        /* that was read as a whole; NULL: none */
    size_t body_size;
    bool body_is_own;                 /* to be freed */
    struct gruvid__exchange *answers; /* to its calls */
    int refused; /* the status that the transport has for it; 0: none */

    /* The reply. */
    enum gruvid__reply_state state;
    int status; /* that was sent; 0: none */
    int error;  /* BROKEN: why */
    gruvid_header_t *headers;
    size_t n_headers, room, header_bytes;
    int64_t length, written; /* of the body; length -1: not known */
    bool is_dropped; /* the body is not sent: HEAD, or a status without one */
    bool default_retry; /* Retry-After is not the handler's */
};

/* How deep a call of the running fiber is: of the handler's, or of one that it
 * has spawned. */
unsigned gruvid__request_depth(void);

/* The request that the running fiber answers, or NULL. */
struct gruvid_request *gruvid__request_here(void);

/* A header, as it came first; NULL: there is none. */
const char *gruvid__request_first(const struct gruvid_request *request,
                                  const char *name);

/* head.c: decode and look; without memory false. */
bool gruvid__request_read_head(struct gruvid_request *request);

/* reply.c: add a header that is known to be right. */
int gruvid__reply_add(struct gruvid_request *request, const char *name,
                      const char *value);

/* reply.c: what a call of the transport has returned: after a failure nothing
 * more is sent.  Returns 0, or the first error. */
int gruvid__reply_took(struct gruvid_request *request, int err);

/* reply.c: begin, with all of a body or its first bytes. */
GRUVI_SWITCHPOINT int gruvid__reply_send(struct gruvid_request *request,
                                         int status, int64_t length,
                                         const void *data, size_t size,
                                         bool whole, bool events);

/* answer.c: free the answers that belong to a request. */
void gruvid__answers_free(struct gruvid_request *request);

/* outcome.c: send a default page. */
GRUVI_SWITCHPOINT int gruvid__reply_page(struct gruvid_request *request,
                                         int status);

/* report.c: log and count what a handler has returned.  Context: its fiber. */
void gruvid__outcome_report(struct gruvid_request *request, int status);

/* The same for a file that gruvid itself has not sent: shard is the
 * transport's, or NULL. */
void gruvid__static_report(struct gruvid_request *request,
                           struct gruvid__shard *shard, int status);

/* outcome.c: make a reply of what a handler has returned, or break it off.
 * Returns as gruvid_route().  Context: the transport's fiber, switchpoint. */
GRUVI_SWITCHPOINT int gruvid__outcome_send(struct gruvid_request *request,
                                           int status);

/* handler.c: call the handler of request->shard here. */
GRUVI_SWITCHPOINT int gruvid__request_call(struct gruvid_request *request);

/* limit.c: request_timeout counts from now on; it does not any more. */
void gruvid__request_limit(struct gruvid_request *request);
void gruvid__request_unlimit(struct gruvid_request *request);

/* route.c: have a plugin answer; own_fiber: in a fiber of its own in any case.
 */
GRUVI_SWITCHPOINT int gruvid__request_send_to(struct gruvid_request *request,
                                              struct gruvid__line *line,
                                              bool own_fiber);

#endif
