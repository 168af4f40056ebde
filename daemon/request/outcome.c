/* SPDX-License-Identifier: MIT */
/*
 * What becomes of what a handler returns:
 *
 *   it has replied     that stays; a failure afterwards is logged
 *   a stream goes on   it is broken off: it must not look whole
 *   neither            a default page, of the transport's status where that has
 *                      refused the body, of 504 where the time was over, else
 *                      of what was returned
 */
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "request/request.h"
#include "request/status.h"

/* --- default pages -------------------------------------------------------- */

/* Whether a header speaks of the body that comes with it. */
static bool
is_of_body(const char *name)
{
    static const char *const names[] = {
        "Content-Type",     "Content-Encoding", "Content-Disposition",
        "Content-Language", "Content-Location", "ETag",
        "Last-Modified",
    };

    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strcasecmp(name, names[i]) == 0)
            return true;
    return false;
}

/* The page has another body than the handler had in mind. */
static void
drop_headers_of_body(struct gruvid_request *request)
{
    size_t kept = 0;

    for (size_t i = 0; i < request->n_headers; i++)
        if (!is_of_body(request->headers[i].name))
            request->headers[kept++] = request->headers[i];
    request->n_headers = kept;
}

/* Whether the handler has said when to come again. */
static bool
says_when(const struct gruvid_request *request)
{
    for (size_t i = 0; i < request->n_headers; i++)
        if (strcasecmp(request->headers[i].name, "Retry-After") == 0)
            return true;
    return false;
}

GRUVI_SWITCHPOINT int
gruvid__reply_page(struct gruvid_request *request, int status)
{
    const char *reason = gruvid__reason(status);
    char text[64];
    int err = 0;

    request->length = -1;
    if (status == 204 || status == 304)
        return gruvid__reply_send(request, status, -1, NULL, 0, true, false);
    drop_headers_of_body(request);
    request->default_retry = status == 503 && !says_when(request);
    if (request->default_retry)
        err = gruvid__reply_add(request, "Retry-After", "1");
    snprintf(text, sizeof text, "%d%s%s\n", status, *reason == '\0' ? "" : " ",
             reason);
    if (err == 0)
        err = gruvid__reply_add(request, "Content-Type",
                                "text/plain; charset=utf-8");
    return err < 0 ? err
                   : gruvid__reply_send(request, status, (int64_t)strlen(text),
                                        text, strlen(text), true, false);
}

/* --- the reply ------------------------------------------------------------ */

static int
reset(struct gruvid_request *request, int why)
{
    request->in.transport->reset(request->in.exchange, why);
    return why;
}

/* An event stream ends when its handler ends, also where it was cancelled: what
 * was written are whole events, and a client comes back. */
static GRUVI_SWITCHPOINT int
end_stream(struct gruvid_request *request, int status)
{
    bool is_events = request->state == GRUVID__REPLY_EVENTS;
    int err;

    if (request->is_dropped)
        return request->status;
    if (!is_events || (status < 0 && status != UV_ECANCELED))
        return reset(request, status < 0 ? status : UV_EPROTO);
    err = gruvid_reply_end(request);
    return err < 0 ? reset(request, err) : request->status;
}

static GRUVI_SWITCHPOINT int
send_page(struct gruvid_request *request, int status)
{
    int err = gruvid__reply_page(request, status);

    return err < 0 ? reset(request, err) : request->status;
}

/* No reply was begun. */
static GRUVI_SWITCHPOINT int
reply_for(struct gruvid_request *request, int status)
{
    bool gone = __atomic_load_n(&request->is_gone, __ATOMIC_RELAXED);

    if (request->refused != 0)
        return send_page(request, request->refused);
    if (request->is_expired)
        return send_page(request, 504);
    if (status == UV_ECANCELED || (gone && status < 0)) {
        reset(request, UV_ECANCELED);
        return 0;
    }
    return send_page(request, gruvid__status_of(status));
}

GRUVI_SWITCHPOINT int
gruvid__outcome_send(struct gruvid_request *request, int status)
{
    switch (request->state) {
    case GRUVID__REPLY_NONE:
        return reply_for(request, status);
    case GRUVID__REPLY_BEGUN:
    case GRUVID__REPLY_EVENTS:
        return end_stream(request, status);
    case GRUVID__REPLY_BROKEN:
        return reset(request, request->error);
    case GRUVID__REPLY_ENDED:
    case GRUVID__REPLY_UPGRADED:
        break;
    }
    return request->status;
}
