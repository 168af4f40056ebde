/* SPDX-License-Identifier: MIT */
/* A queue of fibers, first in, first out, linked by fiber->next. */
#ifndef GRUVI_CORE_RUN_QUEUE_H
#define GRUVI_CORE_RUN_QUEUE_H

#include <stddef.h>

#include "core/fiber.h"

struct gruvi__queue {
    gruvi_fiber_t *head, **tail;
};

static inline void
gruvi__queue_init(struct gruvi__queue *queue)
{
    queue->head = NULL;
    queue->tail = &queue->head;
}

static inline void
gruvi__queue_push(struct gruvi__queue *queue, gruvi_fiber_t *fiber)
{
    fiber->next = NULL;
    *queue->tail = fiber;
    queue->tail = &fiber->next;
}

/* Move all of from to the end of queue. */
static inline void
gruvi__queue_join(struct gruvi__queue *queue, struct gruvi__queue *from)
{
    if (from->head == NULL)
        return;
    *queue->tail = from->head;
    queue->tail = from->tail;
    gruvi__queue_init(from);
}

/* Empty it; returns its first fiber. */
static inline gruvi_fiber_t *
gruvi__queue_take_all(struct gruvi__queue *queue)
{
    gruvi_fiber_t *first = queue->head;

    gruvi__queue_init(queue);
    return first;
}

#endif
