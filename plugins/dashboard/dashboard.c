/* SPDX-License-Identifier: MIT */
/*
 * dashboard: a live page of what gruvid does.
 *
 * One route leads to it, with any path; the query says what is wanted:
 *
 *   (nothing)         the page
 *   ?style, ?icon ... its files, which embed has put into the plugin
 *   ?events           what there is to see, as server-sent events
 *   ?log              the last lines of the log, as gruvictl gets them
 *   ?stacks           all fibers with their stacks, likewise
 *
 * It changes nothing.  guard.c has the rights, sampler.c how it looks.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <gruvid/inspect.h>
#include <gruvid/request.h>

#include "files.h"
#include "guard.h"
#include "sampler.h"

static const gruvid_option_t options[] = {
    {.name = "host",
     .type = GRUVID_LIST,
     .help = "a name that browsers may ask for, besides localhost"},
    {.name = "token", .type = GRUVID_SECRET, .help = "for the log and stacks"},
    {.name = "interval",
     .type = GRUVID_DURATION,
     .default_value = "1s",
     .min = "100ms",
     .max = "60s",
     .help = "the time between two looks"},
    GRUVID_OPTIONS_END,
};

/* --- files ---------------------------------------------------------------- */

static const struct {
    const char *query, *type;
    const unsigned char *data;
    const size_t *size;
} files[] = {
#define FILE_OF(query, type, name)                                             \
    {                                                                          \
        query, type, dashboard_##name, &dashboard_##name##_size                \
    }
    FILE_OF("", "text/html; charset=utf-8", page_html),
    FILE_OF("style", "text/css; charset=utf-8", style_css),
    FILE_OF("figures", "text/javascript; charset=utf-8", figures_js),
    FILE_OF("charts", "text/javascript; charset=utf-8", charts_js),
    FILE_OF("page", "text/javascript; charset=utf-8", page_js),
    FILE_OF("source", "text/javascript; charset=utf-8", source_js),
    FILE_OF("icon", "image/svg+xml", icon_svg),
};

static GRUVI_SWITCHPOINT int
reply_file(gruvid_request_t *request, const char *query)
{
    for (size_t i = 0; i < sizeof files / sizeof *files; i++)
        if (strcmp(query, files[i].query) == 0)
            return gruvid_reply(request, 200, files[i].type, files[i].data,
                                *files[i].size);
    return UV_ENOENT;
}

/* --- the log and stacks --------------------------------------------------- */

static GRUVI_SWITCHPOINT int
reply_answer(gruvid_request_t *request, gruvid_plugin_t *plugin,
             const char *command)
{
    char *answer;
    size_t size;
    int err = guard_check_token(request, plugin);

    if (err != 0)
        return err;
    err = gruvid_inspect(plugin, command, 0, &answer, &size);
    if (err == 0)
        err = gruvid_reply(request, 200, "application/x-ndjson", answer, size);
    free(answer);
    return err;
}

/* The number of the last line that the page has; it is not trusted. */
static GRUVI_SWITCHPOINT int
reply_log(gruvid_request_t *request, gruvid_plugin_t *plugin)
{
    const char *after = gruvid_request_query(request, "after");
    char command[96];
    size_t digits = after == NULL ? 0 : strspn(after, "0123456789");

    if (after != NULL && (after[digits] != '\0' || digits == 0 || digits > 15))
        return 400;
    snprintf(command, sizeof command,
             "{\"do\":\"log\",\"lines\":500,\"after\":%llu}",
             after == NULL ? 0 : strtoull(after, NULL, 10));
    return reply_answer(request, plugin, command);
}

/* --- requests ------------------------------------------------------------- */

static bool
begins_with(const char *query, const char *name)
{
    size_t n = strlen(name);

    return strncmp(query, name, n) == 0 &&
           (query[n] == '\0' || query[n] == '&' || query[n] == '=');
}

static GRUVI_SWITCHPOINT int
reply(gruvid_request_t *request, gruvid_plugin_t *plugin)
{
    const char *query = gruvid_request_query_string(request);
    int status = guard_check(request, plugin);

    if (status != 0)
        return status;
    if (query == NULL)
        query = "";
    if (begins_with(query, "log"))
        return reply_log(request, plugin);
    if (begins_with(query, "stacks"))
        return reply_answer(
            request, plugin,
            "{\"do\":\"fibers\",\"stacks\":true,\"group\":true}");
    if (!begins_with(query, "events"))
        return reply_file(request, query);
    if (strcmp(gruvid_request_method(request), "HEAD") == 0)
        return gruvid_reply(request, 200, "text/event-stream", NULL, 0);
    return sampler_watch(gruvid_plugin_data(plugin), request);
}

static int
start(gruvid_plugin_t *plugin)
{
    struct sampler *sampler = sampler_begin(plugin);

    if (sampler == NULL)
        return UV_ENOMEM;
    return gruvid_set_plugin_data(plugin, sampler);
}

static void
stop(gruvid_plugin_t *plugin)
{
    sampler_free(gruvid_plugin_data(plugin));
}

GRUVID_PLUGIN(dashboard,
    .version = "1.0",
    .summary = "a live page of what gruvid does",
    .options = options,
    .start = start,
    .stop = stop,
    .request = reply);
