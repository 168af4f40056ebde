/* SPDX-License-Identifier: MIT */
/* Modules: the files that plugins are loaded from. */
#ifndef GRUVID_PLUGIN_LOAD_H
#define GRUVID_PLUGIN_LOAD_H

#include <stddef.h>

#include <gruvid/plugin.h>

struct gruvid__module {
    struct gruvid__module *next;
    char name[40];
    /* A copy: what a module of an older minor does not have is 0. */
    gruvid_descriptor_t descriptor;
    size_t option_size; /* of an element of descriptor.options */
};

/* The modules that were opened.  Never closed: their code has run. */
struct gruvid__modules {
    struct gruvid__module *first;
};

/*
 * Open a module, or find it if it is open already.
 *
 *   dir   the folder it is in
 *   name  a bare name: of dir/name.so
 *   why   where to put a sentence about a failure
 *
 * Returns a module that lives as long as modules, or NULL.
 */
const struct gruvid__module *
gruvid__module_open(struct gruvid__modules *modules, const char *dir,
                    const char *name, char *why, size_t why_size);

/* Forget all modules.  They stay in the process. */
void gruvid__modules_free(struct gruvid__modules *modules);

#endif
