/* SPDX-License-Identifier: MIT */
/* What a handler has returned, for the log and the counters. */
#include "instance/outcome.h"
#include "request/request.h"

/* Whether there is something that an operator has to look at. */
static bool
is_failure(const struct gruvid_request *request, int status)
{
    bool gone = __atomic_load_n(&request->is_gone, __ATOMIC_RELAXED);

    /* A client that has failed, but for a reply or a file that is too short. */
    if (request->state == GRUVID__REPLY_BROKEN && request->error == status)
        return status == UV_EIO ||
               (status == UV_EPROTO && request->refused == 0);
    return status < 0 && status != UV_ECANCELED && !gone &&
           !request->body_is_lost && request->refused == 0;
}

static void
log_failure(struct gruvid_request *request, struct gruvid__shard *shard,
            int status)
{
    gruvi_log_level_t level =
        status == UV_ENOENT || status == UV_EINVAL || status == UV_EACCES
            ? GRUVI_LOG_INFO
            : GRUVI_LOG_ERROR;

    gruvid__rate_log(shard, GRUVID__RATE_REQUEST, status, level,
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

static void
count_failure(struct gruvid_request *request, struct gruvid__shard *shard)
{
    gruvid__count(&shard->requests_failed);
    request->has_failed = true;
}

void
gruvid__outcome_report(struct gruvid_request *request, int status)
{
    struct gruvid__shard *shard = request->shard;
    const char *wrong = mistake(request, status);

    if (status < 0)
        gruvid__codes_count(&shard->codes, status);
    if (is_failure(request, status)) {
        count_failure(request, shard);
        log_failure(request, shard, status);
    } else if (wrong != NULL) {
        count_failure(request, shard);
        gruvid__rate_log(shard, GRUVID__RATE_REQUEST, UV_EPROTO,
                         GRUVI_LOG_ERROR, "request %s failed: %s (%d)",
                         gruvid_request_id(request), wrong, status);
    }
}

/* A file that is not there is the client's mistake. */
void
gruvid__static_report(struct gruvid_request *request,
                      struct gruvid__shard *shard, int status)
{
    if (shard == NULL || status >= 0 || status == UV_ENOENT)
        return;
    gruvid__codes_count(&shard->codes, status);
    if (is_failure(request, status)) {
        count_failure(request, shard);
        log_failure(request, shard, status);
    }
}
