/* SPDX-License-Identifier: MIT */
/*
 * Requests, counted by the route that took them.
 *
 * A line has a tally for each pattern that has led to it, and one for requests
 * that came without a route.  A tally stays until gruvid ends: a reload that
 * makes the same route again goes on with it, so no counter goes down.
 *
 * In a tally each hub has counters of its own, and its thread writes them.
 */
#ifndef GRUVID_TRAFFIC_H
#define GRUVID_TRAFFIC_H

#include <stddef.h>
#include <stdint.h>

#include "instance/codes.h"
#include "instance/times.h"

struct gruvid__instances;
struct gruvid__line;

/* The nine of RFC 9110 and RFC 5789, and "other". */
#define GRUVID__METHODS 10

/* 1xx to 5xx; 0: no reply was begun. */
#define GRUVID__STATUS_CLASSES 6

/* Routes of a line with a tally of their own; those that come later, by
 * reloads, are counted as requests without a route. */
#define GRUVID__MOST_TALLIES 1000

/* What is counted of a route in a hub: atomic. */
struct gruvid__traffic {
    size_t open; /* just now */
    uint64_t done[GRUVID__METHODS][GRUVID__STATUS_CLASSES];
    uint64_t failed;         /* their handlers have */
    uint64_t timed_out;      /* request_timeout was over */
    uint64_t cancelled;      /* their peers have gone, or gruvid ends */
    uint64_t cut;            /* their replies were broken off */
    uint64_t received, sent; /* bytes of bodies */
    struct gruvid__times times;
} __attribute__((aligned(64)));

struct gruvid__tally {
    struct gruvid__tally *next; /* of its line */
    const char *route;          /* the pattern's text; "": none */
    struct gruvid__traffic at[];
};

/* Requests that no route took, by the negative of their status, in a hub. */
struct gruvid__unrouted {
    struct gruvid__codes codes;
} __attribute__((aligned(64)));

/* The number of a method, below GRUVID__METHODS, and its name. */
unsigned gruvid__method_number(const char *method);
const char *gruvid__method_name(unsigned number);

/* "2xx"; "none": no reply was begun. */
const char *gruvid__status_class_name(unsigned class);

/*
 * Give a line what it counts requests by.
 *
 * Returns 0.
 * Errors:  UV_ENOMEM.
 */
int gruvid__traffic_open(struct gruvid__line *line, unsigned hubs);
void gruvid__traffic_close(struct gruvid__line *line);

/*
 * The tally of a route to a line; made where there is none.
 *
 * Returns it; that of requests without a route where there are too many; NULL
 * without memory.
 * Context: any thread.
 */
struct gruvid__tally *gruvid__tally_of(struct gruvid__instances *instances,
                                       struct gruvid__line *line,
                                       const char *route);

/* How many requests are over, of a sum. */
uint64_t gruvid__traffic_done(const struct gruvid__traffic *sum);

/* Add what a hub has counted. */
void gruvid__traffic_add(struct gruvid__traffic *sum,
                         const struct gruvid__traffic *more);

#endif
