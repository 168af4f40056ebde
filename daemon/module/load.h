/* SPDX-License-Identifier: MIT */
/*
 * Modules: the files that plugins are loaded from.
 *
 * A file may be replaced while gruvid runs.  Each build of it that was opened
 * is a module of its own, and stays in the process to its end: fibers, threads
 * and callbacks may still run its code.
 */
#ifndef GRUVID_PLUGIN_LOAD_H
#define GRUVID_PLUGIN_LOAD_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/stat.h>

#include <gruvid/plugin.h>

#include "module/build.h"

/* One build of a module.  Nothing here changes once it is open. */
struct gruvid__module {
    struct gruvid__module *next; /* opened before this; of any name */
    char name[40];
    /* A copy: what a module of an older minor does not have is 0. */
    gruvid_descriptor_t descriptor;
    unsigned abi_minor; /* that it was made for */
    size_t option_size; /* of an element of descriptor.options */

    char *file;     /* plugin_dir/NAME.so */
    char *path;     /* the same, as dlopen() was told */
    unsigned build; /* 1 for the first that was opened of this file, then 2 */
    char build_id[GRUVID__BUILD_ID_SIZE];

    uintptr_t start, end; /* its addresses */
    size_t mapped;        /* bytes of its segments, in whole pages */
    size_t tls;           /* bytes that each thread has of it */
    bool static_tls;      /* from the room for static TLS, which is bounded */

    char *unique; /* objects that its builds share, as unique.h names them */

    char *refused; /* NULL; or why it is of no use, although it was opened */

    struct stat file_stat; /* of the file that was opened */
    bool settled;          /* that tells whether the file was written to */
    gruvid__digest_t digest;
};

/* The modules that were opened.  Never closed: their code has run.  Modules are
 * only ever added, at the front, so any thread may look. */
struct gruvid__modules {
    struct gruvid__module *first; /* atomic: gruvid__modules_first() */
    struct gruvid__module_file *files;

    /* A gruvid by which a module is opened first; NULL: by none.  See trial.c.
     */
    const char *trial_program;
    double trial_seconds;
};

/*
 * Open a module as it is in its file now, or find it if this build of it is
 * open already.  A file that gruvid has opened as root and its user may not
 * read is what it was, as long as it has not changed.
 *
 *   dir   the folder it is in
 *   name  a bare name: of dir/name.so
 *   why   where to put a sentence about a failure
 *
 * Constructors of the module run here.  Calls wait for each other.
 *
 * Returns a module that lives as long as modules, or NULL.
 * Context: any thread.
 */
const struct gruvid__module *
gruvid__module_open(struct gruvid__modules *modules, const char *dir,
                    const char *name, char *why, size_t why_size);

/* What the last gruvid__module_open() of this file that went well has found,
 * without a look at the file; NULL: there was none.  Context: any thread. */
const struct gruvid__module *
gruvid__module_current(struct gruvid__modules *modules, const char *dir,
                       const char *name);

/* The module that was opened last; its next is the one before.  Those with
 * refused are among them.  Context: any thread. */
const struct gruvid__module *
gruvid__modules_first(const struct gruvid__modules *modules);

/* Forget all modules.  They stay in the process. */
void gruvid__modules_free(struct gruvid__modules *modules);

#endif
