/* SPDX-License-Identifier: MIT */
/* Endpoints: the sockets that an instance listens on. */
#ifndef GRUVID_LISTEN_H
#define GRUVID_LISTEN_H

#include <stdbool.h>

#include <gruvi.h>

#include "instance/shard.h"
#include "serve/limit.h"
#include "serve/sockets.h"

/* What an instance listens on, in all hubs. */
struct gruvid__listening {
    struct gruvid__listening *next_left; /* see left_listening */
    struct gruvid__taken taken;
    gruvi_tls_t *tls;                /* owned; NULL: no address has TLS */
    struct gruvid__limits limits;    /* of connections */
    struct gruvid__proxies *proxies; /* owned, until the commit */
};

/* One socket of an address, in one hub. */
struct gruvid__endpoint {
    struct gruvid__endpoint *next, **link; /* on shard->endpoints */
    struct gruvid__shard *shard;
    const struct gruvid__address *address; /* NULL: given back */
    size_t number;                         /* of address->listeners */
    bool tls;
    gruvi_listener_t *listener; /* owned; NULL: closed */
    gruvi_fiber_t *acceptor;    /* owned; NULL: none */
    gruvi_stream_t *held;       /* accepted, and waits for a place; or NULL */
    gruvi_event_t begin;        /* the acceptor may accept */
    bool fresh;                 /* it may not yet */
    bool empty;                 /* at its end it accepts what is queued */
};

/*
 * Take the addresses of a section, with the credentials for them.
 *
 * Returns 0.
 * Errors:  UV_ECANCELED: a stop was asked for meanwhile; others: logged.
 * Context: root fiber of the first hub, switchpoint.
 */
GRUVI_SWITCHPOINT int gruvid__listening_new(gruvid_plugin_t *plugin,
                                            const gruvid__section_t *section,
                                            struct gruvid__listening **result);

/* Give them back, once no endpoint is left that looks at them.  NULL is fine.
 * Context: first hub. */
void gruvid__listening_free(struct gruvid__listening *listening);

/* The same for plugin->left_listening. */
void gruvid__listening_free_left(gruvid_plugin_t *plugin);

/*
 * Open the endpoints of plugin->next_listening that are not there yet, in each
 * hub.  On failure some may be, marked as fresh.
 *
 * Returns 0, or an error; logged.
 * Context: root fiber of the first hub, switchpoint.
 */
GRUVI_SWITCHPOINT int gruvid__endpoints_open(gruvid_plugin_t *plugin);

/* Listen on all addresses of an instance; nothing is accepted yet.  As
 * gruvid__listening_new(). */
GRUVI_SWITCHPOINT int gruvid__listen(gruvid_plugin_t *plugin);

/* Give back what an instance has, and what it will have.  Endpoints go on.
 * Context: the first hub. */
void gruvid__listen_end(gruvid_plugin_t *plugin);

/* Close an endpoint, and free it.  Context: the hub of the shard. */
void gruvid__endpoint_close(struct gruvid__endpoint *endpoint);

/* The same for all that are left. */
void gruvid__endpoints_close(struct gruvid__shard *shard);

#endif
