/* SPDX-License-Identifier: MIT */
/* Conditions: gruvi_cond_wait_for(), and what other threads do with it. */
#include <stdlib.h>
#include <string.h>

#include "unit/conds.h"

#include "core/thread.h"

#define SHORT 0.002
/* For what has to happen before it is over. */
#define LONGER 0.1

/* One that waits for a flag. */
struct actor {
    gruvi_cond_t *cond;
    const char *name;
    double timeout;
    gruvi_fiber_t *fiber;
    int result, next, looks;
    bool *flag;
};

static bool
look(void *arg)
{
    struct actor *actor = arg;

    ck_assert(is_held(actor->cond));
    actor->looks++;
    return *actor->flag;
}

static int
wait_for_flag(void *arg)
{
    struct actor *actor = arg;

    acquire(actor->cond);
    actor->result =
        gruvi_cond_wait_for(actor->cond, look, actor, actor->timeout);
    record("%s", actor->name);
    ck_assert(is_held(actor->cond));
    release(actor->cond);
    actor->next = gruvi_sleep(0);
    return 0;
}

static void
begin_for(struct actor *actor, gruvi_cond_t *cond, bool *flag, double timeout)
{
    *actor = (struct actor){
        .cond = cond, .name = "seen", .timeout = timeout, .flag = flag};
    actor->fiber = spawn(wait_for_flag, actor);
    turns(1);
    if (timeout < 0) /* else it may be over by now */
        ck_assert_str_eq(gruvi_fiber_waiting_for(actor->fiber), "condition");
}

/* --- wait_for --------------------------------------------------------------
 */

HUB_TEST(test_wait_for_looks_at_once_and_after_each_notification)
{
    gruvi_cond_t cond;
    struct actor actor;
    bool flag = true;

    gruvi_cond_init(&cond, NULL);
    actor = (struct actor){.cond = &cond, .flag = &flag};
    acquire(&cond);
    ck_assert_int_eq(gruvi_cond_wait_for(&cond, look, &actor, 0), 0);
    ck_assert_int_eq(actor.looks, 1);
    flag = false;
    ck_assert_int_eq(gruvi_cond_wait_for(&cond, look, &actor, 0), UV_ETIMEDOUT);
    ck_assert(is_held(&cond));
    release(&cond);
    begin_for(&actor, &cond, &flag, GRUVI_FOREVER);
    ck_assert_int_eq(actor.looks, 1);
    notify(&cond, 1);
    turns(3);
    ck_assert_int_eq(actor.looks, 2);
    ck_assert_str_eq(recorded(), "");
    flag = true;
    turns(3);
    ck_assert_int_eq(actor.looks, 2);
    notify(&cond, 1);
    finish(actor.fiber);
    ck_assert_int_eq(actor.looks, 3);
    ck_assert_int_eq(actor.result, 0);
    gruvi_cond_destroy(&cond);
}

/* Notifications do not make the time start again. */
HUB_TEST(test_wait_for_has_one_timeout_for_all_of_it)
{
    gruvi_cond_t cond;
    struct actor actor;
    bool flag = false;
    uint64_t began = uv_hrtime();

    gruvi_cond_init(&cond, NULL);
    begin_for(&actor, &cond, &flag, 0.02);
    while (gruvi_fiber_alive(actor.fiber)) {
        notify(&cond, 1);
        ck_assert_int_eq(gruvi_sleep(SHORT), 0);
    }
    ck_assert_uint_ge(uv_hrtime() - began, (uint64_t)(0.02 * 1e9));
    ck_assert_int_eq(actor.result, UV_ETIMEDOUT);
    finish(actor.fiber);
    gruvi_cond_destroy(&cond);
}

/* What ended the wait is not lost where the wait turns out to be granted. */
HUB_TEST(test_wait_for_whose_flag_is_set_at_the_last_look_is_granted)
{
    gruvi_cond_t cond;
    struct actor actor;
    bool flag = false;

    gruvi_cond_init(&cond, NULL);
    begin_for(&actor, &cond, &flag, i == 0 ? GRUVI_FOREVER : LONGER);
    acquire(&cond);
    if (i == 0)
        gruvi_fiber_cancel(actor.fiber, "late");
    else
        ck_assert_int_eq(gruvi_sleep(2 * LONGER), 0);
    turns(2);
    ck_assert_str_eq(gruvi_fiber_waiting_for(actor.fiber), "lock");
    flag = true;
    release(&cond);
    finish(actor.fiber);
    ck_assert_int_eq(actor.result, 0);
    ck_assert_int_eq(actor.next, i == 0 ? UV_ECANCELED : 0);
    gruvi_cond_destroy(&cond);
}

HUB_TEST(test_wait_for_returns_what_ended_the_wait)
{
    gruvi_cond_t cond;
    struct actor actor;
    bool flag = false;

    gruvi_cond_init(&cond, NULL);
    begin_for(&actor, &cond, &flag, GRUVI_FOREVER);
    gruvi_fiber_cancel(actor.fiber, NULL);
    finish(actor.fiber);
    ck_assert_int_eq(actor.result, UV_ECANCELED);
    ck_assert_int_eq(actor.next, 0);
    gruvi_cond_destroy(&cond);
}

/* --- other threads -------------------------------------------------------- */

struct shared {
    gruvi_cond_t cond;
    bool waits, flag;
    int result;
};

static bool
flag_is_set(void *arg)
{
    struct shared *shared = arg;

    shared->waits = true;
    return shared->flag;
}

static void
wait_in_a_thread(void *arg)
{
    struct shared *shared = arg;

    acquire(&shared->cond);
    shared->result =
        gruvi_cond_wait_for(&shared->cond, flag_is_set, shared, GRUVI_FOREVER);
    ck_assert(is_held(&shared->cond));
    release(&shared->cond);
    ck_assert_ptr_null(gruvi__self.hub);
}

/* Under the lock the thread is seen to wait, and so it does. */
HUB_TEST(test_a_thread_without_a_hub_waits_and_gets_none)
{
    struct shared shared = {.result = 1};
    pthread_t thread;
    bool waits = false;

    gruvi_cond_init(&shared.cond, NULL);
    thread = begin_thread(wait_in_a_thread, &shared);
    while (!waits) {
        ck_assert_int_eq(gruvi_sleep(0.0005), 0);
        acquire(&shared.cond);
        waits = shared.waits;
        release(&shared.cond);
    }
    acquire(&shared.cond);
    shared.flag = true;
    ck_assert_int_eq(gruvi_cond_notify_all(&shared.cond), 0);
    release(&shared.cond);
    end_thread(thread);
    ck_assert_int_eq(shared.result, 0);
    gruvi_cond_destroy(&shared.cond);
}

THREAD_TEST(test_a_thread_times_out_and_has_the_lock)
{
    struct shared shared = {.result = 1};

    gruvi_cond_init(&shared.cond, NULL);
    acquire(&shared.cond);
    ck_assert_int_eq(gruvi_cond_wait(&shared.cond, SHORT), UV_ETIMEDOUT);
    ck_assert(is_held(&shared.cond));
    ck_assert_int_eq(
        gruvi_cond_wait_for(&shared.cond, flag_is_set, &shared, SHORT),
        UV_ETIMEDOUT);
    ck_assert(is_held(&shared.cond));
    release(&shared.cond);
    gruvi_cond_destroy(&shared.cond);
}

static void
set_and_notify(void *arg)
{
    struct shared *shared = arg;

    acquire(&shared->cond);
    shared->flag = true;
    ck_assert_int_eq(gruvi_cond_notify(&shared->cond, 1), 0);
    release(&shared->cond);
}

/* The waiter frees it all while the other is still in gruvi_lock_release(). */
HUB_TEST(test_whoever_waited_may_free_it_at_once)
{
    struct shared *shared;
    pthread_t thread;
    int n;

    for (n = 0; n < 300; n++) {
        shared = calloc(1, sizeof *shared);
        gruvi_cond_init(&shared->cond, NULL);
        thread = begin_thread(set_and_notify, shared);
        acquire(&shared->cond);
        ck_assert_int_eq(gruvi_cond_wait_for(&shared->cond, flag_is_set, shared,
                                             GRUVI_FOREVER),
                         0);
        release(&shared->cond);
        gruvi_cond_destroy(&shared->cond);
        memset(shared, 0xff, sizeof *shared);
        free(shared);
        end_thread(thread);
    }
}

int
main(void)
{
    Suite *suite = suite_create("cond wait_for");
    TCase *tc = tcase_create("cond wait_for");

    tcase_set_timeout(tc, 60);
    tcase_add_test(tc, test_wait_for_looks_at_once_and_after_each_notification);
    tcase_add_test(tc, test_wait_for_has_one_timeout_for_all_of_it);
    tcase_add_loop_test(
        tc, test_wait_for_whose_flag_is_set_at_the_last_look_is_granted, 0, 2);
    tcase_add_test(tc, test_wait_for_returns_what_ended_the_wait);
    tcase_add_test(tc, test_a_thread_without_a_hub_waits_and_gets_none);
    tcase_add_test(tc, test_a_thread_times_out_and_has_the_lock);
    tcase_add_test(tc, test_whoever_waited_may_free_it_at_once);
    suite_add_tcase(suite, tc);
    return run_suite(suite);
}
