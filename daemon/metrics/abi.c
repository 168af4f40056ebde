/* SPDX-License-Identifier: MIT */
/* The calls of gruvid/metrics.h. */
#include <stdlib.h>
#include <string.h>

#include "hub/leader.h"
#include "metrics/exposition.h"
#include "metrics/families.h"
#include "metrics/figures.h"

const char *
gruvid_metrics_type(gruvid_metrics_format_t format)
{
    switch (format) {
    case GRUVID_METRICS_OPENMETRICS:
        return "application/openmetrics-text; version=1.0.0; charset=utf-8";
    case GRUVID_METRICS_PROMETHEUS:
        return "text/plain; version=0.0.4; charset=utf-8";
    default:
        return NULL;
    }
}

int
gruvid_metrics_write(gruvid_plugin_t *plugin, gruvid_metrics_format_t format,
                     char **text, size_t *size)
{
    struct gruvid__exposition exposition = {.format = format};
    const struct gruvid__leader *leader = plugin->leader;
    struct gruvid__about about = {
        .version = gruvi_version(),
        .begun = leader->started,
        .ready = gruvid__ready(leader),
    };
    struct gruvid__figures figures;
    int err;

    *text = NULL;
    if (size != NULL)
        *size = 0;
    if (gruvid_metrics_type(format) == NULL)
        return UV_EINVAL;
    err = gruvid__figures_collect(&figures, plugin->all);
    if (err == 0)
        gruvid__families_write(&exposition, &about, &figures);
    gruvid__figures_free(&figures);
    if (err == 0 && exposition.failed)
        err = UV_ENOMEM;
    if (err < 0) {
        free(exposition.text);
        return err;
    }
    *text = exposition.text;
    if (size != NULL)
        *size = exposition.size;
    return 0;
}

/* The stage is set a moment before gruvid is ready, and after it was asked to
 * stop. */
static const char *
stage_of(const struct gruvid__leader *leader, bool ready)
{
    const char *stage = gruvid__stage(leader);

    if (ready)
        return "serving";
    if (strcmp(stage, "serving") != 0)
        return stage;
    return gruvid__stopping(leader) ? "stopping" : "starting";
}

bool
gruvid_metrics_ready(const gruvid_plugin_t *plugin, const char **stage)
{
    bool ready = gruvid__ready(plugin->leader);

    if (stage != NULL)
        *stage = stage_of(plugin->leader, ready);
    return ready;
}
