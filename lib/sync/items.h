/* SPDX-License-Identifier: MIT */
/*
 * The items of a queue, in the order in which they come out.
 */
#ifndef GRUVI_SYNC_ITEMS_H
#define GRUVI_SYNC_ITEMS_H

#include <gruvi/sync.h>

struct gruvi__item {
    void *pointer;
    size_t size;
    int64_t priority;
    uint64_t number; /* given by push: the order among equals */
};

struct gruvi__items {
    gruvi_queue_order_t order;
    struct gruvi__item *array; /* a ring from first; or a heap, with first 0 */
    size_t capacity, first, count;
    uint64_t pushed;
};

/* Make room for one more item: 0 or UV_ENOMEM. */
int gruvi__items_reserve(struct gruvi__items *items);

/* 0 or UV_ENOMEM; cannot fail after gruvi__items_reserve(). */
int gruvi__items_push(struct gruvi__items *items,
                      const struct gruvi__item *item);

/* Take the next item; false where there is none. */
bool gruvi__items_pop(struct gruvi__items *items, struct gruvi__item *item);

void gruvi__items_free(struct gruvi__items *items);

#endif
