/* SPDX-License-Identifier: MIT */
/* Requests of transports, from their route to the end of their reply. */
#include <stdlib.h>
#include <string.h>

#include "request/count.h"
#include "request/cross.h"
#include "request/file.h"
#include "request/request.h"
#include "request/list.h"

/* --- making and freeing --------------------------------------------------- */

int
gruvid_request_new(gruvid_request_t **result, gruvid_plugin_t *plugin,
                   const gruvid_incoming_t *incoming)
{
    const struct gruvid__hub *hub = gruvid__hub_self();
    struct gruvid__arena arena;
    struct gruvid_request *request = gruvid__arena_begin(
        &arena, gruvid__shard_here(plugin), sizeof *request);

    *result = NULL;
    if (request == NULL)
        return UV_ENOMEM;
    request->arena = arena;
    request->in = *incoming;
    request->plugin = plugin;
    request->hub = hub == NULL ? 0 : hub->number;
    request->length = -1;
    if (!gruvid__request_read_head(request)) {
        gruvid_request_free(request);
        return UV_ENOMEM;
    }
    *result = request;
    return 0;
}

void
gruvid_request_free(gruvid_request_t *request)
{
    struct gruvid__arena arena;

    if (request == NULL)
        return;
    gruvid__answers_free(request);
    if (request->body_is_own)
        free(request->body);
    arena = request->arena;
    gruvid__arena_end(&arena);
}

/* --- to a plugin ---------------------------------------------------------- */

/* In this fiber. */
static GRUVI_SWITCHPOINT int
call_here(struct gruvid_request *request)
{
    int status;

    gruvid__requests_add(request);
    status = gruvid__request_call(request);
    gruvid__requests_remove(request);
    return status;
}

/* In another; the target is kept meanwhile. */
static GRUVI_SWITCHPOINT int
call_there(struct gruvid_request *request)
{
    gruvid_plugin_t *target = request->target;
    int status;

    gruvid__requests_come(target);
    status = gruvid__cross(request);
    if (gruvid__requests_came(target))
        gruvid__wake(request->plugin->leader);
    return status;
}

static GRUVI_SWITCHPOINT int
send_to(struct gruvid_request *request, struct gruvid__line *line,
        bool own_fiber)
{
    gruvid_plugin_t *target = __atomic_load_n(&line->target, __ATOMIC_SEQ_CST);
    struct gruvid__shard *here;

    request->section = line->name;
    if (target == NULL)
        return gruvid__reply_page(request, 503) < 0
                   ? gruvid__outcome_send(request, 0)
                   : 503;
    here = gruvid__shard_here(target);
    request->target = target;
    request->shard = here == NULL ? &target->shards[0] : here;
    request->max_body = __atomic_load_n(&target->max_body, __ATOMIC_RELAXED);
    if (request->in.length > 0 &&
        (uint64_t)request->in.length > request->max_body)
        request->refused = 413;
    if (request->refused != 0)
        return gruvid__outcome_send(request, 0);
    return gruvid__outcome_send(request, here != NULL && !own_fiber
                                             ? call_here(request)
                                             : call_there(request));
}

GRUVI_SWITCHPOINT int
gruvid__request_send_to(struct gruvid_request *request,
                        struct gruvid__line *line, bool own_fiber)
{
    gruvid__count_begin(request, line->tallies);
    return gruvid__count_end(request, send_to(request, line, own_fiber));
}

/* --- routes --------------------------------------------------------------- */

static GRUVI_SWITCHPOINT int
send_page(struct gruvid_request *request, int status)
{
    int err = gruvid__reply_page(request, status);

    if (err < 0)
        return gruvid__outcome_send(request, err);
    return request->status;
}

/* No route has taken it. */
static GRUVI_SWITCHPOINT int
explain(struct gruvid_request *request, const struct gruvid__routes *routes)
{
    bool everything = strcmp(request->path, "*") == 0;
    char allow[256];

    if (routes == NULL ||
        !gruvid__routes_allow(routes, request->in.host,
                              everything ? NULL : request->path, allow,
                              sizeof allow))
        return send_page(request, 404);
    if (gruvid__reply_add(request, "Allow", allow) < 0)
        return send_page(request, 503);
    return send_page(request, everything ? 204 : 405);
}

static struct gruvid__line *
line_of(struct gruvid_request *request)
{
    struct gruvid__route *route = request->route;
    struct gruvid__line *line =
        __atomic_load_n(&route->found, __ATOMIC_ACQUIRE);

    if (line == NULL) {
        line = gruvid__line_find(request->plugin->all, route->pattern.target);
        __atomic_store_n(&route->found, line, __ATOMIC_RELEASE);
    }
    return line;
}

static struct gruvid__tally *
tally_of(struct gruvid_request *request, struct gruvid__line *line)
{
    struct gruvid__route *route = request->route;
    struct gruvid__tally *tally =
        __atomic_load_n(&route->tally, __ATOMIC_ACQUIRE);

    if (tally == NULL) {
        tally =
            gruvid__tally_of(request->plugin->all, line, route->pattern.text);
        __atomic_store_n(&route->tally, tally, __ATOMIC_RELEASE);
    }
    return tally == NULL ? line->tallies : tally;
}

/* Of a static route: files are the transport's own. */
static GRUVI_SWITCHPOINT int
send_file(struct gruvid_request *request)
{
    int status = gruvid__static_reply(request);

    gruvid__static_report(request, gruvid__shard_here(request->plugin), status);
    return gruvid__outcome_send(request, status);
}

static GRUVI_SWITCHPOINT int
follow(struct gruvid_request *request)
{
    bool is_static = request->route->pattern.folder != NULL;
    struct gruvid__line *line =
        is_static ? request->plugin->line : line_of(request);

    if (line == NULL)
        return gruvid__count_unrouted(request, send_page(request, 503));
    gruvid__count_begin(request, tally_of(request, line));
    return gruvid__count_end(request, is_static
                                          ? send_file(request)
                                          : send_to(request, line, false));
}

static GRUVI_SWITCHPOINT int
refuse(struct gruvid_request *request, int status)
{
    return gruvid__count_unrouted(request, send_page(request, status));
}

GRUVI_SWITCHPOINT int
gruvid_route(gruvid_request_t *request)
{
    const struct gruvid__routes *routes =
        __atomic_load_n(&request->plugin->routes, __ATOMIC_ACQUIRE);

    if (request->is_malformed)
        return refuse(request, 400);
    if (routes != NULL && strcmp(request->path, "*") != 0)
        request->route = gruvid__routes_find(routes, request->in.method,
                                             request->in.host, request->path);
    return request->route == NULL
               ? gruvid__count_unrouted(request, explain(request, routes))
               : follow(request);
}

GRUVI_SWITCHPOINT int
gruvid_route_to(gruvid_request_t *request, const char *target)
{
    struct gruvid__line *line = gruvid__line_find(request->plugin->all, target);

    if (request->is_malformed)
        return refuse(request, 400);
    if (line == NULL)
        return refuse(request, 404);
    return gruvid__request_send_to(request, line, false);
}

GRUVI_SWITCHPOINT int
gruvid_route_error(gruvid_request_t *request, int status)
{
    return refuse(request, status >= 400 && status <= 599 ? status : 500);
}
