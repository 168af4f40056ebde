/* SPDX-License-Identifier: MIT */
/*
 * Fibers of two hubs that do everything at random, for as long as it takes;
 * the books have to balance in the end:
 *
 *   - cancels sent to a fiber = cancels that it got;
 *   - a deadline ends one wait, and says so;
 *   - a wait returns what it may return, and every wait returns.
 *
 * CHECK_SEED in the environment tries a certain seed.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "support/random.h"
#include "unit/harness.h"

#define HUBS   2
#define FIBERS 24
#define EVENTS 4

/* ThreadSanitizer makes fibers slowly. */
#ifdef __SANITIZE_THREAD__
#define STEPS 60
#else
#define STEPS 300
#endif

struct actor {
    struct storm *storm;
    gruvi_fiber_t *fiber;
    gruvi_switch_back_t *sb; /* it waits for this one to be called */
    unsigned short random[3];
    int sent, got; /* cancels */
    bool alive;
};

struct storm {
    gruvi_hub_t *hub;
    struct actor actors[FIBERS];
    int fds[2];
    int number;
};

static long seed;
static gruvi_event_t events[EVENTS];

static int
pick(struct actor *actor, int n)
{
    return (int)(nrand48(actor->random) % n);
}

/* Mostly some microseconds; at times it polls. */
static double
some_time(struct actor *actor)
{
    return pick(actor, 5) == 0 ? 0 : pick(actor, 400) * 1e-6;
}

static void
take(struct actor *actor, int err, int may)
{
    if (err == UV_ECANCELED)
        actor->got++;
    else if (err < 0 && err != may)
        ck_abort_msg("seed %ld: %s", seed, gruvi_err_name(err));
}

/* --- steps ------------------------------------------------------------------
 */

static void
rest(struct actor *actor)
{
    take(actor, gruvi_sleep(some_time(actor)), 0);
}

static void
wait_for_event(struct actor *actor)
{
    gruvi_event_t *event = &events[pick(actor, EVENTS)];

    take(actor, gruvi_event_wait(event, some_time(actor)), UV_ETIMEDOUT);
}

static void
change_event(struct actor *actor)
{
    gruvi_event_t *event = &events[pick(actor, EVENTS)];

    if (pick(actor, 2) == 0)
        gruvi_event_set(event);
    else
        gruvi_event_clear(event);
}

static void
wait_for_pipe(struct actor *actor)
{
    struct storm *storm = actor->storm;
    char byte;

    if (pick(actor, 2) == 0 && write(storm->fds[1], "x", 1) < 0)
        ck_assert_int_eq(errno, EAGAIN);
    take(actor, gruvi_wait_fd(storm->fds[0], UV_READABLE, some_time(actor)),
         UV_ETIMEDOUT);
    if (pick(actor, 2) == 0 && read(storm->fds[0], &byte, 1) < 0)
        ck_assert_int_eq(errno, EAGAIN);
}

static struct actor *
another(struct actor *actor)
{
    return &actor->storm->actors[pick(actor, FIBERS)];
}

static void
cancel_another(struct actor *actor)
{
    struct actor *other = another(actor);

    if (!other->alive)
        return;
    other->sent++;
    if (gruvi_fiber_cancel(other->fiber, "storm") != 0)
        ck_abort_msg("cancel");
}

static void
join_another(struct actor *actor)
{
    struct actor *other = another(actor);

    if (other != actor)
        take(actor, gruvi_fiber_join(other->fiber, some_time(actor)),
             UV_ETIMEDOUT);
}

static void
wake_another(struct actor *actor)
{
    struct actor *other = another(actor);

    if (other->sb != NULL)
        gruvi_switch_back_switch(other->sb, other);
}

static void
wait_to_be_woken(struct actor *actor)
{
    void *value = NULL;
    int err = 0;

    GRUVI_WITH_SWITCH_BACK (sb, some_time(actor)) {
        actor->sb = &sb;
        err = gruvi_hub_switch(actor->storm->hub, &value);
        actor->sb = NULL;
        ck_assert_ptr_eq(value, err == 0 ? actor : NULL);
        if (gruvi_switch_back_timed_out(&sb) != (err == UV_ETIMEDOUT))
            ck_abort_msg("seed %ld: timed out, %s", seed, gruvi_err_name(err));
    }
    take(actor, err, UV_ETIMEDOUT);
}

/* The outer one is further away: it may end any wait, once. */
static void
wait_in_deadlines(struct actor *actor)
{
    int n, err, ended = 0, inner = 0;

    GRUVI_WITH_SWITCH_BACK (outer, some_time(actor)) {
        for (n = 0; n < 4; n++) {
            GRUVI_WITH_SWITCH_BACK (sb, some_time(actor)) {
                err = gruvi_sleep(pick(actor, 300) * 1e-6);
                take(actor, err, UV_ETIMEDOUT);
                ended += err == UV_ETIMEDOUT;
                inner += gruvi_switch_back_timed_out(&sb);
            }
        }
        if (inner + gruvi_switch_back_timed_out(&outer) != ended)
            ck_abort_msg("seed %ld: %d waits ended, by %d deadlines", seed,
                         ended, inner + gruvi_switch_back_timed_out(&outer));
    }
}

static void
rest_shielded(struct actor *actor)
{
    GRUVI_SHIELD {
        if (gruvi_sleep(some_time(actor)) != 0)
            ck_abort_msg("seed %ld: the shield has a hole", seed);
    }
}

static int
sleep_a_little(void *arg)
{
    return gruvi_sleep((double)(intptr_t)arg * 1e-6);
}

static void
spawn_and_end(struct actor *actor)
{
    intptr_t microseconds = pick(actor, 500);
    gruvi_fiber_t *fiber = spawn(sleep_a_little, (void *)microseconds);
    bool cancelled = pick(actor, 2) == 0;
    int status;

    if (pick(actor, 3) == 0)
        rest(actor);
    if (cancelled)
        gruvi_fiber_cancel(fiber, NULL);
    do
        take(actor, gruvi_fiber_join(fiber, GRUVI_FOREVER), 0);
    while (gruvi_fiber_alive(fiber));
    status = gruvi_fiber_status(fiber);
    if (status != 0 && !(cancelled && status == UV_ECANCELED))
        ck_abort_msg("seed %ld: %s", seed, gruvi_err_name(status));
    gruvi_fiber_unref(fiber);
}

static int
work(void *arg, void **result)
{
    *result = arg;
    return 7;
}

static void
use_pool(struct actor *actor)
{
    void *result = NULL;
    int err = gruvi_blocking(work, actor, &result);

    take(actor, err, 0);
    ck_assert_ptr_eq(result, err == 7 ? actor : NULL);
}

static void
note_callback(void *arg)
{
    gruvi_event_set(arg);
}

static void
queue_callback(struct actor *actor)
{
    gruvi_event_t *event = &events[pick(actor, EVENTS)];

    ck_assert_int_eq(
        gruvi_hub_run_callback(actor->storm->hub, note_callback, event), 0);
}

static void (*const steps[])(struct actor *) = {rest,
                                                wait_for_event,
                                                change_event,
                                                wait_for_pipe,
                                                cancel_another,
                                                join_another,
                                                wake_another,
                                                wait_to_be_woken,
                                                wait_to_be_woken,
                                                wait_in_deadlines,
                                                rest_shielded,
                                                spawn_and_end,
                                                use_pool,
                                                queue_callback};

/* --- the storm
 * ----------------------------------------------------------------
 */

static int
act(void *arg)
{
    struct actor *actor = arg;
    int n, err;

    actor->alive = true; /* one that has not begun would end by a cancel */
    for (n = 0; n < STEPS; n++)
        steps[pick(actor, sizeof steps / sizeof *steps)](actor);
    actor->alive = false;
    /* What was sent and has not arrived. */
    while ((err = gruvi_sleep(0)) != 0)
        take(actor, err, 0);
    return 0;
}

static void
begin(struct storm *storm)
{
    int n;

    storm->hub = gruvi_get_hub();
    ck_assert_int_eq(pipe2(storm->fds, O_NONBLOCK), 0);
    for (n = 0; n < FIBERS; n++) {
        struct actor *actor = &storm->actors[n];

        *actor = (struct actor){.storm = storm};
        actor->random[0] = (unsigned short)seed;
        actor->random[1] = (unsigned short)(seed >> 16);
        actor->random[2] = (unsigned short)(n + 100 * storm->number);
        actor->fiber = gruvi_fiber_new(act, actor, NULL);
        ck_assert_ptr_nonnull(actor->fiber);
    }
    for (n = 0; n < FIBERS; n++)
        ck_assert_int_eq(gruvi_fiber_start(storm->actors[n].fiber), 0);
    turns(1);
}

static void
rage(void *arg)
{
    struct storm *storm = arg;
    size_t handles;
    int n;

    storm->hub = gruvi_get_hub();
    handles = handles_of(storm->hub);
    begin(storm);
    for (n = 0; n < FIBERS; n++)
        ck_assert_int_eq(
            gruvi_fiber_join(storm->actors[n].fiber, GRUVI_FOREVER), 0);
    for (n = 0; n < FIBERS; n++) {
        struct actor *actor = &storm->actors[n];

        ck_assert_msg(actor->sent == actor->got,
                      "seed %ld: %d cancels sent, %d got", seed, actor->sent,
                      actor->got);
        ck_assert_int_eq(gruvi_fiber_status(actor->fiber), 0);
        gruvi_fiber_unref(actor->fiber);
    }
    ck_assert_uint_eq(fibers_of(storm->hub), 0);
    ck_assert_uint_eq(handles_of(storm->hub), handles);
    ck_assert_int_eq(gruvi_hub_close(storm->hub), 0);
    close(storm->fds[0]);
    close(storm->fds[1]);
}

THREAD_TEST(test_the_books_balance_after_a_storm)
{
    static struct storm storms[HUBS];
    pthread_t threads[HUBS];
    int n;

    seed = random_seed();
    for (n = 0; n < EVENTS; n++)
        gruvi_event_init(&events[n]);
    for (n = 0; n < HUBS; n++) {
        storms[n].number = n;
        threads[n] = begin_thread(rage, &storms[n]);
    }
    for (n = 0; n < HUBS; n++)
        end_thread(threads[n]);
    for (n = 0; n < EVENTS; n++)
        gruvi_event_destroy(&events[n]);
}

int
main(void)
{
    Suite *suite = suite_create("storm");
    TCase *tc = tcase_create("storm");

    tcase_set_timeout(tc, 30);
    tcase_add_loop_test(tc, test_the_books_balance_after_a_storm, 0, 3);
    suite_add_tcase(suite, tc);
    return run_suite(suite);
}
