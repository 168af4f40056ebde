/* SPDX-License-Identifier: MIT */
/*
 * A proxy that does to connections what networks do, only more often: it
 * splits, delays and joins data, and cuts connections.
 *
 *   client ---> proxy (a thread with poll(2)) ---> target
 *
 * It chooses by random numbers of a seed.  It does not control when bytes
 * arrive, so a seed repeats the choices and not the run.
 */
#ifndef TESTS_UNIT_BAD_NETWORK_H
#define TESTS_UNIT_BAD_NETWORK_H

#include "unit/net.h"

struct bad_network;

/*
 * Begin a proxy.
 *
 *   kind     of its own address
 *   target   address of a listener
 *   cut_below  every other connection is cut after fewer bytes than this, in
 *            both directions together; 0: none
 */
struct bad_network *bad_network_begin(int kind, const char *target, long seed,
                                      size_t cut_below);

/* The address to connect to. */
const char *bad_network_address(const struct bad_network *proxy);

/* The number of connections, and of those that were cut. */
struct bad_network_count {
    int connections, cuts;
};

/* End a proxy, and the connections that are left in it. */
struct bad_network_count bad_network_end(struct bad_network *proxy);

#endif
