/* SPDX-License-Identifier: MIT */
/* A file that is to be opened as a module, while it is looked at. */
#ifndef GRUVID_MODULE_CANDIDATE_H
#define GRUVID_MODULE_CANDIDATE_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/stat.h>

#include "module/build.h"
#include "module/image.h"
#include "module/note.h"
#include "module/unique.h"

struct gruvid__candidate {
    const char *path; /* borrowed */
    int fd;           /* -1: it could not be opened, for this reason: */
    int err;
    struct stat st;
    bool unchanged; /* as known: nothing below is set */
    struct gruvid__abi abi;
    struct gruvid__image *image;
    char id[GRUVID__BUILD_ID_SIZE];
    gruvid__digest_t digest;
    struct gruvid__unique unique; /* set by load.c */
    char why[800];                /* of what was refused; without the path */
};

/*
 * Open a file and check it, as far as that goes without its code.
 *
 *   known  the stat of a file that was checked before, where nobody can have
 *          written to it since without changing that; NULL: none
 *
 * Returns false where it is refused; gruvid__candidate_close() either way.
 */
bool gruvid__candidate_open(struct gruvid__candidate *candidate,
                            const char *path, const struct stat *known);

/* Whether a write to the file would change its stat from now on: the times in
 * it are as coarse as the kernel's clock, or a second. */
bool gruvid__candidate_is_settled(const struct gruvid__candidate *candidate);

void gruvid__candidate_close(struct gruvid__candidate *candidate);

/* Say why it is refused.  Returns false, always. */
bool gruvid__candidate_refuse(struct gruvid__candidate *candidate,
                              const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Whether a file that may not be read any more is the one with this stat. */
bool gruvid__candidate_is(const struct gruvid__candidate *candidate,
                          const struct stat *st);

/* Whether somebody has written to it since it was looked at; negative: it
 * cannot be read. */
int gruvid__candidate_has_changed(const struct gruvid__candidate *candidate);

#endif
