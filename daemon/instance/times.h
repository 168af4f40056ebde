/* SPDX-License-Identifier: MIT */
/*
 * A histogram of times: bucket i counts those under 2^i microseconds that the
 * bucket before it does not; the last one also all that are longer.  It has one
 * writer, and is read from any thread.
 */
#ifndef GRUVID_TIMES_H
#define GRUVID_TIMES_H

#include <stddef.h>
#include <stdint.h>

#define GRUVID__TIME_BUCKETS 32

struct gruvid__times {
    uint64_t at[GRUVID__TIME_BUCKETS]; /* atomic */
    uint64_t sum;                      /* of all, nanoseconds; atomic */
};

/* Count a time, in nanoseconds.  Context: the thread that writes. */
void gruvid__times_count(struct gruvid__times *times, uint64_t ns);

/* Add what another histogram has counted. */
void gruvid__times_add(struct gruvid__times *sum,
                       const struct gruvid__times *more);

/*
 * The bound under which a share of all times were.
 *
 *   at     the counts of buckets such as these
 *   share  from 0 to 1
 *
 * Returns seconds; 0: nothing was counted.
 */
double gruvid__times_bound(const uint64_t *at, size_t n, double share);

#endif
