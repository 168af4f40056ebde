/* SPDX-License-Identifier: MIT */
/*
 * Queues, under a spin lock.
 *
 *   putters --room--> items --> getters
 *
 * Invariants:
 *   - where getters wait there are no items: a new item goes to the first
 *     getter directly;
 *   - where putters wait there are items, and the first putter does not fit.
 *     When there is room, the putters that fit are let in, in their order; no
 *     newcomer overtakes them;
 *   - where gruvi_wait() waits for it there are no items, either: the next item
 *     that stays here wakes them all;
 *   - unfinished counts the items that were put in, less the calls of
 *     gruvi_queue_task_done().
 *
 * Items lie in an array that grows: a ring, or a heap.
 */
#include <stdlib.h>
#include <string.h>

#include <gruvi/wait.h>

#include "base/likely.h"
#include "base/list.h"
#include "base/spin.h"
#include "core/switchpoint.h"
#include "core/wait.h"
#include "core/waitable.h"
#include "core/waitlist.h"
#include "sync/items.h"

struct queue {
    struct gruvi__spin spin; /* guards the rest */
    bool closed;
    size_t maxsize, size; /* sums of the items' sizes; maxsize 0: no bound */
    size_t unfinished;
    struct gruvi__items items;
    struct gruvi__list putters, getters; /* struct waiter */
    struct gruvi__list joiners;          /* struct gruvi__waiter */
    struct gruvi__waitable_other ready;  /* it has items, or is closed */
};

_Static_assert(sizeof(struct queue) <= sizeof(gruvi_queue_t),
               "gruvi_queue_t has too little room");

struct waiter {
    struct gruvi__waiter waiter;
    struct gruvi__item item; /* a putter's; a getter's once it is claimed */
    int status;              /* valid once it is claimed */
};

static inline struct queue *
real(gruvi_queue_t *queue)
{
    return (struct queue *)queue;
}

static const struct gruvi__waitable_ops ready_ops;

static struct waiter *
claim_first(struct gruvi__list *waiters)
{
    struct gruvi__waiter *waiter = gruvi__waiter_claim_first(waiters);

    return waiter == NULL ? NULL
                          : gruvi__list_entry(waiter, struct waiter, waiter);
}

int
gruvi_queue_init(gruvi_queue_t *public, gruvi_queue_order_t order,
                 size_t maxsize)
{
    struct queue *queue = real(public);

    *queue = (struct queue){.maxsize = maxsize, .items = {.order = order}};
    gruvi__list_init(&queue->putters);
    gruvi__list_init(&queue->getters);
    gruvi__list_init(&queue->joiners);
    gruvi__waitable_other_init(&queue->ready, &ready_ops);
    return order > GRUVI_QUEUE_PRIORITY ? UV_EINVAL : 0;
}

void
gruvi_queue_destroy(gruvi_queue_t *public)
{
    struct queue *queue = real(public);

    gruvi__spin_lock(&queue->spin);
    if (!gruvi__list_empty(&queue->putters) ||
        !gruvi__list_empty(&queue->getters) ||
        !gruvi__list_empty(&queue->joiners) ||
        !gruvi__list_empty(&queue->ready.links)) {
        gruvi__spin_unlock(&queue->spin);
        gruvi__assert_failed("gruvi_queue_destroy(): somebody waits for it");
        return;
    }
    gruvi__spin_unlock(&queue->spin);
    gruvi__items_free(&queue->items);
}

/* Under the spin lock, which it gives up: wait on a list. */
static int
wait_in(struct queue *queue, struct gruvi__list *list,
        struct gruvi__waiter *waiter, const char *what, double timeout)
{
    int err;

    gruvi__list_add(list, &waiter->link);
    gruvi__spin_unlock(&queue->spin);
    err = gruvi__waiter_wait(waiter, what, timeout);
    if (err < 0) {
        gruvi__spin_lock(&queue->spin);
        gruvi__list_remove(&waiter->link);
        gruvi__spin_unlock(&queue->spin);
    }
    return err;
}

/* --- putting -------------------------------------------------------------- */

static bool
fits(const struct queue *queue, size_t size)
{
    return queue->maxsize == 0 || size <= queue->maxsize - queue->size;
}

/*
 * Under the spin lock: put an item in if that can be done at once.
 *
 *   getter  set to a claimed getter, to be woken without the spin lock, or NULL
 *
 * Returns 0, UV_EAGAIN, or why it never can be.
 */
static int
put_now(struct queue *queue, const struct gruvi__item *item,
        struct waiter **getter)
{
    int err;

    *getter = NULL;
    if (queue->closed)
        return UV_EPIPE;
    if (queue->maxsize != 0 && item->size > queue->maxsize)
        return UV_E2BIG;
    if (!gruvi__list_empty(&queue->putters) || !fits(queue, item->size))
        return UV_EAGAIN;
    *getter = claim_first(&queue->getters);
    if (*getter != NULL) {
        (*getter)->item = *item;
        (*getter)->status = 0;
    } else if ((err = gruvi__items_push(&queue->items, item)) < 0) {
        return err;
    } else {
        queue->size += item->size;
    }
    queue->unfinished++;
    return 0;
}

static int
make_item(struct gruvi__item *item, void *pointer,
          const gruvi_queue_put_options_t *options)
{
    size_t i;

    *item = (struct gruvi__item){.pointer = pointer, .size = 1};
    if (options == NULL)
        return 0;
    for (i = 0; i < sizeof options->reserved / sizeof *options->reserved; i++)
        if (options->reserved[i] != NULL)
            return UV_EINVAL;
    if (options->size != 0)
        item->size = options->size;
    item->priority = options->priority;
    return 0;
}

static void
fire_all(struct gruvi__list *taken)
{
    struct gruvi__list *link;

    while ((link = gruvi__list_pop(taken)) != NULL)
        gruvi__wait_link_fire(gruvi__wait_link_of(link));
}

static void
wake(struct waiter *waiter)
{
    if (waiter != NULL)
        gruvi__waiter_wake(&waiter->waiter);
}

/* Under the spin lock, which it gives up: an item has come. */
static __attribute__((noinline)) void
unlock_and_tell(struct queue *queue)
{
    struct gruvi__list taken;

    gruvi__list_init(&taken);
    gruvi__wait_link_take_all(&queue->ready.links, &taken);
    gruvi__spin_unlock(&queue->spin);
    fire_all(&taken);
}

/* The same after put_now(). */
static inline void
unlock_and_wake(struct queue *queue, struct waiter *getter)
{
    if (gruvi__unlikely(!gruvi__list_empty(&queue->ready.links)) &&
        queue->items.count > 0) {
        unlock_and_tell(queue);
        return;
    }
    gruvi__spin_unlock(&queue->spin);
    wake(getter);
}

/* With the spin lock free: wake what was claimed. */
static void
wake_all(struct gruvi__list *claimed)
{
    struct gruvi__list *link;

    while ((link = gruvi__list_pop(claimed)) != NULL)
        gruvi__waiter_wake(gruvi__list_entry(link, struct gruvi__waiter, link));
}

/*
 * Under the spin lock: let in the putters that fit by now.  Where there is no
 * memory for one more item, its putter waits on: the next item that is taken
 * out leaves a place for it.
 */
static void
let_in(struct queue *queue, struct gruvi__list *claimed)
{
    struct waiter *putter;

    while (!gruvi__list_empty(&queue->putters)) {
        putter =
            gruvi__list_entry(queue->putters.next, struct waiter, waiter.link);
        if (!fits(queue, putter->item.size) ||
            gruvi__items_reserve(&queue->items) < 0)
            return;
        gruvi__list_remove(&putter->waiter.link);
        if (!gruvi__waiter_claim(&putter->waiter))
            continue;
        gruvi__items_push(&queue->items, &putter->item);
        queue->size += putter->item.size;
        queue->unfinished++;
        putter->status = 0;
        gruvi__list_add(claimed, &putter->waiter.link);
    }
}

/* A putter that gives up makes way for the putters behind it. */
static void
give_up_putting(struct queue *queue, struct waiter *self)
{
    struct gruvi__list claimed;

    gruvi__list_init(&claimed);
    gruvi__spin_lock(&queue->spin);
    gruvi__list_remove(&self->waiter.link);
    let_in(queue, &claimed);
    gruvi__spin_unlock(&queue->spin);
    wake_all(&claimed);
}

GRUVI_SWITCHPOINT int
gruvi_queue_put(gruvi_queue_t *public, void *pointer,
                const gruvi_queue_put_options_t *options, double timeout)
{
    struct queue *queue = real(public);
    struct waiter self, *getter;
    gruvi_fiber_t *fiber;
    int err = gruvi__enter_any(__func__, &fiber);

    if (err < 0 || (err = gruvi__timeout_check(timeout)) < 0 ||
        (err = make_item(&self.item, pointer, options)) < 0)
        return err;
    gruvi__spin_lock(&queue->spin);
    err = put_now(queue, &self.item, &getter);
    if (err == UV_EAGAIN && timeout != 0) {
        gruvi__waiter_init(&self.waiter, fiber);
        err = wait_in(queue, &queue->putters, &self.waiter, "queue", timeout);
        if (err < 0)
            give_up_putting(queue, &self);
        return err < 0 ? err : self.status;
    }
    unlock_and_wake(queue, getter);
    return err == UV_EAGAIN ? UV_ETIMEDOUT : err;
}

int
gruvi_queue_try_put(gruvi_queue_t *public, void *pointer,
                    const gruvi_queue_put_options_t *options)
{
    struct queue *queue = real(public);
    struct gruvi__item item;
    struct waiter *getter;
    int err = make_item(&item, pointer, options);

    if (err < 0)
        return err;
    gruvi__spin_lock(&queue->spin);
    err = put_now(queue, &item, &getter);
    unlock_and_wake(queue, getter);
    return err;
}

/* --- getting -------------------------------------------------------------- */

/* Under the spin lock: 0, UV_EAGAIN, or UV_EOF. */
static int
get_now(struct queue *queue, void **pointer, struct gruvi__list *claimed)
{
    struct gruvi__item item = {.pointer = NULL};

    if (!gruvi__items_pop(&queue->items, &item))
        return queue->closed ? UV_EOF : UV_EAGAIN;
    queue->size -= item.size;
    *pointer = item.pointer;
    if (gruvi__unlikely(!gruvi__list_empty(&queue->putters)))
        let_in(queue, claimed);
    return 0;
}

GRUVI_SWITCHPOINT int
gruvi_queue_get(gruvi_queue_t *public, void **pointer, double timeout)
{
    struct queue *queue = real(public);
    struct gruvi__list claimed;
    gruvi_fiber_t *fiber;
    struct waiter self;
    int err = gruvi__enter_any(__func__, &fiber);

    *pointer = NULL;
    if (err < 0 || (err = gruvi__timeout_check(timeout)) < 0)
        return err;
    gruvi__list_init(&claimed);
    gruvi__spin_lock(&queue->spin);
    err = get_now(queue, pointer, &claimed);
    if (err == UV_EAGAIN && timeout != 0) {
        self.item.pointer = NULL; /* until it is claimed */
        gruvi__waiter_init(&self.waiter, fiber);
        err = wait_in(queue, &queue->getters, &self.waiter, "queue", timeout);
        if (err == 0 && (err = self.status) == 0)
            *pointer = self.item.pointer;
        return err;
    }
    gruvi__spin_unlock(&queue->spin);
    wake_all(&claimed);
    return err == UV_EAGAIN ? UV_ETIMEDOUT : err;
}

int
gruvi_queue_try_get(gruvi_queue_t *public, void **pointer)
{
    struct queue *queue = real(public);
    struct gruvi__list claimed;
    int err;

    *pointer = NULL;
    gruvi__list_init(&claimed);
    gruvi__spin_lock(&queue->spin);
    err = get_now(queue, pointer, &claimed);
    gruvi__spin_unlock(&queue->spin);
    wake_all(&claimed);
    return err;
}

/* --- the rest ------------------------------------------------------------- */

static void
refuse_all(struct gruvi__list *waiters, int status, struct gruvi__list *claimed)
{
    struct waiter *waiter;

    while ((waiter = claim_first(waiters)) != NULL) {
        waiter->status = status;
        gruvi__list_add(claimed, &waiter->waiter.link);
    }
}

void
gruvi_queue_close(gruvi_queue_t *public)
{
    struct queue *queue = real(public);
    struct gruvi__list claimed, taken;

    gruvi__list_init(&claimed);
    gruvi__list_init(&taken);
    gruvi__spin_lock(&queue->spin);
    queue->closed = true;
    refuse_all(&queue->putters, UV_EPIPE, &claimed);
    refuse_all(&queue->getters, UV_EOF, &claimed);
    gruvi__wait_link_take_all(&queue->ready.links, &taken);
    gruvi__spin_unlock(&queue->spin);
    wake_all(&claimed);
    fire_all(&taken);
}

size_t
gruvi_queue_size(gruvi_queue_t *public)
{
    struct queue *queue = real(public);
    size_t size;

    gruvi__spin_lock(&queue->spin);
    size = queue->size;
    gruvi__spin_unlock(&queue->spin);
    return size;
}

int
gruvi_queue_task_done(gruvi_queue_t *public)
{
    struct queue *queue = real(public);
    struct gruvi__waiter *joiner;
    struct gruvi__list claimed;

    gruvi__list_init(&claimed);
    gruvi__spin_lock(&queue->spin);
    if (queue->unfinished == 0) {
        gruvi__spin_unlock(&queue->spin);
        return UV_EINVAL;
    }
    if (--queue->unfinished == 0)
        while ((joiner = gruvi__waiter_claim_first(&queue->joiners)) != NULL)
            gruvi__list_add(&claimed, &joiner->link);
    gruvi__spin_unlock(&queue->spin);
    wake_all(&claimed);
    return 0;
}

GRUVI_SWITCHPOINT int
gruvi_queue_join(gruvi_queue_t *public, double timeout)
{
    struct queue *queue = real(public);
    struct gruvi__waiter self;
    gruvi_fiber_t *fiber;
    bool done;
    int err = gruvi__enter_any(__func__, &fiber);

    if (err < 0 || (err = gruvi__timeout_check(timeout)) < 0)
        return err;
    gruvi__spin_lock(&queue->spin);
    done = queue->unfinished == 0;
    if (!done && timeout != 0) {
        gruvi__waiter_init(&self, fiber);
        return wait_in(queue, &queue->joiners, &self, "queue", timeout);
    }
    gruvi__spin_unlock(&queue->spin);
    return done ? 0 : UV_ETIMEDOUT;
}

/* --- gruvi_wait() ----------------------------------------------------------
 */

static inline struct queue *
queue_of(struct gruvi__waitable_other *object)
{
    return gruvi__list_entry(object, struct queue, ready);
}

static int
check(struct gruvi__waitable_other *object)
{
    (void)object;
    return 0;
}

static inline bool
ready_now(const struct queue *queue)
{
    return queue->items.count > 0 || queue->closed;
}

static bool
is_ready(struct gruvi__waitable_other *object)
{
    struct queue *queue = queue_of(object);
    bool ready;

    gruvi__spin_lock(&queue->spin);
    ready = ready_now(queue);
    gruvi__spin_unlock(&queue->spin);
    return ready;
}

static int
link_to(struct gruvi__waitable_other *object, struct gruvi__wait_link *link)
{
    struct queue *queue = queue_of(object);
    bool ready;

    gruvi__spin_lock(&queue->spin);
    ready = ready_now(queue);
    if (!ready)
        gruvi__list_add(&object->links, &link->joiner.link);
    gruvi__spin_unlock(&queue->spin);
    return ready;
}

static bool
unlink_from(struct gruvi__waitable_other *object, struct gruvi__wait_link *link)
{
    struct queue *queue = queue_of(object);
    bool listed;

    gruvi__spin_lock(&queue->spin);
    listed = gruvi__wait_link_listed(link);
    if (listed)
        gruvi__list_remove(&link->joiner.link);
    gruvi__spin_unlock(&queue->spin);
    return listed;
}

static const struct gruvi__waitable_ops ready_ops = {check, is_ready, link_to,
                                                     unlink_from};

gruvi_waitable_t *
gruvi_queue_waitable(gruvi_queue_t *queue)
{
    return queue == NULL ? NULL : &real(queue)->ready.waitable;
}
