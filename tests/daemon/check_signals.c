/* SPDX-License-Identifier: MIT */
/* Signals, beside those that stop; process 1; a user of its own. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "daemon/run_gruvid.h"

#define ECHO "[plugin trial]\nlisten = tcp://127.0.0.1:0\n"

START_TEST(test_sigterm_and_sigint_end_an_idle_gruvid_with_0)
{
    struct gruvid *g = gruvid_ready(ECHO, NULL);

    ck_assert_int_eq(gruvid_stop(g, SIGTERM), 0);
    g = gruvid_ready(ECHO, NULL);
    ck_assert_int_eq(gruvid_stop(g, SIGINT), 0);
}
END_TEST

/* As by a supervisor that waits for them itself. */
START_TEST(test_it_hears_signals_that_were_blocked)
{
    struct gruvid_options options = {.block_signals = true};
    struct gruvid *g = gruvid_ready(ECHO, &options);
    char path[64];

    snprintf(path, sizeof path, "/proc/%d/status", g->pid);
    ck_assert_ptr_nonnull(
        strstr(read_text(path), "SigBlk:\t0000000000000000\n"));
    ck_assert_int_eq(gruvid_stop(g, SIGTERM), 0);
    g = gruvid_ready(ECHO, &options);
    ck_assert_int_eq(gruvid_stop(g, SIGINT), 0);
}
END_TEST

static void
send_three(struct gruvid *g)
{
    gruvid_signal(g, SIGHUP);
    gruvid_signal(g, SIGUSR1);
    gruvid_signal(g, SIGUSR2);
}

START_TEST(test_signals_wait_for_a_gruvid_that_reads_its_configuration)
{
    char dir[] = "/tmp/gruvid-fifo-XXXXXX", fifo[64];
    struct gruvid_options options = {
        .no_config = true,
        .args = (const char *[]){"-c", fifo, NULL},
    };
    struct gruvid *g;
    int fd;

    ck_assert_ptr_nonnull(mkdtemp(dir));
    snprintf(fifo, sizeof fifo, "%s/conf", dir);
    ck_assert_int_eq(mkfifo(fifo, 0600), 0);
    g = gruvid_begin("", &options);
    fd = open(fifo, O_WRONLY);
    ck_assert_int_ge(fd, 0);
    /* What the reload reads. */
    ck_assert_int_eq(rename(gruvid_path(g, "gruvid.conf"), fifo), 0);
    send_three(g);
    close(fd);
    gruvid_says(g, "ready");
    gruvid_says(g, "reload 1 is done");
    gruvid_says(g, "nothing to reopen");
    gruvid_says(g, " fibers\n");
    ck_assert_int_eq(gruvid_stop(g, SIGTERM), 0);
    unlink(fifo);
    rmdir(dir);
}
END_TEST

START_TEST(test_signals_that_come_when_all_has_stopped_change_no_status)
{
    struct gruvid *g = gruvid_ready("[plugin parting]\n", NULL);

    ck_assert_int_eq(gruvid_stop(g, SIGTERM), 0);
    gruvid_says(g, "gruvid: stopped");
}
END_TEST

START_TEST(test_a_burst_of_signals_hides_no_sigterm)
{
    struct gruvid *g = gruvid_begin("[plugin trial]\nat_start = burst\n", NULL);

    gruvid_says(g, "SIGTERM comes last");
    ck_assert_int_eq(gruvid_wait(g), 0);
    ck_assert_uint_eq(gruvid_said(g, "nothing to reopen"), 1);
}
END_TEST

START_TEST(test_sighup_reloads_unless_gruvid_stops)
{
    struct gruvid *g = gruvid_ready(ECHO, NULL);
    int fd;

    gruvid_signal(g, SIGHUP);
    gruvid_says(g, "reload 1 is done");
    fd = connect_to(g, 0);
    gruvid_signal(g, SIGTERM);
    gruvid_says(g, "1 connection left");
    gruvid_signal(g, SIGHUP);
    gruvid_says(g, "SIGHUP: no reload while stopping");
    close(fd);
    ck_assert_int_eq(gruvid_wait(g), 0);
}
END_TEST

START_TEST(test_sigusr1_reopens_the_log_file)
{
    struct gruvid *g = gruvid_begin(
        "[log]\ntarget = file:@DIR@/log\n" ECHO "fiber = good\n", NULL);
    const char *path = gruvid_path(g, "log"), *moved = gruvid_path(g, "log.1");

    file_says(path, "gruvid: ready");
    ck_assert_int_eq(rename(path, moved), 0);
    gruvid_signal(g, SIGUSR1);
    file_says(path, "was opened again");
    ck_assert_int_eq(gruvid_stop(g, SIGTERM), 0);
    ck_assert_ptr_nonnull(strstr(read_text(path), "gruvid: stopped\n"));
    ck_assert_ptr_null(strstr(read_text(moved), "stopped"));
    ck_assert_uint_eq(g->length, 0);
}
END_TEST

START_TEST(test_sigusr1_without_a_file_is_harmless)
{
    struct gruvid *g = gruvid_ready(ECHO, NULL);

    gruvid_signal(g, SIGUSR1);
    gruvid_says(g, "nothing to reopen");
    ck_assert_int_eq(gruvid_stop(g, SIGTERM), 0);
}
END_TEST

/* Serve clients that each cost a line, with the pipe of the log full. */
static void
serve_many(struct gruvid *g)
{
    for (int i = 0; i < 200; i++) {
        int fd = connect_to(g, 0);

        send_text(fd, "x");
        expect_text(fd, "x");
        close(fd);
    }
}

START_TEST(test_a_log_that_nobody_reads_stops_nothing)
{
    struct gruvid *g = gruvid_ready("[log]\nlevel = debug\n" ECHO, NULL);
    int status;

    ck_assert_int_gt(fcntl(g->log_fd, F_SETPIPE_SZ, 4096), 0);
    serve_many(g);
    gruvid_signal(g, SIGTERM);
    ck_assert_int_eq(waitpid(g->pid, &status, 0), g->pid);
    g->pid = 0;
    ck_assert_int_eq(status, 0);
}
END_TEST

static void
echo_once(const struct gruvid *g)
{
    int fd;

    do
        fd = connect_unix(gruvid_path(g, "socket"));
    while (fd < 0 && usleep(1000) == 0);
    send_text(fd, "x");
    expect_text(fd, "x");
    close(fd);
}

START_TEST(test_a_log_in_a_fifo_without_a_reader_stops_nothing)
{
    char dir[] = "/tmp/gruvid-fifo-XXXXXX", fifo[64], config[256];
    struct gruvid *g;

    ck_assert_ptr_nonnull(mkdtemp(dir));
    snprintf(fifo, sizeof fifo, "%s/log", dir);
    ck_assert_int_eq(mkfifo(fifo, 0600), 0);
    snprintf(config, sizeof config,
             "[log]\ntarget = file:%s\n"
             "[plugin trial]\nlisten = unix:@DIR@/socket\n",
             fifo);
    g = gruvid_begin(config, NULL);
    echo_once(g);
    gruvid_signal(g, SIGUSR1);
    echo_once(g);
    ck_assert_int_eq(gruvid_stop(g, SIGTERM), 0);
    unlink(fifo);
    rmdir(dir);
}
END_TEST

/* Have fibers listed until one of the lists says this. */
static void
list_until(struct gruvid *g, const char *text)
{
    for (unsigned n = gruvid_said(g, " fibers\n");
         gruvid_said(g, text) == 0 && n < 10000; n++) {
        gruvid_signal(g, SIGUSR2);
        gruvid_says_times(g, " fibers\n", n + 1);
    }
    gruvid_says(g, text);
}

START_TEST(test_sigusr2_lists_every_fiber_whatever_the_level)
{
    struct gruvid *g =
        gruvid_begin("[log]\nlevel = error\n" ECHO "fiber = good\n"
                     "[plugin bad]\nmodule = trial\nfiber = fail\n",
                     NULL);

    /* The start is not over yet, or it is: it is not logged. */
    gruvid_says(g, "error bad[worker]: ");
    list_until(g, "fiber Root: waits for event");
    list_until(g, "fiber worker of plugin trial: waits for timer");
    list_until(g, "fiber accept of plugin trial: waits for accept");
    gruvid_says(g, "fiber Hub: ");
}
END_TEST

START_TEST(test_sigusr2_names_connections_by_their_peers)
{
    struct gruvid *g = gruvid_ready(ECHO, NULL);
    int fd = connect_to(g, 0);

    send_text(fd, "x");
    expect_text(fd, "x");
    list_until(g, " of plugin trial: waits for read");
    gruvid_says(g, "fiber 127.0.0.1:");
}
END_TEST

START_TEST(test_sigpipe_harms_nothing)
{
    struct gruvid *g = gruvid_ready(ECHO, NULL);
    int fd = connect_to(g, 0);

    gruvid_signal(g, SIGPIPE);
    send_text(fd, "x");
    expect_text(fd, "x");
    close(fd);
    ck_assert_int_eq(gruvid_stop(g, SIGTERM), 0);
}
END_TEST

/* --- process 1
 * ------------------------------------------------------------------ */

/* gruvid as process 1, or NULL with a line that says why not. */
static struct gruvid *
begin_first(const char *config)
{
    struct gruvid_options options = {.first_process = true};
    struct gruvid *g = gruvid_begin(config, &options);

    if (g == NULL)
        printf("skipped: no PID namespace for us: %s\n", strerror(errno));
    else
        gruvid_says(g, "gruvid: ready");
    return g;
}

START_TEST(test_it_works_as_process_1)
{
    struct gruvid *g = begin_first(ECHO);
    int fd;

    if (g == NULL)
        return;
    fd = connect_to(g, 0);
    send_text(fd, "x");
    expect_text(fd, "x");
    close(fd);
    ck_assert_int_eq(gruvid_stop(g, SIGTERM), 0);
    g = begin_first(ECHO);
    ck_assert_int_eq(gruvid_stop(g, SIGINT), 0);
}
END_TEST

/* /proc says which children there are, or is another's: then they are found one
 * by one. */
static struct gruvid *
begin_with_orphans(const char *config, bool own_proc)
{
    struct gruvid_options options = {.first_process = true,
                                     .own_proc = own_proc};

    return gruvid_begin(config, &options);
}

START_TEST(test_also_when_orphans_end_all_the_while)
{
    struct gruvid *g =
        begin_with_orphans("[plugin trial]\nat_start = orphans\n", _i == 0);

    if (g == NULL)
        return;
    gruvid_says(g, "the first orphan is gone");
    ck_assert_int_eq(gruvid_stop(g, SIGTERM), 0);
}
END_TEST

START_TEST(test_as_process_1_it_buries_orphans)
{
    struct gruvid *g;
    char config[200];

    snprintf(config, sizeof config,
             "[gruvid]\nhubs = %d\n[plugin first]\nmodule = trial\n"
             "[plugin trial]\nat_start = orphan\n",
             _i);
    g = begin_with_orphans(config, _i == 2);
    if (g == NULL)
        return;
    gruvid_says(g, "the orphan is gone");
    ck_assert_int_eq(gruvid_stop(g, SIGTERM), 0);
}
END_TEST

/* --- user
 * ------------------------------------------------------------------------- */

START_TEST(test_it_becomes_the_user_for_good_after_it_has_bound)
{
    struct gruvid *g;
    struct stat st;
    char path[64];

    if (geteuid() != 0) {
        printf("skipped: only root can become somebody else\n");
        return;
    }
    g = gruvid_begin("[gruvid]\nuser = nobody\n"
                     "[plugin trial]\nlisten = unix:@DIR@/socket\n",
                     NULL);
    /* Its folder is root's: only before the change could it bind. */
    gruvid_says(g, "gruvid: ready");
    snprintf(path, sizeof path, "/proc/%d/status", g->pid);
    ck_assert_ptr_nonnull(
        strstr(read_text(path), "Uid:\t65534\t65534\t65534\t65534\n"));
    ck_assert_ptr_nonnull(
        strstr(read_text(path), "Gid:\t65534\t65534\t65534\t65534\n"));
    ck_assert_ptr_nonnull(strstr(read_text(path), "Groups:\t65534"));
    ck_assert_ptr_nonnull(
        strstr(read_text(path), "CapPrm:\t0000000000000000\n"));
    ck_assert_ptr_nonnull(
        strstr(read_text(path), "CapEff:\t0000000000000000\n"));
    /* Of a process that makes no core these files are root's. */
    snprintf(path, sizeof path, "/proc/%d/environ", g->pid);
    ck_assert_int_eq(stat(path, &st), 0);
    ck_assert_uint_eq(st.st_uid, 65534);
    ck_assert_int_eq(gruvid_stop(g, SIGTERM), 0);
}
END_TEST

static void
expect_socket(const struct gruvid *g, const char *name, uid_t uid, gid_t gid,
              mode_t mode)
{
    struct stat st;

    ck_assert_int_eq(stat(gruvid_path(g, name), &st), 0);
    ck_assert_uint_eq(st.st_uid, uid);
    ck_assert_uint_eq(st.st_gid, gid);
    if (mode != 0)
        ck_assert_uint_eq(st.st_mode & 0777, mode);
}

START_TEST(test_unix_sockets_belong_to_the_user_or_as_the_section_says)
{
    struct gruvid *g;

    if (geteuid() != 0) {
        printf("skipped: only root can become somebody else\n");
        return;
    }
    g = gruvid_ready("[gruvid]\nuser = nobody\n"
                     "[plugin trial]\nlisten = unix:@DIR@/a\n"
                     "[plugin b]\nmodule = trial\nlisten = unix:@DIR@/b\n"
                     "listen_owner = root\nlisten_group = daemon\n"
                     "listen_mode = 0620\n",
                     NULL);
    expect_socket(g, "a", 65534, 65534, 0);
    expect_socket(g, "b", 0, 1, 0620);
    ck_assert_int_eq(gruvid_stop(g, SIGTERM), 0);
}
END_TEST

START_TEST(test_only_root_gives_sockets_away)
{
    struct gruvid *g;

    if (geteuid() != 0) {
        printf("skipped: only root can become somebody else\n");
        return;
    }
    g = gruvid_ready("[gruvid]\nuser = nobody\n"
                     "[plugin trial]\nlisten = unix:@DIR@/a\n",
                     NULL);
    ck_assert_int_eq(chown(g->dir, 65534, 65534), 0);
    gruvid_reload(g,
                  "[gruvid]\nuser = nobody\n"
                  "[plugin trial]\nlisten = unix:@DIR@/a\n"
                  "[plugin b]\nmodule = trial\nlisten = unix:@DIR@/b\n"
                  "listen_owner = root\n",
                  false);
    gruvid_says(g, "/b cannot be given to its owner: not permitted here; "
                   "only root gives files away");
    ck_assert_int_eq(gruvid_stop(g, SIGTERM), 0);
}
END_TEST

/* Its folder is root's, as /var/log is. */
START_TEST(test_the_log_is_given_to_the_user_who_opens_it_again)
{
    struct gruvid *g;
    struct stat st;

    if (geteuid() != 0) {
        printf("skipped: only root can become somebody else\n");
        return;
    }
    g = gruvid_begin("[gruvid]\nuser = nobody\n"
                     "[log]\ntarget = file:@DIR@/log\n" ECHO,
                     NULL);
    ck_assert_int_eq(chmod(g->dir, 0755), 0);
    file_says(gruvid_path(g, "log"), "gruvid: ready");
    ck_assert_int_eq(stat(gruvid_path(g, "log"), &st), 0);
    ck_assert_uint_eq(st.st_uid, 65534);
    file_says(gruvid_path(g, "log"), "gruvid's user makes no files in that "
                                     "folder");
    gruvid_signal(g, SIGUSR1);
    file_says(gruvid_path(g, "log"), "was opened again");
    ck_assert_int_eq(gruvid_stop(g, SIGTERM), 0);
}
END_TEST

START_TEST(test_a_user_that_does_not_exist_is_a_mistake)
{
    struct gruvid *g =
        gruvid_run("[gruvid]\nuser = nobody-has-this-name\n", NULL);

    ck_assert_int_eq(g->status, 78);
    gruvid_says(g, "gruvid.conf:2: gruvid.user: ");
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("signals");
    TCase *signals = gruvid_case(suite, "signals"), *tc;

    tcase_add_test(signals, test_sigterm_and_sigint_end_an_idle_gruvid_with_0);
    tcase_add_test(signals, test_it_hears_signals_that_were_blocked);
    tcase_add_test(signals,
                   test_signals_wait_for_a_gruvid_that_reads_its_configuration);
    tcase_add_test(
        signals, test_signals_that_come_when_all_has_stopped_change_no_status);
    tcase_add_test(signals, test_a_burst_of_signals_hides_no_sigterm);
    tcase_add_test(signals, test_sighup_reloads_unless_gruvid_stops);
    tcase_add_test(signals, test_sigusr1_reopens_the_log_file);
    tcase_add_test(signals, test_sigusr1_without_a_file_is_harmless);
    tcase_add_test(signals, test_a_log_that_nobody_reads_stops_nothing);
    tcase_add_test(signals,
                   test_a_log_in_a_fifo_without_a_reader_stops_nothing);
    tcase_add_test(signals, test_sigusr2_lists_every_fiber_whatever_the_level);
    tcase_add_test(signals, test_sigusr2_names_connections_by_their_peers);
    tcase_add_test(signals, test_sigpipe_harms_nothing);
    tc = gruvid_case(suite, "process 1");
    tcase_add_test(tc, test_it_works_as_process_1);
    tcase_add_loop_test(tc, test_as_process_1_it_buries_orphans, 1, 4);
    tcase_add_loop_test(tc, test_also_when_orphans_end_all_the_while, 0, 2);
    tc = gruvid_case(suite, "user");
    tcase_add_test(tc, test_it_becomes_the_user_for_good_after_it_has_bound);
    tcase_add_test(tc,
                   test_unix_sockets_belong_to_the_user_or_as_the_section_says);
    tcase_add_test(tc, test_only_root_gives_sockets_away);
    tcase_add_test(tc, test_the_log_is_given_to_the_user_who_opens_it_again);
    tcase_add_test(tc, test_a_user_that_does_not_exist_is_a_mistake);
    return run_suite(suite);
}
