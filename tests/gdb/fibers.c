/* SPDX-License-Identifier: MIT */
/*
 * A program to look at with gdb: fibers that are parked in functions with local
 * variables, in two hubs.
 *
 *   fibers N         N fibers; it says "ready", and waits.  SIGUSR1 has needle
 * go on fibers N abort   then it aborts instead
 *
 * One fiber has the name "needle", and one was never started.
 */
#include <gruvi.h>

#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define NOINLINE __attribute__((noinline))

struct item {
    int number;
    const char *text;
};

static gruvi_event_t never = GRUVI_EVENT_INIT;
static gruvi_event_t up = GRUVI_EVENT_INIT; /* the other hub */
static volatile int passed;

/* For gdb: handles that it prints. */
static gruvi_fiber_t *volatile needle;
static gruvi_fiber_t *volatile unborn;
static gruvi_hub_t *volatile first_hub;
static gruvi_hub_t *volatile other_hub;

/* For a breakpoint. */
static NOINLINE void
passed_by(int n)
{
    passed += n;
}

static NOINLINE int
parked_inner(const struct item *item)
{
    int doubled = 2 * item->number, err;

    __asm__ volatile("" : : "r"(&doubled) : "memory"); /* it is kept */
    err = gruvi_event_wait(&never, GRUVI_FOREVER);
    passed_by(doubled - item->number); /* so both have a place meanwhile */
    return err;
}

static NOINLINE int
parked_outer(void *arg)
{
    struct item item = {.number = 7, .text = "hay"};
    int err;

    if (arg != NULL)
        item = *(struct item *)arg;
    err = parked_inner(&item);
    passed += item.number;
    return err;
}

static NOINLINE int
parked_sleeper(void *arg)
{
    int err = gruvi_sleep(3600);

    (void)arg;
    passed++;
    return err;
}

static void
spawn(gruvi_fiber_fn target, void *arg, const char *name)
{
    gruvi_fiber_options_t options = {.name = name};
    gruvi_fiber_t *fiber = gruvi_spawn_ex(target, arg, &options);

    if (fiber == NULL) {
        fprintf(stderr, "no fiber: %s\n", gruvi_strerror(gruvi_last_error()));
        exit(EXIT_FAILURE);
    }
    if (arg != NULL)
        needle = fiber;
    else
        gruvi_fiber_unref(fiber);
}

static void *
run_other_hub(void *arg)
{
    other_hub = gruvi_get_hub();
    spawn(parked_sleeper, NULL, "sleeper");
    spawn(parked_sleeper, NULL, NULL);
    gruvi_sleep(0); /* they run */
    gruvi_event_set(&up);
    gruvi_event_wait(&never, GRUVI_FOREVER);
    return arg;
}

static void
await_sleep(const gruvi_hub_t *of)
{
    gruvi__hub_view_t view;

    do {
        usleep(1000);
        gruvi__hub_view(of, &view);
    } while (!view.sleeps);
}

/* In a thread without a hub: then there is nothing left that a fiber does. */
static void *
say_ready(void *then)
{
    await_sleep(first_hub);
    await_sleep(other_hub);
    puts("ready");
    fflush(stdout);
    if (then != NULL)
        abort();
    return NULL;
}

int
main(int argc, char **argv)
{
    static struct item item = {.number = 4711, .text = "needle's"};
    int n = argc > 1 ? atoi(argv[1]) : 10;
    pthread_t thread;

    first_hub = gruvi_get_hub();
    for (int i = 1; i < n; i++)
        spawn(parked_outer, NULL, NULL);
    spawn(parked_outer, &item, "needle");
    unborn = gruvi_fiber_new(parked_outer, NULL, NULL);
    if (pthread_create(&thread, NULL, run_other_hub, NULL) != 0 ||
        gruvi_event_wait(&up, GRUVI_FOREVER) < 0)
        return EXIT_FAILURE;
    if (pthread_create(&thread, NULL, say_ready, argv[argc > 2 ? 2 : argc]))
        return EXIT_FAILURE;
    while (gruvi_signal_wait(SIGUSR1, GRUVI_FOREVER) == 0)
        gruvi_fiber_cancel(needle, "it has been looked at");
    return EXIT_FAILURE;
}
