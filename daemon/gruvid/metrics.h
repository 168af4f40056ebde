/* SPDX-License-Identifier: MIT */
/*
 * What gruvid counts, for plugins that show it: the figures of gruvictl's
 * status, hubs, plugins and pools, as text that monitoring programs collect.
 *
 * plugins/metrics serves it over HTTP.  Plugins have counters of their own
 * there: gruvid_counter_get().
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

/* --- counters of a plugin --------------------------------------------------
 */

/* How often something has happened in a section. */
typedef struct gruvid_counter gruvid_counter_t;

/*
 * Get a counter of the plugin's section; it is made, and is 0, where there is
 * none yet.  All hubs and all generations of the section get the same one for
 * the same name, label and value, so that it goes on after a reload.  It shows
 * among the metrics as NAME_total{plugin="SECTION",LABEL="VALUE"}.
 *
 *   counter  there until gruvid ends; NULL on failure
 *   name     of the family: a-z, 0-9 and '_', a letter first; without _total,
 *            which is added, and not gruvid_..., which are gruvid's own
 *   help     a sentence about the family, without '\\', '"' and line ends;
 *            where plugins say different things, one of them is shown
 *   label    of letters as name, but not "plugin"; NULL: none
 *   value    of the label, not empty; NULL: there is no label.  Values have to
 *            be few, and never what a client says
 *
 * Call it in start, for each counter: then it is shown before it counts.
 *
 * Returns 0.
 * Errors:  UV_EINVAL (a name, a help or a label is not as it should be);
 *          UV_ENOSPC (the section has 1000 counters); UV_ENOMEM.
 * Context: any thread.
 */
GRUVI_API int gruvid_counter_get(gruvid_counter_t **counter,
                                 gruvid_plugin_t *plugin, const char *name,
                                 const char *help, const char *label,
                                 const char *value);

/*
 * Count n more.
 *
 *   counter  NULL: nothing is counted
 *
 * Context: any thread; cheap in a hub: hubs do not share a cache line.
 */
GRUVI_API void gruvid_count(gruvid_counter_t *counter, uint64_t n);

GRUVI_END_DECLS

#endif
