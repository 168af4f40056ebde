/* SPDX-License-Identifier: MIT */
/* A list of items: what a generation hands over is a handful. */
#include "instance/handover.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <uv.h>

struct item {
    struct item *next;
    int fd;      /* -1: bytes */
    size_t size; /* of the bytes */
    char *name;  /* behind the bytes */
    char bytes[];
};

struct gruvid__handover {
    struct item *items;
    size_t total; /* bytes of names and data */
};

static size_t
cost_of(const struct item *item)
{
    return item == NULL ? 0 : item->size + strlen(item->name);
}

/* The link to the item of a name, or to the end of the list. */
static struct item **
find(struct gruvid__handover *handover, const char *name)
{
    struct item **link = &handover->items;

    while (*link != NULL && strcmp((*link)->name, name) != 0)
        link = &(*link)->next;
    return link;
}

static void
remove_item(struct gruvid__handover *handover, struct item **link)
{
    struct item *item = *link;

    if (item == NULL)
        return;
    *link = item->next;
    handover->total -= cost_of(item);
    if (item->fd >= 0)
        close(item->fd);
    free(item);
}

/* Add an item in place of the one that has its name. */
static int
add_item(struct gruvid__handover *handover, const char *name, const void *data,
         size_t size, int fd)
{
    size_t length = name == NULL ? 0 : strlen(name);
    struct item **link, *item;

    if (length == 0 || (data == NULL && size > 0))
        return UV_EINVAL;
    link = find(handover, name);
    if (size > GRUVID__HANDOVER_MOST || length > GRUVID__HANDOVER_MOST - size ||
        handover->total - cost_of(*link) >
            GRUVID__HANDOVER_MOST - size - length)
        return UV_E2BIG;
    item = malloc(sizeof *item + size + 1 + length + 1);
    if (item == NULL)
        return UV_ENOMEM;
    remove_item(handover, link);
    item->fd = fd;
    item->size = size;
    if (size > 0)
        memcpy(item->bytes, data, size);
    item->bytes[size] = '\0';
    item->name = strcpy(item->bytes + size + 1, name);
    item->next = handover->items;
    handover->items = item;
    handover->total += cost_of(item);
    return 0;
}

struct gruvid__handover *
gruvid__handover_new(void)
{
    return calloc(1, sizeof(struct gruvid__handover));
}

void
gruvid__handover_free(struct gruvid__handover *handover)
{
    if (handover == NULL)
        return;
    while (handover->items != NULL)
        remove_item(handover, &handover->items);
    free(handover);
}

int
gruvid__handover_put(struct gruvid__handover *handover, const char *name,
                     const void *data, size_t size)
{
    return add_item(handover, name, data, size, -1);
}

int
gruvid__handover_put_fd(struct gruvid__handover *handover, const char *name,
                        int fd)
{
    int own = fcntl(fd, F_DUPFD_CLOEXEC, 0), err;

    if (own < 0)
        return uv_translate_sys_error(errno);
    err = add_item(handover, name, NULL, 0, own);
    if (err < 0)
        close(own);
    return err;
}

const void *
gruvid__handover_get(const struct gruvid__handover *handover, const char *name,
                     size_t *size)
{
    const struct item *item = handover->items;

    while (item != NULL && strcmp(item->name, name) != 0)
        item = item->next;
    if (item != NULL && item->fd >= 0)
        item = NULL;
    if (size != NULL)
        *size = item == NULL ? 0 : item->size;
    return item == NULL ? NULL : item->bytes;
}

int
gruvid__handover_take_fd(struct gruvid__handover *handover, const char *name)
{
    struct item **link = find(handover, name);
    int fd = *link == NULL ? -1 : (*link)->fd;

    if (fd < 0)
        return UV_ENOENT;
    (*link)->fd = -1;
    remove_item(handover, link);
    return fd;
}
