/* SPDX-License-Identifier: MIT */
/*
 * The inside of a future, for the pools that run work for one.
 */
#ifndef GRUVI_SYNC_FUTURE_H
#define GRUVI_SYNC_FUTURE_H

#include <gruvi/future.h>
#include <gruvi/sync.h>

#include "base/list.h"
#include "base/spin.h"

/* What differs where a pool settles a future. */
struct gruvi__future_ops {
    /* As gruvi_future_cancel(), for a future that was not done just now. */
    int (*cancel)(gruvi_future_t *f);
    /* The last reference is gone: free what the future is a part of. */
    void (*free)(gruvi_future_t *f);
};

struct gruvi_future {
    gruvi_event_t done;      /* set once it is, with status and value */
    struct gruvi__spin spin; /* guards settled and callbacks */
    bool settled;            /* status and value are set, done soon is */
    int running;             /* atomic */
    int refs;                /* atomic */
    int status;
    void *value;
    const struct gruvi__future_ops *ops; /* NULL: any holder settles it */
    struct gruvi__list callbacks;        /* struct callback; future.c */
};

void gruvi__future_init(gruvi_future_t *f, const struct gruvi__future_ops *ops);

/* Work for it has begun. */
void gruvi__future_set_running(gruvi_future_t *f);

/* status is 0 or negative.  0, or UV_EALREADY.  The caller has a reference. */
int gruvi__future_settle(gruvi_future_t *f, void *value, int status);

#endif
