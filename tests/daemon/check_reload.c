/* SPDX-License-Identifier: MIT */
/* The reload: what it takes, and what it refuses. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "daemon/run_gruvid.h"

#define ECHO "[plugin trial]\nlisten = tcp://127.0.0.1:0\n"

static void
echo_on(int fd)
{
    send_text(fd, "x");
    expect_text(fd, "x");
}

static void
reload(struct gruvid *g, const char *config, const char *answer)
{
    gruvid_configure(g, config);
    gruvid_signal(g, SIGHUP);
    gruvid_says(g, answer);
}

START_TEST(test_all_mistakes_are_said_and_what_runs_goes_on)
{
    struct gruvid *g = gruvid_ready(ECHO, NULL);
    int fd = connect_to(g, 0);

    reload(g,
           ECHO "max_connections = many\n[log]\nlevle = info\n"
                "[plugin nosuch]\nx = 1\n",
           "reload 1 failed");
    gruvid_says(g, "reload 1, by SIGHUP");
    gruvid_says(g, "gruvid.conf:3: plugin trial.max_connections: ");
    gruvid_says(g, "gruvid.conf:5: log.levle: unknown key");
    gruvid_says(g, "there is no such plugin");
    echo_on(fd);
    echo_on(connect_to(g, 0));
    close(fd);
    ck_assert_int_eq(gruvid_stop(g, SIGTERM), 0);
}
END_TEST

START_TEST(test_a_file_that_is_gone_fails_the_reload)
{
    struct gruvid *g = gruvid_ready(ECHO, NULL);

    ck_assert_int_eq(unlink(gruvid_path(g, "gruvid.conf")), 0);
    gruvid_signal(g, SIGHUP);
    gruvid_says(g, "gruvid.conf: No such file or directory");
    gruvid_says(g, "reload 1 failed");
    reload(g, ECHO, "reload 2 is done");
    ck_assert_int_eq(gruvid_stop(g, SIGTERM), 0);
}
END_TEST

/* Nobody writes to the FIFO for a second, and then there is a mistake. */
START_TEST(test_a_signal_while_files_are_read_has_a_reload_of_its_own)
{
    struct gruvid *g = gruvid_ready(ECHO, NULL);

    reload(g, "[gruvid]\ninclude = fifo\n" ECHO, "reload 1 failed");
    ck_assert_int_eq(mkfifo(gruvid_path(g, "fifo"), 0600), 0);
    gruvid_signal(g, SIGHUP);
    gruvid_says(g, "reload 2, by SIGHUP");
    gruvid_signal(g, SIGHUP);
    gruvid_says(g, "reload 2 failed");
    gruvid_says(g, "reload 3 failed");
    ck_assert_int_eq(gruvid_stop(g, SIGTERM), 0);
}
END_TEST

START_TEST(test_sigterm_ends_a_reload_that_reads)
{
    struct gruvid *g = gruvid_ready(ECHO, NULL);

    reload(g, "[gruvid]\ninclude = fifo\n" ECHO, "reload 1 failed");
    ck_assert_int_eq(mkfifo(gruvid_path(g, "fifo"), 0600), 0);
    gruvid_signal(g, SIGHUP);
    gruvid_says(g, "reload 2, by SIGHUP");
    ck_assert_int_eq(gruvid_stop(g, SIGTERM), 0);
    gruvid_says(g, "reload 2 failed");
}
END_TEST

START_TEST(test_what_needs_a_restart_is_said_at_each_reload)
{
    struct gruvid *g = gruvid_ready(ECHO, NULL);
    const char *config = "[gruvid]\nhubs = 2\n[fibers]\nstack_size = 1M\n" ECHO;

    reload(g, config, "reload 1 is done");
    gruvid_says(g, "gruvid.hubs stays \"1\": restart gruvid to have \"2\"");
    gruvid_says(g, "fibers.stack_size stays \"128K\": restart gruvid to have "
                   "\"1M\"");
    reload(g, config, "reload 2 is done");
    ck_assert_uint_eq(gruvid_said(g, "gruvid.hubs stays"), 2);
    reload(g, ECHO, "reload 3 is done");
    ck_assert_uint_eq(gruvid_said(g, "gruvid.hubs stays"), 2);
    ck_assert_int_eq(gruvid_stop(g, SIGTERM), 0);
}
END_TEST

/* --- files of root ------------------------------------------------------- */

/* A file that only root may read, in a folder that others may search. */
static void
write_private(const char *path, const char *text)
{
    FILE *file = fopen(path, "w");

    ck_assert_ptr_nonnull(file);
    fputs(text, file);
    ck_assert_int_eq(fclose(file), 0);
    ck_assert_int_eq(chmod(path, 0600), 0);
}

START_TEST(test_a_file_that_the_user_may_not_read_is_kept_until_it_changes)
{
    char dir[] = "/tmp/gruvid-private-XXXXXX", path[64], config[256];
    struct gruvid *g;

    if (geteuid() != 0) {
        printf("skipped: only root can become somebody else\n");
        return;
    }
    ck_assert_ptr_nonnull(mkdtemp(dir));
    ck_assert_int_eq(chmod(dir, 0755), 0);
    snprintf(path, sizeof path, "%s/more.conf", dir);
    write_private(path, ECHO);
    snprintf(config, sizeof config, "[gruvid]\nuser = nobody\ninclude = %s\n",
             path);
    g = gruvid_ready(config, NULL);
    gruvid_says(g, "/more.conf: gruvid's user may not read it: a reload keeps");
    gruvid_says(g,
                "/gruvid.conf: gruvid's user may not read it: a reload fails");
    ck_assert_int_eq(chmod(g->dir, 0755), 0);
    reload(g, config, "reload 1 is done");
    reload(g, config, "reload 2 is done");
    write_private(path, ECHO "max_connections = 3\n");
    reload(g, config, "/more.conf: Permission denied");
    gruvid_says(g, "reload 3 failed");
    ck_assert_int_eq(gruvid_stop(g, SIGTERM), 0);
    unlink(path);
    rmdir(dir);
}
END_TEST

/* --- settings ------------------------------------------------------------- */

START_TEST(test_the_level_of_the_log_changes)
{
    struct gruvid *g = gruvid_ready(ECHO, NULL);

    reload(g, "[log]\nlevel = debug\n" ECHO,
           "log.level: debug, no longer info");
    gruvid_says(g, "reload 1 is done");
    reload(g, "[log]\nlevel = debug\n" ECHO, "debug gruvid: reload: ");
    reload(g, ECHO, "reload 3 is done");
    ck_assert_int_eq(gruvid_stop(g, SIGTERM), 0);
}
END_TEST

START_TEST(test_the_target_and_the_format_of_the_log_change)
{
    struct gruvid *g = gruvid_ready(ECHO, NULL);
    const char *log = gruvid_path(g, "log"), *other = gruvid_path(g, "other");
    size_t length;

    reload(g, "[log]\ntarget = file:/nosuch/log\n" ECHO,
           "log.target file:/nosuch/log cannot be opened: ");
    gruvid_says(g, "reload 1 failed");
    gruvid_configure(g, "[log]\ntarget = file:@DIR@/log\nformat = json\n" ECHO);
    gruvid_signal(g, SIGHUP);
    file_says(log, "\"message\":\"reload 2 is done\"");
    length = g->length;
    gruvid_configure(g, "[log]\ntarget = file:@DIR@/other\n" ECHO);
    gruvid_signal(g, SIGHUP);
    file_says(other, "info gruvid: reload 3 is done");
    gruvid_configure(g, ECHO);
    gruvid_signal(g, SIGHUP);
    gruvid_says(g, "reload 4 is done");
    ck_assert_ptr_null(strstr(read_text(other), "reload 4 is done"));
    ck_assert_ptr_null(strstr(g->log + length, "reload 3"));
    ck_assert_int_eq(gruvid_stop(g, SIGTERM), 0);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("reload");
    TCase *tc = gruvid_case(suite, "check");

    tcase_add_test(tc, test_all_mistakes_are_said_and_what_runs_goes_on);
    tcase_add_test(tc, test_a_file_that_is_gone_fails_the_reload);
    tcase_add_test(tc,
                   test_a_signal_while_files_are_read_has_a_reload_of_its_own);
    tcase_add_test(tc, test_sigterm_ends_a_reload_that_reads);
    tcase_add_test(tc, test_what_needs_a_restart_is_said_at_each_reload);
    tcase_add_test(
        tc, test_a_file_that_the_user_may_not_read_is_kept_until_it_changes);
    tc = gruvid_case(suite, "settings");
    tcase_add_test(tc, test_the_level_of_the_log_changes);
    tcase_add_test(tc, test_the_target_and_the_format_of_the_log_change);
    return run_suite(suite);
}
