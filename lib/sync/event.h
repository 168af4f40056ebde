/* SPDX-License-Identifier: MIT */
/*
 * The inside of an event, for objects that are done when an event is set.
 */
#ifndef GRUVI_SYNC_EVENT_H
#define GRUVI_SYNC_EVENT_H

#include <gruvi/sync.h>
#include <gruvi/wait.h>

#include "base/list.h"
#include "core/waitable.h"

struct gruvi__wait_link;

/* All zeros is an event that is not set. */
struct gruvi__event {
    unsigned state; /* atomic */
    struct gruvi_waitable waitable;
    /* Under LOCKED; valid where WAITERS is set. */
    struct gruvi__list waiters; /* struct gruvi__waiter */
    struct gruvi__list links;   /* struct gruvi__wait_link */
};

static inline struct gruvi__event *
gruvi__event_of(gruvi_waitable_t *waitable)
{
    return gruvi__list_entry(waitable, struct gruvi__event, waitable);
}

/* Wait after gruvi__enter_any(), with a checked timeout; what is for dumps. */
int gruvi__event_wait(gruvi_event_t *event, gruvi_fiber_t *fiber,
                      const char *what, double timeout);

/* Have link fire when the event is set; false: it is set already. */
bool gruvi__event_link(struct gruvi__event *event,
                       struct gruvi__wait_link *link);

/* Take the link back; false: it has fired, or is about to. */
bool gruvi__event_unlink(struct gruvi__event *event,
                         struct gruvi__wait_link *link);

#endif
