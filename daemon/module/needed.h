/* SPDX-License-Identifier: MIT */
/* Libraries that a plugin links with, and that are in memory in another build.
 */
#ifndef GRUVID_MODULE_NEEDED_H
#define GRUVID_MODULE_NEEDED_H

#include <stdbool.h>
#include <stddef.h>

#include "module/image.h"

/*
 * Look whether the libraries that a file needs are, where they are in memory
 * already, the ones that it would get in a new process.
 *
 *   file   its path
 *   again  an earlier build of the file is open: look also into the folders
 * that the file names.  A first build has got what was there before, in a new
 * process as well. why    where to put a sentence about a failure
 *
 * Returns 0.
 * Errors:  UV_EINVAL: one is not; UV_ENOMEM.
 */
int gruvid__needed_check(const struct gruvid__image *image, const char *file,
                         bool again, char *why, size_t why_size);

#endif
