/* SPDX-License-Identifier: MIT */
/* The table of commands, and the command that tells of it. */
#include "control/commands.h"

#include <string.h>

#include <unistd.h>

static const struct gruvid__command hello;

static const struct gruvid__command *const table[] = {
    &hello,
    &gruvid__command_fibers,
    &gruvid__command_status,
    &gruvid__command_plugins,
    &gruvid__command_hubs,
    &gruvid__command_pools,
    &gruvid__command_config,
    &gruvid__command_connections,
    &gruvid__command_requests,
    &gruvid__command_cluster,
    &gruvid__command_log,
    &gruvid__command_log_level,
    &gruvid__command_reload,
    &gruvid__command_restart,
    &gruvid__command_stop,
    &gruvid__command_trace,
};

#define COMMANDS (sizeof table / sizeof *table)

const struct gruvid__command *
gruvid__command_find(const char *name)
{
    for (size_t i = 0; i < COMMANDS; i++)
        if (strcmp(table[i]->name, name) == 0)
            return table[i];
    return NULL;
}

/* The commands that this client may give. */
static int
say_hello(struct gruvid__request *request)
{
    json_t *names = json_array();

    for (size_t i = 0; i < COMMANDS; i++)
        if (request->peer->may >= table[i]->who)
            json_array_append_new(names, json_string(table[i]->name));
    return gruvid__answer(
        request,
        json_pack("{s:s, s:i, s:I, s:b, s:o}", "version", gruvi_version(),
                  "protocol", 1, "pid", (json_int_t)getpid(), "may_act",
                  gruvid__request_may_act(request), "commands", names));
}

static const struct gruvid__command hello = {
    .name = "hello",
    .who = GRUVID__MAY_LOOK,
    .looks = true,
    .handler = say_hello,
};
