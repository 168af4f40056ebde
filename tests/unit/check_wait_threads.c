/* SPDX-License-Identifier: MIT */
/* Waiting for several objects that other threads set, and that are freed. */
#include <sched.h>
#include <stdlib.h>

#include "unit/harness.h"

#define ROUNDS 2000

#define EACH 5

/* Sets events that are given to it, and never looks at them again. */
struct setter {
    gruvi_event_t *volatile given; /* atomic */
    pthread_t thread;
};

static gruvi_event_t the_end;

static void
set_those_given(void *arg)
{
    struct setter *setter = arg;
    gruvi_event_t *event;

    while ((event = __atomic_exchange_n(&setter->given, NULL,
                                        __ATOMIC_ACQ_REL)) != &the_end) {
        if (event == NULL)
            sched_yield();
        else
            gruvi_event_set(event);
    }
}

static void
give(struct setter *setter, gruvi_event_t *event)
{
    __atomic_store_n(&setter->given, event, __ATOMIC_RELEASE);
}

static gruvi_event_t *
event_on_heap(void)
{
    gruvi_event_t *event = calloc(1, sizeof *event);

    ck_assert_ptr_nonnull(event);
    return event;
}

/*
 *   setter                    waiter
 *   event_set: takes, unlocks
 *   fires
 *                             gruvi_wait returns
 *                             event_destroy, free
 *   wakes, returns
 *
 * One in two waits has a timeout that may pass meanwhile.
 */
static void
free_after_waiting(void)
{
    struct setter setters[2] = {{.given = NULL}, {.given = NULL}};
    gruvi_event_t *events[EACH];
    gruvi_waitable_t *objects[EACH];
    int n, k, err;

    for (k = 0; k < 2; k++)
        setters[k].thread = begin_thread(set_those_given, &setters[k]);
    for (n = 0; n < ROUNDS; n++) {
        for (k = 0; k < EACH; k++) {
            events[k] = event_on_heap();
            objects[k] = gruvi_event_waitable(events[k]);
        }
        give(&setters[0], events[n % EACH]);
        give(&setters[1], events[(n + 1) % EACH]);
        err = gruvi_wait(objects, EACH, 1, n % 2 ? 1e-5 : GRUVI_FOREVER, NULL);
        ck_assert_int_ge(err, n % 2 ? 0 : 1);
        do
            err = gruvi_wait(objects, EACH, 2, 1e-5, NULL);
        while (err < 2);
        ck_assert_int_eq(err, 2);
        for (k = 0; k < EACH; k++) {
            gruvi_event_destroy(events[k]);
            free(events[k]);
        }
    }
    for (k = 0; k < 2; k++) {
        give(&setters[k], &the_end);
        end_thread(setters[k].thread);
    }
}

HUB_TEST(test_a_fiber_may_free_them_as_soon_as_its_wait_returns)
{
    free_after_waiting();
}

THREAD_TEST(test_a_plain_thread_may_free_them_as_soon_as_its_wait_returns)
{
    free_after_waiting();
}

/* Hubs and plain threads wait for the same events; others set and cancel. */
#define SHARED 8

struct stress {
    gruvi_event_t events[SHARED];
    int left, granted, cancelled, timed_out; /* atomic */
};

static int
wait_at_random(void *arg)
{
    struct stress *s = arg;
    unsigned seed = (unsigned)(uintptr_t)&s ^ (unsigned)uv_hrtime();
    gruvi_waitable_t *objects[SHARED];
    size_t n, count;
    int got;

    for (int round = 0; round < 60; round++) {
        n = 1 + (size_t)rand_r(&seed) % SHARED;
        count = 1 + (size_t)rand_r(&seed) % n;
        for (size_t k = 0; k < n; k++)
            objects[k] =
                gruvi_event_waitable(&s->events[rand_r(&seed) % SHARED]);
        got = gruvi_wait(objects, n, count, rand_r(&seed) % 3 * 1e-4, NULL);
        ck_assert(got >= 0 || got == UV_ECANCELED);
        if (got == UV_ECANCELED)
            __atomic_add_fetch(&s->cancelled, 1, __ATOMIC_RELAXED);
        else if (got < (int)count)
            __atomic_add_fetch(&s->timed_out, 1, __ATOMIC_RELAXED);
        else
            __atomic_add_fetch(&s->granted, 1, __ATOMIC_RELAXED);
    }
    __atomic_sub_fetch(&s->left, 1, __ATOMIC_RELEASE);
    return 0;
}

static void
stress_thread(void *arg)
{
    wait_at_random(arg);
}

static void
stress_hub(void *arg)
{
    struct stress *s = arg;
    gruvi_fiber_t *fibers[8];

    for (int n = 0; n < 8; n++)
        fibers[n] = spawn(wait_at_random, s);
    turns(1);
    for (int n = 0; n < 8; n++) {
        gruvi_fiber_cancel(fibers[n], NULL);
        turns(3);
    }
    for (int n = 0; n < 8; n++)
        ck_assert_int_eq(finish(fibers[n]), 0);
    ck_assert_int_eq(gruvi_hub_close(gruvi_get_hub()), 0);
}

THREAD_TEST(test_every_wait_of_many_ends_in_one_way)
{
    struct stress s = {.left = 4 * 8 + 4};
    pthread_t threads[8];
    unsigned seed = 1;
    int n;

    for (n = 0; n < 8; n++)
        threads[n] = begin_thread(n % 2 ? stress_hub : stress_thread, &s);
    while (__atomic_load_n(&s.left, __ATOMIC_ACQUIRE) > 0) {
        gruvi_event_set(&s.events[rand_r(&seed) % SHARED]);
        gruvi_event_clear(&s.events[rand_r(&seed) % SHARED]);
        sched_yield();
    }
    for (n = 0; n < 8; n++)
        end_thread(threads[n]);
    ck_assert_int_eq(s.granted + s.timed_out + s.cancelled, 60 * (4 * 8 + 4));
    for (n = 0; n < SHARED; n++)
        gruvi_event_destroy(&s.events[n]);
}

int
main(void)
{
    Suite *suite = suite_create("wait_threads");
    TCase *tc = tcase_create("races");

    tcase_set_timeout(tc, 60);
    tcase_add_test(tc, test_a_fiber_may_free_them_as_soon_as_its_wait_returns);
    tcase_add_test(
        tc, test_a_plain_thread_may_free_them_as_soon_as_its_wait_returns);
    tcase_add_test(tc, test_every_wait_of_many_ends_in_one_way);
    suite_add_tcase(suite, tc);
    return run_suite(suite);
}
