/* SPDX-License-Identifier: MIT */
/*
 * A proxy that does to connections what networks do, and more of it: it splits
 * what it carries, holds it back, puts it together again, and cuts.
 *
 *   client ---> proxy (a thread with poll(2)) ---> target
 *
 * It chooses by random numbers of a seed.  When bytes arrive is not in its
 * hands, so a seed repeats the choices and not the run.
 */
#ifndef TESTS_UNIT_MISCHIEF_H
#define TESTS_UNIT_MISCHIEF_H

#include "unit/net.h"

struct bad_network;

/* $CHECK_SEED, or another one each time; printed. */
long bad_network_seed(void);

/*
 * Begin one.
 *
 *   kind     of its own address
 *   target   address of a listener
 *   cut_below  one connection in two is cut after fewer bytes than this, both
 *            ways counted; 0: none is
 */
struct bad_network *bad_network_begin(int kind, const char *target, long seed,
                                      size_t cut_below);

/* Where to connect to. */
const char *bad_network_address(const struct bad_network *proxy);

/* How many connections there have been, and how many of them were cut. */
struct bad_network_count {
    int connections, cuts;
};

/* End it, with what is left in it. */
struct bad_network_count bad_network_end(struct bad_network *proxy);

#endif
