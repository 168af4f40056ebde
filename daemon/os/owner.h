/* SPDX-License-Identifier: MIT */
/* Whether root may believe a file: who owns it, and who may write to it. */
#ifndef GRUVID_OS_OWNER_H
#define GRUVID_OS_OWNER_H

#include <stddef.h>

/*
 * Check a file that is to be read or run by root: the file itself, and each
 * folder and link on the way to it.
 *
 * Its owner, and theirs, is root or the starter of gruvid: with sudo, the user
 * who called that.  Neither others nor a group other than 0 may write.  A
 * sticky folder may be written by anybody, because nobody can replace what
 * another user has there.
 *
 *   path  where something is missing on the way, or may not be seen, that is
 *         left to whoever opens the file.  What cannot be learned for another
 *         reason, such as no memory, is no good
 *   why   where to put a sentence about a failure
 *
 * Returns 0; always, if gruvid does not run as root.
 * Errors:  UV_EPERM; UV_ENOMEM.
 * Context: any thread.
 */
int gruvid__owner_check(const char *path, char *why, size_t why_size);

/* From here on, believe all files: what --trust-files asks for. */
void gruvid__owner_trust(void);

#endif
