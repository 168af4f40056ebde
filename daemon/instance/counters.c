/* SPDX-License-Identifier: MIT */
/* Counters of plugins: see counters.h. */
#include "instance/counters.h"

#include <stdlib.h>
#include <string.h>

#include "instance/instance.h"

/* --- names ---------------------------------------------------------------- */

/* Lower case: what monitoring programs take, and people type. */
static bool
is_name(const char *text)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyz";
    size_t n = strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789_");

    return *text != '\0' && strchr(letters, *text) != NULL && text[n] == '\0';
}

static bool
ends_in(const char *text, const char *end)
{
    size_t n = strlen(text), m = strlen(end);

    return n >= m && strcmp(text + n - m, end) == 0;
}

/* Families of plugins are never gruvid's own; and the samples of one family
 * are never those of another. */
static bool
is_family(const char *name)
{
    return is_name(name) && strncmp(name, "gruvid_", 7) != 0 &&
           !ends_in(name, "_total") && !ends_in(name, "_created");
}

static bool
is_help(const char *help)
{
    return *help != '\0' && strpbrk(help, "\\\"\r\n") == NULL;
}

static bool
is_label(const char *label, const char *value)
{
    if (*label == '\0')
        return *value == '\0';
    return is_name(label) && strcmp(label, "plugin") != 0 && *value != '\0';
}

/* --- making --------------------------------------------------------------- */

static char *
put(char *at, const char **where, const char *text)
{
    *where = strcpy(at, text);
    return at + strlen(text) + 1;
}

/* The texts are behind the numbers. */
static struct gruvid_counter *
new_counter(const struct gruvid_counter *like, unsigned hubs)
{
    size_t size = sizeof(struct gruvid_counter) +
                  (hubs + 1) * sizeof(struct gruvid__counter_cell);
    size_t text = strlen(like->name) + strlen(like->help) +
                  strlen(like->label) + strlen(like->value) + 4;
    struct gruvid_counter *counter;
    void *memory;
    char *at;

    if (posix_memalign(&memory, 64, size + text) != 0)
        return NULL;
    counter = memset(memory, 0, size);
    counter->hubs = hubs;
    at = put((char *)counter + size, &counter->name, like->name);
    at = put(at, &counter->help, like->help);
    at = put(at, &counter->label, like->label);
    put(at, &counter->value, like->value);
    return counter;
}

static bool
is_same(const struct gruvid_counter *a, const struct gruvid_counter *b)
{
    return strcmp(a->name, b->name) == 0 && strcmp(a->label, b->label) == 0 &&
           strcmp(a->value, b->value) == 0;
}

/* Under the lock of the instances. */
static int
find_or_make(struct gruvid_counter **counter, struct gruvid__line *line,
             const struct gruvid_counter *like, unsigned hubs)
{
    struct gruvid_counter **last = &line->counters;
    size_t n = 0;

    for (; *last != NULL && !is_same(*last, like); last = &(*last)->next)
        n++;
    if (*last == NULL && n >= GRUVID__MOST_COUNTERS)
        return UV_ENOSPC;
    if (*last == NULL)
        *last = new_counter(like, hubs);
    *counter = *last;
    return *last != NULL ? 0 : UV_ENOMEM;
}

int
gruvid_counter_get(gruvid_counter_t **counter, gruvid_plugin_t *plugin,
                   const char *name, const char *help, const char *label,
                   const char *value)
{
    struct gruvid__instances *instances = plugin->all;
    const struct gruvid_counter like = {
        .name = name,
        .help = help,
        .label = label != NULL ? label : "",
        .value = value != NULL ? value : "",
    };
    int err;

    *counter = NULL;
    if (!is_family(name) || !is_help(help) || !is_label(like.label, like.value))
        return UV_EINVAL;
    pthread_mutex_lock(&instances->lock);
    err = find_or_make(counter, plugin->line, &like, instances->hubs->n);
    pthread_mutex_unlock(&instances->lock);
    return err;
}

void
gruvid__counters_close(struct gruvid__line *line)
{
    while (line->counters != NULL) {
        struct gruvid_counter *next = line->counters->next;

        free(line->counters);
        line->counters = next;
    }
}

/* --- counting ------------------------------------------------------------- */

void
gruvid_count(gruvid_counter_t *counter, uint64_t n)
{
    const struct gruvid__hub *hub;

    if (counter == NULL)
        return;
    hub = gruvid__hub_self();
    __atomic_fetch_add(&counter->at[hub != NULL ? hub->number : 0].n, n,
                       __ATOMIC_RELAXED);
}

uint64_t
gruvid__counter_sum(const struct gruvid_counter *counter)
{
    uint64_t sum = 0;

    for (unsigned i = 0; i <= counter->hubs; i++)
        sum += __atomic_load_n(&counter->at[i].n, __ATOMIC_RELAXED);
    return sum;
}
