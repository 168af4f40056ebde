/* SPDX-License-Identifier: MIT */
#include "instance/options.h"

#include <stdlib.h>
#include <string.h>

#include <gruvi/error.h>

/* --- records -------------------------------------------------------------- */

static void
wipe(const char *text)
{
    if (text == NULL)
        return;
    explicit_bzero((char *)text, strlen(text)); /* it may be a secret */
    free((char *)text);
}

static void
free_record(struct gruvid__options *options)
{
    struct gruvid__option_value *value;

    for (size_t i = 0; i < options->n; i++) {
        value = &options->values[i];
        for (size_t k = 0; value->list != NULL && k < value->list_length; k++)
            wipe(value->list[k]);
        free((void *)value->list);
        wipe(value->text);
        free((char *)value->name);
    }
    free(options);
}

/* False: there is no memory, and what there is of the copy can be freed. */
static bool
copy_value(struct gruvid__option_value *copy, const gruvid__value_t *value)
{
    const char **list = calloc(value->list_length + 1, sizeof *list);

    copy->type = value->option->type;
    copy->as = value->as;
    copy->name = strdup(value->option->name);
    copy->list = list;
    if (copy->name == NULL || list == NULL)
        return false;
    copy->list_length = value->list_length;
    for (size_t i = 0; i < value->list_length; i++) {
        list[i] = strdup(value->list[i]);
        if (list[i] == NULL)
            return false;
    }
    if (value->text != NULL)
        copy->text = strdup(value->text);
    return value->text == NULL || copy->text != NULL;
}

static size_t
count(const gruvid__section_t *section)
{
    size_t n = 0;

    while (gruvid__section_at(section, n) != NULL)
        n++;
    return n;
}

static struct gruvid__options *
make_record(const gruvid__section_t *section)
{
    size_t n = count(section);
    struct gruvid__options *options =
        calloc(1, sizeof *options + n * sizeof options->values[0]);

    if (options == NULL)
        return NULL;
    options->n = n;
    for (size_t i = 0; i < n; i++)
        if (!copy_value(&options->values[i], gruvid__section_at(section, i))) {
            free_record(options);
            return NULL;
        }
    return options;
}

static bool
same_text(const char *a, const char *b)
{
    return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

/* "60s" is not "1m" here: the plugin may ask for the text. */
static bool
is_copy(const struct gruvid__option_value *copy, const gruvid__value_t *value)
{
    if (copy->type != value->option->type ||
        copy->list_length != value->list_length ||
        !same_text(copy->name, value->option->name) ||
        !same_text(copy->text, value->text))
        return false;
    for (size_t i = 0; i < value->list_length; i++)
        if (strcmp(copy->list[i], value->list[i]) != 0)
            return false;
    return true;
}

static bool
is_record_of(const struct gruvid__options *options,
             const gruvid__section_t *section)
{
    if (options->n != count(section))
        return false;
    for (size_t i = 0; i < options->n; i++)
        if (!is_copy(&options->values[i], gruvid__section_at(section, i)))
            return false;
    return true;
}

struct gruvid__options *
gruvid__options_of(gruvid_plugin_t *plugin, const gruvid__section_t *section)
{
    struct gruvid__options *options = plugin->records;

    while (options != NULL && !is_record_of(options, section))
        options = options->next;
    if (options != NULL)
        return options;
    options = make_record(section);
    if (options == NULL)
        return NULL;
    options->next = plugin->records;
    plugin->records = options;
    return options;
}

const struct gruvid__option_value *
gruvid__options_find(const struct gruvid__options *options, const char *name)
{
    for (size_t i = 0; i < options->n; i++)
        if (strcmp(options->values[i].name, name) == 0)
            return &options->values[i];
    return NULL;
}

/* --- sections ------------------------------------------------------------- */

int
gruvid__instance_hold(gruvid_plugin_t *plugin, gruvid__section_t *section)
{
    gruvid__section_t **more;

    for (size_t i = 0; i < plugin->n_held; i++)
        if (plugin->held[i] == section)
            return 0;
    more = realloc(plugin->held, (plugin->n_held + 1) * sizeof(*more));
    if (more == NULL)
        return UV_ENOMEM;
    plugin->held = more;
    more[plugin->n_held++] = gruvid__section_hold(section);
    return 0;
}

void
gruvid__instance_let_go(gruvid_plugin_t *plugin, gruvid__section_t *section)
{
    for (size_t i = 0; i < plugin->n_held; i++)
        if (plugin->held[i] == section) {
            plugin->held[i] = plugin->held[--plugin->n_held];
            gruvid__section_drop(section);
            return;
        }
}

/* Requests follow routes, and have text of them, while these change: routes
 * that were in use stay. */
static void
take_routes(gruvid_plugin_t *plugin, const gruvid__section_t *before,
            const gruvid__section_t *section)
{
    if (gruvid__section_routes_differ(before, section))
        __atomic_store_n(&plugin->routes, gruvid__section_routes(section),
                         __ATOMIC_RELEASE);
}

void
gruvid__instance_adjust(gruvid_plugin_t *plugin, gruvid__section_t *section)
{
    gruvid__section_t *before = plugin->section;
    bool routed = gruvid__section_routes(before) != NULL &&
                  gruvid__section_routes(before) == plugin->routes;

    if (before == section || gruvid__instance_hold(plugin, section) < 0)
        return;
    plugin->section = section;
    plugin->settled = plugin->offered;
    take_routes(plugin, before, section);
    if (!routed)
        gruvid__instance_let_go(plugin, before);
}

void
gruvid__instance_forget(gruvid_plugin_t *plugin)
{
    struct gruvid__options *options;

    while ((options = plugin->records) != NULL) {
        plugin->records = options->next;
        free_record(options);
    }
    while (plugin->n_held > 0)
        gruvid__section_drop(plugin->held[--plugin->n_held]);
    free(plugin->held);
}
