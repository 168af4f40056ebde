/* SPDX-License-Identifier: MIT */
/* Numbers of users and groups. */
#ifndef GRUVID_OS_ACCOUNT_H
#define GRUVID_OS_ACCOUNT_H

#include <stddef.h>
#include <sys/types.h>

/*
 * Look up a user, or a group.  It was there when the configuration was read.
 *
 *   uid, gid  where to put its number, and that of its group; left as they are
 *             on failure
 *   why       where to put a sentence about a failure
 *
 * Returns 0, or an error: UV_ENOENT; UV_EMFILE and its like, where the system
 * cannot look.
 * Context: the leader; libc keeps what it has found until the next call.
 */
int gruvid__find_user(const char *name, uid_t *uid, gid_t *gid, char *why,
                      size_t why_size);
int gruvid__find_group(const char *name, gid_t *gid, char *why,
                       size_t why_size);

#endif
