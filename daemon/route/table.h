/* SPDX-License-Identifier: MIT */
/* The routes of a section, in the order in which they are tried. */
#ifndef GRUVID_ROUTE_TABLE_H
#define GRUVID_ROUTE_TABLE_H

#include "route/pattern.h"

struct gruvid__route {
    struct gruvid__pattern pattern;
    const char *item; /* the text that it was read from; borrowed */

    /* Whoever looks a target up keeps here what it has found, and what counts
     * the requests, which never change; NULL: nobody has.  Atomic. */
    void *found, *tally;
};

struct gruvid__routes {
    struct gruvid__route *at;
    size_t n;
    bool names_hosts; /* one of them */
};

/*
 * Make a table.
 *
 *   items  routes as text, borrowed by the table; what is none is left out
 *   wrong  the item that is a mistake, or NULL
 *   why    what is wrong, in a sentence
 *
 * Returns the table, of memory; NULL where two cannot be told apart, or without
 * memory.
 */
struct gruvid__routes *gruvid__routes_make(const char *const *items, size_t n,
                                           const struct gruvid__memory *memory,
                                           const char **wrong, char *why,
                                           size_t why_size);

/*
 * Find the route of a request.
 *
 *   host  may be NULL, and have a port
 *   path  decoded
 *
 * Returns NULL where none fits, or none that fits takes the method.
 */
struct gruvid__route *gruvid__routes_find(const struct gruvid__routes *routes,
                                          const char *method, const char *host,
                                          const char *path);

/*
 * The methods that routes for a path take: "GET, HEAD, POST".
 *
 *   path  NULL: any
 *
 * Returns whether there are such routes; methods that do not fit are left out.
 */
bool gruvid__routes_allow(const struct gruvid__routes *routes, const char *host,
                          const char *path, char *buf, size_t size);

#endif
