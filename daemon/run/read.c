/* SPDX-License-Identifier: MIT */
/* The configuration with all modules that it names: see read.h. */
#include "run/read.h"

#include <limits.h>
#include <stdio.h>

#include "module/clash.h"

static void
look_for_clash(const char *dir, gruvid__section_t *section, const char *name)
{
    char path[PATH_MAX];

    if (snprintf(path, sizeof path, "%s/%s.so", dir, name) < (int)sizeof path &&
        gruvid__clash_seen(path))
        gruvid__section_note(
            section, "module",
            "%s was compiled without -fstack-clash-protection: a function with "
            "more local variables than a guard is large changes the stack of "
            "another fiber; see pkg-config --cflags gruvid, or "
            "fibers.guard_size",
            path);
}

static int
check_plugin(gruvid__config_t *config, const char *dir,
             struct gruvid__modules *modules, gruvid__section_t *section)
{
    const char *name = gruvid__section_module(section);
    const struct gruvid__module *module;
    char why[1024];
    size_t addresses;

    if (name == NULL || dir == NULL)
        return 0; /* recorded as a mistake already */
    module = gruvid__module_open(modules, dir, name, why, sizeof why);
    if (module == NULL) {
        gruvid__section_error(section, "module", "%s", why);
        return 0;
    }
    gruvid__section_list(section, "listen", &addresses);
    if (addresses > 0 && module->descriptor.connection == NULL)
        gruvid__section_error(section, "listen",
                              "plugin %s takes no connections", name);
    else if (addresses == 0 && module->descriptor.connection != NULL)
        gruvid__section_note(section, "listen",
                             "no address: plugin %s serves connections, and "
                             "nobody can connect",
                             name);
    if (module->unique[0] != '\0')
        gruvid__section_note(section, "module",
                             "%s has objects that all builds of it share: %s; "
                             "-fno-gnu-unique gives each build its own",
                             module->file, module->unique);
    gruvid__section_set_loaded(section, module);
    gruvid__section_set_alpn(section, module->descriptor.alpn);
    if (module->descriptor.request != NULL)
        gruvid__section_set_answers(section);
    look_for_clash(dir, section, name);
    return gruvid__config_check_plugin(
        config, section, module->descriptor.options, module->option_size);
}

/* Where the module was not loaded, that is said already. */
static bool
answers(const gruvid__section_t *section)
{
    const struct gruvid__module *module = gruvid__section_loaded(section);

    return module == NULL || module->descriptor.request != NULL;
}

int
gruvid__read(const struct gruvid__source *source,
             struct gruvid__modules *modules, gruvid__config_t **config)
{
    gruvid__section_t *section = NULL;
    const char *dir = source->plugin_dir;
    int err = gruvid__config_load_again(config, source->before, source->path,
                                        source->overrides, source->n_overrides);

    if (err == 0 && dir == NULL)
        dir = gruvid__plugin_dir(*config);
    while (err == 0 && (section = gruvid__config_next_plugin(*config, section)))
        err = check_plugin(*config, dir, modules, section);
    if (err == 0) {
        gruvid__config_check_routes(*config, answers);
        gruvid__config_forget(*config);
        return 0;
    }
    gruvid__config_free(*config);
    *config = NULL;
    return UV_ENOMEM;
}
