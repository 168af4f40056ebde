/* SPDX-License-Identifier: MIT */
/* Subscriptions: see bus.h. */
#include <stdlib.h>
#include <string.h>

#include "bus/bus.h"

/* --- at the bus ----------------------------------------------------------- */

static void
leave(struct gruvid_subscription *subscription)
{
    gruvid_plugin_t *bus = subscription->bus;

    if (bus != NULL && bus->bus->unsubscribe != NULL)
        bus->bus->unsubscribe(bus, subscription->handle);
    subscription->bus = NULL;
}

/* Have the bus of a shard deliver, in place of any other. */
static int
move(struct gruvid_subscription *subscription, struct gruvid__shard *shard)
{
    gruvid_plugin_t *bus = shard->plugin;
    void *handle = NULL;
    int err =
        bus->bus->subscribe == NULL
            ? UV_ENOTSUP
            : bus->bus->subscribe(bus, subscription->subject,
                                  subscription->group, subscription, &handle);

    if (err < 0)
        return err;
    leave(subscription);
    subscription->bus = bus;
    subscription->handle = handle;
    return 0;
}

static void
move_or_tell(struct gruvid_subscription *subscription,
             struct gruvid__shard *shard)
{
    int err = move(subscription, shard);

    if (err < 0)
        gruvi_error("plugin %s: its subscription of %s is not made anew: %s",
                    subscription->shard->plugin->name, subscription->subject,
                    gruvi_strerror(err));
}

int
gruvid__subscriptions_attach(void *arg)
{
    struct gruvid__shard *shard = arg;
    struct gruvid_subscription *at = shard->hub->subscriptions;

    for (; at != NULL && shard->bus_is_open; at = at->next)
        if (at->line == shard->plugin->line && at->queue != NULL &&
            at->bus != shard->plugin)
            move_or_tell(at, shard);
    return 0;
}

void
gruvid__subscriptions_detach(struct gruvid__shard *shard)
{
    struct gruvid_subscription *at = shard->hub->subscriptions;
    struct gruvid__shard *next = gruvid__bus_shard(shard->plugin->line);

    for (; at != NULL; at = at->next) {
        if (at->bus != shard->plugin)
            continue;
        leave(at);
        if (next != NULL)
            move_or_tell(at, next);
    }
}

/* --- its life ------------------------------------------------------------- */

static void
free_one(struct gruvid_subscription *subscription)
{
    free(subscription->subject);
    free(subscription->group);
    free(subscription);
}

static struct gruvid_subscription *
new_one(const char *subject, const char *group, gruvi_queue_t *queue)
{
    struct gruvid_subscription *made = calloc(1, sizeof *made);

    if (made == NULL)
        return NULL;
    made->queue = queue;
    made->subject = strdup(subject);
    made->group = group == NULL ? NULL : strdup(group);
    if (made->subject != NULL && (group == NULL || made->group != NULL))
        return made;
    free_one(made);
    return NULL;
}

static void
put_on_list(struct gruvid_subscription *subscription, struct gruvid__hub *hub)
{
    subscription->next = hub->subscriptions;
    subscription->link = &hub->subscriptions;
    if (subscription->next != NULL)
        subscription->next->link = &subscription->next;
    hub->subscriptions = subscription;
}

static bool
is_text(const char *text)
{
    return text != NULL && *text != '\0';
}

int
gruvid_bus_subscribe(const char *bus, const char *subject, const char *group,
                     gruvi_queue_t *queue, gruvid_subscription_t **result)
{
    struct gruvid__line *line;
    struct gruvid__shard *shard;
    struct gruvid_subscription *made;
    int err = gruvid__bus_find(bus, &line);

    *result = NULL;
    if (err < 0)
        return err;
    if (!is_text(subject) || (group != NULL && *group == '\0') || queue == NULL)
        return UV_EINVAL;
    made = new_one(subject, group, queue);
    if (made == NULL)
        return UV_ENOMEM;
    made->line = line;
    made->shard = gruvid__shard_of(gruvi_current_fiber());
    shard = gruvid__bus_shard(line);
    err = shard == NULL ? 0 : move(made, shard);
    if (err < 0) {
        free_one(made);
        return err;
    }
    put_on_list(made, made->shard->hub);
    *result = made;
    return 0;
}

static void
end(struct gruvid_subscription *subscription)
{
    leave(subscription);
    subscription->queue = NULL;
}

void
gruvid_bus_unsubscribe(gruvid_subscription_t *subscription)
{
    if (subscription == NULL)
        return;
    end(subscription);
    *subscription->link = subscription->next;
    if (subscription->next != NULL)
        subscription->next->link = subscription->link;
    free_one(subscription);
}

uint64_t
gruvid_subscription_dropped(const gruvid_subscription_t *subscription)
{
    return __atomic_load_n(&subscription->dropped, __ATOMIC_RELAXED);
}

void
gruvid__subscriptions_end(struct gruvid__shard *shard)
{
    struct gruvid_subscription *at = shard->hub->subscriptions;

    for (; at != NULL; at = at->next)
        if (at->shard == shard)
            end(at);
}

void
gruvid__subscriptions_free(struct gruvid__shard *shard)
{
    struct gruvid_subscription *at = shard->hub->subscriptions, *next;

    for (; at != NULL; at = next) {
        next = at->next;
        if (at->shard == shard)
            gruvid_bus_unsubscribe(at);
    }
}

/* --- messages ------------------------------------------------------------- */

int
gruvid_bus_deliver(gruvid_subscription_t *to,
                   const gruvid_bus_content_t *content)
{
    gruvid_message_t *message =
        to->queue == NULL ? NULL : gruvid__message_new(content);
    int err = UV_ENOMEM;

    if (message != NULL) {
        err = gruvi_queue_try_put(to->queue, message, NULL);
        if (err == 0)
            return 0;
        gruvid_message_free(message);
    }
    gruvid__count(&to->dropped);
    return err == UV_ENOMEM ? err : UV_ENOBUFS;
}
