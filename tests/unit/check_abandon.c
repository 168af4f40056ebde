/* SPDX-License-Identifier: MIT */
/* Blocking work whose caller goes before it ends: released once, by the last.
 */
#include <stdlib.h>
#include <string.h>

#include "core/thread.h"
#include "unit/harness.h"

/* On the heap, as those of programs are. */
struct job {
    gruvi_event_t begun, go;
    int status;
};

static int ran, released, released_result; /* atomic */

static struct job *
new_job(int status)
{
    struct job *job = calloc(1, sizeof *job);

    ck_assert_ptr_nonnull(job);
    job->status = status;
    return job;
}

/* Not in main(): the child forks before there are pools. */
static void
reset(void)
{
    gruvi_set_pool_sizes(1, 1);
    ran = released = released_result = 0;
}

static int
load(int *counter)
{
    return __atomic_load_n(counter, __ATOMIC_ACQUIRE);
}

static int
run_job(void *arg, void **result)
{
    struct job *job = arg;

    __atomic_add_fetch(&ran, 1, __ATOMIC_ACQ_REL);
    gruvi_event_set(&job->begun);
    ck_assert_int_eq(gruvi_event_wait(&job->go, GRUVI_FOREVER), 0);
    *result = job;
    return job->status;
}

static void
release(void *arg, void *result)
{
    ck_assert(result == NULL || result == arg);
    if (result != NULL)
        __atomic_add_fetch(&released_result, 1, __ATOMIC_ACQ_REL);
    free(arg);
    __atomic_add_fetch(&released, 1, __ATOMIC_ACQ_REL);
}

static int
abandon(struct job *job, void **result)
{
    return gruvi_blocking_abandon(run_job, job, release, result);
}

static void
check_returned(int status)
{
    struct job *job = new_job(status);
    void *result = &result;

    reset();
    gruvi_event_set(&job->go);
    ck_assert_int_eq(abandon(job, &result), status);
    ck_assert_ptr_eq(result, status == 0 ? job : NULL);
    ck_assert_int_eq(ran, 1);
    ck_assert_int_eq(released, 0);
    free(job);
}

HUB_TEST(test_what_is_returned_is_the_callers)
{
    check_returned(0);
    check_returned(UV_EIO);
}

THREAD_TEST(test_a_plain_thread_waits_for_it)
{
    check_returned(0);
    check_returned(UV_EIO);
    ck_assert_ptr_null(gruvi__self.hub);
}

struct caller {
    struct job *job;
    double deadline; /* seconds; of call_in_deadline() */
    int result;
};

static int
call_in_fiber(void *arg)
{
    struct caller *caller = arg;
    void *result = &result;

    caller->result = abandon(caller->job, &result);
    ck_assert_ptr_null(result);
    return 0;
}

static void
check_abandoned(int status)
{
    struct caller caller = {.job = new_job(status)};
    gruvi_fiber_t *fiber = spawn(call_in_fiber, &caller);

    reset();
    ck_assert_int_eq(gruvi_event_wait(&caller.job->begun, GRUVI_FOREVER), 0);
    gruvi_fiber_cancel(fiber, NULL);
    ck_assert_int_eq(finish(fiber), 0);
    ck_assert_int_eq(caller.result, UV_ECANCELED);
    ck_assert_int_eq(load(&released), 0);
    gruvi_event_set(&caller.job->go);
    wait_until(load(&released) == 1);
    ck_assert_int_eq(released_result, status == 0);
}

HUB_TEST(test_a_cancel_returns_at_once_and_the_thread_releases)
{
    check_abandoned(0);
    check_abandoned(UV_EIO);
}

static int
call_in_deadline(void *arg)
{
    const struct caller *caller = arg;

    GRUVI_WITH_SWITCH_BACK (sb, caller->deadline) {
        call_in_fiber(arg);
    }
    return 0;
}

/* A thread may be late to begin the work: then the deadline is too short. */
HUB_TEST(test_so_does_a_deadline)
{
    struct caller caller = {.deadline = 0.002};

    for (;; caller.deadline *= 4) {
        reset();
        caller.job = new_job(0);
        ck_assert_int_eq(finish(spawn(call_in_deadline, &caller)), 0);
        ck_assert_int_eq(caller.result, UV_ETIMEDOUT);
        if (load(&released) == 0)
            break;
    }
    gruvi_event_set(&caller.job->go);
    wait_until(load(&released) == 1);
    ck_assert_int_eq(load(&ran), 1);
}

HUB_TEST(test_work_that_has_not_begun_never_does_and_the_call_releases)
{
    struct caller first = {.job = new_job(0)}, second = {.job = new_job(0)};
    gruvi_fiber_t *a, *b;

    reset();
    a = spawn(call_in_fiber, &first);
    ck_assert_int_eq(gruvi_event_wait(&first.job->begun, GRUVI_FOREVER), 0);
    b = spawn(call_in_fiber, &second);
    turns(2);
    gruvi_fiber_cancel(b, NULL);
    ck_assert_int_eq(finish(b), 0);
    ck_assert_int_eq(second.result, UV_ECANCELED);
    ck_assert_int_eq(released, 1);
    ck_assert_int_eq(ran, 1);
    gruvi_fiber_cancel(a, NULL);
    ck_assert_int_eq(finish(a), 0);
    gruvi_event_set(&first.job->go);
    wait_until(load(&released) == 2);
}

HUB_TEST(test_a_call_that_is_refused_releases)
{
    void *result = &result;

    reset();
    ck_assert_int_eq(gruvi_blocking_abandon(NULL, new_job(0), release, &result),
                     UV_EINVAL);
    ck_assert_ptr_null(result);
    ck_assert_int_eq(released, 1);
    catch_assertions();
    GRUVI_ASSERT_NO_SWITCHPOINTS {
        ck_assert_int_eq(abandon(new_job(0), NULL), UV_EPERM);
    }
    ck_assert_int_eq(released, 2);
    ck_assert_int_eq(ran, 0);
    ck_assert_int_eq(gruvi_blocking_abandon(NULL, NULL, NULL, NULL), UV_EINVAL);
}

static int
call_cancelled(void *arg)
{
    gruvi_fiber_cancel(gruvi_current_fiber(), NULL);
    return call_in_fiber(arg);
}

HUB_TEST(test_a_cancel_that_came_before_releases_and_nothing_runs)
{
    struct caller caller = {.job = new_job(0)};

    reset();
    ck_assert_int_eq(finish(spawn(call_cancelled, &caller)), 0);
    ck_assert_int_eq(caller.result, UV_ECANCELED);
    ck_assert_int_eq(released, 1);
    ck_assert_int_eq(ran, 0);
}

static int
call_from_inside(void *arg, void **result)
{
    return abandon(arg, result);
}

HUB_TEST(test_work_of_the_pool_does_it_itself)
{
    struct job *job = new_job(0);
    void *result;

    reset();
    gruvi_event_set(&job->go);
    ck_assert_int_eq(gruvi_blocking(call_from_inside, job, &result), 0);
    ck_assert_ptr_eq(result, job);
    ck_assert_int_eq(released, 0);
    free(job);
}

HUB_TEST(test_a_hub_may_close_while_its_work_runs)
{
    struct caller caller = {.job = new_job(0)};
    gruvi_fiber_t *fiber = spawn(call_in_fiber, &caller);

    reset();
    ck_assert_int_eq(gruvi_event_wait(&caller.job->begun, GRUVI_FOREVER), 0);
    ck_assert_int_eq(gruvi_hub_close(hub), 0);
    ck_assert_int_eq(caller.result, UV_ECANCELED);
    gruvi_fiber_unref(fiber);
    gruvi_event_set(&caller.job->go);
    while (load(&released) == 0)
        uv_sleep(1);
}

/* A cancel races with the end of the work: one of them has it. */
static int
race(void *arg)
{
    struct caller *caller = arg;
    void *result = NULL;

    caller->result = abandon(caller->job, &result);
    if (caller->result == 0)
        free(result);
    return 0;
}

HUB_TEST(test_a_cancel_and_the_end_of_the_work_race)
{
    struct caller caller;
    gruvi_fiber_t *fiber;
    int mine = 0, n;

    reset();
    for (n = 0; n < 500; n++) {
        caller.job = new_job(0);
        fiber = spawn(race, &caller);
        ck_assert_int_eq(gruvi_event_wait(&caller.job->begun, GRUVI_FOREVER),
                         0);
        gruvi_event_set(&caller.job->go);
        for (int k = 0; k < n % 7; k++)
            turns(1);
        gruvi_fiber_cancel(fiber, NULL);
        ck_assert_int_eq(finish(fiber), 0);
        mine += caller.result == 0;
    }
    wait_until(load(&released) + mine == 500);
    ck_assert_int_eq(ran, 500);
}

/* --- the end of the process --------------------------------------------------
 */

static int
never_end(void *arg, void **result)
{
    (void)result;
    gruvi_event_set(arg);
    while (load(&released) == 0)
        uv_sleep(1000);
    return 0;
}

static int
leave_behind(void *arg)
{
    return gruvi_blocking_abandon(never_end, arg, release, NULL);
}

static void
exit_with_work_running(void *arg)
{
    gruvi_event_t *begun = calloc(1, sizeof *begun);
    gruvi_fiber_t *fiber = spawn(leave_behind, begun);

    (void)arg;
    ck_assert_int_eq(gruvi_event_wait(begun, GRUVI_FOREVER), 0);
    gruvi_fiber_cancel(fiber, NULL);
    ck_assert_int_eq(gruvi_fiber_join(fiber, GRUVI_FOREVER), 0);
    gruvi_fiber_unref(fiber);
    ck_assert_int_eq(gruvi_hub_close(gruvi_get_hub()), 0);
    exit(0);
}

START_TEST(test_the_process_may_end_while_it_runs)
{
    char text[4096];

    int status = in_child(exit_with_work_running, NULL, text, sizeof text);

    ck_assert_msg(status == 0, "%d: %s", status, text);
    ck_assert_str_eq(text, "");
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("abandon");
    TCase *tc = tcase_create("abandon");

    tcase_set_timeout(tc, 60);
    tcase_add_test(tc, test_the_process_may_end_while_it_runs);
    tcase_add_test(tc, test_what_is_returned_is_the_callers);
    tcase_add_test(tc, test_a_plain_thread_waits_for_it);
    tcase_add_test(tc, test_a_cancel_returns_at_once_and_the_thread_releases);
    tcase_add_test(tc, test_so_does_a_deadline);
    tcase_add_test(
        tc, test_work_that_has_not_begun_never_does_and_the_call_releases);
    tcase_add_test(tc, test_a_call_that_is_refused_releases);
    tcase_add_test(tc,
                   test_a_cancel_that_came_before_releases_and_nothing_runs);
    tcase_add_test(tc, test_work_of_the_pool_does_it_itself);
    tcase_add_test(tc, test_a_hub_may_close_while_its_work_runs);
    tcase_add_test(tc, test_a_cancel_and_the_end_of_the_work_race);
    suite_add_tcase(suite, tc);
    return run_suite(suite);
}
