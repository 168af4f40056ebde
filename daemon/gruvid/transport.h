/* SPDX-License-Identifier: MIT */
/*
 * Transports: plugins that bring requests to handlers.
 *
 * A transport reads the head of a request, makes a request of it, and has it
 * answered; gruvid finds the handler, calls it, and sends what it replies by
 * the transport's table of functions:
 *
 *     gruvid_incoming_t incoming = { &table, exchange, "GET", "/users/1", ...
 * };
 *
 *     if (gruvid_request_new(&request, plugin, &incoming) == 0) {
 *         gruvid_route(request);          calls exchange's begin, write, end
 *         gruvid_request_free(request);
 *     }
 *
 * An exchange is one request with its reply, in the transport.  Its functions
 * are called in the fiber that has called gruvid_route(), and, where the
 * handler has a second fiber that reads or writes, in that: one read and one
 * write at a time.  A handler of another hub does not change that: gruvid
 * carries its calls over, and the functions run in the transport's hub.
 *
 * The order, where the handler behaves or not:
 *
 *     begin, where it was not whole: write or sendfile any number of times,
 *     end; or reset in place of what is missing, also of begin;
 *     or upgrade, and nothing more.  read at any time before the return.
 *
 * After a call has failed only reset is called; after reset nothing.  HEAD, 204
 * and 304 have no body: gruvid passes none on.
 */
#ifndef GRUVID_TRANSPORT_H
#define GRUVID_TRANSPORT_H

#include <gruvid/bus.h>
#include <gruvid/plugin.h>
#include <gruvid/request.h>

GRUVI_BEGIN_DECLS

/* The head of a reply, and its body as far as it is there.  Borrowed by begin.
 */
typedef struct gruvid_reply {
    int status; /* 200 to 599 */

    /* Checked: tokens, and values without control bytes.  Content-Type is among
     * them; Content-Length and what belongs to the connection is not. */
    const gruvid_header_t *headers;
    size_t n_headers;

    /* Bytes that the body has, or would have for GET; -1: not known, or none
     * (see whole). */
    int64_t length;

    /* The first bytes of the body; all where it is whole. */
    const void *data;
    size_t size;

    bool whole;  /* nothing follows: neither write nor end is called */
    bool head;   /* an answer to HEAD: length is what a GET would get */
    bool events; /* server-sent events: a comment every 15 seconds, between two
                    writes, which are whole events */
    bool bodiless;      /* 204 or 304: no body, and no length is said of it */
    bool default_retry; /* Retry-After is gruvid's, not the handler's; since
                           1.4 */
    void *reserved[4];
} gruvid_reply_t;

/*
 * The functions of a transport.  Any may be left out but begin, write, end and
 * reset.
 *
 *   exchange  of gruvid_incoming_t
 *
 * Context of all: fiber, switchpoint, unless said otherwise.
 */
typedef struct gruvid_transport {
    size_t size; /* of this struct */

    /* For the log and for counters: "http". */
    const char *name;

    /*
     * Read the body: at least one byte and at most len.  NULL: no request has a
     * body.  gruvid counts max_body.
     *
     * Returns the number of bytes; 0 at the end.
     * Errors:  UV_EPROTO, after gruvid_request_refuse(), for a body that is
     *          malformed, cut or too slow; those of the stream.
     */
    GRUVI_SWITCHPOINT ssize_t (*read)(void *exchange, void *buf, size_t len);

    /* Send the head, with what is there of the body. */
    GRUVI_SWITCHPOINT int (*begin)(void *exchange, const gruvid_reply_t *reply);

    /* Send a part of the body.  Waits while the peer does not read; data is
     * borrowed until it returns. */
    GRUVI_SWITCHPOINT int (*write)(void *exchange, const void *data,
                                   size_t size);

    /* The body is over. */
    GRUVI_SWITCHPOINT int (*end)(void *exchange);

    /*
     * Send a part of a file as part of the body.  NULL: gruvid reads and
     * writes.
     *
     *   file    a regular one, as for gruvi_stream_sendfile(); borrowed
     *
     * Returns 0; UV_EIO where the file has become shorter: a reset follows.
     */
    GRUVI_SWITCHPOINT int (*sendfile)(void *exchange, gruvi_file_t *file,
                                      uint64_t offset, uint64_t length);

    /*
     * What was sent is no whole reply, and no more comes; or nothing was sent,
     * and there is no reply.  End the connection, or the stream, so that the
     * client sees it.
     *
     *   why  a negative code
     *
     * Context: fiber, no switchpoint.
     */
    void (*reset)(void *exchange, int why);

    /*
     * Send 101 with the headers of reply and Connection and Upgrade, and give
     * the stream away: what was read ahead is pushed back or in front of it.
     * gruvid has checked that the request has Upgrade with that protocol and
     * Connection: upgrade.  NULL: UV_ENOTSUP.  Where it returns that nothing
     * was sent, and another reply may follow.
     *
     *   reply   status 101, no body
     *   stream  borrowed until gruvid_route() has returned; then the transport
     *           closes it
     */
    GRUVI_SWITCHPOINT int (*upgrade)(void *exchange, const char *protocol,
                                     const gruvid_reply_t *reply,
                                     gruvi_stream_t **stream);

    /*
     * The handler goes on when the peer goes: look for that no more.  NULL: the
     * transport tells by gruvid_request_gone() only.
     *
     * Context: fiber, no switchpoint.
     */
    void (*finish)(void *exchange);

    void (*reserved[6])(void); /* NULL */
} gruvid_transport_t;

/*
 * The head of a request.  Everything here is borrowed until
 * gruvid_request_free(), and nothing is copied: text may be in the buffer that
 * the head was read into.  Member by member it is what request.h says.
 */
typedef struct gruvid_incoming {
    const gruvid_transport_t *transport;
    void *exchange;
    const char *method; /* a token */
    const char *target; /* origin-form, not decoded: "/a?b"; or "*" */
    const char *scheme;
    const char *host; /* with the port; NULL or "": none */

    /* The peer; NULL: peer_of is called with exchange when a handler asks for
     * it, and gives text that lives as long as the request. */
    const char *peer;
    const char *(*peer_of)(void *exchange);

    /* In order.  Names are tokens of any case, values have no CR, LF or NUL and
     * no blanks around them. */
    const gruvid_header_t *headers;
    size_t n_headers;

    int64_t length; /* bytes of the body; 0: none; -1: not known */

    /* Seconds that the caller gives; 0: it has not said. */
    double timeout;
    void *reserved[4]; /* NULL */
} gruvid_incoming_t;

/*
 * Make a request.  It takes one piece of memory, which is kept from one request
 * to the next.
 *
 *   request   NULL on failure
 *   plugin    the transport's own instance, whose routes count
 *   incoming  copied; what it points to is not
 *
 * A second Host, Authorization or Content-Type, and a path that cannot be
 * decoded, are answered with 400 by gruvid_route().
 *
 * Returns 0.
 * Errors:  UV_ENOMEM.
 * Context: fiber.
 */
GRUVI_API int gruvid_request_new(gruvid_request_t **request,
                                 gruvid_plugin_t *plugin,
                                 const gruvid_incoming_t *incoming);

/*
 * Find the handler by the routes of the transport's section, have it answer,
 * and return when it is over: the reply was sent whole, was reset, or the
 * stream was given away.  Where no route fits the answer is 404, or 405 with
 * Allow; OPTIONS * is 204 with Allow.
 *
 * The handler runs in the calling fiber where it may run in this hub, in the
 * group and under the name and limits of its own plugin.
 *
 * The handler is cancelled with the calling fiber, as by
 * gruvi_stream_watch_peer().
 *
 * Returns the status that was sent, 101 for an upgrade; 0 where there was no
 * reply.
 * Errors:  why the reply was reset, or a function of the table has failed.
 * Context: fiber, switchpoint.
 */
GRUVI_API GRUVI_SWITCHPOINT int gruvid_route(gruvid_request_t *request);

/*
 * The same for a transport that has routes of its own: have a plugin answer.
 *
 *   target  the name of its section.  Where there is none the answer is 404;
 *           where nothing of it answers requests, 503
 */
GRUVI_API GRUVI_SWITCHPOINT int gruvid_route_to(gruvid_request_t *request,
                                                const char *target);

/*
 * Answer a request without a handler: what the transport itself has to refuse.
 * In place of gruvid_route().
 *
 *   status  400 to 599: of a default page
 */
GRUVI_API GRUVI_SWITCHPOINT int gruvid_route_error(gruvid_request_t *request,
                                                   int status);

/* Free a request.  NULL is fine.  Context: the hub that has made it. */
GRUVI_API void gruvid_request_free(gruvid_request_t *request);

/*
 * The peer has gone: cancel the handler, unless it has said that it goes on.
 * Once; for a transport that notices it elsewhere than in the fiber that has
 * called gruvid_route().
 *
 * Context: the hub that has made the request, callbacks included.
 */
GRUVI_API void gruvid_request_gone(gruvid_request_t *request);

/*
 * The body cannot be read: call it before read returns the code.  If the
 * handler has not begun a reply when it returns, this status is the answer,
 * whatever it returns.
 *
 *   status  400, 408, 413, ...
 *
 * Context: the hub that has made the request.
 */
GRUVI_API void gruvid_request_refuse(gruvid_request_t *request, int status);

/*
 * For logs and counters, after gruvid_route(): the pattern of the route that
 * was taken, as it was configured, and the section that has answered.  They
 * live as long as the transport's instance.
 *
 * Returns NULL where no route fits.
 * Context: the hub that has made the request.
 */
GRUVI_API const char *gruvid_request_route(const gruvid_request_t *request);
GRUVI_API const char *gruvid_request_section(const gruvid_request_t *request);

/*
 * How much a client prefers a coding of the reply's content, by Accept-Encoding
 * among these headers, which may come more than once.
 *
 *   coding  "gzip", or "identity" for none
 *
 * Returns 1 to 1000, the coding with the most is the best; 0: it must not be
 *         used, also where there is no such header.  For identity that is not
 *         named 1: any other is better.
 * Context: any thread.
 */
GRUVI_API int gruvid_coding_weight(const gruvid_header_t *headers,
                                   size_t n_headers, const char *coding);

/* --- routes of a transport's own, since 1.3 ------------------------------- */

/*
 * Wait until a section answers requests.  At a start no section does before all
 * have started; one that a reload has added does from its commit on.  So a
 * transport that has to say what it takes, to a message bus, says so then.
 *
 *   target   the name of the section
 *   timeout  seconds; 0 polls, GRUVI_FOREVER waits without limit
 *
 * Returns 0.
 * Errors:  UV_ENOENT (there is no such section), UV_ETIMEDOUT, UV_ECANCELED.
 * Context: fiber, switchpoint.
 */
GRUVI_API GRUVI_SWITCHPOINT int
gruvid_target_wait(gruvid_plugin_t *plugin, const char *target, double timeout);

/*
 * Something is open that gruvid does not know of, and that ends in order when
 * the instance drains: the drain waits for it as it waits for connections, for
 * drain_timeout at most.  It begins with gruvid_plugin_drain_event().  Each
 * hold has one release, also in a fiber that was cancelled.
 *
 * Context: a fiber of the plugin.
 */
GRUVI_API void gruvid_plugin_hold(gruvid_plugin_t *plugin);
GRUVI_API void gruvid_plugin_release(gruvid_plugin_t *plugin);

/* --- a bus, since 1.4 ----------------------------------------------------- */

/* What has come by a bus, all borrowed.  What does not apply is 0 or NULL. */
typedef struct gruvid_bus_content {
    const char *subject, *reply; /* of a message */
    int status;                  /* of an answer: 200 to 599 */
    const gruvid_header_t *headers;
    size_t n_headers;
    const void *data;
    size_t size;
    uint64_t revision; /* of a value */
    void *reserved[4];
} gruvid_bus_content_t;

/* Where what was asked for goes: opaque. */
typedef struct gruvid_bus_result gruvid_bus_result_t;

typedef enum gruvid_kv_how {
    GRUVID_KV_PUT,
    GRUVID_KV_CREATE,
    GRUVID_KV_UPDATE,
    GRUVID_KV_DELETE
} gruvid_kv_how_t;

/* A change of a value, all borrowed. */
typedef struct gruvid_kv_change {
    gruvid_kv_how_t how;
    const char *bucket, *key;
    const void *data;
    size_t size;
    uint64_t last; /* UPDATE, DELETE: revision; 0 of DELETE: any */
    void *reserved[4];
} gruvid_kv_change_t;

/*
 * The functions of a bus, behind the calls of gruvid/bus.h.  They run in the
 * fiber that calls, in any hub, and use what the transport has in that hub:
 * gruvid_hub_data().  Any may be left out: the call is UV_ENOTSUP.
 *
 * The timeout of the call is a deadline of the fiber, and the end of the
 * instance another: each wait returns UV_ETIMEDOUT or UV_ENOTCONN then, and the
 * function returns that.  A drain waits for calls; the instance does not stop
 * before they have returned.
 *
 * Names and values of headers were checked, as for a reply.
 *
 * Context of all: fiber, switchpoint, unless said otherwise.
 */
typedef struct gruvid_bus_functions {
    size_t size; /* of this struct */
    GRUVI_SWITCHPOINT int (*publish)(gruvid_plugin_t *plugin,
                                     const char *subject,
                                     const gruvid_publish_options_t *options,
                                     const void *data, size_t size);

    /* Give the answer to gruvid_bus_fill() before it returns 0. */
    GRUVI_SWITCHPOINT int (*call)(gruvid_plugin_t *plugin, const char *subject,
                                  const gruvid_call_t *call,
                                  gruvid_bus_result_t *result);

    /*
     * Call gruvid_bus_deliver() with to for each message from now on, also
     * where there is no connection yet.
     *
     *   group   NULL: none
     *   handle  for unsubscribe
     *
     * Context: hub thread, no switchpoint.
     */
    int (*subscribe)(gruvid_plugin_t *plugin, const char *subject,
                     const char *group, gruvid_subscription_t *to,
                     void **handle);

    /* It must not be delivered to any more.  All handles of an instance come
     * here before its stop.  Context: hub thread, no switchpoint. */
    void (*unsubscribe)(gruvid_plugin_t *plugin, void *handle);

    /* As call. */
    GRUVI_SWITCHPOINT int (*kv_get)(gruvid_plugin_t *plugin, const char *bucket,
                                    const char *key,
                                    gruvid_bus_result_t *result);

    /* Set revision where it returns 0. */
    GRUVI_SWITCHPOINT int (*kv_change)(gruvid_plugin_t *plugin,
                                       const gruvid_kv_change_t *change,
                                       uint64_t *revision);
    void (*reserved[8])(void); /* NULL */
} gruvid_bus_functions_t;

/*
 * Be a bus.  Plugins find it once all starts have returned, or, where a
 * generation before it serves, from when it takes its place.
 *
 *   functions  borrowed until stop has returned
 *
 * Returns 0.
 * Errors:  UV_EPERM anywhere but in start; UV_EINVAL (the descriptor has not
 *          both multi_hub and per_hub: each hub needs a connection of its own).
 * Context: hub thread, during start.
 */
GRUVI_API int gruvid_bus_provide(gruvid_plugin_t *plugin,
                                 const gruvid_bus_functions_t *functions);

/*
 * Give what was asked for; it is copied.
 *
 * Returns 0.
 * Errors:  UV_EINVAL (a status that is none), UV_ENOMEM.
 */
GRUVI_API int gruvid_bus_fill(gruvid_bus_result_t *result,
                              const gruvid_bus_content_t *content);

/*
 * A message has come for a subscription; it is copied.
 *
 * Returns 0.
 * Errors:  UV_ENOBUFS (it was dropped, and counted), UV_ENOMEM (likewise).
 * Context: the hub of the subscription, callbacks included.
 */
GRUVI_API int gruvid_bus_deliver(gruvid_subscription_t *to,
                                 const gruvid_bus_content_t *content);

/* --- connections ---------------------------------------------------------- */

/*
 * Set how long a connection may take from its accept until its function is
 * called for the first time: for the header of a proxy, and the TLS handshake.
 * Without this call it is 30 seconds.
 *
 *   seconds  0: no limit
 *
 * Context: start and reconfigure.
 */
GRUVI_API void gruvid_set_greeting_timeout(gruvid_plugin_t *plugin,
                                           double seconds);

/*
 * How long ago the connection was accepted whose function was just called, in
 * seconds: so that what came before counts, too.
 *
 * Context: the function for connections, before its first switchpoint.
 */
GRUVI_API double gruvid_connection_age(const gruvid_plugin_t *plugin);

/*
 * Whether trusted_proxy of the section names an address: then what it says of
 * others may be believed.
 *
 *   address  as gruvi_stream_peer() gives it, or an address of IPv4 or IPv6
 *            alone; anything else is not trusted
 *
 * Context: any thread.
 */
GRUVI_API bool gruvid_trusts_proxy(const gruvid_plugin_t *plugin,
                                   const char *address);

GRUVI_END_DECLS

#endif
