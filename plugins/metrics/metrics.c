/* SPDX-License-Identifier: MIT */
/*
 * metrics: what gruvid counts, and whether it is well, for monitoring.
 *
 *   /metrics   all figures, as OpenMetrics or as the text of Prometheus, by
 *              what the client accepts
 *   /healthz   200 as long as gruvid answers
 *   /readyz    200 while gruvid serves; 503, with what it does, before and when
 *              it was asked to stop
 *
 * It is reached by routes, like any plugin that answers requests; the last
 * segment of the path counts.
 */
#include <stdlib.h>
#include <string.h>

#include <gruvid/metrics.h>
#include <gruvid/request.h>

static GRUVI_SWITCHPOINT int
reply_metrics(gruvid_request_t *request, gruvid_plugin_t *plugin)
{
    gruvid_metrics_format_t format =
        gruvid_metrics_choose(gruvid_request_header(request, "Accept"));
    char *text;
    size_t size;
    int err = gruvid_metrics_write(plugin, format, &text, &size);

    if (err == 0)
        err = gruvid_reply_header(request, "Vary", "Accept");
    if (err == 0)
        err =
            gruvid_reply(request, 200, gruvid_metrics_type(format), text, size);
    free(text);
    return err;
}

static GRUVI_SWITCHPOINT int
reply_ready(gruvid_request_t *request, gruvid_plugin_t *plugin)
{
    const char *stage;
    bool ready = gruvid_metrics_ready(plugin, &stage);

    return gruvid_reply_text(request, ready ? 200 : 503, "%s\n", stage);
}

static GRUVI_SWITCHPOINT int
reply(gruvid_request_t *request, gruvid_plugin_t *plugin)
{
    const char *method = gruvid_request_method(request);
    const char *name = strrchr(gruvid_request_path(request), '/');
    int err;

    if (strcmp(method, "GET") != 0 && strcmp(method, "HEAD") != 0) {
        err = gruvid_reply_header(request, "Allow", "GET, HEAD");
        return err < 0 ? err : 405;
    }
    err = gruvid_reply_header(request, "Cache-Control", "no-store");
    if (err < 0 || name == NULL)
        return err < 0 ? err : UV_ENOENT;
    if (strcmp(name, "/metrics") == 0)
        return reply_metrics(request, plugin);
    if (strcmp(name, "/readyz") == 0)
        return reply_ready(request, plugin);
    if (strcmp(name, "/healthz") == 0)
        return gruvid_reply_text(request, 200, "ok\n");
    return UV_ENOENT;
}

GRUVID_PLUGIN(metrics,
    .version = "1.0",
    .summary = "what gruvid counts, for monitoring",
    .multi_hub = true,
    .request = reply);
