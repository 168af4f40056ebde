/* SPDX-License-Identifier: MIT */
/*
 * A queue of fibers, first in, first out, linked by fiber->next.
 *
 * Where very many are queued none is in a near cache, and the processor cannot
 * fetch a fiber before it has fetched the one in front of it.  So those behind
 * the first FEW also point to the fiber FAR places behind them:
 *
 *   next next next ... scout --ahead--> fiber ...
 *   `------ FEW -----'
 *
 * The scout goes on with each fiber that runs.  What it comes to is fetched
 * long before it runs, and to go on it needs nothing that it has not fetched
 * FAR steps before.  With fewer this costs a count.  With fewer than MANY there
 * is no scout: they fit into a near cache, where it would take 3 ns a fiber for
 * nothing.
 */
#ifndef GRUVI_CORE_RUN_QUEUE_H
#define GRUVI_CORE_RUN_QUEUE_H

#include <stddef.h>

#include "base/likely.h"
#include "core/fiber.h"

#define GRUVI__QUEUE_FEW  256
#define GRUVI__QUEUE_FAR  8
#define GRUVI__QUEUE_MANY 1500

struct gruvi__queue {
    gruvi_fiber_t *head, **tail;
    int few; /* FEW less those that are queued */
    /* Where few is negative: */
    gruvi_fiber_t *scout; /* the first behind the FEW */
    gruvi_fiber_t *last;  /* of those that have an ahead */
};

static inline void
gruvi__queue_init(struct gruvi__queue *queue)
{
    queue->head = NULL;
    queue->tail = &queue->head;
    queue->few = GRUVI__QUEUE_FEW;
}

/* In schedule.c. */
void gruvi__queue_push_far(struct gruvi__queue *queue, gruvi_fiber_t *fiber);

static inline void
gruvi__queue_push(struct gruvi__queue *queue, gruvi_fiber_t *fiber)
{
    fiber->next = NULL;
    *queue->tail = fiber;
    queue->tail = &fiber->next;
    if (gruvi__unlikely(--queue->few < 0))
        gruvi__queue_push_far(queue, fiber);
}

/* Move all of from to the end of queue, which is emptied before anything else
 * is pushed. */
static inline void
gruvi__queue_join(struct gruvi__queue *queue, struct gruvi__queue *from)
{
    if (from->head == NULL)
        return;
    *queue->tail = from->head;
    queue->tail = from->tail;
    if (from->few < 0 && queue->few >= 0) {
        queue->few = from->few;
        queue->scout = from->scout;
    }
    gruvi__queue_init(from);
}

/* Empty it; returns its first fiber.  *scout becomes its scout, if it has MANY.
 */
static inline gruvi_fiber_t *
gruvi__queue_take_all(struct gruvi__queue *queue, gruvi_fiber_t **scout)
{
    gruvi_fiber_t *first = queue->head;

    if (gruvi__unlikely(queue->few < GRUVI__QUEUE_FEW - GRUVI__QUEUE_MANY))
        *scout = queue->scout;
    gruvi__queue_init(queue);
    return first;
}

#endif
