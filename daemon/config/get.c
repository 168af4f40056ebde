/* SPDX-License-Identifier: MIT */
/*
 * Checked values, for the rest of the daemon and for gruvid_option_*().
 *
 * Where a key does not exist or has another type, the answer is false, 0, NULL
 * or an empty list.
 */
#include <string.h>

#include "config/internal.h"

static const gruvid__value_t *
find_value(const gruvid__table_t *table, const char *name)
{
    const gruvid__key_t *key = gruvid__find_key(table, name);

    if (key == NULL || table->values == NULL)
        return NULL;
    return &table->values[key - table->keys];
}

const gruvid__value_t *
gruvid__section_value(const gruvid__section_t *section, const char *key)
{
    const gruvid__value_t *value = find_value(&section->own, key);

    return value != NULL ? value : find_value(&section->extra, key);
}

static size_t
count_values(const gruvid__table_t *table)
{
    return table->values == NULL ? 0 : table->length;
}

const gruvid__value_t *
gruvid__section_at(const gruvid__section_t *section, size_t number)
{
    size_t n_own = count_values(&section->own);

    if (number < n_own)
        return &section->own.values[number];
    number -= n_own;
    return number < count_values(&section->extra)
               ? &section->extra.values[number]
               : NULL;
}

static const gruvid__value_t *
value_of_type(const gruvid__section_t *section, const char *key,
              gruvid_option_type_t type)
{
    const gruvid__value_t *value = gruvid__section_value(section, key);

    return value != NULL && value->option->type == type ? value : NULL;
}

void
gruvid__section_set_loaded(gruvid__section_t *section, const void *module)
{
    section->module = module;
}

const void *
gruvid__section_loaded(const gruvid__section_t *section)
{
    return section->module;
}

const char *
gruvid__section_module(const gruvid__section_t *section)
{
    const char *module = gruvid__section_string(section, "module");

    if (section->module_is_mistake)
        return NULL;
    return module != NULL && *module != '\0' ? module : section->plugin;
}

const char *
gruvid__section_string(const gruvid__section_t *section, const char *key)
{
    const gruvid__value_t *value = gruvid__section_value(section, key);

    return value != NULL ? value->text : NULL;
}

bool
gruvid__section_bool(const gruvid__section_t *section, const char *key)
{
    const gruvid__value_t *value = value_of_type(section, key, GRUVID_BOOL);

    return value != NULL && value->as.boolean;
}

int64_t
gruvid__section_integer(const gruvid__section_t *section, const char *key)
{
    const gruvid__value_t *value = value_of_type(section, key, GRUVID_INTEGER);

    return value != NULL ? value->as.integer : 0;
}

double
gruvid__section_number(const gruvid__section_t *section, const char *key)
{
    const gruvid__value_t *value = value_of_type(section, key, GRUVID_NUMBER);

    return value != NULL ? value->as.number : 0;
}

uint64_t
gruvid__section_size(const gruvid__section_t *section, const char *key)
{
    const gruvid__value_t *value = value_of_type(section, key, GRUVID_SIZE);

    return value != NULL ? value->as.size : 0;
}

double
gruvid__section_duration(const gruvid__section_t *section, const char *key)
{
    const gruvid__value_t *value = value_of_type(section, key, GRUVID_DURATION);

    return value != NULL ? value->as.number : 0;
}

const char *const *
gruvid__section_list(const gruvid__section_t *section, const char *key,
                     size_t *length)
{
    static const char *const none[] = {NULL};
    const gruvid__value_t *value = gruvid__section_value(section, key);
    bool some = value != NULL && value->list != NULL;

    if (length != NULL)
        *length = some ? value->list_length : 0;
    return some ? value->list : none;
}

const char *
gruvid__section_socket_owner(const gruvid__section_t *section)
{
    const char *owner = gruvid__section_string(section, "listen_owner");

    if (owner != NULL && *owner != '\0')
        return owner;
    return gruvid__section_string(
        gruvid__config_section(section->config, "gruvid"), "user");
}
