/* SPDX-License-Identifier: MIT */
/* What a handler has returned, for the log and the counters. */
#include "instance/outcome.h"
#include "request/request.h"

/* Whether there is something that an operator has to look at. */
static bool
is_failure(const struct gruvid_request *request, int status)
{
    bool gone = __atomic_load_n(&request->is_gone, __ATOMIC_RELAXED);

    if (request->state == GRUVID__REPLY_BROKEN && request->error == status)
        return request->error == UV_EPROTO && request->refused == 0;
    return status < 0 && status != UV_ECANCELED && !gone &&
           !request->body_is_lost && request->refused == 0;
}

static void
log_failure(struct gruvid_request *request, int status)
{
    gruvi_log_level_t level =
        status == UV_ENOENT || status == UV_EINVAL || status == UV_EACCES
            ? GRUVI_LOG_INFO
            : GRUVI_LOG_ERROR;

    gruvid__rate_log(request->shard, GRUVID__RATE_REQUEST, status, level,
                     "request %s failed: %s (%s)", gruvid_request_id(request),
                     request->is_expired ? "request_timeout is over"
                                         : gruvid__explain(status),
                     gruvi_err_name(status));
}

/* A number that is no status, or a stream that was not ended. */
static const char *
mistake(const struct gruvid_request *request, int status)
{
    bool streams =
        request->state == GRUVID__REPLY_BEGUN ||
        (request->state == GRUVID__REPLY_EVENTS && !request->is_dropped);

    if (status > 0 && (status < 200 || status > 599))
        return "the plugin's function has returned what is no status";
    if (status >= 0 && request->state == GRUVID__REPLY_BEGUN && streams)
        return "the plugin's function has begun a reply and not ended it";
    return NULL;
}

void
gruvid__outcome_report(struct gruvid_request *request, int status)
{
    struct gruvid__shard *shard = request->shard;
    const char *wrong = mistake(request, status);

    if (status < 0)
        gruvid__codes_count(&shard->codes, status);
    if (is_failure(request, status)) {
        gruvid__count(&shard->requests_failed);
        log_failure(request, status);
    } else if (wrong != NULL) {
        gruvid__count(&shard->requests_failed);
        gruvid__rate_log(shard, GRUVID__RATE_REQUEST, UV_EPROTO,
                         GRUVI_LOG_ERROR, "request %s failed: %s (%d)",
                         gruvid_request_id(request), wrong, status);
    }
}
