/* SPDX-License-Identifier: MIT */
/* Callbacks that run in the hub's fiber: see callback.c. */
#ifndef GRUVI_CORE_CALLBACK_H
#define GRUVI_CORE_CALLBACK_H

#include <stddef.h>

#include <gruvi/base.h>

#include "base/spin.h"
#include "core/inbox.h"

/* What is queued; its owner has the rest around it. */
struct gruvi__callback {
    struct gruvi__inbox_node node;
};

/* Queue a callback, in the hub's own thread.  0, or UV_ESHUTDOWN. */
int gruvi__hub_callback_add(gruvi_hub_t *hub, struct gruvi__callback *callback);

/* Run the queued callbacks, and the messages in the inbox. */
void gruvi__hub_run_callbacks(gruvi_hub_t *hub);

/* Let go of the memory of callbacks that have run in the hub, where they did so
 * outside of gruvi__hub_run_callbacks(). */
void gruvi__hub_free_callbacks(gruvi_hub_t *hub);

/* Memory of a hub's callbacks that can be used again. */
struct gruvi__spare_blocks {
    struct gruvi__spin lock;
    struct gruvi__callback_block *first; /* under lock */
    size_t n;                            /* atomic; written under lock */
};

/* Free up to max of them, and keep so many.  Returns how many are left beyond
 * those. */
size_t gruvi__callbacks_trim(struct gruvi__spare_blocks *spare, size_t keep,
                             size_t max);

#endif
