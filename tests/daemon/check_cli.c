/* SPDX-License-Identifier: MIT */
/* The command line: what it prints and exits with. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "daemon/run_gruvid.h"

/* Run with these arguments alone; stdout is in the log as well. */
static struct gruvid *
run_with(const char *const *args)
{
    struct gruvid_options options = {
        .args = args,
        .no_config = true,
        .stdout_too = true,
    };

    return gruvid_run("", &options);
}

#define RUN(...) run_with((const char *const[]){__VA_ARGS__, NULL})

START_TEST(test_mistakes_of_usage_are_exit_2_with_a_hint)
{
    static const char *const bad[][4] = {{"-x"},
                                         {"--nonsense"},
                                         {"-c"},
                                         {"-o"},
                                         {"--test=yes"},
                                         {"gruvid.conf"},
                                         {"-tx"},
                                         {"-t", "gruvid.conf"},
                                         {"--describe", "a", "b"},
                                         {"--ver"},
                                         {"-o", "nonsense"},
                                         {"-t", "-o", "level=info"},
                                         {"--ready-fd", "2"},
                                         {"--ready-fd", "3x"},
                                         {"--ready-fd", "1000"}};
    static const char *const reason[] = {
        "unknown option '-x'",
        "unknown option '--nonsense'",
        "no argument to '-c'",
        "no argument to '-o'",
        "unknown option '--test=yes'",
        "unexpected argument 'gruvid.conf'",
        "unknown option '-x'",
        "unexpected argument 'gruvid.conf'",
        "unexpected argument 'b'",
        "unknown option '--ver'",
        "an argument of -o is not of the form section.key=value",
        "an argument of -o is not of the form section.key=value",
        "--ready-fd '2' is not the number of a descriptor above 2",
        "--ready-fd '3x' is not the number of a descriptor above 2",
        "--ready-fd 1000: there is no such descriptor"};
    struct gruvid *g = run_with(bad[_i]);

    ck_assert_int_eq(g->status, 2);
    gruvid_says(g, reason[_i]);
    gruvid_says(g, "; try gruvid -h\n");
}
END_TEST

START_TEST(test_help_names_every_option)
{
    static const char *const options[] = {
        "-c, --config FILE", "-t, --test",   "-o, --option SECTION.KEY=VALUE",
        "-v, --verbose",     "--describe [", "-V, --version",
        "-h, --help"};
    struct gruvid *g = RUN("-h");

    ck_assert_int_eq(g->status, 0);
    for (size_t i = 0; i < sizeof options / sizeof *options; i++)
        gruvid_says(g, options[i]);
    ck_assert_int_eq(RUN("--help")->status, 0);
}
END_TEST

START_TEST(test_version_says_what_it_is_made_of)
{
    struct gruvid *g = RUN("-V");

    ck_assert_int_eq(g->status, 0);
    gruvid_says(g, "gruvid " PACKAGE_VERSION "\n");
    gruvid_says(g, "plugin ABI 1.4, libuv 1.");
    gruvid_says(g, "stacks guarded by ");
    ck_assert_int_eq(RUN("--version")->status, 0);
}
END_TEST

START_TEST(test_output_that_cannot_be_written_is_exit_1)
{
    static const char *const args[][2] = {{"-h"}, {"-V"}, {"--describe"}};

    for (size_t i = 0; i < sizeof args / sizeof *args; i++) {
        struct gruvid_options options = {
            .args = args[i],
            .no_config = true,
            .stdout_full = true,
        };
        struct gruvid *g = gruvid_run("", &options);

        ck_assert_int_eq(g->status, 1);
        gruvid_says(g, "gruvid: the output cannot be written: No space left on "
                       "device\n");
    }
}
END_TEST

START_TEST(test_a_missing_configuration_is_exit_78)
{
    struct gruvid *g = RUN("-c", "/nonexistent/gruvid.conf");

    ck_assert_int_eq(g->status, 78);
    gruvid_says(g, "/nonexistent/gruvid.conf: ");
}
END_TEST

/* --- -t
 * ------------------------------------------------------------------------- */

START_TEST(test_t_checks_and_starts_nothing)
{
    struct gruvid_options options = {
        .args = (const char *[]){"-t", NULL},
        .stdout_too = true,
    };
    struct gruvid *g =
        gruvid_run("[plugin trial]\nlisten = unix:@DIR@/socket\n", &options);

    ck_assert_int_eq(g->status, 0);
    gruvid_says(g, "/gruvid.conf: no mistakes\n");
    ck_assert_uint_eq(gruvid_said(g, "start"), 0);
    ck_assert_int_lt(access(gruvid_path(g, "socket"), F_OK), 0);
}
END_TEST

START_TEST(test_t_finds_the_mistakes_that_a_start_would)
{
    struct gruvid_options options = {
        .args = (const char *[]){"--test", NULL},
        .stdout_too = true,
    };
    struct gruvid *g =
        gruvid_run("[plugin a]\nmodule = major\n[plugin b]\nmodule = missing\n"
                   "[log]\nlevle = info\n",
                   &options);

    ck_assert_int_eq(g->status, 78);
    gruvid_says(g, "plugin a.module: ");
    gruvid_says(g, "plugin b.module: ");
    gruvid_says(g, "gruvid.conf:6: log.levle: unknown key; did you mean "
                   "\"level\"?");
    ck_assert_uint_eq(gruvid_said(g, "no mistakes"), 0);
}
END_TEST

START_TEST(test_t_says_what_is_no_mistake_and_may_surprise)
{
    struct gruvid_options options = {
        .args = (const char *[]){"-t", NULL},
        .stdout_too = true,
    };
    struct gruvid *g = gruvid_run("[plugin trial]\n", &options);

    ck_assert_int_eq(g->status, 0);
    gruvid_says(g, "gruvid.conf:1: plugin trial.listen: no address: plugin "
                   "trial serves connections, and nobody can connect");
    gruvid_says(g, "no mistakes");
}
END_TEST

START_TEST(test_a_plugin_that_ends_gruvid_while_it_is_opened_is_named)
{
    static const char *const how[] = {"QUITS=abort", "QUITS=exit"};
    static const char *const said[] = {
        "quits.so: gruvid crashes while it opens this plugin",
        "quits.so: code that runs when this plugin is loaded has ended gruvid"};
    struct gruvid_options options = {
        .args = (const char *[]){"-t", NULL},
        .env = (const char *[]){how[_i], NULL},
    };
    struct gruvid *g = gruvid_run("[plugin quits]\n", &options);

    ck_assert_int_eq(g->status, _i == 0 ? 128 + SIGABRT : 0);
    gruvid_says(g, said[_i]);
}
END_TEST

/* --- files that are no files ---------------------------------------------- */

static void
make_fifo(char *path)
{
    ck_assert_ptr_nonnull(mkdtemp(path));
    strcat(path, "/fifo");
    ck_assert_int_eq(mkfifo(path, 0600), 0);
}

static void
remove_fifo(char *path)
{
    unlink(path);
    *strrchr(path, '/') = '\0';
    rmdir(path);
}

START_TEST(test_a_fifo_that_nobody_writes_to_is_no_configuration)
{
    char path[64] = "/tmp/gruvid-fifo-XXXXXX";
    struct gruvid *g;

    make_fifo(path);
    g = RUN("-t", "-c", path);
    ck_assert_int_eq(g->status, 78);
    gruvid_says(g, "fifo: it is a FIFO, and no program writes to it\n");
    remove_fifo(path);
}
END_TEST

START_TEST(test_a_fifo_with_a_writer_and_a_pipe_are_configurations)
{
    static const char text[] = "[log]\nlevel = nonsense\n";
    char path[64] = "/tmp/gruvid-fifo-XXXXXX";
    struct gruvid_options options = {
        .args = (const char *[]){"-t", "-c", "/dev/fd/3", NULL},
        .no_config = true,
    };
    struct gruvid *g;
    int fds[2];

    make_fifo(path);
    if (fork() == 0) {
        int fd = open(path, O_WRONLY);

        _exit(write(fd, text, strlen(text)) < 0);
    }
    g = RUN("-t", "-c", path);
    ck_assert_int_eq(g->status, 78);
    gruvid_says(g, "fifo:2: log.level: \"nonsense\" is not");
    remove_fifo(path);
    ck_assert_int_eq(pipe(fds), 0);
    ck_assert_int_eq(write(fds[1], text, strlen(text)), (ssize_t)strlen(text));
    close(fds[1]);
    options.inherit = fds[0];
    g = gruvid_run("", &options);
    gruvid_says(g, "/dev/fd/3:2: log.level: \"nonsense\" is not");
    close(fds[0]);
    ck_assert_int_eq(RUN("-t", "-c", "/dev/null")->status, 0);
}
END_TEST

START_TEST(test_a_pattern_ends_in_a_folder_of_links_to_itself)
{
    struct gruvid_options options = {
        .stdout_too = true,
    };
    char path[64] = "/tmp/gruvid-links-XXXXXX", link[80], include[128];
    struct gruvid *g;

    ck_assert_ptr_nonnull(mkdtemp(path));
    for (int i = 0; i < 6; i++) {
        snprintf(link, sizeof link, "%s/%d", path, i);
        ck_assert_int_eq(symlink(".", link), 0);
    }
    snprintf(include, sizeof include,
             "gruvid.include=%s/*/*/*/*/*/*/*/*/*.conf", path);
    options.args = (const char *[]){"-t", "-o", include, NULL};
    g = gruvid_run("", &options);
    ck_assert_int_eq(g->status, 78);
    gruvid_says(g, "more than 1000 folders match; links may lead back\n");
    for (int i = 0; i < 6; i++) {
        snprintf(link, sizeof link, "%s/%d", path, i);
        unlink(link);
    }
    rmdir(path);
}
END_TEST

START_TEST(test_a_wrong_plugin_dir_is_one_mistake)
{
    struct gruvid_options options = {
        .args = (const char *[]){"-o", "gruvid.plugin_dir=.", NULL},
    };
    struct gruvid *g = gruvid_run("[plugin trial]\n", &options);

    ck_assert_int_eq(g->status, 78);
    ck_assert_str_eq(g->log, "-o: gruvid.plugin_dir: \".\" is not an absolute "
                             "path\n");
    g = RUN("--describe", "trial", "-o", "gruvid.plugin_dir=.");
    ck_assert_int_eq(g->status, 78);
    gruvid_says(g, "gruvid.plugin_dir: \".\" is not an absolute path\n");
}
END_TEST

/* --- -o and -v
 * --------------------------------------------------------------------- */

START_TEST(test_o_overrides_the_file)
{
    struct gruvid_options options = {
        .args = (const char *[]){"-o", "plugin trial.whole=7", "-o",
                                 "log.format=json", NULL},
    };
    struct gruvid *g = gruvid_begin("[plugin trial]\nwhole = 1\n", &options);

    gruvid_says(g, "\"message\":\"flag 1, whole 7, ");
    gruvid_says(g, "\"message\":\"ready\"}\n");
    ck_assert_int_eq(gruvid_stop(g, SIGTERM), 0);
}
END_TEST

START_TEST(test_a_mistake_in_o_is_told_as_such)
{
    struct gruvid_options options = {
        .args = (const char *[]){"-o", "plugin trial.whole=x", NULL},
    };
    struct gruvid *g = gruvid_run("[plugin trial]\n", &options);

    ck_assert_int_eq(g->status, 78);
    gruvid_says(g, "-o: plugin trial.whole: ");
}
END_TEST

START_TEST(test_v_logs_everything)
{
    struct gruvid_options options = {.args = (const char *[]){"-v", NULL}};
    struct gruvid *g = gruvid_ready("[log]\nlevel = error\n[plugin trial]\n"
                                    "listen = tcp://127.0.0.1:0\n",
                                    &options);

    ck_assert_int_eq(gruvid_stop(g, SIGTERM), 0);
    gruvid_says(g, " debug trial[accept]: not listening any more");
}
END_TEST

START_TEST(test_the_level_of_the_log_is_heeded)
{
    struct gruvid *g = gruvid_run(
        "[log]\nlevel = error\n[plugin trial]\nat_start = refuse\n", NULL);

    ck_assert_int_eq(g->status, 69);
    ck_assert_uint_eq(gruvid_said(g, "\n"), 1);
    gruvid_says(g, " error gruvid: plugin trial refused to start");
}
END_TEST

/* --- --describe
 * ------------------------------------------------------------------- */

START_TEST(test_describe_prints_the_keys_of_gruvid)
{
    struct gruvid *g = RUN("--describe");

    ck_assert_int_eq(g->status, 0);
    gruvid_says(g, "[gruvid]");
    gruvid_says(g, "drain_timeout = 30s");
    gruvid_says(g, "[log]");
    gruvid_says(g, "max_connections");
}
END_TEST

static struct gruvid *
describe(const char *how, const char *plugin)
{
    char dir[300];

    snprintf(dir, sizeof dir, "gruvid.plugin_dir=%s/tests/daemon/plugins/.libs",
             getenv("top_builddir"));
    return RUN("-o", dir, how, plugin);
}

START_TEST(test_describe_prints_the_options_of_a_plugin)
{
    struct gruvid *g = describe("--describe", "trial");

    ck_assert_int_eq(g->status, 0);
    gruvid_says(g, "does what it is told");
    gruvid_says(g, "0.3");
    gruvid_says(g, "time = 1500ms");
    gruvid_says(g, "size = 64K");
    ck_assert_int_eq(describe("--describe=trial", NULL)->status, 0);
    ck_assert_int_eq(describe("--describe", "silent")->status, 0);
}
END_TEST

START_TEST(test_describe_of_what_is_no_plugin_says_why)
{
    struct gruvid *g = describe("--describe", "nowhere");

    ck_assert_int_eq(g->status, 78);
    gruvid_says(g, "nowhere.so: there is no such plugin");
    g = describe("--describe", "../plugins/trial");
    ck_assert_int_eq(g->status, 78);
    gruvid_says(g, "../plugins/trial: not the name of a plugin");
}
END_TEST

START_TEST(test_describe_helps_to_mend_a_bad_configuration)
{
    struct gruvid_options options = {
        .args = (const char *[]){"--describe", "trial", NULL},
        .stdout_too = true,
    };
    struct gruvid *g =
        gruvid_run("[plugin trial]\nwhol = 7\n[nonsense]\n", &options);

    ck_assert_int_eq(g->status, 0);
    gruvid_says(g, "whole = -3");
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("cli");
    TCase *tc = gruvid_case(suite, "command line");

    tcase_add_loop_test(tc, test_mistakes_of_usage_are_exit_2_with_a_hint, 0,
                        15);
    tcase_add_test(tc, test_help_names_every_option);
    tcase_add_test(tc, test_version_says_what_it_is_made_of);
    tcase_add_test(tc, test_output_that_cannot_be_written_is_exit_1);
    tcase_add_test(tc, test_a_missing_configuration_is_exit_78);
    tcase_add_test(tc, test_t_checks_and_starts_nothing);
    tcase_add_test(tc, test_t_finds_the_mistakes_that_a_start_would);
    tcase_add_test(tc, test_t_says_what_is_no_mistake_and_may_surprise);
    tcase_add_loop_test(
        tc, test_a_plugin_that_ends_gruvid_while_it_is_opened_is_named, 0, 2);
    tcase_add_test(tc, test_a_pattern_ends_in_a_folder_of_links_to_itself);
    tcase_add_test(tc, test_a_fifo_with_a_writer_and_a_pipe_are_configurations);
    tcase_add_test(tc, test_a_fifo_that_nobody_writes_to_is_no_configuration);
    tcase_add_test(tc, test_a_wrong_plugin_dir_is_one_mistake);
    tcase_add_test(tc, test_o_overrides_the_file);
    tcase_add_test(tc, test_a_mistake_in_o_is_told_as_such);
    tcase_add_test(tc, test_v_logs_everything);
    tcase_add_test(tc, test_the_level_of_the_log_is_heeded);
    tcase_add_test(tc, test_describe_prints_the_keys_of_gruvid);
    tcase_add_test(tc, test_describe_prints_the_options_of_a_plugin);
    tcase_add_test(tc, test_describe_of_what_is_no_plugin_says_why);
    tcase_add_test(tc, test_describe_helps_to_mend_a_bad_configuration);
    return run_suite(suite);
}
