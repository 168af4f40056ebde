/* SPDX-License-Identifier: MIT */
/* What sim.c, the baton, shares with draw.c, who gets it, and with calls.c,
 * what threads do with it. */
#ifndef TESTS_EXPLORE_SIM_INSIDE_H
#define TESTS_EXPLORE_SIM_INSIDE_H

#include <pthread.h>

#include "explore/sim.h"

#define SIM_FAULTS 2 /* that a call can have */

enum why { READY, MUTEX, FUTEX, SPIN, LOOP, END };

struct sim_thread {
    pthread_t thread;
    int go; /* futex: it has the baton */
    bool ended;
    bool ends_openly;
    int ends;      /* how often it was asked to end */
    unsigned held; /* depth of sim_hold() */
    int (*fn)(void *arg);
    void *(*start)(void *arg); /* of the library's own threads, instead */
    void *arg, *result;

    /* Where it stands, and what lets it go on. */
    const char *where;
    enum why why;
    const volatile void *on;
    const struct sim_thread *other;
    int fd;
    uint64_t due;
    bool told; /* FUTEX */
    bool late;
    bool disturbed; /* woken by nobody */

    /* The word that it has used last, and whether another thread has written
     * it since. */
    const volatile void *seen;
    bool written;
};

struct mutex {
    const pthread_mutex_t *mutex;
    const struct sim_thread *owner;
};

struct sim {
    struct sim_thread threads[SIM_THREADS];
    int n;
    struct sim_thread *ended; /* to be joined by who has the baton now */
    struct mutex mutexes[32];
    unsigned points;
    unsigned disturbances; /* may still come */
    bool patient;          /* all may wait for a timeout */
    const char *expected;  /* in a message that is right */
    uint64_t now;
    int over; /* futex */
};

extern struct sim sim;

/* This thread's place in the schedule; NULL: it does all as usual. */
extern __thread struct sim_thread *sim_self;

/* The thread that has a mutex; NULL: it is free. */
const struct sim_thread *sim_owner_of(const pthread_mutex_t *mutex);

static inline int
sim_index(const struct sim_thread *thread)
{
    return (int)(thread - sim.threads);
}

/* Nobody can go on, or only by a timeout. */
void sim_fail_stuck(const char *what) __attribute__((noreturn));

/* Who goes on after last, which may be at its end; NULL: all have ended. */
struct sim_thread *sim_draw(struct sim_thread *last);

/* Whether a call of this thread fails that has to be made again: 0, or one of
 * so many faults. */
unsigned sim_fault(unsigned faults);

/* A point: another thread may go on. */
void sim_stand(const char *where);

/* Wait until it is told so, or late. */
bool sim_block(enum why why, const volatile void *on, uint64_t due);

/* Begin a thread: its place, which can be filled in; then itself, which is 0 or
 * an error of pthread_create(). */
struct sim_thread *sim_new_thread(void);
int sim_start(struct sim_thread *thread);

/* Tell where this thread is, where that is wanted. */
void sim_show(const char *what);

#endif
