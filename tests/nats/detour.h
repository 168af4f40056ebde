/* SPDX-License-Identifier: MIT */
/*
 * A way to a server that the test can block, slow down, or break off.
 *
 *   gruvid ---> detour (a thread) ---> server
 */
#ifndef TESTS_NATS_DETOUR_H
#define TESTS_NATS_DETOUR_H

#include <stddef.h>

enum detour_mode {
    DETOUR_OPEN,
    DETOUR_SLOW,   /* little at a time */
    DETOUR_BLOCKED /* nothing passes, and nobody is told */
};

struct detour;

/* Begin it; the port to connect to; end it. */
struct detour *detour_begin(int target);
int detour_port(const struct detour *detour);
void detour_end(struct detour *detour);

void detour_set(struct detour *detour, enum detour_mode mode);

/* Reset the connection after so many further bytes on their way to the server,
 * once; bytes that have passed so, of all connections. */
void detour_cut(struct detour *detour, size_t bytes);
size_t detour_passed(const struct detour *detour);

#endif
