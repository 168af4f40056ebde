/* SPDX-License-Identifier: MIT */
/*
 * Buses: sections that gruvid/bus.h reaches.
 *
 *   line.c          which section it is, and which of its generations
 *   call.c          calls, which run in their caller's fiber
 *   subscription.c  subscriptions, which outlive a generation of the bus
 *   message.c       what has come
 *
 * A call uses the bus's shard of its own hub.  It is on a list of that shard,
 * which is not stopped before the list is empty: the end of the shard ends the
 * calls, and waits for them.  So nothing is locked, and nothing is counted for
 * several hubs, but where a call names the section.
 *
 * A subscription is on a list of its hub, and belongs to a section: the
 * generation that serves has it.
 */
#ifndef GRUVID_BUS_BUS_H
#define GRUVID_BUS_BUS_H

#include <gruvid/transport.h>

#include "instance/instance.h"
#include "instance/shard.h"

/* --- line.c --------------------------------------------------------------- */

/*
 * A generation has started: it is the bus of its section unless another is.
 * From begin on it is in any case, and has all subscriptions; end: it is not
 * any more.  All are for what is no bus, too.
 *
 * Context: fiber of the first hub, switchpoint; end: first hub.
 */
GRUVI_SWITCHPOINT void gruvid__bus_offer(gruvid_plugin_t *plugin);
GRUVI_SWITCHPOINT void gruvid__bus_begin(gruvid_plugin_t *plugin);
void gruvid__bus_end(gruvid_plugin_t *plugin);

/*
 * The section of a bus, by its name, or NULL for the only one.
 *
 * Returns 0.
 * Errors:  UV_ENOTSUP, UV_EINVAL; logged.
 * Context: fiber of a plugin.
 */
int gruvid__bus_find(const char *name, struct gruvid__line **line);

/* The shard of the generation that serves, in this hub; NULL: none does. */
struct gruvid__shard *gruvid__bus_shard(const struct gruvid__line *line);

/* --- call.c --------------------------------------------------------------- */

/* A call in flight, on its caller's stack. */
struct gruvid__bus_call {
    struct gruvid__bus_call *next, **link; /* on shard->bus_calls */
    gruvi_switch_back_t *limit;
};

/* Whether no call is in flight in any hub.  Context: first hub. */
bool gruvid__bus_over(const gruvid_plugin_t *plugin);

/* The shard is about to end: as a bus it takes no more calls and ends those in
 * flight, and its subscriptions end.  Context: its hub. */
void gruvid__bus_cut(struct gruvid__shard *shard);

/* --- subscription.c ------------------------------------------------------- */

struct gruvid_subscription {
    struct gruvid_subscription *next, **link; /* on hub->subscriptions */
    struct gruvid__line *line;
    struct gruvid__shard *shard; /* of the subscriber */
    gruvi_queue_t *queue;        /* NULL: it has ended */
    gruvid_plugin_t *bus;        /* that has it; NULL: none */
    void *handle;                /* there */
    uint64_t dropped;            /* atomic */
    char *subject, *group;       /* owned; group NULL: none */
};

/* Have all subscriptions of this hub to the section of a shard made there. */
int gruvid__subscriptions_attach(void *shard);

/* The subscriptions that the bus of a shard has go to the generation that
 * serves, if any.  The subscriptions that a shard has made end; are freed.
 * Context: its hub. */
void gruvid__subscriptions_detach(struct gruvid__shard *shard);
void gruvid__subscriptions_end(struct gruvid__shard *shard);
void gruvid__subscriptions_free(struct gruvid__shard *shard);

/* --- message.c ------------------------------------------------------------ */

/* Make a message; NULL: without memory. */
gruvid_message_t *gruvid__message_new(const gruvid_bus_content_t *content);

#endif
