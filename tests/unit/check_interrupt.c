/* SPDX-License-Identifier: MIT */
/*
 * SIGINT and the root fiber; signals in any fiber; threads that end without
 * closing their hub.
 */
#include <sched.h>
#include <signal.h>
#include <unistd.h>

#include "unit/harness.h"

static void
leave_without_closing(void *arg)
{
    gruvi_hub_t **kept = arg;

    *kept = gruvi_hub_ref(gruvi_get_hub());
    gruvi_fiber_unref(gruvi_spawn(sleep_for_ever, NULL));
    gruvi_sleep(0);
    gruvi_sleep(0);
    ck_assert_int_eq(gruvi_hub_run_callback(*kept, note, "accepted"), 0);
}

/* --- signals whose handlers are the program's own --------------------------
 */

#define SIGNALS 200

static int handled;   /* atomic */
static bool all_sent; /* atomic */

static void
count_signal(int signum)
{
    (void)signum;
    __atomic_fetch_add(&handled, 1, __ATOMIC_SEQ_CST);
}

/* Sends the next one when the one before was seen: none may be kept back for a
 * fiber that has ended, or that waits for something else. */
static void
send_signals(void *arg)
{
    for (int i = 0; i < SIGNALS; i++) {
        pthread_kill(*(pthread_t *)arg, SIGUSR1);
        while (__atomic_load_n(&handled, __ATOMIC_SEQ_CST) == i)
            sched_yield();
    }
    __atomic_store_n(&all_sent, true, __ATOMIC_SEQ_CST);
}

static int
work_and_end(void *arg)
{
    volatile unsigned n = 0;

    (void)arg;
    while (n < 100)
        n++;
    gruvi_sleep(0);
    while (n < 200)
        n++;
    return 0;
}

HUB_TEST(test_a_signal_is_seen_whichever_fiber_it_meets)
{
    struct sigaction count = {.sa_handler = count_signal}, before;
    pthread_t self = pthread_self(), sender;

    sigaction(SIGUSR1, &count, &before);
    sender = begin_thread(send_signals, &self);
    while (!__atomic_load_n(&all_sent, __ATOMIC_SEQ_CST)) {
        for (int n = 0; n < 10; n++)
            gruvi_fiber_unref(spawn(work_and_end, NULL));
        turns(2);
    }
    end_thread(sender);
    turns(2);
    sigaction(SIGUSR1, &before, NULL);
    ck_assert_int_eq(__atomic_load_n(&handled, __ATOMIC_SEQ_CST), SIGNALS);
}

/* --- SIGINT: in children, for it is the process that has it ----------------
 */

static void
close_hub(void)
{
    ck_assert_int_eq(gruvi_hub_close(gruvi_get_hub()), 0);
}

/* As a program finds it: libcheck handles it itself. */
static void
default_sigint(void)
{
    signal(SIGINT, SIG_DFL);
}

static void
interrupt_the_root(void *arg)
{
    (void)arg;
    default_sigint();
    gruvi_get_hub();
    raise(SIGINT);
    ck_assert_int_eq(gruvi_sleep(GRUVI_FOREVER), UV_EINTR);
    raise(SIGINT);
    /* Whatever it waits in, and once. */
    ck_assert_int_eq(gruvi_hub_switch(gruvi_get_hub(), NULL), UV_EINTR);
    ck_assert_int_eq(gruvi_sleep(0.001), 0);
    close_hub();
}

START_TEST(test_sigint_reaches_the_root_fiber)
{
    ck_assert_int_eq(in_child(interrupt_the_root, NULL, NULL, 0), 0);
}
END_TEST

static void
ignore_interrupts(void *arg)
{
    (void)arg;
    default_sigint();
    gruvi_hub_set_ignore_interrupt(gruvi_get_hub(), true);
    ck_assert(gruvi_hub_ignore_interrupt(gruvi_get_hub()));
    raise(SIGINT);
    ck_assert_int_eq(gruvi_sleep(0.002), 0);
    close_hub();
}

START_TEST(test_sigint_can_be_ignored)
{
    ck_assert_int_eq(in_child(ignore_interrupts, NULL, NULL, 0), 0);
}
END_TEST

static void
inherit_sig_ign(void *arg)
{
    (void)arg;
    signal(SIGINT, SIG_IGN);
    gruvi_get_hub();
    raise(SIGINT);
    ck_assert_int_eq(gruvi_sleep(0.002), 0);
    close_hub();
    ck_assert_ptr_eq(signal(SIGINT, SIG_DFL), SIG_IGN);
}

START_TEST(test_an_inherited_sig_ign_stays)
{
    ck_assert_int_eq(in_child(inherit_sig_ign, NULL, NULL, 0), 0);
}
END_TEST

static void
sleep_in_a_second_hub(void *arg)
{
    *(int *)arg = gruvi_sleep(0.02);
    close_hub();
}

static void
two_hubs(void *arg)
{
    pthread_t thread;
    int err = 1;

    (void)arg;
    default_sigint();
    gruvi_get_hub();
    thread = begin_thread(sleep_in_a_second_hub, &err);
    raise(SIGINT);
    ck_assert_int_eq(gruvi_sleep(GRUVI_FOREVER), UV_EINTR);
    end_thread(thread);
    ck_assert_int_eq(err, 0);
    close_hub();
}

START_TEST(test_of_two_hubs_the_first_hears_sigint)
{
    ck_assert_int_eq(in_child(two_hubs, NULL, NULL, 0), 0);
}
END_TEST

static void
abandon_fibers(void *arg)
{
    gruvi_hub_t *theirs;

    (void)arg;
    in_thread(leave_without_closing, &theirs);
    ck_assert_str_eq(recorded(), "accepted");
    ck_assert_int_eq(gruvi_hub_run_callback(theirs, note, "x"), UV_ESHUTDOWN);
    gruvi_hub_unref(theirs);
    /* It leaks on purpose: no leak check in this child. */
    _exit(0);
}

START_TEST(test_a_thread_that_leaves_fibers_behind_harms_nobody)
{
    ck_assert_int_eq(in_child(abandon_fibers, NULL, NULL, 0), 0);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("interrupt");
    TCase *tc = tcase_create("interrupt");

    tcase_add_test(tc, test_a_signal_is_seen_whichever_fiber_it_meets);
    tcase_add_test(tc, test_sigint_reaches_the_root_fiber);
    tcase_add_test(tc, test_sigint_can_be_ignored);
    tcase_add_test(tc, test_an_inherited_sig_ign_stays);
    tcase_add_test(tc, test_of_two_hubs_the_first_hears_sigint);
    tcase_add_test(tc, test_a_thread_that_leaves_fibers_behind_harms_nobody);
    suite_add_tcase(suite, tc);
    return run_suite(suite);
}
