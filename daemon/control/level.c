/* SPDX-License-Identifier: MIT */
/* "log-level": more or fewer lines of the log, of all or of one plugin, until
 * gruvid ends or a reload changes the level of the configuration. */
#include <string.h>

#include "control/commands.h"
#include "log/level.h"
#include "log/sink.h"

/* In place of a level: a plugin has none of its own. */
#define DEFAULT "default"

/* A level by its name; -1: there is none of that name. */
static int
level_of(const char *name)
{
    for (int i = GRUVI_LOG_ERROR; i <= GRUVI_LOG_DEBUG; i++)
        if (strcmp(gruvi_log_level_name((gruvi_log_level_t)i), name) == 0)
            return i;
    return -1;
}

static int
set_level(const char *plugin, int level)
{
    if (plugin == NULL)
        gruvid__log_set_level((gruvi_log_level_t)level);
    else if (level < 0)
        gruvid__log_clear_plugin_level(plugin);
    else
        return gruvid__log_set_plugin_level(plugin, (gruvi_log_level_t)level);
    return 0;
}

static int
answer_level(struct gruvid__request *request)
{
    const char *name = gruvid__request_text(request, "level");
    const char *plugin = gruvid__request_text(request, "plugin"), *before;
    int level = level_of(name), err;
    char who[64];

    if (level < 0 && (plugin == NULL || strcmp(name, DEFAULT) != 0))
        return gruvid__refuse(request, UV_EINVAL,
                              "\"%.32s\" is not a level: debug, info, warning, "
                              "error%s",
                              name, plugin == NULL ? "" : ", " DEFAULT);
    if (plugin != NULL &&
        gruvid__instance_find(&request->daemon->instances, plugin) == NULL)
        return gruvid__refuse(request, UV_ENOENT,
                              "there is no plugin \"%.64s\"", plugin);
    before = gruvi_log_level_name(gruvid__log_level(plugin ? plugin : ""));
    err = set_level(plugin, level);
    if (err < 0)
        return err;
    gruvid__log_notice("", 0, "",
                       "log level%s%s: %s in place of %s, by gruvictl "
                       "(%s)",
                       plugin ? " of plugin " : "", plugin ? plugin : "", name,
                       before,
                       gruvid__peer_text(request->peer, who, sizeof who));
    return gruvid__answer(request, json_pack("{s:s}", "before", before));
}

static const struct gruvid__member members[] = {
    {.name = "level", .type = GRUVID__TEXT, .needed = true},
    {.name = "plugin", .type = GRUVID__TEXT},
    {.name = NULL},
};

const struct gruvid__command gruvid__command_log_level = {
    .name = "log-level",
    .who = GRUVID__MAY_ACT,
    .members = members,
    .handler = answer_level,
};
