/* SPDX-License-Identifier: MIT */
/* A connection of HTTP/2, for that of HTTP/1.1, which may become one. */
#ifndef HTTP_H2_CONNECTION_H
#define HTTP_H2_CONNECTION_H

#include "hub.h"

enum h2_preface {
    H2_NONE,  /* it is no connection of HTTP/2 */
    H2_MAYBE, /* more has to come */
    H2_BEGINS
};

#ifdef HAVE_NGHTTP2

/* Show what is counted of HTTP/2 in a hub, from its start.  Returns 0, or as
 * gruvid_counter_get(). */
int h2_start(struct http_hub *hub);

/* What a connection has begun with: at least one byte.  Context: any. */
enum h2_preface h2_preface(const struct http_connection *connection,
                           const char *data, size_t size);

/* Make one of a connection, which has received these bytes so far; they are
 * borrowed until h2_serve() has been called.  Returns 0, UV_ENOMEM.  Context:
 * fiber. */
int h2_begin(struct http_connection *connection, const char *data, size_t size);

/* Answer what comes, and park.  Context: fiber, switchpoint.  Returns as
 * gruvid_descriptor_t's connection. */
GRUVI_SWITCHPOINT int h2_serve(struct http_connection *connection);

/* The stream is closed. */
void h2_end(struct http_connection *connection);

/* A hub has no connection left. */
void h2_forget(struct http_hub *hub);

#else

static inline int
h2_start(struct http_hub *hub)
{
    (void)hub;
    return 0;
}

static inline enum h2_preface
h2_preface(const struct http_connection *connection, const char *data,
           size_t size)
{
    (void)connection;
    (void)data;
    (void)size;
    return H2_NONE;
}

static inline int
h2_begin(struct http_connection *connection, const char *data, size_t size)
{
    (void)connection;
    (void)data;
    (void)size;
    return UV_ENOTSUP;
}

static inline int
h2_serve(struct http_connection *connection)
{
    (void)connection;
    return 0;
}

static inline void
h2_end(struct http_connection *connection)
{
    (void)connection;
}

static inline void
h2_forget(struct http_hub *hub)
{
    (void)hub;
}

#endif
#endif
