/* SPDX-License-Identifier: MIT */
/* Signals, from their handler to the hubs that listen: see signals.c. */
#ifndef GRUVI_CORE_SIGNALS_H
#define GRUVI_CORE_SIGNALS_H

#include <stdbool.h>
#include <stdint.h>

#include <gruvi/base.h>

#include "base/list.h"

#define GRUVI__SIGNALS 64 /* SIGRTMAX, and the bits of a set */

static inline uint64_t
gruvi__signal_bit(int signum)
{
    return UINT64_C(1) << (signum - 1);
}

/* Part of a hub. */
struct gruvi__signals {
    struct gruvi__signal_post
        *post; /* NULL: nobody has listened here; atomic */
    struct gruvi__list listeners, handles;
};

/* What somebody listens for in a hub, linked from listen to unlisten. */
struct gruvi__signal_listener {
    struct gruvi__list link;
    uint64_t wanted; /* a bit for each signal */
    bool keeps_mask; /* a signal that is blocked stays so */

    /* Called in the hub's thread with those of wanted that have come.  It
     * must not switch, listen or unlisten. */
    void (*fn)(struct gruvi__signal_listener *listener, uint64_t came);
};

void gruvi__signals_init(struct gruvi__signals *signals);

/* 0, or an error: then the listener is not linked.  What came before is not
 * told. */
int gruvi__signals_listen(gruvi_hub_t *hub,
                          struct gruvi__signal_listener *listener);
void gruvi__signals_unlisten(gruvi_hub_t *hub,
                             struct gruvi__signal_listener *listener);

/* In the hub's thread: tell the listeners what has come. */
void gruvi__signals_deliver(gruvi_hub_t *hub);

/* What has come, and was not told yet.  Context: any thread. */
uint64_t gruvi__signals_waiting(const struct gruvi__signals *signals);

/* The hub ends: no handler knows it afterwards. */
void gruvi__signals_close(struct gruvi__signals *signals);

#endif
