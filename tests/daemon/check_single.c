/* SPDX-License-Identifier: MIT */
/* gruvid --run FILE [ADDRESS]...: a plugin without a configuration file. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "daemon/run_gruvid.h"

#define PLUGINS "tests/daemon/plugins/.libs/"
#define TRIAL   PLUGINS "trial.so"

static struct gruvid_options
with(const char *const *args)
{
    return (struct gruvid_options){
        .args = args,
        .no_config = true,
        .stdout_too = true,
    };
}

#define WITH(...) with((const char *const[]){__VA_ARGS__, NULL})

static void
echoes(struct gruvid *g, unsigned n)
{
    int fd = connect_to(g, n);

    send_text(fd, "straight\n");
    expect_text(fd, "straight\n");
    close(fd);
}

START_TEST(test_a_plugin_is_served_at_each_address)
{
    struct gruvid_options options =
        WITH("--run", TRIAL, "tcp://127.0.0.1:0", "tcp://127.0.0.1:0");
    struct gruvid *g = gruvid_ready("", &options);

    echoes(g, 0);
    echoes(g, 1);
    ck_assert_int_eq(gruvid_stop(g, SIGTERM), 0);
}
END_TEST

START_TEST(test_without_an_address_the_log_says_the_port)
{
    struct gruvid_options options = WITH("--run", TRIAL);
    struct gruvid *g = gruvid_ready("", &options);

    echoes(g, 0);
    ck_assert_uint_eq(gruvid_said(g, "listening on"), 1);
    ck_assert_uint_eq(gruvid_said(g, "listening on tcp://127.0.0.1:"), 1);
    ck_assert_int_eq(gruvid_stop(g, SIGTERM), 0);
}
END_TEST

START_TEST(test_a_plugin_without_connections_gets_no_address)
{
    struct gruvid_options options = WITH("--run", PLUGINS "silent.so");
    struct gruvid *g = gruvid_ready("", &options);

    ck_assert_uint_eq(gruvid_said(g, "listening on"), 0);
    ck_assert_int_eq(gruvid_stop(g, SIGTERM), 0);
}
END_TEST

START_TEST(test_o_has_the_last_word)
{
    struct gruvid_options options =
        WITH("-o", "plugin trial.whole=7", "-o", "plugin trial.at_start=refuse",
             "--run", TRIAL);
    struct gruvid *g = gruvid_run("", &options);

    ck_assert_int_eq(g->status, 69);
    gruvid_says(g, "trial");
}
END_TEST

START_TEST(test_t_checks_it)
{
    struct gruvid_options options = WITH("-t", "--run", TRIAL);
    struct gruvid *g = gruvid_run("", &options);

    ck_assert_int_eq(g->status, 0);
    gruvid_says(g, TRIAL ": no mistakes\n");
    ck_assert_uint_eq(gruvid_said(g, "listening"), 0);
}
END_TEST

/* A name that a value in a file would have to quote. */
START_TEST(test_the_folder_may_have_any_name)
{
    char dir[] = "single \"\\;#XXXXXX", from[4096], path[4200], here[4096];
    struct gruvid_options options;
    struct gruvid *g;

    ck_assert_ptr_nonnull(mkdtemp(dir));
    ck_assert_ptr_nonnull(getcwd(here, sizeof here));
    ck_assert_int_lt(snprintf(from, sizeof from, "%s/" TRIAL, here), 4096);
    snprintf(path, sizeof path, "%s/trial.so", dir);
    ck_assert_int_eq(symlink(from, path), 0);
    options = WITH("-t", "--run", path);
    g = gruvid_run("", &options);
    unlink(path);
    rmdir(dir);
    ck_assert_int_eq(g->status, 0);
    gruvid_says(g, ": no mistakes\n");
}
END_TEST

START_TEST(test_a_mistake_says_which_file_and_why)
{
    static const char *const bad[][3] = {
        {"plugins/no_such.so"},
        {"/nonexistent/folder/x.so"},
        {"gruvid"},
        {".so"},
        {PLUGINS "major.so"},
        {PLUGINS "silent.so", "tcp://127.0.0.1:0"},
    };
    static const char *const why[] = {
        "there is no such plugin",
        "No such file or directory",
        "the file of a plugin is called NAME.so",
        "the file of a plugin is called NAME.so",
        "major.so: ",
        "it takes no connections",
    };
    struct gruvid_options options = WITH("--run", bad[_i][0], bad[_i][1]);
    struct gruvid *g = gruvid_run("", &options);

    ck_assert_int_eq(g->status, 78);
    gruvid_says(g, "gruvid: --run ");
    gruvid_says(g, why[_i]);
}
END_TEST

START_TEST(test_an_address_is_checked_as_in_a_file)
{
    struct gruvid_options options =
        WITH("--run", TRIAL, "tcp://127.0.0.1:99999");
    struct gruvid *g = gruvid_run("", &options);

    ck_assert_int_eq(g->status, 78);
    gruvid_says(g, "--run: plugin trial.listen: ");
}
END_TEST

START_TEST(test_there_is_one_plugin)
{
    struct gruvid_options options = WITH("--run", TRIAL, "--run", TRIAL);
    struct gruvid *g = gruvid_run("", &options);

    ck_assert_int_eq(g->status, 2);
    gruvid_says(g, "--run was given already");
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("single");
    TCase *tc = gruvid_case(suite, "single");

    tcase_add_test(tc, test_a_plugin_is_served_at_each_address);
    tcase_add_test(tc, test_without_an_address_the_log_says_the_port);
    tcase_add_test(tc, test_a_plugin_without_connections_gets_no_address);
    tcase_add_test(tc, test_o_has_the_last_word);
    tcase_add_test(tc, test_t_checks_it);
    tcase_add_test(tc, test_the_folder_may_have_any_name);
    tcase_add_loop_test(tc, test_a_mistake_says_which_file_and_why, 0, 6);
    tcase_add_test(tc, test_an_address_is_checked_as_in_a_file);
    tcase_add_test(tc, test_there_is_one_plugin);
    return run_suite(suite);
}
