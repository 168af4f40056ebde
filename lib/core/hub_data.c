/* SPDX-License-Identifier: MIT */
/*
 * Data that an application keeps with a hub: a short list of keys.
 */
#include <stdlib.h>
#include <string.h>

#include <gruvi/hub.h>

#include "base/list.h"
#include "core/hub.h"
#include "core/hub_data.h"
#include "core/thread.h"

#define KEY_SIZE 64
#define RESERVED "gruvi:"

struct entry {
    struct gruvi__list link;
    void *value;
    void (*destroy)(void *value);
    char key[KEY_SIZE];
};

static struct entry *
find(gruvi_hub_t *hub, const char *key)
{
    struct gruvi__list *link;
    struct entry *entry;

    for (link = hub->data.next; link != &hub->data; link = link->next) {
        entry = gruvi__list_entry(link, struct entry, link);
        if (strcmp(entry->key, key) == 0)
            return entry;
    }
    return NULL;
}

static void
destroy_value(void *value, void (*destroy)(void *value))
{
    if (destroy != NULL)
        destroy(value);
}

static void
remove_entry(struct entry *entry)
{
    gruvi__list_remove(&entry->link);
    destroy_value(entry->value, entry->destroy);
    free(entry);
}

static int
check(const gruvi_hub_t *hub, const char *key)
{
    size_t n = key == NULL ? 0 : strnlen(key, KEY_SIZE);

    if (hub == NULL || n == 0 || n == KEY_SIZE)
        return UV_EINVAL;
    if (!gruvi__is_own(hub) || strncmp(key, RESERVED, sizeof RESERVED - 1) == 0)
        return UV_EPERM;
    /* Not while the hub destroys what there is. */
    return hub->closing && hub->live == 0 ? UV_ESHUTDOWN : 0;
}

int
gruvi_hub_set_data(gruvi_hub_t *hub, const char *key, void *value,
                   void (*destroy)(void *value))
{
    struct entry *entry, old;
    int err = check(hub, key);

    if (err < 0)
        return err;
    entry = find(hub, key);
    if (value == NULL) {
        if (entry != NULL)
            remove_entry(entry);
        return 0;
    }
    if (entry == NULL) {
        entry = calloc(1, sizeof *entry);
        if (entry == NULL)
            return UV_ENOMEM;
        memcpy(entry->key, key, strlen(key));
        gruvi__list_add(&hub->data, &entry->link);
    }
    /* The destroyer may look: it finds the new value. */
    old = *entry;
    entry->value = value;
    entry->destroy = destroy;
    destroy_value(old.value, old.destroy);
    return 0;
}

void *
gruvi_hub_get_data(gruvi_hub_t *hub, const char *key)
{
    struct entry *entry;

    if (hub == NULL || key == NULL || !gruvi__is_own(hub))
        return NULL;
    entry = find(hub, key);
    return entry == NULL ? NULL : entry->value;
}

void
gruvi__hub_data_destroy(gruvi_hub_t *hub)
{
    while (!gruvi__list_empty(&hub->data))
        remove_entry(gruvi__list_entry(hub->data.next, struct entry, link));
}
