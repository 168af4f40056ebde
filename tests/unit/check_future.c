/* SPDX-License-Identifier: MIT */
/* Futures, their callbacks, and who may let go of them when. */
#include <math.h>
#include <sched.h>
#include <stdlib.h>

#include "core/thread.h"
#include "sync/future.h"
#include "unit/harness.h"

static gruvi_future_t *
future(void)
{
    gruvi_future_t *f = gruvi_future_new();

    ck_assert_ptr_nonnull(f);
    return f;
}

static void
check_state(gruvi_future_t *f, int status)
{
    ck_assert_int_eq(gruvi_future_status(f), status);
    ck_assert_int_eq(gruvi_future_done(f), status != UV_EBUSY);
    ck_assert_int_eq(gruvi_future_cancelled(f), status == UV_ECANCELED);
}

/* --- states --------------------------------------------------------------- */

THREAD_TEST(test_a_result_arrives_once)
{
    gruvi_future_t *f = future();
    void *value = &value;

    check_state(f, UV_EBUSY);
    ck_assert(!gruvi_future_running(f));
    ck_assert_int_eq(gruvi_future_result(f, &value, 0), UV_ETIMEDOUT);
    ck_assert_ptr_null(value);
    ck_assert_int_eq(gruvi_future_set_result(f, &f), 0);
    check_state(f, 0);
    ck_assert_int_eq(gruvi_future_set_result(f, NULL), UV_EALREADY);
    ck_assert_int_eq(gruvi_future_set_error(f, UV_EIO), UV_EALREADY);
    ck_assert_int_eq(gruvi_future_cancel(f), UV_EALREADY);
    for (int n = 0; n < 2; n++) {
        ck_assert_int_eq(gruvi_future_result(f, &value, GRUVI_FOREVER), 0);
        ck_assert_ptr_eq(value, &f);
    }
    ck_assert_ptr_null(gruvi__self.hub);
    gruvi_future_unref(f);
}

THREAD_TEST(test_an_error_is_told_from_those_of_the_wait)
{
    gruvi_future_t *f = future();
    void *value = &value;

    ck_assert_int_eq(gruvi_future_set_error(f, 0), UV_EINVAL);
    ck_assert_int_eq(gruvi_future_set_error(f, 1), UV_EINVAL);
    ck_assert_int_eq(gruvi_future_result(f, NULL, 0.001), UV_ETIMEDOUT);
    ck_assert_int_eq(gruvi_future_status(f), UV_EBUSY);
    ck_assert_int_eq(gruvi_future_set_error(f, UV_ETIMEDOUT), 0);
    check_state(f, UV_ETIMEDOUT);
    ck_assert_int_eq(gruvi_future_result(f, &value, 0), UV_ETIMEDOUT);
    ck_assert_ptr_null(value);
    ck_assert_int_eq(gruvi_future_set_result(f, NULL), UV_EALREADY);
    gruvi_future_unref(f);
}

THREAD_TEST(test_a_cancelled_future_is_done)
{
    gruvi_future_t *f = future();

    ck_assert_int_eq(gruvi_future_cancel(f), 0);
    check_state(f, UV_ECANCELED);
    ck_assert_int_eq(gruvi_future_result(f, NULL, GRUVI_FOREVER), UV_ECANCELED);
    ck_assert_int_eq(gruvi_future_cancel(f), UV_EALREADY);
    ck_assert_int_eq(gruvi_future_set_result(f, NULL), UV_EALREADY);
    gruvi_future_unref(f);
}

THREAD_TEST(test_bad_arguments_are_refused)
{
    gruvi_future_t *f = future();

    ck_assert_int_eq(gruvi_future_result(f, NULL, NAN), UV_EINVAL);
    ck_assert_int_eq(gruvi_future_result(NULL, NULL, 0), UV_EINVAL);
    ck_assert_int_eq(gruvi_future_set_result(NULL, NULL), UV_EINVAL);
    ck_assert_int_eq(gruvi_future_set_error(NULL, UV_EIO), UV_EINVAL);
    ck_assert_int_eq(gruvi_future_cancel(NULL), UV_EINVAL);
    ck_assert_int_eq(gruvi_future_add_done_callback(f, NULL, NULL), UV_EINVAL);
    ck_assert_int_eq(gruvi_future_remove_done_callback(f, NULL, NULL),
                     UV_EINVAL);
    ck_assert_ptr_null(gruvi_future_waitable(NULL));
    ck_assert_ptr_eq(gruvi_future_ref(f), f);
    gruvi_future_unref(f);
    check_state(f, UV_EBUSY);
    gruvi_future_unref(f);
    gruvi_future_unref(NULL);
}

/* --- what a pool may do with one --------------------------------------------
 */

static int refused, freed;

static int
refuse(gruvi_future_t *f)
{
    (void)f;
    refused++;
    return UV_EBUSY;
}

static void
note_free(gruvi_future_t *f)
{
    (void)f;
    freed++;
}

THREAD_TEST(test_a_pool_settles_its_own_futures)
{
    static const struct gruvi__future_ops ops = {refuse, note_free};
    gruvi_future_t f;

    refused = freed = 0;
    gruvi__future_init(&f, &ops);
    ck_assert_int_eq(gruvi_future_set_result(&f, NULL), UV_EPERM);
    ck_assert_int_eq(gruvi_future_set_error(&f, UV_EIO), UV_EPERM);
    ck_assert(!gruvi_future_running(&f));
    gruvi__future_set_running(&f);
    ck_assert(gruvi_future_running(&f));
    ck_assert_int_eq(gruvi_future_cancel(&f), UV_EBUSY);
    ck_assert_int_eq(refused, 1);
    check_state(&f, UV_EBUSY);
    ck_assert_int_eq(gruvi__future_settle(&f, &f, 0), 0);
    ck_assert_int_eq(gruvi__future_settle(&f, NULL, 0), UV_EALREADY);
    ck_assert(!gruvi_future_running(&f));
    ck_assert_int_eq(gruvi_future_cancel(&f), UV_EALREADY);
    ck_assert_int_eq(refused, 1);
    ck_assert_int_eq(freed, 0);
    gruvi_future_unref(&f);
    ck_assert_int_eq(freed, 1);
}

/* --- callbacks ------------------------------------------------------------ */

static void
note_status(gruvi_future_t *f, void *arg)
{
    ck_assert_int_eq(gruvi_hub_switch(gruvi_get_hub(), NULL), UV_EPERM);
    record("%s %s", (const char *)arg, gruvi_err_name(gruvi_future_status(f)));
}

static void
add(gruvi_future_t *f, void (*fn)(gruvi_future_t *f, void *arg), void *arg)
{
    ck_assert_int_eq(gruvi_future_add_done_callback(f, fn, arg), 0);
}

HUB_TEST(test_callbacks_run_in_order_as_hub_callbacks_and_once)
{
    gruvi_future_t *f = future();

    catch_assertions();
    add(f, note_status, "a");
    add(f, note_status, "b");
    turns(2);
    ck_assert_str_eq(recorded(), "");
    ck_assert_int_eq(gruvi_future_set_error(f, UV_EIO), 0);
    ck_assert_str_eq(recorded(), "");
    add(f, note_status, "c");
    ck_assert_str_eq(recorded(), "");
    gruvi_future_unref(f); /* they keep it */
    turns(3);
    ck_assert_str_eq(recorded(), "a EIO b EIO c EIO");
    ck_assert_int_eq(assertions(), 3);
}

HUB_TEST(test_a_callback_that_was_removed_does_not_run)
{
    gruvi_future_t *f = future();

    catch_assertions();
    add(f, note_status, "a");
    add(f, note_status, "b");
    add(f, note_status, "b");
    add(f, note_status, "c");
    ck_assert_int_eq(gruvi_future_remove_done_callback(f, note_status, "d"),
                     UV_ENOENT);
    ck_assert_int_eq(gruvi_future_remove_done_callback(f, note_status, "a"), 0);
    ck_assert_int_eq(gruvi_future_remove_done_callback(f, note_status, "a"),
                     UV_ENOENT);
    ck_assert_int_eq(gruvi_future_set_result(f, NULL), 0);
    /* Queued, and not run: it still can be. */
    ck_assert_int_eq(gruvi_future_remove_done_callback(f, note_status, "b"), 0);
    turns(2);
    ck_assert_str_eq(recorded(), "b OK c OK");
    ck_assert_int_eq(gruvi_future_remove_done_callback(f, note_status, "c"),
                     UV_ENOENT);
    gruvi_future_unref(f);
}

static void
remove_from_elsewhere(void *f)
{
    ck_assert_int_eq(gruvi_future_remove_done_callback(f, note_status, "a"),
                     UV_ENOENT);
}

static void
settle(void *f)
{
    ck_assert_int_eq(gruvi_future_set_result(f, f), 0);
}

HUB_TEST(test_a_callback_is_its_own_threads)
{
    gruvi_future_t *f = future();

    catch_assertions();
    add(f, note_status, "a");
    in_thread(remove_from_elsewhere, f);
    in_thread(settle, f);
    ck_assert_str_eq(recorded(), "");
    turns(2);
    ck_assert_str_eq(recorded(), "a OK");
    gruvi_future_unref(f);
}

static void
add_and_end(void *f)
{
    add(f, note_status, "hub made");
    add(f, note_status, "hub made");
    ck_assert_ptr_nonnull(gruvi__self.hub);
    ck_assert_int_eq(
        gruvi_future_remove_done_callback(f, note_status, "hub made"), 0);
}

static void
add_and_close(void *f)
{
    add_and_end(f);
    ck_assert_int_eq(gruvi_hub_close(gruvi_get_hub()), 0);
    ck_assert_int_eq(gruvi_future_add_done_callback(f, note_status, NULL),
                     UV_ESHUTDOWN);
}

THREAD_TEST(test_a_callback_whose_hub_closes_first_is_dropped)
{
    gruvi_future_t *f = future();

    in_thread(add_and_end, f);
    in_thread(add_and_close, f);
    ck_assert_int_eq(f->refs, 1);
    ck_assert_int_eq(gruvi_future_set_result(f, NULL), 0);
    ck_assert_str_eq(recorded(), "");
    gruvi_future_unref(f);
}

static void
add_and_settle(void *f)
{
    add(f, note_status, "late");
    settle(f);
    ck_assert_int_eq(gruvi_hub_close(gruvi_get_hub()), 0);
}

THREAD_TEST(test_a_callback_that_is_due_runs_while_its_hub_closes)
{
    gruvi_future_t *f = future();

    catch_assertions();
    in_thread(add_and_settle, f);
    ck_assert_str_eq(recorded(), "late OK");
    ck_assert_int_eq(f->refs, 1);
    gruvi_future_unref(f);
}

/*
 *   settler                    hub
 *   takes the callback
 *                              closes: ends, inbox
 *   posts: refused, frees it
 */
struct race {
    gruvi_future_t *f;
    int go, ran; /* atomic */
};

static void
count(gruvi_future_t *f, void *arg)
{
    struct race *race = arg;

    ck_assert(gruvi_future_done(f));
    __atomic_add_fetch(&race->ran, 1, __ATOMIC_RELAXED);
}

static void
settle_when_told(void *arg)
{
    struct race *race = arg;

    while (!__atomic_load_n(&race->go, __ATOMIC_ACQUIRE))
        sched_yield();
    settle(race->f);
    gruvi_future_unref(race->f);
}

static void
tell_and_close(void *arg)
{
    struct race *race = arg;

    add(race->f, count, race);
    add(race->f, count, race);
    __atomic_store_n(&race->go, 1, __ATOMIC_RELEASE);
    if (race->ran < 0)
        gruvi_future_remove_done_callback(race->f, count, race);
    ck_assert_int_eq(gruvi_hub_close(gruvi_get_hub()), 0);
}

static void
race_once(int start)
{
    struct race race = {.f = future(), .ran = start};
    pthread_t thread;

    gruvi_future_ref(race.f);
    thread = begin_thread(settle_when_told, &race);
    in_thread(tell_and_close, &race);
    end_thread(thread);
    ck_assert_int_ge(race.ran, start);
    ck_assert_int_le(race.ran, start + 2);
    ck_assert_int_eq(race.f->refs, 1);
    gruvi_future_unref(race.f);
}

THREAD_TEST(test_settling_races_with_a_hub_that_closes)
{
    for (int n = 0; n < 100; n++)
        race_once(n % 2 ? 0 : -10);
}

HUB_TEST(test_settling_races_with_adding)
{
    struct race race;
    pthread_t thread;
    int n;

    for (n = 0; n < 200; n++) {
        race = (struct race){.f = future()};
        gruvi_future_ref(race.f);
        thread = begin_thread(settle_when_told, &race);
        __atomic_store_n(&race.go, 1, __ATOMIC_RELEASE);
        add(race.f, count, &race);
        add(race.f, count, &race);
        wait_until(__atomic_load_n(&race.ran, __ATOMIC_RELAXED) == 2);
        end_thread(thread);
        ck_assert_int_eq(race.f->refs, 1);
        gruvi_future_unref(race.f);
    }
}

int
main(void)
{
    Suite *suite = suite_create("future");
    TCase *tc = tcase_create("states");

    tcase_add_test(tc, test_a_result_arrives_once);
    tcase_add_test(tc, test_an_error_is_told_from_those_of_the_wait);
    tcase_add_test(tc, test_a_cancelled_future_is_done);
    tcase_add_test(tc, test_bad_arguments_are_refused);
    tcase_add_test(tc, test_a_pool_settles_its_own_futures);
    suite_add_tcase(suite, tc);
    tc = tcase_create("callbacks");
    tcase_add_test(tc, test_callbacks_run_in_order_as_hub_callbacks_and_once);
    tcase_add_test(tc, test_a_callback_that_was_removed_does_not_run);
    tcase_add_test(tc, test_a_callback_is_its_own_threads);
    tcase_add_test(tc, test_a_callback_whose_hub_closes_first_is_dropped);
    tcase_add_test(tc, test_a_callback_that_is_due_runs_while_its_hub_closes);
    tcase_add_test(tc, test_settling_races_with_a_hub_that_closes);
    tcase_add_test(tc, test_settling_races_with_adding);
    suite_add_tcase(suite, tc);
    return run_suite(suite);
}
