/* SPDX-License-Identifier: MIT */
/*
 * Cancels, deadlines and the end of the hub, while work is called for.  Work
 * that no thread has begun is withdrawn; work that one has is waited for, and
 * what came meanwhile stays pending.
 */
#include <stdlib.h>

#include "unit/jobs.h"

#define ROUNDS 2000

/* --- before a thread has begun ------------------------------------------ */

HUB_TEST(test_a_cancel_withdraws_work_that_no_thread_has_begun)
{
    gruvi_fiber_t *fiber;
    struct full full;
    struct job job;

    small_pools();
    fill(&full);
    init_job(&job);
    fiber = spawn(call_job, &job);
    turns(1);
    ck_assert_str_eq(gruvi_fiber_waiting_for(fiber), "IO pool");
    ck_assert_int_eq(gruvi_fiber_cancel(fiber, NULL), 0);
    ck_assert_int_eq(finish(fiber), 0);
    ck_assert_int_eq(job.err, UV_ECANCELED);
    ck_assert_ptr_null(job.result);
    drain(&full);
    ck_assert_int_eq(job.ran, 0);
}

static int
call_job_with_deadline(void *arg)
{
    struct job *job = arg;

    GRUVI_WITH_SWITCH_BACK (sb, 0.001)
        call_job(job);
    return 0;
}

HUB_TEST(test_a_deadline_withdraws_work_that_no_thread_has_begun)
{
    struct full full;
    struct job job;

    small_pools();
    fill(&full);
    init_job(&job);
    ck_assert_int_eq(finish(spawn(call_job_with_deadline, &job)), 0);
    ck_assert_int_eq(job.err, UV_ETIMEDOUT);
    ck_assert_ptr_null(job.result);
    drain(&full);
    ck_assert_int_eq(job.ran, 0);
}

static int
cancel_oneself_and_call(void *arg)
{
    ck_assert_int_eq(gruvi_fiber_cancel(gruvi_current_fiber(), NULL), 0);
    return call_job(arg);
}

HUB_TEST(
    test_a_cancel_that_is_pending_already_keeps_work_from_being_handed_over)
{
    struct job job;

    small_pools();
    for (int n = 0; n < 100; n++) {
        init_job(&job);
        ck_assert_int_eq(finish(spawn(cancel_oneself_and_call, &job)), 0);
        ck_assert_int_eq(job.err, UV_ECANCELED);
        ck_assert_ptr_null(job.result);
        ck_assert_int_eq(job.ran, 0);
    }
}

/* --- after ---------------------------------------------------------------- */

static int
call_job_and_sleep(void *arg)
{
    call_job(arg);
    return gruvi_sleep(GRUVI_FOREVER);
}

HUB_TEST(test_a_cancel_waits_for_work_that_was_begun_and_stays_pending)
{
    gruvi_fiber_t *fiber;
    struct job job;

    small_pools();
    init_job(&job);
    fiber = spawn(call_job_and_sleep, &job);
    ck_assert_int_eq(gruvi_event_wait(&job.begun, GRUVI_FOREVER), 0);
    ck_assert_int_eq(gruvi_fiber_cancel(fiber, "enough"), 0);
    turns(3);
    ck_assert_str_eq(gruvi_fiber_waiting_for(fiber), "IO pool");
    gruvi_event_set(&job.go);
    ck_assert_int_eq(finish(fiber), UV_ECANCELED);
    ck_assert_int_eq(job.err, 0);
    ck_assert_ptr_eq(job.result, &job);
}

HUB_TEST(test_the_works_own_error_is_returned_though_a_cancel_came)
{
    gruvi_fiber_t *fiber;
    struct job job;

    small_pools();
    init_job(&job);
    job.status = UV_EIO;
    fiber = spawn(call_job_and_sleep, &job);
    ck_assert_int_eq(gruvi_event_wait(&job.begun, GRUVI_FOREVER), 0);
    ck_assert_int_eq(gruvi_fiber_cancel(fiber, NULL), 0);
    turns(3);
    gruvi_event_set(&job.go);
    ck_assert_int_eq(finish(fiber), UV_ECANCELED);
    ck_assert_int_eq(job.err, UV_EIO);
    ck_assert_ptr_null(job.result);
}

struct deadline_call {
    struct job job;
    double deadline; /* seconds */
};

static int
call_job_past_deadline(void *arg)
{
    struct deadline_call *call = arg;
    int err = 0;

    GRUVI_WITH_SWITCH_BACK (sb, call->deadline) {
        call_job(&call->job);
        if (call->job.err == 0) {
            ck_assert(!gruvi_switch_back_timed_out(&sb));
            err = gruvi_sleep(GRUVI_FOREVER);
        }
        ck_assert(gruvi_switch_back_timed_out(&sb));
    }
    return err;
}

/* Whether a thread has begun the job before the deadline. */
static bool
begins(struct deadline_call *call, gruvi_fiber_t *fiber)
{
    while (gruvi_fiber_alive(fiber) && !gruvi_event_is_set(&call->job.begun))
        ck_assert_int_eq(gruvi_sleep(0.001), 0);
    return gruvi_event_is_set(&call->job.begun);
}

/* A thread may be late to begin it: then the deadline is too short.  The sleep
 * begins after the deadline was set, and is longer. */
HUB_TEST(test_a_deadline_waits_for_work_that_was_begun_and_stays_pending)
{
    struct deadline_call call = {.deadline = 0.001};
    gruvi_fiber_t *fiber;

    small_pools();
    for (;; call.deadline *= 4) {
        init_job(&call.job);
        fiber = spawn(call_job_past_deadline, &call);
        if (begins(&call, fiber))
            break;
        ck_assert_int_eq(finish(fiber), 0);
        ck_assert_int_eq(call.job.err, UV_ETIMEDOUT);
    }
    ck_assert_int_eq(gruvi_sleep(3 * call.deadline), 0);
    ck_assert_str_eq(gruvi_fiber_waiting_for(fiber), "IO pool");
    gruvi_event_set(&call.job.go);
    ck_assert_int_eq(finish(fiber), UV_ETIMEDOUT);
    ck_assert_int_eq(call.job.err, 0);
    ck_assert_ptr_eq(call.job.result, &call.job);
}

static int
call_job_in_shield(void *arg)
{
    GRUVI_SHIELD
        call_job(arg);
    return gruvi_sleep(GRUVI_FOREVER);
}

HUB_TEST(test_in_a_shield_work_is_not_withdrawn)
{
    gruvi_fiber_t *fiber;
    struct full full;
    struct job job;

    small_pools();
    fill(&full);
    init_job(&job);
    gruvi_event_set(&job.go);
    fiber = spawn(call_job_in_shield, &job);
    turns(1);
    ck_assert_int_eq(gruvi_fiber_cancel(fiber, NULL), 0);
    turns(3);
    ck_assert_str_eq(gruvi_fiber_waiting_for(fiber), "IO pool");
    drain(&full);
    ck_assert_int_eq(finish(fiber), UV_ECANCELED);
    ck_assert_int_eq(job.err, 0);
    ck_assert_int_eq(job.ran, 1);
}

/* --- races ---------------------------------------------------------------- */

/* What the work has is freed as soon as the call has returned. */
struct scratch {
    int *ran;
    int done; /* atomic */
};

static int
use_scratch(void *arg, void **result)
{
    struct scratch *scratch = arg;

    (void)result;
    ++*scratch->ran;
    __atomic_store_n(&scratch->done, 1, __ATOMIC_RELAXED);
    return 0;
}

struct race {
    int finished, withdrawn;
};

static int
race_once(void *arg)
{
    struct scratch *scratch = malloc(sizeof *scratch);
    struct race *race = arg;
    int ran = 0, err;

    ck_assert_ptr_nonnull(scratch);
    *scratch = (struct scratch){.ran = &ran};
    err = gruvi_blocking(use_scratch, scratch, NULL);
    ck_assert(err == 0 || err == UV_ECANCELED);
    ck_assert_int_eq(ran, err == 0);
    ck_assert_int_eq(scratch->done, err == 0);
    free(scratch);
    if (err < 0) {
        race->withdrawn++;
        return gruvi_sleep(0);
    }
    race->finished++;
    ck_assert_int_eq(gruvi_sleep(GRUVI_FOREVER), UV_ECANCELED);
    return 0;
}

/* The cancels come after nothing, one, two, ... turns. */
HUB_TEST(test_a_cancel_races_with_the_work_and_neither_is_lost)
{
    struct race race = {.finished = 0};
    gruvi_fiber_t *fibers[8];

    small_pools();
    for (int round = 0; round < ROUNDS / 8; round++) {
        for (int n = 0; n < 8; n++)
            fibers[n] = spawn(race_once, &race);
        turns(1 + round % 5);
        for (int n = 0; n < 8; n++)
            ck_assert_int_eq(gruvi_fiber_cancel(fibers[n], NULL), 0);
        for (int n = 0; n < 8; n++)
            ck_assert_int_eq(finish(fibers[n]), 0);
    }
    ck_assert_int_eq(race.finished + race.withdrawn, ROUNDS / 8 * 8);
}

/* --- the end of the hub --------------------------------------------------- */

/* Lets work go on when the hub has begun to close. */
static int
let_go_at_the_end(void *arg)
{
    struct job *job = arg;

    ck_assert_int_eq(gruvi_sleep(GRUVI_FOREVER), UV_ECANCELED);
    ck_assert_int_eq(job->err, 1);
    gruvi_event_set(&job->go);
    return 0;
}

HUB_TEST(test_closing_the_hub_waits_for_work_that_was_begun)
{
    gruvi_fiber_t *fiber;
    struct job job;

    small_pools();
    init_job(&job);
    job.err = 1;
    fiber = begin_job(&job);
    gruvi_fiber_unref(spawn(let_go_at_the_end, &job));
    turns(1);
    ck_assert_int_eq(gruvi_hub_close(hub), 0);
    ck_assert(!gruvi_fiber_alive(fiber));
    gruvi_fiber_unref(fiber);
    ck_assert_int_eq(job.err, 0);
    ck_assert_ptr_eq(job.result, &job);
}

static int
call_twice(void *arg)
{
    struct job *job = arg;

    call_job(job);
    record("%s", gruvi_err_name(job->err));
    call_job(job);
    record("%s", gruvi_err_name(job->err));
    return 0;
}

static void
call_from_thread(void *arg)
{
    call_job(arg);
}

HUB_TEST(test_closing_the_hub_withdraws_work_and_refuses_more)
{
    pthread_t threads[IO_THREADS];
    struct job job, held[IO_THREADS];

    small_pools();
    for (int n = 0; n < IO_THREADS; n++) {
        init_job(&held[n]);
        threads[n] = begin_thread(call_from_thread, &held[n]);
        ck_assert_int_eq(gruvi_event_wait(&held[n].begun, GRUVI_FOREVER), 0);
    }
    init_job(&job);
    gruvi_fiber_unref(spawn(call_twice, &job));
    turns(1);
    ck_assert_int_eq(gruvi_hub_close(hub), 0);
    ck_assert_str_eq(recorded(), "ECANCELED ESHUTDOWN");
    call_job(&job);
    ck_assert_int_eq(job.err, UV_ESHUTDOWN);
    for (int n = 0; n < IO_THREADS; n++) {
        gruvi_event_set(&held[n].go);
        end_thread(threads[n]);
        ck_assert_int_eq(held[n].err, 0);
    }
    ck_assert_int_eq(job.ran, 0);
}

int
main(void)
{
    Suite *suite = suite_create("shared_pools_interrupted");
    TCase *tc = tcase_create("pools_interrupted");

    tcase_set_timeout(tc, 60);
    tcase_add_test(tc, test_a_cancel_withdraws_work_that_no_thread_has_begun);
    tcase_add_test(tc, test_a_deadline_withdraws_work_that_no_thread_has_begun);
    tcase_add_test(
        tc,
        test_a_cancel_that_is_pending_already_keeps_work_from_being_handed_over);
    tcase_add_test(
        tc, test_a_cancel_waits_for_work_that_was_begun_and_stays_pending);
    tcase_add_test(tc,
                   test_the_works_own_error_is_returned_though_a_cancel_came);
    tcase_add_test(
        tc, test_a_deadline_waits_for_work_that_was_begun_and_stays_pending);
    tcase_add_test(tc, test_in_a_shield_work_is_not_withdrawn);
    tcase_add_test(tc, test_a_cancel_races_with_the_work_and_neither_is_lost);
    tcase_add_test(tc, test_closing_the_hub_waits_for_work_that_was_begun);
    tcase_add_test(tc, test_closing_the_hub_withdraws_work_and_refuses_more);
    suite_add_tcase(suite, tc);
    return run_suite(suite);
}
