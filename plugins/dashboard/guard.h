/* SPDX-License-Identifier: MIT */
/* The rights to see the page, and the log. */
#ifndef DASHBOARD_GUARD_H
#define DASHBOARD_GUARD_H

#include <gruvid/request.h>

/*
 * Add the headers that every reply has, and check host, origin and method.
 *
 * Returns 0: go on.  A status to return, or a negative code.
 */
int guard_check(gruvid_request_t *request, const gruvid_plugin_t *plugin);

/*
 * Check whether the client may see the log and stacks.
 *
 * Returns as above.
 */
int guard_check_token(gruvid_request_t *request, const gruvid_plugin_t *plugin);

#endif
