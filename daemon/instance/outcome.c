/* SPDX-License-Identifier: MIT */
/* A peer that goes away is no failure; what the plugin itself returns may be:
 * see outcome.h. */
#include "instance/outcome.h"

#include "instance/instance.h"

/* Whether a peer has gone away, or was sent away: no operator has to look. */
static bool
is_peer_gone(int status)
{
    switch (status) {
    case UV_ECONNRESET:
    case UV_EPIPE:
    case UV_EOF:
    case UV_ENOTCONN:
    case UV_ECANCELED:
    case UV_ESHUTDOWN:
        return true;
    default:
        return false;
    }
}

/* Whether a peer has sent what nobody reads: a line that has no end, bytes that
 * are no record of TLS.  Anyone can do that, so it is not the plugin's failure.
 */
static bool
is_peer_wrong(int status)
{
    return status == UV_E2BIG || status == UV_EPROTO;
}

const char *
gruvid__explain(int status)
{
    if (status == -1)
        return "the plugin's function has returned -1, which is the code of "
               "\"not permitted\"; its author should return a code such as "
               "UV_EIO, or that of the call that failed";
    return gruvi_strerror(status);
}

void
gruvid__report_connection(struct gruvid__shard *shard, int status)
{
    gruvid__count(&shard->served);
    if (status >= 0)
        return;
    gruvid__codes_count(&shard->codes, status);
    if (is_peer_gone(status) ||
        (status == UV_ETIMEDOUT && shard->plugin->read_timeout > 0)) {
        gruvid__count(&shard->gone);
        gruvi_debug("connection ended: %s", gruvi_strerror(status));
    } else if (is_peer_wrong(status)) {
        gruvid__count(&shard->gone);
        gruvid__rate_log(shard, GRUVID__RATE_CONNECTION, status, GRUVI_LOG_INFO,
                         "connection ended: what the peer has sent is %s (%s)",
                         status == UV_E2BIG ? gruvi_strerror(status)
                                            : "against the protocol",
                         gruvi_err_name(status));
    } else {
        gruvid__count(&shard->failed);
        gruvid__rate_log(shard, GRUVID__RATE_CONNECTION, status,
                         GRUVI_LOG_ERROR, "connection failed: %s (%s)",
                         gruvid__explain(status), gruvi_err_name(status));
    }
}

/* A client that fails at it is not the plugin's failure. */
void
gruvid__report_handshake(struct gruvid__shard *shard, int err)
{
    gruvid__count(&shard->served);
    gruvid__count(&shard->gone);
    gruvid__codes_count(&shard->codes, err);
    if (is_peer_gone(err))
        gruvi_debug("connection ended: %s", gruvi_strerror(err));
    else
        gruvid__rate_log(shard, GRUVID__RATE_HANDSHAKE, err, GRUVI_LOG_INFO,
                         "TLS handshake failed: %s (%s)",
                         err == UV_ETIMEDOUT ? "the handshake took too long"
                                             : gruvi_error_message(),
                         gruvi_err_name(err));
}

/* Not even a peer that is just gone: a user of the address has to know it. */
void
gruvid__report_proxy(struct gruvid__shard *shard, int err, const char *why)
{
    gruvid__count(&shard->served);
    gruvid__count(&shard->gone);
    gruvid__codes_count(&shard->codes, err);
    if (err == UV_ECANCELED || err == UV_ESHUTDOWN)
        gruvi_debug("connection ended: %s", gruvi_strerror(err));
    else
        gruvid__rate_log(shard, GRUVID__RATE_PROXY, err, GRUVI_LOG_WARNING,
                         "connection refused, PROXY protocol: %s (%s)", why,
                         gruvi_err_name(err));
}

void
gruvid__report_fiber(struct gruvid__shard *shard, const gruvi_fiber_t *fiber,
                     int status)
{
    bool gone = is_peer_gone(status);

    if (shard != NULL) {
        gruvid__count(gone ? &shard->gone : &shard->failed);
        gruvid__codes_count(&shard->codes, status);
    }
    if (shard == NULL || gone)
        gruvi_log(gone ? GRUVI_LOG_DEBUG : GRUVI_LOG_ERROR,
                  "fiber %s ended with %s: %s", gruvi_fiber_name(fiber),
                  gruvi_err_name(status), gruvid__explain(status));
    else
        gruvid__rate_log(shard, GRUVID__RATE_FIBER, status, GRUVI_LOG_ERROR,
                         "fiber %s ended with %s: %s", gruvi_fiber_name(fiber),
                         gruvi_err_name(status), gruvid__explain(status));
}
