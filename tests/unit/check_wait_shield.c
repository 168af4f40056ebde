/* SPDX-License-Identifier: MIT */
/*
 * Shields, and switch backs that other threads use.
 */
#include <string.h>

#include "unit/harness.h"

static void
hand_over(void *sb)
{
    gruvi_switch_back_switch(sb, (void *)7);
    gruvi_switch_back_switch(sb, (void *)8);
}

/* --- shields ------------------------------------------------------------- */

static int
clean_up_under_a_shield(void *arg)
{
    (void)arg;
    ck_assert_int_eq(gruvi_sleep(GRUVI_FOREVER), UV_ECANCELED);
    GRUVI_SHIELD {
        GRUVI_SHIELD
            ck_assert_int_eq(gruvi_sleep(0.001), 0);
        ck_assert_int_eq(gruvi_sleep(0.001), 0);
        ck_assert_int_eq(gruvi_sleep(0), 0);
        record("cleaned");
    }
    ck_assert_int_eq(gruvi_sleep(1), UV_ECANCELED);
    return 0;
}

HUB_TEST(test_under_a_shield_cancels_stay_pending)
{
    gruvi_fiber_t *fiber = spawn(clean_up_under_a_shield, NULL);

    ck_assert_int_eq(gruvi_sleep(0), 0);
    gruvi_fiber_cancel(fiber, NULL);
    ck_assert_int_eq(gruvi_sleep(0), 0);
    gruvi_fiber_cancel(fiber, NULL);
    ck_assert_int_eq(finish(fiber), 0);
    ck_assert_str_eq(recorded(), "cleaned");
}

HUB_TEST(test_under_a_shield_a_switch_backs_value_arrives)
{
    GRUVI_SHIELD
        GRUVI_WITH_SWITCH_BACK (sb, GRUVI_FOREVER) {
            gruvi_hub_run_callback(hub, hand_over, &sb);
            ck_assert_int_eq(gruvi_hub_switch(hub, NULL), 0);
        }
}

/* --- other threads -------------------------------------------------------- */

struct locked {
    uv_mutex_t lock;
    gruvi_switch_back_t sb;
    int error;
};

static void
switch_from_a_thread(void *arg)
{
    struct locked *locked = arg;

    if (locked->error < 0)
        gruvi_switch_back_throw(&locked->sb, locked->error, "from afar");
    else
        gruvi_switch_back_switch(&locked->sb, locked);
    ck_assert(!gruvi_switch_back_active(&locked->sb));
}

HUB_TEST(test_with_a_lock_another_thread_may_switch_or_throw)
{
    struct locked locked;
    pthread_t thread;
    void *value;
    int round;

    uv_mutex_init(&locked.lock);
    for (round = 0; round < 200; round++) {
        locked.error = round % 2 == 0 ? 0 : UV_EPROTO;
        gruvi_switch_back_init_ex(&locked.sb, GRUVI_FOREVER, hub, &locked.lock);
        thread = begin_thread(switch_from_a_thread, &locked);
        if (locked.error < 0) {
            ck_assert_int_eq(gruvi_sleep(GRUVI_FOREVER), UV_EPROTO);
            ck_assert_str_eq(gruvi_error_message(), "from afar");
        } else {
            ck_assert_int_eq(gruvi_hub_switch(hub, &value), 0);
            ck_assert_ptr_eq(value, &locked);
        }
        end_thread(thread);
        gruvi_switch_back_exit(&locked.sb);
        ck_assert_int_eq(gruvi_sleep(0), 0);
    }
    uv_mutex_destroy(&locked.lock);
}

/* A wake-up that races with the deadline and with exit: it arrives or not,
 * and what comes after is never disturbed. */
HUB_TEST(test_a_thread_that_is_late_disturbs_nothing)
{
    struct locked locked = {.error = 0};
    pthread_t thread;
    int round, err;

    uv_mutex_init(&locked.lock);
    for (round = 0; round < 300; round++) {
        gruvi_switch_back_init_ex(&locked.sb, round % 3 * 1e-5, hub,
                                  &locked.lock);
        thread = begin_thread(switch_from_a_thread, &locked);
        err = gruvi_hub_switch(hub, NULL);
        ck_assert(err == 0 || err == UV_ETIMEDOUT);
        gruvi_switch_back_exit(&locked.sb);
        GRUVI_WITH_SWITCH_BACK (next, 1e-4)
            ck_assert_int_eq(gruvi_hub_switch(hub, NULL), UV_ETIMEDOUT);
        end_thread(thread);
    }
    uv_mutex_destroy(&locked.lock);
}

static void
switch_without_a_lock(void *sb)
{
    gruvi_switch_back_switch(sb, NULL);
}

HUB_TEST(test_without_a_lock_another_thread_may_not)
{
    catch_assertions();
    GRUVI_WITH_SWITCH_BACK (sb, 0.001) {
        in_thread(switch_without_a_lock, &sb);
        ck_assert_int_eq(assertions(), 1);
        ck_assert_int_eq(gruvi_hub_switch(hub, NULL), UV_ETIMEDOUT);
    }
}

int
main(void)
{
    Suite *suite = suite_create("wait_shield");
    TCase *tc = tcase_create("shield");

    tcase_add_test(tc, test_under_a_shield_cancels_stay_pending);
    tcase_add_test(tc, test_under_a_shield_a_switch_backs_value_arrives);
    tcase_add_test(tc, test_with_a_lock_another_thread_may_switch_or_throw);
    tcase_add_test(tc, test_a_thread_that_is_late_disturbs_nothing);
    tcase_add_test(tc, test_without_a_lock_another_thread_may_not);
    suite_add_tcase(suite, tc);
    return run_suite(suite);
}
