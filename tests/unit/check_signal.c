/* SPDX-License-Identifier: MIT */
/*
 * Signals as switchpoints.  Raised by the thread that waits they are noted
 * before raise() returns, so that nothing here has to wait for them to arrive.
 */
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "unit/harness.h"

static gruvi_signal_t *
listen_for(int signum)
{
    gruvi_signal_t *watcher;

    ck_assert_int_eq(gruvi_signal_open(&watcher, &signum, 1), 0);
    ck_assert_ptr_nonnull(watcher);
    return watcher;
}

static int
wait_for_usr1(void *arg)
{
    record("%s %d", (const char *)arg,
           gruvi_signal_wait(SIGUSR1, GRUVI_FOREVER));
    return 0;
}

HUB_TEST(test_a_signal_wakes_every_fiber_that_waits_for_it)
{
    gruvi_fiber_t *a = spawn(wait_for_usr1, "a"),
                  *b = spawn(wait_for_usr1, "b");

    turns(2);
    ck_assert_str_eq(gruvi_fiber_waiting_for(a), "signal");
    ck_assert_str_eq(recorded(), "");
    raise(SIGUSR1);
    finish(a);
    finish(b);
    ck_assert(strcmp(recorded(), "a 0 b 0") == 0 ||
              strcmp(recorded(), "b 0 a 0") == 0);
}

static uv_barrier_t all_listen;

static void
wait_in_a_hub(void *arg)
{
    gruvi_signal_t *watcher = listen_for(SIGUSR1);

    (void)arg;
    uv_barrier_wait(&all_listen);
    ck_assert_int_eq(gruvi_signal_next(watcher, GRUVI_FOREVER), SIGUSR1);
    record("woken");
    gruvi_signal_close(watcher);
    ck_assert_int_eq(gruvi_hub_close(gruvi_get_hub()), 0);
}

HUB_TEST(test_a_signal_wakes_those_of_every_hub)
{
    pthread_t threads[3];

    ck_assert_int_eq(uv_barrier_init(&all_listen, 4), 0);
    for (int t = 0; t < 3; t++)
        threads[t] = begin_thread(wait_in_a_hub, NULL);
    uv_barrier_wait(&all_listen);
    raise(SIGUSR1);
    for (int t = 0; t < 3; t++)
        end_thread(threads[t]);
    ck_assert_str_eq(recorded(), "woken woken woken");
    uv_barrier_destroy(&all_listen);
}

HUB_TEST(test_a_wait_does_not_see_what_came_before_it)
{
    gruvi_signal_t *watcher = listen_for(SIGUSR1); /* or it would end us */

    raise(SIGUSR1);
    ck_assert_int_eq(gruvi_signal_next(watcher, GRUVI_FOREVER), SIGUSR1);
    ck_assert_int_eq(gruvi_signal_wait(SIGUSR1, 0.001), UV_ETIMEDOUT);
    ck_assert_int_eq(gruvi_signal_wait(SIGUSR1, 0), UV_ETIMEDOUT);
    ck_assert_int_eq(gruvi_signal_next(watcher, 0), UV_ETIMEDOUT);
    gruvi_signal_close(watcher);
}

/* --- watchers ---------------------------------------------------------------
 */

struct reloads {
    gruvi_signal_t *watcher;
    int n;
    gruvi_event_t go_on;
};

static int
reload_at_each(void *arg)
{
    struct reloads *reloads = arg;

    while (gruvi_signal_next(reloads->watcher, GRUVI_FOREVER) == SIGHUP) {
        reloads->n++;
        ck_assert_int_eq(gruvi_event_wait(&reloads->go_on, GRUVI_FOREVER), 0);
    }
    return 0;
}

HUB_TEST(test_a_signal_that_comes_between_two_waits_is_not_lost)
{
    struct reloads reloads = {.n = 0};
    gruvi_fiber_t *fiber;
    int signums[2] = {SIGHUP, SIGTERM};

    gruvi_event_init(&reloads.go_on);
    ck_assert_int_eq(gruvi_signal_open(&reloads.watcher, signums, 2), 0);
    fiber = spawn(reload_at_each, &reloads);
    raise(SIGHUP); /* before it has begun to wait */
    wait_until(reloads.n == 1);
    raise(SIGHUP); /* while it is at it; twice is once */
    raise(SIGHUP);
    turns(3);
    ck_assert_int_eq(reloads.n, 1);
    gruvi_event_set(&reloads.go_on);
    wait_until(reloads.n == 2);
    wait_until(strcmp(gruvi_fiber_waiting_for(fiber), "signal") == 0);
    ck_assert_int_eq(reloads.n, 2);
    raise(SIGTERM);
    ck_assert_int_eq(finish(fiber), 0);
    ck_assert_int_eq(reloads.n, 2);
    gruvi_signal_close(reloads.watcher);
    gruvi_event_destroy(&reloads.go_on);
}

HUB_TEST(test_of_several_signals_each_is_returned_once)
{
    int signums[4] = {SIGWINCH, SIGHUP, SIGRTMIN, SIGUSR1};
    gruvi_signal_t *watcher, *other = listen_for(SIGRTMIN);

    ck_assert_int_eq(gruvi_signal_open(&watcher, signums, 4), 0);
    memset(signums, 0, sizeof signums); /* they were copied */
    raise(SIGRTMIN);
    raise(SIGWINCH);
    raise(SIGHUP);
    ck_assert_int_eq(gruvi_sleep(0.001), 0);
    ck_assert_int_eq(gruvi_signal_next(watcher, 0), SIGHUP);
    ck_assert_int_eq(gruvi_signal_next(watcher, 0), SIGWINCH);
    ck_assert_int_eq(gruvi_signal_next(watcher, GRUVI_FOREVER), SIGRTMIN);
    ck_assert_int_eq(gruvi_signal_next(watcher, 0), UV_ETIMEDOUT);
    ck_assert_int_eq(gruvi_signal_next(other, 0), SIGRTMIN);
    ck_assert_int_eq(gruvi_signal_next(other, 0), UV_ETIMEDOUT);
    gruvi_signal_close(watcher);
    gruvi_signal_close(other);
}

static int
next_of(void *arg)
{
    int result = gruvi_signal_next(arg, GRUVI_FOREVER);

    record("%s", result < 0 ? gruvi_err_name(result) : "signal");
    return 0;
}

HUB_TEST(test_a_second_fiber_with_one_watcher_is_busy)
{
    gruvi_signal_t *watcher = listen_for(SIGUSR1);
    gruvi_fiber_t *fiber = spawn(next_of, watcher);

    turns(2);
    ck_assert_int_eq(gruvi_signal_next(watcher, GRUVI_FOREVER), UV_EBUSY);
    raise(SIGUSR1);
    finish(fiber);
    ck_assert_str_eq(recorded(), "signal");
    gruvi_signal_close(watcher);
}

HUB_TEST(test_closing_wakes_whoever_waits)
{
    gruvi_signal_t *watcher = listen_for(SIGUSR1);
    gruvi_fiber_t *fiber = spawn(next_of, watcher);

    turns(2);
    gruvi_signal_close(watcher);
    finish(fiber);
    ck_assert_str_eq(recorded(), "ECONNABORTED");
    gruvi_signal_close(NULL);
}

static void
close_it(uv_signal_t *handle, int signum)
{
    (void)signum;
    gruvi_signal_close(handle->data);
}

/* Called from the same turn of the loop as the watcher. */
HUB_TEST(test_closing_as_the_signal_comes_is_told_too)
{
    gruvi_signal_t *watcher = listen_for(SIGUSR1);
    gruvi_fiber_t *fiber = spawn(next_of, watcher);
    uv_signal_t handle;

    turns(2);
    ck_assert_int_eq(uv_signal_init(gruvi_hub_loop(hub), &handle), 0);
    ck_assert_int_eq(uv_signal_start(&handle, close_it, SIGUSR1), 0);
    handle.data = watcher;
    raise(SIGUSR1);
    finish(fiber);
    ck_assert_str_eq(recorded(), "ECONNABORTED");
    ck_assert_int_eq(gruvi_uv_close((uv_handle_t *)&handle), 0);
}

HUB_TEST(test_a_watcher_outlives_its_hub)
{
    gruvi_signal_t *watcher = listen_for(SIGUSR1), *late = watcher;
    gruvi_fiber_t *fiber = spawn(next_of, watcher);
    int signum = SIGUSR1;

    turns(2);
    ck_assert_int_eq(gruvi_hub_close(hub), 0);
    ck_assert_str_eq(recorded(), "ECANCELED");
    gruvi_fiber_unref(fiber);
    ck_assert_int_eq(gruvi_signal_next(watcher, 0), UV_ESHUTDOWN);
    gruvi_signal_close(watcher);
    ck_assert_int_eq(gruvi_signal_open(&late, &signum, 1), UV_ESHUTDOWN);
    ck_assert_ptr_null(late);
    ck_assert_int_eq(gruvi_signal_wait(SIGUSR1, 0), UV_ESHUTDOWN);
    ck_assert_int_eq(logged("left on its loop"), 0);
}

static void
use_elsewhere(void *arg)
{
    ck_assert_int_eq(gruvi_signal_next(arg, 0), UV_EPERM);
    ck_assert_int_eq(gruvi_signal_set_callback(arg, NULL, NULL), UV_EPERM);
    catch_assertions();
    gruvi_signal_close(arg);
    ck_assert_int_eq(assertions(), 1);
    ck_assert_int_eq(gruvi_hub_close(gruvi_get_hub()), 0);
}

HUB_TEST(test_a_watcher_belongs_to_its_thread)
{
    gruvi_signal_t *watcher = listen_for(SIGUSR1);

    in_thread(use_elsewhere, watcher);
    raise(SIGUSR1);
    ck_assert_int_eq(gruvi_signal_next(watcher, GRUVI_FOREVER), SIGUSR1);
    gruvi_signal_close(watcher);
}

/* --- callbacks --------------------------------------------------------------
 */

static void
note_signal(int signum, void *arg)
{
    gruvi_signal_t **watcher = arg;

    record("%d", signum);
    if (signum == SIGTERM) {
        gruvi_signal_close(*watcher);
        *watcher = NULL;
    }
}

HUB_TEST(test_a_callback_gets_each_signal)
{
    int signums[2] = {SIGHUP, SIGTERM};
    char text[32];
    gruvi_signal_t *watcher;

    ck_assert_int_eq(gruvi_signal_open(&watcher, signums, 2), 0);
    raise(SIGHUP); /* it has come before there is a callback */
    ck_assert_int_eq(gruvi_sleep(0.001), 0);
    ck_assert_int_eq(gruvi_signal_set_callback(watcher, note_signal, &watcher),
                     0);
    ck_assert_int_eq(gruvi_signal_next(watcher, 0), UV_EBUSY);
    ck_assert_str_eq(recorded(), "");
    wait_until(*recorded() != '\0');
    raise(SIGTERM);
    raise(SIGHUP);
    wait_until(watcher == NULL);
    snprintf(text, sizeof text, "%d %d %d", SIGHUP, SIGHUP, SIGTERM);
    ck_assert_str_eq(recorded(), text);
}

HUB_TEST(test_without_its_callback_a_watcher_is_asked_again)
{
    gruvi_signal_t *watcher = listen_for(SIGUSR1);
    gruvi_fiber_t *fiber;

    ck_assert_int_eq(gruvi_signal_set_callback(watcher, note_signal, NULL), 0);
    raise(SIGUSR1);
    gruvi_signal_set_callback(watcher, NULL, NULL);
    ck_assert_int_eq(gruvi_signal_next(watcher, 0), SIGUSR1);
    fiber = spawn(next_of, watcher);
    turns(2);
    ck_assert_int_eq(gruvi_signal_set_callback(watcher, note_signal, NULL),
                     UV_EBUSY);
    gruvi_signal_close(watcher);
    finish(fiber);
    ck_assert_str_eq(recorded(), "ECONNABORTED");
    ck_assert_int_eq(gruvi_signal_set_callback(NULL, note_signal, NULL),
                     UV_EINVAL);
}

static void
close_with_a_callback(void *arg)
{
    gruvi_signal_t *watcher = listen_for(SIGUSR1);

    (void)arg;
    ck_assert_int_eq(gruvi_signal_set_callback(watcher, note_signal, NULL), 0);
    raise(SIGUSR1);
    ck_assert_int_eq(gruvi_signal_wait(SIGHUP, 0.001), UV_ETIMEDOUT);
    raise(SIGUSR1);
    ck_assert_int_eq(gruvi_signal_wait(SIGHUP, 0), UV_ETIMEDOUT);
    ck_assert_int_eq(gruvi_hub_close(gruvi_get_hub()), 0);
    gruvi_signal_close(watcher);
}

HUB_TEST(test_a_hub_may_end_with_a_callback_on_its_way)
{
    in_thread(close_with_a_callback, NULL);
}

/* --- what cannot be waited for ---------------------------------------------
 */

HUB_TEST(test_what_cannot_be_waited_for_is_refused)
{
    static const int bad[] = {SIGKILL, SIGSTOP, SIGABRT, SIGBUS,  SIGFPE,
                              SIGILL,  SIGSEGV, SIGSYS,  SIGTRAP, 0,
                              -1,      65,      32,      33,      1 << 30};
    int pair[2] = {SIGUSR1, 0};

    for (size_t k = 0; k < sizeof bad / sizeof *bad; k++) {
        gruvi_signal_t *watcher = (void *)&pair;

        ck_assert_int_eq(gruvi_signal_wait(bad[k], 0), UV_EINVAL);
        pair[1] = bad[k];
        ck_assert_int_eq(gruvi_signal_open(&watcher, pair, 2), UV_EINVAL);
        ck_assert_ptr_null(watcher);
    }
    ck_assert_int_eq(gruvi_signal_open(NULL, pair, 1), UV_EINVAL);
    ck_assert_int_eq(gruvi_signal_wait(SIGUSR1, NAN), UV_EINVAL);
    ck_assert_int_eq(gruvi_signal_next(NULL, 0), UV_EINVAL);
}

/* --- what signals do when nobody listens ------------------------------------
 */

static void
count(int signum)
{
    (void)signum;
    record("handler");
}

static void (*handler_of(int signum))(int)
{
    struct sigaction action;

    ck_assert_int_eq(sigaction(signum, NULL, &action), 0);
    return action.sa_handler;
}

HUB_TEST(test_afterwards_a_signal_does_what_it_did_before)
{
    static void (*const before[])(int) = {SIG_DFL, SIG_IGN, count};
    gruvi_signal_t *a, *b;

    for (int k = 0; k < 3; k++) {
        signal(SIGUSR2, before[k]);
        a = listen_for(SIGUSR2);
        b = listen_for(SIGUSR2);
        ck_assert(handler_of(SIGUSR2) != before[k]);
        raise(SIGUSR2);
        ck_assert_int_eq(gruvi_signal_next(a, GRUVI_FOREVER), SIGUSR2);
        gruvi_signal_close(a);
        ck_assert(handler_of(SIGUSR2) != before[k]);
        gruvi_signal_close(b);
        ck_assert(handler_of(SIGUSR2) == before[k]);
        ck_assert_int_eq(gruvi_signal_wait(SIGUSR2, 0.001), UV_ETIMEDOUT);
        ck_assert(handler_of(SIGUSR2) == before[k]);
    }
    ck_assert_str_eq(recorded(), "");
    raise(SIGUSR2);
    ck_assert_str_eq(recorded(), "handler");
    signal(SIGUSR2, SIG_DFL);
}

/* Of SIGINT a program need not know that the first hub listens. */
static void
take_sigint(void *arg)
{
    gruvi_hub_t *hub;

    (void)arg;
    forget();
    signal(SIGINT, SIG_DFL);
    hub = gruvi_get_hub();
    signal(SIGINT, count);
    raise(SIGINT);
    ck_assert_str_eq(recorded(), "handler");
    ck_assert_int_eq(gruvi_hub_close(hub), 0);
    ck_assert(handler_of(SIGINT) == count);
}

START_TEST(test_what_the_program_has_set_meanwhile_stays)
{
    ck_assert_int_eq(in_child(take_sigint, NULL, NULL, 0), 0);
}
END_TEST

static void
on_usr2(uv_signal_t *handle, int signum)
{
    (void)handle;
    (void)signum;
    record("libuv");
}

HUB_TEST(test_handles_of_the_program_go_on)
{
    uv_signal_t handle;
    gruvi_signal_t *watcher;

    ck_assert_int_eq(uv_signal_init(gruvi_hub_loop(hub), &handle), 0);
    ck_assert_int_eq(uv_signal_start(&handle, on_usr2, SIGUSR2), 0);
    watcher = listen_for(SIGUSR2);
    gruvi_signal_close(watcher);
    raise(SIGUSR2);
    wait_until(strcmp(recorded(), "libuv") == 0);
    ck_assert_int_eq(gruvi_uv_close((uv_handle_t *)&handle), 0);
    ck_assert(handler_of(SIGUSR2) == SIG_DFL);

    /* And where they stop first, or begin last. */
    ck_assert_int_eq(uv_signal_init(gruvi_hub_loop(hub), &handle), 0);
    ck_assert_int_eq(uv_signal_start(&handle, on_usr2, SIGUSR2), 0);
    watcher = listen_for(SIGUSR2);
    ck_assert_int_eq(gruvi_uv_close((uv_handle_t *)&handle), 0);
    ck_assert(handler_of(SIGUSR2) != SIG_DFL);
    gruvi_signal_close(watcher);
    ck_assert(handler_of(SIGUSR2) == SIG_DFL);
}

/* As the header warns: between two calls nobody waits. */
static void
raise_between_two_waits(void *arg)
{
    (void)arg;
    ck_assert_int_eq(gruvi_signal_wait(SIGHUP, 0.001), UV_ETIMEDOUT);
    raise(SIGHUP);
    ck_abort_msg("SIGHUP did nothing");
}

START_TEST(test_a_signal_between_two_single_waits_ends_the_process)
{
    int status = in_child(raise_between_two_waits, NULL, NULL, 0);

    ck_assert(WIFSIGNALED(status));
    ck_assert_int_eq(WTERMSIG(status), SIGHUP);
}
END_TEST

/* --- SIGINT and the root fiber ----------------------------------------------
 */

static void
interrupt_root(void *arg)
{
    /* A time that a slow machine takes to look at its signals ends no wait that
     * has to be interrupted. */
    double seconds = arg != NULL ? 0.001 : 1000;
    gruvi_hub_t *hub;
    gruvi_signal_t *watcher;

    signal(SIGINT, SIG_DFL);
    hub = gruvi_get_hub();
    gruvi_hub_set_ignore_interrupt(hub, arg != NULL);
    watcher = listen_for(SIGINT);
    raise(SIGINT);
    ck_assert_int_eq(gruvi_signal_next(watcher, GRUVI_FOREVER), SIGINT);
    ck_assert_int_eq(gruvi_sleep(seconds), arg != NULL ? 0 : UV_EINTR);
    gruvi_signal_close(watcher);
    raise(SIGINT); /* the hub's is still there */
    ck_assert_int_eq(gruvi_sleep(seconds), arg != NULL ? 0 : UV_EINTR);
    ck_assert_int_eq(gruvi_hub_close(hub), 0);
}

START_TEST(test_sigint_also_interrupts_the_root_fiber)
{
    ck_assert_int_eq(in_child(interrupt_root, NULL, NULL, 0), 0);
}
END_TEST

START_TEST(test_sigint_does_not_where_the_hub_ignores_it)
{
    ck_assert_int_eq(in_child(interrupt_root, &all_listen, NULL, 0), 0);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("signal");
    TCase *tc = tcase_create("waiting");

    tcase_add_test(tc, test_a_signal_wakes_every_fiber_that_waits_for_it);
    tcase_add_test(tc, test_a_signal_wakes_those_of_every_hub);
    tcase_add_test(tc, test_a_wait_does_not_see_what_came_before_it);
    tcase_add_test(tc, test_what_cannot_be_waited_for_is_refused);
    suite_add_tcase(suite, tc);
    tc = tcase_create("watchers");
    tcase_add_test(tc, test_a_signal_that_comes_between_two_waits_is_not_lost);
    tcase_add_test(tc, test_of_several_signals_each_is_returned_once);
    tcase_add_test(tc, test_a_second_fiber_with_one_watcher_is_busy);
    tcase_add_test(tc, test_closing_wakes_whoever_waits);
    tcase_add_test(tc, test_closing_as_the_signal_comes_is_told_too);
    tcase_add_test(tc, test_a_watcher_outlives_its_hub);
    tcase_add_test(tc, test_a_watcher_belongs_to_its_thread);
    suite_add_tcase(suite, tc);
    tc = tcase_create("callbacks");
    tcase_add_test(tc, test_a_callback_gets_each_signal);
    tcase_add_test(tc, test_without_its_callback_a_watcher_is_asked_again);
    tcase_add_test(tc, test_a_hub_may_end_with_a_callback_on_its_way);
    suite_add_tcase(suite, tc);
    tc = tcase_create("when nobody listens");
    tcase_add_test(tc, test_afterwards_a_signal_does_what_it_did_before);
    tcase_add_test(tc, test_what_the_program_has_set_meanwhile_stays);
    tcase_add_test(tc, test_handles_of_the_program_go_on);
    tcase_add_test(tc, test_a_signal_between_two_single_waits_ends_the_process);
    tcase_add_test(tc, test_sigint_also_interrupts_the_root_fiber);
    tcase_add_test(tc, test_sigint_does_not_where_the_hub_ignores_it);
    suite_add_tcase(suite, tc);
    return run_suite(suite);
}
