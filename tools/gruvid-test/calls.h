/* SPDX-License-Identifier: MIT */
/* System calls of the child, which stand in front of those of libc. */
#ifndef GRUVID_TEST_CALLS_H
#define GRUVID_TEST_CALLS_H

#include <stdbool.h>

#include "gruvid-test/host.h"
#include "gruvid-test/stacks.h"

/* Replace them from now on; no more. */
void calls_begin(void);
void calls_end(void);

/* Seconds since calls_begin(); or since this was said again. */
double since_begin(void);
void calls_restart(void);

/* Something that may fail is done for the plugin: count it, where that is in
 * one of its fibers.  Returns whether it is to fail. */
bool strikes(enum fault fault, const struct calls *calls);

/* The peer of a socket resets the connection. */
void calls_reset(int fd);

/* A descriptor is closed. */
void calls_forget(int fd);

#endif
