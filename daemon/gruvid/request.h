/* SPDX-License-Identifier: MIT */
/*
 * Requests: one handler, whatever its requests come by.
 *
 * A plugin with .request answers requests.  The operator says by routes which
 * of them it gets, and a transport brings them: HTTP/1.1, HTTP/2, a call of
 * another plugin, or a message bus.  This is all of a plugin:
 *
 *     #include <gruvid/request.h>
 *
 *     static GRUVI_SWITCHPOINT int
 *     hello(gruvid_request_t *request, gruvid_plugin_t *plugin)
 *     {
 *         const char *name = gruvid_request_query(request, "name");
 *
 *         (void)plugin;
 *         return gruvid_reply_text(request, 200, "Hello, %s!\n",
 *                                  name ? name : "you");
 *     }
 *
 *     GRUVID_PLUGIN(hello, .request = hello);
 *
 * The handler runs in a fiber, for one request at a time.  Fibers that it
 * spawns are cancelled and joined when it has returned.
 *
 * What the handler returns:
 *
 *   0          it has replied; without any reply: 204
 *   200..599   the status of a default page, where it has not replied
 *   negative   it has failed: logged once with the request's id, and answered:
 *              UV_ENOENT 404, UV_EACCES and UV_EPERM 403, UV_EINVAL 400,
 *              UV_E2BIG 413, UV_ETIMEDOUT 504, UV_EAGAIN and UV_ENOBUFS 503
 *              with Retry-After, UV_ECANCELED not at all, else 500
 *   any other  500
 *
 * A default page has the headers that the handler has added, but for those that
 * speak of a body: Content-Type, ETag and the like.
 *
 * A reply that has begun as a stream and was not ended, or whose handler fails
 * afterwards, is reset: it never looks whole.
 *
 * When the peer has gone the handler is cancelled: its next wait returns
 * UV_ECANCELED.  See gruvid_request_finish().
 *
 * Text of a request is borrowed, and lives until the handler has returned.  All
 * calls are for the fiber of the handler, but for one thing: while it reads the
 * body, another fiber of the same hub may write the reply, once that has begun.
 * Where the handler is in another hub than the transport, the second of both is
 * refused with UV_EBUSY.
 *
 * Codes that each switchpoint here may return: UV_ECANCELED, UV_ETIMEDOUT (a
 * deadline), UV_ECONNRESET and UV_EPIPE (the peer has gone).
 */
#ifndef GRUVID_REQUEST_H
#define GRUVID_REQUEST_H

#include <stdarg.h>

#include <gruvi.h>

#include <gruvid/plugin.h>

GRUVI_BEGIN_DECLS

/* A header of a request, a reply, a call or an answer.  Names are compared
 * without case. */
typedef struct gruvid_header {
    const char *name, *value;
} gruvid_header_t;

/* --- the request ---------------------------------------------------------- */

/*
 * The method, as it came: "GET".  The names of methods have a case.
 *
 * Context: fiber, as for all here.
 */
GRUVI_API const char *gruvid_request_method(const gruvid_request_t *request);

/*
 * The path, decoded: "/users/Zoe".  It begins with "/", its segments are
 * neither "." nor "..", and only the last may be empty.  A path that cannot be
 * decoded, or has a "/", a "\" or a control byte in a segment when decoded, was
 * answered with 400.
 */
GRUVI_API const char *gruvid_request_path(const gruvid_request_t *request);

/* The target as it came, not decoded, with the query: "/users/Z%6fe?all". */
GRUVI_API const char *gruvid_request_target(const gruvid_request_t *request);

/* What is behind the "?" of the target, not decoded; "" where there is none. */
GRUVI_API const char *
gruvid_request_query_string(const gruvid_request_t *request);

/*
 * A parameter of the query, decoded: "+" is a blank, %XX a byte.  The first of
 * several.  A parameter without "=" is "".
 *
 * Returns NULL where there is none of that name, where it cannot be decoded or
 * would have a zero byte in it, or without memory.
 */
GRUVI_API const char *gruvid_request_query(gruvid_request_t *request,
                                           const char *name);

/*
 * A header.  If it came several times it is joined by ", ", and Cookie by "; ".
 *
 * Returns NULL where there is none, or without memory to join.
 */
GRUVI_API const char *gruvid_request_header(gruvid_request_t *request,
                                            const char *name);

/* Call a function for each header, in order, as they came.  Context: fiber; the
 * function must not switch. */
GRUVI_API void gruvid_request_each_header(
    const gruvid_request_t *request,
    void (*fn)(const char *name, const char *value, void *arg), void *arg);

/*
 * What stands in the path where the route has {name} or {name...}, decoded.
 *
 * Returns NULL where the route has no such name.
 */
GRUVI_API const char *gruvid_request_param(const gruvid_request_t *request,
                                           const char *name);

/* The peer: "tcp://192.0.2.1:4711", "unix:", or as a trusted proxy says; for a
 * call the name of the plugin. */
GRUVI_API const char *gruvid_request_peer(const gruvid_request_t *request);

/* "http", "https", "call", or the transport's own. */
GRUVI_API const char *gruvid_request_scheme(const gruvid_request_t *request);

/* The host that was asked for, with its port if there was one; "" where none
 * was said. */
GRUVI_API const char *gruvid_request_host(const gruvid_request_t *request);

/*
 * The request's id: 32 hexadecimal digits, of the trace in its traceparent
 * header, or else made.  Log lines of its fiber have it.
 */
GRUVI_API const char *gruvid_request_id(gruvid_request_t *request);

/*
 * How long the handler has, in seconds from now: by request_timeout of the
 * section, and by what the caller has said; 0 where it is over.
 *
 * Returns GRUVI_FOREVER where there is no limit.
 */
GRUVI_API double gruvid_request_deadline(const gruvid_request_t *request);

/*
 * Memory that is freed with the request, aligned for anything.
 *
 * Returns NULL without memory.
 */
GRUVI_API void *gruvid_request_alloc(gruvid_request_t *request, size_t size);

/*
 * Let the handler go on when the peer goes: it is not cancelled for that any
 * more.  Calls that read or write fail then.
 */
GRUVI_API void gruvid_request_finish(gruvid_request_t *request);

/* --- its body ------------------------------------------------------------- */

/*
 * Read all of the body.
 *
 *   data  borrowed; a zero byte is behind it.  NULL on failure
 *   size  bytes, without that byte; 0 on failure
 *
 * A second call gives the same.
 *
 * Returns 0.
 * Errors:  UV_E2BIG (over max_body of the section: 413), UV_EPROTO (it was
 *          malformed or cut), UV_EBUSY (a part was read before, by
 *          gruvid_request_read()), UV_ENOMEM.
 * Context: fiber, switchpoint.
 */
GRUVI_API GRUVI_SWITCHPOINT int
gruvid_request_body(gruvid_request_t *request, const char **data, size_t *size);

/*
 * Read at least one byte of the body and at most len bytes.
 *
 * Returns the number of bytes; 0 at the end of the body, and for a len of 0.
 * Errors:  UV_E2BIG, UV_EPROTO, as above: the same again by each later call.
 * Context: fiber, switchpoint.
 */
GRUVI_API GRUVI_SWITCHPOINT ssize_t
gruvid_request_read(gruvid_request_t *request, void *buf, size_t len);

/* --- the reply ------------------------------------------------------------ */

/*
 * Add a header to the reply, before it begins.  Headers of one name are sent as
 * several.  Content-Length is for gruvid_reply_begin(): what is written has to
 * be so long.
 *
 *   name, value  copied
 *
 * Returns 0.
 * Errors:  UV_EINVAL (no token, a value with a control byte or blanks at an
 *          end, or a header that is the transport's: Connection, Date,
 *          Keep-Alive, Proxy-Connection, TE, Trailer, Transfer-Encoding,
 *          Upgrade); UV_EALREADY (the reply has begun); UV_E2BIG (over 100
 *          headers, or 32 KiB of them); UV_ENOMEM.
 */
GRUVI_API int gruvid_reply_header(gruvid_request_t *request, const char *name,
                                  const char *value);

/*
 * Send a whole reply.
 *
 *   status      200 to 599
 *   type        of the content; NULL: none is said, or gruvid_reply_header()
 *               has
 *   data, size  borrowed until the call returns
 *
 * Returns 0.
 * Errors:  UV_EINVAL (status, type), UV_EALREADY (there is a reply), UV_ENOMEM:
 *          nothing was sent.
 * Context: fiber, switchpoint; so are all that follow.
 */
GRUVI_API GRUVI_SWITCHPOINT int gruvid_reply(gruvid_request_t *request,
                                             int status, const char *type,
                                             const void *data, size_t size);

/* The same with text as printf() makes it: "text/plain; charset=utf-8". */
GRUVI_API GRUVI_SWITCHPOINT int gruvid_reply_text(gruvid_request_t *request,
                                                  int status,
                                                  const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* The same with JSON, which is not looked at: "application/json". */
GRUVI_API GRUVI_SWITCHPOINT int gruvid_reply_json(gruvid_request_t *request,
                                                  int status, const char *text);

/*
 * Send the client elsewhere.
 *
 *   status    301, 302, 303, 307 or 308
 *   location  a URI, or a path: bytes that are not in a URI are encoded
 */
GRUVI_API GRUVI_SWITCHPOINT int gruvid_reply_redirect(gruvid_request_t *request,
                                                      int status,
                                                      const char *location);

/*
 * Send a file, with its type by its name, ETag, Last-Modified, and a range of
 * it or 304, 412 or 416 where the request has asked so.
 *
 *   folder    an absolute path
 *   relative  of the file within folder: no name in it may begin with a dot.
 *             Links that lead out of the folder are not followed
 *
 * Returns 0.
 * Errors:  UV_ENOENT (no regular file is there), UV_EACCES, UV_EAGAIN (folders
 *          there change all the time), UV_EMFILE, UV_EALREADY, UV_ENOMEM: all
 *          of them may be returned by the handler.  UV_ENOSYS: the system has
 *          no openat2().  UV_EIO: the file has become shorter, and the reply is
 *          broken off.
 */
GRUVI_API GRUVI_SWITCHPOINT int gruvid_reply_file(gruvid_request_t *request,
                                                  const char *folder,
                                                  const char *relative);

/*
 * Begin a reply that gruvid_reply_write() goes on with and gruvid_reply_end()
 * ends.  request_timeout is over with that.
 *
 * Errors:  as gruvid_reply().
 */
GRUVI_API GRUVI_SWITCHPOINT int gruvid_reply_begin(gruvid_request_t *request,
                                                   int status);

/*
 * Write a part of the body.  Waits while the peer does not read.
 *
 * Returns 0.
 * Errors:  UV_EPERM (no reply has begun, or it is over); UV_E2BIG (more than
 *          Content-Length said); UV_ENOTSUP (a transport that cannot).
 */
GRUVI_API GRUVI_SWITCHPOINT int
gruvid_reply_write(gruvid_request_t *request, const void *data, size_t size);

/*
 * End the body.
 *
 * Returns 0.
 * Errors:  UV_EPERM; UV_EPROTO (less than Content-Length said: the reply is
 *          reset).
 */
GRUVI_API GRUVI_SWITCHPOINT int gruvid_reply_end(gruvid_request_t *request);

/*
 * Send an event of a stream of server-sent events.  The first begins the reply,
 * with 200 and the type text/event-stream; the transport sends a comment every
 * 15 seconds, so that the connection stays open.
 *
 *   event  its type; NULL: "message", as clients take it
 *   id     NULL: none
 *   data   lines, separated by LF, CR or both
 *
 * Returns 0.
 * Errors:  UV_EINVAL (CR or LF in event or id), UV_EPERM (another reply has
 *          begun, or it is over), UV_ENOTSUP, UV_ENOMEM.
 */
GRUVI_API GRUVI_SWITCHPOINT int gruvid_reply_event(gruvid_request_t *request,
                                                   const char *event,
                                                   const char *id,
                                                   const char *data);

/*
 * Answer 101 to a request that asks for another protocol, and have its
 * connection.
 *
 *   protocol  as the Upgrade header of the request says, without case
 *   stream    borrowed until the handler returns, which ends the connection;
 *             NULL on failure
 *
 * Headers of the reply are sent with the 101.  request_timeout is over.
 *
 * Returns 0.
 * Errors:  UV_EINVAL (the request does not ask for it), UV_ENOTSUP (nor could
 *          it: HTTP/2, another hub, a call, or it has a body, or more has come
 *          behind it), UV_EALREADY.  After these another reply can be sent.
 */
GRUVI_API GRUVI_SWITCHPOINT int
gruvid_request_upgrade(gruvid_request_t *request, const char *protocol,
                       gruvi_stream_t **stream);

/* --- calls between plugins ------------------------------------------------ */

/* A request to a plugin.  All is borrowed until the call returns. */
typedef struct gruvid_call {
    const char *method; /* NULL: POST with data, GET without */
    const char *path;   /* with a query, as in a target; NULL: "/" */
    const gruvid_header_t *headers;
    size_t n_headers;
    const void *data;
    size_t size;
    void *reserved[4]; /* NULL */
} gruvid_call_t;

/* What came of it. */
typedef struct gruvid_answer {
    int status; /* 200 to 599 */
    const gruvid_header_t *headers;
    size_t n_headers;
    const void *data; /* a zero byte is behind it */
    size_t size;
    void *reserved[4];
} gruvid_answer_t;

/*
 * Ask another plugin of this gruvid.  No route is needed.
 *
 *   plugin   the name of its section
 *   answer   NULL on failure; it belongs to the request whose fiber calls, and
 *            is freed with it.  In any other fiber: gruvid_answer_free()
 *   timeout  seconds; GRUVI_FOREVER: no limit but the plugin's own
 *
 * The reply is collected, up to 64 MiB.  Streams of events and upgrades are
 * UV_ENOTSUP for whoever answers.
 *
 * Where the caller is cancelled, so is the handler, unless it goes on; see
 * gruvid_request_finish().
 *
 * Returns 0, whatever the answer's status is.
 * Errors:  UV_ENOENT (no such plugin, it does not answer requests, or it has
 *          ended); UV_ELOOP (32 calls within each other); UV_EINVAL (a
 *          malformed path or header); UV_ECONNRESET (the reply was broken off);
 *          UV_E2BIG (it is too long); UV_ETIMEDOUT; UV_ECANCELED; UV_ENOMEM.
 * Context: fiber, switchpoint.
 */
GRUVI_API GRUVI_SWITCHPOINT int gruvid_call(const char *plugin,
                                            const gruvid_call_t *call,
                                            gruvid_answer_t **answer,
                                            double timeout);

/* Free an answer that belongs to no request.  An answer of a request, or NULL,
 * is left alone.  Context: hub thread. */
GRUVI_API void gruvid_answer_free(gruvid_answer_t *answer);

GRUVI_END_DECLS

#endif
