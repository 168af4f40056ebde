/* SPDX-License-Identifier: MIT */
/*
 * Callbacks: what gruvi_hub_run_callback() has the hub do in its next turn.
 * Its own thread queues them; another thread posts them to the inbox.
 */
#include <stdlib.h>

#include <gruvi/hub.h>

#include "base/list.h"
#include "core/callback.h"
#include "core/hub.h"
#include "core/switch.h"
#include "core/thread.h"
#include "core/trace.h"

static void
run_callback(struct gruvi__inbox_node *node)
{
    struct gruvi__callback *callback =
        gruvi__list_entry(node, struct gruvi__callback, node);
    void (*fn)(void *arg) = callback->callback;
    void *arg = callback->arg;

    free(callback);
    fn(arg);
}

int
gruvi__hub_callback_add(gruvi_hub_t *hub, struct gruvi__callback *callback)
{
    if (hub->closed)
        return UV_ESHUTDOWN;
    callback->node.next = NULL;
    *hub->callbacks_tail = &callback->node;
    hub->callbacks_tail = &callback->node.next;
    gruvi__cut_poll(hub);
    return 0;
}

int
gruvi_hub_run_callback(gruvi_hub_t *hub, void (*fn)(void *arg), void *arg)
{
    struct gruvi__callback *callback;
    int err;

    if (hub == NULL || fn == NULL)
        return UV_EINVAL;
    callback = malloc(sizeof *callback);
    if (callback == NULL)
        return UV_ENOMEM;
    callback->node.run = run_callback;
    callback->callback = fn;
    callback->arg = arg;
    if (gruvi__is_own(hub))
        err = gruvi__hub_callback_add(hub, callback);
    else
        err = gruvi__inbox_post(&hub->inbox, &callback->node);
    if (err < 0)
        free(callback);
    return err;
}

void
gruvi__hub_run_callbacks(gruvi_hub_t *hub)
{
    struct gruvi__inbox_node *node = hub->callbacks, *next;
    unsigned n = 0;

    hub->callbacks = NULL;
    hub->callbacks_tail = &hub->callbacks;
    gruvi__trace_ran(hub, GRUVI__HUB_POSTS, gruvi__inbox_drain(&hub->inbox));
    for (; node != NULL; node = next) {
        next = node->next;
        node->run(node);
        n++;
    }
    gruvi__trace_ran(hub, GRUVI__HUB_CALLBACKS, n);
}
