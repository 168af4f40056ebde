/* SPDX-License-Identifier: MIT */
/*
 * What a configuration is made of: files, sections and entries, as they were
 * read.  Nothing is judged here but the names of sections.
 *
 *   config -> sections -> entries      lists, in the order of reading
 *          -> by_name                  the sections again, as a tree: a file of
 *                                      a million sections takes seconds
 *          -> files                    so that no file is read twice
 */
#include <search.h>
#include <stdlib.h>
#include <string.h>

#include <gruvi.h>

#include "config/internal.h"

static int
compare_names(const void *a, const void *b)
{
    const gruvid__section_t *left = a, *right = b;

    return strcmp(left->name, right->name);
}

static gruvid__section_t *
new_section(gruvid__config_t *config, const char *name)
{
    gruvid__section_t *section;

    section = gruvid__config_alloc(config, 1, sizeof *section);
    name = gruvid__config_text(config, name, strlen(name));
    if (section == NULL || name == NULL)
        return NULL;
    section->config = config;
    section->name = name;
    section->entries_end = &section->entries;
    if (tsearch(section, &config->by_name, compare_names) == NULL) {
        config->no_memory = true;
        return NULL;
    }
    *config->sections_end = section;
    config->sections_end = &section->next;
    return section;
}

gruvid__config_t *
gruvid__config_new(void)
{
    gruvid__config_t *config = calloc(1, sizeof *config);

    if (config == NULL)
        return NULL;
    config->refs = 1;
    config->sections_end = &config->sections;
    for (const gruvid__builtin_t *b = gruvid__builtins; b->name != NULL; b++) {
        gruvid__section_t *section = new_section(config, b->name);

        if (section == NULL) {
            gruvid__config_free(config);
            return NULL;
        }
        section->kind = GRUVID__BUILTIN;
        section->own = b->table;
    }
    return config;
}

/* A section is a block of the config; the tree owns its nodes only. */
static void
keep_section(void *section)
{
    (void)section;
}

void
gruvid__config_free(gruvid__config_t *config)
{
    if (config == NULL ||
        __atomic_sub_fetch(&config->refs, 1, __ATOMIC_ACQ_REL) > 0)
        return;
    for (gruvid__section_t *s = config->sections; s != NULL; s = s->next)
        gruvi_tls_unref(s->tls);
    tdestroy(config->by_name, keep_section);
    gruvid__config_wipe(config);
    free(config);
}

gruvid__config_t *
gruvid__config_ref(gruvid__config_t *config)
{
    __atomic_add_fetch(&config->refs, 1, __ATOMIC_RELAXED);
    return config;
}

gruvid__section_t *
gruvid__section_hold(gruvid__section_t *section)
{
    gruvid__config_ref(section->config);
    return section;
}

void
gruvid__section_drop(gruvid__section_t *section)
{
    if (section != NULL)
        gruvid__config_free(section->config);
}

const gruvid__file_t *
gruvid__config_add_file(gruvid__config_t *config, const char *name, dev_t dev,
                        ino_t ino)
{
    gruvid__file_t *file = gruvid__config_alloc(config, 1, sizeof *file);

    if (file == NULL)
        return NULL;
    file->name = gruvid__config_text(config, name, strlen(name));
    if (file->name == NULL)
        return NULL;
    file->dev = dev;
    file->ino = ino;
    file->order = ++config->n_files;
    file->next = config->files;
    config->files = file;
    return file;
}

gruvid__section_t *
gruvid__config_section(gruvid__config_t *config, const char *name)
{
    gruvid__section_t key = {.name = name};
    void *node = tfind(&key, &config->by_name, compare_names);

    return node != NULL ? *(gruvid__section_t **)node : NULL;
}

static void
wrong_plugin_name(gruvid__config_t *config, const char *file, unsigned line,
                  const char *name)
{
    gruvid__config_error(
        config, file, line, name, NULL,
        "the name of a plugin is made of a-z, 0-9, _ and -, begins with a "
        "letter or a digit, and has at most %d characters",
        GRUVID__MAX_NAME);
}

/* The section that an unknown name may mean; NULL: no idea. */
static const char *
guess_section(gruvid__config_t *config, const char *name)
{
    static const char prefix[] = "plugin ", stand_in[] = "NAME";
    size_t first = strcspn(name, " .:-_");
    size_t size = strlen(name) + sizeof prefix + sizeof stand_in;
    char *guess = gruvid__config_alloc(config, size, 1);
    gruvid__suggestion_t s = {.word = name};

    for (const gruvid__builtin_t *b = gruvid__builtins; b->name != NULL; b++)
        gruvid__suggest(&s, b->name);
    if (s.best != NULL || guess == NULL)
        return s.best;
    memcpy(guess, name, first);
    s = (gruvid__suggestion_t){.word = guess};
    gruvid__suggest(&s, "plugin");
    if (s.best != NULL)
        name += first + (name[first] != '\0');
    if (!gruvid__is_plugin_name(name)) {
        if (s.best == NULL)
            return NULL;
        name = stand_in;
    }
    snprintf(guess, size, "%s%s", prefix, name);
    return guess;
}

static void
unknown_section(gruvid__config_t *config, const char *file, unsigned line,
                const char *name)
{
    const char *guess = guess_section(config, name);

    if (guess != NULL)
        gruvid__config_error(config, file, line, name, NULL,
                             "unknown section; did you mean [%s]?", guess);
    else
        gruvid__config_error(config, file, line, name, NULL, "unknown section");
}

gruvid__section_t *
gruvid__config_add_section(gruvid__config_t *config, const char *name,
                           const char *file, unsigned line)
{
    static const char prefix[] = "plugin ";
    gruvid__section_t *section = gruvid__config_section(config, name);

    if (section == NULL) {
        section = new_section(config, name);
        if (section == NULL)
            return NULL;
        section->kind = GRUVID__UNKNOWN;
        if (strncmp(name, prefix, sizeof prefix - 1) == 0) {
            section->plugin = section->name + sizeof prefix - 1;
            if (gruvid__is_plugin_name(section->plugin)) {
                section->kind = GRUVID__PLUGIN;
                section->own = gruvid__plugin_keys;
            }
        }
    }
    if (section->kind == GRUVID__UNKNOWN) {
        if (section->plugin != NULL)
            wrong_plugin_name(config, file, line, name);
        else
            unknown_section(config, file, line, name);
    }
    return section;
}

void
gruvid__section_add(gruvid__section_t *section, const char *file, unsigned line,
                    const char *key, const char *text)
{
    gruvid__config_t *config = section->config;
    gruvid__entry_t *entry = gruvid__config_alloc(config, 1, sizeof *entry);

    if (entry == NULL)
        return;
    entry->key = gruvid__config_text(config, key, strlen(key));
    entry->text = text;
    if (entry->key == NULL)
        return;
    entry->file = file;
    entry->line = line;
    *section->entries_end = entry;
    section->entries_end = &entry->next;
}

gruvid__section_t *
gruvid__config_next_plugin(gruvid__config_t *config, gruvid__section_t *section)
{
    section = section != NULL ? section->next : config->sections;
    while (section != NULL && section->kind != GRUVID__PLUGIN)
        section = section->next;
    return section;
}

const char *
gruvid__section_name(const gruvid__section_t *section)
{
    return section->name;
}

const char *
gruvid__section_plugin(const gruvid__section_t *section)
{
    return section->plugin;
}
