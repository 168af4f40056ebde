/* SPDX-License-Identifier: MIT */
/*
 * The leader: the root fiber of the first hub.  It alone starts and stops.
 * Signals and other fibers wake it when there is something to look at.
 */
#ifndef GRUVID_LEADER_H
#define GRUVID_LEADER_H

#include <stdbool.h>

#include <gruvi.h>

struct gruvid__sockets;

struct gruvid__leader {
    struct gruvid__sockets *sockets; /* the table of addresses; borrowed */
    gruvi_event_t wake;
    bool stopping;       /* was asked to stop; atomic */
    unsigned interrupts; /* SIGINTs so far */
    bool abandoned;      /* fibers were left behind */
    bool serving;        /* the start is over, and it went well; atomic */
    bool ending;         /* a stop waits for nothing but old generations */

    /* Seconds that what was cancelled has to end.  A reload may change it;
     * atomic. */
    double cancel_timeout;

    /* Reloads that are over, and of them those that have failed; whether the
     * last has.  Atomic. */
    uint64_t reloads, reloads_failed;
    bool last_reload_failed;

    const char *stage; /* static text: "serving"; atomic */
    double begun;      /* by gruvid__now() */
    uint64_t started;  /* the same time, in nanoseconds since 1970 */
};

void gruvid__leader_init(struct gruvid__leader *leader, double cancel_timeout);
void gruvid__leader_destroy(struct gruvid__leader *leader);

/* Tell the leader to look.  Context: any thread. */
void gruvid__wake(struct gruvid__leader *leader);

/* Whether gruvid was asked to stop.  Context: any thread. */
static inline bool
gruvid__stopping(const struct gruvid__leader *leader)
{
    return __atomic_load_n(&leader->stopping, __ATOMIC_ACQUIRE);
}

/* Seconds that what was cancelled has to end.  Context: any thread. */
static inline double
gruvid__cancel_timeout(const struct gruvid__leader *leader)
{
    double timeout;

    __atomic_load(&leader->cancel_timeout, &timeout, __ATOMIC_RELAXED);
    return timeout;
}

/* Whether gruvid takes connections, and goes on doing so.  Context: any thread.
 */
static inline bool
gruvid__ready(const struct gruvid__leader *leader)
{
    return __atomic_load_n(&leader->serving, __ATOMIC_ACQUIRE) &&
           !gruvid__stopping(leader);
}

/* What gruvid does: static text.  Context: any thread; the leader sets it. */
static inline const char *
gruvid__stage(const struct gruvid__leader *leader)
{
    return __atomic_load_n(&leader->stage, __ATOMIC_ACQUIRE);
}

static inline void
gruvid__set_stage(struct gruvid__leader *leader, const char *stage)
{
    __atomic_store_n(&leader->stage, stage, __ATOMIC_RELEASE);
}

/* Count a reload.  Context: the leader. */
static inline void
gruvid__count_reload(struct gruvid__leader *leader, bool ok)
{
    __atomic_store_n(&leader->reloads, leader->reloads + 1, __ATOMIC_RELAXED);
    if (!ok)
        __atomic_store_n(&leader->reloads_failed, leader->reloads_failed + 1,
                         __ATOMIC_RELAXED);
    __atomic_store_n(&leader->last_reload_failed, !ok, __ATOMIC_RELAXED);
}

/* Ask gruvid to stop.  Context: any thread. */
void gruvid__ask_to_stop(struct gruvid__leader *leader);

/* The time in seconds, for deadlines.  Context: any thread. */
double gruvid__now(void);

/*
 * Wait for gruvid__wake(), for SIGINT, or until a time.  SIGINT is counted and
 * asks for a stop.
 *
 *   until  by gruvid__now(); GRUVI_FOREVER: no limit
 *
 * Several fibers may wait; each has to look whether there is what it waits for.
 *
 * Returns whether there is time left.
 * Context: fiber of the first hub, switchpoint.
 */
GRUVI_SWITCHPOINT bool gruvid__wait(struct gruvid__leader *leader,
                                    double until);

/*
 * Wait for an event until a time; SIGINT is counted and does not end the wait.
 *
 * Returns whether the event came.
 * Context: fiber of the first hub, switchpoint.
 */
GRUVI_SWITCHPOINT bool gruvid__await(struct gruvid__leader *leader,
                                     gruvi_event_t *event, double until);

/*
 * Join a group of this hub; SIGINT is counted and does not end the wait.
 *
 *   until  by gruvid__now()
 *
 * Returns whether the group has ended.
 * Context: fiber of any hub, switchpoint.
 */
GRUVI_SWITCHPOINT bool gruvid__join(struct gruvid__leader *leader,
                                    gruvi_group_t *group, double until);

#endif
