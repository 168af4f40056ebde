/* SPDX-License-Identifier: MIT */
/*
 * The instances of plugins.
 *
 *   root fiber                      start, wait for a signal, stop
 *   plugin "echo"                   a group in each of its hubs
 *     bind, start, stop             fibers, until they have returned
 *     what the plugin spawns
 *     connections                   a group in it
 *       accept                      a fiber a listener
 *       127.0.0.1:4711              a fiber a connection
 *         what that spawns          a group in it, ended with the connection
 *
 * An instance is one generation of a section of the configuration: a reload may
 * make another of the same section, which takes its place while the old one
 * drains.  What the generations of a section have in common is their line.
 *
 * An instance lives in one hub, its home; with multi_hub in all of them.  In
 * each hub that it lives in, it has a shard.
 */
#ifndef GRUVID_INSTANCE_H
#define GRUVID_INSTANCE_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <gruvi.h>
#include <gruvid/plugin.h>

#include "config/config.h"
#include "hub/hubs.h"
#include "instance/codes.h"
#include "instance/times.h"
#include "module/load.h"

struct gruvid_bus_functions;
struct gruvid__handover;
struct gruvid__proxies;
struct gruvid__routes;
struct gruvid__listening;
struct gruvid__shard;
struct gruvid__tally;
struct gruvid__unrouted;
struct gruvid_counter;

enum gruvid__state {
    GRUVID__LOADED,   /* nothing of it has run */
    GRUVID__STARTED,  /* start is over; it may have connections */
    GRUVID__STOPPED,  /* nothing of it is left */
    GRUVID__ABANDONED /* some fibers of it did not end */
};

/* Which of the generations of its section it is. */
enum gruvid__role {
    GRUVID__NEXT,    /* of a start or a reload that may yet be undone */
    GRUVID__CURRENT, /* serves */
    GRUVID__OLD      /* drains, and ends */
};

struct gruvid__counts {
    uint64_t accepted, served, failed, gone, cut, stalls;
    uint64_t received, sent; /* bytes of connections; as far as was looked */
    uint64_t fibers;         /* that were started */
    uint64_t full;           /* how often max_connections was reached */
    uint64_t refused;        /* fibers, by the section's max_fibers */
    size_t most_fibers;      /* at a time, each hub's by itself, added up; where
                                generations are added the most of them, as is */
    size_t most_stack; /* bytes of a stack, of fibers that were measured */
    uint64_t requests, requests_failed;
    struct gruvid__times times;
    struct gruvid__codes codes;
};

/* All generations of the sections of one name; there until gruvid ends. */
struct gruvid__line {
    struct gruvid__line *next;
    char name[40];
    uint64_t last;               /* generation */
    struct gruvid__counts ended; /* what generations counted that are gone */
    gruvid_plugin_t *target;     /* that answers requests; NULL: none; atomic */
    gruvi_event_t answers;       /* set while there is a target */
    gruvid_plugin_t *bus; /* that gruvid/bus.h reaches; NULL: none; atomic */
    bool is_bus;          /* there was one; atomic */

    /* Requests: traffic.h.  The first tally is of those without a route; the
     * lock guards the list, and unrouted has an item for each hub. */
    struct gruvid__tally *tallies;
    struct gruvid__unrouted *unrouted;

    struct gruvid_counter *counters; /* of the plugin; under the lock */
};

/* A generation of a plugin's section. */
struct gruvid_plugin {
    struct gruvid__leader *leader;
    struct gruvid__instances *all;
    struct gruvid__line *line;
    uint64_t generation; /* from 1 */
    const char *name;    /* the line's */
    const char *title;   /* the name alone of the first generation, else the
                            full title; atomic: see gruvid__title() */
    char full_title[72]; /* "echo, generation 2" */
    const struct gruvid__module *module;
    struct gruvid__shard *shards;
    size_t n_shards;

    /* For the leader. */
    gruvid__section_t *section; /* held */
    gruvid__section_t **held;   /* with those whose routes were in use */
    size_t n_held;
    struct gruvid__options *records; /* what it was told of, newest first */
    struct gruvid__options *settled; /* those that go with the section */
    size_t position;                 /* of its section in the file, from 0 */
    enum gruvid__state state;
    enum gruvid__role role; /* atomic, for who names fibers */

    struct gruvid__options
        *options; /* atomic: what the getters give elsewhere */
    struct gruvid__options *offered; /* to reconfigure last; atomic */
    bool inconsistent;               /* for the leader: an undo was refused */

    /* The drain. */
    bool draining; /* atomic */
    gruvi_event_t drain_event;
    const char *why;    /* static text; for the leader, as what follows */
    double cut_at;      /* when connections are cut, by gruvid__now(); atomic */
    bool is_hurried;    /* an interrupt has set that time */
    bool is_retiring;   /* a fiber ends it */
    bool still_accepts; /* a hub could not be told of the drain */
    bool is_left;       /* what stop has spawned has not ended */
    bool was_stopped;   /* by the stop of gruvid, as far as that goes */

    /* What handover gives while it runs, and what the first start gets; NULL:
     * nothing. */
    struct gruvid__handover *given, *received;

    /* What it listens on, for the leader; and what it will listen on, while a
     * reload is prepared.  NULL: nothing. */
    struct gruvid__listening *listening; /* atomic, for hubs that are late */
    struct gruvid__listening *next_listening;

    /* What hubs that had not answered may look at, until they have caught up;
     * and whether there is such a hub. */
    struct gruvid__listening *left_listening;
    bool is_behind;

    const struct gruvid_bus_functions *bus; /* NULL: it is none; atomic */

    void *data;             /* the plugin's own; atomic */
    size_t max_connections; /* of all hubs together; 0: no limit */
    double read_timeout;    /* seconds of a read or write; 0: no limit */
    double idle_timeout;    /* seconds without traffic; 0: no limit */
    double request_timeout; /* seconds until a reply begins; 0: no limit */
    uint64_t max_body;      /* bytes of a request's body; atomic */
    struct gruvid__routes *routes;   /* of the section; NULL: none; atomic */
    struct gruvid__proxies *proxies; /* owned; atomic */
    double greeting; /* seconds for what comes before the first call; atomic */
    size_t coming;   /* requests from other hubs: request/list.c; atomic */
    uint64_t cut;    /* connections */
    uint64_t full;   /* times that the limit was reached; atomic */
    uint64_t stalls; /* of hubs by it; atomic, for who watches */

    /* Where there is a limit: how many connections there are, how many more are
     * accepted already, what fibers wait for that accept or have accepted, and
     * whether that was logged.  See serve/limit.c.  In a cache line of their
     * own, because all hubs write there: once a connection, not a message. */
    size_t claimed __attribute__((aligned(64))); /* atomic */
    size_t owed;                                 /* atomic */
    gruvi_event_t may_accept, below_limit;
    bool was_full; /* atomic */
};

/* All generations that exist.  The leader's thread changes the list, under the
 * lock; it reads without.  Other threads use gruvid__instances_each(). */
struct gruvid__instances {
    struct gruvid__hubs *hubs;
    pthread_mutex_t lock;
    gruvid_plugin_t **at; /* n of them, the oldest first */
    size_t n, room;
    struct gruvid__line *lines;
    struct gruvid__line *only_bus; /* NULL: there is none, or more; atomic */
};

/* Those of this process, for debuggers; NULL: there are none. */
extern const struct gruvid__instances *gruvid__instances_here;

/* No instances yet.
 *
 *   hubs  where instances are to live; borrowed
 */
void gruvid__instances_init(struct gruvid__instances *instances,
                            struct gruvid__hubs *hubs);

/*
 * Make the instances that a configuration names, at its start.
 *
 *   modules  all that the configuration names are open
 *
 * Returns 0.
 * Errors:  UV_ENOMEM.
 * Context: first hub.
 */
int gruvid__instances_load(struct gruvid__instances *instances,
                           gruvid__config_t *config,
                           struct gruvid__modules *modules);

/* Free all instances and lines. */
void gruvid__instances_free(struct gruvid__instances *instances);

/*
 * Make a generation of a section: the next of its name.  Nothing of it runs.
 * Its home is that of the current generation, or else the hub where the fewest
 * instances are at home.
 *
 *   plugin    the result, with the role GRUVID__NEXT; NULL on failure
 *   section   of a configuration without mistakes; held while it goes by it
 *   module    the section's
 *   position  of the section in its file, from 0
 *
 * Returns 0.
 * Errors:  UV_ENOMEM.
 * Context: first hub.
 */
int gruvid__instance_new(gruvid_plugin_t **plugin,
                         struct gruvid__instances *instances,
                         gruvid__section_t *section,
                         const struct gruvid__module *module, size_t position);

/* Say the generation in its title, also of the first. */
void gruvid__instance_show_generation(gruvid_plugin_t *plugin);

/* What it is called in the log.  Context: any thread. */
static inline const char *
gruvid__title(const gruvid_plugin_t *plugin)
{
    return __atomic_load_n(&plugin->title, __ATOMIC_RELAXED);
}

/* Change its role.  Context: first hub. */
static inline void
gruvid__instance_become(gruvid_plugin_t *plugin, enum gruvid__role role)
{
    __atomic_store_n(&plugin->role, role, __ATOMIC_RELAXED);
}

/* Its role.  Context: any thread. */
static inline enum gruvid__role
gruvid__role(const gruvid_plugin_t *plugin)
{
    return __atomic_load_n(&plugin->role, __ATOMIC_RELAXED);
}

/* Free a generation that nothing is left of; its line keeps what it counted.
 * Context: first hub. */
void gruvid__instance_free(struct gruvid__instances *instances,
                           gruvid_plugin_t *plugin);

/* The current generation of a section's name, or NULL.  Context: first hub. */
gruvid_plugin_t *gruvid__instance_find(const struct gruvid__instances *,
                                       const char *name);

/* A line by its name, or NULL.  Context: any thread. */
struct gruvid__line *gruvid__line_find(struct gruvid__instances *instances,
                                       const char *name);

/* Whether a section of that name is there, or was: its last generation may
 * drain.  Context: first hub. */
bool gruvid__instances_had(const struct gruvid__instances *, const char *name);

/*
 * Call a function for each generation that exists, the oldest first.  None is
 * made or freed meanwhile, so the function has to be short, and may not switch.
 *
 * Context: any thread.
 */
void gruvid__instances_each(struct gruvid__instances *instances,
                            void (*fn)(gruvid_plugin_t *plugin, void *arg),
                            void *arg);

/* Add what others have counted. */
void gruvid__counts_add(struct gruvid__counts *sum,
                        const struct gruvid__counts *more);

/* A limit that a reload may change meanwhile.  Context: any thread. */
static inline double
gruvid__seconds(const double *limit)
{
    double seconds;

    __atomic_load(limit, &seconds, __ATOMIC_RELAXED);
    return seconds;
}

/* How many connections an instance has.  Context: any thread. */
size_t gruvid__plugin_open(const gruvid_plugin_t *plugin);

/* How many fibers an instance has.  Context: any thread. */
size_t gruvid__plugin_fibers(const gruvid_plugin_t *plugin);

/* The counters of all its shards.  Context: any thread. */
struct gruvid__counts gruvid__plugin_counts(const gruvid_plugin_t *plugin);

#endif
