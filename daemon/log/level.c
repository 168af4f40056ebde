/* SPDX-License-Identifier: MIT */
/*
 * Levels: see level.h.
 *
 * The table only grows, so that a thread that logs reads it without a lock.  A
 * plugin that has no level any more keeps its entry.
 */
#include "log/level.h"

#include <pthread.h>
#include <string.h>

#include <uv.h>

#define ENTRIES 256
#define NONE    (-1)

static struct entry {
    char name[40]; /* does not change once it is counted */
    int level;     /* or NONE; atomic */
} entries[ENTRIES];

static unsigned n_entries;                               /* atomic */
static int general = GRUVI_LOG_INFO;                     /* atomic */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER; /* to change them */

static struct entry *
find(const char *plugin)
{
    unsigned n = __atomic_load_n(&n_entries, __ATOMIC_ACQUIRE);

    for (unsigned i = 0; i < n; i++)
        if (strcmp(entries[i].name, plugin) == 0)
            return &entries[i];
    return NULL;
}

/* Under the lock: tell the library what anybody has a use for. */
static void
open_gate(void)
{
    int highest = general;

    for (unsigned i = 0; i < n_entries; i++)
        if (entries[i].level > highest)
            highest = entries[i].level;
    gruvi_set_log_level((gruvi_log_level_t)highest);
}

void
gruvid__log_set_level(gruvi_log_level_t level)
{
    pthread_mutex_lock(&lock);
    __atomic_store_n(&general, (int)level, __ATOMIC_RELAXED);
    open_gate();
    pthread_mutex_unlock(&lock);
}

/* Under the lock: a new entry. */
static int
add(const char *plugin, int level)
{
    if (n_entries == ENTRIES)
        return UV_ENOSPC;
    strcpy(entries[n_entries].name, plugin);
    entries[n_entries].level = level;
    __atomic_store_n(&n_entries, n_entries + 1, __ATOMIC_RELEASE);
    return 0;
}

static int
set(const char *plugin, int level)
{
    struct entry *entry;
    int err = 0;

    if (strlen(plugin) >= sizeof entry->name)
        return UV_ENAMETOOLONG;
    pthread_mutex_lock(&lock);
    entry = find(plugin);
    if (entry != NULL)
        __atomic_store_n(&entry->level, level, __ATOMIC_RELAXED);
    else if (level != NONE)
        err = add(plugin, level);
    open_gate();
    pthread_mutex_unlock(&lock);
    return err;
}

int
gruvid__log_set_plugin_level(const char *plugin, gruvi_log_level_t level)
{
    return set(plugin, (int)level);
}

void
gruvid__log_clear_plugin_level(const char *plugin)
{
    set(plugin, NONE);
}

static int
own_level(const char *plugin)
{
    const struct entry *entry = find(plugin);

    return entry == NULL ? NONE
                         : __atomic_load_n(&entry->level, __ATOMIC_RELAXED);
}

bool
gruvid__log_has_level(const char *plugin)
{
    return own_level(plugin) != NONE;
}

gruvi_log_level_t
gruvid__log_level(const char *plugin)
{
    int level = own_level(plugin);

    if (level == NONE)
        level = __atomic_load_n(&general, __ATOMIC_RELAXED);
    return (gruvi_log_level_t)level;
}
