/* SPDX-License-Identifier: MIT */
/*
 * Endpoints: the addresses of a section, opened before anything of a plugin
 * runs, and as root if gruvid is.
 *
 *   first hub        bind     without SO_REUSEPORT, so that an address that any
 *                             program has taken is an error
 *                    listen
 *                    allow    SO_REUSEPORT: by now the address is ours
 *   the other hubs   bind, listen    with SO_REUSEPORT
 *
 * So each hub has a queue of its own for a TCP port, and the kernel spreads the
 * connections over the queues.  A Unix socket has one queue, and so has an
 * inherited socket: there all hubs listen on one socket, and the first hub to
 * accept gets the connection.
 */
#include "serve/listen.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "instance/instance.h"

static const char *
hint(const char *address, int err)
{
    if (strncmp(address, "fd:", 3) == 0 &&
        (err == UV_EBADF || err == UV_ENOTSOCK || err == UV_EINVAL))
        return "; it wants a socket that listens, inherited from whoever "
               "starts gruvid";
    switch (err) {
    case UV_EADDRINUSE:
        return "; stop who has it, or give another with listen";
    case UV_EACCES:
        return "; ports below 1024 want root or CAP_NET_BIND_SERVICE";
    case UV_EADDRNOTAVAIL:
        return "; it is none of this machine's addresses";
    default:
        return "";
    }
}

static int
share_port(struct gruvid__endpoint *endpoint)
{
    int on = 1;

    endpoint->reuse_port = true;
    if (setsockopt(gruvi_listener_fd(endpoint->listener), SOL_SOCKET,
                   SO_REUSEPORT, &on, sizeof on) < 0)
        return uv_translate_sys_error(errno);
    /* The address and the port that the kernel gave. */
    return gruvi_listener_address(endpoint->listener, endpoint->shared,
                                  sizeof endpoint->shared);
}

static int
share(struct gruvid__endpoint *endpoint)
{
    int fd = gruvi_listener_fd(endpoint->listener);
    union {
        struct sockaddr any;
        struct sockaddr_storage room;
    } at;
    socklen_t length = sizeof at;

    if (getsockname(fd, &at.any, &length) < 0)
        return uv_translate_sys_error(errno);
    if (at.any.sa_family != AF_UNIX &&
        strncmp(endpoint->address, "fd:", 3) != 0)
        return share_port(endpoint);
    snprintf(endpoint->shared, sizeof endpoint->shared, "fd:%d", fd);
    return 0;
}

/* first: the same endpoint in the first shard; NULL: this is that. */
static int
open_endpoint(struct gruvid__endpoint *endpoint,
              const struct gruvid__endpoint *first)
{
    gruvi_listen_options_t options = {0};
    const char *address = endpoint->address;
    int err;

    if (first != NULL) {
        address = first->shared;
        options.reuse_port = first->reuse_port;
    }
    if (gruvid__is_tls(address)) {
        /* The same for all hubs: any of them can resume a client's session. */
        endpoint->tls =
            first != NULL
                ? gruvi_tls_ref(first->tls)
                : gruvid__section_tls(endpoint->shard->plugin->section);
        if (endpoint->tls == NULL)
            return gruvi_last_error();
        options.tls = endpoint->tls;
    }
    err = gruvi_listen(&endpoint->listener, address, &options);
    if (err == 0 && first == NULL && endpoint->shard->plugin->n_shards > 1)
        err = share(endpoint);
    return err;
}

int
gruvid__endpoints_open(struct gruvid__shard *shard)
{
    const gruvid_plugin_t *plugin = shard->plugin;
    const char *const *addresses =
        gruvid__section_list(plugin->section, "listen", NULL);
    const struct gruvid__shard *first = &plugin->shards[0];
    int err = 0;

    shard->endpoints = calloc(plugin->n_endpoints, sizeof *shard->endpoints);
    if (shard->endpoints == NULL)
        return UV_ENOMEM;
    for (size_t i = 0; i < plugin->n_endpoints && err == 0; i++) {
        struct gruvid__endpoint *endpoint = &shard->endpoints[i];

        endpoint->shard = shard;
        endpoint->address = addresses[i];
        shard->culprit = endpoint;
        err = open_endpoint(endpoint,
                            shard == first ? NULL : &first->endpoints[i]);
    }
    return err;
}

void
gruvid__log_listen_error(const struct gruvid__shard *shard)
{
    const char *name = shard->plugin->name;

    if (shard->culprit == NULL)
        gruvi_error("plugin %s: %s", name, gruvi_strerror(shard->status));
    else
        gruvi_error("plugin %s: cannot listen on %s: %s%s", name,
                    shard->culprit->address, gruvi_strerror(shard->status),
                    hint(shard->culprit->address, shard->status));
}

void
gruvid__endpoints_close(struct gruvid__shard *shard)
{
    for (size_t i = 0;
         shard->endpoints != NULL && i < shard->plugin->n_endpoints; i++) {
        struct gruvid__endpoint *endpoint = &shard->endpoints[i];

        gruvi_listener_close(endpoint->listener);
        gruvi_stream_close(endpoint->held);
        gruvi_tls_unref(endpoint->tls);
        if (endpoint->acceptor != NULL)
            gruvi_fiber_unref(endpoint->acceptor);
    }
    free(shard->endpoints);
    shard->endpoints = NULL;
}
