/* SPDX-License-Identifier: MIT */
/* Tables of families: see columns.h. */
#include "metrics/columns.h"

#include <string.h>

static uint64_t
value_at(const void *item, const struct gruvid__column *column)
{
    const char *at = (const char *)item + column->offset;
    uint64_t wide;
    uint32_t half;
    uint8_t byte;

    switch (column->size) {
    case sizeof wide:
        memcpy(&wide, at, sizeof wide);
        return wide;
    case sizeof half:
        memcpy(&half, at, sizeof half);
        return half;
    default:
        memcpy(&byte, at, sizeof byte);
        return byte;
    }
}

void
gruvid__item_label(const struct gruvid__items *items, size_t i,
                   struct gruvid__label *labels, char *buf, size_t size)
{
    memset(labels, 0, GRUVID__LABELS * sizeof *labels);
    items->label(gruvid__item_at(items, i), labels, buf, size);
}

void
gruvid__columns_write(struct gruvid__exposition *e,
                      const struct gruvid__column *columns, size_t n,
                      const struct gruvid__items *items)
{
    struct gruvid__label labels[GRUVID__LABELS];
    char buf[32];

    for (size_t c = 0; c < n; c++) {
        gruvid__exposition_family(e, &columns[c].family);
        for (size_t i = 0; i < items->n; i++) {
            gruvid__item_label(items, i, labels, buf, sizeof buf);
            gruvid__exposition_sample(
                e, &columns[c].family, labels,
                value_at(gruvid__item_at(items, i), &columns[c]));
        }
    }
}
