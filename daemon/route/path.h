/* SPDX-License-Identifier: MIT */
/* Targets of requests: their path, and the parameters of their query. */
#ifndef GRUVID_ROUTE_PATH_H
#define GRUVID_ROUTE_PATH_H

#include <stdbool.h>
#include <stddef.h>

/*
 * Decode the path of a target, once.
 *
 *   to      where to put it, with a zero byte: no longer than target is
 *   target  "/a//b%20c?d"; its path becomes "/a/b c"
 *
 * Inner segments that are empty are left out.  Returns false where it is no
 * path: it does not begin with "/", a "%" is malformed, a segment is "." or
 * "..", or has a "/", a "\" or a control byte in it, encoded or not.
 */
bool gruvid__path_decode(char *to, const char *target);

/* What is behind the "?" of a target; "" where there is none. */
const char *gruvid__path_query(const char *target);

/*
 * Find a parameter in a query, and decode its value.
 *
 *   to  where to put it, with a zero byte: no longer than the query is
 *
 * The first that can be decoded to name counts.  Returns false where there is
 * none, or its value cannot be decoded or has a zero byte in it.
 */
bool gruvid__query_find(char *to, const char *query, const char *name);

#endif
