/* SPDX-License-Identifier: MIT */
/*
 * A shard: an instance in one hub.
 *
 * Only that hub's thread touches the shard, but for what is marked atomic and
 * what says that it is the leader's.
 */
#ifndef GRUVID_SHARD_H
#define GRUVID_SHARD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <gruvi.h>
#include <gruvid/plugin.h>

#include "config/config.h"
#include "hub/hubs.h"
#include "instance/codes.h"
#include "instance/rate.h"
#include "instance/times.h"

struct gruvid__bus_call;
struct gruvid__connection;
struct gruvid__endpoint;
struct gruvid__park;
struct gruvid__piece;

struct gruvid__shard {
    gruvid_plugin_t *plugin;
    struct gruvid__hub *hub;
    gruvi_group_t group, connections;
    bool has_group, has_connections;    /* the groups exist */
    void *hub_data;                     /* the plugin's own */
    bool starting;                      /* start runs here: data may be set */
    bool handing_over;                  /* handover runs here */
    char failure[256];                  /* of gruvid_plugin_fail(), or "" */
    struct gruvid__options *options;    /* atomic: what the getters give here */
    struct gruvid__endpoint *endpoints; /* a list */
    struct gruvid__connection *streams;
    double called_since; /* when the connection whose function was called last
                            was accepted */
    struct gruvid__park *park;   /* NULL: no connections */
    gruvi_fiber_t *watcher;      /* of idle connections; owned; NULL: none */
    gruvid_request_t *requests;  /* that it answers here */
    struct gruvid__piece *spare; /* memory for requests that it brings */
    size_t n_spare;

    /* As a bus: whether it takes calls, and those in flight. */
    bool bus_is_open;
    struct gruvid__bus_call *bus_calls;

    struct gruvid__rate rate; /* lines of the log that may be many */

    double until; /* when cancelled fibers are given up */

    /* What the leader has done here: written by it before a call. */
    GRUVI_SWITCHPOINT int (*body)(struct gruvid__shard *shard);
    const char *body_name; /* static text */
    gruvi_fiber_t *fiber;  /* owned: the body's; NULL: none was run */
    const char *why;       /* static text: why its fibers are cancelled */

    /* Written here, for the leader to read: atomic. */
    bool done;              /* the body has returned */
    size_t open, accepting; /* connections; fibers that accept */
    size_t parked;          /* of open */
    size_t requests_open;
    size_t bus_calls_open;

    /* Counters, for the log: atomic.  gone and failed are connections, and
     * fibers of the plugin's own. */
    uint64_t accepted, served, failed, gone;
    gruvi__group_counts_t fibers;
    uint64_t received, sent; /* bytes of connections; as far as was looked */
    uint64_t requests_done, requests_failed;
    struct gruvid__times times; /* of calls of connection and request */
    struct gruvid__codes codes; /* of what is failed or gone */

    int status; /* valid when done: what the body has returned */

    const char *culprit; /* the address that could not be listened on */

    bool started; /* for the leader: start has returned 0 */
} __attribute__((aligned(64)));

/* The shard of an instance in the hub of this thread, or NULL. */
struct gruvid__shard *gruvid__shard_here(const gruvid_plugin_t *plugin);

/* The shard that a fiber works for, or NULL: the one that has its group.
 * Context: the fiber's thread, also a signal handler there. */
struct gruvid__shard *gruvid__shard_of(const gruvi_fiber_t *fiber);

/*
 * Spawn a fiber of gruvid's own in a group of a shard.  It counts as one of the
 * plugin, but max_fibers does not keep it out.
 *
 *   name  static text
 *
 * Returns a fiber that the caller owns, or NULL: why is gruvi_last_error().
 * Context: the thread of the hub.
 */
gruvi_fiber_t *gruvid__shard_go(struct gruvid__shard *shard,
                                gruvi_group_t *group, gruvi_fiber_fn target,
                                void *arg, const char *name);

/* Add to a counter.  Context: the thread of the counter's hub. */
static inline void
gruvid__count(uint64_t *counter)
{
    __atomic_store_n(counter, *counter + 1, __ATOMIC_RELAXED);
}

/* The same for what goes up and down. */
static inline void
gruvid__add(size_t *n, int by)
{
    __atomic_store_n(n, *n + (size_t)by, __ATOMIC_RELAXED);
}

/*
 * Call a function in the hub of a shard.  Where the hub does not answer, the
 * fiber that ends a generation asks again, until gruvid stops.
 *
 *   within  seconds that it may take
 *
 * Returns what the function returns, or UV_ETIMEDOUT.
 * Context: fiber of the first hub, switchpoint.
 */
GRUVI_SWITCHPOINT int
gruvid__shard_call(struct gruvid__shard *shard,
                   GRUVI_SWITCHPOINT int (*fn)(void *shard), double within);

/*
 * Call a function in each hub of an instance.
 *
 *   within  seconds that it may take in each
 *
 * Returns 0, or the first error; the hubs after it are called all the same.
 * Context: fiber of the first hub, switchpoint.
 */
GRUVI_SWITCHPOINT int
gruvid__each_shard(gruvid_plugin_t *plugin,
                   GRUVI_SWITCHPOINT int (*fn)(void *shard), double within);

/*
 * Why a call into the hubs of an instance has failed: a hub that does not
 * answer is named.
 *
 * Returns text that holds until the next call.
 * Context: first hub.
 */
const char *gruvid__call_reason(const gruvid_plugin_t *plugin, int err);

/*
 * Run a function in a fiber of its own, in the group of a shard.  When it has
 * returned, shard->done and shard->status are set and the leader is woken.
 *
 *   name  of the fiber; static text
 *
 * Returns 0, or why there is no fiber; UV_EBUSY: the last one still runs, or
 * the hub does not answer. Context: fiber of the first hub, switchpoint.
 */
GRUVI_SWITCHPOINT int
gruvid__shard_spawn(struct gruvid__shard *shard, const char *name,
                    GRUVI_SWITCHPOINT int (*body)(struct gruvid__shard *shard));

/*
 * The same, and wait until the function has returned.
 *
 *   timeout  seconds; GRUVI_FOREVER: no limit
 *
 * Returns 0 when it has; its result is shard->status.
 * Errors:  UV_ECANCELED: a stop was asked for meanwhile; UV_ETIMEDOUT; or why
 *          there is no fiber.
 * Context: fiber of the first hub, switchpoint.
 */
GRUVI_SWITCHPOINT int
gruvid__shard_run(struct gruvid__shard *shard, const char *name,
                  GRUVI_SWITCHPOINT int (*body)(struct gruvid__shard *shard),
                  double timeout);

/*
 * The same, and where it does not return in time, or a stop was asked for,
 * cancel its fiber and wait for cancel_timeout.
 *
 *   heed_stop  whether a stop counts
 *   over       whether it has returned; its result is shard->status then, also
 *              where this fails
 *
 * Returns 0 when it has returned in time; else as above.
 */
GRUVI_SWITCHPOINT int gruvid__shard_run_or_cancel(
    struct gruvid__shard *shard, const char *name,
    GRUVI_SWITCHPOINT int (*body)(struct gruvid__shard *shard), double timeout,
    bool heed_stop, bool *over);

/* Whether a body still runs there, as far as is known where the hub does not
 * answer.  Context: fiber of the first hub, switchpoint. */
GRUVI_SWITCHPOINT bool gruvid__shard_is_busy(struct gruvid__shard *shard);

/* Forget the fiber of the last body.  Context: the thread of the hub. */
void gruvid__shard_forget(struct gruvid__shard *shard);

#endif
