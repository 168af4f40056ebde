/* SPDX-License-Identifier: MIT */
/*
 * Routes: which plugin answers a subject.  A route is subscribed from when its
 * plugin answers on; until then nobody is told that somebody listens.
 *
 * A route has one number for as long as it is there, in all connections.
 */
#ifndef NATS_ROUTES_H
#define NATS_ROUTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <gruvid/plugin.h>

struct nats_route {
    char *subject, *target; /* owned */
    char *next;    /* a reload's: takes the place of target; NULL: none */
    char *offered; /* a reload's, as long as that may be refused */
    uint64_t sid;
    bool ready;  /* its plugin answers: it is to be subscribed */
    bool wanted; /* a reload has it */
};

struct nats_routes {
    struct nats_route **at; /* by sid */
    size_t n, room;
    uint64_t last; /* sid */
};

/*
 * Read the routes of the section, to take or to undo them: new routes are
 * added, not ready, and not wanted.
 *
 * Returns 0; UV_EINVAL or UV_ENOMEM after gruvid_plugin_fail(), and nothing has
 * changed.
 */
int nats_routes_read(struct nats_routes *routes, gruvid_plugin_t *plugin);

/* Those that were read are wanted, and no others; or nothing was read. */
void nats_routes_take(struct nats_routes *routes);
void nats_routes_undo(struct nats_routes *routes);

/* The route of a number; NULL: there is none. */
struct nats_route *nats_routes_find(const struct nats_routes *routes,
                                    uint64_t sid);

/* The first that waits for its plugin, and for which; NULL: none. */
struct nats_route *nats_routes_waiting(const struct nats_routes *routes,
                                       const char **target);

/* Its plugin answers now. */
void nats_route_begin(struct nats_route *route);

/* How many are ready. */
size_t nats_routes_ready(const struct nats_routes *routes);

/* Forget the routes that are not wanted; all routes. */
void nats_routes_clean(struct nats_routes *routes);
void nats_routes_free(struct nats_routes *routes);

#endif
