/* SPDX-License-Identifier: MIT */
/* Whether a plugin's file can be loaded, as far as its headers say. */
#ifndef GRUVID_MODULE_IMAGE_H
#define GRUVID_MODULE_IMAGE_H

#include <stddef.h>

/*
 * Check the headers of a file that has the note of a plugin.  dlopen() believes
 * what they say, and ends the process where they are wrong.
 *
 *   fd    borrowed; its position is neither used nor changed
 *   why   where to put a sentence about a failure, without the file's name
 *
 * Returns 0.
 * Errors:  UV_EINVAL: damaged, or needs what gruvid does not give: an
 * executable stack, a sanitizer's runtime; UV_EIO: could not be read;
 * UV_ENOMEM.
 */
int gruvid__image_check(int fd, char *why, size_t why_size);

#endif
