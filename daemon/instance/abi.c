/* SPDX-License-Identifier: MIT */
/*
 * The calls of gruvid/plugin.h.  An instance is opaque to a plugin.  The calls
 * answer for the shard in the caller's hub.  Options are values of the
 * configuration, which were checked at the start.
 */
#include <stdarg.h>
#include <stdio.h>

#include "instance/handover.h"
#include "instance/instance.h"
#include "instance/options.h"
#include "instance/shard.h"
#include "log/sink.h"

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

/* --- generations ---------------------------------------------------------- */

void
gruvid_plugin_fail(gruvid_plugin_t *plugin, const char *format, ...)
{
    struct gruvid__shard *shard = gruvid__shard_here(plugin);
    va_list args;

    if (shard == NULL)
        return;
    va_start(args, format);
    vsnprintf(shard->failure, sizeof shard->failure, format, args);
    va_end(args);
}

uint64_t
gruvid_plugin_generation(const gruvid_plugin_t *plugin)
{
    return plugin->generation;
}

bool
gruvid_plugin_draining(const gruvid_plugin_t *plugin)
{
    return __atomic_load_n(&plugin->draining, __ATOMIC_ACQUIRE);
}

gruvi_event_t *
gruvid_plugin_drain_event(gruvid_plugin_t *plugin)
{
    return &plugin->drain_event;
}

void
gruvid_log_each(gruvi_log_level_t level, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    gruvid__log_each(level, format, args);
    va_end(args);
}

/* What handover may put into, or NULL. */
static struct gruvid__handover *
given(const gruvid_plugin_t *plugin)
{
    const struct gruvid__shard *shard = gruvid__shard_here(plugin);

    return shard != NULL && shard->handing_over ? plugin->given : NULL;
}

int
gruvid_handover_put(gruvid_plugin_t *plugin, const char *name, const void *data,
                    size_t size)
{
    struct gruvid__handover *to = given(plugin);

    return to == NULL ? UV_EPERM : gruvid__handover_put(to, name, data, size);
}

int
gruvid_handover_put_fd(gruvid_plugin_t *plugin, const char *name, int fd)
{
    struct gruvid__handover *to = given(plugin);

    return to == NULL ? UV_EPERM : gruvid__handover_put_fd(to, name, fd);
}

/* What the first start may get from, or NULL. */
static struct gruvid__handover *
received(const gruvid_plugin_t *plugin)
{
    const struct gruvid__shard *shard = gruvid__shard_here(plugin);

    return is_starting(shard) && shard == &plugin->shards[0] ? plugin->received
                                                             : NULL;
}

const void *
gruvid_handover_get(gruvid_plugin_t *plugin, const char *name, size_t *size)
{
    const struct gruvid__handover *from = received(plugin);

    if (size != NULL)
        *size = 0;
    return from == NULL ? NULL : gruvid__handover_get(from, name, size);
}

int
gruvid_handover_take_fd(gruvid_plugin_t *plugin, const char *name)
{
    struct gruvid__handover *from = received(plugin);

    return from == NULL ? UV_ENOENT : gruvid__handover_take_fd(from, name);
}

/* --- options -------------------------------------------------------------- */

/* What the getters answer from. */
static const struct gruvid__options *
options_of(const gruvid_plugin_t *plugin)
{
    const struct gruvid__shard *shard = gruvid__shard_here(plugin);

    return __atomic_load_n(shard != NULL ? &shard->options : &plugin->options,
                           __ATOMIC_ACQUIRE);
}

/* The value of an option, or NULL with a line in the log: then the plugin is
 * wrong.  Every type has text, but for a list. */
static const struct gruvid__option_value *
find(const gruvid_plugin_t *plugin, const char *name, gruvid_option_type_t type)
{
    const struct gruvid__option_value *value =
        gruvid__options_find(options_of(plugin), name);
    gruvid_option_type_t has;

    if (value == NULL) {
        gruvi_error("plugin %s asks for its option \"%s\" and has none of that "
                    "name",
                    plugin->name, name);
        return NULL;
    }
    has = value->type;
    if (has != type && (type != GRUVID_STRING || has == GRUVID_LIST) &&
        (type != GRUVID_LIST || has != GRUVID_TARGET)) {
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
    const struct gruvid__option_value *value =
        find(plugin, name, GRUVID_STRING);

    return value == NULL ? NULL : value->text;
}

bool
gruvid_option_bool(const gruvid_plugin_t *plugin, const char *name)
{
    const struct gruvid__option_value *value = find(plugin, name, GRUVID_BOOL);

    return value != NULL && value->as.boolean;
}

int64_t
gruvid_option_integer(const gruvid_plugin_t *plugin, const char *name)
{
    const struct gruvid__option_value *value =
        find(plugin, name, GRUVID_INTEGER);

    return value == NULL ? 0 : value->as.integer;
}

double
gruvid_option_number(const gruvid_plugin_t *plugin, const char *name)
{
    const struct gruvid__option_value *value =
        find(plugin, name, GRUVID_NUMBER);

    return value == NULL ? 0 : value->as.number;
}

uint64_t
gruvid_option_size(const gruvid_plugin_t *plugin, const char *name)
{
    const struct gruvid__option_value *value = find(plugin, name, GRUVID_SIZE);

    return value == NULL ? 0 : value->as.size;
}

double
gruvid_option_duration(const gruvid_plugin_t *plugin, const char *name)
{
    const struct gruvid__option_value *value =
        find(plugin, name, GRUVID_DURATION);

    return value == NULL ? 0 : value->as.number;
}

const char *const *
gruvid_option_list(const gruvid_plugin_t *plugin, const char *name,
                   size_t *length)
{
    static const char *const none[] = {NULL};
    const struct gruvid__option_value *value = find(plugin, name, GRUVID_LIST);

    if (length != NULL)
        *length = value == NULL ? 0 : value->list_length;
    return value == NULL ? none : value->list;
}
