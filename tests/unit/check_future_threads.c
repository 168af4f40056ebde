/* SPDX-License-Identifier: MIT */
/* Futures between several hubs and threads that have none. */
#include <sched.h>

#include "core/thread.h"
#include "sync/future.h"
#include "unit/harness.h"

#define ROUNDS 2000

static gruvi_future_t *
future(void)
{
    gruvi_future_t *f = gruvi_future_new();

    ck_assert_ptr_nonnull(f);
    return f;
}

static void
settle(void *f)
{
    ck_assert_int_eq(gruvi_future_set_result(f, f), 0);
}

struct crowd {
    gruvi_future_t *f;
    int waiting, got; /* atomic */
};

static int
wait_in_crowd(void *arg)
{
    struct crowd *crowd = arg;
    void *value;
    int err;

    __atomic_add_fetch(&crowd->waiting, 1, __ATOMIC_RELAXED);
    err = gruvi_future_result(crowd->f, &value, GRUVI_FOREVER);
    if (err == 0 && value == crowd->f)
        __atomic_add_fetch(&crowd->got, 1, __ATOMIC_RELAXED);
    return err;
}

THREAD_TEST(test_all_hubs_and_plain_threads_get_one_result)
{
    struct crowd crowd = {.f = future()};
    struct many many;

    begin_many(&many, wait_in_crowd, &crowd);
    while (__atomic_load_n(&crowd.waiting, __ATOMIC_RELAXED) < MANY_CALLS)
        sched_yield();
    settle(crowd.f);
    end_many(&many);
    ck_assert_int_eq(crowd.got, MANY_CALLS);
    gruvi_future_unref(crowd.f);
}

/* Several settle it; one does, and that one's value is what is seen. */
struct settlers {
    gruvi_future_t *f; /* atomic */
    int won, done;     /* atomic */
};

static void
settle_each(void *arg)
{
    struct settlers *settlers = arg;
    gruvi_future_t *f, *last = NULL;

    while ((f = __atomic_load_n(&settlers->f, __ATOMIC_ACQUIRE)) != NULL) {
        if (f == last) {
            sched_yield();
            continue;
        }
        last = f;
        if (gruvi_future_set_result(f, settlers) == 0)
            __atomic_add_fetch(&settlers->won, 1, __ATOMIC_RELAXED);
        __atomic_add_fetch(&settlers->done, 1, __ATOMIC_RELEASE);
    }
}

HUB_TEST(test_of_several_results_one_arrives)
{
    struct settlers settlers = {.f = future()};
    gruvi_future_t *f = settlers.f, *next;
    pthread_t threads[3];
    void *value;

    for (int n = 0; n < 3; n++)
        threads[n] = begin_thread(settle_each, &settlers);
    for (int n = 0; n < ROUNDS / 4; n++) {
        ck_assert_int_eq(gruvi_future_result(f, &value, GRUVI_FOREVER), 0);
        ck_assert_ptr_eq(value, &settlers);
        while (__atomic_load_n(&settlers.done, __ATOMIC_ACQUIRE) < 3 * (n + 1))
            sched_yield();
        next = future();
        __atomic_store_n(&settlers.f, next, __ATOMIC_RELEASE);
        gruvi_future_unref(f);
        f = next;
    }
    __atomic_store_n(&settlers.f, NULL, __ATOMIC_RELEASE);
    for (int n = 0; n < 3; n++)
        end_thread(threads[n]);
    ck_assert_int_le(settlers.won, ROUNDS / 4 + 1);
    ck_assert_int_ge(settlers.won, ROUNDS / 4);
    gruvi_future_unref(f);
}

/* Whoever got the result lets go of it while it is still being settled. */
static void
settle_those_given(void *arg)
{
    gruvi_future_t **given = arg, *f;

    while ((f = __atomic_exchange_n(given, NULL, __ATOMIC_ACQ_REL)) !=
           (gruvi_future_t *)given)
        if (f != NULL)
            settle(f);
        else
            sched_yield();
}

HUB_TEST(test_a_waiter_may_let_go_of_it_while_it_is_being_settled)
{
    gruvi_future_t *given = NULL, *f;
    pthread_t thread = begin_thread(settle_those_given, &given);

    for (int n = 0; n < ROUNDS; n++) {
        f = future();
        __atomic_store_n(&given, f, __ATOMIC_RELEASE);
        ck_assert_int_eq(gruvi_future_result(f, NULL, GRUVI_FOREVER), 0);
        gruvi_future_unref(f);
    }
    __atomic_store_n(&given, (gruvi_future_t *)&given, __ATOMIC_RELEASE);
    end_thread(thread);
}

int
main(void)
{
    Suite *suite = suite_create("future_threads");
    TCase *tc = tcase_create("threads");

    tcase_set_timeout(tc, 60);
    tcase_add_test(tc, test_all_hubs_and_plain_threads_get_one_result);
    tcase_add_test(tc, test_of_several_results_one_arrives);
    tcase_add_test(tc,
                   test_a_waiter_may_let_go_of_it_while_it_is_being_settled);
    suite_add_tcase(suite, tc);
    return run_suite(suite);
}
