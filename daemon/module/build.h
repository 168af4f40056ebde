/* SPDX-License-Identifier: MIT */
/* What tells one build of a library from another: its build-id. */
#ifndef GRUVID_MODULE_BUILD_H
#define GRUVID_MODULE_BUILD_H

#include <link.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "module/image.h"

/* Text: the linker's build-id in hexadecimal digits; or "file-" and a digest of
 * the file, where the linker gave none. */
#define GRUVID__BUILD_ID_SIZE 136

/* The content of a file, in 128 bits: for changes, not against attacks. */
typedef unsigned __int128 gruvid__digest_t;

/* The digest of a file.  Returns 0, or a negative code. */
int gruvid__build_digest(int fd, gruvid__digest_t *digest);

/* The build-id of the linker in a file; false: there is none. */
bool gruvid__build_find(const struct gruvid__image *image,
                        char id[GRUVID__BUILD_ID_SIZE]);

/*
 * The build-id of a file, in either form.
 *
 *   digest  where to put the digest of its content
 *
 * Returns 0, or a negative code where the file cannot be read.
 */
int gruvid__build_of_file(const struct gruvid__image *image,
                          char id[GRUVID__BUILD_ID_SIZE],
                          gruvid__digest_t *digest);

/* A library as it is in memory. */
struct gruvid__mapping {
    uintptr_t start, end;           /* the first byte, and behind the last */
    size_t size;                    /* bytes of its segments, in whole pages */
    char id[GRUVID__BUILD_ID_SIZE]; /* "": the linker gave none */
};

/* Look at a library that dl_iterate_phdr() tells of. */
void gruvid__build_of_library(struct gruvid__mapping *mapping,
                              const struct dl_phdr_info *info);

/*
 * Look up a library by the handle of dlopen().
 *
 * Returns false where it is not there.  Context: any thread, but no signal
 * handler.
 */
bool gruvid__build_of_handle(struct gruvid__mapping *mapping, void *handle);

#endif
