/* SPDX-License-Identifier: MIT */
/* A histogram of times: see times.h. */
#include "instance/times.h"

static unsigned
bucket_of(uint64_t us)
{
    unsigned bits = us == 0 ? 0 : 64 - (unsigned)__builtin_clzll(us);

    return bits < GRUVID__TIME_BUCKETS ? bits : GRUVID__TIME_BUCKETS - 1;
}

void
gruvid__times_count(struct gruvid__times *times, uint64_t ns)
{
    uint64_t *at = &times->at[bucket_of(ns / 1000)];

    __atomic_store_n(at, *at + 1, __ATOMIC_RELAXED);
    __atomic_store_n(&times->sum, times->sum + ns, __ATOMIC_RELAXED);
}

void
gruvid__times_add(struct gruvid__times *sum, const struct gruvid__times *more)
{
    for (size_t i = 0; i < GRUVID__TIME_BUCKETS; i++)
        sum->at[i] += __atomic_load_n(&more->at[i], __ATOMIC_RELAXED);
    sum->sum += __atomic_load_n(&more->sum, __ATOMIC_RELAXED);
}

double
gruvid__times_bound(const uint64_t *at, size_t n, double share)
{
    uint64_t all = 0, below = 0;
    double bound = 1e-6;

    for (size_t i = 0; i < n; i++)
        all += at[i];
    if (all == 0)
        return 0;
    for (size_t i = 0; i + 1 < n; i++) {
        below += at[i];
        if ((double)below >= share * (double)all)
            break;
        bound *= 2;
    }
    return bound;
}
