/* SPDX-License-Identifier: MIT */
/* The event, between several hubs and threads that have none. */
#include <sched.h>
#include <stdlib.h>

#include "base/spin.h"
#include "core/thread.h"
#include "support/valgrind.h"
#include "unit/harness.h"

#define ROUNDS TRIES(1500)

/* --- threads without a hub ------------------------------------------------ */

static void
set_it(void *event)
{
    gruvi_event_set(event);
}

THREAD_TEST(test_a_plain_thread_waits_and_gets_no_hub)
{
    gruvi_event_t event = GRUVI_EVENT_INIT;
    pthread_t setter;

    ck_assert_int_eq(gruvi_event_wait(&event, 0), UV_ETIMEDOUT);
    ck_assert_int_eq(gruvi_event_wait(&event, 0.001), UV_ETIMEDOUT);
    setter = begin_thread(set_it, &event);
    ck_assert_int_eq(gruvi_event_wait(&event, GRUVI_FOREVER), 0);
    ck_assert_int_eq(gruvi_event_wait(&event, 0), 0);
    ck_assert_ptr_null(gruvi__self.hub);
    end_thread(setter);
    gruvi_event_destroy(&event);
}

THREAD_TEST(test_a_plain_thread_never_waits_less_than_its_timeout)
{
    gruvi_event_t event = GRUVI_EVENT_INIT;
    uint64_t begun = uv_hrtime();

    ck_assert_int_eq(gruvi_event_wait(&event, 0.005), UV_ETIMEDOUT);
    ck_assert_uint_ge(uv_hrtime() - begun, 5000000);
}

struct crowd {
    gruvi_event_t event;
    int waiting; /* atomic */
    int woken;   /* atomic */
};

static int
wait_in_crowd(void *arg)
{
    struct crowd *crowd = arg;
    int err;

    __atomic_add_fetch(&crowd->waiting, 1, __ATOMIC_RELAXED);
    err = gruvi_event_wait(&crowd->event, GRUVI_FOREVER);
    if (err == 0)
        __atomic_add_fetch(&crowd->woken, 1, __ATOMIC_RELAXED);
    return err;
}

THREAD_TEST(test_one_set_wakes_fibers_of_all_hubs_and_plain_threads)
{
    struct crowd crowd = {.waiting = 0};
    struct many many;

    begin_many(&many, wait_in_crowd, &crowd);
    while (__atomic_load_n(&crowd.waiting, __ATOMIC_RELAXED) < MANY_CALLS)
        sched_yield();
    gruvi_event_set(&crowd.event);
    end_many(&many);
    ck_assert_int_eq(crowd.woken, MANY_CALLS);
    gruvi_event_destroy(&crowd.event);
}

/* --- setting from another thread ------------------------------------------ */

/*
 * A thread that sets the events it is given, one after the other.  It spins, so
 * that it is quick enough to race, and is late by up to so many nanoseconds, so
 * that the race is open.
 */
struct setter {
    gruvi_event_t *event; /* atomic */
    unsigned late;
    pthread_t thread;
};

static gruvi_event_t the_end;

static void
be_late(unsigned ns)
{
    uint64_t begun = uv_hrtime();

    while (uv_hrtime() - begun < ns)
        ;
}

static void
set_those_given(void *arg)
{
    struct setter *setter = arg;
    gruvi_event_t *event;
    unsigned n = 0, seed = 1;

    while ((event = __atomic_exchange_n(&setter->event, NULL,
                                        __ATOMIC_ACQ_REL)) != &the_end) {
        if (event == NULL) {
            gruvi__spin_pause(&n);
            continue;
        }
        if (setter->late > 0)
            be_late((unsigned)rand_r(&seed) % setter->late);
        gruvi_event_set(event);
        n = 0;
    }
}

static void
begin_setter(struct setter *setter, unsigned late)
{
    setter->event = NULL;
    setter->late = late;
    setter->thread = begin_thread(set_those_given, setter);
}

static void
give(struct setter *setter, gruvi_event_t *event)
{
    __atomic_store_n(&setter->event, event, __ATOMIC_RELEASE);
}

static void
end_setter(struct setter *setter)
{
    give(setter, &the_end);
    end_thread(setter->thread);
}

static gruvi_event_t *
event_on_heap(void)
{
    gruvi_event_t *event = malloc(sizeof *event);

    ck_assert_ptr_nonnull(event);
    ck_assert_int_eq(gruvi_event_init(event), 0);
    return event;
}

/*
 *   setter                    waiter
 *   event_set: claims
 *                             event_wait returns 0
 *                             event_destroy, free
 *   event_set: wakes, returns
 */
static void
free_after_waiting(double timeout)
{
    struct setter setter;
    gruvi_event_t *event;
    int err;

    begin_setter(&setter, 0);
    for (int n = 0; n < ROUNDS; n++) {
        event = event_on_heap();
        give(&setter, event);
        while ((err = gruvi_event_wait(event, timeout)) == UV_ETIMEDOUT)
            sched_yield();
        ck_assert_int_eq(err, 0);
        gruvi_event_destroy(event);
        free(event);
    }
    end_setter(&setter);
}

HUB_TEST(test_a_fiber_may_free_it_as_soon_as_its_wait_returns)
{
    free_after_waiting(GRUVI_FOREVER);
}

HUB_TEST(test_one_who_polls_may_free_it_as_soon_as_it_is_set)
{
    free_after_waiting(0);
}

THREAD_TEST(test_a_plain_thread_may_free_it_as_soon_as_its_wait_returns)
{
    free_after_waiting(GRUVI_FOREVER);
}

THREAD_TEST(test_a_plain_thread_that_polls_may_free_it)
{
    free_after_waiting(0);
}

/*
 * A grant races with the wait's own timeout: the wait returns 0 or
 * UV_ETIMEDOUT, and where it timed out the setter finds nobody.
 */
static void
race_timeouts(double timeout, int rounds)
{
    struct setter setter;
    gruvi_event_t event;
    int err;

    begin_setter(&setter, (unsigned)(timeout * 2e9));
    for (int n = 0; n < rounds; n++) {
        gruvi_event_init(&event);
        give(&setter, &event);
        err = gruvi_event_wait(&event, timeout);
        if (err == UV_ETIMEDOUT)
            err = gruvi_event_wait(&event, GRUVI_FOREVER);
        ck_assert_int_eq(err, 0);
        ck_assert(gruvi_event_is_set(&event));
        gruvi_event_destroy(&event);
    }
    end_setter(&setter);
}

/* The timers of a hub have a grain of a millisecond. */
HUB_TEST(test_a_grant_and_a_timeout_of_a_fiber_race_and_one_of_them_wins)
{
    race_timeouts(1e-3, ROUNDS / 10);
}

THREAD_TEST(test_a_grant_and_a_timeout_of_a_thread_race_and_one_of_them_wins)
{
    race_timeouts(1e-4, ROUNDS);
}

/*
 * A grant by another thread races with a cancel by this one.  Where the wait
 * was granted the cancel has to arrive at the next one; where it was cancelled
 * nothing may.
 */
struct race {
    gruvi_event_t event;
    int granted, cancelled;
};

static int
wait_in_race(void *arg)
{
    struct race *race = arg;
    int err = gruvi_event_wait(&race->event, GRUVI_FOREVER);

    if (err == 0) {
        race->granted++;
        ck_assert_int_eq(gruvi_sleep(GRUVI_FOREVER), UV_ECANCELED);
    } else {
        race->cancelled++;
        ck_assert_int_eq(err, UV_ECANCELED);
        ck_assert_int_eq(gruvi_event_wait(&race->event, GRUVI_FOREVER), 0);
    }
    return gruvi_sleep(0);
}

HUB_TEST(test_a_grant_and_a_cancel_race_and_neither_is_lost)
{
    struct race race = {.granted = 0};
    int granted, patience = 0;
    struct setter setter;
    gruvi_fiber_t *fiber;

    begin_setter(&setter, 0);
    for (int n = 0; n < ROUNDS; n++) {
        gruvi_event_init(&race.event);
        granted = race.granted;
        fiber = spawn(wait_in_race, &race);
        turns(1);
        give(&setter, &race.event);
        be_late((unsigned)patience);
        ck_assert_int_eq(gruvi_fiber_cancel(fiber, NULL), 0);
        ck_assert_int_eq(finish(fiber), 0);
        gruvi_event_destroy(&race.event);
        /* Whoever was late is given time, so that the race stays open. */
        patience += race.granted > granted ? -patience / 4 : patience / 4 + 9;
    }
    end_setter(&setter);
    ck_assert_int_eq(race.granted + race.cancelled, ROUNDS);
}

/* --- between two threads -------------------------------------------------- */

struct table {
    gruvi_event_t ping, pong;
    int n; /* whoever was woken has it */
};

static void
play(struct table *table, gruvi_event_t *wait_for, gruvi_event_t *answer)
{
    for (int n = 0; n < ROUNDS; n++) {
        ck_assert_int_eq(gruvi_event_wait(wait_for, GRUVI_FOREVER), 0);
        gruvi_event_clear(wait_for);
        table->n++;
        gruvi_event_set(answer);
    }
}

static void
play_pong(void *arg)
{
    struct table *table = arg;

    play(table, &table->ping, &table->pong);
}

static void
play_pong_on_hub(void *arg)
{
    ck_assert_ptr_nonnull(gruvi_get_hub());
    play_pong(arg);
    ck_assert_int_eq(gruvi_hub_close(gruvi_get_hub()), 0);
}

static void
play_with(void (*partner)(void *arg))
{
    struct table table = {.n = 0};
    pthread_t thread = begin_thread(partner, &table);

    gruvi_event_set(&table.ping);
    play(&table, &table.pong, &table.ping);
    end_thread(thread);
    ck_assert_int_eq(table.n, 2 * ROUNDS);
    gruvi_event_destroy(&table.ping);
    gruvi_event_destroy(&table.pong);
}

HUB_TEST(test_two_hubs_hand_data_to_and_fro)
{
    play_with(play_pong_on_hub);
}

HUB_TEST(test_a_hub_and_a_plain_thread_hand_data_to_and_fro)
{
    play_with(play_pong);
}

THREAD_TEST(test_two_plain_threads_hand_data_to_and_fro)
{
    play_with(play_pong);
}

/*
 * Who clears the event, and then looks for work, misses none, though whoever
 * brings it finds the event set nearly always.
 */
struct shop {
    gruvi_event_t work;
    int brought; /* atomic */
};

static void
bring(void *arg)
{
    struct shop *shop = arg;

    for (int n = 0; n < 5 * ROUNDS; n++) {
        __atomic_add_fetch(&shop->brought, 1, __ATOMIC_RELAXED);
        gruvi_event_set(&shop->work);
    }
}

HUB_TEST(test_who_clears_before_looking_misses_no_work)
{
    struct shop shop = {.brought = 0};
    pthread_t threads[] = {begin_thread(bring, &shop),
                           begin_thread(bring, &shop)};
    int seen = 0;

    while (seen < 10 * ROUNDS) {
        ck_assert_int_eq(gruvi_event_wait(&shop.work, GRUVI_FOREVER), 0);
        gruvi_event_clear(&shop.work);
        seen = __atomic_load_n(&shop.brought, __ATOMIC_RELAXED);
    }
    end_thread(threads[0]);
    end_thread(threads[1]);
}

int
main(void)
{
    Suite *suite = suite_create("event_threads");
    TCase *tc = tcase_create("event_threads");

    tcase_set_timeout(tc, 60);
    tcase_add_test(tc, test_a_plain_thread_waits_and_gets_no_hub);
    tcase_add_test(tc, test_a_plain_thread_never_waits_less_than_its_timeout);
    tcase_add_test(tc, test_one_set_wakes_fibers_of_all_hubs_and_plain_threads);
    tcase_add_test(tc, test_a_fiber_may_free_it_as_soon_as_its_wait_returns);
    tcase_add_test(tc, test_one_who_polls_may_free_it_as_soon_as_it_is_set);
    tcase_add_test(tc,
                   test_a_plain_thread_may_free_it_as_soon_as_its_wait_returns);
    tcase_add_test(tc, test_a_plain_thread_that_polls_may_free_it);
    tcase_add_test(
        tc, test_a_grant_and_a_timeout_of_a_fiber_race_and_one_of_them_wins);
    tcase_add_test(
        tc, test_a_grant_and_a_timeout_of_a_thread_race_and_one_of_them_wins);
    tcase_add_test(tc, test_a_grant_and_a_cancel_race_and_neither_is_lost);
    tcase_add_test(tc, test_two_hubs_hand_data_to_and_fro);
    tcase_add_test(tc, test_a_hub_and_a_plain_thread_hand_data_to_and_fro);
    tcase_add_test(tc, test_two_plain_threads_hand_data_to_and_fro);
    tcase_add_test(tc, test_who_clears_before_looking_misses_no_work);
    suite_add_tcase(suite, tc);
    return run_suite(suite);
}
