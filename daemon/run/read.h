/* SPDX-License-Identifier: MIT */
/* The configuration with all modules that it names: for a start, for gruvid -t
 * and for a reload. */
#ifndef GRUVID_READ_H
#define GRUVID_READ_H

#include <stddef.h>

#include "config/config.h"
#include "module/load.h"

/* Where a configuration comes from.  All is borrowed. */
struct gruvid__source {
    const char *path; /* NULL: no file */
    const char *const *overrides;
    size_t n_overrides;

    /* Of a reload, else NULL: what was read last, and where modules are
     * whatever the configuration says of it. */
    gruvid__config_t *before;
    const char *plugin_dir;
};

/* The folder of modules. */
static inline const char *
gruvid__plugin_dir(gruvid__config_t *config)
{
    return gruvid__section_string(gruvid__config_section(config, "gruvid"),
                                  "plugin_dir");
}

/*
 * Read and check a configuration, and open the modules that it names, which
 * gruvid__section_loaded() then gives.
 *
 *   config   the result, with all mistakes that were found; NULL on failure
 *   modules  gets the modules that were not open
 *
 * Returns 0, also where there are mistakes; free config with
 * gruvid__config_free().
 * Errors:  UV_ENOMEM.
 * Context: any thread; one at a time.
 */
int gruvid__read(const struct gruvid__source *source,
                 struct gruvid__modules *modules, gruvid__config_t **config);

#endif
