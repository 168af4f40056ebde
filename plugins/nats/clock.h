/* SPDX-License-Identifier: MIT */
/* Seconds. */
#ifndef NATS_CLOCK_H
#define NATS_CLOCK_H

/* Of a clock that only goes on. */
double nats_now(void);

/* At random, from half of them to all: so that nodes that have lost a server do
 * not come back at once. */
double nats_jitter(double seconds);

#endif
