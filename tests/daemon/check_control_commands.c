/* SPDX-License-Identifier: MIT */
/* What each command of the control socket answers and does. */
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "daemon/control_client.h"
#include "daemon/hubs_clients.h"

#define ECHO CONTROL "[plugin trial]\nlisten = tcp://127.0.0.1:0\n"

/* All lines of an answer. */
static const char *
ask_all(struct gruvid *g, const char *line)
{
    static char all[1 << 16];
    int fd = connect_control(g);

    send_text(fd, line);
    send_text(fd, "\n");
    shutdown(fd, SHUT_WR);
    all[0] = '\0';
    while ((line = read_answer(fd)) != NULL) {
        ck_assert_uint_lt(strlen(all) + strlen(line), sizeof all);
        strcat(all, line);
    }
    close(fd);
    return all;
}

START_TEST(test_status_counts_plugins_and_connections)
{
    struct gruvid *g =
        gruvid_ready(ECHO "[plugin two]\nmodule = trial\n", NULL);
    int fd = connect_to(g, 0);
    const char *answer;

    send_text(fd, "x\n");
    expect_text(fd, "x\n");
    answer = ask_once(g, "{\"do\":\"status\"}");
    expect_answer(answer, "\"stage\":\"serving\"");
    expect_answer(answer, "\"log_level\":\"info\",\"plugins\":2,"
                          "\"draining\":0,\"reloads\":0,\"reloads_failed\":0,"
                          "\"log_lines\":");
    expect_answer(answer, "\"connections\":1,\"parked\":0,\"accepted\":1,"
                          "\"failed\":0,\"received\":");
    close(fd);
}
END_TEST

START_TEST(test_plugins_shows_each_generation_and_build)
{
    struct gruvid *g =
        gruvid_ready("[gruvid]\nhubs = 2\ncontrol = @DIR@/control.sock\n"
                     "[plugin spread]\n[plugin two]\nmodule = trial\n",
                     NULL);
    int fd = connect_control(g);
    const char *answer = ask(fd, "{\"do\":\"plugins\"}");

    expect_answer(answer, "\"more\":true");
    expect_answer(answer, "\"plugin\":\"spread\",\"generation\":1,"
                          "\"state\":\"serving\",\"module\":\"spread\","
                          "\"build\":1,\"build_id\":\"");
    expect_answer(answer, "\"hubs\":[1,2]");
    expect_answer(answer, "\"plugin\":\"two\"");
    answer = read_answer(fd);
    expect_answer(answer, "\"modules\":[{\"module\":\"");
    expect_answer(answer, "/trial.so\"");
    expect_answer(answer, "\"used\":true");
    close(fd);
}
END_TEST

/* The log tells of an error when it has been counted; bytes are counted when
 * the connection has been closed. */
START_TEST(test_plugins_counts_bytes_times_and_errors)
{
    struct gruvid *g = gruvid_ready(
        ECHO "serve = fail\n"
             "[plugin two]\nmodule = trial\nlisten = tcp://127.0.0.1:0\n",
        NULL);
    int fd = connect_to(g, 0);

    gruvid_says(g, "connection failed: invalid argument (EINVAL)");
    close(fd);
    expect_answer(ask_once(g, "{\"do\":\"plugins\"}"),
                  "\"errors\":{\"EINVAL\":1},\"time_p50\":");
    fd = connect_to(g, 1);
    send_text(fd, "four");
    expect_text(fd, "four");
    /* Start has returned; one accepts, and one serves. */
    expect_answer(
        strstr(ask_once(g, "{\"do\":\"plugins\"}"), "\"plugin\":\"two\""),
        "\"fibers\":2,\"most_fibers\":2,\"spawned\":3,");
    close(fd);
    while (strstr(ask_once(g, "{\"do\":\"plugins\"}"),
                  "\"received\":4,\"sent\":4,") == NULL)
        ;
}
END_TEST

START_TEST(test_hubs_says_of_each_what_it_has)
{
    struct gruvid *g =
        gruvid_ready("[gruvid]\nhubs = 2\ncontrol = @DIR@/control.sock\n"
                     "[plugin spread]\n",
                     NULL);
    const char *answer = ask_once(g, "{\"do\":\"hubs\"}");

    expect_answer(answer, "{\"hub\":1,\"answers\":true,\"plugins\":1,");
    expect_answer(answer, "{\"hub\":2,\"answers\":true,\"plugins\":1,");
    expect_answer(answer, "\"lag\":");
    expect_answer(answer, "\"most_ready\":");
    ck_assert_ptr_null(strstr(answer, "\"turns\":0,"));
    ck_assert_ptr_null(strstr(answer, "\"switches\":0,"));
    ck_assert_ptr_null(strstr(answer, "\"spawned\":0,"));
}
END_TEST

START_TEST(test_hubs_names_a_hub_that_does_not_answer)
{
    struct gruvid *g = gruvid_ready(
        "[gruvid]\nhubs = 2\ncontrol = @DIR@/control.sock\n" SPREAD, NULL);
    struct place place = connect_hub(g, 2);
    const char *answer;

    hold_place(&place);
    answer = ask_once(g, "{\"do\":\"hubs\"}");
    expect_answer(answer, "{\"hub\":1,\"answers\":true,");
    expect_answer(answer, "{\"hub\":2,\"answers\":false,\"plugins\":1,"
                          "\"connections\":1,\"fibers\":");
    /* Its last values; how late it comes is not known. */
    answer = strstr(answer, "{\"hub\":2,");
    ck_assert_ptr_null(strstr(answer, "\"lag\":"));
    ck_assert_ptr_nonnull(strstr(answer, "\"spawned\":"));
    ck_assert_ptr_null(strstr(answer, "\"spawned\":0}"));
    close(place.fd);
}
END_TEST

/* In two hubs, of one plugin or of all, and no more than the limit. */
START_TEST(test_connections_says_who_is_connected)
{
    struct gruvid *g =
        gruvid_ready("[gruvid]\nhubs = 2\ncontrol = @DIR@/control.sock\n" SPREAD
                     "[plugin trial]\nlisten = unix:@DIR@/sock\n",
                     NULL);
    struct place first = connect_hub(g, 1), second = connect_hub(g, 2);
    int local = connect_unix(gruvid_path(g, "sock"));
    const char *answer;

    send_text(local, "x\n");
    expect_text(local, "x\n");
    answer = ask_all(g, "{\"do\":\"connections\"}");
    expect_answer(answer, "{\"plugin\":\"trial\",\"generation\":1,\"hub\":1,"
                          "\"peer\":\"connection-0\",\"state\":\"served\","
                          "\"received\":2,\"sent\":2,\"waits_for\":\"read\"}");
    expect_answer(answer, "{\"plugin\":\"spread\",\"generation\":1,\"hub\":1,"
                          "\"peer\":\"127.0.0.1:");
    expect_answer(answer, "{\"plugin\":\"spread\",\"generation\":1,\"hub\":2,");
    expect_answer(answer, "\"more_of_them\":0,\"silent_hubs\":0");
    answer = ask_all(g, "{\"do\":\"connections\",\"plugin\":\"trial\"}");
    ck_assert_ptr_null(strstr(answer, "spread"));
    answer = ask_all(g, "{\"do\":\"connections\",\"plugin\":\"trial\","
                        "\"limit\":0}");
    expect_answer(answer, "\"more_of_them\":1,");
    expect_answer(ask_all(g, "{\"do\":\"connections\",\"plugin\":\"x\"}"),
                  "there is no plugin \\\"x\\\"");
    expect_answer(ask_all(g, "{\"do\":\"connections\",\"limit\":100001}"),
                  "\\\"limit\\\" is more than 100000");
    close(local);
    close(first.fd);
    close(second.fd);
}
END_TEST

START_TEST(test_pools_says_what_they_do)
{
    struct gruvid *g = gruvid_ready(
        CONTROL "[pools]\nio_threads = 7\ncpu_threads = 3\n", NULL);
    const char *answer = ask_once(g, "{\"do\":\"pools\"}");

    expect_answer(answer, "{\"name\":\"cpu\",\"max\":3,");
    expect_answer(answer, "{\"name\":\"io\",\"max\":7,\"threads\":");
    expect_answer(answer, "\"wait_p99\":");
    expect_answer(answer, "\"wait_max\":");
    expect_answer(answer, "\"waits\":[");
}
END_TEST

/* --- config -----------------------------------------------------------------
 */

START_TEST(test_config_shows_where_values_are_set)
{
    struct gruvid *g = gruvid_ready(ECHO, NULL);
    const char *answer = ask_once(g, "{\"do\":\"config\"}");

    expect_answer(answer, "{\"section\":\"gruvid\",\"key\":\"hubs\","
                          "\"value\":\"1\"}");
    expect_answer(answer, "\"key\":\"listen\",\"value\":"
                          "[\"tcp://127.0.0.1:0\"],\"file\":\"");
    expect_answer(answer, "gruvid.conf\",\"line\":");
}
END_TEST

START_TEST(test_config_shows_no_secret_and_no_password)
{
    struct gruvid *g =
        gruvid_ready(CONTROL "[plugin trial]\nsecret = hush-1\n"
                             "items = \"see redis://joe:hush-2@db:1/ and "
                             "http://hush/3:hush@x, ftp://hush4@y\"\n"
                             "items = http://x:80/y\n"
                             "items = redis://joe:it's-hush-5@db/\n"
                             "items = redis://joe:<hush>@6@db/\n",
                     NULL);
    const char *answer = ask_once(g, "{\"do\":\"config\"}");

    expect_answer(answer,
                  "\"key\":\"secret\",\"value\":\"***\",\"secret\":true");
    expect_answer(answer,
                  "see redis://***@db:1/ and http://***@x, ftp://***@y");
    expect_answer(answer, "\"http://x:80/y\"");
    expect_answer(answer, "\"redis://***@db/\",\"redis://***@db/\"");
    ck_assert_ptr_null(strstr(answer, "hush"));
}
END_TEST

/* Who may only look sees the reasons of the last reload. */
START_TEST(test_a_reason_shows_no_password)
{
    struct gruvid *g = gruvid_ready(ECHO, NULL);
    const char *answer;

    gruvid_configure(g, ECHO "whole = redis://joe:hush@db/\n");
    expect_answer(ask_once(g, "{\"do\":\"reload\"}"), "\"ok\":false");
    answer = ask_once(g, "{\"do\":\"status\"}");
    expect_answer(answer, "redis://***@db/");
    ck_assert_ptr_null(strstr(answer, "hush"));
}
END_TEST

/* --- log-level --------------------------------------------------------------
 */

START_TEST(test_log_level_of_one_plugin_leaves_the_others)
{
    struct gruvid *g = gruvid_ready(
        ECHO "[plugin two]\nmodule = trial\nlisten = tcp://127.0.0.1:0\n",
        NULL);
    int fd = connect_control(g), first, second;

    expect_answer(ask(fd, "{\"do\":\"log-level\",\"level\":\"debug\","
                          "\"plugin\":\"trial\"}"),
                  "\"before\":\"info\"");
    gruvid_says(g, "log level of plugin trial: debug in place of info");
    second = connect_to(g, 1);
    send_text(second, "x\n");
    expect_text(second, "x\n");
    first = connect_to(g, 0);
    send_text(first, "x\n");
    gruvid_says(g, " debug trial[");
    ck_assert_uint_eq(gruvid_said(g, " debug two["), 0);
    expect_answer(ask(fd, "{\"do\":\"log-level\",\"level\":\"default\","
                          "\"plugin\":\"trial\"}"),
                  "\"before\":\"debug\"");
    expect_answer(ask(fd, "{\"do\":\"log-level\",\"level\":\"warning\"}"),
                  "\"before\":\"info\"");
    close(first);
    close(second);
    close(fd);
}
END_TEST

START_TEST(test_log_level_says_what_is_wrong)
{
    struct gruvid *g = gruvid_ready(ECHO, NULL);
    int fd = connect_control(g);

    expect_answer(ask(fd, "{\"do\":\"log-level\",\"level\":\"loud\"}"),
                  "\\\"loud\\\" is not a level: debug, info, warning, error");
    expect_answer(ask(fd, "{\"do\":\"log-level\",\"level\":\"default\"}"),
                  "is not a level");
    expect_answer(ask(fd, "{\"do\":\"log-level\"}"),
                  "log-level needs \\\"level\\\"");
    expect_answer(ask(fd, "{\"do\":\"log-level\",\"level\":\"info\","
                          "\"plugin\":\"nobody\"}"),
                  "\"code\":\"ENOENT\",\"error\":\"there is no plugin "
                  "\\\"nobody\\\"\"");
    close(fd);
}
END_TEST

/* --- reload ------------------------------------------------------------------
 */

START_TEST(test_restart_makes_a_generation_and_the_old_one_drains)
{
    struct gruvid *g = gruvid_ready(ECHO, NULL);
    int held = connect_to(g, 0);
    const char *answer;

    send_text(held, "x\n");
    expect_text(held, "x\n");
    expect_answer(ask_once(g, "{\"do\":\"restart\",\"plugin\":\"trial\"}"),
                  "\"number\":1,\"worked\":true,");
    answer = ask_once(g, "{\"do\":\"plugins\"}");
    expect_answer(answer, "\"plugin\":\"trial\",\"generation\":1,"
                          "\"state\":\"draining\"");
    expect_answer(answer, "\"cut_in\":");
    expect_answer(answer, "\"plugin\":\"trial\",\"generation\":2,"
                          "\"state\":\"serving\"");
    answer = ask_once(g, "{\"do\":\"status\"}");
    expect_answer(answer, "\"plugins\":1,\"draining\":1,");
    expect_answer(answer, "\"connections\":1,");
    close(held);
}
END_TEST

START_TEST(test_a_reload_is_seen_in_status_and_config)
{
    struct gruvid *g = gruvid_ready(ECHO "whole = 5\n", NULL);
    const char *answer;

    gruvid_configure(g, ECHO "whole = 6\n");
    expect_answer(ask_once(g, "{\"do\":\"reload\"}"), "\"ok\":true");
    expect_answer(ask_once(g, "{\"do\":\"config\"}"),
                  "\"key\":\"whole\",\"value\":\"6\"");
    gruvid_configure(g, ECHO "whole = many\n");
    answer = ask_once(g, "{\"do\":\"reload\"}");
    expect_answer(answer, "\"ok\":false,\"code\":\"EINVAL\"");
    expect_answer(answer, "\"reasons\":[\"");
    answer = ask_once(g, "{\"do\":\"status\"}");
    expect_answer(answer, "\"reload\":{\"number\":2,\"worked\":false,");
    expect_answer(answer, "\"by\":\"uid ");
    expect_answer(ask_once(g, "{\"do\":\"config\"}"),
                  "\"key\":\"whole\",\"value\":\"6\"");
}
END_TEST

START_TEST(test_config_says_what_waits_for_a_restart)
{
    struct gruvid *g = gruvid_ready(CONTROL "hubs = 1\n", NULL);
    const char *answer;

    gruvid_configure(g, CONTROL "hubs = 2\n");
    answer = ask_once(g, "{\"do\":\"reload\"}");
    expect_answer(answer, "\"notes\":[\"gruvid.hubs stays");
    answer = ask_once(g, "{\"do\":\"config\"}");
    expect_answer(answer, "\"key\":\"hubs\",\"value\":\"2\"");
    expect_answer(answer, "\"runs\":\"1\"");
}
END_TEST

/* Who has asked goes away: that stops nothing. */
START_TEST(test_a_reload_goes_on_without_who_asked)
{
    struct gruvid *g = gruvid_ready(ECHO, NULL);
    int fd = connect_control(g);

    send_text(fd, "{\"do\":\"reload\"}\n");
    close(fd);
    gruvid_says(g, "reload 1 is done");
    expect_answer(ask_once(g, "{\"do\":\"status\"}"), "\"worked\":true");
}
END_TEST

START_TEST(test_a_reload_while_gruvid_stops_is_refused)
{
    struct gruvid *g = gruvid_ready(ECHO, NULL);
    int held = connect_to(g, 0);

    send_text(held, "x\n");
    expect_text(held, "x\n");
    gruvid_signal(g, SIGTERM);
    gruvid_says(g, "1 connection left");
    expect_answer(ask_once(g, "{\"do\":\"reload\"}"), "gruvid stops");
    close(held);
    ck_assert_int_eq(gruvid_wait(g), 0);
}
END_TEST

START_TEST(test_restart_of_what_is_not_there_is_refused)
{
    struct gruvid *g = gruvid_ready(ECHO, NULL);
    int fd = connect_control(g);

    expect_answer(ask(fd, "{\"do\":\"restart\",\"plugin\":\"nobody\"}"),
                  "there is no plugin \\\"nobody\\\"");
    expect_answer(ask(fd, "{\"do\":\"restart\"}"),
                  "restart needs \\\"plugin\\\"");
    close(fd);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("control commands");
    TCase *tc = gruvid_case(suite, "look");

    tcase_add_test(tc, test_status_counts_plugins_and_connections);
    tcase_add_test(tc, test_plugins_shows_each_generation_and_build);
    tcase_add_test(tc, test_plugins_counts_bytes_times_and_errors);
    tcase_add_test(tc, test_hubs_says_of_each_what_it_has);
    tcase_add_test(tc, test_hubs_names_a_hub_that_does_not_answer);
    tcase_add_test(tc, test_connections_says_who_is_connected);
    tcase_add_test(tc, test_pools_says_what_they_do);
    tcase_add_test(tc, test_config_shows_where_values_are_set);
    tcase_add_test(tc, test_config_shows_no_secret_and_no_password);
    tcase_add_test(tc, test_a_reason_shows_no_password);
    tc = gruvid_case(suite, "act");
    tcase_add_test(tc, test_log_level_of_one_plugin_leaves_the_others);
    tcase_add_test(tc, test_log_level_says_what_is_wrong);
    tcase_add_test(tc, test_restart_makes_a_generation_and_the_old_one_drains);
    tcase_add_test(tc, test_a_reload_is_seen_in_status_and_config);
    tcase_add_test(tc, test_config_says_what_waits_for_a_restart);
    tcase_add_test(tc, test_a_reload_goes_on_without_who_asked);
    tcase_add_test(tc, test_a_reload_while_gruvid_stops_is_refused);
    tcase_add_test(tc, test_restart_of_what_is_not_there_is_refused);
    return run_suite(suite);
}
