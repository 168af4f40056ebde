/* SPDX-License-Identifier: MIT */
/*
 * The daemon at work, and the instances of plugins it runs.
 *
 *   root fiber                      start, wait for a signal, stop
 *   plugin "echo"                   a group, called as the plugin
 *     start                         a fiber, until it has returned
 *     what the plugin spawns
 *     connections                   a group in it
 *       accept tcp://...            a fiber a listener
 *       127.0.0.1:4711              a fiber a connection
 *         what that spawns          a group in it, ended with the connection
 *
 * The root fiber is the only one that starts and stops; signals and fibers tell
 * it by gruvid__wake() that there is something to look at.
 */
#ifndef GRUVID_INSTANCE_H
#define GRUVID_INSTANCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <gruvi.h>
#include <gruvid/plugin.h>

#include "config.h"
#include "plugin_load.h"
#include "signals.h"

enum gruvid__state {
    GRUVID__LOADED,   /* nothing of it has run */
    GRUVID__STARTING, /* start runs: data may be set */
    GRUVID__STARTED,  /* start is over; it may have connections */
    GRUVID__STOPPED,  /* nothing of it is left */
    GRUVID__ABANDONED /* some fibers of it did not end */
};

struct gruvid__connection;

/* One address of a section. */
struct gruvid__door {
    gruvid_plugin_t *plugin;
    gruvi_listener_t *listener; /* NULL: closed, or not open yet */
    gruvi_fiber_t *acceptor;    /* owned; NULL: none */
};

/* An instance of a plugin: a section of the configuration. */
struct gruvid_plugin {
    struct gruvid__daemon *daemon;
    gruvid__section_t *section;
    const struct gruvid__module *module;
    const char *name; /* the section's */
    enum gruvid__state state;
    void *data, *hub_data; /* the plugin's own */

    /* Valid from the start until state is STOPPED. */
    gruvi_group_t group, connections;

    /* Connections. */
    struct gruvid__door *doors;
    size_t n_doors;
    struct gruvid__connection *streams;
    size_t open;            /* how many streams there are */
    size_t max_connections; /* 0: no limit */
    gruvi_event_t room;     /* cleared while open is at the limit */
    double read_timeout;    /* seconds of a read or write; 0: no limit */
    double idle_timeout;    /* seconds without traffic; 0: no limit */
    bool was_full;          /* and was logged */

    int status; /* what start has returned; UV_EBUSY before */
    bool done;  /* stop has returned */

    /* Counters, for the log.  gone and failed are connections, and fibers of
     * the plugin's own. */
    uint64_t accepted, served, failed, gone, cut;
};

struct gruvid__daemon {
    gruvid__config_t *config;
    struct gruvid__modules *modules;
    gruvid_plugin_t *plugins; /* in the order of the file */
    size_t n_plugins;

    gruvi_hub_t *hub;
    gruvi_event_t wake;
    struct gruvid__signals signals;
    bool stopping;       /* was asked to stop */
    unsigned interrupts; /* SIGINTs so far */
    bool abandoned;      /* fibers were left behind */
    double drain_timeout, cancel_timeout;
};

/* --- run.c --------------------------------------------------------------- */

/* Tell the root fiber to look.  Context: hub thread. */
void gruvid__wake(struct gruvid__daemon *daemon);

/* The hub's time in seconds, for deadlines. */
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
 * Join a group, whatever interrupts that.
 *
 *   timeout  seconds
 *
 * Returns whether it has ended.
 * Context: root fiber, switchpoint.
 */
bool gruvid__join(struct gruvid__daemon *daemon, gruvi_group_t *group,
                  double timeout);

/* --- plugin_life.c ------------------------------------------------------- */

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

/* --- serve.c ------------------------------------------------------------- */

/*
 * Listen on all addresses of an instance; nothing is accepted yet.
 *
 * Returns 0.
 * Errors:  of gruvi_listen(); logged.
 */
int gruvid__serve_bind(gruvid_plugin_t *plugin);

/* Accept connections.  Errors: UV_ENOMEM, UV_EAGAIN; logged. */
int gruvid__serve_begin(gruvid_plugin_t *plugin);

/* Accept what is queued, and no more.  Does not wait for it. */
void gruvid__serve_end(gruvid_plugin_t *plugin);

/* Whether nothing is accepted any more, and no connection is left. */
bool gruvid__serve_over(const gruvid_plugin_t *plugin);

/* Close whatever no fiber has closed: once none is left. */
void gruvid__serve_close(gruvid_plugin_t *plugin);

/* --- drain.c ------------------------------------------------------------- */

/* Stop everything that was started, in reverse order. */
void gruvid__drain(struct gruvid__daemon *daemon);

/* --- fibers.c ------------------------------------------------------------ */

/* Whether a status is a way in which a peer goes away, or is sent away: nothing
 * that anybody has to look at. */
bool gruvid__is_departure(int status);

/* Log and count the fibers of this daemon that fail; NULL: no more. */
void gruvid__fibers_watch(struct gruvid__daemon *daemon);

/* Log every fiber with what it waits for. */
void gruvid__fibers_log(struct gruvid__daemon *daemon);

/* Log those of a group that did not end, as errors of the instance. */
void gruvid__fibers_accuse(const gruvid_plugin_t *plugin,
                           const gruvi_group_t *group);

#endif
