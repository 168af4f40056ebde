/* SPDX-License-Identifier: MIT */
/* All that the control socket of a daemon is. */
#ifndef GRUVID_CONTROL_STATE_H
#define GRUVID_CONTROL_STATE_H

#include <sys/types.h>

#include <gruvi.h>

#include "run/state.h"

struct gruvid__client;

struct gruvid__control {
    struct gruvid__daemon *daemon;
    gruvi_listener_t *listener; /* NULL: closed */
    int spare;                  /* a descriptor to accept with; or -1 */
    gid_t group;                /* whose members may look */
    gruvi_group_t fibers;
    struct gruvid__client *clients;
    gruvi_event_t ended; /* all else has ended; status is valid */
    int status;
};

/*
 * Spawn a fiber of the control socket.  It has a stack of 128 KiB, and does not
 * count among max_fibers.
 *
 *   name  static text
 *
 * Returns a fiber that the caller owns, or NULL: why is gruvi_last_error().
 */
gruvi_fiber_t *gruvid__control_spawn(struct gruvid__control *control,
                                     gruvi_fiber_fn target, void *arg,
                                     const char *name);

/* The same in another group, for fibers that answer plugins. */
gruvi_fiber_t *gruvid__spawn_aside(struct gruvid__daemon *daemon,
                                   gruvi_group_t *group, gruvi_fiber_fn target,
                                   void *arg, const char *name);

#endif
