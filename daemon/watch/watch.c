/* SPDX-License-Identifier: MIT */
/*
 * The thread that watches: from time to time it looks at each hub.
 *
 *   stall_warning / 2   while hubs turn or wait for events
 *   what is left of it  while a turn goes on
 *
 * So a stall is seen within one and a half times stall_warning, and a gruvid
 * that idles wakes twenty times a second, for some microseconds.
 */
#include "watch/watch.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "watch/crash.h"
#include "watch/overdue.h"
#include "watch/pulse.h"
#include "watch/sample.h"
#include "watch/stall.h"
#include "watch/turn.h"

#define MS UINT64_C(1000000)

/* Between two looks where no stall is to be logged, and at the least. */
#define SELDOM   (250 * MS)
#define SHORTEST (1 * MS)

static struct {
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t woken;
    bool runs, stop;                      /* under the lock */
    struct gruvid__watch_options options; /* under the lock */
    struct gruvid__hubs *hubs;
    struct gruvid__instances *instances;
    struct gruvid__turn turns[GRUVID__MOST_HUBS];
} watch = {.lock = PTHREAD_MUTEX_INITIALIZER};

static uint64_t
clock_now(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

/* Wait, under the lock. */
static void
pause_until(uint64_t when)
{
    const struct timespec time = {.tv_sec = (time_t)(when / 1000000000),
                                  .tv_nsec = (long)(when % 1000000000)};

    while (!watch.stop && pthread_cond_timedwait(&watch.woken, &watch.lock,
                                                 &time) != ETIMEDOUT)
        ;
}

/* How long until the next look. */
static uint64_t
look(const struct gruvid__watch_options *options, uint64_t elapsed)
{
    uint64_t limit = (uint64_t)(options->stall_warning * 1e9);
    uint64_t pause = limit == 0 || limit > 2 * SELDOM ? SELDOM : limit / 2;

    for (unsigned i = 0; i < watch.hubs->n; i++) {
        struct gruvid__turn *turn = &watch.turns[i];
        bool goes_on = gruvid__turn_look(turn, elapsed);

        if (!goes_on)
            gruvid__pulse_turned(i);
        gruvid__stall_look(i, turn, options, goes_on);
        if (goes_on && turn->taken < limit && limit - turn->taken < pause)
            pause = limit - turn->taken;
    }
    gruvid__stall_tell(clock_now());
    gruvid__overdue_look(&watch.turns[0], watch.instances, options);
    gruvid__pulse_look(watch.hubs->n);
    gruvid__crash_look();
    return pause > SHORTEST ? pause : SHORTEST;
}

static void *
watch_main(void *arg)
{
    uint64_t last = clock_now(), pause = SHORTEST;

    (void)arg;
    pthread_setname_np(pthread_self(), "gruvid-watch");
    pthread_mutex_lock(&watch.lock);
    while (!watch.stop) {
        struct gruvid__watch_options options = watch.options;
        uint64_t elapsed;

        pthread_mutex_unlock(&watch.lock);
        elapsed = gruvid__turn_elapsed(&last, clock_now(), pause);
        pause = look(&options, elapsed);
        pthread_mutex_lock(&watch.lock);
        pause_until(clock_now() + pause);
    }
    pthread_mutex_unlock(&watch.lock);
    return NULL;
}

/* It gets no signal but for its own faults. */
static int
begin_thread(void)
{
    static const int faults[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT};
    sigset_t blocked, before;
    int err;

    sigfillset(&blocked);
    for (size_t i = 0; i < sizeof faults / sizeof *faults; i++)
        sigdelset(&blocked, faults[i]);
    pthread_sigmask(SIG_SETMASK, &blocked, &before);
    err = pthread_create(&watch.thread, NULL, watch_main, NULL);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return uv_translate_sys_error(err);
}

int
gruvid__watch_open(struct gruvid__hubs *hubs,
                   struct gruvid__instances *instances,
                   const struct gruvid__watch_options *options)
{
    pthread_condattr_t monotonic;
    int err;

    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&watch.woken, &monotonic);
    pthread_condattr_destroy(&monotonic);
    watch.hubs = hubs;
    watch.instances = instances;
    watch.options = *options;
    watch.stop = false;
    for (unsigned i = 0; i < hubs->n; i++)
        watch.turns[i] = (struct gruvid__turn){.hub = &hubs->at[i]};
    gruvid__stall_open(instances);
    gruvid__overdue_open(hubs->leader);
    gruvid__pulse_open();
    gruvid__sample_open();
    err = begin_thread();
    watch.runs = err == 0;
    return err;
}

void
gruvid__watch_set(const struct gruvid__watch_options *options)
{
    pthread_mutex_lock(&watch.lock);
    watch.options = *options;
    pthread_mutex_unlock(&watch.lock);
}

void
gruvid__watch_close(void)
{
    if (!watch.runs)
        return;
    pthread_mutex_lock(&watch.lock);
    watch.stop = true;
    pthread_cond_signal(&watch.woken);
    pthread_mutex_unlock(&watch.lock);
    pthread_join(watch.thread, NULL);
    pthread_cond_destroy(&watch.woken);
    watch.runs = false;
}

void
gruvid__watch_report_stuck(const struct gruvid__hubs *hubs,
                           struct gruvid__instances *instances)
{
    for (unsigned i = 1; i < hubs->n; i++)
        if (hubs->at[i].stuck)
            gruvid__overdue_name(&hubs->at[i], instances);
}
