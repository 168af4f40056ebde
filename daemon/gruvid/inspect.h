/* SPDX-License-Identifier: MIT */
/*
 * What gruvictl shows, for plugins: how gruvid is, what its fibers do, what it
 * has logged.  A plugin can look so, and change nothing.
 *
 * plugins/dashboard makes a page of it.
 */
#ifndef GRUVID_INSPECT_H
#define GRUVID_INSPECT_H

#include <gruvi.h>

#include <gruvid/plugin.h>

GRUVI_BEGIN_DECLS

/*
 * Run a command of the control socket that only looks, and wait for its answer:
 * hello, status, plugins, hubs, fibers, pools, requests, connections, config
 * and log, as gruvictl(1) describes them.  It works without a control socket as
 * well.
 *
 *   request  a JSON object: "{\"do\":\"fibers\",\"group\":true}"; copied
 *   limit    the most bytes of the answer; 0: 16 MiB
 *   answer   a string that the caller owns: free().  One JSON object a line,
 *            as gruvictl gets them: a long answer has several, and each
 *            but the last has "more":true.  NULL on failure
 *   size     its bytes, without the zero at the end; may be NULL
 *
 * The command runs in the first hub, and other fibers run meanwhile.  Where a
 * hub does not answer, the answer says so after a second or two.
 *
 * Returns 0.
 * Errors:  UV_EINVAL (no JSON object, no such command, or it takes no such
 *          member); UV_EPERM (a command that does not only look); UV_ENOENT (no
 *          such plugin), and what else a command is refused with; UV_E2BIG (the
 *          answer is longer than limit); UV_ECANCELED, UV_ETIMEDOUT (a deadline
 *          of the fiber): the command is given up; UV_ESHUTDOWN (gruvid ends);
 *          UV_ENOMEM.
 * Context: fiber of a plugin, switchpoint.
 */
GRUVI_API GRUVI_SWITCHPOINT int gruvid_inspect(gruvid_plugin_t *plugin,
                                               const char *request,
                                               size_t limit, char **answer,
                                               size_t *size);

GRUVI_END_DECLS

#endif
