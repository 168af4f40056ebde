/* SPDX-License-Identifier: MIT */
/*
 * What plugins count by themselves: gruvid_counter_get() of gruvid/metrics.h.
 *
 * A counter belongs to a line, as a tally does: all generations of a section
 * count by the same, so it does not go down.  Each hub has a number of its own.
 */
#ifndef GRUVID_COUNTERS_H
#define GRUVID_COUNTERS_H

#include <stdint.h>

#include <gruvid/metrics.h>

struct gruvid__line;

/* Counters of a line: a plugin that makes a label of what clients say would
 * fill the memory. */
#define GRUVID__MOST_COUNTERS 1000

struct gruvid__counter_cell {
    uint64_t n; /* atomic */
} __attribute__((aligned(64)));

struct gruvid_counter {
    struct gruvid_counter *next; /* of its line */
    const char *name, *help;
    const char *label, *value; /* "": no label */
    unsigned hubs;
    struct gruvid__counter_cell at[]; /* 0: threads that are no hub's */
};

/* All that were counted.  Context: any thread. */
uint64_t gruvid__counter_sum(const struct gruvid_counter *counter);

/* Free those of a line. */
void gruvid__counters_close(struct gruvid__line *line);

#endif
