/* SPDX-License-Identifier: MIT */
/*
 * The hubs of gruvid, one thread each.
 *
 *   hub 1   the main thread's; its root fiber is the leader.  Signals, the
 *           start, the stop, and all that the service manager is told.
 *   hub 2   a thread.  Its root fiber does what the leader calls it for, one
 *   ...     call after another.
 *
 * Nobody touches what belongs to another hub.  The leader calls into a hub; a
 * hub answers, calls gruvid__wake(), or writes what is marked atomic.
 *
 * A call may not come back, because code of a plugin keeps the thread.  Such a
 * hub is named in the log.  While gruvid serves, the call is withdrawn: nothing
 * has happened, and the hub may be called again.  At a stop, and at a start,
 * gruvid goes on without the hub.
 */
#ifndef GRUVID_HUBS_H
#define GRUVID_HUBS_H

#include <pthread.h>
#include <stdbool.h>
#include <sys/types.h>
#include <time.h>

#include <gruvi.h>

#include "hub/lag.h"
#include "hub/leader.h"

struct gruvid_subscription;

/* The most that gruvid.hubs may be: more threads than any machine has use for.
 */
#define GRUVID__MOST_HUBS 256

struct gruvid__hub {
    struct gruvid__hubs *all;
    unsigned number;  /* from 1 */
    char name[16];    /* "hub 2" */
    gruvi_hub_t *hub; /* a reference */

    /* Its thread, for who watches it. */
    pid_t tid;
    clockid_t cpu_clock;
    int epoll_fd; /* with which it waits */
    bool ended;   /* the hub is closed; atomic */
    struct gruvid__lag lag;

    /* Of all but the first. */
    pthread_t thread;
    bool stuck;  /* for the leader: it is not called any more */
    bool silent; /* for the leader: it has not answered, which was logged */

    struct gruvid_subscription *subscriptions; /* of the hub: bus/bus.h */

    /* Calls of several fibers of the first hub wait for each other. */
    bool busy;
    gruvi_event_t free;

    /* The call: written by the leader before it sets asked, and by the
     * thread before it sets answered. */
    enum gruvid__call_state {
        GRUVID__CALL_NONE,
        GRUVID__CALL_ASKED, /* may be withdrawn */
        GRUVID__CALL_TAKEN  /* the thread has begun with it, or has answered */
    } state;                /* atomic */
    gruvi_event_t asked, answered;
    GRUVI_SWITCHPOINT int (*call)(void *arg); /* NULL: end */
    void *arg;
    int result;
};

struct gruvid__hubs {
    struct gruvid__leader *leader;
    size_t max_fibers;      /* of each hub; 0: no limit */
    struct gruvid__hub *at; /* n of them */
    unsigned n;
};

/*
 * Make the hubs.  The first is this thread's and exists already.
 *
 *   hubs  zeroed, with leader and max_fibers set
 *   n     how many; 1: no thread is made
 *
 * Returns 0; free hubs with gruvid__hubs_free() either way.
 * Errors:  why a hub or its thread could not be made; logged.
 * Context: root fiber, switchpoint.
 */
GRUVI_SWITCHPOINT int gruvid__hubs_open(struct gruvid__hubs *hubs, unsigned n);

/*
 * Close all but the first and join their threads.  A thread that does not end
 * is named in the log, and the leader marked as abandoned.
 *
 * Context: root fiber, switchpoint.
 */
GRUVI_SWITCHPOINT void gruvid__hubs_close(struct gruvid__hubs *hubs);

/* Free the hubs, once the first is closed. */
void gruvid__hubs_free(struct gruvid__hubs *hubs);

/*
 * Call a function in the root fiber of a hub, and wait for its result.  In the
 * first hub that is a plain call.
 *
 *   arg     has to stay valid after UV_ETIMEDOUT: a function that has begun may
 *           yet go on
 *   within  seconds that the function itself may take
 *
 * Returns what the function returns.
 * Errors:  UV_ETIMEDOUT: the hub does not answer; logged.  At a start or stop
 *          the leader is marked as abandoned.
 * Context: fiber of the first hub, switchpoint.
 */
GRUVI_SWITCHPOINT int gruvid__hub_call(struct gruvid__hub *hub,
                                       GRUVI_SWITCHPOINT int (*call)(void *arg),
                                       void *arg, double within);

/* The hub of this thread; NULL where the thread has none. */
struct gruvid__hub *gruvid__hub_self(void);

#endif
