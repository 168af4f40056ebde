/* SPDX-License-Identifier: MIT */
/*
 * web: a folder of files, a body that is read as it comes, and a reply that
 * goes on.  Requests come by plugins/http:
 *
 *     [plugin http]
 *     listen = tcp://127.0.0.1:8080
 *     route = GET /files/{path...} -> web
 *     route = POST /count -> web
 *     route = GET /clock -> web
 *
 *     [plugin web]
 *     folder = /usr/share/doc
 *     max_body = 1G
 *
 * To try it:
 *
 *     curl -i http://127.0.0.1:8080/files/bash/copyright
 *     seq 1000000 | curl -T - -X POST http://127.0.0.1:8080/count
 *     curl -N http://127.0.0.1:8080/clock
 *
 * A handler is straight-line code in a fiber.  A client that sends or reads
 * slowly has the fiber wait, and a client that goes has it cancelled.
 */
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <gruvid/request.h>

static const gruvid_option_t options[] = {
    {.name = "folder",
     .type = GRUVID_STRING,
     .required = true,
     .help = "absolute path of the folder whose files are served"},
    {.name = "interval",
     .type = GRUVID_DURATION,
     .default_value = "1s",
     .min = "1ms",
     .help = "time between two events of the clock"},
    GRUVID_OPTIONS_END,
};

/* Count a body of any length in little memory. */
static GRUVI_SWITCHPOINT int
count(gruvid_request_t *request)
{
    unsigned long long bytes = 0, lines = 0;
    char part[16384];
    ssize_t n;

    while ((n = gruvid_request_read(request, part, sizeof part)) > 0) {
        bytes += (unsigned long long)n;
        for (ssize_t i = 0; i < n; i++)
            lines += part[i] == '\n';
    }
    return n < 0 ? (int)n
                 : gruvid_reply_text(request, 200, "%llu bytes, %llu lines\n",
                                     bytes, lines);
}

/* Server-sent events, until the client goes or gruvid has another plan. */
static GRUVI_SWITCHPOINT int
tell_time(gruvid_request_t *request, gruvid_plugin_t *plugin)
{
    double interval = gruvid_option_duration(plugin, "interval");
    gruvi_event_t *drain = gruvid_plugin_drain_event(plugin);
    char text[32];
    int err = 0;

    while (err == 0 || err == UV_ETIMEDOUT) {
        snprintf(text, sizeof text, "%lld", (long long)time(NULL));
        err = gruvid_reply_event(request, NULL, NULL, text);
        if (err == 0)
            err = gruvi_event_wait(drain, interval);
        if (err == 0)
            return gruvid_reply_end(request);
    }
    return err;
}

static GRUVI_SWITCHPOINT int
handle(gruvid_request_t *request, gruvid_plugin_t *plugin)
{
    const char *path = gruvid_request_param(request, "path");

    if (path != NULL)
        return gruvid_reply_file(request,
                                 gruvid_option_string(plugin, "folder"), path);
    if (strcmp(gruvid_request_path(request), "/count") == 0)
        return count(request);
    if (strcmp(gruvid_request_path(request), "/clock") == 0)
        return tell_time(request, plugin);
    return 404;
}

GRUVID_PLUGIN(web,
    .summary = "files, a body that is read as it comes, a reply that goes on",
    .options = options,
    .request = handle,
    .multi_hub = true);
