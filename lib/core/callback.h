/* SPDX-License-Identifier: MIT */
/* Callbacks that run in the hub's fiber: see callback.c. */
#ifndef GRUVI_CORE_CALLBACK_H
#define GRUVI_CORE_CALLBACK_H

#include <gruvi/base.h>

#include "core/inbox.h"

struct gruvi__callback {
    struct gruvi__inbox_node node;
    void (*callback)(void *arg);
    void *arg;
};

/* Queue a callback, in the hub's own thread.  0, or UV_ESHUTDOWN. */
int gruvi__hub_callback_add(gruvi_hub_t *hub, struct gruvi__callback *callback);

/* Run the queued callbacks, and the messages in the inbox. */
void gruvi__hub_run_callbacks(gruvi_hub_t *hub);

#endif
