/* SPDX-License-Identifier: MIT */
/* The table of commands.  gruvictl(1) has the same. */
#include <string.h>

#include "gruvictl/gruvictl.h"
#include "gruvictl/show.h"

static const struct option connections_options[] = {
    {"plugin", TEXT_VALUE, "NAME", "connections of this plugin only"},
    {"limit", WHOLE_VALUE, "N", "N of them, 100000 at most; 1000 otherwise"},
    {.name = NULL},
};

static const struct option fibers_options[] = {
    {"plugin", TEXT_VALUE, "NAME", "fibers of this plugin only"},
    {"stacks", NO_VALUE, NULL,
     "the functions that each is in; root and own user only"},
    {"group", NO_VALUE, NULL, "fibers that are alike once, with their number"},
    {.name = NULL},
};

static const struct option log_options[] = {
    {"lines", WHOLE_VALUE, "N", "the last N lines; 100 otherwise"},
    {.name = NULL},
};

static const struct option stop_options[] = {
    {"no-wait", NO_VALUE, NULL, "return at once, and leave gruvid to stop"},
    {.name = NULL},
};

static const struct option top_options[] = {
    {"seconds", SECONDS_VALUE, "S", "seconds between two looks; 1 otherwise"},
    {"count", WHOLE_VALUE, "N", "end after N looks; otherwise at Ctrl-C"},
    {.name = NULL},
};

static const struct option trace_options[] = {
    {"hub", WHOLE_VALUE, "N", "hub N only"},
    {"seconds", SECONDS_VALUE, "S", "for S seconds, 600 at most; 1 otherwise"},
    {.name = NULL},
};

const struct command commands[] = {
    {.name = "status",
     .help = "what gruvid does, and how the last reload went",
     .show = show_status,
     .of_nodes = true},
    {.name = "plugins",
     .help = "plugins with their generations, and the builds in memory",
     .show = show_plugins,
     .of_nodes = true},
    {.name = "hubs",
     .help = "event loops, and whether they answer",
     .show = show_hubs,
     .of_nodes = true},
    {.name = "fibers",
     .help = "what each fiber waits for, and for how long",
     .options = fibers_options,
     .show = show_fibers,
     .of_nodes = true},
    {.name = "pools",
     .help = "threads for work that blocks",
     .show = show_pools,
     .of_nodes = true},
    {.name = "connections",
     .help = "the connections, with their peers",
     .options = connections_options,
     .show = show_connections},
    {.name = "requests",
     .help = "what requests each route has had, and how long they took",
     .show = show_requests,
     .of_nodes = true},
    {.name = "config",
     .help = "the configuration in force, without secrets",
     .show = show_config},
    {.name = "log",
     .help = "the last lines of the log",
     .options = log_options,
     .show = show_log,
     .acts = true},
    {.name = "log-level",
     .help = "log more or less, of all plugins or of one",
     .details =
         "LEVEL is debug, info, warning or error.  For a PLUGIN it may be "
         "default,\ntoo: the plugin has the level of the others again.",
     .arguments = {"level", "plugin"},
     .n_needed = 1,
     .show = show_log_level,
     .acts = true},
    {.name = "reload",
     .help = "read the configuration again",
     .details =
         "Returns when the new configuration is taken.  If it is refused, "
         "all reasons are\nprinted, and the old configuration goes on.",
     .patient = true,
     .show = show_reload,
     .acts = true},
    {.name = "restart",
     .help = "start a new generation of a plugin",
     .details =
         "The old generation keeps its connections and drains: they are "
         "cut after\ndrain_timeout.  What has changed in the configuration "
         "is taken, too.",
     .arguments = {"plugin"},
     .n_needed = 1,
     .patient = true,
     .show = show_reload,
     .acts = true},
    {.name = "stop",
     .help = "stop gruvid, and wait for its end",
     .options = stop_options,
     .patient = true,
     .run = run_stop,
     .acts = true},
    {.name = "top",
     .help = "status, hubs and plugins, again and again",
     .options = top_options,
     .run = run_top,
     .of_nodes = true},
    {.name = "trace",
     .help = "which fibers run, for Perfetto and chrome://tracing",
     .details = "JSON goes to standard output: gruvictl trace > trace.json",
     .options = trace_options,
     .patient = true,
     .run = run_trace,
     .acts = true},
    {.name = NULL},
};

const struct command *
find_command(const char *name)
{
    for (const struct command *c = commands; c->name != NULL; c++)
        if (strcmp(c->name, name) == 0)
            return c;
    return NULL;
}
