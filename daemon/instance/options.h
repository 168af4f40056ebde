/* SPDX-License-Identifier: MIT */
/*
 * What an instance keeps of the configurations that it runs by.
 *
 * The plugin may keep text that a getter gave until its generation ends, and
 * may call getters in threads of its own at any time.  So the getters answer
 * from copies, which live as long as the instance: a record for each set of
 * values that it was told of.  Of the configurations themselves there are the
 * newest, and those whose routes were in use.
 */
#ifndef GRUVID_INSTANCE_OPTIONS_H
#define GRUVID_INSTANCE_OPTIONS_H

#include "config/config.h"
#include "instance/instance.h"

struct gruvid__option_value {
    const char *name;
    gruvid_option_type_t type;
    const char *text;        /* NULL: none */
    const char *const *list; /* ended by NULL */
    size_t list_length;
    union gruvid__number as;
};

/* All values of a section. */
struct gruvid__options {
    struct gruvid__options *next; /* an older record */
    size_t n;
    struct gruvid__option_value values[];
};

/*
 * The values of a section, from the instance's records or as a new record.
 *
 * NULL: there is no memory.
 * Context: first hub.
 */
struct gruvid__options *gruvid__options_of(gruvid_plugin_t *plugin,
                                           const gruvid__section_t *section);

/* NULL: there is no option of that name.  Context: any thread. */
const struct gruvid__option_value *
gruvid__options_find(const struct gruvid__options *options, const char *name);

/* Hold a section until the instance is freed, or lets go of it.  Returns 0, or
 * UV_ENOMEM. */
int gruvid__instance_hold(gruvid_plugin_t *plugin, gruvid__section_t *section);
void gruvid__instance_let_go(gruvid_plugin_t *plugin,
                             gruvid__section_t *section);

/*
 * Have an instance go by a section.  Its getters go on as they are: by values
 * of the plugin that are the same in that section, or that it was told of
 * before. Without memory nothing changes.
 */
void gruvid__instance_adjust(gruvid_plugin_t *plugin,
                             gruvid__section_t *section);

/* The instance is freed. */
void gruvid__instance_forget(gruvid_plugin_t *plugin);

#endif
