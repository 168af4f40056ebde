/* SPDX-License-Identifier: MIT */
/*
 * Threads that take turns.
 *
 * The library is built with GRUVI_SIMULATE here: at each point where one thread
 * may see what another one does (lib/base/threads.h) the thread that has the
 * baton gives it to one that is drawn, maybe to itself.  The threads are real,
 * but one runs at a time.  So a run is its draws, its schedule: a text that
 * brings the same run again.
 *
 *   baton    thread a          thread b          thread c
 *   a        load word         waits             waits
 *   b                          futex wait        waits
 *   c                          asleep            store word, futex wake
 *   b                          goes on           waits
 *
 * A thread that spins or sleeps can go on when it is told to, or late, if it
 * has a timeout: then the clock, which is that of the simulation, is set to
 * when it is due.  Where none can go on, that is a mistake which is found, like
 * an assertion that fails, a crash, or a word that is used in memory which was
 * freed, or on a frame that was left.
 *
 * A few times in a schedule there is a disturbance, which is drawn, too: a
 * thread that sleeps is woken by nobody, a system call is interrupted, a weak
 * exchange fails without a reason.
 *
 * All of it is sequentially consistent: weak orders of memory are for
 * tests/model, and for ThreadSanitizer.
 */
#ifndef TESTS_EXPLORE_SIM_H
#define TESTS_EXPLORE_SIM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <gruvi.h>

#define SIM_THREADS                                                            \
    12 /* of a schedule, at most; their names are a, b, c...                   \
        */

/* --- for cases ------------------------------------------------------------ */

/* Begin a thread; it is joined with the schedule's end if not before. */
struct sim_thread *sim_begin(int (*fn)(void *arg), void *arg);

/* The same in the root fiber of a hub, which is opened before and closed after
 * it in one go. */
struct sim_thread *sim_begin_hub(int (*fn)(void *arg), void *arg);

/* Free what stays of an abandoned hub for ever, for its fibers: the reference
 * that the library has, too. */
void sim_reclaim(gruvi_hub_t *hub);

/* A shared pool does what it has to do, its threads end, and it is as new for
 * the next schedule. */
void sim_renew_pool(gruvi_pool_t *pool);

/* Wait until it has ended. */
void sim_end(struct sim_thread *thread);

/* Another thread may go on here, too. */
void sim_point(void);

/* From now on this thread goes on unless it has to wait; and as usual again. */
void sim_hold(void);
void sim_let_go(void);

/* In this schedule it may be right that all wait until a timeout passes.  As a
 * rule that is a mistake: a wake-up is lost, and the timeout hides it. */
void sim_be_patient(void);

/* What the library does when this thread ends is explored, too: of a hub that
 * is left open, and of the last reference to it. */
void sim_end_openly(void);

/* Warnings with that part are right in this schedule; others are mistakes. */
void sim_expect_log(const char *part);
bool sim_is_expected(const char *message);

/* Whether a block of the heap was freed in this schedule. */
bool sim_is_freed(const void *block);

/* This schedule has found a mistake. */
void sim_fail(const char *format, ...)
    __attribute__((noreturn, format(printf, 1, 2)));

#define sim_assert(condition)                                                  \
    ((condition)                                                               \
         ? (void)0                                                             \
         : sim_fail("%s:%d: not so: %s", __FILE__, __LINE__, #condition))

/*
 * A call that waits.  When it has returned no other thread may touch a word of
 * the frames that it had.
 */
#define sim_wait(call)                                                         \
    __extension__({                                                            \
        sim_frame_begins();                                                    \
        __typeof__(call) result_ = (call);                                     \
        sim_frame_ends();                                                      \
        result_;                                                               \
    })
void sim_frame_begins(void);
void sim_frame_ends(void);

/* --- for the search ------------------------------------------------------- */

/*
 * Run one schedule: body is its thread a.  Returns how many points it had.  It
 * does not return if there is a mistake.
 *
 *   disturbances  so many may be drawn, at most
 */
#define SIM_DISTURBANCES 2
unsigned sim_run(void (*body)(void), unsigned disturbances);

/* Each point is written to the standard error. */
extern bool sim_shows;

/* The mistake is written here, which its parent process reads. */
struct sim_report {
    char mistake[4000];
    char schedule[64 * 1024]; /* a letter a draw: who goes on */
    unsigned length, disturbances;
    unsigned long runs;
    uint64_t seed;
    int bound[2]; /* so many interruptions, in all ways: without disturbances,
                     and with them; -1: not even 0 */
};
extern struct sim_report *sim_report;

#endif
