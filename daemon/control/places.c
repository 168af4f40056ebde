/* SPDX-License-Identifier: MIT */
/* Who has a place, and who gives way: see places.h. */
#include "control/places.h"

#include <stdio.h>

#define PLACES      64
#define PLACES_MORE 4

size_t
gruvid__places(const struct gruvid__peer *peer)
{
    return PLACES + (peer->may == GRUVID__MAY_ACT ? (size_t)PLACES_MORE : 0);
}

static bool
counts(const struct gruvid__client *client, const struct gruvid__peer *peer)
{
    return client->peer.uid == peer->uid && !client->leaving;
}

static struct gruvid__client *
find_idlest(struct gruvid__client *clients, const struct gruvid__peer *peer,
            double now)
{
    struct gruvid__client *client = clients, *idlest = NULL;

    for (; client != NULL; client = client->next)
        if (counts(client, peer) && !client->busy &&
            now - client->idle_since >= GRUVID__CONTROL_IDLE &&
            (idlest == NULL || client->idle_since < idlest->idle_since))
            idlest = client;
    return idlest;
}

/* The client reads why, should it ask once more. */
static void
dismiss(struct gruvid__client *client, double idle)
{
    char who[64], why[128];

    gruvi_warning("a client of the control socket (%s) has been idle for %.0f "
                  "seconds, and gives way: its user has no place left",
                  gruvid__peer_text(&client->peer, who, sizeof who), idle);
    snprintf(why, sizeof why,
             "idle for %.0f seconds, and another client of the same user "
             "needs the place",
             idle);
    gruvid__client_dismiss(client, why);
}

bool
gruvid__place_find(struct gruvid__client *clients,
                   const struct gruvid__peer *peer, double now)
{
    struct gruvid__client *client = clients, *idlest;
    size_t n = 0;

    for (; client != NULL; client = client->next)
        n += counts(client, peer);
    if (n < gruvid__places(peer))
        return true;
    idlest = find_idlest(clients, peer, now);
    if (idlest == NULL)
        return false;
    dismiss(idlest, now - idlest->idle_since);
    return true;
}
