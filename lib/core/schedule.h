/* SPDX-License-Identifier: MIT */
/* Switching between fibers: see schedule.c. */
#ifndef GRUVI_CORE_SCHEDULE_H
#define GRUVI_CORE_SCHEDULE_H

#include <gruvi/base.h>

/*
 * Leave the current fiber until gruvi__ready(); what will wake it has been
 * arranged.
 */
void gruvi__park(gruvi_fiber_t *fiber);

/* Let all other ready fibers run once. */
void gruvi__yield(gruvi_fiber_t *fiber);

/* Queue a waiting fiber on hub->woken; any other is left alone. */
void gruvi__ready(gruvi_fiber_t *fiber);

/* gruvi__ready() from any thread, as long as fiber is sure to live. */
void gruvi__ready_remote(gruvi_fiber_t *fiber);

/* Queue a waiting fiber on hub->urgent; any other is left alone. */
void gruvi__ready_urgent(gruvi_fiber_t *fiber);

/* The hub's side: a turn, and the end.  See hub.c. */
void gruvi__schedule_init(gruvi_hub_t *hub);
void gruvi__hub_turn(gruvi_hub_t *hub);
void gruvi__schedule_end(gruvi_hub_t *hub) __attribute__((noreturn));

/* Between two turns: see hub_poll.c. */
void gruvi__hub_poll(gruvi_hub_t *hub);

/* All of gruvi_sleep() but its common case; in wait.c. */
int gruvi__sleep_slowly(const char *function, double secs);

#endif
