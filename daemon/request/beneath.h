/* SPDX-License-Identifier: MIT */
/* Files beneath a folder. */
#ifndef GRUVID_REQUEST_BENEATH_H
#define GRUVID_REQUEST_BENEATH_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/stat.h>

#include <gruvi/file.h>

/* A file beside another, which holds the same in another form. */
struct gruvid__variant {
    const char *ending; /* ".gz", behind the whole name */
    int weight;         /* the most is opened; 0: only whether it is there */
};

struct gruvid__found {
    gruvi_file_t *file;
    struct stat st;
    int variant;   /* which it is; -1: the file itself */
    bool varies;   /* there is a variant */
    bool is_local; /* it was in memory, and its close does not wait */
};

/*
 * Open a regular file for reading, or a variant of it that is not older.
 *
 *   folder    whatever links are on the way to it are followed
 *   relative  a path that does not leave it, links included
 *   variants  n of them; of those with the same weight the first is opened
 *
 * Returns 0.
 * Errors:  UV_ENOENT for what leads elsewhere, and is no regular file, too;
 *          UV_EAGAIN where something was renamed again and again; those of
 *          openat2(2).
 * Context: fiber, switchpoint.
 */
GRUVI_SWITCHPOINT int
gruvid__beneath_open(struct gruvid__found *found, const char *folder,
                     const char *relative,
                     const struct gruvid__variant *variants, size_t n);

/* Close it.  Context: fiber, switchpoint. */
GRUVI_SWITCHPOINT void gruvid__beneath_close(struct gruvid__found *found);

#endif
