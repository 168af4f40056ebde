/* SPDX-License-Identifier: MIT */
/*
 * What happens without memory: each allocation fails in turn, alone and with
 * all that follow.  A call that failed says so, has left nothing behind, and
 * works as soon as there is memory again.
 */
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "unit/failing.h"

/* --- operations --------------------------------------------------------------
 */

static int
make_fiber(gruvi_hub_t *hub)
{
    gruvi_fiber_t *fiber = gruvi_fiber_new(end_at_once, NULL, NULL);

    (void)hub;
    if (fiber == NULL)
        return gruvi_last_error();
    gruvi_fiber_unref(fiber);
    return 0;
}

static int
run_fiber(gruvi_fiber_t *fiber)
{
    if (fiber == NULL)
        return gruvi_last_error();
    ck_assert_int_eq(gruvi_fiber_join(fiber, GRUVI_FOREVER), 0);
    gruvi_fiber_unref(fiber);
    return 0;
}

static int
spawn_fiber(gruvi_hub_t *hub)
{
    (void)hub;
    return run_fiber(gruvi_spawn(end_at_once, NULL));
}

static int
spawn_with_large_stack(gruvi_hub_t *hub)
{
    gruvi_fiber_options_t options = {.stack_size = 64 << 20, .hub = hub};

    return run_fiber(gruvi_spawn_ex(end_at_once, NULL, &options));
}

static int
spawn_in_group(gruvi_hub_t *hub)
{
    gruvi_group_t group;
    int err;

    (void)hub;
    ck_assert_int_eq(gruvi_group_init(&group, "group"), 0);
    err = run_fiber(gruvi_group_spawn(&group, end_at_once, NULL));
    ck_assert_uint_eq(gruvi_group_size(&group), 0);
    gruvi_group_destroy(&group);
    return err;
}

static int
set_local(gruvi_hub_t *hub)
{
    gruvi_local_t local;
    int err;

    gruvi_local_init(&local, NULL);
    err = gruvi_local_set(&local, hub);
    ck_assert_int_eq(gruvi_local_get(&local, NULL), err == 0 ? 0 : UV_ENOENT);
    ck_assert_int_eq(gruvi_local_unset(&local), err == 0 ? 0 : UV_ENOENT);
    gruvi_local_destroy(&local);
    return err;
}

static int
set_data(gruvi_hub_t *hub)
{
    int err = gruvi_hub_set_data(hub, "key", "1", note);

    forget();
    ck_assert_int_eq(gruvi_hub_get_data(hub, "key") != NULL, err == 0);
    ck_assert_int_eq(gruvi_hub_set_data(hub, "key", NULL, NULL), 0);
    ck_assert_str_eq(recorded(), err == 0 ? "1" : "");
    return err;
}

static void
on_ready(int fd, int events, void *arg)
{
    (void)fd;
    (void)events;
    (void)arg;
}

static int fds[2];

static int
watch(gruvi_hub_t *hub)
{
    gruvi_poller_t *poller = gruvi_hub_poll(hub);
    gruvi_watch_t *a, *b;
    int err = 0;

    a = gruvi_poll_add(poller, fds[0], UV_READABLE, on_ready, NULL);
    if (a == NULL)
        return gruvi_last_error();
    b = gruvi_poll_add(poller, fds[0], UV_WRITABLE, on_ready, NULL);
    if (b == NULL)
        err = gruvi_last_error();
    else
        ck_assert_int_eq(gruvi_poll_remove(poller, b), 0);
    ck_assert_int_eq(gruvi_poll_remove(poller, a), 0);
    return err;
}

static void
note_callback(void *arg)
{
    (void)arg;
    record("called");
}

static int
queue_callback(gruvi_hub_t *hub)
{
    int err = gruvi_hub_run_callback(hub, note_callback, NULL);

    forget();
    turns(2);
    ck_assert_str_eq(recorded(), err == 0 ? "called" : "");
    return err;
}

/* The first one takes no memory. */
static int
add_cleanups(gruvi_hub_t *hub)
{
    int err = 0;

    (void)hub;
    forget();
    GRUVI_WITH_SWITCH_BACK (sb, GRUVI_FOREVER) {
        ck_assert_int_eq(
            gruvi_switch_back_add_cleanup(&sb, note_callback, NULL), 0);
        err = gruvi_switch_back_add_cleanup(&sb, note_callback, NULL);
    }
    ck_assert_str_eq(recorded(), err == 0 ? "called called" : "called");
    return err;
}

static const operation_fn operations[] = {
    make_fiber, spawn_fiber, spawn_with_large_stack, spawn_in_group, set_local,
    set_data,   watch,       queue_callback,         add_cleanups};

THREAD_TEST(test_each_operation_survives_each_allocation_that_fails)
{
    ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
    ck_assert_int_gt(sweep_operation(operations[i]), 0);
    close(fds[0]);
    close(fds[1]);
}

/* --- hubs ------------------------------------------------------------------
 */

static void
try_hub(void *arg)
{
    struct trial *trial = arg;
    gruvi_hub_t *hub;

    count_allocations();
    fail_allocation(trial->n, trial->all);
    hub = gruvi_get_hub();
    trial->failed = stop_failing() > 0;
    if (hub == NULL) {
        ck_assert(trial->failed);
        ck_assert_int_eq(gruvi_last_error(), UV_ENOMEM);
        hub = gruvi_get_hub();
        ck_assert_ptr_nonnull(hub);
    }
    ck_assert_int_eq(gruvi_sleep(0), 0);
    ck_assert_int_eq(gruvi_hub_close(hub), 0);
}

THREAD_TEST(test_making_a_hub_survives_each_allocation_that_fails)
{
    ck_assert_int_gt(sweep(try_hub, false), 3);
    ck_assert_int_gt(sweep(try_hub, true), 3);
}

/* The thread may end instead of trying again. */
static void
try_hub_once(void *arg)
{
    struct trial *trial = arg;

    count_allocations();
    fail_allocation(trial->n, trial->all);
    gruvi_get_hub();
    trial->failed = stop_failing() > 0;
}

THREAD_TEST(test_a_thread_may_end_without_the_hub_it_wanted)
{
    ck_assert_int_gt(sweep(try_hub_once, false), 3);
    ck_assert_int_gt(sweep(try_hub_once, true), 3);
}

static void
try_switch_back(void *arg)
{
    struct trial *trial = arg;
    bool made;

    count_allocations();
    fail_allocation(trial->n, trial->all);
    GRUVI_WITH_SWITCH_BACK (sb, 10) {
        trial->failed = stop_failing() > 0;
        made = gruvi_switch_back_active(&sb);
        ck_assert(made || trial->failed);
        if (!made && trial->n % 2 == 0)
            ck_assert_ptr_nonnull(gruvi_get_hub());
        ck_assert_int_eq(gruvi_sleep(0), made ? 0 : UV_ENOMEM);
        ck_assert_int_eq(gruvi_sleep(0), 0);
    }
    ck_assert_int_eq(gruvi_hub_close(gruvi_get_hub()), 0);
}

THREAD_TEST(test_a_switch_back_without_a_hub_is_told_of_by_a_switchpoint)
{
    ck_assert_int_gt(sweep(try_switch_back, false), 3);
    ck_assert_int_gt(sweep(try_switch_back, true), 3);
}

static void
close_without_memory(void *arg)
{
    gruvi_hub_t *hub;

    (void)arg;
    count_allocations();
    hub = gruvi_get_hub();
    gruvi_fiber_unref(spawn(sleep_for_ever, NULL));
    ck_assert_int_eq(gruvi_hub_set_data(hub, "key", hub, NULL), 0);
    turns(1);
    fail_allocation(1, true);
    ck_assert_int_eq(gruvi_hub_close(hub), 0);
    ck_assert_int_eq(stop_failing(), 0);
}

THREAD_TEST(test_closing_a_hub_takes_no_memory)
{
    in_thread(close_without_memory, NULL);
    ck_assert_int_eq(live_allocations(), 0);
}

/* --- what never allocates ---------------------------------------------------
 */

static gruvi_event_t event;
static bool timed;

static int
wait_for_everything(void *arg)
{
    gruvi_hub_t *hub = arg;

    ck_assert_int_eq(gruvi_sleep(timed ? 0.0001 : 0), 0);
    ck_assert_int_eq(gruvi_event_wait(&event, timed ? 10 : GRUVI_FOREVER), 0);
    GRUVI_WITH_SWITCH_BACK (sb, timed ? 0.0001 : GRUVI_FOREVER) {
        if (timed)
            ck_assert_int_eq(gruvi_hub_switch(hub, NULL), UV_ETIMEDOUT);
        gruvi_switch_back_switch(&sb, NULL);
        ck_assert_int_eq(gruvi_hub_switch(hub, NULL), 0);
    }
    gruvi_log(GRUVI_LOG_ERROR, "%s", "logged");
    return gruvi_sleep(GRUVI_FOREVER);
}

static void
wait_without_memory(void *arg)
{
    gruvi_group_t group;
    gruvi_fiber_t *fiber;
    gruvi_hub_t *hub = gruvi_get_hub();
    double patience;

    timed = *(bool *)arg;
    patience = timed ? 10 : GRUVI_FOREVER;
    ck_assert_int_eq(gruvi_group_init(&group, NULL), 0);
    fiber = gruvi_fiber_new(wait_for_everything, hub, NULL);
    count_allocations();
    fail_allocation(1, true);
    gruvi_event_init(&event);
    ck_assert_int_eq(gruvi_fiber_start(fiber), 0);
    turns(1);
    gruvi_event_set(&event);
    while (logged("logged") == 0)
        gruvi_sleep(timed ? 0.0001 : 0);
    gruvi_fiber_cancel(fiber, "enough");
    ck_assert_int_eq(gruvi_fiber_join(fiber, patience), 0);
    ck_assert_int_eq(gruvi_group_join(&group, patience), 0);
    /* A timeout asks for room in the wheel, and does without. */
    if (timed)
        stop_failing();
    else
        ck_assert_int_eq(stop_failing(), 0);
    ck_assert_int_eq(gruvi_fiber_status(fiber), UV_ECANCELED);
    gruvi_fiber_unref(fiber);
    gruvi_group_destroy(&group);
    ck_assert_int_eq(gruvi_hub_close(hub), 0);
}

THREAD_TEST(test_starting_waiting_and_waking_take_no_memory)
{
    bool with_timeouts = false;

    in_thread(wait_without_memory, &with_timeouts);
}

THREAD_TEST(test_timeouts_do_without_memory)
{
    bool with_timeouts = true;

    in_thread(wait_without_memory, &with_timeouts);
}

int
main(void)
{
    Suite *suite = suite_create("no_memory");
    TCase *tc = tcase_create("operations");

    failing_begin();
    tcase_add_loop_test(tc,
                        test_each_operation_survives_each_allocation_that_fails,
                        0, sizeof operations / sizeof *operations);
    tcase_add_test(tc, test_starting_waiting_and_waking_take_no_memory);
    tcase_add_test(tc, test_timeouts_do_without_memory);
    suite_add_tcase(suite, tc);
    tc = tcase_create("hubs");
    tcase_add_test(tc, test_making_a_hub_survives_each_allocation_that_fails);
    tcase_add_test(tc, test_a_thread_may_end_without_the_hub_it_wanted);
    tcase_add_test(
        tc, test_a_switch_back_without_a_hub_is_told_of_by_a_switchpoint);
    tcase_add_test(tc, test_closing_a_hub_takes_no_memory);
    suite_add_tcase(suite, tc);
    return run_suite(suite);
}
