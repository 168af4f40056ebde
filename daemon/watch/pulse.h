/* SPDX-License-Identifier: MIT */
/* What the service manager hears while every hub turns: WATCHDOG=1. */
#ifndef GRUVID_WATCH_PULSE_H
#define GRUVID_WATCH_PULSE_H

/* Context: main thread, before there is the thread that watches. */
void gruvid__pulse_open(void);

/* A hub was looked at: it turns, or waits for events.
 * Context: the thread that watches. */
void gruvid__pulse_turned(unsigned i);

/* Tell it, where it is time and each of n hubs has turned since it was told
 * last.  Context: the thread that watches. */
void gruvid__pulse_look(unsigned n);

#endif
