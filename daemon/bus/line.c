/* SPDX-License-Identifier: MIT */
/*
 * Which section is a bus, and which of its generations: see bus.h.
 *
 * A hub reads the generation and puts a call on the list of its shard without a
 * switch in between, so gruvid__target_settle() is enough before it is freed.
 */
#include <string.h>

#include "bus/bus.h"

/* --- generations ---------------------------------------------------------- */

int
gruvid_bus_provide(gruvid_plugin_t *plugin,
                   const gruvid_bus_functions_t *functions)
{
    const gruvid_descriptor_t *descriptor = &plugin->module->descriptor;
    struct gruvid__shard *shard = gruvid__shard_here(plugin);

    if (shard == NULL || !shard->starting)
        return UV_EPERM;
    if (!descriptor->multi_hub || !descriptor->per_hub)
        return UV_EINVAL;
    __atomic_store_n(&plugin->bus, functions, __ATOMIC_RELEASE);
    shard->bus_is_open = true;
    return 0;
}

/* So that most calls find it without a lock.  Context: first hub. */
static void
look_for_only(struct gruvid__instances *instances)
{
    struct gruvid__line *only = NULL;
    size_t n = 0;

    pthread_mutex_lock(&instances->lock);
    for (struct gruvid__line *line = instances->lines; line != NULL;
         line = line->next)
        if (__atomic_load_n(&line->bus, __ATOMIC_RELAXED) != NULL) {
            only = line;
            n++;
        }
    pthread_mutex_unlock(&instances->lock);
    __atomic_store_n(&instances->only_bus, n == 1 ? only : NULL,
                     __ATOMIC_RELEASE);
}

static GRUVI_SWITCHPOINT void
take(gruvid_plugin_t *plugin)
{
    __atomic_store_n(&plugin->line->is_bus, true, __ATOMIC_RELEASE);
    look_for_only(plugin->all);
    /* A hub that does not answer has the old generation until that ends. */
    (void)gruvid__each_shard(plugin, gruvid__subscriptions_attach, 0);
}

GRUVI_SWITCHPOINT void
gruvid__bus_offer(gruvid_plugin_t *plugin)
{
    gruvid_plugin_t *expected = NULL;

    if (plugin->bus != NULL &&
        __atomic_compare_exchange_n(&plugin->line->bus, &expected, plugin,
                                    false, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST))
        take(plugin);
}

GRUVI_SWITCHPOINT void
gruvid__bus_begin(gruvid_plugin_t *plugin)
{
    if (plugin->bus == NULL)
        return;
    __atomic_store_n(&plugin->line->bus, plugin, __ATOMIC_SEQ_CST);
    take(plugin);
}

void
gruvid__bus_end(gruvid_plugin_t *plugin)
{
    gruvid_plugin_t *expected = plugin;

    if (__atomic_compare_exchange_n(&plugin->line->bus, &expected, NULL, false,
                                    __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST))
        look_for_only(plugin->all);
}

/* --- sections ------------------------------------------------------------- */

/* There is none, or more.  Without a bus that serves, a section that had such a
 * generation counts. */
static int
find_among(struct gruvid__instances *instances, struct gruvid__line **found)
{
    struct gruvid__line *was = NULL;
    size_t n = 0;

    pthread_mutex_lock(&instances->lock);
    for (struct gruvid__line *line = instances->lines; line != NULL;
         line = line->next) {
        if (__atomic_load_n(&line->bus, __ATOMIC_RELAXED) != NULL) {
            *found = line;
            n++;
        } else if (__atomic_load_n(&line->is_bus, __ATOMIC_RELAXED)) {
            was = line;
        }
    }
    pthread_mutex_unlock(&instances->lock);
    if (n == 0)
        *found = was;
    if (n > 1)
        gruvi_error("there are several buses: the call has to name the section "
                    "of its bus");
    return n > 1 ? UV_EINVAL : 0;
}

static int
find_only(struct gruvid__instances *instances, struct gruvid__line **found)
{
    *found = __atomic_load_n(&instances->only_bus, __ATOMIC_ACQUIRE);
    return *found != NULL ? 0 : find_among(instances, found);
}

int
gruvid__bus_find(const char *name, struct gruvid__line **line)
{
    struct gruvid__shard *shard = gruvid__shard_of(gruvi_current_fiber());
    int err = 0;

    *line = NULL;
    if (shard == NULL)
        return UV_ENOTSUP;
    if (name == NULL)
        err = find_only(shard->plugin->all, line);
    else
        *line = gruvid__line_find(shard->plugin->all, name);
    if (err == 0 && (*line == NULL ||
                     !__atomic_load_n(&(*line)->is_bus, __ATOMIC_ACQUIRE))) {
        gruvi_error("there is no bus%s%s: a section of nats brings one, for "
                    "the sections behind it",
                    name == NULL ? "" : " ", name == NULL ? "" : name);
        err = UV_ENOTSUP;
    }
    if (err < 0)
        *line = NULL;
    return err;
}

struct gruvid__shard *
gruvid__bus_shard(const struct gruvid__line *line)
{
    gruvid_plugin_t *bus = __atomic_load_n(&line->bus, __ATOMIC_SEQ_CST);
    struct gruvid__shard *shard = bus == NULL ? NULL : gruvid__shard_here(bus);

    return shard != NULL && shard->bus_is_open ? shard : NULL;
}
