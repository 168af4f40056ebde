/* SPDX-License-Identifier: MIT */
/*
 * One array for all three orders: a ring that is filled at its end, and
 * emptied at its beginning (FIFO) or its end (LIFO), or a binary heap
 * (PRIORITY), in which the number of an item decides among equals.
 *
 * An array that is nearly empty is not made smaller: a queue that was once long
 * will be long again.
 */
#include <stdlib.h>
#include <string.h>

#include "sync/items.h"

#define FIRST_CAPACITY 16

/* The i-th item of the ring. */
static inline struct gruvi__item *
at(const struct gruvi__items *items, size_t i)
{
    return &items->array[(items->first + i) & (items->capacity - 1)];
}

int
gruvi__items_reserve(struct gruvi__items *items)
{
    size_t capacity = items->capacity, i;
    struct gruvi__item *array;

    if (items->count < capacity)
        return 0;
    capacity = capacity == 0 ? FIRST_CAPACITY : capacity * 2;
    if (capacity > SIZE_MAX / sizeof *array)
        return UV_ENOMEM;
    array = malloc(capacity * sizeof *array);
    if (array == NULL)
        return UV_ENOMEM;
    for (i = 0; i < items->count; i++)
        array[i] = *at(items, i);
    free(items->array);
    items->array = array;
    items->capacity = capacity;
    items->first = 0;
    return 0;
}

static bool
is_before(const struct gruvi__item *a, const struct gruvi__item *b)
{
    if (a->priority != b->priority)
        return a->priority < b->priority;
    return a->number < b->number;
}

/* Put an item into a heap with a hole: let it rise from there. */
static void
sift_up(struct gruvi__item *heap, size_t hole, const struct gruvi__item *item)
{
    size_t parent;

    while (hole > 0) {
        parent = (hole - 1) / 2;
        if (!is_before(item, &heap[parent]))
            break;
        heap[hole] = heap[parent];
        hole = parent;
    }
    heap[hole] = *item;
}

/* Let it sink from the hole at the top of a heap of count items. */
static void
sift_down(struct gruvi__item *heap, size_t count,
          const struct gruvi__item *item)
{
    size_t hole = 0, child;

    while ((child = 2 * hole + 1) < count) {
        if (child + 1 < count && is_before(&heap[child + 1], &heap[child]))
            child++;
        if (!is_before(&heap[child], item))
            break;
        heap[hole] = heap[child];
        hole = child;
    }
    heap[hole] = *item;
}

int
gruvi__items_push(struct gruvi__items *items, const struct gruvi__item *item)
{
    struct gruvi__item numbered = *item;
    int err = gruvi__items_reserve(items);

    if (err < 0)
        return err;
    numbered.number = items->pushed++;
    if (items->order == GRUVI_QUEUE_PRIORITY)
        sift_up(items->array, items->count, &numbered);
    else
        *at(items, items->count) = numbered;
    items->count++;
    return 0;
}

bool
gruvi__items_pop(struct gruvi__items *items, struct gruvi__item *item)
{
    struct gruvi__item last;

    if (items->count == 0)
        return false;
    items->count--;
    switch (items->order) {
    case GRUVI_QUEUE_FIFO:
        *item = *at(items, 0);
        items->first = (items->first + 1) & (items->capacity - 1);
        break;
    case GRUVI_QUEUE_LIFO:
        *item = *at(items, items->count);
        break;
    case GRUVI_QUEUE_PRIORITY:
        *item = items->array[0];
        last = items->array[items->count];
        sift_down(items->array, items->count, &last);
        break;
    }
    return true;
}

void
gruvi__items_free(struct gruvi__items *items)
{
    free(items->array);
    items->array = NULL;
    items->capacity = items->first = items->count = 0;
}
