/* SPDX-License-Identifier: MIT */
/* The access log: a line of gruvid's log for each request. */
#ifndef HTTP_ACCESS_H
#define HTTP_ACCESS_H

#include "work.h"

/* What there is to say of a request and its reply.  Text may be NULL. */
struct http_access {
    gruvi_stream_t *stream;
    const char *peer; /* as that of a stream; NULL: the stream's */
    const char *method, *target, *protocol;
    const char *referer, *agent;
    int status;
    uint64_t sent;  /* bytes of the body */
    uint64_t begun; /* uv_hrtime() */
};

/* Log it.  Context: fiber. */
void http_access_write(enum http_access_log how,
                       const struct http_access *access);

/* Log the request of an exchange of HTTP/1.1 that is over.  Context: fiber. */
void http_access_log(struct http_work *work);

#endif
