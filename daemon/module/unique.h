/* SPDX-License-Identifier: MIT */
/* Objects that all libraries of a process share, by their name. */
#ifndef GRUVID_MODULE_UNIQUE_H
#define GRUVID_MODULE_UNIQUE_H

#include <stddef.h>

#include "module/image.h"

/*
 * Look at the unique objects of a file that is to be opened.
 *
 *   file    whose earlier builds are looked for: its path
 *   shared  where to put the names of those that an earlier build of the file
 *           has defined, but for the C++ library's; "" if there are none
 *   why     where to put a sentence about a failure
 *
 * Returns 0.
 * Errors:  UV_EINVAL: one has another size than the object of its name that is
 *          in use; UV_ENOMEM.
 */
int gruvid__unique_check(const struct gruvid__image *image, const char *file,
                         char *shared, size_t shared_size, char *why,
                         size_t why_size);

#endif
