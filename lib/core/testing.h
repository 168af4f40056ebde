/* SPDX-License-Identifier: MIT */
/* What test hosts do to a hub: see testing.c. */
#ifndef GRUVI_CORE_TESTING_H
#define GRUVI_CORE_TESTING_H

#include <stdbool.h>
#include <stdint.h>

#include <gruvi/base.h>
#include <gruvi/switchpoint.h>

/*
 * From now on the fibers that are ready run in an order drawn by seed, within
 * what gruvi/fiber.h promises; each turn is the hub's, and polls.
 *
 *   seed  the same seed draws the same order; 0: as they became ready
 *
 * The hub of this thread is there.  Context: hub thread.
 */
void gruvi__test_order(uint64_t seed);

/*
 * Count the switchpoints that are called in this thread, from 0, and cancel a
 * fiber in one of them.
 *
 *   counts  whether those of a fiber count; NULL: nothing is counted any more
 *   nth     the fiber that calls this one is cancelled as it begins, from 1; 0:
 *           none is
 *
 * Context: any thread, outside of no-switch sections.
 */
void gruvi__test_count(bool (*counts)(const gruvi_fiber_t *fiber),
                       uint64_t nth);

/* How many switchpoints were counted in this thread, and the function of the
 * nth; NULL before it is called. */
uint64_t gruvi__test_counted(void);
const char *gruvi__test_cancelled_in(void);

/*
 * In this thread, where time is virtual, no fiber can run, none will because of
 * a timeout, and no pool works: only descriptors can go on from here.
 *
 *   stuck  is called in the hub's fiber, as often as that happens; returns
 *          whether it has made a fiber ready; NULL: none is called
 *
 * Context: hub thread.
 */
void gruvi__test_when_stuck(bool (*stuck)(void *arg), void *arg);

/*
 * Work that is added to a pool of threads in this thread, where time is
 * virtual, may be late: its thread lets time pass before it begins.  One piece
 * at a time can be.
 *
 *   late  is called as work is added; returns whether that one is late; NULL:
 *         none is
 *
 * Context: hub thread.
 */
void gruvi__test_when_working(bool (*late)(void));

/*
 * End the running fiber where it is, as if its main function had returned
 * status.  What its frames hold is lost, and its sections and blocks have to be
 * left.
 *
 * Context: fiber.
 */
_Noreturn void gruvi__fiber_quit(int status);

/* --- for the library ------------------------------------------------------ */

/* Draw the order in which what is ready runs. */
void gruvi__test_shuffle(gruvi_hub_t *hub);

/* The section of a thread that counts: it is none, but the fast ways around
 * gruvi__enter_slowly() see one. */
extern gruvi__no_switch_t gruvi__test_section;

/* A switchpoint begins in this thread, which counts. */
void gruvi__test_entered(const char *function, gruvi_fiber_t *fiber);

/* Only descriptors can go on: whether a fiber was made ready. */
bool gruvi__test_stuck(void);

/* Whether the work that is added now, and has stopped the clock, is late.  Then
 * its thread calls gruvi__late_begin() before it begins; or gruvi__late_end()
 * is called where no thread has it any more, before the clock goes on. */
bool gruvi__test_late(void);
void gruvi__late_begin(void);
void gruvi__late_end(void);

#endif
