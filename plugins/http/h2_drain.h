/* SPDX-License-Identifier: MIT */
/* The end of a hub's connections of HTTP/2, when the plugin drains. */
#ifndef HTTP_H2_DRAIN_H
#define HTTP_H2_DRAIN_H

#include "h2.h"

/* Seconds for a client to answer that it begins no more streams. */
#define H2_NOTICE 1.0

/* See that somebody waits for the drain.  Context: fiber. */
void h2_drain_await(struct h2 *h2);

#endif
