/* SPDX-License-Identifier: MIT */
/* A queue whose items are small numbers, for calls that succeed at once. */
#ifndef TESTS_UNIT_QUEUES_H
#define TESTS_UNIT_QUEUES_H

#include <stdint.h>

#include "unit/harness.h"

#define ITEM(n)      ((void *)(intptr_t)(n))
#define NUMBER(item) ((int)(intptr_t)(item))

static inline void
put(gruvi_queue_t *queue, int n)
{
    ck_assert_int_eq(gruvi_queue_put(queue, ITEM(n), NULL, 0), 0);
}

static inline int
get(gruvi_queue_t *queue)
{
    void *item;

    ck_assert_int_eq(gruvi_queue_get(queue, &item, 0), 0);
    return NUMBER(item);
}

#endif
