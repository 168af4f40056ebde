/* SPDX-License-Identifier: MIT */
/*
 * The daemon at work, and the instances of plugins it runs.
 *
 *   root fiber                      start, wait for a signal, stop
 *   plugin "echo"                   a group in each of its hubs, called as it
 *     bind, start, stop             fibers, until they have returned
 *     what the plugin spawns
 *     connections                   a group in it
 *       accept                      a fiber a listener
 *       127.0.0.1:4711              a fiber a connection
 *         what that spawns          a group in it, ended with the connection
 *
 * The root fiber of the first hub is the only one that starts and stops;
 * signals and fibers tell it by gruvid__wake() that there is something to look
 * at.
 *
 * An instance lives in one hub, its home; with multi_hub in all of them.  It
 * has a part in each hub that it lives in, and only that hub's thread touches
 * the part; what others read of it is marked atomic.
 */
#ifndef GRUVID_INSTANCE_H
#define GRUVID_INSTANCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <gruvi.h>
#include <gruvid/plugin.h>

#include "config/config.h"
#include "hub/hubs.h"
#include "module/load.h"
#include "run/signals.h"

enum gruvid__state {
    GRUVID__LOADED,   /* nothing of it has run */
    GRUVID__STARTED,  /* start is over; it may have connections */
    GRUVID__STOPPED,  /* nothing of it is left */
    GRUVID__ABANDONED /* some fibers of it did not end */
};

struct gruvid__connection;
struct gruvid__part;

/* One address of a section, in one hub. */
struct gruvid__door {
    struct gruvid__part *part;
    const char *address;        /* of the section */
    gruvi_listener_t *listener; /* NULL: closed, or not open yet */
    gruvi_tls_t *tls;           /* owned; NULL: not of tls:// */
    gruvi_fiber_t *acceptor;    /* owned; NULL: none */
    gruvi_stream_t *held;       /* accepted, and waits for room; or NULL */

    /* How the other hubs listen on it, too; set in the first part. */
    char shared[GRUVI_ADDRESS_SIZE];
    bool reuse_port;
};

/* An instance in a hub. */
struct gruvid__part {
    gruvid_plugin_t *plugin;
    struct gruvid__hub *hub;
    gruvi_group_t group, connections;
    bool has_group, has_connections; /* those two are there */
    void *hub_data;                  /* the plugin's own */
    bool starting;                   /* start runs here: data may be set */
    struct gruvid__door *doors;      /* plugin->n_doors of them, or NULL */
    struct gruvid__connection *streams;

    double until; /* when those cancelled are given up */

    /* What the first hub wants done here: written by it before a call. */
    int (*body)(struct gruvid__part *part);
    const char *body_name; /* static text */
    const char *why;       /* static text: why its fibers are cancelled */

    /* Written here, for the first hub to read: atomic. */
    bool done;              /* the body has returned */
    size_t open, accepting; /* connections; fibers that accept */

    /* Counters, for the log: atomic.  gone and failed are connections, and
     * fibers of the plugin's own. */
    uint64_t accepted, served, failed, gone;

    /* Valid when done: what the body has returned, and the door it is about. */
    int status;
    const struct gruvid__door *culprit;

    bool started; /* for the first hub: start has returned 0 */
} __attribute__((aligned(64)));

/* An instance of a plugin: a section of the configuration. */
struct gruvid_plugin {
    struct gruvid__daemon *daemon;
    gruvid__section_t *section;
    const struct gruvid__module *module;
    const char *name; /* the section's */
    struct gruvid__part *parts;
    size_t n_parts;
    enum gruvid__state state; /* for the first hub */
    void *data;               /* the plugin's own; atomic */
    size_t n_doors;           /* of each part */
    size_t max_connections;   /* of all hubs together; 0: no limit */
    double read_timeout;      /* seconds of a read or write; 0: no limit */
    double idle_timeout;      /* seconds without traffic; 0: no limit */
    uint64_t cut;             /* connections */

    /* Where there is a limit: how many connections there are, for which fibers
     * that accept wait, and whether that was logged.  In a cache line of their
     * own, because all hubs write there: once a connection, not a message. */
    size_t claimed __attribute__((aligned(64))); /* atomic */
    gruvi_event_t room; /* may be cleared while claimed is at the limit */
    bool was_full;      /* atomic */
};

struct gruvid__daemon {
    gruvid__config_t *config;
    struct gruvid__modules *modules;
    gruvid_plugin_t *plugins; /* in the order of the file */
    size_t n_plugins;

    gruvi_hub_t *hub;
    struct gruvid__hub *hubs; /* hubs[0].hub is hub */
    unsigned n_hubs;
    size_t max_fibers; /* of each hub; 0: no limit */
    gruvi_event_t wake;
    struct gruvid__signals signals;
    bool stopping;       /* was asked to stop; atomic */
    unsigned interrupts; /* SIGINTs so far */
    bool abandoned;      /* fibers were left behind */
    double drain_timeout, cancel_timeout;
};

/* --- run.c --------------------------------------------------------------- */

/* Tell the root fiber to look.  Context: any thread. */
void gruvid__wake(struct gruvid__daemon *daemon);

/* Whether gruvid was asked to stop.  Context: any thread. */
static inline bool
gruvid__stopping(const struct gruvid__daemon *daemon)
{
    return __atomic_load_n(&daemon->stopping, __ATOMIC_ACQUIRE);
}

/* Ask it to.  Context: any thread. */
void gruvid__ask_to_stop(struct gruvid__daemon *daemon);

/* The time in seconds, for deadlines.  Context: any thread. */
double gruvid__now(void);

/*
 * Wait until somebody has called gruvid__wake(), SIGINT came, which is counted
 * and asks for a stop, or until a time.
 *
 *   until  by gruvid__now(); GRUVI_FOREVER: no limit
 *
 * Returns whether there is time left.
 * Context: root fiber, switchpoint.
 */
bool gruvid__wait(struct gruvid__daemon *daemon, double until);

/*
 * Wait for an event until a time, whatever interrupts that.
 *
 * Returns whether it came.
 * Context: root fiber, switchpoint.
 */
bool gruvid__await(struct gruvid__daemon *daemon, gruvi_event_t *event,
                   double until);

/*
 * Join a group of this hub, whatever interrupts that.
 *
 *   until  by gruvid__now()
 *
 * Returns whether it has ended.
 * Context: root fiber of any hub, switchpoint.
 */
bool gruvid__join(struct gruvid__daemon *daemon, gruvi_group_t *group,
                  double until);

/* --- instance.c ---------------------------------------------------------- */

/*
 * Make the instances that the configuration names.
 *
 * Returns 0.
 * Errors:  UV_ENOMEM.
 */
int gruvid__instances_init(struct gruvid__daemon *daemon);

/* The reverse. */
void gruvid__instances_free(struct gruvid__daemon *daemon);

/* The part of an instance in the hub of this thread, or NULL. */
struct gruvid__part *gruvid__part_here(const gruvid_plugin_t *plugin);

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

/* How many connections an instance has.  Context: any thread. */
size_t gruvid__plugin_open(const gruvid_plugin_t *plugin);

/* The counters of all its parts.  Context: any thread. */
struct gruvid__counts {
    uint64_t accepted, served, failed, gone;
};
struct gruvid__counts gruvid__plugin_counts(const gruvid_plugin_t *plugin);

/*
 * Call a function in each hub of an instance.
 *
 *   within  seconds that it may take in each
 *
 * Returns 0, or the first error; the others are called all the same.
 * Context: root fiber of the first hub, switchpoint.
 */
int gruvid__each_part(gruvid_plugin_t *plugin, int (*fn)(void *part),
                      double within);

/*
 * Run a function in a fiber of its own, in the group of a part: sets part->done
 * and part->status when it has returned, and wakes the first hub.
 *
 *   name  of the fiber; static text
 *
 * Returns 0, or why there is no fiber.
 * Context: root fiber of the first hub, switchpoint.
 */
int gruvid__part_spawn(struct gruvid__part *part, const char *name,
                       int (*body)(struct gruvid__part *part));

/*
 * The same, until it has returned.
 *
 *   timeout  seconds; GRUVI_FOREVER: no limit
 *
 * Returns 0 when it has: what it returned is part->status.
 * Errors:  UV_ECANCELED: a stop was asked for meanwhile; UV_ETIMEDOUT; or why
 *          there is no fiber.
 * Context: root fiber of the first hub, switchpoint.
 */
int gruvid__part_run(struct gruvid__part *part, const char *name,
                     int (*body)(struct gruvid__part *part), double timeout);

/* --- plugin_life.c ------------------------------------------------------- */

/*
 * Listen on all addresses of an instance, in each of its hubs; nothing is
 * accepted yet.
 *
 * Returns 0; UV_ECANCELED where a stop was asked for meanwhile.
 * Errors:  of gruvi_listen(), or others; logged.
 */
int gruvid__plugin_bind(gruvid_plugin_t *plugin);

/*
 * Start an instance: run its start in a fiber of its group.
 *
 * Returns 0; UV_ECANCELED where a stop was asked for meanwhile.
 * Errors:  any other: it refused, or took too long; logged.  Nothing of it is
 *          left then, or it is marked as abandoned.
 */
int gruvid__plugin_start(gruvid_plugin_t *plugin);

/* End what is left of an instance and run its stop. */
void gruvid__plugin_stop(gruvid_plugin_t *plugin);

/* Close what is left of one that did not start, and nothing of others. */
void gruvid__plugin_close(gruvid_plugin_t *plugin);

/* --- doors.c ------------------------------------------------------------- */

/* Listen on all addresses: a body for gruvid__part_run().  The first part does
 * so before the others. */
int gruvid__doors_open(struct gruvid__part *part);

/* Say that they could not be opened. */
void gruvid__doors_blame(const struct gruvid__part *part);

/* Close those that are open. */
void gruvid__doors_close(struct gruvid__part *part);

/* --- serve.c ------------------------------------------------------------- */

/* These are called in the hub of the part. */

/* Accept connections.  Errors: UV_ENOMEM, UV_EAGAIN. */
int gruvid__serve_begin(void *part);

/* Accept what is queued, and no more.  Does not wait until all of it is there.
 * Connections that end from now on call gruvid__wake().  0. */
int gruvid__serve_end(void *part);

/* Close whatever no fiber has closed: once none is left. */
void gruvid__serve_close(struct gruvid__part *part);

/* Whether nothing is accepted any more, and no connection is left.  Context:
 * any thread. */
bool gruvid__serve_over(const gruvid_plugin_t *plugin);

/* --- room.c -------------------------------------------------------------- */

/*
 * Wait until an instance is below its limit of connections.
 *
 *   claim  take a place there: given back by gruvid__room_leave()
 *
 * Returns 0, or an error of the wait.
 * Context: fiber of any hub, switchpoint.
 */
int gruvid__room_wait(gruvid_plugin_t *plugin, bool claim);

/* Context: any thread. */
void gruvid__room_leave(gruvid_plugin_t *plugin);

/* --- drain.c ------------------------------------------------------------- */

/* Stop everything that was started, in reverse order. */
void gruvid__drain(struct gruvid__daemon *daemon);

/* --- fibers.c ------------------------------------------------------------ */

/* Whether a status is a way in which a peer goes away, or is sent away: nothing
 * that anybody has to look at. */
bool gruvid__is_departure(int status);

/* Log and count the fibers of this daemon that fail; NULL: no more. */
void gruvid__fibers_watch(struct gruvid__daemon *daemon);

/* Log every fiber of every hub with what it waits for; each hub does so when
 * it comes to it. */
void gruvid__fibers_log(struct gruvid__daemon *daemon);

/* Log those of a part that did not end, as errors of the instance.  Context:
 * the thread of its hub. */
void gruvid__fibers_accuse(const struct gruvid__part *part);

#endif
