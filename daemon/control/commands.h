/* SPDX-License-Identifier: MIT */
/* The table of commands.  A command is an entry of its own file, declared here,
 * and a line of the table in commands.c. */
#ifndef GRUVID_CONTROL_COMMANDS_H
#define GRUVID_CONTROL_COMMANDS_H

#include "control/request.h"

extern const struct gruvid__command gruvid__command_cluster;
extern const struct gruvid__command gruvid__command_config;
extern const struct gruvid__command gruvid__command_connections;
extern const struct gruvid__command gruvid__command_hubs;
extern const struct gruvid__command gruvid__command_log;
extern const struct gruvid__command gruvid__command_log_level;
extern const struct gruvid__command gruvid__command_plugins;
extern const struct gruvid__command gruvid__command_pools;
extern const struct gruvid__command gruvid__command_reload;
extern const struct gruvid__command gruvid__command_requests;
extern const struct gruvid__command gruvid__command_restart;
extern const struct gruvid__command gruvid__command_fibers;
extern const struct gruvid__command gruvid__command_status;
extern const struct gruvid__command gruvid__command_stop;
extern const struct gruvid__command gruvid__command_trace;

/* The command of that name, or NULL. */
const struct gruvid__command *gruvid__command_find(const char *name);

#endif
