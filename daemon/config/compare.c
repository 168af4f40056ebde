/* SPDX-License-Identifier: MIT */
/*
 * What has changed between what runs and what was read, by value: "1m" is
 * "60s", and a default is what is written out.  A file counts by what is in it.
 */
#include <string.h>

#include "config/internal.h"

static bool
same_list(const gruvid__value_t *a, const gruvid__value_t *b)
{
    if (a->list_length != b->list_length)
        return false;
    for (size_t i = 0; i < a->list_length; i++)
        if (strcmp(a->list[i], b->list[i]) != 0)
            return false;
    return true;
}

/* Numbers are compared where no word stands for one of them. */
static bool
same_number(const gruvid__value_t *a, const gruvid__value_t *b)
{
    if (a->option->choices != NULL || b->option->choices != NULL)
        return false;
    switch (a->option->type) {
    case GRUVID_BOOL:
        return a->as.boolean == b->as.boolean;
    case GRUVID_INTEGER:
        return a->as.integer == b->as.integer;
    case GRUVID_SIZE:
        return a->as.size == b->as.size;
    case GRUVID_NUMBER:
    case GRUVID_DURATION:
        return a->as.number >= b->as.number && a->as.number <= b->as.number;
    default:
        return false;
    }
}

static bool
same_value(const gruvid__value_t *a, const gruvid__value_t *b)
{
    if (a->option->type != b->option->type || !same_list(a, b))
        return false;
    if (a->text == NULL || b->text == NULL)
        return a->text == b->text;
    return strcmp(a->text, b->text) == 0 || same_number(a, b);
}

bool
gruvid__section_differs(const gruvid__section_t *a, const gruvid__section_t *b,
                        const char *key)
{
    const gruvid__value_t *left = gruvid__section_value(a, key);
    const gruvid__value_t *right = gruvid__section_value(b, key);

    if (left == NULL || right == NULL)
        return left != right;
    return !same_value(left, right);
}

/* Two builds of a module need not have the same options. */
static bool
options_differ(const gruvid__section_t *a, const gruvid__section_t *b)
{
    if (a->extra.length != b->extra.length)
        return true;
    for (size_t i = 0; i < a->extra.length; i++)
        if (a->extra.keys[i].change == 0 &&
            gruvid__section_differs(a, b, a->extra.keys[i].option.name))
            return true;
    return false;
}

static unsigned
change_of(const gruvid__key_t *key)
{
    return key->change != 0 ? key->change : GRUVID__CHANGED_LIVE;
}

/* The name of a module may come from that of the section, and a file counts by
 * its content. */
static bool
is_judged_otherwise(const gruvid__key_t *key)
{
    return key->change == GRUVID__CHANGED_MODULE ||
           key->change == GRUVID__CHANGED_TLS;
}

/* The keys of gruvid that changed. */
static unsigned
compare_own(const gruvid__section_t *a, const gruvid__section_t *b)
{
    unsigned changes = 0;

    for (size_t i = 0; i < a->own.length; i++) {
        const gruvid__key_t *key = &a->own.keys[i];

        if (!is_judged_otherwise(key) &&
            gruvid__section_differs(a, b, key->option.name))
            changes |= change_of(key);
    }
    return changes;
}

/* Among a plugin's own keys there are some that it is not called for. */
static unsigned
compare_extra(const gruvid__section_t *a, const gruvid__section_t *b)
{
    unsigned changes = 0;

    for (size_t i = 0; i < a->extra.length; i++)
        if (a->extra.keys[i].change != 0 &&
            gruvid__section_differs(a, b, a->extra.keys[i].option.name))
            changes |= a->extra.keys[i].change;
    return changes;
}

unsigned
gruvid__section_compare(const gruvid__section_t *a, const gruvid__section_t *b)
{
    unsigned changes = options_differ(a, b) ? GRUVID__CHANGED_OPTIONS : 0;

    changes |= compare_own(a, b) | compare_extra(a, b);
    if (strcmp(gruvid__section_module(a), gruvid__section_module(b)) != 0)
        changes |= GRUVID__CHANGED_MODULE;
    if (a->tls_digest != b->tls_digest)
        changes |= GRUVID__CHANGED_TLS;
    return changes;
}

static void
add_keys(const gruvid__table_t *table, const gruvid__section_t *a,
         const gruvid__section_t *b, char *buf, size_t size)
{
    for (size_t i = 0; i < table->length; i++) {
        const char *name = table->keys[i].option.name;
        size_t length = strlen(buf);

        if (gruvid__section_differs(a, b, name))
            snprintf(buf + length, size - length, "%s%s",
                     length == 0 ? "" : ", ", name);
    }
}

void
gruvid__section_changed_keys(const gruvid__section_t *a,
                             const gruvid__section_t *b, char *buf, size_t size)
{
    *buf = '\0';
    add_keys(&b->own, a, b, buf, size);
    add_keys(&b->extra, a, b, buf, size);
    if (*buf == '\0' && a->tls_digest != b->tls_digest)
        snprintf(buf, size, "the files of TLS");
}

void
gruvid__config_each_change(gruvid__config_t *runs, gruvid__config_t *read,
                           gruvid__change_t change,
                           void (*fn)(void *arg, const char *section,
                                      const char *key, const char *now,
                                      const char *then),
                           void *arg)
{
    for (const gruvid__builtin_t *b = gruvid__builtins; b->name != NULL; b++) {
        const gruvid__section_t *now = gruvid__config_section(runs, b->name);
        const gruvid__section_t *then = gruvid__config_section(read, b->name);

        for (size_t i = 0; i < b->table.length; i++) {
            const gruvid__key_t *key = &b->table.keys[i];
            const char *name = key->option.name;

            if (change_of(key) == change && !key->repeats &&
                gruvid__section_differs(now, then, name))
                fn(arg, b->name, name, gruvid__section_string(now, name),
                   gruvid__section_string(then, name));
        }
    }
}
