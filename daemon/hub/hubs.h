/* SPDX-License-Identifier: MIT */
/*
 * The hubs of gruvid, one thread each.
 *
 *   hub 1   the main thread's: its root fiber leads.  Signals, the start, the
 *           stop, and everything that is told to the service manager.
 *   hub 2   a thread whose root fiber does what it is called for by the first,
 *   ...     one call after the other.
 *
 * Nobody touches what belongs to another hub: the first one calls, and is told
 * by gruvid__wake() and by what is marked atomic in instance.h.
 *
 * A call may never come back, because code of a plugin keeps its thread.  Such
 * a hub is named and not called again; gruvid stops without it.
 */
#ifndef GRUVID_HUBS_H
#define GRUVID_HUBS_H

#include <pthread.h>
#include <stdbool.h>

#include <gruvi.h>

struct gruvid__daemon;

/* What gruvid.hubs may be at most: more threads than any machine has use for.
 */
#define GRUVID__MOST_HUBS 256

struct gruvid__hub {
    struct gruvid__daemon *daemon;
    unsigned number;  /* from 1 */
    char name[16];    /* "hub 2" */
    gruvi_hub_t *hub; /* a reference */

    /* Of all but the first. */
    pthread_t thread;
    bool stuck; /* for the first hub: a call has not come back */

    /* The call: written by the first hub before it sets asked, and by the
     * thread before it sets answered. */
    gruvi_event_t asked, answered;
    int (*call)(void *arg); /* NULL: end */
    void *arg;
    int result;
};

/*
 * Make the hubs, the first of which is this thread's and there already.
 *
 *   n  how many; 1: no thread is made
 *
 * Returns 0.
 * Errors:  what a hub or its thread could not be made for; logged.
 * Context: root fiber, switchpoint.
 */
int gruvid__hubs_open(struct gruvid__daemon *daemon, unsigned n);

/*
 * Close all but the first and join their threads.  One that does not end is
 * named, and the daemon marked as abandoned.
 *
 * Context: root fiber, switchpoint.
 */
void gruvid__hubs_close(struct gruvid__daemon *daemon);

/* Let go of them: once the first is closed. */
void gruvid__hubs_free(struct gruvid__daemon *daemon);

/*
 * Call a function in the root fiber of a hub, and wait for its result.  In the
 * first one that is a plain call.
 *
 *   within  seconds that the function itself may take
 *
 * Returns what it returns.
 * Errors:  UV_ETIMEDOUT: the hub is stuck; logged, and the daemon is marked as
 *          abandoned.
 * Context: root fiber of the first hub, switchpoint.
 */
int gruvid__hub_call(struct gruvid__hub *hub, int (*call)(void *arg), void *arg,
                     double within);

/* The hub of this thread; NULL in one that is none of them. */
struct gruvid__hub *gruvid__hub_self(void);

#endif
