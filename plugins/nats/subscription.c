/* SPDX-License-Identifier: MIT */
#include "subscription.h"

#include <stdlib.h>
#include <string.h>

#include "session.h"

/* Numbers of routes are below, so that what comes late by a subscription that
 * was taken back is not taken for a request. */
#define FIRST ((uint64_t)1 << 32)

static bool
is_inbox(const struct nats_subscription *subscription)
{
    return strncmp(subscription->subject, "_INBOX.", 7) == 0;
}

/* Where it stands, or would stand. */
static size_t
find(const struct nats_subscriptions *all, uint64_t sid)
{
    size_t low = 0, high = all->n;

    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (all->at[middle]->sid < sid)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static void
free_one(struct nats_subscription *subscription)
{
    free(subscription->subject);
    free(subscription->group);
    free(subscription);
}

static struct nats_subscription *
new_one(const char *subject, const char *group)
{
    struct nats_subscription *one = calloc(1, sizeof *one);

    if (one == NULL)
        return NULL;
    one->subject = strdup(subject);
    one->group = group == NULL ? NULL : strdup(group);
    if (one->subject != NULL && (group == NULL || one->group != NULL))
        return one;
    free_one(one);
    return NULL;
}

static bool
make_room(struct nats_subscriptions *all)
{
    size_t room = all->room == 0 ? 16 : 2 * all->room;
    struct nats_subscription **at;

    if (all->n < all->room)
        return true;
    at = realloc(all->at, room * sizeof(struct nats_subscription *));
    if (at == NULL)
        return false;
    all->at = at;
    all->room = room;
    return true;
}

static bool
put(struct nats_node *node, const struct nats_subscription *subscription)
{
    return nats_session_put(
        node, nats_put_sub(&node->out, subscription->subject,
                           subscription->group, subscription->sid));
}

int
nats_subscribe(struct nats_node *node, struct nats_subscription **subscription,
               const char *subject, const char *group,
               nats_message_fn *on_message, void *arg)
{
    struct nats_subscriptions *all = &node->subscriptions;
    struct nats_subscription *one;

    *subscription = NULL;
    if (strlen(subject) > NATS_LINE / 4 ||
        !nats_is_pattern(subject, strlen(subject)) ||
        (group != NULL && (strlen(group) > NATS_LINE / 4 ||
                           !nats_is_subject(group, strlen(group)))))
        return UV_EINVAL;
    one = make_room(all) ? new_one(subject, group) : NULL;
    if (one == NULL)
        return UV_ENOMEM;
    one->on_message = on_message;
    one->arg = arg;
    one->sid = FIRST + ++all->last;
    all->at[all->n++] = one;
    if (nats_session_is_open(node) && (!node->is_quiet || is_inbox(one)))
        put(node, one);
    *subscription = one;
    return 0;
}

void
nats_subscription_end(struct nats_node *node,
                      struct nats_subscription *subscription)
{
    if (!subscription->ended && nats_session_is_open(node))
        nats_session_put(node, nats_put_unsub(&node->out, subscription->sid));
    subscription->ended = true;
}

void
nats_unsubscribe(struct nats_node *node, struct nats_subscription *subscription)
{
    struct nats_subscriptions *all = &node->subscriptions;
    size_t at;

    if (subscription == NULL)
        return;
    nats_subscription_end(node, subscription);
    at = find(all, subscription->sid);
    memmove(all->at + at, all->at + at + 1,
            (all->n - at - 1) * sizeof(struct nats_subscription *));
    all->n--;
    free_one(subscription);
}

bool
nats_subscriptions_take(struct nats_node *node, const struct nats_input *input)
{
    const struct nats_subscriptions *all = &node->subscriptions;
    size_t at;

    if (input->sid < FIRST)
        return false;
    at = find(all, input->sid);
    if (at < all->n && all->at[at]->sid == input->sid)
        all->at[at]->on_message(all->at[at]->arg, input);
    return true;
}

bool
nats_subscriptions_put(struct nats_node *node)
{
    const struct nats_subscriptions *all = &node->subscriptions;

    for (size_t i = 0; i < all->n; i++)
        if (!all->at[i]->ended && !put(node, all->at[i]))
            return false;
    return true;
}

void
nats_subscriptions_end(struct nats_node *node)
{
    const struct nats_subscriptions *all = &node->subscriptions;

    for (size_t i = 0; i < all->n && nats_session_is_open(node); i++)
        if (!all->at[i]->ended && !is_inbox(all->at[i]))
            nats_session_put(node, nats_put_unsub(&node->out, all->at[i]->sid));
}

void
nats_subscriptions_free(struct nats_node *node)
{
    struct nats_subscriptions *all = &node->subscriptions;

    for (size_t i = 0; i < all->n; i++)
        free_one(all->at[i]);
    free(all->at);
    *all = (struct nats_subscriptions){NULL, 0, 0, 0};
}
