/* SPDX-License-Identifier: MIT */
/* Log records: what they carry, and which are dropped. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "unit/harness.h"

static struct timespec began;

/* "level hub/fiber/group message", and the time is looked at. */
static void
sink(const gruvi_log_record_t *entry)
{
    struct timespec now;

    clock_gettime(CLOCK_REALTIME, &now);
    ck_assert_int_ge(entry->time.tv_sec, began.tv_sec);
    ck_assert_int_le(entry->time.tv_sec, now.tv_sec);
    ck_assert_int_lt(entry->time.tv_nsec, 1000000000);
    record("%s %s/%s/%s %s", gruvi_log_level_name(entry->level), entry->hub,
           entry->fiber, entry->group, entry->message);
}

static void
use_sink(void)
{
    clock_gettime(CLOCK_REALTIME, &began);
    gruvi_set_log_sink(sink);
}

/* --- what they carry -------------------------------------------------------
 */

HUB_TEST(test_a_record_names_hub_and_fiber)
{
    use_sink();
    gruvi_info("%d and %s", 3, "four");
    ck_assert_str_eq(recorded(), "info Hub/Root/ 3 and four");
}

static int
log_in_fiber(void *arg)
{
    gruvi_warning("%s", (char *)arg);
    return 0;
}

static gruvi_group_t inner;

static int
log_in_inner_group(void *arg)
{
    gruvi_fiber_t *fiber;

    ck_assert_int_eq(gruvi_group_init(&inner, "inner"), 0);
    fiber = gruvi_group_spawn(&inner, log_in_fiber, arg);
    finish(fiber);
    gruvi_group_destroy(&inner);
    return 0;
}

HUB_TEST(test_a_record_names_the_outermost_group)
{
    gruvi_group_t group;

    use_sink();
    ck_assert_int_eq(gruvi_group_init(&group, "plugin"), 0);
    finish(gruvi_group_spawn(&group, log_in_fiber, "one"));
    finish(gruvi_group_spawn(&group, log_in_inner_group, "two"));
    ck_assert_str_eq(recorded(), "warning Hub/Fiber-1/plugin one "
                                 "warning Hub/Fiber-3/plugin two");
    gruvi_group_destroy(&group);
}

static void
log_in_callback(void *arg)
{
    gruvi_error("%s", (char *)arg);
}

HUB_TEST(test_a_callback_logs_as_the_hub)
{
    use_sink();
    ck_assert_int_eq(gruvi_hub_run_callback(hub, log_in_callback, "x"), 0);
    turns(2);
    ck_assert_str_eq(recorded(), "error Hub/Hub/ x");
}

THREAD_TEST(test_a_thread_without_a_hub_logs_without_names)
{
    use_sink();
    gruvi_info("x");
    ck_assert_str_eq(recorded(), "info // x");
    forget();
    /* A root fiber alone is no hub. */
    ck_assert_ptr_nonnull(gruvi_current_fiber());
    gruvi_info("x");
    ck_assert_str_eq(recorded(), "info // x");
}

static char message[2000];

static void
keep_message(const gruvi_log_record_t *entry)
{
    snprintf(message, sizeof message, "%s", entry->message);
}

HUB_TEST(test_a_message_is_cut_to_1023_bytes)
{
    char text[1500];

    gruvi_set_log_sink(keep_message);
    memset(text, 'x', sizeof text);
    text[1023] = '\0';
    gruvi_info("%s", text);
    ck_assert_str_eq(message, text);
    text[1023] = 'y';
    text[1499] = '\0';
    gruvi_info("%s", text);
    ck_assert_uint_eq(strlen(message), 1023);
    ck_assert_ptr_null(strchr(message, 'y'));
}

/* What a peer sent must not look like records of its own. */
HUB_TEST(test_a_message_is_one_line)
{
    gruvi_set_log_sink(keep_message);
    gruvi_info("a line\n");
    ck_assert_str_eq(message, "a line");
    gruvi_info("one\nerror: two\r\nthree\n\n");
    ck_assert_str_eq(message, "one error: two  three");
    gruvi_info("\n");
    ck_assert_str_eq(message, "");
    gruvi_info("a\ttab");
    ck_assert_str_eq(message, "a\ttab");
}

/* --- levels ----------------------------------------------------------------
 */

static int evaluated;

static int
evaluate(void)
{
    return ++evaluated;
}

HUB_TEST(test_levels_above_the_one_set_are_dropped_unevaluated)
{
    static const char *const expected[] = {
        "error Hub/Root/ 1", "error Hub/Root/ 1 warning Hub/Root/ 2",
        "error Hub/Root/ 1 warning Hub/Root/ 2 info Hub/Root/ 3",
        ("error Hub/Root/ 1 warning Hub/Root/ 2 info Hub/Root/ 3 "
         "debug Hub/Root/ 4")};

    use_sink();
    evaluated = 0;
    gruvi_set_log_level((gruvi_log_level_t)i);
    ck_assert_int_eq(gruvi_log_level(), i);
    gruvi_error("%d", evaluate());
    gruvi_warning("%d", evaluate());
    gruvi_info("%d", evaluate());
    gruvi_debug("%d", evaluate());
    ck_assert_int_eq(evaluated, i + 1);
    ck_assert_str_eq(recorded(), expected[i]);
    forget();
    gruvi_log(GRUVI_LOG_DEBUG, "function");
    ck_assert_str_eq(recorded(), i == 3 ? "debug Hub/Root/ function" : "");
}

START_TEST(test_the_level_is_info_at_the_start)
{
    ck_assert_int_eq(gruvi_log_level(), GRUVI_LOG_INFO);
}
END_TEST

START_TEST(test_levels_have_names)
{
    ck_assert_str_eq(gruvi_log_level_name(GRUVI_LOG_ERROR), "error");
    ck_assert_str_eq(gruvi_log_level_name(GRUVI_LOG_WARNING), "warning");
    ck_assert_str_eq(gruvi_log_level_name(GRUVI_LOG_INFO), "info");
    ck_assert_str_eq(gruvi_log_level_name(GRUVI_LOG_DEBUG), "debug");
    ck_assert_ptr_nonnull(gruvi_log_level_name((gruvi_log_level_t)77));
    ck_assert_ptr_nonnull(gruvi_log_level_name((gruvi_log_level_t)-1));
}
END_TEST

/* --- sinks ------------------------------------------------------------------
 */

START_TEST(test_setting_a_sink_returns_the_one_before)
{
    ck_assert(gruvi_set_log_sink(sink) == NULL);
    ck_assert(gruvi_set_log_sink(keep_message) == sink);
    ck_assert(gruvi_set_log_sink(NULL) == keep_message);
    gruvi_error("to nobody");
    ck_assert(gruvi_set_log_sink(NULL) == NULL);
}
END_TEST

/* In this process, whose stderr is another file meanwhile. */
START_TEST(test_there_is_a_sink_for_stderr)
{
    static const char expected[] = "error: first\ninfo: Root: second\n";
    char text[256] = "";
    FILE *file = tmpfile();
    int before = dup(STDERR_FILENO);

    ck_assert_ptr_nonnull(file);
    ck_assert_int_ge(before, 0);
    dup2(fileno(file), STDERR_FILENO);
    gruvi_set_log_sink(gruvi_log_to_stderr);
    gruvi_error("first");
    ck_assert_ptr_nonnull(gruvi_get_hub());
    gruvi_info("second");
    gruvi_debug("third");
    gruvi_set_log_sink(NULL);
    dup2(before, STDERR_FILENO);
    close(before);
    rewind(file);
    ck_assert_uint_eq(fread(text, 1, sizeof text - 1, file),
                      sizeof expected - 1);
    fclose(file);
    ck_assert_str_eq(text, expected);
}
END_TEST

static void
keep_nothing(const gruvi_log_record_t *entry)
{
    ck_assert_ptr_nonnull(entry->message);
}

static void
change_sinks(void *arg)
{
    int n;

    (void)arg;
    for (n = 0; n < 1000; n++) {
        gruvi_set_log_sink(n % 2 == 0 ? keep_nothing : NULL);
        gruvi_set_log_level(n % 3 == 0 ? GRUVI_LOG_ERROR : GRUVI_LOG_DEBUG);
    }
}

THREAD_TEST(test_sink_and_level_may_change_while_others_log)
{
    pthread_t thread = begin_thread(change_sinks, NULL);
    int n;

    for (n = 0; n < 1000; n++)
        gruvi_info("%d", n);
    end_thread(thread);
}

static int
fail_with(void *arg)
{
    return *(int *)arg;
}

static const int statuses[] = {UV_ECONNRESET, -12345, UV_ECANCELED, 0, 1};

HUB_TEST(test_a_fiber_that_fails_is_logged_with_its_name)
{
    gruvi_fiber_options_t options = {.name = "worker"};
    int status = statuses[i];
    gruvi_fiber_t *fiber = gruvi_spawn_ex(fail_with, &status, &options);

    ck_assert_int_eq(finish(fiber), status);
    if (status >= 0 || status == UV_ECANCELED) {
        ck_assert_int_eq(logged(NULL), 0);
        return;
    }
    ck_assert_int_eq(logged("worker"), 1);
    ck_assert_int_eq(logged(gruvi_err_name(status)), 1);
    ck_assert_int_eq(logged(gruvi_strerror(status)), 1);
}

int
main(void)
{
    Suite *suite = suite_create("log");
    TCase *tc = tcase_create("records");

    tcase_add_test(tc, test_a_record_names_hub_and_fiber);
    tcase_add_test(tc, test_a_record_names_the_outermost_group);
    tcase_add_test(tc, test_a_callback_logs_as_the_hub);
    tcase_add_test(tc, test_a_thread_without_a_hub_logs_without_names);
    tcase_add_test(tc, test_a_message_is_cut_to_1023_bytes);
    tcase_add_test(tc, test_a_message_is_one_line);
    suite_add_tcase(suite, tc);
    tc = tcase_create("levels and sinks");
    tcase_add_test(tc, test_the_level_is_info_at_the_start);
    tcase_add_loop_test(
        tc, test_levels_above_the_one_set_are_dropped_unevaluated, 0, 4);
    tcase_add_test(tc, test_levels_have_names);
    tcase_add_test(tc, test_setting_a_sink_returns_the_one_before);
    tcase_add_test(tc, test_there_is_a_sink_for_stderr);
    tcase_add_test(tc, test_sink_and_level_may_change_while_others_log);
    tcase_add_loop_test(tc, test_a_fiber_that_fails_is_logged_with_its_name, 0,
                        sizeof statuses / sizeof *statuses);
    suite_add_tcase(suite, tc);
    return run_suite(suite);
}
