/* SPDX-License-Identifier: MIT */
/*
 * The text that monitoring programs collect: families of metrics, each with
 * lines about it and its samples.
 *
 *     gruvid__exposition_family(&e, &family);
 *     for each hub
 *         gruvid__exposition_sample(&e, &family, "hub", "1", 42);
 *     ...
 *     gruvid__exposition_end(&e);
 *
 * OpenMetrics 1.0 and the text format 0.0.4 of Prometheus differ in the order
 * of these lines, in the name of counters there, and in the end.  Numbers do
 * not depend on the locale.
 */
#ifndef GRUVID_METRICS_EXPOSITION_H
#define GRUVID_METRICS_EXPOSITION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <gruvid/metrics.h>

enum gruvid__metric_type {
    GRUVID__GAUGE,
    GRUVID__COUNTER,
    GRUVID__HISTOGRAM, /* of times: buckets in powers of two, as times.h has */
    GRUVID__INFO       /* 1, with labels that say something */
};

struct gruvid__family {
    const char *name; /* without _total; ends in the unit, if it has one */
    enum gruvid__metric_type type;
    const char *unit; /* "bytes", "seconds": values are nanoseconds; or NULL */
    const char *help; /* one line, without '\' and '"' */
};

struct gruvid__label {
    const char *name, *value; /* name NULL: none */
};

/* So many a sample has at most; an array of them is always of that size. */
#define GRUVID__LABELS 4

struct gruvid__exposition {
    gruvid_metrics_format_t format;
    char *text; /* owned by the caller; NULL: nothing */
    size_t size, room;
    bool failed; /* no memory: the text is of no use */
};

/* Begin a family.  Its samples follow, before the next family. */
void gruvid__exposition_family(struct gruvid__exposition *exposition,
                               const struct gruvid__family *family);

/*
 * Add a sample.  What is not UTF-8 in a label, and control characters but LF,
 * become '?'.
 *
 *   labels  GRUVID__LABELS
 */
void gruvid__exposition_sample(struct gruvid__exposition *exposition,
                               const struct gruvid__family *family,
                               const struct gruvid__label *labels,
                               uint64_t value);

/*
 * Add a histogram.
 *
 *   at   the counts of n buckets: under 2^i microseconds
 *   sum  nanoseconds
 */
void gruvid__exposition_histogram(struct gruvid__exposition *exposition,
                                  const struct gruvid__family *family,
                                  const struct gruvid__label *labels,
                                  const uint64_t *at, size_t n, uint64_t sum);

/* Nothing follows. */
void gruvid__exposition_end(struct gruvid__exposition *exposition);

#endif
