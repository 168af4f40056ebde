/* SPDX-License-Identifier: MIT */
/* What gruvid does to its own process before it serves. */
#ifndef GRUVID_PROCESS_H
#define GRUVID_PROCESS_H

#include <stddef.h>

/* Open 0, 1 and 2 where they are closed, so that no socket gets these numbers
 * and with them the output for stderr. */
void gruvid__process_open_stdio(void);

/* Block no signal, whatever the process was started with: what gruvid listens
 * for has to come, and programs that plugins start inherit the mask. */
void gruvid__process_unblock_signals(void);

/* Block what would end a process that does not listen for it yet, but is to do
 * something for it: it comes when gruvid listens. */
void gruvid__process_hold_signals(void);

/* Raise the soft limit of descriptors to the hard one. */
void gruvid__process_raise_limits(void);

/*
 * Become a user, with its groups, for good.
 *
 *   user  "": nothing to do
 *   why   where to put a sentence about a failure
 *
 * Returns 0.
 * Errors:  UV_ENOENT: there is no such user; UV_EPERM and others of the
 *          system.  The process may be half changed and has to end.
 */
int gruvid__process_become(const char *user, char *why, size_t why_size);

#endif
