/* SPDX-License-Identifier: MIT */
/*
 * Where hubs stall, and what was said of it: the first stall of a site is said
 * at once, then there is a line a minute with the count and the longest.
 */
#ifndef GRUVID_WATCH_SITES_H
#define GRUVID_WATCH_SITES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* More sites than anybody reads.  The one that was quiet for longest goes. */
#define GRUVID__SITES 64

/* From a line of a site to the next. */
#define GRUVID__SITE_APART (UINT64_C(60) * 1000000000)

/* All times are nanoseconds of one clock. */
struct gruvid__site {
    uint64_t key;
    uint64_t said;           /* when the last line was; 0: the place is free */
    uint64_t count, longest; /* since then; the first line's own included */
    uint64_t said_length;    /* what that line said of its stall */
    bool news;               /* there is something to say */

    /* For the lines. */
    char plugin[40], fiber[32], hub[16];
    uint64_t generation;
    char where[640];
};

struct gruvid__sites {
    struct gruvid__site at[GRUVID__SITES];
};

/*
 * There is a stall.
 *
 *   length  so far
 *   fresh   set to whether it is to be said now; then the caller fills in what
 *           the lines say
 *
 * Returns its site.
 */
struct gruvid__site *gruvid__site_stall(struct gruvid__sites *sites,
                                        uint64_t key, uint64_t length,
                                        uint64_t now, bool *fresh);

/* A stall goes on, or is over: it is that long. */
void gruvid__site_lasts(struct gruvid__sites *sites, uint64_t key,
                        uint64_t length);

/* A site that has something to say now, or NULL.  It is forgotten with
 * gruvid__site_told(). */
struct gruvid__site *gruvid__site_due(struct gruvid__sites *sites,
                                      uint64_t now);
void gruvid__site_told(struct gruvid__site *site, uint64_t now);

#endif
