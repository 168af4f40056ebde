/* SPDX-License-Identifier: MIT */
/*
 * All that is set, for an operator to see: without secrets.
 *
 * A secret is not shown at all.  In any other value the user and password of a
 * URL are hidden, wherever the URL is.  A password may hold any character, and
 * its writer may have escaped none: so all from "://" to the last '@' of the
 * word counts.
 */
#include <stdlib.h>
#include <string.h>

#include "config/internal.h"

#define HIDDEN "***"

/* Where the word ends that begins here. */
static size_t
word_length(const char *text)
{
    return strcspn(text, " \t\r\n");
}

/* The last '@' of a word, or NULL. */
static const char *
last_at(const char *text, size_t length)
{
    return memrchr(text, '@', length);
}

char *
gruvid__config_mask(const char *text)
{
    /* What is hidden has at least one character: three take its place. */
    char *masked = malloc(3 * strlen(text) + 1), *to = masked;
    const char *begin;

    if (masked == NULL)
        return NULL;
    while ((begin = strstr(text, "://")) != NULL) {
        const char *at = last_at(begin + 3, word_length(begin + 3));

        to = mempcpy(to, text, (size_t)(begin + 3 - text));
        text = begin + 3;
        if (at == NULL)
            continue;
        if (at > text)
            to = stpcpy(to, HIDDEN);
        text = at;
    }
    strcpy(to, text);
    return masked;
}

static void
show_table(const gruvid__section_t *section, const gruvid__table_t *table,
           gruvid__config_show_fn *fn, void *arg)
{
    for (size_t i = 0; table->values != NULL && i < table->length; i++) {
        struct gruvid__setting setting = {
            .section = section->name,
            .key = table->keys[i].option.name,
            .value = &table->values[i],
            .secret = table->keys[i].option.type == GRUVID_SECRET,
            .repeats = table->keys[i].repeats,
        };

        fn(&setting, arg);
    }
}

void
gruvid__config_show(const gruvid__config_t *config, gruvid__config_show_fn *fn,
                    void *arg)
{
    const gruvid__section_t *section = config->sections;

    for (; section != NULL; section = section->next) {
        show_table(section, &section->own, fn, arg);
        show_table(section, &section->extra, fn, arg);
    }
}
