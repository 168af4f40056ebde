/* SPDX-License-Identifier: MIT */
/* Hubs that do not turn: how they are named, and how gruvid ends with them. */
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "daemon/run_gruvid.h"

/* Deadlines that a test can wait for. */
#define SOON "drain_timeout = 200ms\ncancel_timeout = 300ms\n"

#define ROGUE(where, act) "[plugin rogue]\nwhere = " where "\nact = " act "\n"

static bool
tells_system_calls(void)
{
    return access("/proc/self/syscall", R_OK) == 0;
}

static bool
has_sanitizer(void)
{
    const char *flags = getenv("SANITIZER_FLAGS");

    return flags != NULL && flags[0] != '\0';
}

/* --- stalls --------------------------------------------------------------- */

/* Whether the line with text has another text, too. */
static void
line_has(const struct gruvid *g, const char *text, const char *other)
{
    const char *line = strstr(g->log, text), *at, *end;

    ck_assert_ptr_nonnull(line);
    end = strchr(line, '\n');
    ck_assert_ptr_nonnull(end);
    at = strstr(line, other);
    ck_assert_msg(at != NULL && at < end,
                  "no \"%s\" in the line of \"%s\":\n%s", other, text, g->log);
}

START_TEST(test_a_fiber_that_computes_is_named_with_its_stack)
{
    struct gruvid *g = gruvid_begin(ROGUE("fiber", "spin"), NULL);

    gruvid_says(g, "warning rogue[worker]: stall of ");
    gruvid_says(g, "rogue.so is build ");
    line_has(g, "stall of",
             "plugin rogue, generation 1, fiber worker, computing; stack: ");
    if (has_sanitizer())
        return; /* whose functions are on top, without frame pointers */
    line_has(g, "stall of", "stack: rogue_spin+");
    line_has(g, "stall of", ") < rogue");
}
END_TEST

START_TEST(test_a_fiber_in_a_system_call_is_named_with_the_call)
{
    struct gruvid *g = gruvid_begin(ROGUE("fiber", "read"), NULL);

    if (!tells_system_calls())
        return;
    gruvid_says(g, "warning rogue[worker]: stall of ");
    gruvid_says(g, "rogue.so is build ");
    line_has(g, "stall of", "fiber worker, in read of descriptor ");
    line_has(g, "stall of", "(pipe:[");
    if (!has_sanitizer())
        line_has(g, "stall of", "rogue_read+");
}
END_TEST

START_TEST(test_a_start_and_a_stop_are_watched_as_well)
{
    struct gruvid *g = gruvid_begin(ROGUE("start", "spin_once"), NULL);

    gruvid_says(g, "fiber start, computing; stack: ");
    gruvid_says(g, "ready");
    ck_assert_int_eq(gruvid_stop(g, SIGTERM), 0);
    g = gruvid_ready(ROGUE("stop", "spin_once"), NULL);
    ck_assert_int_eq(gruvid_stop(g, SIGTERM), 0);
    gruvid_says(g, "fiber stop, computing; stack: ");
}
END_TEST

START_TEST(test_a_callback_is_named_by_its_stack)
{
    struct gruvid *g = gruvid_begin(ROGUE("callback", "spin"), NULL);

    gruvid_says(g, "stall of ");
    gruvid_says(g, "\n");
    line_has(g, "stall of",
             "code of plugin rogue, fiber Hub, computing; stack: ");
    line_has(g, "stall of", "rogue_spin+");
}
END_TEST

START_TEST(test_a_thread_that_does_not_answer_is_named_without_a_stack)
{
    struct gruvid *g = gruvid_begin(ROGUE("fiber", "deaf"), NULL);

    gruvid_says(g, "warning rogue[worker]: stall of ");
    gruvid_says(g, "plugin rogue, generation 1, fiber worker, computing; "
                   "rogue.so is build ");
}
END_TEST

START_TEST(test_the_hub_is_named_where_there_are_two)
{
    struct gruvid *g =
        gruvid_begin("[gruvid]\nhubs = 2\n" ROGUE("fiber", "spin_once"), NULL);

    gruvid_says(g, "warning hub 1 rogue[worker]: stall of ");
}
END_TEST

START_TEST(test_a_hub_that_does_not_answer_a_stop_is_named)
{
    struct gruvid *g = gruvid_ready(
        "[gruvid]\nhubs = 2\nstall_warning = 0\n" SOON ROGUE("second", "spin"),
        NULL);

    ck_assert_int_eq(gruvid_stop(g, SIGTERM), 75);
    gruvid_says(g, "hub 2 does not answer");
    gruvid_says(g, "error hub 2 rogue[worker]: left behind, it keeps its hub: "
                   "plugin rogue, generation 1, fiber worker, computing; ");
}
END_TEST

START_TEST(test_0_logs_no_stall)
{
    struct gruvid *g = gruvid_begin(
        "[gruvid]\nstall_warning = 0\n" ROGUE("fiber", "spin_once"), NULL);

    gruvid_says(g, "spun");
    gruvid_says(g, "ready");
    ck_assert_int_eq(gruvid_stop(g, SIGTERM), 0);
    ck_assert_uint_eq(gruvid_said(g, "stall"), 0);
}
END_TEST

START_TEST(test_a_stall_may_end_gruvid_with_a_core)
{
    struct gruvid *g = gruvid_begin(
        "[gruvid]\nstall_action = abort\n" ROGUE("fiber", "spin"), NULL);

    ck_assert_int_eq(gruvid_wait(g), 128 + SIGABRT);
    gruvid_says(g, "stall of ");
}
END_TEST

static void
write_text(const char *path, const char *text)
{
    FILE *file = fopen(path, "w");

    ck_assert_ptr_nonnull(file);
    fputs(text, file);
    ck_assert_int_eq(fclose(file), 0);
}

/* Until gruvid has looked often; it wakes for nothing else. */
static void
let_it_look(const struct gruvid *g, unsigned long times)
{
    char path[64];
    unsigned long begun = 0, now;

    snprintf(path, sizeof path, "/proc/%d/task", g->pid);
    do {
        /* All its threads: one of them is the one that looks. */
        char command[160], text[64] = "";
        FILE *sum;

        snprintf(command, sizeof command,
                 "cat %s/*/status 2>/dev/null | awk '/^voluntary/ {n += $2} "
                 "END {print n}'",
                 path);
        sum = popen(command, "r");
        ck_assert_ptr_nonnull(sum);
        if (fgets(text, sizeof text, sum) == NULL)
            text[0] = '\0';
        pclose(sum);
        now = strtoul(text, NULL, 10);
        if (begun == 0)
            begun = now;
    } while (now < begun + times && usleep(10000) == 0);
}

START_TEST(test_a_reload_sets_the_limit)
{
    struct gruvid *g = gruvid_ready(
        "[gruvid]\nstall_warning = 0\n" ROGUE("stop", "spin_once"), NULL);

    write_text(gruvid_path(g, "gruvid.conf"),
               "[gruvid]\nstall_warning = 50ms\n" ROGUE("stop", "spin_once"));
    gruvid_signal(g, SIGHUP);
    gruvid_says(g, "reload 1 is done");
    let_it_look(g, 4); /* it looked seldom before */
    ck_assert_int_eq(gruvid_stop(g, SIGTERM), 0);
    gruvid_says(g, "stall of ");
}
END_TEST

/* --- what is no stall ----------------------------------------------------- */

/* All takes ten times as long with ThreadSanitizer, and a start alone computes
 * for 20 ms. */
#ifdef __SANITIZE_THREAD__
#define KEEN_TIME "200ms"
#else
#define KEEN_TIME "20ms"
#endif
#define KEEN "[gruvid]\nstall_warning = " KEEN_TIME "\n"

START_TEST(test_a_hub_that_waits_for_events_does_not_stall)
{
    struct gruvid *g = gruvid_ready(KEEN ROGUE("fiber", "none"), NULL);

    let_it_look(g, 20);
    ck_assert_int_eq(gruvid_stop(g, SIGTERM), 0);
    ck_assert_uint_eq(gruvid_said(g, "stall"), 0);
}
END_TEST

START_TEST(test_a_process_that_was_stopped_has_no_stall)
{
    struct gruvid *g = gruvid_ready(KEEN ROGUE("fiber", "none"), NULL);
    int status;

    for (int i = 0; i < 10; i++) {
        gruvid_signal(g, SIGSTOP);
        ck_assert_int_eq(waitpid(g->pid, &status, WUNTRACED), g->pid);
        ck_assert(WIFSTOPPED(status));
        usleep(2500u * (unsigned)atoi(KEEN_TIME)); /* longer than that */
        gruvid_signal(g, SIGCONT);
        let_it_look(g, 2);
    }
    ck_assert_int_eq(gruvid_stop(g, SIGTERM), 0);
    ck_assert_uint_eq(gruvid_said(g, "stall"), 0);
}
END_TEST

/* The number in a line, in milliseconds. */
static unsigned long
said_length(struct gruvid *g)
{
    return strtoul(gruvid_says(g, "stall of "), NULL, 10);
}

START_TEST(test_what_a_process_was_stopped_for_does_not_count)
{
    struct gruvid *g = gruvid_begin(
        "[gruvid]\nstall_warning = 1s\n" ROGUE("fiber", "read"), NULL);

    if (!tells_system_calls())
        return;
    gruvid_says(g, "worker runs");
    let_it_look(g, 2); /* so that it knows of the turn */
    gruvid_signal(g, SIGSTOP);
    usleep(2000000);
    gruvid_signal(g, SIGCONT);
    ck_assert_uint_lt(said_length(g), 2000);
}
END_TEST

static pid_t
load_a_core(void)
{
    pid_t pid = fork();

    if (pid == 0) {
        alarm(60);
        for (;;)
            ;
    }
    return pid;
}

/* A connection has gruvid turn, and each turn waits for a processor. */
static void
echo_often(struct gruvid *g)
{
    int fd = connect_to(g, 0);

    for (int i = 0; i < 50; i++) {
        send_text(fd, "x");
        expect_text(fd, "x");
    }
    close(fd);
}

START_TEST(test_a_hub_that_gets_no_processor_has_no_stall)
{
    pid_t load[4];
    struct gruvid *g =
        gruvid_ready(KEEN "[plugin trial]\nlisten = tcp://127.0.0.1:0\n", NULL);

    for (size_t i = 0; i < 4; i++)
        load[i] = load_a_core();
    echo_often(g);
    let_it_look(g, 20);
    for (size_t i = 0; i < 4; i++) {
        kill(load[i], SIGKILL);
        waitpid(load[i], NULL, 0);
    }
    ck_assert_int_eq(gruvid_stop(g, SIGTERM), 0);
    ck_assert_uint_eq(gruvid_said(g, "stall"), 0);
}
END_TEST

/* --- the stop ------------------------------------------------------------- */

START_TEST(test_sigterm_ends_a_gruvid_whose_first_hub_spins)
{
    struct gruvid *g =
        gruvid_begin("[gruvid]\n" SOON ROGUE("fiber", "spin"), NULL);

    gruvid_says(g, "worker runs");
    ck_assert_int_eq(gruvid_stop(g, SIGTERM), 75);
    gruvid_says(g, "error rogue[worker]: the stop is overdue: hub 1 has not "
                   "turned for ");
    line_has(g, "is overdue",
             "plugin rogue, generation 1, fiber worker, computing; stack: ");
    line_has(g, "is overdue", "; rogue.so is build ");
}
END_TEST

/* What "gruvictl stop" says. */
static void
run_gruvictl_stop(const struct gruvid *g, char *said, size_t size)
{
    const char *dir = getenv("top_builddir");
    char command[512];
    FILE *file;
    size_t n;

    snprintf(command, sizeof command,
             "%s/tools/gruvictl/gruvictl -s %s stop 2>&1",
             dir != NULL ? dir : ".", gruvid_path(g, "control"));
    file = popen(command, "r");
    ck_assert_ptr_nonnull(file);
    n = fread(said, 1, size - 1, file);
    said[n] = '\0';
    ck_assert_int_eq(pclose(file), 0);
}

START_TEST(test_gruvictl_stop_does_so_too)
{
    struct gruvid *g = gruvid_begin(
        "[gruvid]\ncontrol = @DIR@/control\n" SOON ROGUE("fiber", "spin"),
        NULL);
    char said[1024];

    gruvid_says(g, "worker runs");
    run_gruvictl_stop(g, said, sizeof said);
    ck_assert_msg(strstr(said, "it was sent SIGTERM") != NULL, "%s", said);
    ck_assert_msg(strstr(said, "it has ended") != NULL, "%s", said);
    ck_assert_int_eq(gruvid_wait(g), 75);
    gruvid_says(g, "is overdue");
}
END_TEST

START_TEST(test_sigint_does_so_too)
{
    struct gruvid *g = gruvid_begin(
        "[gruvid]\nstall_warning = 0\n" SOON ROGUE("fiber", "spin"), NULL);

    gruvid_says(g, "worker runs");
    ck_assert_int_eq(gruvid_stop(g, SIGINT), 75);
    gruvid_says(g, "fiber worker, computing; ");
}
END_TEST

START_TEST(test_a_first_hub_in_a_system_call_does_not_keep_gruvid)
{
    struct gruvid *g =
        gruvid_begin("[gruvid]\n" SOON ROGUE("fiber", "sleep"), NULL);

    if (!tells_system_calls())
        return;
    gruvid_says(g, "fiber worker, in clock_nanosleep");
    ck_assert_int_eq(gruvid_stop(g, SIGTERM), 75);
    line_has(g, "is overdue", "fiber worker, in clock_nanosleep");
}
END_TEST

START_TEST(test_a_stop_or_cancelled_fiber_that_spins_does_not_keep_gruvid)
{
    struct gruvid *g =
        gruvid_ready("[gruvid]\n" SOON ROGUE("stop", "spin"), NULL);

    ck_assert_int_eq(gruvid_stop(g, SIGTERM), 75);
    gruvid_says(g, "fiber stop, computing; ");
    g = gruvid_ready("[gruvid]\n" SOON ROGUE("cancelled", "spin"), NULL);
    ck_assert_int_eq(gruvid_stop(g, SIGTERM), 75);
    gruvid_says(g, "fiber worker, computing; ");
}
END_TEST

START_TEST(test_a_start_that_spins_does_not_keep_gruvid)
{
    struct gruvid *g =
        gruvid_begin("[gruvid]\n" SOON ROGUE("start", "spin"), NULL);

    gruvid_says(g, "stall of ");
    ck_assert_int_eq(gruvid_stop(g, SIGTERM), 75);
    gruvid_says(g, "fiber start, computing; ");
}
END_TEST

START_TEST(test_a_hub_that_comes_to_turn_again_stops_as_usual)
{
    struct gruvid *g = gruvid_begin(
        "[gruvid]\ndrain_timeout = 0\n" ROGUE("fiber", "spin_once"), NULL);

    gruvid_says(g, "worker runs");
    ck_assert_int_eq(gruvid_stop(g, SIGTERM), 0);
    gruvid_says(g, "plugin rogue has stopped");
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("watch");
    TCase *stalls = gruvid_case(suite, "stalls"), *none, *stop;

    tcase_add_test(stalls, test_a_fiber_that_computes_is_named_with_its_stack);
    tcase_add_test(stalls,
                   test_a_fiber_in_a_system_call_is_named_with_the_call);
    tcase_add_test(stalls, test_a_start_and_a_stop_are_watched_as_well);
    tcase_add_test(stalls, test_a_callback_is_named_by_its_stack);
    tcase_add_test(stalls,
                   test_a_thread_that_does_not_answer_is_named_without_a_stack);
    tcase_add_test(stalls, test_the_hub_is_named_where_there_are_two);
    tcase_add_test(stalls, test_0_logs_no_stall);
    tcase_add_test(stalls, test_a_stall_may_end_gruvid_with_a_core);
    tcase_add_test(stalls, test_a_reload_sets_the_limit);
    none = gruvid_case(suite, "no stalls");
    tcase_add_test(none, test_a_hub_that_waits_for_events_does_not_stall);
    tcase_add_test(none, test_a_process_that_was_stopped_has_no_stall);
    tcase_add_test(none, test_what_a_process_was_stopped_for_does_not_count);
    tcase_add_test(none, test_a_hub_that_gets_no_processor_has_no_stall);
    stop = gruvid_case(suite, "stop");
    tcase_add_test(stop, test_sigterm_ends_a_gruvid_whose_first_hub_spins);
    tcase_add_test(stop, test_gruvictl_stop_does_so_too);
    tcase_add_test(stop, test_sigint_does_so_too);
    tcase_add_test(stop,
                   test_a_first_hub_in_a_system_call_does_not_keep_gruvid);
    tcase_add_test(
        stop, test_a_stop_or_cancelled_fiber_that_spins_does_not_keep_gruvid);
    tcase_add_test(stop, test_a_start_that_spins_does_not_keep_gruvid);
    tcase_add_test(stop, test_a_hub_that_does_not_answer_a_stop_is_named);
    tcase_add_test(stop, test_a_hub_that_comes_to_turn_again_stops_as_usual);
    return run_suite(suite);
}
