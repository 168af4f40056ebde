/* SPDX-License-Identifier: MIT */
/* What a reload does to plugins: new ones, changed ones, those that are gone,
 * and those that nothing has changed of. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "daemon/control_client.h"
#include "daemon/hubs_clients.h"

#define RENEW "[plugin renew]\nlisten = unix:@DIR@/renew\n"
#define TRIAL "[plugin trial]\nlisten = unix:@DIR@/trial\n"

static void
reload(struct gruvid *g, const char *config, const char *answer)
{
    gruvid_configure(g, config);
    gruvid_signal(g, SIGHUP);
    gruvid_says(g, answer);
}

static int
enter(const struct gruvid *g, const char *name)
{
    return connect_unix(gruvid_path(g, name));
}

/* Connect to renew, which says its generation and its mark. */
static int
enter_renew(const struct gruvid *g, const char *greeting)
{
    int fd = enter(g, "renew");

    expect_text(fd, greeting);
    return fd;
}

static void
echo_on(int fd)
{
    send_text(fd, "x");
    expect_text(fd, "x");
}

/* --- what is taken -------------------------------------------------------- */

START_TEST(test_a_new_section_is_started_and_one_that_is_gone_drains)
{
    struct gruvid *g = gruvid_ready(TRIAL, NULL);
    int old = enter(g, "trial"), new;

    echo_on(old);
    reload(g, RENEW, "reload 1 is done");
    gruvid_says(g, "plugin renew is new");
    gruvid_says(g, "plugin trial, generation 1 drains: its section is not in "
                   "the configuration; 1 connection left");
    new = enter_renew(g, "1 none\n");
    echo_on(new);
    echo_on(old);
    close(old);
    gruvid_says(g, "plugin trial, generation 1 has stopped");
    close(new);
    ck_assert_int_eq(gruvid_stop(g, SIGTERM), 0);
}
END_TEST

START_TEST(test_own_options_reach_reconfigure_and_disturb_nobody)
{
    struct gruvid *g = gruvid_ready(RENEW, NULL);
    int fd = enter_renew(g, "1 none\n");

    reload(g, RENEW "mark = two\n", "reload 1 is done");
    gruvid_says(g, "at_reconfigure of generation 1: mark two");
    gruvid_says(g, "plugin renew has new values: mark");
    echo_on(fd);
    close(enter_renew(g, "1 two\n"));
    close(fd);
    ck_assert_int_eq(gruvid_stop(g, SIGTERM), 0);
}
END_TEST

START_TEST(test_without_reconfigure_there_is_a_second_generation)
{
    struct gruvid *g = gruvid_ready(TRIAL, NULL);
    int old = enter(g, "trial"), new;

    echo_on(old);
    reload(g, TRIAL "serve = name\n", "reload 1 is done");
    gruvid_says(g, "plugin trial, generation 2 serves");
    echo_on(old);
    new = enter(g, "trial");
    expect_text(new, "trial");
    close(new);
    gruvid_says(g, "plugin trial, generation 1 drains: a new generation has "
                   "taken its place; 1 connection left");
    close(old);
    gruvid_says(g, "plugin trial, generation 1 has stopped");
    ck_assert_int_eq(gruvid_stop(g, SIGTERM), 0);
}
END_TEST

START_TEST(test_what_has_not_changed_is_not_touched)
{
    struct gruvid *g = gruvid_ready(RENEW TRIAL, NULL);
    int renew = enter_renew(g, "1 none\n"), trial = enter(g, "trial");

    reload(g, RENEW TRIAL, "reload 1 is done");
    reload(g, TRIAL RENEW "[plugin more]\nmodule = trial\n",
           "reload 2 is done");
    echo_on(renew);
    echo_on(trial);
    ck_assert_uint_eq(gruvid_said(g, "at_reconfigure of"), 0);
    ck_assert_uint_eq(gruvid_said(g, "generation 2"), 0);
    close(renew);
    close(trial);
    ck_assert_int_eq(gruvid_stop(g, SIGTERM), 0);
}
END_TEST

START_TEST(test_a_limit_changes_without_a_call_of_the_plugin)
{
    struct gruvid *g = gruvid_ready(RENEW "max_connections = 1\n", NULL);
    int first = enter_renew(g, "1 none\n"), second = enter(g, "renew");

    reload(g, RENEW "max_connections = 2\n", "reload 1 is done");
    gruvid_says(g, "plugin renew has new values: max_connections");
    expect_text(second, "1 none\n");
    ck_assert_uint_eq(gruvid_said(g, "at_reconfigure of"), 0);
    close(first);
    close(second);
    ck_assert_int_eq(gruvid_stop(g, SIGTERM), 0);
}
END_TEST

START_TEST(test_an_address_changes_and_connections_to_the_old_one_go_on)
{
    struct gruvid *g = gruvid_ready(RENEW, NULL);
    int fd = enter_renew(g, "1 none\n"), new;

    reload(g, "[plugin renew]\nlisten = unix:@DIR@/moved\n",
           "reload 1 is done");
    gruvid_says(g, "plugin renew has new values: listen");
    new = enter(g, "moved");
    expect_text(new, "1 none\n");
    ck_assert_int_lt(enter(g, "renew"), 0);
    echo_on(fd);
    close(fd);
    close(new);
    ck_assert_int_eq(gruvid_stop(g, SIGTERM), 0);
}
END_TEST

START_TEST(test_an_address_moves_from_one_section_to_another)
{
    struct gruvid *g =
        gruvid_ready(RENEW "[plugin other]\nmodule = renew\nmark = other\n"
                           "listen = unix:@DIR@/other\n",
                     NULL);
    int fd = enter_renew(g, "1 none\n");

    reload(g,
           "[plugin renew]\nlisten = unix:@DIR@/other\n"
           "[plugin other]\nmodule = renew\nmark = other\n"
           "listen = unix:@DIR@/renew\n",
           "reload 1 is done");
    echo_on(fd);
    close(enter_renew(g, "1 other\n"));
    close(fd);
    ck_assert_int_eq(gruvid_stop(g, SIGTERM), 0);
}
END_TEST

#define PLUGINS 9
#define EACH    100

/* Nine plugins, and a tenth that has another mark each time. */
static const char *
ten_plugins(int mark)
{
    static char text[4096];
    size_t n = 0;

    for (int i = 0; i < PLUGINS; i++)
        n += (size_t)snprintf(text + n, sizeof text - n,
                              "[plugin renew%d]\nmodule = renew\n"
                              "listen = unix:@DIR@/%d\n",
                              i, i);
    snprintf(text + n, sizeof text - n,
             RENEW "mark = %d\n[plugin trial]\ntime = %ds\n", mark, mark);
    return text;
}

/* Bytes are on their way while the reload is at work. */
START_TEST(test_connections_of_plugins_that_have_not_changed_notice_nothing)
{
    struct gruvid *g = gruvid_ready(ten_plugins(1), NULL);
    static int fds[PLUGINS * EACH];
    char name[12];

    for (int i = 0; i < PLUGINS * EACH; i++) {
        snprintf(name, sizeof name, "%d", i % PLUGINS);
        fds[i] = enter(g, name);
        expect_text(fds[i], "1 none\n");
        send_text(fds[i], "be");
    }
    reload(g, ten_plugins(2), "reload 1 is done");
    for (int i = 0; i < PLUGINS * EACH; i++) {
        send_text(fds[i], "fore");
        expect_text(fds[i], "before");
        close(fds[i]);
    }
    ck_assert_uint_eq(gruvid_said(g, "at_reconfigure of generation"), 1);
    ck_assert_uint_eq(gruvid_said(g, "at_start of generation"), PLUGINS + 1);
    gruvid_says(g, "plugin trial, generation 2 serves");
    ck_assert_int_eq(gruvid_stop(g, SIGTERM), 0);
}
END_TEST

#define OTHER "[plugin other]\nmodule = renew\n"

/* glibc overwrites what is freed. */
START_TEST(test_text_of_options_is_valid_until_stop)
{
    const char *const env[] = {"MALLOC_PERTURB_=88", NULL};
    struct gruvid *g = gruvid_ready(CONTROL RENEW "mark = one\n" OTHER,
                                    &(struct gruvid_options){.env = env});
    int fd = enter_renew(g, "1 one\n");

    reload(g, CONTROL RENEW "mark = two\n" OTHER, "reload 1 is done");
    reload(g, CONTROL RENEW "mark = two\nmax_connections = 9\n" OTHER,
           "reload 2 is done");
    reload(g,
           CONTROL RENEW "mark = three\nmax_connections = 9\n" OTHER
                         "at_reconfigure = refuse\n",
           "reload 3 failed");
    for (int i = 4; i < 8; i++) {
        char config[300], answer[40];

        snprintf(config, sizeof config,
                 CONTROL RENEW "mark = two\nmax_connections = %d\n" OTHER, i);
        snprintf(answer, sizeof answer, "reload %d is done", i);
        reload(g, config, answer);
    }
    reload(g, CONTROL RENEW "mark = four\n" OTHER, "reload 8 is done");
    expect_answer(ask_once(g, "{\"do\":\"restart\",\"plugin\":\"renew\"}"),
                  "\"worked\":true");
    reload(g, OTHER, "reload 10 is done");
    send_text(fd, "?");
    expect_text(fd, "one two three two four ");
    close(fd);
    gruvid_says(g, "stop of generation 1");
    ck_assert_int_eq(gruvid_stop(g, SIGTERM), 0);
}
END_TEST

START_TEST(test_an_old_generation_is_told_at_the_commit_that_it_drains)
{
    struct gruvid *g = gruvid_ready(TRIAL "fiber = drain\n", NULL);
    int fd = enter(g, "trial");

    echo_on(fd);
    reload(g, TRIAL "fiber = drain\nwhole = 7\n" RENEW "at_start = refuse\n",
           "reload 1 failed");
    gruvid_says(g, "generation 2 drains: 1");
    ck_assert_uint_eq(gruvid_said(g, "generation 1 drains: 1"), 0);
    reload(g, TRIAL "fiber = drain\nwhole = 7\n", "reload 2 is done");
    gruvid_says(g, "generation 1 drains: 1");
    ck_assert_uint_eq(gruvid_said(g, "generation 3 drains"), 0);
    /* Its connection goes on all the same. */
    echo_on(fd);
    close(fd);
    ck_assert_int_eq(gruvid_stop(g, SIGTERM), 0);
    gruvid_says(g, "generation 3 drains: 1");
}
END_TEST

#define RESTART "{\"do\":\"restart\",\"plugin\":\"renew\"}"

START_TEST(test_limits_count_for_each_generation)
{
    struct gruvid *g =
        gruvid_ready(CONTROL RENEW "max_connections = 1\n", NULL);
    int old = enter_renew(g, "1 none\n"), new;

    expect_answer(ask_once(g, RESTART), "\"worked\":true");
    new = enter_renew(g, "2 none\n");
    echo_on(old);
    echo_on(new);
    close(old);
    close(new);
    ck_assert_int_eq(gruvid_stop(g, SIGTERM), 0);
}
END_TEST

START_TEST(test_no_counter_goes_down)
{
    static const char status[] = "{\"do\":\"status\"}";
    struct gruvid *g = gruvid_ready(CONTROL RENEW, NULL);
    int fd = enter_renew(g, "1 none\n");

    echo_on(fd);
    expect_answer(ask_once(g, RESTART), "\"worked\":true");
    expect_answer(ask_once(g, status), "\"accepted\":1,");
    close(fd);
    gruvid_says(g, "plugin renew, generation 1 has stopped");
    /* A byte is received; a greeting and the byte are sent. */
    expect_answer(ask_once(g, status), "\"accepted\":1,\"failed\":0,"
                                       "\"received\":1,\"sent\":8,");
    fd = enter_renew(g, "2 none\n");
    expect_answer(ask_once(g, status), "\"accepted\":2,");
    reload(g, CONTROL TRIAL, "reload 2 is done");
    close(fd);
    gruvid_says(g, "plugin renew, generation 2 has stopped");
    expect_answer(ask_once(g, status), "\"accepted\":2,\"failed\":0,"
                                       "\"received\":1,\"sent\":15,");
    ck_assert_int_eq(gruvid_stop(g, SIGTERM), 0);
}
END_TEST

/* --- what is refused ------------------------------------------------------ */

#define FAILS "[plugin zfails]\nmodule = renew\n"

static const struct {
    const char *config, *reason;
} refusals[] = {
    {RENEW "mark = two\n" FAILS "at_start = refuse\n",
     "plugin zfails refused to start: at_start is refuse"},
    {RENEW "mark = two\n" FAILS "at_start = hang\nstart_timeout = 10ms\n",
     "plugin zfails did not start within 0.01 seconds (start_timeout)"},
    {RENEW "mark = two\nat_reconfigure = refuse\n",
     "plugin renew: reconfigure failed: at_reconfigure is refuse"},
    {RENEW "mark = two\n" FAILS "listen = unix:@DIR@/nosuch/socket\n",
     "nosuch/socket: "},
};

START_TEST(test_a_refusal_leaves_everything_as_it_was)
{
    struct gruvid *g = gruvid_ready(RENEW, NULL);
    int fd = enter_renew(g, "1 none\n");

    reload(g, refusals[_i].config, "reload 1 failed");
    gruvid_says(g, refusals[_i].reason);
    echo_on(fd);
    close(enter_renew(g, "1 none\n"));
    reload(g, RENEW "mark = three\n", "reload 2 is done");
    close(enter_renew(g, "1 three\n"));
    close(fd);
    ck_assert_int_eq(gruvid_stop(g, SIGTERM), 0);
}
END_TEST

START_TEST(test_a_plugin_that_took_its_options_gets_the_old_ones_again)
{
    struct gruvid *g =
        gruvid_ready(RENEW "[plugin second]\nmodule = renew\n", NULL);

    reload(g,
           RENEW "mark = two\n"
                 "[plugin second]\nmodule = renew\nat_reconfigure = refuse\n",
           "reload 1 failed");
    gruvid_says(g, "at_reconfigure of generation 1: mark two");
    gruvid_says_times(g, "at_reconfigure of generation 1: mark none", 2);
    close(enter_renew(g, "1 none\n"));
    /* What was read then is not what runs. */
    reload(g, RENEW "mark = two\n[plugin second]\nmodule = renew\n",
           "reload 2 is done");
    close(enter_renew(g, "1 two\n"));
    ck_assert_int_eq(gruvid_stop(g, SIGTERM), 0);
}
END_TEST

START_TEST(test_all_that_is_wrong_is_said_at_once)
{
    struct gruvid *g = gruvid_ready(RENEW, NULL);

    reload(g,
           RENEW "[plugin a]\nmodule = renew\nat_start = refuse\n"
                 "[plugin b]\nmodule = renew\nat_start = refuse\n",
           "reload 1 failed");
    gruvid_says(g, "plugin a refused to start");
    gruvid_says(g, "plugin b refused to start");
    ck_assert_int_eq(gruvid_stop(g, SIGTERM), 0);
}
END_TEST

START_TEST(test_a_hub_that_does_not_answer_fails_the_reload_and_no_more)
{
    struct gruvid *g = gruvid_ready(HUBS(2) SPREAD, NULL);
    struct place place = connect_hub(g, 2), other = connect_hub(g, 1);

    hold_place(&place);
    reload(g, HUBS(2) SPREAD "stray = 7\n", "reload 1 failed");
    gruvid_says(g, "hub 2 does not answer");
    echo_place(&other, "hello\n");
    close(place.fd);
    reload(g, HUBS(2) SPREAD "stray = 8\n", "reload 2 is done");
    echo_place(&other, "hello\n");
    close(other.fd);
    other = connect_place(g);
    echo_place(&other, "hello\n");
    close(other.fd);
    ck_assert_int_eq(gruvid_stop(g, SIGTERM), 0);
}
END_TEST

/* The reload is over while that fiber is left, and gruvid goes on. */
START_TEST(test_a_start_that_heeds_no_cancel_fails_the_reload_and_no_more)
{
    struct gruvid *g =
        gruvid_ready("[gruvid]\ncancel_timeout = 10ms\n" RENEW, NULL);
    int fd = enter_renew(g, "1 none\n");

    reload(g,
           "[gruvid]\ncancel_timeout = 10ms\n" RENEW
           "[plugin trial]\nat_start = stubborn\nstart_timeout = 10ms\n",
           "reload 1 failed");
    gruvid_says(g, "plugin trial did not start within 0.01 seconds");
    echo_on(fd);
    reload(g, "[gruvid]\ncancel_timeout = 10ms\n" RENEW "mark = two\n",
           "reload 2 is done");
    close(enter_renew(g, "1 two\n"));
    close(fd);
    ck_assert_int_eq(gruvid_stop(g, SIGTERM), 75);
}
END_TEST

static const struct {
    const char *config, *reason;
} handovers[] = {
    {RENEW "at_handover = refuse\n",
     "plugin renew: handover failed: at_handover is refuse"},
    {RENEW "at_handover = hang\nstart_timeout = 10ms\n",
     "handover did not return within 0.01 seconds"},
};

START_TEST(test_a_handover_that_fails_fails_the_reload)
{
    char config[300];
    struct gruvid *g;
    int fd;

    snprintf(config, sizeof config, CONTROL "%s", handovers[_i].config);
    g = gruvid_ready(config, NULL);
    fd = enter_renew(g, "1 none\n");
    expect_answer(ask_once(g, RESTART), "\"ok\":false");
    gruvid_says(g, handovers[_i].reason);
    gruvid_says(g, "reload 1 failed");
    ck_assert_uint_eq(gruvid_said(g, "at_start of generation"), 1);
    echo_on(fd);
    close(enter_renew(g, "1 none\n"));
    close(fd);
    ck_assert_int_eq(gruvid_stop(g, SIGTERM), 0);
}
END_TEST

/* --- stops in the middle -------------------------------------------------- */

static const struct {
    const char *config, *line;
} middles[] = {
    {RENEW FAILS "at_start = hang\nmark = hangs\n",
     "at_start of generation 1: mark hangs"},
    {RENEW "at_reconfigure = hang\nmark = hangs\n",
     "at_reconfigure of generation 1: mark hangs"},
};

START_TEST(test_sigterm_undoes_the_reload_and_drains)
{
    struct gruvid *g = gruvid_ready(RENEW, NULL);
    int fd = enter_renew(g, "1 none\n");

    reload(g, middles[_i].config, middles[_i].line);
    gruvid_signal(g, SIGTERM);
    gruvid_says(g, "reload 1 failed");
    echo_on(fd);
    close(fd);
    ck_assert_int_eq(gruvid_wait(g), 0);
}
END_TEST

/* --- replace -------------------------------------------------------------- */

#define REPLACE TRIAL "reload = replace\n"

static const struct {
    const char *before, *after;
} replacements[] = {
    {REPLACE, TRIAL "serve = name\n"},
    {TRIAL, REPLACE "serve = name\n"},
};

/* Either section may say so. */
START_TEST(test_replace_stops_the_old_generation_first)
{
    struct gruvid *g = gruvid_ready(replacements[_i].before, NULL);
    int fd = enter(g, "trial"), waits;

    echo_on(fd);
    reload(g, replacements[_i].after,
           "plugin trial serves nobody until its old generation has ended");
    waits = enter(g, "trial");
    echo_on(fd);
    close(fd);
    expect_text(waits, "trial");
    gruvid_says(g, "reload 1 is done");
    close(waits);
    ck_assert_int_eq(gruvid_stop(g, SIGTERM), 0);
}
END_TEST

static const struct {
    const char *before, *after;
} moves[] = {
    {REPLACE, "[plugin trial]\nserve = name\nlisten = unix:@DIR@/other\n"},
    {REPLACE, "[plugin trial]\nserve = name\n"},
    {HUBS(2) "[plugin trial]\nmodule = spread\nreload = replace\n"
             "listen = unix:@DIR@/trial\n",
     HUBS(2) "[plugin trial]\nmodule = spread\nrefuse = 1000\n"
             "listen = unix:@DIR@/other\n"},
};

/* Who came in the gap is served, and not reset with the socket. */
START_TEST(test_replace_serves_who_waits_at_an_address_that_goes)
{
    struct gruvid *g = gruvid_ready(moves[_i].before, NULL);
    int fd = enter(g, "trial"), waits;
    char byte;

    send_text(fd, "x");
    ck_assert_int_eq(read(fd, &byte, 1), 1);
    reload(g, moves[_i].after,
           "drains: a new generation is to take its place; 1 connection left");
    waits = enter(g, "trial");
    send_text(waits, "x");
    close(fd);
    ck_assert_int_eq(read(waits, &byte, 1), 1);
    gruvid_says(g, "reload 1 is done");
    ck_assert_int_lt(access(gruvid_path(g, "trial"), F_OK), 0);
    close(waits);
    ck_assert_int_eq(gruvid_stop(g, SIGTERM), 0);
    ck_assert_uint_eq(gruvid_said(g, "listening on unix:"),
                      strstr(moves[_i].after, "other") == NULL ? 1 : 2);
}
END_TEST

START_TEST(test_if_the_new_one_fails_the_old_configuration_is_started_again)
{
    struct gruvid *g = gruvid_ready(REPLACE, NULL);
    int fd;

    reload(g, TRIAL "at_start = refuse\n", "reload 1 failed");
    gruvid_says(g, "plugin trial: the old configuration was started again");
    fd = enter(g, "trial");
    echo_on(fd);
    close(fd);
    ck_assert_int_eq(gruvid_stop(g, SIGTERM), 0);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("reload_plugins");
    TCase *tc = gruvid_case(suite, "taken");
    const int n_refusals = sizeof refusals / sizeof *refusals;
    const int n_handovers = sizeof handovers / sizeof *handovers;
    const int n_middles = sizeof middles / sizeof *middles;

    tcase_add_test(tc,
                   test_a_new_section_is_started_and_one_that_is_gone_drains);
    tcase_add_test(tc, test_own_options_reach_reconfigure_and_disturb_nobody);
    tcase_add_test(tc, test_without_reconfigure_there_is_a_second_generation);
    tcase_add_test(tc, test_what_has_not_changed_is_not_touched);
    tcase_add_test(
        tc, test_connections_of_plugins_that_have_not_changed_notice_nothing);
    tcase_add_test(tc, test_a_limit_changes_without_a_call_of_the_plugin);
    tcase_add_test(
        tc, test_an_address_changes_and_connections_to_the_old_one_go_on);
    tcase_add_test(tc, test_an_address_moves_from_one_section_to_another);
    tcase_add_test(tc, test_text_of_options_is_valid_until_stop);
    tcase_add_test(tc,
                   test_an_old_generation_is_told_at_the_commit_that_it_drains);
    tcase_add_test(tc, test_limits_count_for_each_generation);
    tcase_add_test(tc, test_no_counter_goes_down);
    tc = gruvid_case(suite, "refused");
    tcase_add_loop_test(tc, test_a_refusal_leaves_everything_as_it_was, 0,
                        n_refusals);
    tcase_add_test(tc,
                   test_a_plugin_that_took_its_options_gets_the_old_ones_again);
    tcase_add_test(tc, test_all_that_is_wrong_is_said_at_once);
    tcase_add_test(
        tc, test_a_hub_that_does_not_answer_fails_the_reload_and_no_more);
    tcase_add_test(
        tc, test_a_start_that_heeds_no_cancel_fails_the_reload_and_no_more);
    tcase_add_loop_test(tc, test_a_handover_that_fails_fails_the_reload, 0,
                        n_handovers);
    tcase_add_loop_test(tc, test_sigterm_undoes_the_reload_and_drains, 0,
                        n_middles);
    tc = gruvid_case(suite, "replace");
    tcase_add_loop_test(tc, test_replace_stops_the_old_generation_first, 0,
                        sizeof replacements / sizeof *replacements);
    tcase_add_loop_test(tc,
                        test_replace_serves_who_waits_at_an_address_that_goes,
                        0, sizeof moves / sizeof *moves);
    tcase_add_test(
        tc, test_if_the_new_one_fails_the_old_configuration_is_started_again);
    return run_suite(suite);
}
