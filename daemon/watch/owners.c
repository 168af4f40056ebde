/* SPDX-License-Identifier: MIT */
/* The plugins of modules: see owners.h.  A table that only grows, so that a
 * handler reads it without a lock. */
#include "watch/owners.h"

#include <string.h>

/* Builds of modules, of all times.  Later ones are not known. */
#define MOST 1024

static struct {
    const gruvi__module_t *module;
    char plugin[40];
    bool shared; /* atomic */
} owners[MOST];

static size_t n_owners; /* atomic */

/* Any function of the plugin's tells where its code is. */
const gruvi__module_t *
gruvid__owner_module(const gruvid_plugin_t *plugin)
{
    const gruvid_descriptor_t *descriptor = &plugin->module->descriptor;
    const uintptr_t functions[] = {
        (uintptr_t)descriptor->start, (uintptr_t)descriptor->connection,
        (uintptr_t)descriptor->stop, (uintptr_t)descriptor->request};

    for (size_t i = 0; i < sizeof functions / sizeof *functions; i++)
        if (functions[i] != 0)
            return gruvi__module_at(functions[i]);
    return NULL;
}

/* Its index, or how many there are. */
static size_t
find(const gruvi__module_t *module)
{
    size_t n = __atomic_load_n(&n_owners, __ATOMIC_ACQUIRE), i = 0;

    while (i < n && owners[i].module != module)
        i++;
    return i;
}

void
gruvid__owner_add(const gruvid_plugin_t *plugin)
{
    const gruvi__module_t *module = gruvid__owner_module(plugin);
    size_t i = find(module);

    if (module == NULL || i == MOST)
        return;
    if (i < n_owners) {
        if (strcmp(owners[i].plugin, plugin->name) != 0)
            __atomic_store_n(&owners[i].shared, true, __ATOMIC_RELAXED);
        return;
    }
    owners[i].module = module;
    strncpy(owners[i].plugin, plugin->name, sizeof owners[i].plugin - 1);
    __atomic_store_n(&n_owners, i + 1, __ATOMIC_RELEASE);
}

const char *
gruvid__owner_of(const gruvi__frames_t *frames, const gruvi__module_t **module)
{
    size_t n = __atomic_load_n(&n_owners, __ATOMIC_ACQUIRE);

    for (unsigned k = 0; k < frames->n; k++) {
        size_t i;

        *module = gruvi__module_at(frames->at[k]);
        i = *module == NULL ? n : find(*module);
        if (i < n)
            return __atomic_load_n(&owners[i].shared, __ATOMIC_RELAXED)
                       ? NULL
                       : owners[i].plugin;
    }
    *module = NULL;
    return "";
}
