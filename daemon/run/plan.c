/* SPDX-License-Identifier: MIT */
/* What a reload is to do: see plan.h. */
#include "run/plan.h"

#include <stdlib.h>
#include <string.h>

static bool
is_replace(const gruvid__section_t *section)
{
    const char *how = gruvid__section_string(section, "reload");

    return how != NULL && strcmp(how, "replace") == 0;
}

/* Another build of a module is another module. */
static enum gruvid__step
choose(const struct gruvid__item *item, bool restart)
{
    if (item->old == NULL || restart || item->module != item->old->module ||
        (item->changes & GRUVID__CHANGED_MODULE))
        return GRUVID__STEP_BEGIN;
    if (item->changes & GRUVID__CHANGED_OPTIONS)
        return item->module->descriptor.reconfigure != NULL
                   ? GRUVID__STEP_RECONFIGURE
                   : GRUVID__STEP_BEGIN;
    return item->changes != 0 ? GRUVID__STEP_ADJUST : GRUVID__STEP_KEEP;
}

static void
plan_section(struct gruvid__item *item,
             const struct gruvid__instances *instances,
             gruvid__section_t *section, const char *restart)
{
    const char *name = gruvid__section_plugin(section);

    item->section = section;
    item->module = gruvid__section_loaded(section);
    item->old = gruvid__instance_find(instances, name);
    if (item->old != NULL) {
        item->before = gruvid__section_hold(item->old->section);
        item->module_before = item->old->module;
        item->position_before = item->old->position;
        item->changes = gruvid__section_compare(item->before, section);
    }
    item->step = choose(item, restart != NULL && strcmp(restart, name) == 0);
    item->replaces = item->step == GRUVID__STEP_BEGIN && item->old != NULL &&
                     (is_replace(item->before) || is_replace(section));
}

/* What runs and is not in the configuration. */
static void
plan_ends(struct gruvid__plan *plan, const struct gruvid__instances *instances,
          gruvid__config_t *config)
{
    for (size_t i = 0; i < instances->n; i++) {
        gruvid_plugin_t *plugin = instances->at[i];

        if (plugin->role != GRUVID__CURRENT ||
            gruvid__config_section(config,
                                   gruvid__section_name(plugin->section)))
            continue;
        plan->items[plan->n++] =
            (struct gruvid__item){.step = GRUVID__STEP_END, .old = plugin};
    }
}

static size_t
count_sections(gruvid__config_t *config)
{
    gruvid__section_t *section = NULL;
    size_t n = 0;

    while ((section = gruvid__config_next_plugin(config, section)))
        n++;
    return n;
}

static bool
has_section(gruvid__config_t *config, const char *name)
{
    gruvid__section_t *section = NULL;

    while ((section = gruvid__config_next_plugin(config, section)))
        if (strcmp(gruvid__section_plugin(section), name) == 0)
            return true;
    return false;
}

int
gruvid__plan_make(struct gruvid__plan *plan,
                  const struct gruvid__instances *instances,
                  gruvid__config_t *config, const char *restart)
{
    gruvid__section_t *section = NULL;

    *plan = (struct gruvid__plan){.items = NULL};
    if (restart != NULL && !has_section(config, restart)) {
        gruvi_error("plugin %s is not in the configuration any more: it cannot "
                    "be restarted",
                    restart);
        return UV_ENOENT;
    }
    plan->items =
        calloc(count_sections(config) + instances->n + 1, sizeof *plan->items);
    if (plan->items == NULL) {
        gruvi_error("the reload cannot begin: %s", gruvi_strerror(UV_ENOMEM));
        return UV_ENOMEM;
    }
    while ((section = gruvid__config_next_plugin(config, section))) {
        struct gruvid__item *item = &plan->items[plan->n];

        item->position = plan->n++;
        plan_section(item, instances, section, restart);
    }
    plan_ends(plan, instances, config);
    return 0;
}

void
gruvid__plan_free(struct gruvid__plan *plan)
{
    for (size_t i = 0; i < plan->n; i++)
        gruvid__section_drop(plan->items[i].before);
    free(plan->items);
    *plan = (struct gruvid__plan){.items = NULL};
}
