/* SPDX-License-Identifier: MIT */
/*
 * Synchronisation between fibers of any hub and plain threads.
 *
 * Everything here is thread-safe: any mix of fibers of several hubs and of
 * threads without a hub may use one object at the same time.  A thread that
 * has no hub waits as a plain thread; it gets no hub by it.
 */
#ifndef GRUVI_SYNC_H
#define GRUVI_SYNC_H

#include <gruvi/base.h>
#include <gruvi/switchpoint.h>

GRUVI_BEGIN_DECLS

/*
 * An event: something that has happened, or not yet.  Level-triggered: it
 * stays set until it is cleared, and as long as it is set nobody waits.
 * Placed by the caller; not copied, not moved.
 */
typedef union gruvi_event {
    uint64_t align;
    unsigned char opaque[64];
} gruvi_event_t;

/* A static initialiser; such an event needs no gruvi_event_init(). */
#define GRUVI_EVENT_INIT                                                       \
    {                                                                          \
        0                                                                      \
    }

/*
 * Make an event that is not set.
 *
 * Returns 0.
 * Context: any thread.
 */
GRUVI_API int gruvi_event_init(gruvi_event_t *event);

/*
 * End an event.  That somebody waits for it is an assertion failure.
 *
 * Context: any thread.
 */
GRUVI_API void gruvi_event_destroy(gruvi_event_t *event);

/*
 * Set an event and wake all who wait for it.  Whoever waited may destroy the
 * event as soon as its wait has returned, though this call still runs.
 *
 * Context: any thread, hub callbacks too; not a switchpoint.
 */
GRUVI_API void gruvi_event_set(gruvi_event_t *event);

/* Clear an event.  Context: as for gruvi_event_set(). */
GRUVI_API void gruvi_event_clear(gruvi_event_t *event);

/* Whether an event is set.  Context: as for gruvi_event_set(). */
GRUVI_API bool gruvi_event_is_set(gruvi_event_t *event);

/*
 * Wait until the event is set; return at once if it already is.
 *
 *   timeout  seconds; 0 polls, GRUVI_FOREVER waits without limit
 *
 * Returns 0 once the event is set.
 * Errors:  UV_ETIMEDOUT, UV_ECANCELED, UV_EINTR, UV_ESHUTDOWN; the event is
 *          unchanged by all of them.  UV_EINVAL for NaN.
 * Context: fiber or plain thread, switchpoint.
 */
GRUVI_API GRUVI_SWITCHPOINT int gruvi_event_wait(gruvi_event_t *event,
                                                 double timeout);

GRUVI_END_DECLS

#endif
