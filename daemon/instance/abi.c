/* SPDX-License-Identifier: MIT */
/*
 * The calls of gruvid/plugin.h.  An instance is opaque to a plugin.  The calls
 * answer for the shard in the caller's hub.  Options are values of the
 * configuration, which were checked at the start.
 */
#include "instance/instance.h"
#include "instance/shard.h"

const char *
gruvid_plugin_name(const gruvid_plugin_t *plugin)
{
    return plugin->name;
}

void *
gruvid_plugin_data(const gruvid_plugin_t *plugin)
{
    return __atomic_load_n(&plugin->data, __ATOMIC_ACQUIRE);
}

/* Whether the plugin's start is running here. */
static bool
is_starting(const struct gruvid__shard *shard)
{
    return shard != NULL && shard->starting;
}

int
gruvid_set_plugin_data(gruvid_plugin_t *plugin, void *data)
{
    if (!is_starting(gruvid__shard_here(plugin)))
        return UV_EPERM;
    __atomic_store_n(&plugin->data, data, __ATOMIC_RELEASE);
    return 0;
}

gruvi_group_t *
gruvid_plugin_group(gruvid_plugin_t *plugin)
{
    struct gruvid__shard *shard = gruvid__shard_here(plugin);

    return shard != NULL ? &shard->group : &plugin->shards[0].group;
}

void *
gruvid_hub_data(const gruvid_plugin_t *plugin)
{
    const struct gruvid__shard *shard = gruvid__shard_here(plugin);

    return shard != NULL ? shard->hub_data : NULL;
}

int
gruvid_set_hub_data(gruvid_plugin_t *plugin, void *data)
{
    struct gruvid__shard *shard = gruvid__shard_here(plugin);

    if (!is_starting(shard))
        return UV_EPERM;
    shard->hub_data = data;
    return 0;
}

/* The value of an option, or NULL with a line in the log: then the plugin is
 * wrong.  Every type has text, but for a list. */
static const gruvid__value_t *
find(const gruvid_plugin_t *plugin, const char *name, gruvid_option_type_t type)
{
    const gruvid__value_t *value = gruvid__section_value(plugin->section, name);
    gruvid_option_type_t has;

    if (value == NULL) {
        gruvi_error("plugin %s asks for its option \"%s\" and has none of that "
                    "name",
                    plugin->name, name);
        return NULL;
    }
    has = value->option->type;
    if (has != type && (type != GRUVID_STRING || has == GRUVID_LIST)) {
        gruvi_error("plugin %s asks for its option \"%s\" as another type than "
                    "it has",
                    plugin->name, name);
        return NULL;
    }
    return value;
}

const char *
gruvid_option_string(const gruvid_plugin_t *plugin, const char *name)
{
    const gruvid__value_t *value = find(plugin, name, GRUVID_STRING);

    return value == NULL ? NULL : value->text;
}

bool
gruvid_option_bool(const gruvid_plugin_t *plugin, const char *name)
{
    const gruvid__value_t *value = find(plugin, name, GRUVID_BOOL);

    return value != NULL && value->as.boolean;
}

int64_t
gruvid_option_integer(const gruvid_plugin_t *plugin, const char *name)
{
    const gruvid__value_t *value = find(plugin, name, GRUVID_INTEGER);

    return value == NULL ? 0 : value->as.integer;
}

double
gruvid_option_number(const gruvid_plugin_t *plugin, const char *name)
{
    const gruvid__value_t *value = find(plugin, name, GRUVID_NUMBER);

    return value == NULL ? 0 : value->as.number;
}

uint64_t
gruvid_option_size(const gruvid_plugin_t *plugin, const char *name)
{
    const gruvid__value_t *value = find(plugin, name, GRUVID_SIZE);

    return value == NULL ? 0 : value->as.size;
}

double
gruvid_option_duration(const gruvid_plugin_t *plugin, const char *name)
{
    const gruvid__value_t *value = find(plugin, name, GRUVID_DURATION);

    return value == NULL ? 0 : value->as.number;
}

const char *const *
gruvid_option_list(const gruvid_plugin_t *plugin, const char *name,
                   size_t *length)
{
    static const char *const none[] = {NULL};

    if (find(plugin, name, GRUVID_LIST) != NULL)
        return gruvid__section_list(plugin->section, name, length);
    if (length != NULL)
        *length = 0;
    return none;
}
