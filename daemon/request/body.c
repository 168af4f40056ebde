/* SPDX-License-Identifier: MIT */
/*
 * The body of a request.  gruvid counts it for all transports: over max_body it
 * is refused, with 413.  A body that could not be read stays so: each later
 * read says the same.
 */
#include <stdlib.h>
#include <string.h>

#include "request/port.h"
#include "request/request.h"

/* The first room for a body whose length nobody has said. */
#define ROOM 4096

static bool
has_body(const struct gruvid_request *request)
{
    return request->in.length != 0 && request->in.transport->read != NULL;
}

/* UV_ECANCELED and UV_ETIMEDOUT of the handler's own say nothing of the body.
 */
static ssize_t
fail(struct gruvid_request *request, ssize_t err)
{
    if (err == UV_ECONNRESET || err == UV_EPIPE)
        request->body_is_lost = true;
    if (request->refused != 0)
        request->body_error = (int)err;
    return err;
}

GRUVI_SWITCHPOINT ssize_t
gruvid_request_read(gruvid_request_t *request, void *buf, size_t len)
{
    ssize_t n;

    if (request->body_error < 0)
        return request->body_error;
    if (request->body_is_over || len == 0)
        return 0;
    if (!has_body(request)) {
        request->body_is_over = true;
        return 0;
    }
    n = gruvid__port_read(request, buf, len);
    if (n < 0)
        return fail(request, n);
    request->body_is_over = n == 0;
    request->n_read += (uint64_t)n;
    if (request->n_read <= request->max_body)
        return n;
    request->refused = 413;
    return fail(request, UV_E2BIG);
}

/* --- as a whole ----------------------------------------------------------- */

static bool
make_room(struct gruvid_request *request, size_t *room)
{
    size_t more = *room > 0                 ? 2 * *room
                  : request->in.length >= 0 ? (size_t)request->in.length + 1
                                            : ROOM;
    char *body = realloc(request->body, more + 1);

    if (body == NULL)
        return false;
    request->body = body;
    request->body_is_own = true;
    *room = more;
    return true;
}

/* A byte more than the body has is read for, to find its end. */
static GRUVI_SWITCHPOINT ssize_t
read_all(struct gruvid_request *request)
{
    size_t room = 0, size = 0;
    ssize_t n = 0;

    do {
        if (size == room && !make_room(request, &room))
            return UV_ENOMEM;
        n = gruvid_request_read(request, request->body + size, room - size);
        if (n > 0)
            size += (size_t)n;
    } while (n > 0);
    request->body[size] = '\0';
    request->body_size = size;
    return n;
}

static void
forget(struct gruvid_request *request)
{
    if (request->body_is_own)
        free(request->body);
    request->body = NULL;
    request->body_is_own = false;
}

GRUVI_SWITCHPOINT int
gruvid_request_body(gruvid_request_t *request, const char **data, size_t *size)
{
    static char none[] = "";
    ssize_t err = 0;

    *data = NULL;
    *size = 0;
    if (request->body == NULL) {
        if (request->n_read > 0)
            return request->body_error < 0 ? request->body_error : UV_EBUSY;
        if (has_body(request))
            err = read_all(request);
        else
            request->body = none;
    }
    if (err < 0) {
        forget(request);
        return (int)err;
    }
    *data = request->body;
    *size = request->body_size;
    return 0;
}

/* --- for transports ------------------------------------------------------- */

void
gruvid_request_refuse(gruvid_request_t *request, int status)
{
    if (request->refused == 0)
        request->refused = status;
}
