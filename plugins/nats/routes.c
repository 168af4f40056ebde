/* SPDX-License-Identifier: MIT */
#include "routes.h"

#include <stdlib.h>
#include <string.h>

#include "line.h"
#include "protocol.h"

/* --- subjects ------------------------------------------------------------- */

/* What begins with '$' is the server's, and a wildcard in front stands for
 * that, and for inboxes: for what nobody means. */
static const char *
refuse(const struct nats_line *line)
{
    if (!nats_is_pattern(line->text, line->size))
        return "is not a subject";
    if (*line->text == '$')
        return "is a subject of the server's own";
    if (line->size > 1024)
        return "is too long";
    if ((*line->text == '*' || *line->text == '>') &&
        (line->size == 1 || line->text[1] == '.'))
        return "begins with a wildcard, which stands for subjects of the "
               "server, too";
    return NULL;
}

static int
check(const char *const *items, size_t n, gruvid_plugin_t *plugin)
{
    for (size_t i = 0; i < n; i++) {
        struct nats_line line;
        const char *why;

        nats_line_split(&line, items[i]);
        why = refuse(&line);
        if (why == NULL && nats_line_is_double(items, i))
            why = "is there twice";
        if (why != NULL) {
            gruvid_plugin_fail(plugin, "route %s: the subject %s", items[i],
                               why);
            return UV_EINVAL;
        }
    }
    return 0;
}

/* --- the table ------------------------------------------------------------ */

static void
free_route(struct nats_route *route)
{
    free(route->subject);
    free(route->target);
    free(route->next);
    free(route->offered);
    free(route);
}

static struct nats_route *
find_subject(const struct nats_routes *routes, const struct nats_line *line)
{
    for (size_t i = 0; i < routes->n; i++)
        if (nats_line_is(line, routes->at[i]->subject))
            return routes->at[i];
    return NULL;
}

static struct nats_route *
new_route(const struct nats_line *line)
{
    struct nats_route *route = calloc(1, sizeof *route);

    if (route == NULL)
        return NULL;
    route->subject = strndup(line->text, line->size);
    route->target = strdup(line->target);
    if (route->subject != NULL && route->target != NULL)
        return route;
    free_route(route);
    return NULL;
}

static bool
add(struct nats_routes *routes, const struct nats_line *line)
{
    if (routes->n == routes->room) {
        size_t room = routes->room == 0 ? 16 : 2 * routes->room;
        struct nats_route **at = realloc(routes->at, room * sizeof *at);

        if (at == NULL)
            return false;
        routes->at = at;
        routes->room = room;
    }
    routes->at[routes->n] = new_route(line);
    if (routes->at[routes->n] == NULL)
        return false;
    routes->at[routes->n++]->sid = ++routes->last;
    return true;
}

/* Have all of the items in the table; false: without memory. */
static bool
offer(struct nats_routes *routes, const char *const *items, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        struct nats_route *route;
        struct nats_line line;

        nats_line_split(&line, items[i]);
        if (find_subject(routes, &line) == NULL && !add(routes, &line))
            return false;
        route = find_subject(routes, &line);
        route->offered = strdup(line.target);
        if (route->offered == NULL)
            return false;
    }
    return true;
}

int
nats_routes_read(struct nats_routes *routes, gruvid_plugin_t *plugin)
{
    size_t n;
    const char *const *items = gruvid_option_list(plugin, "route", &n);
    int err = check(items, n, plugin);

    if (err < 0)
        return err;
    if (offer(routes, items, n))
        return 0;
    nats_routes_undo(routes);
    gruvid_plugin_fail(plugin, "there is no memory for its routes");
    return UV_ENOMEM;
}

void
nats_routes_take(struct nats_routes *routes)
{
    for (size_t i = 0; i < routes->n; i++) {
        struct nats_route *route = routes->at[i];

        route->wanted = route->offered != NULL;
        if (route->wanted)
            nats_line_retarget(route->target, &route->next, &route->offered);
    }
}

void
nats_routes_undo(struct nats_routes *routes)
{
    for (size_t i = 0; i < routes->n; i++) {
        free(routes->at[i]->offered);
        routes->at[i]->offered = NULL;
    }
    nats_routes_clean(routes);
}

struct nats_route *
nats_routes_find(const struct nats_routes *routes, uint64_t sid)
{
    size_t low = 0, high = routes->n;

    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (routes->at[middle]->sid < sid)
            low = middle + 1;
        else
            high = middle;
    }
    return low < routes->n && routes->at[low]->sid == sid ? routes->at[low]
                                                          : NULL;
}

struct nats_route *
nats_routes_waiting(const struct nats_routes *routes, const char **target)
{
    for (size_t i = 0; i < routes->n; i++) {
        struct nats_route *route = routes->at[i];

        *target = route->next != NULL ? route->next : route->target;
        if (route->wanted && (!route->ready || route->next != NULL))
            return route;
    }
    return NULL;
}

void
nats_route_begin(struct nats_route *route)
{
    route->ready = true;
    if (route->next == NULL)
        return;
    free(route->target);
    route->target = route->next;
    route->next = NULL;
}

size_t
nats_routes_ready(const struct nats_routes *routes)
{
    size_t n = 0;

    for (size_t i = 0; i < routes->n; i++)
        n += routes->at[i]->ready && routes->at[i]->wanted;
    return n;
}

void
nats_routes_clean(struct nats_routes *routes)
{
    size_t kept = 0;

    for (size_t i = 0; i < routes->n; i++) {
        if (routes->at[i]->wanted)
            routes->at[kept++] = routes->at[i];
        else
            free_route(routes->at[i]);
    }
    routes->n = kept;
}

void
nats_routes_free(struct nats_routes *routes)
{
    for (size_t i = 0; i < routes->n; i++)
        free_route(routes->at[i]);
    free(routes->at);
    *routes = (struct nats_routes){NULL, 0, 0, 0};
}
