/* SPDX-License-Identifier: MIT */
/* Fiber-local data. */
#include <stdlib.h>
#include <string.h>

#include "unit/harness.h"

static void
note_destroyed(void *value)
{
    record("%s:%s", gruvi_fiber_name(gruvi_current_fiber()),
           value == NULL ? "NULL" : (char *)value);
}

static gruvi_local_t noted = GRUVI_LOCAL_INIT(note_destroyed);

static const char *
value_of(gruvi_local_t *local)
{
    void *value = "what was there before";
    int err = gruvi_local_get(local, &value);

    if (err == 0)
        return value == NULL ? "NULL" : value;
    ck_assert_int_eq(err, UV_ENOENT);
    ck_assert_ptr_null(value);
    return "unset";
}

static void
set(gruvi_local_t *local, const char *value)
{
    ck_assert_int_eq(gruvi_local_set(local, (void *)value), 0);
    ck_assert_str_eq(value_of(local), value == NULL ? "NULL" : value);
}

/* --- values ----------------------------------------------------------------
 */

HUB_TEST(test_a_value_is_set_read_replaced_and_unset)
{
    gruvi_local_t local;

    memset(&local, 0xaa, sizeof local);
    gruvi_local_init(&local, note_destroyed);
    ck_assert_str_eq(value_of(&local), "unset");
    ck_assert_int_eq(gruvi_local_unset(&local), UV_ENOENT);
    set(&local, "a");
    set(&local, "b");
    ck_assert_int_eq(gruvi_local_get(&local, NULL), 0);
    ck_assert_int_eq(gruvi_local_unset(&local), 0);
    ck_assert_str_eq(value_of(&local), "unset");
    ck_assert_int_eq(gruvi_local_unset(&local), UV_ENOENT);
    ck_assert_int_eq(gruvi_local_get(&local, NULL), UV_ENOENT);
    gruvi_local_destroy(&local);
    ck_assert_int_eq(gruvi_hub_close(hub), 0);
    ck_assert_str_eq(recorded(), "");
}

HUB_TEST(test_null_is_a_value)
{
    set(&noted, NULL);
    ck_assert_int_eq(gruvi_local_get(&noted, NULL), 0);
    ck_assert_int_eq(gruvi_hub_close(hub), 0);
    ck_assert_str_eq(recorded(), "Root:NULL");
}

static int
keep_own_value(void *arg)
{
    int n;

    ck_assert_str_eq(value_of(&noted), "unset");
    set(&noted, arg);
    for (n = 0; n < 3; n++) {
        turns(1);
        ck_assert_str_eq(value_of(&noted), arg);
    }
    ck_assert_int_eq(gruvi_local_unset(&noted), 0);
    turns(1);
    ck_assert_str_eq(value_of(&noted), "unset");
    return 0;
}

HUB_TEST(test_each_fiber_has_its_own)
{
    gruvi_fiber_t *a = spawn(keep_own_value, "a");
    gruvi_fiber_t *b = spawn(keep_own_value, "b");

    set(&noted, "root");
    ck_assert_int_eq(finish(a), 0);
    ck_assert_int_eq(finish(b), 0);
    ck_assert_str_eq(value_of(&noted), "root");
    ck_assert_int_eq(gruvi_local_unset(&noted), 0);
}

static int
use_many(void *arg)
{
    enum { MANY = 500 };
    gruvi_local_t *many = calloc(MANY, sizeof *many);
    void *value;
    intptr_t n;

    (void)arg;
    for (n = 0; n < MANY; n++) {
        gruvi_local_init(&many[n], NULL);
        ck_assert_int_eq(gruvi_local_set(&many[n], (void *)n), 0);
    }
    for (n = 0; n < MANY; n += 3)
        ck_assert_int_eq(gruvi_local_unset(&many[n]), 0);
    for (n = 0; n < MANY; n++) {
        ck_assert_int_eq(gruvi_local_get(&many[n], &value),
                         n % 3 == 0 ? UV_ENOENT : 0);
        ck_assert_int_eq((intptr_t)value, n % 3 == 0 ? 0 : n);
        gruvi_local_destroy(&many[n]);
    }
    free(many);
    return 0;
}

HUB_TEST(test_a_fiber_may_have_many)
{
    ck_assert_int_eq(finish(spawn(use_many, NULL)), 0);
}

/* --- the end of a fiber ------------------------------------------------------
 */

static int
set_and_end(void *arg)
{
    set(&noted, "old");
    set(&noted, arg);
    return 0;
}

HUB_TEST(test_the_last_value_is_destroyed_in_its_fiber_before_join_returns)
{
    gruvi_fiber_options_t options = {.name = "owner"};
    gruvi_fiber_t *fiber = gruvi_spawn_ex(set_and_end, "new", &options);

    ck_assert_int_eq(gruvi_fiber_join(fiber, GRUVI_FOREVER), 0);
    ck_assert_str_eq(recorded(), "owner:new");
    gruvi_fiber_unref(fiber);
}

static int
set_and_wait(void *arg)
{
    set(&noted, arg);
    return gruvi_sleep(GRUVI_FOREVER);
}

HUB_TEST(test_the_value_of_a_cancelled_fiber_is_destroyed)
{
    gruvi_fiber_t *fiber = spawn(set_and_wait, "x");

    turns(1);
    gruvi_fiber_cancel(fiber, NULL);
    ck_assert_int_eq(finish(fiber), UV_ECANCELED);
    ck_assert_str_eq(recorded(), "Fiber-1:x");
}

HUB_TEST(test_the_roots_value_is_destroyed_when_its_hub_closes)
{
    set(&noted, "r");
    ck_assert_int_eq(gruvi_hub_close(hub), 0);
    ck_assert_str_eq(recorded(), "Root:r");
    ck_assert_str_eq(value_of(&noted), "unset");
}

static void
set_in_callback(void *arg)
{
    set(&noted, arg);
}

HUB_TEST(test_a_value_set_in_a_callback_is_the_hubs)
{
    ck_assert_int_eq(gruvi_hub_run_callback(hub, set_in_callback, "h"), 0);
    turns(2);
    ck_assert_str_eq(value_of(&noted), "unset");
    ck_assert_str_eq(recorded(), "");
    ck_assert_int_eq(gruvi_hub_close(hub), 0);
    ck_assert_str_eq(recorded(), "Hub:h");
}

HUB_TEST(test_a_value_outlives_its_variable_unseen)
{
    gruvi_local_t local;

    gruvi_local_init(&local, note_destroyed);
    set(&local, "kept");
    gruvi_local_destroy(&local);
    gruvi_local_init(&local, NULL);
    ck_assert_str_eq(value_of(&local), "unset");
    set(&local, "other");
    gruvi_local_destroy(&local);
    ck_assert_int_eq(gruvi_hub_close(hub), 0);
    ck_assert_str_eq(recorded(), "Root:kept");
}

/* --- destroyers ------------------------------------------------------------
 */

static gruvi_local_t again;
static int sets_left;

static void
set_again(void *value)
{
    record("%s", (char *)value);
    if (sets_left-- > 0)
        ck_assert_int_eq(gruvi_local_set(&again, "again"), 0);
}

static int
set_first(void *arg)
{
    set(&again, arg);
    return 0;
}

HUB_TEST(test_a_destroyer_may_set_a_value_again)
{
    gruvi_local_init(&again, set_again);
    sets_left = 2;
    ck_assert_int_eq(finish(spawn(set_first, "first")), 0);
    ck_assert_str_eq(recorded(), "first again again");
    ck_assert_int_eq(logged(NULL), 0);
}

HUB_TEST(test_a_destroyer_that_always_sets_again_is_stopped)
{
    gruvi_local_init(&again, set_again);
    sets_left = 1000000;
    ck_assert_int_eq(finish(spawn(set_first, "first")), 0);
    ck_assert_int_eq(logged("fiber-local"), 1);
    ck_assert_int_eq(logged("warning"), 1);
}

static void
switch_while_destroying(void *value)
{
    (void)value;
    record("destroys");
    turns(2);
    record("destroyed");
}

static gruvi_local_t switching = GRUVI_LOCAL_INIT(switch_while_destroying);

static int
set_switching(void *arg)
{
    set(&switching, arg);
    return 0;
}

HUB_TEST(test_a_destroyer_may_switch)
{
    gruvi_fiber_t *fiber = spawn(set_switching, "x");

    turns(1);
    ck_assert_str_eq(recorded(), "destroys");
    ck_assert(gruvi_fiber_alive(fiber));
    ck_assert_int_eq(finish(fiber), 0);
    ck_assert_str_eq(recorded(), "destroys destroyed");
}

static void
wait_while_destroying(void *value)
{
    (void)value;
    record("destroys");
    record("%s", gruvi_err_name(gruvi_sleep(GRUVI_FOREVER)));
}

static gruvi_local_t waiting = GRUVI_LOCAL_INIT(wait_while_destroying);

static int
set_waiting_and_wait(void *arg)
{
    set(&waiting, arg);
    return gruvi_sleep(GRUVI_FOREVER);
}

/* Whoever cancels meanwhile finds a fiber that still lives. */
HUB_TEST(test_a_fiber_may_be_cancelled_while_its_values_are_destroyed)
{
    gruvi_fiber_t *fiber = spawn(set_waiting_and_wait, "x");

    turns(1);
    gruvi_fiber_cancel(fiber, NULL);
    wait_until(strcmp(recorded(), "destroys") == 0);
    gruvi_fiber_cancel(fiber, NULL);
    ck_assert_int_eq(finish(fiber), UV_ECANCELED);
    ck_assert_str_eq(recorded(), "destroys ECANCELED");
}

/* --- threads -----------------------------------------------------------------
 */

THREAD_TEST(test_a_thread_without_a_hub_has_values)
{
    ck_assert_str_eq(value_of(&noted), "unset");
    ck_assert_int_eq(gruvi_local_unset(&noted), UV_ENOENT);
    set(&noted, "before");
    /* The hub that it gets then has the same root fiber. */
    ck_assert_ptr_nonnull(gruvi_get_hub());
    ck_assert_str_eq(value_of(&noted), "before");
    ck_assert_int_eq(gruvi_hub_close(gruvi_get_hub()), 0);
    ck_assert_str_eq(recorded(), "Root:before");
}

static void
set_in_thread(void *arg)
{
    set(&noted, arg);
}

START_TEST(test_the_end_of_a_thread_destroys_its_values)
{
    forget();
    in_thread(set_in_thread, "t");
    ck_assert_str_eq(recorded(), "Root:t");
}
END_TEST

enum { THREADS = 4, ROUNDS = 200 };

static gruvi_local_t shared[ROUNDS];
static pthread_barrier_t barrier;

static void
race_for_number(void *arg)
{
    int n;

    for (n = 0; n < ROUNDS; n++) {
        pthread_barrier_wait(&barrier);
        set(&shared[n], arg);
    }
    for (n = 0; n < ROUNDS; n++)
        ck_assert_str_eq(value_of(&shared[n]), arg);
}

/* All of them set it for the first time at the same moment. */
THREAD_TEST(test_one_variable_serves_all_threads_at_once)
{
    static const char *const values[THREADS] = {"a", "b", "c", "d"};
    pthread_t threads[THREADS];
    int n;

    ck_assert_int_eq(pthread_barrier_init(&barrier, NULL, THREADS), 0);
    memset(shared, 0, sizeof shared);
    for (n = 0; n < THREADS; n++)
        threads[n] = begin_thread(race_for_number, (void *)values[n]);
    for (n = 0; n < THREADS; n++)
        end_thread(threads[n]);
    pthread_barrier_destroy(&barrier);
}

int
main(void)
{
    Suite *suite = suite_create("local");
    TCase *tc = tcase_create("values");

    tcase_add_test(tc, test_a_value_is_set_read_replaced_and_unset);
    tcase_add_test(tc, test_null_is_a_value);
    tcase_add_test(tc, test_each_fiber_has_its_own);
    tcase_add_test(tc, test_a_fiber_may_have_many);
    suite_add_tcase(suite, tc);
    tc = tcase_create("ends");
    tcase_add_test(
        tc, test_the_last_value_is_destroyed_in_its_fiber_before_join_returns);
    tcase_add_test(tc, test_the_value_of_a_cancelled_fiber_is_destroyed);
    tcase_add_test(tc, test_the_roots_value_is_destroyed_when_its_hub_closes);
    tcase_add_test(tc, test_a_value_set_in_a_callback_is_the_hubs);
    tcase_add_test(tc, test_a_value_outlives_its_variable_unseen);
    suite_add_tcase(suite, tc);
    tc = tcase_create("destroyers");
    tcase_add_test(tc, test_a_destroyer_may_set_a_value_again);
    tcase_add_test(tc, test_a_destroyer_that_always_sets_again_is_stopped);
    tcase_add_test(tc, test_a_destroyer_may_switch);
    tcase_add_test(
        tc, test_a_fiber_may_be_cancelled_while_its_values_are_destroyed);
    suite_add_tcase(suite, tc);
    tc = tcase_create("threads");
    tcase_add_test(tc, test_a_thread_without_a_hub_has_values);
    tcase_add_test(tc, test_the_end_of_a_thread_destroys_its_values);
    tcase_add_test(tc, test_one_variable_serves_all_threads_at_once);
    suite_add_tcase(suite, tc);
    return run_suite(suite);
}
