/* SPDX-License-Identifier: MIT */
/* What signals do to gruvid. */
#ifndef GRUVID_SIGNALS_H
#define GRUVID_SIGNALS_H

#include <stdbool.h>
#include <sys/types.h>

#include <uv.h>

struct gruvid__daemon;

#define GRUVID__SIGNALS 5

struct gruvid__signals {
    uv_signal_t handles[GRUVID__SIGNALS];
    unsigned n_handles; /* initialised so far */
    uv_timer_t reap;

    /* A child that died, and about which hub after hub is asked.  For the hub
     * that is being asked, and for the first hub otherwise. */
    pid_t orphan;
    unsigned asked; /* the next hub to ask */
    bool owned;     /* a hub has it, or may have it */
    bool asking;    /* atomic */
};

/*
 * Listen to signals; as process 1, also reap orphans.  SIGINT is the hub's.
 *
 * Returns 0.
 * Errors:  of the event loop.
 * Context: root fiber.
 */
int gruvid__signals_open(struct gruvid__daemon *daemon);

/* Context: root fiber, switchpoint. */
void gruvid__signals_close(struct gruvid__daemon *daemon);

#endif
