/* SPDX-License-Identifier: MIT */
/*
 * Entries and a table become values.
 *
 * Every entry is judged, even if a later file or -o overrides it: a mistake
 * must not hide until the line that overrides it goes.  Which entries count:
 *
 *     scalars   the last one; a second in one file is a mistake
 *     lists     all of them; if any comes from -o, only those
 *
 * Plugin sections are checked twice: against gruvid's table, and then against
 * the plugin's, which is known once its module is loaded.  The second check
 * judges keys that are in neither.
 */
#include <uv.h>

#include "config/internal.h"

/* What is known of a key while the entries of its section are read. */
struct slot {
    const gruvid__entry_t *first; /* in the file that was read last */
    bool from_override;           /* a list that -o has replaced */
};

static void __attribute__((format(printf, 3, 4)))
entry_error(gruvid__section_t *section, const gruvid__entry_t *entry,
            const char *format, ...)
{
    gruvid__why_t why;
    va_list args;

    va_start(args, format);
    vsnprintf(why.text, sizeof why.text, format, args);
    va_end(args);
    gruvid__config_error(section->config, entry->file, entry->line,
                         section->name, entry->key, "%s", why.text);
}

static void
check_repeat(gruvid__section_t *section, const gruvid__key_t *key,
             struct slot *slot, const gruvid__entry_t *entry)
{
    if (slot->first == NULL || strcmp(slot->first->file, entry->file) != 0)
        slot->first = entry;
    else if (!key->repeats && !gruvid__is_override(entry->file))
        entry_error(section, entry, "it is there twice; first in line %u",
                    slot->first->line);
}

/* Where an entry's text goes; lists grow elsewhere, see collect_lists(). */
static void
take_entry(gruvid__section_t *section, const gruvid__key_t *key,
           gruvid__value_t *value, const gruvid__entry_t *entry)
{
    gruvid__value_t parsed = {
        .option = &key->option, .file = entry->file, .line = entry->line};
    gruvid__why_t why;

    /* An empty list is written as one empty item. */
    if (key->repeats && *entry->text == '\0')
        parsed.text = NULL;
    else if (!gruvid__parse_value(section->config, key, entry->text, &parsed,
                                  &why)) {
        entry_error(section, entry, "%s", why.text);
        if (strcmp(entry->key, "module") == 0)
            section->module_is_mistake = true;
        return;
    }
    *value = parsed;
}

static void
take_default(gruvid__section_t *section, const gruvid__key_t *key,
             gruvid__value_t *value)
{
    gruvid__why_t why;

    if (key->option.default_value == NULL || key->repeats)
        return;
    if (!gruvid__parse_value(section->config, key, key->option.default_value,
                             value, &why))
        gruvid__section_error(section, key->option.name, "its default: %s",
                              why.text);
}

/* Split a default of several lines; count only if items is NULL. */
static size_t
default_items(gruvid__config_t *config, const char *text, const char **items)
{
    size_t n = 0;

    while (text != NULL && *text != '\0') {
        size_t length = strcspn(text, "\n");

        if (length > 0) {
            if (items != NULL)
                items[n] = gruvid__config_text(config, text, length);
            n++;
        }
        text += length + (text[length] == '\n');
    }
    return n;
}

static bool
is_item(const gruvid__entry_t *entry, const gruvid__value_t *value,
        bool overridden)
{
    return strcmp(entry->key, value->option->name) == 0 &&
           *entry->text != '\0' &&
           (!overridden || gruvid__is_override(entry->file));
}

static void
collect_list(gruvid__section_t *section, const gruvid__key_t *key,
             gruvid__value_t *value, bool overridden)
{
    gruvid__config_t *config = section->config;
    const gruvid__entry_t *e;
    const char **items;
    size_t n = 0;

    for (e = section->entries; e != NULL; e = e->next)
        n += is_item(e, value, overridden);
    if (value->file == NULL)
        n = default_items(config, key->option.default_value, NULL);
    items = gruvid__config_alloc(config, n + 1, sizeof *items);
    if (items == NULL)
        return;
    value->list = items;
    value->list_length = n;
    value->text = NULL;
    if (value->file == NULL) {
        default_items(config, key->option.default_value, items);
        return;
    }
    for (e = section->entries; e != NULL; e = e->next) {
        if (is_item(e, value, overridden))
            *items++ = e->text;
    }
}

static void
finish_value(gruvid__section_t *section, const gruvid__key_t *key,
             gruvid__value_t *value, const struct slot *slot)
{
    bool set = slot->first != NULL;
    bool empty =
        value->file != NULL && (value->text == NULL || *value->text == '\0');

    if (!set)
        take_default(section, key, value);
    if (key->repeats) {
        collect_list(section, key, value, slot->from_override);
        empty = set && value->list_length == 0;
    }
    if (key->option.type == GRUVID_ROUTE)
        gruvid__make_routes(section, value);
    if (key->option.required && !set)
        gruvid__config_error(section->config, section->file, section->line,
                             section->name, key->option.name, "it is required");
    else if (key->option.required && empty)
        gruvid__section_error(section, key->option.name,
                              "it is required, and empty");
}

/* Fill table->values from the entries with a key in the table. */
static void
check_table(gruvid__section_t *section, gruvid__table_t *table)
{
    gruvid__config_t *config = section->config;
    struct slot *slots;

    table->values =
        gruvid__config_alloc(config, table->length, sizeof *table->values);
    slots = gruvid__config_alloc(config, table->length, sizeof *slots);
    if (table->values == NULL || slots == NULL) {
        table->values = NULL;
        return;
    }
    for (size_t i = 0; i < table->length; i++)
        table->values[i].option = &table->keys[i].option;
    for (const gruvid__entry_t *e = section->entries; e != NULL; e = e->next) {
        const gruvid__key_t *key = gruvid__find_key(table, e->key);
        size_t i = key != NULL ? (size_t)(key - table->keys) : 0;

        if (key == NULL)
            continue;
        check_repeat(section, key, &slots[i], e);
        if (gruvid__is_override(e->file))
            slots[i].from_override = true;
        take_entry(section, key, &table->values[i], e);
    }
    for (size_t i = 0; i < table->length; i++)
        finish_value(section, &table->keys[i], &table->values[i], &slots[i]);
}

/* If another section has the key, name that section. */
static const char *
find_home(const char *key)
{
    for (const gruvid__builtin_t *b = gruvid__builtins; b->name != NULL; b++) {
        if (gruvid__find_key(&b->table, key) != NULL)
            return b->name;
    }
    if (gruvid__find_key(&gruvid__plugin_keys, key) != NULL)
        return "plugin NAME";
    return NULL;
}

static void
unknown_key(gruvid__section_t *section, const gruvid__entry_t *entry)
{
    const gruvid__table_t *tables[] = {&section->own, &section->extra};
    gruvid__suggestion_t s = {.word = entry->key};
    const char *home = find_home(entry->key);

    for (size_t t = 0; t < 2; t++) {
        for (size_t i = 0; i < tables[t]->length; i++)
            gruvid__suggest(&s, tables[t]->keys[i].option.name);
    }
    if (home != NULL)
        entry_error(section, entry, "unknown key; it belongs to [%s]", home);
    else if (s.best != NULL)
        entry_error(section, entry, "unknown key; did you mean \"%s\"?",
                    s.best);
    else
        entry_error(section, entry, "unknown key");
}

static void
check_unknown_keys(gruvid__section_t *section)
{
    for (const gruvid__entry_t *e = section->entries; e != NULL; e = e->next) {
        if (gruvid__find_key(&section->own, e->key) == NULL &&
            gruvid__find_key(&section->extra, e->key) == NULL)
            unknown_key(section, e);
    }
}

void
gruvid__config_check(gruvid__config_t *config)
{
    for (gruvid__section_t *s = config->sections; s != NULL; s = s->next) {
        if (s->kind == GRUVID__UNKNOWN)
            continue;
        check_table(s, &s->own);
        if (s->kind == GRUVID__BUILTIN)
            check_unknown_keys(s);
        else
            gruvid__config_check_tls(s);
    }
    for (gruvid__section_t *s = config->sections; s != NULL; s = s->next)
        if (s->kind == GRUVID__PLUGIN && s->own.values != NULL)
            gruvid__config_check_listen(s);
}

/* Every key but the last is known to be sound. */
static bool
last_key_sound(gruvid__config_t *config, const gruvid__table_t *table,
               gruvid__why_t *why)
{
    const gruvid__key_t *last = &table->keys[table->length - 1];

    if (gruvid__find_key(table, last->option.name) != last)
        return gruvid__why(why, "the name is there twice");
    return gruvid__option_sound(config, last, why);
}

/* The plugin's array as a table, with gruvid's keys in front that only some
 * plugins have; false: it is broken, or no memory. */
static bool
copy_table(gruvid__section_t *section, const gruvid_option_t *options,
           size_t option_size)
{
    gruvid__config_t *config = section->config;
    const size_t front = section->answers ? gruvid__request_keys.length : 0;
    gruvid__table_t table = {.length = front};
    gruvid__key_t *keys, key;
    gruvid__why_t why;
    size_t n = 0;

    while (gruvid__option_at(options, option_size, n, &key))
        n++;
    keys = gruvid__config_alloc(config, front + n, sizeof *keys);
    if (keys == NULL)
        return false;
    table.keys = keys;
    for (size_t i = 0; i < front; i++)
        keys[i] = gruvid__request_keys.keys[i];
    while (table.length < front + n) {
        gruvid__key_t *next = &keys[table.length];

        gruvid__option_at(options, option_size, table.length++ - front, next);
        if (!last_key_sound(config, &table, &why)) {
            gruvid__config_error(
                config, section->file, section->line, section->name, NULL,
                "module %s: its option \"%s\" is broken: %s",
                gruvid__section_module(section), next->option.name, why.text);
            return false;
        }
    }
    section->extra = table;
    return true;
}

int
gruvid__config_check_plugin(gruvid__config_t *config,
                            gruvid__section_t *section,
                            const gruvid_option_t *options, size_t option_size)
{
    if (section->kind != GRUVID__PLUGIN || section->extra.values != NULL ||
        (options != NULL && option_size < offsetof(gruvid_option_t, reserved)))
        return UV_EINVAL;
    if (copy_table(section, options, option_size)) {
        check_table(section, &section->extra);
        check_unknown_keys(section);
    }
    return config->no_memory ? UV_ENOMEM : 0;
}
