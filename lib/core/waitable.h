/* SPDX-License-Identifier: MIT */
/* What gruvi_wait() may wait for: a member of an event, of a fiber, or of an
 * object of any other room, which brings its functions. */
#ifndef GRUVI_CORE_WAITABLE_H
#define GRUVI_CORE_WAITABLE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/list.h"

enum gruvi__waitable_kind {
    GRUVI__WAITABLE_EVENT,
    GRUVI__WAITABLE_FIBER,
    GRUVI__WAITABLE_OTHER /* part of a struct gruvi__waitable_other */
};

struct gruvi_waitable {
    uint8_t kind; /* enum gruvi__waitable_kind; zeros are an event */
};

struct gruvi__waitable_other;
struct gruvi__wait_link;

struct gruvi__waitable_ops {
    /* Whether the caller may wait for it: 0 or an error. */
    int (*check)(struct gruvi__waitable_other *object);

    bool (*is_ready)(struct gruvi__waitable_other *object);

    /* Have a link fire when it is ready, after a look found that it is not.
     * 0; 1 where it is ready by now; or an error. */
    int (*link)(struct gruvi__waitable_other *object,
                struct gruvi__wait_link *link);

    /* Take a link back that was not seen to be done; false: it has fired, or is
     * about to. */
    bool (*unlink)(struct gruvi__waitable_other *object,
                   struct gruvi__wait_link *link);
};

/* Readiness is a level: all who wait are woken, and the first may use it up. */
struct gruvi__waitable_other {
    struct gruvi_waitable waitable;
    const struct gruvi__waitable_ops *ops; /* NULL: never asked for */
    struct gruvi__list links;              /* struct gruvi__wait_link */
};

static inline struct gruvi__waitable_other *
gruvi__waitable_other_of(struct gruvi_waitable *waitable)
{
    return gruvi__list_entry(waitable, struct gruvi__waitable_other, waitable);
}

static inline void
gruvi__waitable_other_init(struct gruvi__waitable_other *object,
                           const struct gruvi__waitable_ops *ops)
{
    object->waitable.kind = GRUVI__WAITABLE_OTHER;
    object->ops = ops;
    gruvi__list_init(&object->links);
}

/*
 * The waitable of an object of one hub, zeros before the first call.  Few
 * objects are ever waited for like this.
 */
static inline struct gruvi_waitable *
gruvi__waitable_get(struct gruvi__waitable_other *object,
                    const struct gruvi__waitable_ops *ops)
{
    if (object->ops == NULL)
        gruvi__waitable_other_init(object, ops);
    return &object->waitable;
}

/* Whether a fiber of this hub waits for it. */
static inline bool
gruvi__waitable_awaited(const struct gruvi__waitable_other *object)
{
    return object->ops != NULL && !gruvi__list_empty(&object->links);
}

/* For objects of one hub: link and unlink without a lock; and what ends their
 * waits: it is ready, or it is closed, which is UV_ECONNABORTED. */
int gruvi__waitable_link(struct gruvi__waitable_other *object,
                         struct gruvi__wait_link *link);
bool gruvi__waitable_unlink(struct gruvi__waitable_other *object,
                            struct gruvi__wait_link *link);
void gruvi__waitable_fire(struct gruvi__waitable_other *object);
void gruvi__waitable_abort(struct gruvi__waitable_other *object);

#endif
