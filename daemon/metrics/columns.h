/* SPDX-License-Identifier: MIT */
/*
 * Tables of families: a column is a family, and says where its value is in the
 * figures of items that are alike, such as hubs or routes.
 */
#ifndef GRUVID_METRICS_COLUMNS_H
#define GRUVID_METRICS_COLUMNS_H

#include <stddef.h>
#include <stdint.h>

#include "metrics/exposition.h"
#include "metrics/figures.h"

struct gruvid__column {
    struct gruvid__family family;
    size_t offset, size; /* of an unsigned integer or bool in the figures */
};

#define GRUVID__COLUMN(name, kind, unit, type, member, help)                   \
    {                                                                          \
        {name, kind, unit, help}, offsetof(struct type, member),               \
            sizeof(((struct type *)0)->member)                                 \
    }
#define GAUGE(name, unit, type, member, help)                                  \
    GRUVID__COLUMN(name, GRUVID__GAUGE, unit, type, member, help)
#define COUNTER(name, unit, type, member, help)                                \
    GRUVID__COLUMN(name, GRUVID__COUNTER, unit, type, member, help)

struct gruvid__items {
    const void *at;
    size_t n, size;

    /* Set the first labels of an item; text may be in buf. */
    void (*label)(const void *item, struct gruvid__label *labels, char *buf,
                  size_t size);
};

static inline const void *
gruvid__item_at(const struct gruvid__items *items, size_t i)
{
    return (const char *)items->at + i * items->size;
}

/* The labels of an item, GRUVID__LABELS; those that it does not set are free.
 */
void gruvid__item_label(const struct gruvid__items *items, size_t i,
                        struct gruvid__label *labels, char *buf, size_t size);

/* Write n families, each with a sample of each item. */
void gruvid__columns_write(struct gruvid__exposition *exposition,
                           const struct gruvid__column *columns, size_t n,
                           const struct gruvid__items *items);

#define WRITE_COLUMNS(e, columns, items)                                       \
    gruvid__columns_write(e, columns, sizeof(columns) / sizeof *(columns),     \
                          items)

/* families_counters.c */
void gruvid__families_write_counters(struct gruvid__exposition *exposition,
                                     const struct gruvid__figures *figures);

/* families_requests.c */
void gruvid__families_write_requests(struct gruvid__exposition *exposition,
                                     const struct gruvid__figures *figures);

#endif
