/* SPDX-License-Identifier: MIT */
/* gruvictl: its command line, its commands and its tables. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "daemon/run_gruvictl.h"

#define SERVING CONTROL "[plugin trial]\nlisten = tcp://127.0.0.1:0\n"

/* --- the command line ----------------------------------------------------- */

START_TEST(test_mistakes_of_the_command_line_are_2)
{
    static const char *const lines[][5] = {
        {NULL},
        {"dance"},
        {"restart"},
        {"log-level"},
        {"status", "x"},
        {"status", "--stacks"},
        {"stop", "--no-wait=1"},
        {"connections", "--plugin"},
        {"connections", "--limit", "many"},
        {"connections", "--limit", "-1"},
        {"--timeout", "x", "status"},
        {"status", "-s"},
        {"status", "-s", ""},
        {"log-level", "a", "b", "c"},
        {"restart", "\xff"},
    };

    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
        ck_assert_int_eq(run_gruvictl("/nowhere", lines[i]), 2);
        expect_err("usage: gruvictl");
        ck_assert_str_eq(said.out, "");
    }
}
END_TEST

START_TEST(test_help_and_version_ask_nobody)
{
    static const char *const commands[] = {
        "status",      "plugins", "hubs",      "fibers",   "pools",
        "connections", "config",  "reload",    "restart",  "stop",
        "top",         "trace",   "log-level", "requests",
    };

    ck_assert_int_eq(RUN("/nowhere", "--help"), 0);
    expect_out("\n  log-level * ");
    expect_out("\n  status  ");
    expect_out("/run/gruvid/control.sock");
    ck_assert_uint_le(widest_line(), 80);
    for (size_t i = 0; i < sizeof commands / sizeof *commands; i++) {
        ck_assert_int_eq(RUN("/nowhere", commands[i], "--help"), 0);
        ck_assert_uint_le(widest_line(), 80);
    }
    ck_assert_int_eq(RUN("/nowhere", "connections", "--help"), 0);
    expect_out(
        "usage: gruvictl [-s PATH] [--json] connections [--plugin NAME]");
    ck_assert_int_eq(RUN("/nowhere", "log-level", "-h"), 0);
    expect_out("log-level LEVEL [PLUGIN]\n");
    expect_out("for root and for gruvid's own user only");
    ck_assert_int_eq(RUN("/nowhere", "--version"), 0);
    expect_out("gruvictl ");
}
END_TEST

START_TEST(test_nobody_there_is_69_and_says_what_to_check)
{
    char path[200];

    memset(path, 'x', sizeof path - 1);
    path[sizeof path - 1] = '\0';
    ck_assert_int_eq(RUN("/nowhere/control.sock", "status"), 69);
    expect_err("/nowhere/control.sock: nobody is there.");
    expect_err("[gruvid] control");
    ck_assert_int_eq(RUN(path, "status"), 69);
    expect_err("too long");
    setenv("GRUVID_CONTROL", "/elsewhere", 1);
    ck_assert_int_eq(RUN(NULL, "status"), 69);
    expect_err("/elsewhere: nobody");
    setenv("GRUVID_CONTROL", "", 1);
    ck_assert_int_eq(RUN(NULL, "--help"), 0);
}
END_TEST

START_TEST(test_what_is_no_socket_is_named_so)
{
    static const char *const paths[] = {"/", "/dev/null", "/proc/self/stat"};

    for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
        ck_assert_int_eq(RUN(paths[i], "status"), 69);
        expect_err(": this is no socket");
        ck_assert_ptr_null(strstr(said.err, "killed"));
    }
}
END_TEST

START_TEST(test_what_a_killed_gruvid_has_left_is_69)
{
    struct gruvid *g = gruvid_ready(CONTROL, NULL);

    gruvid_stop(g, SIGKILL);
    ck_assert_int_eq(RUN(gruvid_path(g, "control.sock"), "status"), 69);
    expect_err("nobody is there any more");
}
END_TEST

/* --- with a gruvid -------------------------------------------------------- */

START_TEST(test_each_command_shows_something)
{
    struct gruvid *g = gruvid_ready(SERVING, NULL);
    const char *path = gruvid_path(g, "control.sock");

    ck_assert_int_eq(RUN(path, "status"), 0);
    expect_out(": serving, up for ");
    expect_out("\nconnections: 0, of them parked: 0, accepted so far: 0\n");
    ck_assert_int_eq(RUN(path, "plugins"), 0);
    expect_out("PLUGIN  GEN  STATE ");
    expect_out("\ntrial     1  serving ");
    ck_assert_int_eq(RUN(path, "hubs"), 0);
    expect_out("HUB  ANSWERS");
    ck_assert_int_eq(RUN(path, "pools"), 0);
    expect_out("\nio  ");
    ck_assert_int_eq(RUN(path, "requests"), 0);
    expect_out("no request\n");
    ck_assert_int_eq(RUN(path, "config"), 0);
    expect_out("[plugin trial]\n");
    expect_out("\nlisten = tcp://127.0.0.1:0  ; ");
    expect_out("\n;serve = echo\n");
    ck_assert_int_eq(RUN(path, "log", "--lines", "50"), 0);
    expect_out("Z info hub 1 [Root]: ready\n");
    ck_assert_int_eq(RUN(path, "log-level", "debug", "trial"), 0);
    expect_out("log level of plugin trial: debug, was info\n");
    ck_assert_int_eq(RUN(path, "reload"), 0);
    expect_out("reload 1: taken in ");
    ck_assert_int_eq(RUN(path, "status"), 0);
    expect_out("last reload: ");
    ck_assert_int_eq(RUN(path, "top", "--count", "2", "--seconds", "0.01"), 0);
    expect_out("ACCEPTED/S");
}
END_TEST

START_TEST(test_refusals_are_1_with_the_reason)
{
    struct gruvid *g = gruvid_ready(SERVING, NULL);
    const char *path = gruvid_path(g, "control.sock");

    ck_assert_int_eq(RUN(path, "log-level", "loud"), 1);
    expect_err("gruvictl: \"loud\" is not a level");
    ck_assert_int_eq(RUN(path, "restart", "nobody"), 1);
    expect_err("there is no plugin \"nobody\"");
    ck_assert_str_eq(said.out, "");
}
END_TEST

/* A look that goes on without end ends, too. */
START_TEST(test_output_that_cannot_be_written_is_1)
{
    static const char *const lines[][5] = {
        {"status"},
        {"--json", "plugins"},
        {"top", "--seconds", "0.01"},
        {"--json", "top", "--seconds", "0.01"},
        {"--help"},
    };
    struct gruvid *g = gruvid_ready(SERVING, NULL);

    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
        ck_assert_int_eq(
            run_with(1, "/dev/full", gruvid_path(g, "control.sock"), lines[i]),
            1);
        expect_err("gruvictl: the output cannot be written: No space left");
        if (strcmp(lines[i][0], "top") == 0)
            continue;
        ck_assert_int_eq(
            run_with(1, NULL, gruvid_path(g, "control.sock"), lines[i]), 1);
        expect_err("gruvictl: the output cannot be written: Bad file");
    }
}
END_TEST

START_TEST(test_a_reload_that_fails_prints_every_reason)
{
    struct gruvid *g = gruvid_ready(SERVING, NULL);
    FILE *file = fopen(gruvid_path(g, "gruvid.conf"), "a");

    fputs("colour = red\nwhole = many\n", file);
    fclose(file);
    ck_assert_int_eq(RUN(gruvid_path(g, "control.sock"), "reload"), 1);
    expect_err("the reload has failed, for 2 reasons; the old configuration");
    expect_err("colour: unknown key");
    expect_err("whole: ");
    ck_assert_int_eq(RUN(gruvid_path(g, "control.sock"), "status"), 0);
    expect_out("refused after ");
}
END_TEST

#define RENEW(name, act)                                                       \
    "[plugin " name "]\nmodule = renew\nat_reconfigure = " act "\n"

/* b refuses, and then a refuses to take its old options again. */
START_TEST(test_a_plugin_that_is_inconsistent_is_to_be_restarted)
{
    struct gruvid *g =
        gruvid_ready(CONTROL RENEW("a", "refuse") RENEW("b", "good"), NULL);
    char path[100];

    snprintf(path, sizeof path, "%s", gruvid_path(g, "control.sock"));
    gruvid_configure(g, CONTROL RENEW("a", "good") RENEW("b", "refuse"));
    ck_assert_int_eq(RUN(path, "reload"), 1);
    ck_assert_int_eq(RUN(path, "plugins"), 0);
    expect_out("a, generation 1: a reload was undone, and it did not take its "
               "old values again; restart it");
    gruvid_configure(g, CONTROL RENEW("a", "good") RENEW("b", "good"));
    ck_assert_int_eq(RUN(path, "restart", "a"), 0);
    ck_assert_int_eq(RUN(path, "plugins"), 0);
    ck_assert_ptr_null(strstr(said.out, "restart it"));
    ck_assert_int_eq(gruvid_stop(g, SIGTERM), 0);
}
END_TEST

/* The rest is taken. */
START_TEST(test_a_reload_says_what_needs_a_restart_and_is_no_failure)
{
    struct gruvid *g = gruvid_ready(SERVING, NULL);
    const char *path = gruvid_path(g, "control.sock");

    gruvid_configure(g, CONTROL "hubs = 2\nuser = nobody\n"
                                "[fibers]\nstack_size = 1M\n"
                                "[plugin trial]\nwhole = 77\n");
    ck_assert_int_eq(RUN(path, "reload"), 0);
    expect_out("gruvid.hubs stays \"1\": restart gruvid to have \"2\"\n");
    expect_out("gruvid.user stays \"\": restart gruvid to have \"nobody\"\n");
    expect_out("fibers.stack_size stays \"128K\": restart gruvid to have "
               "\"1M\"\n");
    ck_assert_str_eq(said.err, "");
    gruvid_says(g, "gruvid.user stays \"\": restart gruvid to have");
    ck_assert_int_eq(RUN(path, "config"), 0);
    expect_out("\nwhole = 77  ; ");
}
END_TEST

START_TEST(test_fibers_are_shown_by_group_also_where_there_are_none)
{
    struct gruvid *g = gruvid_ready(
        SERVING "[plugin parked]\nfibers = 50\n[plugin silent]\n", NULL);
    const char *path = gruvid_path(g, "control.sock");

    ck_assert_int_eq(RUN(path, "fibers", "--group", "--plugin", "parked"), 0);
    expect_out("50 ");
    expect_out("event");
    ck_assert_ptr_null(strstr(said.out, "trial"));
    ck_assert_int_eq(RUN(path, "fibers", "--group", "--plugin", "silent"), 0);
    ck_assert_ptr_null(strstr(said.out, "event"));
    ck_assert_int_eq(RUN(path, "fibers", "--group", "--plugin", "nobody"), 1);
    expect_err("there is no plugin \"nobody\"");
}
END_TEST

START_TEST(test_json_is_one_line_for_scripts)
{
    struct gruvid *g = gruvid_ready(SERVING, NULL);

    ck_assert_int_eq(RUN(gruvid_path(g, "control.sock"), "--json", "plugins"),
                     0);
    ck_assert_int_eq(said.out[0], '{');
    ck_assert_str_eq(strchr(said.out, '\n'), "\n");
    expect_out("\"plugins\":[{\"plugin\":\"trial\"");
    expect_out("\"modules\":[");
    ck_assert_ptr_null(strstr(said.out, "\"more\""));
}
END_TEST

START_TEST(test_stop_returns_when_the_process_has_ended)
{
    struct gruvid *g = gruvid_ready(SERVING, NULL);

    ck_assert_int_eq(RUN(gruvid_path(g, "control.sock"), "stop"), 0);
    ck_assert_int_eq(waitpid(g->pid, &g->status, WNOHANG), g->pid);
    g->pid = 0;
    ck_assert_int_eq(g->status, 0);
    ck_assert_str_eq(said.err, "");
}
END_TEST

/* Something else ends it: it says nothing more. */
START_TEST(test_stop_returns_when_the_process_is_killed)
{
    struct gruvid *g = gruvid_ready(SERVING, NULL);
    int held = connect_to(g, 0), status;
    pid_t pid;

    send_text(held, "x\n");
    expect_text(held, "x\n");
    pid = fork();
    if (pid == 0)
        become_gruvictl(gruvid_path(g, "control.sock"),
                        (const char *const[]){"stop", NULL});
    gruvid_says(g, "1 connection left");
    gruvid_stop(g, SIGKILL);
    ck_assert_int_eq(waitpid(pid, &status, 0), pid);
    ck_assert_int_eq(status, 0);
    close(held);
}
END_TEST

/* On a terminal it says what the stop waits for. */
START_TEST(test_stop_says_how_far_it_is)
{
    struct gruvid *g =
        gruvid_ready(CONTROL "drain_timeout = 2s\n"
                             "[plugin trial]\nlisten = tcp://127.0.0.1:0\n",
                     NULL);
    int held = connect_to(g, 0);

    send_text(held, "x\n");
    expect_text(held, "x\n");
    ck_assert_int_eq(run_on_terminal(gruvid_path(g, "control.sock"), 80,
                                     (const char *const[]){"stop", NULL}),
                     0);
    expect_out("stopping: connections drain; connections: 1");
    close(held);
}
END_TEST

START_TEST(test_stop_says_how_gruvid_has_ended)
{
    struct gruvid *g = gruvid_ready("[gruvid]\ncontrol = @DIR@/control.sock\n"
                                    "cancel_timeout = 10ms\n"
                                    "[plugin trial]\nfiber = stubborn\n",
                                    NULL);

    ck_assert_int_eq(RUN(gruvid_path(g, "control.sock"), "stop"), 0);
    expect_err("has ended with status 75");
    ck_assert_int_eq(gruvid_wait(g), 75);
}
END_TEST

/* gruvid has no place: it says so, and closes, and reads no request. */
START_TEST(test_a_gruvid_without_a_place_says_so)
{
    struct gruvid *g = gruvid_ready(CONTROL, NULL);
    int fds[68];

    for (size_t i = 0; i < sizeof fds / sizeof *fds; i++) {
        fds[i] = connect_control(g);
        expect_answer(ask(fds[i], "{\"do\":\"hello\"}"), "\"ok\":true");
    }
    ck_assert_int_eq(RUN(gruvid_path(g, "control.sock"), "status"), 1);
    expect_err("has 68 connections already");
    for (size_t i = 0; i < sizeof fds / sizeof *fds; i++)
        close(fds[i]);
}
END_TEST

/* --- terminals ------------------------------------------------------------ */

START_TEST(test_tables_fit_the_terminal)
{
    struct gruvid *g = gruvid_ready(
        SERVING "[plugin a-plugin-with-a-name-of-some-30]\nmodule = trial\n",
        NULL);
    static const unsigned short widths[] = {200, 100, 80, 60, 40, 30};

    for (size_t i = 0; i < sizeof widths / sizeof *widths; i++) {
        ck_assert_int_eq(
            run_on_terminal(gruvid_path(g, "control.sock"), widths[i],
                            (const char *const[]){"plugins", NULL}),
            0);
        ck_assert_uint_le(widest_line(), widths[i]);
        expect_out("PLUGIN");
        expect_out("STATE");
    }
}
END_TEST

START_TEST(test_colours_are_for_terminals_only)
{
    struct gruvid *g = gruvid_ready(SERVING, NULL);
    const char *path = gruvid_path(g, "control.sock");
    static const char *const plugins[] = {"plugins", NULL};

    run_on_terminal(path, 80, plugins);
    expect_out("\033[32mserving");
    setenv("NO_COLOR", "1", 1);
    run_on_terminal(path, 80, plugins);
    ck_assert_ptr_null(strchr(said.out, '\033'));
    unsetenv("NO_COLOR");
    RUN(path, "plugins");
    ck_assert_ptr_null(strchr(said.out, '\033'));
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("gruvictl");
    TCase *tc = gruvid_case(suite, "command line");

    unsetenv("GRUVID_CONTROL");
    unsetenv("NO_COLOR");
    tcase_add_test(tc, test_mistakes_of_the_command_line_are_2);
    tcase_add_test(tc, test_help_and_version_ask_nobody);
    tcase_add_test(tc, test_nobody_there_is_69_and_says_what_to_check);
    tcase_add_test(tc, test_what_is_no_socket_is_named_so);
    tcase_add_test(tc, test_what_a_killed_gruvid_has_left_is_69);
    tc = gruvid_case(suite, "commands");
    tcase_add_test(tc, test_each_command_shows_something);
    tcase_add_test(tc, test_refusals_are_1_with_the_reason);
    tcase_add_test(tc, test_output_that_cannot_be_written_is_1);
    tcase_add_test(tc, test_a_reload_that_fails_prints_every_reason);
    tcase_add_test(tc, test_a_plugin_that_is_inconsistent_is_to_be_restarted);
    tcase_add_test(tc,
                   test_a_reload_says_what_needs_a_restart_and_is_no_failure);
    tcase_add_test(tc,
                   test_fibers_are_shown_by_group_also_where_there_are_none);
    tcase_add_test(tc, test_json_is_one_line_for_scripts);
    tcase_add_test(tc, test_stop_returns_when_the_process_has_ended);
    tcase_add_test(tc, test_stop_returns_when_the_process_is_killed);
    tcase_add_test(tc, test_stop_says_how_far_it_is);
    tcase_add_test(tc, test_stop_says_how_gruvid_has_ended);
    tcase_add_test(tc, test_a_gruvid_without_a_place_says_so);
    tc = gruvid_case(suite, "terminals");
    tcase_add_test(tc, test_tables_fit_the_terminal);
    tcase_add_test(tc, test_colours_are_for_terminals_only);
    return run_suite(suite);
}
