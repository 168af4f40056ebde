/* SPDX-License-Identifier: MIT */
/* Objects that all libraries of a process share, by their name. */
#ifndef GRUVID_MODULE_UNIQUE_H
#define GRUVID_MODULE_UNIQUE_H

#include <stddef.h>

#include "module/image.h"

/* Names of unique objects, but for the C++ library's, with commas between them;
 * cut where there are many. */
struct gruvid__unique {
    char own[400];    /* that the file defines */
    char shared[400]; /* of these, what an earlier build of it has defined */
};

/*
 * Look at the unique objects of a file that is to be opened.
 *
 *   unique  the result
 *   file    whose earlier builds are looked for: its path
 *   why     where to put a sentence about a failure
 *
 * Returns 0.
 * Errors:  UV_EINVAL: one has another size than the object of its name that is
 *          in use; UV_ENOMEM.
 */
int gruvid__unique_check(struct gruvid__unique *unique,
                         const struct gruvid__image *image, const char *file,
                         char *why, size_t why_size);

#endif
