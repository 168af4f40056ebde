/* SPDX-License-Identifier: MIT */
/*
 * A bus of messages, for plugins: publish, ask, listen, and values by key, in
 * all nodes that share it.
 *
 * A transport brings the bus, plugins/nats that of NATS, and each hub has a
 * connection of its own to it.  Nothing is buffered for later: without a
 * connection a call fails at once.
 *
 *     static GRUVI_SWITCHPOINT int
 *     order(gruvid_request_t *request, gruvid_plugin_t *plugin)
 *     {
 *         gruvid_publish_options_t options = {.durable = true};
 *         const char *data;
 *         size_t size;
 *         int err = gruvid_request_body(request, &data, &size);
 *
 *         (void)plugin;
 *         if (err == 0)
 *             err = gruvid_bus_publish(NULL, "orders.new", &options, data,
 *                                      size, 5);
 *         return err < 0 ? err : 202;
 *     }
 *
 * Arguments of all calls:
 *
 *   bus      the name of its section; NULL: the only one
 *   subject  tokens with dots in between: "orders.new"
 *   timeout  seconds; GRUVI_FOREVER: no limit
 *
 * Errors of all that are switchpoints: UV_ENOTSUP (there is no such bus, or it
 * cannot do this); UV_EINVAL (bus is NULL and there are several, or an argument
 * is malformed); UV_ENOTCONN (it is not connected, or was lost, or ends);
 * UV_E2BIG (more than a message may have); UV_ETIMEDOUT, UV_ECANCELED: what was
 * sent may have arrived; UV_ENOMEM.
 *
 * A section that uses a bus in its start stands behind the section of the bus.
 */
#ifndef GRUVID_BUS_H
#define GRUVID_BUS_H

#include <gruvi.h>

#include <gruvid/plugin.h>
#include <gruvid/request.h>

GRUVI_BEGIN_DECLS

/* --- publishing ----------------------------------------------------------- */

/* How to publish.  All is borrowed until the call returns. */
typedef struct gruvid_publish_options {
    const gruvid_header_t *headers;
    size_t n_headers;

    /* The same id is stored once, within the stream's window of duplicates: for
     * what may be published again.  NULL: one is made. */
    const char *id;

    /* Wait until a stream has stored the message. */
    bool durable;
    void *reserved[4]; /* NULL */
} gruvid_publish_options_t;

/*
 * Publish a message.
 *
 *   options  NULL: no headers, not durable
 *   data     borrowed; NULL only where size is 0
 *
 * Not durable: it is on its way when the call returns, and whether anybody gets
 * it is not known.  The call waits only while the connection has too much to
 * send.
 *
 * Durable: a stream has stored it when the call returns.  While no stream
 * answers, it is sent again with the same id, until the timeout.  Stored once
 * before, as a duplicate, is stored.
 *
 * Returns 0.
 * Errors:  UV_EINVAL (a header with a name that is no token, with control bytes
 *          or blanks around its value, or that begins with Nats-; the same for
 *          the id); UV_EIO (a stream has refused it, which is logged); those of
 *          all.
 * Context: fiber of a plugin, switchpoint.
 */
GRUVI_API GRUVI_SWITCHPOINT int
gruvid_bus_publish(const char *bus, const char *subject,
                   const gruvid_publish_options_t *options, const void *data,
                   size_t size, double timeout);

/*
 * Ask the listeners of a subject, of which one answers: what gruvid_call() is
 * between plugins of a gruvid.  A plugin that a route leads to answers both
 * alike.
 *
 *   call     its path NULL: made of the subject, "/orders/new"
 *   answer   as of gruvid_call(): NULL on failure; it belongs to the request
 *            whose fiber calls, else gruvid_answer_free().  The status of an
 *            answer that is not a gruvid's is 200
 *
 * Returns 0, whatever the answer's status is.
 * Errors:  UV_ENOENT (nobody listens, known at once); UV_EINVAL (also for
 *          headers that begin with Gruvid- or Nats-); UV_EPROTO (a malformed
 *          answer); those of all.
 * Context: fiber of a plugin, switchpoint.
 */
GRUVI_API GRUVI_SWITCHPOINT int
gruvid_bus_call(const char *bus, const char *subject, const gruvid_call_t *call,
                gruvid_answer_t **answer, double timeout);

/* --- listening ------------------------------------------------------------ */

/* A message that has come, and a subscription: opaque. */
typedef struct gruvid_message gruvid_message_t;
typedef struct gruvid_subscription gruvid_subscription_t;

/*
 * Have the messages of a subject put into a queue.
 *
 *   subject       tokens may be "*", and the last ">"
 *   group         each message goes to one of the subscribers with the same
 *                 group, in all nodes; NULL: to each
 *   queue         items are gruvid_message_t *, of size 1, to be freed with
 *                 gruvid_message_free().  Borrowed until the subscription is
 *                 ended
 *   subscription  NULL on failure
 *
 * A message for which the queue has no room is dropped, and counted.  The
 * subscription outlives the connection, and a reload of the bus: what is
 * published meanwhile is missed, and may come twice while a new generation of
 * the bus takes over.
 *
 * It ends with gruvid_bus_unsubscribe(), or by itself before stop of the
 * plugin is called; what is in the queue then is the plugin's.  A subscription
 * is of one hub: in a plugin with per_hub each start makes its own, and without
 * a group each gets every message.
 *
 * Returns 0.
 * Errors:  UV_ENOTSUP, UV_EINVAL, UV_ENOMEM.
 * Context: fiber of a plugin.
 */
GRUVI_API int gruvid_bus_subscribe(const char *bus, const char *subject,
                                   const char *group, gruvi_queue_t *queue,
                                   gruvid_subscription_t **subscription);

/*
 * End a subscription, and free it: no message comes any more.  A subscription
 * that has ended by itself is freed with the plugin, after its stop, if not
 * here.  NULL is fine.
 *
 * Context: the hub that has made it.
 */
GRUVI_API void gruvid_bus_unsubscribe(gruvid_subscription_t *subscription);

/* How many messages were dropped.  Context: any thread, until it is freed. */
GRUVI_API uint64_t
gruvid_subscription_dropped(const gruvid_subscription_t *subscription);

/* The subject that a message was published to, and the subject for an answer,
 * "" without.  Context of all here: any thread, one at a time for a message. */
GRUVI_API const char *gruvid_message_subject(const gruvid_message_t *message);
GRUVI_API const char *gruvid_message_reply(const gruvid_message_t *message);

/* The first header of a name, which is compared without case; NULL: none. */
GRUVI_API const char *gruvid_message_header(const gruvid_message_t *message,
                                            const char *name);

/* All headers, in order.
 *
 *   n  where to put how many there are
 */
GRUVI_API const gruvid_header_t *
gruvid_message_headers(const gruvid_message_t *message, size_t *n);

/* Its data, with a zero byte behind it.
 *
 *   size  bytes, without that byte; may be NULL
 */
GRUVI_API const void *gruvid_message_data(const gruvid_message_t *message,
                                          size_t *size);

/* Free it.  NULL is fine. */
GRUVI_API void gruvid_message_free(gruvid_message_t *message);

/* --- values by key -------------------------------------------------------- */

/* A value.  Each change of its bucket has a revision, greater than the last. */
typedef struct gruvid_kv_entry {
    const void *data; /* a zero byte is behind it */
    size_t size;
    uint64_t revision;
    void *reserved[4];
} gruvid_kv_entry_t;

/*
 * Read the value of a key.  The bucket's leader is asked, so it is the last
 * that was written.  To hear of changes, subscribe "$KV.BUCKET.>".
 *
 *   bucket  letters, digits, "-" and "_"
 *   key     these and "/", "=", and dots between tokens
 *   entry   gruvid_kv_free(); NULL on failure
 *
 * Returns 0.
 * Errors:  UV_ENOENT (no such key, or it was deleted; or no such bucket);
 * UV_EIO (the server has refused it, which is logged); those of all. Context:
 * fiber of a plugin, switchpoint; so are all that follow.
 */
GRUVI_API GRUVI_SWITCHPOINT int
gruvid_kv_get(const char *bus, const char *bucket, const char *key,
              gruvid_kv_entry_t **entry, double timeout);

/*
 * Write a value, whatever was there.
 *
 *   revision  of the value, 0 on failure; may be NULL
 *
 * Returns 0.
 * Errors:  UV_ENOENT (no such bucket), UV_EIO, as above; those of all: after
 *          UV_ETIMEDOUT, UV_ENOTCONN and UV_ECANCELED it may have been written.
 */
GRUVI_API GRUVI_SWITCHPOINT int gruvid_kv_put(const char *bus,
                                              const char *bucket,
                                              const char *key, const void *data,
                                              size_t size, uint64_t *revision,
                                              double timeout);

/* Write a value where there is none, or was deleted.  Errors: UV_EBUSY (there
 * is one); as gruvid_kv_put(). */
GRUVI_API GRUVI_SWITCHPOINT int
gruvid_kv_create(const char *bus, const char *bucket, const char *key,
                 const void *data, size_t size, uint64_t *revision,
                 double timeout);

/* Write a value in place of a certain one.
 *
 *   last  its revision
 *
 * Errors: UV_EBUSY (it is not the last any more); as gruvid_kv_put().
 */
GRUVI_API GRUVI_SWITCHPOINT int
gruvid_kv_update(const char *bus, const char *bucket, const char *key,
                 const void *data, size_t size, uint64_t last,
                 uint64_t *revision, double timeout);

/* Delete a value.
 *
 *   last  its revision; 0: whatever it is, also where there is none
 *
 * Errors: UV_EBUSY (it is not the last any more); as gruvid_kv_put().
 */
GRUVI_API GRUVI_SWITCHPOINT int gruvid_kv_delete(const char *bus,
                                                 const char *bucket,
                                                 const char *key, uint64_t last,
                                                 double timeout);

/* Free an entry.  NULL is fine.  Context: any thread. */
GRUVI_API void gruvid_kv_free(gruvid_kv_entry_t *entry);

GRUVI_END_DECLS

#endif
