/* SPDX-License-Identifier: MIT */
/*
 * What gruvid counts, for plugins that show it: the figures of gruvictl's
 * status, hubs, plugins and pools, as text that monitoring programs collect.
 *
 * plugins/metrics serves it over HTTP.
 */
#ifndef GRUVID_METRICS_H
#define GRUVID_METRICS_H

#include <gruvi.h>

#include <gruvid/plugin.h>

GRUVI_BEGIN_DECLS

/* How the text looks. */
typedef enum gruvid_metrics_format {
    GRUVID_METRICS_OPENMETRICS = 1, /* OpenMetrics 1.0 */
    GRUVID_METRICS_PROMETHEUS = 2   /* the text format of Prometheus, 0.0.4 */
} gruvid_metrics_format_t;

/*
 * The media type of a format, for Content-Type.
 *
 * Returns static text; NULL: there is no such format.
 * Context: any thread.
 */
GRUVI_API const char *gruvid_metrics_type(gruvid_metrics_format_t format);

/*
 * The format for a client: OpenMetrics where the client names it, and takes the
 * text of Prometheus no rather; else that text, also where the client takes
 * neither.
 *
 *   accept  the client's header Accept; NULL: there is none
 *
 * Context: any thread.
 */
GRUVI_API gruvid_metrics_format_t gruvid_metrics_choose(const char *accept);

/*
 * Write all figures, as they are now.  A hub that does not answer has its last
 * values, and is not waited for.  No counter goes down while gruvid runs.
 *
 *   text  a string that the caller owns: free().  NULL on failure
 *   size  its bytes, without the zero at the end; may be NULL
 *
 * Returns 0.
 * Errors:  UV_ENOMEM; UV_EINVAL: there is no such format.
 * Context: any thread.
 */
GRUVI_API int gruvid_metrics_write(gruvid_plugin_t *plugin,
                                   gruvid_metrics_format_t format, char **text,
                                   size_t *size);

/*
 * Whether gruvid takes connections and goes on doing so: the start is over, and
 * no stop was asked for.
 *
 *   stage  set to what it does: "serving", "stopping: connections drain";
 *          static text; may be NULL
 *
 * Context: any thread.
 */
GRUVI_API bool gruvid_metrics_ready(const gruvid_plugin_t *plugin,
                                    const char **stage);

GRUVI_END_DECLS

#endif
