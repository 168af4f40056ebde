/* SPDX-License-Identifier: MIT */
/* A plugin's file as dlopen() will see it: its headers, and whether it can be
 * loaded as far as they say. */
#ifndef GRUVID_MODULE_IMAGE_H
#define GRUVID_MODULE_IMAGE_H

#include <link.h>
#include <stddef.h>
#include <stdint.h>

/* The headers of a file.  Read-only; from gruvid__image_open(). */
struct gruvid__image {
    int fd; /* borrowed */
    uint64_t size;
    ElfW(Phdr) * segments;
    unsigned n_segments;
    ElfW(Dyn) * dynamic; /* n_dynamic entries; DT_NULL may be missing */
    size_t n_dynamic;
    char *names; /* NULL: too large to look at */
    size_t names_size;
};

/*
 * Read and check the headers of a file that has the note of a plugin.  dlopen()
 * believes what they say, and ends the process where they are wrong.
 *
 *   image  the result; NULL on failure
 *   fd     borrowed until gruvid__image_free(); its position is neither used
 *          nor changed
 *   why    where to put a sentence about a failure, without the file's name
 *
 * Returns 0.
 * Errors:  UV_EINVAL: damaged, or needs what gruvid does not give: an
 * executable stack, a sanitizer's runtime; UV_EIO: could not be read;
 * UV_ENOMEM.
 */
int gruvid__image_open(struct gruvid__image **image, int fd, char *why,
                       size_t why_size);

/* NULL is fine. */
void gruvid__image_free(struct gruvid__image *image);

/*
 * Bytes of the file, by their place in it, and by their address where they are
 * loaded; a NUL is behind them.
 *
 * Returns memory for free(); NULL: there are no such bytes, or no memory.
 */
void *gruvid__image_read(const struct gruvid__image *image, uint64_t offset,
                         size_t n);
void *gruvid__image_read_at(const struct gruvid__image *image, uint64_t address,
                            size_t n);

/* The first entry with this tag of the dynamic section; NULL: none. */
const ElfW(Dyn) *
    gruvid__image_dynamic(const struct gruvid__image *image, long tag);

/* A name, by its offset in the names; NULL: there is no such name. */
const char *gruvid__image_name(const struct gruvid__image *image,
                               uint64_t offset);

/* Open a file, and say only whether that went well. */
int gruvid__image_check(int fd, char *why, size_t why_size);

#endif
