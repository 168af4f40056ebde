/* SPDX-License-Identifier: MIT */
/* Switching between fibers: see schedule.c. */
#ifndef GRUVI_CORE_SCHEDULE_H
#define GRUVI_CORE_SCHEDULE_H

#include <gruvi/base.h>

/*
 * Leave the current fiber, which has said what it waits for and who wakes it,
 * or is on a queue; returns when it runs again.
 */
void gruvi__park(gruvi_fiber_t *fiber);

/* Let all others that are ready run once. */
void gruvi__yield(gruvi_fiber_t *fiber);

/* Put a fiber that waits on hub->woken; any other is left alone. */
void gruvi__ready(gruvi_fiber_t *fiber);

/* The same from any thread, as long as fiber is sure to live. */
void gruvi__ready_remote(gruvi_fiber_t *fiber);

/* Put it on hub->urgent, likewise. */
void gruvi__ready_urgent(gruvi_fiber_t *fiber);

/* The hub's side: a turn, and the end.  See hub.c. */
void gruvi__schedule_init(gruvi_hub_t *hub);
void gruvi__hub_turn(gruvi_hub_t *hub);
void gruvi__schedule_end(gruvi_hub_t *hub) __attribute__((noreturn));

/* All of gruvi_sleep() but its common case; in wait.c. */
int gruvi__sleep_slowly(const char *function, double secs);

#endif
