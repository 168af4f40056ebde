/* SPDX-License-Identifier: MIT */
/* The reload: what it takes, and what it refuses. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "daemon/control_client.h"

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
    gruvid_says(g, "reload 1 failed");
    ck_assert_uint_eq(gruvid_said(g, "no reload"), 0);
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

/* Whether gruvid has a file open. */
static bool
has_open(const struct gruvid *g, const char *path)
{
    struct stat file, other;
    char link[64];

    ck_assert_int_eq(stat(path, &file), 0);
    for (int fd = 0; fd < 64; fd++) {
        snprintf(link, sizeof link, "/proc/%d/fd/%d", (int)g->pid, fd);
        if (stat(link, &other) == 0 && other.st_ino == file.st_ino &&
            other.st_dev == file.st_dev)
            return true;
    }
    return false;
}

/* A reload that reads from a FIFO until its writer, the result, is closed. */
static int
begin_to_read(struct gruvid *g)
{
    int writer;

    gruvid_configure(g, CONTROL "include = fifo\n" ECHO);
    ck_assert_int_eq(mkfifo(gruvid_path(g, "fifo"), 0600), 0);
    writer = open(gruvid_path(g, "fifo"), O_RDWR | O_CLOEXEC);
    ck_assert_int_ge(writer, 0);
    gruvid_signal(g, SIGHUP);
    gruvid_says(g, "reload 1, by SIGHUP");
    while (!has_open(g, gruvid_path(g, "fifo")))
        usleep(1000);
    return writer;
}

static void
expect_reloading(struct gruvid *g)
{
    expect_answer(ask_once(g, "{\"do\":\"status\"}"),
                  "\"reloading\":\"reads the configuration\"");
}

START_TEST(test_gruvid_serves_while_files_are_read)
{
    struct gruvid *g = gruvid_ready(CONTROL ECHO, NULL);
    int writer = begin_to_read(g), fd = connect_to(g, 0);

    echo_on(fd);
    expect_reloading(g);
    close(fd);
    close(writer);
    gruvid_says(g, "reload 1 is done");
    ck_assert_int_eq(gruvid_stop(g, SIGTERM), 0);
}
END_TEST

#define CALLERS 5

/* They ask while files are being read: with the answer of the first request the
 * second, which came with it, is being handled. */
START_TEST(test_callers_that_wait_share_the_next_reload)
{
    struct gruvid *g = gruvid_ready(CONTROL ECHO, NULL);
    int writer = begin_to_read(g), fds[CALLERS];

    for (int i = 0; i < CALLERS; i++) {
        fds[i] = connect_control(g);
        expect_answer(ask(fds[i], "{\"do\":\"hello\"}\n{\"do\":\"reload\"}"),
                      "\"ok\":true");
    }
    gruvid_configure(g, CONTROL ECHO "max_connections = 7\n");
    expect_reloading(g);
    close(writer);
    for (int i = 0; i < CALLERS; i++) {
        expect_answer(read_answer(fds[i]), "\"number\":2,\"worked\":true");
        close(fds[i]);
    }
    gruvid_says(g, "plugin trial has new values: max_connections");
    ck_assert_uint_eq(gruvid_said(g, "reload 3"), 0);
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

#define BLOCKING                                                               \
    "drain_timeout = 0\ncancel_timeout = 10ms\n"                               \
    "[plugin one]\nmodule = trial\nfiber = blocking\n"                         \
    "[plugin two]\nmodule = trial\nfiber = blocking\n"

/* What waits for a thread gets it. */
START_TEST(test_pools_grow)
{
    struct gruvid *g =
        gruvid_ready(CONTROL BLOCKING "[pools]\nio_threads = 1\n", NULL);

    gruvid_says(g, "a thread sleeps");
    gruvid_says_times(g, "fiber runs", 2);
    ck_assert_uint_eq(gruvid_said(g, "a thread sleeps"), 1);
    reload(g, CONTROL BLOCKING "[pools]\nio_threads = 2\ncpu_threads = 5\n",
           "reload 1 is done");
    gruvid_says(g, "pools.io_threads: 2, no longer 1");
    gruvid_says_times(g, "a thread sleeps", 2);
    expect_answer(ask_once(g, "{\"do\":\"pools\"}"),
                  "{\"name\":\"cpu\",\"max\":5,");
    ck_assert_int_eq(gruvid_stop(g, SIGTERM), 75);
}
END_TEST

/* A connection that waits for a fiber gets it. */
START_TEST(test_max_fibers_changes)
{
    struct gruvid *g = gruvid_ready("[fibers]\nmax_fibers = 2\n" ECHO, NULL);
    int first = connect_to(g, 0), second;

    echo_on(first);
    second = connect_to(g, 0);
    gruvid_says(g, "a connection waits");
    reload(g, "[fibers]\nmax_fibers = 3\n" ECHO, "reload 1 is done");
    echo_on(second);
    close(first);
    close(second);
    ck_assert_int_eq(gruvid_stop(g, SIGTERM), 0);
}
END_TEST

START_TEST(test_max_fibers_of_a_plugin_changes)
{
    struct gruvid *g = gruvid_ready(ECHO "max_fibers = 2\n", NULL);
    int first = connect_to(g, 0), second;

    echo_on(first);
    second = connect_to(g, 0);
    gruvid_says(g, "a connection waits");
    reload(g, ECHO "max_fibers = 3\n", "reload 1 is done");
    echo_on(second);
    close(first);
    close(second);
    ck_assert_int_eq(gruvid_stop(g, SIGTERM), 0);
}
END_TEST

/* Also for what that reload retires. */
START_TEST(test_drain_timeout_changes)
{
    struct gruvid *g =
        gruvid_ready("[gruvid]\ndrain_timeout = 1h\n" ECHO, NULL);
    int fd = connect_to(g, 0);

    echo_on(fd);
    reload(g, "[gruvid]\ndrain_timeout = 10ms\n" ECHO "serve = name\n",
           "reload 1 is done");
    expect_end(fd);
    gruvid_says(g, "plugin trial, generation 1: 1 connection cut, "
                   "drain_timeout has passed");
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

/* --- too few descriptors -------------------------------------------------- */

#define FILES 100
#define MORE                                                                   \
    CONTROL ECHO "listen = unix:@DIR@/one\nlisten = tcp://127.0.0.1:0\n"       \
                 "[plugin spread]\nlisten = unix:@DIR@/two\n"

static void
wait_for_descriptors(const struct gruvid *g, unsigned n)
{
    unsigned now;

    for (int tries = 0; (now = gruvid_descriptors(g)) != n; tries++) {
        ck_assert_msg(tries < PATIENCE * 100, "%u descriptors, not %u\n%s", now,
                      n, g->log);
        usleep(10000);
    }
}

static bool
reloads_by(int control)
{
    const char *answer = ask(control, "{\"do\":\"reload\"}");

    ck_assert_ptr_nonnull(answer);
    if (strstr(answer, "\"ok\":true") != NULL)
        return true;
    expect_answer(answer, "\"ok\":false");
    ck_assert_msg(strstr(answer, "\"reasons\":[]") == NULL, "%s", answer);
    return false;
}

/* Clients have all descriptors, and leave one at a time, until a reload has as
 * many as it needs.  Each that fails has done nothing, and leaves nothing. */
START_TEST(test_a_reload_may_run_out_of_descriptors_anywhere)
{
    struct gruvid_options options = {.files = FILES, .hard_files = FILES};
    struct gruvid *g = gruvid_ready(CONTROL ECHO, &options);
    int control = connect_control(g), clients[FILES];
    unsigned n = 0, failed = 0, open;

    expect_answer(ask(control, "{\"do\":\"status\"}"), "\"ok\":true");
    /* Some that are counted may be closed at once. */
    for (int settled = 0; settled < 3; usleep(10000)) {
        if (gruvid_descriptors(g) == FILES) {
            settled++;
            continue;
        }
        settled = 0;
        clients[n] = connect_to(g, 0);
        echo_on(clients[n++]);
    }
    gruvid_configure(g, MORE);
    open = FILES;
    while (!reloads_by(control)) {
        ck_assert_uint_gt(n, 1);
        wait_for_descriptors(g, open);
        echo_on(clients[0]);
        close(clients[--n]);
        wait_for_descriptors(g, --open);
        failed++;
    }
    printf("%u reloads failed\n", failed);
    ck_assert_uint_gt(failed, 3);
    echo_on(clients[0]);
    /* Its sockets have taken those that it reads by. */
    for (int i = 0; i < 5; i++)
        close(clients[--n]);
    open -= 5;
    gruvid_configure(g, CONTROL ECHO);
    ck_assert_msg(reloads_by(control), "%s", g->log);
    wait_for_descriptors(g, open);
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
    tcase_add_test(tc, test_gruvid_serves_while_files_are_read);
    tcase_add_test(tc, test_callers_that_wait_share_the_next_reload);
    tcase_add_test(tc, test_sigterm_ends_a_reload_that_reads);
    tcase_add_test(tc, test_what_needs_a_restart_is_said_at_each_reload);
    tcase_add_test(
        tc, test_a_file_that_the_user_may_not_read_is_kept_until_it_changes);
    tcase_add_test(tc, test_a_reload_may_run_out_of_descriptors_anywhere);
    tc = gruvid_case(suite, "settings");
    tcase_add_test(tc, test_pools_grow);
    tcase_add_test(tc, test_max_fibers_changes);
    tcase_add_test(tc, test_max_fibers_of_a_plugin_changes);
    tcase_add_test(tc, test_drain_timeout_changes);
    tcase_add_test(tc, test_the_level_of_the_log_changes);
    tcase_add_test(tc, test_the_target_and_the_format_of_the_log_change);
    return run_suite(suite);
}
