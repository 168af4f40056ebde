/* SPDX-License-Identifier: MIT */
/* Crashes in a plugin: what the log says, and that the end is the same as
 * without. */
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/run_gruvid.h"

#define ROGUE(where, act) "[plugin rogue]\nwhere = " where "\nact = " act "\n"

/* Sanitizers report faults themselves. */
static bool
has_sanitizer(void)
{
    const char *flags = getenv("SANITIZER_FLAGS");

    return flags != NULL && flags[0] != '\0';
}

static struct gruvid *
crashes(const char *config, int signum)
{
    struct gruvid *g = gruvid_run(config, NULL);

    ck_assert_msg(g->status == 128 + signum, "status %d; the log:\n%s",
                  g->status, g->log);
    return g;
}

START_TEST(test_a_crash_is_reported_with_plugin_fiber_and_stack)
{
    struct gruvid *g;

    if (has_sanitizer())
        return;
    g = crashes(ROGUE("fiber", "segv"), SIGSEGV);
    gruvid_says(g,
                "error rogue[worker]: crash: SIGSEGV at address 0x20 "
                "(nothing is mapped there): plugin rogue, generation 1, fiber "
                "worker, thread gruvid\n");
    gruvid_says(g, "error rogue[worker]: crash: #0 rogue_store+");
    gruvid_says(g, "crash: #1 rogue");
    gruvid_says(g, "error rogue[worker]: crash: rogue.so is build ");
    gruvid_says(g, "crash: libgruvi.so.0 is build ");
    /* Once, though stderr is the log. */
    ck_assert_uint_eq(gruvid_said(g, "crash: SIGSEGV"), 1);
    ck_assert_uint_eq(gruvid_said(g, "rogue.so is build"), 1);
    /* The lines before it come before it. */
    ck_assert(strstr(g->log, "worker runs") < strstr(g->log, "crash: "));
}
END_TEST

START_TEST(test_each_signal_ends_as_without_a_report)
{
    struct gruvid *g;

    if (has_sanitizer())
        return;
    g = crashes(ROGUE("fiber", "abort"), SIGABRT);
    gruvid_says(g, "crash: SIGABRT, raised by itself: plugin rogue, ");
    /* Beyond libc, which keeps no frame pointers. */
    gruvid_says(g, " abort+");
    gruvid_says(g, " rogue.so+0x");
    gruvid_says(g, "rogue.so is build ");
#if defined(__x86_64__)
    /* By call frame information. */
    ck_assert_uint_eq(gruvid_said(g, "guesses"), 0);
    g = crashes(ROGUE("fiber", "fpe"), SIGFPE);
    gruvid_says(g, "crash: SIGFPE at address ");
    gruvid_says(g, "(a division by zero): plugin rogue, ");
    g = crashes(ROGUE("fiber", "strlen"), SIGSEGV);
    gruvid_says(g, "crash: #1 rogue_length+");
    g = crashes(ROGUE("fiber", "ill"), SIGILL);
    gruvid_says(g, "crash: SIGILL at address ");
#endif
}
END_TEST

START_TEST(test_a_signal_that_was_sent_is_reported_with_its_sender)
{
    struct gruvid *g;

    if (has_sanitizer())
        return;
    g = gruvid_ready(ROGUE("fiber", "none"), NULL);
    ck_assert_int_eq(gruvid_stop(g, SIGBUS), 128 + SIGBUS);
    gruvid_says(g, "crash: SIGBUS, sent by process ");
}
END_TEST

START_TEST(test_a_start_a_callback_and_a_thread_are_told_apart)
{
    struct gruvid *g;

    if (has_sanitizer())
        return;
    g = crashes(ROGUE("start", "segv"), SIGSEGV);
    gruvid_says(g, "plugin rogue, generation 1, fiber start, thread ");
    g = crashes(ROGUE("callback", "segv"), SIGSEGV);
    gruvid_says(g, "code of plugin rogue, fiber Hub, thread ");
    gruvid_says(g, "rogue_store+");
    g = crashes(ROGUE("thread", "segv"), SIGSEGV);
    gruvid_says(g, "error rogue: crash: SIGSEGV");
    gruvid_says(g, "code of plugin rogue, no fiber, thread ");
    gruvid_says(g, "rogue_store+");
    gruvid_says(g, "rogue.so is build ");
}
END_TEST

START_TEST(test_an_overflow_is_reported_as_before_and_as_a_crash)
{
    struct gruvid *g;

    if (has_sanitizer())
        return;
    g = crashes(ROGUE("fiber", "deep"), SIGSEGV);
    gruvid_says(g, "(the stack of the fiber is used up): plugin rogue, ");
    gruvid_says(g, "crash: #1 rogue_deep+");
    gruvid_says(g, "gruvi: stack overflow in fiber \"worker\"");
}
END_TEST

START_TEST(test_a_log_in_a_file_gets_the_report_and_stderr_too)
{
    struct gruvid *g;
    const char *log;

    if (has_sanitizer())
        return;
    g = crashes("[log]\ntarget = file:@DIR@/log\nformat = json\n" ROGUE("fiber",
                                                                        "segv"),
                SIGSEGV);
    gruvid_says(g, "error rogue[worker]: crash: SIGSEGV at address 0x20");
    log = read_text(gruvid_path(g, "log"));
    ck_assert_ptr_nonnull(strstr(log, "\"plugin\":\"rogue\",\"generation\":1,"
                                      "\"fiber\":\"worker\",\"message\":"
                                      "\"crash: SIGSEGV at address 0x20 "));
}
END_TEST

START_TEST(test_on_another_stack_the_report_says_so)
{
    struct gruvid *g;

    if (has_sanitizer())
        return;
    g = crashes(ROGUE("fiber", "foreign"), SIGSEGV);
    gruvid_says(g, "crash: #0 rogue_store+");
    gruvid_says(g, "crash: stack: during a switch between "
                   "fibers, or on a stack that is not a fiber's");
}
END_TEST

START_TEST(test_a_report_that_crashes_ends_the_process)
{
    if (has_sanitizer())
        return;
    crashes(ROGUE("fiber", "wreck_segv"), SIGSEGV);
    crashes(ROGUE("fiber", "wreck_abort"), SIGABRT);
}
END_TEST

START_TEST(test_who_replaces_a_handler_is_named_and_overruled)
{
    struct gruvid *g;

    if (has_sanitizer())
        return;
    g = gruvid_ready(ROGUE("start", "replace"), NULL);
    gruvid_says(g, "plugin rogue has replaced the handler of SIGSEGV by "
                   "rogue.so+");
    gruvid_says(g, "gruvid has put it back");
    gruvid_says(g, "plugin rogue has replaced the handler of SIGTERM by "
                   "nothing: gruvid may not hear it any more");
    ck_assert_int_eq(gruvid_stop(g, SIGINT), 128 + SIGSEGV);
    gruvid_says(g, "fiber stop, thread ");
}
END_TEST

#define RENEW(name, act)                                                       \
    "[plugin " name "]\nmodule = renew\nat_reconfigure = " act "\n"

/* b refuses, so a gets its old options again, and handles. */
START_TEST(test_what_a_reload_has_replaced_is_put_back)
{
    struct gruvid *g;

    if (has_sanitizer())
        return;
    g = gruvid_ready(RENEW("a", "handle") RENEW("b", "good"), NULL);
    gruvid_configure(g, RENEW("a", "good") RENEW("b", "refuse"));
    gruvid_signal(g, SIGHUP);
    gruvid_says(g, "a plugin, or a module that was opened, has replaced the "
                   "handler of SIGSEGV by nothing; gruvid has put it back");
    gruvid_says(g, "reload 1 failed");
    gruvid_configure(g, RENEW("a", "handle") "mark = 2\n" RENEW("b", "good"));
    gruvid_signal(g, SIGHUP);
    gruvid_says(g, "plugin a has replaced the handler of SIGSEGV by nothing");
    gruvid_says(g, "reload 2 is done");
    ck_assert_int_eq(gruvid_stop(g, SIGINT), 0);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("crash");
    TCase *tc = gruvid_case(suite, "reports");

    tcase_add_test(tc, test_a_crash_is_reported_with_plugin_fiber_and_stack);
    tcase_add_test(tc, test_each_signal_ends_as_without_a_report);
    tcase_add_test(tc, test_a_signal_that_was_sent_is_reported_with_its_sender);
    tcase_add_test(tc, test_a_start_a_callback_and_a_thread_are_told_apart);
    tcase_add_test(tc, test_an_overflow_is_reported_as_before_and_as_a_crash);
    tcase_add_test(tc, test_a_log_in_a_file_gets_the_report_and_stderr_too);
    tcase_add_test(tc, test_on_another_stack_the_report_says_so);
    tcase_add_test(tc, test_a_report_that_crashes_ends_the_process);
    tcase_add_test(tc, test_who_replaces_a_handler_is_named_and_overruled);
    tcase_add_test(tc, test_what_a_reload_has_replaced_is_put_back);
    return run_suite(suite);
}
