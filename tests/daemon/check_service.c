/* SPDX-License-Identifier: MIT */
/* gruvid under a service manager: notifications, the journal, a log on a disk
 * that is full, descriptors that are closed. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "daemon/run_gruvid.h"

#define ECHO "[plugin trial]\nlisten = tcp://127.0.0.1:0\n"

/* --- a newline when it is ready --------------------------------------------
 */

START_TEST(test_a_newline_says_ready_and_its_descriptor_is_closed)
{
    char text[4];
    int ends[2];
    struct gruvid *g;

    ck_assert_int_eq(pipe2(ends, O_CLOEXEC), 0);
    g = gruvid_begin(ECHO "at_start = slow\n",
                     &(struct gruvid_options){
                         .args = (const char *[]){"--ready-fd", "3", NULL},
                         .inherit = ends[1],
                     });
    close(ends[1]);
    /* Until the end of the pipe: gruvid runs on, and has closed it. */
    ck_assert_int_eq(read(ends[0], text, sizeof text), 1);
    ck_assert_int_eq(text[0], '\n');
    ck_assert_int_eq(read(ends[0], text, sizeof text), 0);
    gruvid_says(g, "start is over");
    ck_assert_int_eq(gruvid_stop(g, SIGTERM), 0);
    close(ends[0]);
}
END_TEST

START_TEST(test_nobody_who_waits_for_ready_is_a_warning)
{
    int ends[2];
    struct gruvid *g;

    ck_assert_int_eq(pipe2(ends, O_CLOEXEC), 0);
    close(ends[0]);
    g = gruvid_ready(ECHO,
                     &(struct gruvid_options){
                         .args = (const char *[]){"--ready-fd", "3", NULL},
                         .inherit = ends[1],
                     });
    close(ends[1]);
    gruvid_says(g, "descriptor 3, of --ready-fd, cannot be written to: "
                   "Broken pipe");
    ck_assert_int_eq(gruvid_stop(g, SIGTERM), 0);
}
END_TEST

/* --- sd_notify
 * ------------------------------------------------------------------ */

#ifdef HAVE_SYSTEMD
static int manager;
static char manager_env[160], manager_path[128];

/* What a service manager has: a socket in $NOTIFY_SOCKET. */
static void
begin_manager(void)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    struct timeval patience = {.tv_sec = PATIENCE};
    char dir[] = "/tmp/gruvid-notify-XXXXXX";

    ck_assert_ptr_nonnull(mkdtemp(dir));
    snprintf(manager_path, sizeof manager_path, "%s/notify", dir);
    strcpy(address.sun_path, manager_path);
    manager = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    ck_assert_int_eq(bind(manager, (struct sockaddr *)&address, sizeof address),
                     0);
    setsockopt(manager, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    snprintf(manager_env, sizeof manager_env, "NOTIFY_SOCKET=%s", manager_path);
}

static void
end_manager(void)
{
    close(manager);
    unlink(manager_path);
    *strrchr(manager_path, '/') = '\0';
    rmdir(manager_path);
    gruvid_end_all();
}

/* The next message. */
static const char *
notified(void)
{
    static char message[512];
    ssize_t n = recv(manager, message, sizeof message - 1, 0);

    ck_assert_int_gt(n, 0);
    message[n] = '\0';
    return message;
}

START_TEST(test_the_manager_is_told_ready_and_stopping)
{
    struct gruvid_options options = {
        .env = (const char *[]){manager_env, NULL},
    };
    struct gruvid *g =
        gruvid_begin("[gruvid]\nlame_duck = 300ms\ndrain_timeout = 5m\n"
                     "cancel_timeout = 2s\n"
                     "[plugin silent]\n[plugin trial]\nat_start = slow\n"
                     "listen = tcp://127.0.0.1:0\n",
                     &options);
    const char *first = notified();
    int fd;

    ck_assert_str_eq(first, "READY=1\nSTATUS=serving 2 plugins\n");
    /* It is served from that moment on. */
    gruvid_says(g, "start is over");
    fd = connect_to(g, 0);
    send_text(fd, "x");
    expect_text(fd, "x");
    gruvid_signal(g, SIGTERM);
    ck_assert_str_eq(notified(), "STOPPING=1\nSTATUS=stopping: not ready\n");
    ck_assert_str_eq(notified(), "EXTEND_TIMEOUT_USEC=20300000\n");
    ck_assert_str_eq(notified(), "STATUS=stopping: accepting for 0.3 more "
                                 "seconds\n");
    ck_assert_str_eq(notified(), "STATUS=stopping: connections drain\n");
    ck_assert_str_eq(notified(), "EXTEND_TIMEOUT_USEC=320000000\n");
    ck_assert_str_eq(notified(), "STATUS=stopping: 1 connection left\n");
    close(fd);
    ck_assert_str_eq(notified(), "STATUS=stopping: plugins stop\n");
    for (int i = 0; i < 3; i++) /* two plugins, and old generations */
        ck_assert_str_eq(notified(), "EXTEND_TIMEOUT_USEC=28000000\n");
    ck_assert_int_eq(gruvid_wait(g), 0);
    gruvid_says(g, "gruvid: stopping: not ready\n");
    gruvid_says(g, "gruvid: stopping: connections drain\n");
    gruvid_says(g, "gruvid: stopping: plugins stop\n");
}
END_TEST

/* Until a message comes that says that all is well. */
static void
await_pulse(void)
{
    while (strcmp(notified(), "WATCHDOG=1\n") != 0)
        ;
}

START_TEST(test_the_manager_is_told_that_all_is_well)
{
    struct gruvid_options options = {
        .env = (const char *[]){manager_env, "WATCHDOG_USEC=400000", NULL},
    };
    struct gruvid *g = gruvid_ready("[gruvid]\nhubs = 2\n" ECHO, &options);

    for (int i = 0; i < 3; i++)
        await_pulse();
    ck_assert_int_eq(gruvid_stop(g, SIGTERM), 0);
}
END_TEST

/* What comes until gruvid has ended. */
START_TEST(test_the_manager_hears_nothing_of_a_hub_that_does_not_turn)
{
    struct gruvid_options options = {
        .env = (const char *[]){manager_env, "WATCHDOG_USEC=40000", NULL},
    };
    struct gruvid *g = gruvid_begin("[gruvid]\ndrain_timeout = 1s\n"
                                    "cancel_timeout = 0\n"
                                    "[plugin rogue]\nact = spin\n",
                                    &options);
    char message[512];
    int pulses = 0;

    gruvid_says(g, "stall of");
    while (recv(manager, message, sizeof message, MSG_DONTWAIT) > 0)
        ;
    ck_assert_int_eq(gruvid_stop(g, SIGTERM), 75);
    for (ssize_t n;
         (n = recv(manager, message, sizeof message - 1, MSG_DONTWAIT)) > 0;) {
        message[n] = '\0';
        pulses += strstr(message, "WATCHDOG") != NULL;
    }
    ck_assert_int_eq(pulses, 0);
}
END_TEST

/* Messages until one begins like this. */
static const char *
notified_of(const char *begin)
{
    const char *message;

    do
        message = notified();
    while (strncmp(message, begin, strlen(begin)) != 0);
    return message;
}

/* Its hub cannot ask for the time that the drain has. */
START_TEST(test_the_manager_waits_for_a_hub_that_does_not_turn)
{
    struct gruvid_options options = {
        .env = (const char *[]){manager_env, NULL},
    };
    struct gruvid *g = gruvid_begin("[gruvid]\ndrain_timeout = 5m\n"
                                    "[plugin rogue]\nact = spin\n",
                                    &options);
    unsigned seconds;

    gruvid_says(g, "stall of");
    gruvid_signal(g, SIGTERM);
    notified_of("STOPPING=1\nSTATUS=stopping: hub 1 does not turn\n");
    ck_assert_int_eq(
        sscanf(notified(), "EXTEND_TIMEOUT_USEC=%u000000\n", &seconds), 1);
    ck_assert_int_eq(gruvid_stop(g, SIGKILL), 128 + SIGKILL);
}
END_TEST

START_TEST(test_the_manager_is_told_of_a_reload_and_of_its_end)
{
    struct gruvid_options options = {
        .env = (const char *[]){manager_env, NULL},
    };
    struct gruvid *g = gruvid_ready(ECHO, &options);
    unsigned long long usec = 0;
    char status[64] = "";

    notified_of("READY=1\n");
    gruvid_signal(g, SIGHUP);
    /* All in one datagram. */
    ck_assert_int_eq(sscanf(notified(),
                            "RELOADING=1\nMONOTONIC_USEC=%llu\nSTATUS=%63s",
                            &usec, status),
                     2);
    ck_assert_uint_gt(usec, 0);
    ck_assert_str_eq(status, "reloading");
    notified_of("EXTEND_TIMEOUT_USEC=20000000\n");
    ck_assert_str_eq(notified_of("READY=1\n"),
                     "READY=1\nSTATUS=serving 1 plugin\n");
    gruvid_configure(g, "[log]\nlevel = loud\n" ECHO);
    gruvid_signal(g, SIGHUP);
    notified_of("RELOADING=1\n");
    ck_assert_str_eq(notified_of("READY=1\n"),
                     "READY=1\nSTATUS=serving 1 plugin; the last reload "
                     "failed\n");
    ck_assert_int_eq(gruvid_stop(g, SIGTERM), 0);
}
END_TEST

START_TEST(test_a_start_that_fails_is_never_ready)
{
    struct gruvid_options options = {
        .env = (const char *[]){manager_env, NULL},
    };
    struct gruvid *g =
        gruvid_begin("[plugin trial]\nat_start = refuse\n", &options);

    ck_assert_int_eq(gruvid_wait(g), 69);
    ck_assert_str_eq(notified(), "STOPPING=1\nSTATUS=stopping: not ready\n");
}
END_TEST
#endif

START_TEST(test_without_a_manager_nothing_is_told)
{
    struct gruvid_options options = {
        .env = (const char *[]){"NOTIFY_SOCKET=/nonexistent/notify", NULL},
    };
    struct gruvid *g = gruvid_ready(ECHO, &options);

    ck_assert_int_eq(gruvid_stop(g, SIGTERM), 0);
}
END_TEST

/* --- the log
 * ---------------------------------------------------------------------- */

START_TEST(test_a_stderr_that_is_the_journal_gets_levels_and_no_time)
{
    struct gruvid_options options = {.journal = true};
    struct gruvid *g =
        gruvid_ready(ECHO "fiber = fail\nmax_connections = 1\n", &options);

    ck_assert_str_eq(strstr(g->log, "<6>gruvid: gruvid " PACKAGE_VERSION),
                     g->log);
    gruvid_says(g, "\n<3>trial[worker]: fiber worker ended with EINVAL");
    connect_to(g, 0);
    connect_to(g, 0);
    gruvid_says(g, "\n<4>trial[accept]: max_connections = 1 is reached");
}
END_TEST

/* The journal's socket: at a path in a folder of its own. */
static int journal;
static char journal_path[160], journal_env[200];

static void
begin_journal(void)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    struct timeval patience = {.tv_sec = PATIENCE};

    strcpy(address.sun_path, journal_path);
    journal = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    ck_assert_int_eq(bind(journal, (struct sockaddr *)&address, sizeof address),
                     0);
    setsockopt(journal, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
}

/* The first record that contains a text. */
static const char *
journalled(const char *text)
{
    static char record[8192];

    do {
        ssize_t n = recv(journal, record, sizeof record - 1, 0);

        ck_assert_msg(n > 0, "no record with %s", text);
        record[n] = '\0';
    } while (strstr(record, text) == NULL);
    return record;
}

START_TEST(test_the_socket_of_the_journal_gets_a_record_a_line)
{
    char dir[] = "/tmp/gruvid-journal-XXXXXX";
    struct gruvid_options options = {
        .env = (const char *[]){journal_env, NULL},
        .journal = true,
    };
    struct gruvid *g;

    ck_assert_ptr_nonnull(mkdtemp(dir));
    snprintf(journal_path, sizeof journal_path, "%s/socket", dir);
    snprintf(journal_env, sizeof journal_env, "GRUVID_JOURNAL_SOCKET=%s",
             journal_path);
    begin_journal();
    g = gruvid_begin(ECHO "fiber = fail\n", &options);
    ck_assert_str_eq(journalled("fiber worker ended"),
                     "PRIORITY=3\nSYSLOG_IDENTIFIER=gruvid\nHUB=hub 1\n"
                     "PLUGIN=trial\nGENERATION=1\nFIBER=worker\n"
                     "MESSAGE=trial[worker]: fiber worker ended with EINVAL: "
                     "invalid argument\n");
    journalled("MESSAGE=gruvid: ready\n");
    /* The journal is started again. */
    close(journal);
    unlink(journal_path);
    begin_journal();
    gruvid_signal(g, SIGUSR2);
    journalled(" fibers\n");
    ck_assert_int_eq(gruvid_stop(g, SIGTERM), 0);
    journalled("MESSAGE=gruvid: stopped\n");
    ck_assert_str_eq(g->log, "");
    close(journal);
    unlink(journal_path);
    rmdir(dir);
}
END_TEST

START_TEST(test_the_journal_of_somebody_else_is_not_ours)
{
    struct gruvid_options options = {
        .env = (const char *[]){"JOURNAL_STREAM=1:2", NULL},
    };
    struct gruvid *g = gruvid_ready(ECHO, &options);

    ck_assert_uint_eq(gruvid_said(g, "<6>"), 0);
}
END_TEST

START_TEST(test_a_target_that_was_asked_for_is_taken)
{
    struct gruvid_options options = {.journal = true};
    struct gruvid *g = gruvid_ready("[log]\ntarget = stderr\n" ECHO, &options);

    ck_assert_uint_eq(gruvid_said(g, "<6>"), 0);
}
END_TEST

START_TEST(test_every_line_of_json_is_an_object)
{
    struct gruvid *g =
        gruvid_begin("[log]\nformat = json\n" ECHO "fiber = good\n", NULL);
    unsigned lines, objects;

    gruvid_says(g, "\"message\":\"ready\"}\n");
    gruvid_says(g,
                "\"plugin\":\"trial\",\"generation\":1,\"fiber\":\"worker\",");
    gruvid_signal(g, SIGUSR2);
    gruvid_says(g, "\"plugin\":\"trial\",\"generation\":1,\"fiber\":\"accept\","
                   "\"message\":\"fiber accept of plugin trial: waits for");
    ck_assert_int_eq(gruvid_stop(g, SIGTERM), 0);
    lines = gruvid_said(g, "\n");
    objects = gruvid_said(g, "{\"time\":\"");
    ck_assert_uint_eq(objects, lines);
    ck_assert_uint_eq(gruvid_said(g, "\"}\n"), lines);
    ck_assert_uint_eq(gruvid_said(g, "\"hub\":\"hub 1\","), lines);
}
END_TEST

START_TEST(test_a_log_file_that_cannot_be_opened_is_exit_1)
{
    struct gruvid *g =
        gruvid_run("[log]\ntarget = file:/nonexistent/log\n", NULL);

    ck_assert_int_eq(g->status, 1);
    gruvid_says(g, "gruvid: log.target file:/nonexistent/log cannot be opened: "
                   "no such file or directory");
}
END_TEST

/* The driver cannot see the log here; what it serves says that it lives. */
static void
serves_without_log(const char *config, const struct gruvid_options *options)
{
    struct gruvid *g = gruvid_begin(config, options);
    const char *socket = gruvid_path(g, "socket");
    int fd;

    while ((fd = connect_unix(socket)) < 0)
        usleep(1000);
    send_text(fd, "x");
    expect_text(fd, "x");
    gruvid_signal(g, SIGUSR2);
    send_text(fd, "y");
    expect_text(fd, "y");
    close(fd);
    ck_assert_int_eq(gruvid_stop(g, SIGTERM), 0);
}

START_TEST(test_a_full_disk_harms_nothing)
{
    serves_without_log("[log]\ntarget = file:/dev/full\n[plugin trial]\n"
                       "listen = unix:@DIR@/socket\n",
                       NULL);
}
END_TEST

START_TEST(test_a_closed_stderr_harms_nothing)
{
    struct gruvid_options options = {.no_stderr = true};

    serves_without_log("[plugin trial]\nlisten = unix:@DIR@/socket\n",
                       &options);
}
END_TEST

START_TEST(test_a_reader_of_stderr_that_goes_away_harms_nothing)
{
    struct gruvid *g =
        gruvid_ready("[plugin trial]\nlisten = unix:@DIR@/socket\n", NULL);
    int fd;

    close(g->log_fd);
    g->log_fd = -1;
    gruvid_signal(g, SIGUSR2);
    fd = connect_unix(gruvid_path(g, "socket"));
    send_text(fd, "x");
    expect_text(fd, "x");
    close(fd);
    ck_assert_int_eq(gruvid_stop(g, SIGTERM), 0);
}
END_TEST

/* --- descriptors
 * --------------------------------------------------------------------- */

START_TEST(test_closed_stdin_and_stdout_are_not_taken_by_sockets)
{
    struct gruvid_options options = {.no_stdio = true};
    struct gruvid *g = gruvid_ready(ECHO, &options);
    char path[64], target[64];
    int fd = connect_to(g, 0);

    send_text(fd, "x");
    expect_text(fd, "x");
    for (int i = 0; i <= 1; i++) {
        ssize_t n;

        snprintf(path, sizeof path, "/proc/%d/fd/%d", g->pid, i);
        n = readlink(path, target, sizeof target - 1);
        ck_assert_int_gt(n, 0);
        target[n] = '\0';
        ck_assert_str_eq(target, "/dev/null");
    }
    close(fd);
    ck_assert_int_eq(gruvid_stop(g, SIGTERM), 0);
}
END_TEST

START_TEST(test_the_limit_of_descriptors_is_raised_to_the_hard_one)
{
    struct gruvid_options options = {.files = 100, .hard_files = 200};
    struct gruvid *g = gruvid_ready(ECHO, &options);
    struct rlimit limit;

    ck_assert_int_eq(prlimit(g->pid, RLIMIT_NOFILE, NULL, &limit), 0);
    ck_assert_uint_eq(limit.rlim_cur, 200);
}
END_TEST

static void
add_logs(TCase *tc)
{
    tcase_add_test(tc,
                   test_a_stderr_that_is_the_journal_gets_levels_and_no_time);
    tcase_add_test(tc, test_the_socket_of_the_journal_gets_a_record_a_line);
    tcase_add_test(tc, test_the_journal_of_somebody_else_is_not_ours);
    tcase_add_test(tc, test_a_target_that_was_asked_for_is_taken);
    tcase_add_test(tc, test_every_line_of_json_is_an_object);
    tcase_add_test(tc, test_a_log_file_that_cannot_be_opened_is_exit_1);
    tcase_add_test(tc, test_a_full_disk_harms_nothing);
    tcase_add_test(tc, test_a_closed_stderr_harms_nothing);
    tcase_add_test(tc, test_a_reader_of_stderr_that_goes_away_harms_nothing);
}

int
main(void)
{
    Suite *suite = suite_create("service");
    TCase *tc = tcase_create("sd_notify");

#ifdef HAVE_SYSTEMD
    tcase_add_checked_fixture(tc, begin_manager, end_manager);
    tcase_set_timeout(tc, 2 * PATIENCE);
    tcase_add_test(tc, test_the_manager_is_told_ready_and_stopping);
    tcase_add_test(tc, test_the_manager_is_told_that_all_is_well);
    tcase_add_test(tc,
                   test_the_manager_hears_nothing_of_a_hub_that_does_not_turn);
    tcase_add_test(tc, test_the_manager_waits_for_a_hub_that_does_not_turn);
    tcase_add_test(tc, test_the_manager_is_told_of_a_reload_and_of_its_end);
    tcase_add_test(tc, test_a_start_that_fails_is_never_ready);
#endif
    suite_add_tcase(suite, tc);
    tc = gruvid_case(suite, "ready-fd");
    tcase_add_test(tc, test_a_newline_says_ready_and_its_descriptor_is_closed);
    tcase_add_test(tc, test_nobody_who_waits_for_ready_is_a_warning);
    tc = gruvid_case(suite, "no manager");
    tcase_add_test(tc, test_without_a_manager_nothing_is_told);
    add_logs(gruvid_case(suite, "log"));
    tc = gruvid_case(suite, "descriptors");
    tcase_add_test(tc, test_closed_stdin_and_stdout_are_not_taken_by_sockets);
    tcase_add_test(tc, test_the_limit_of_descriptors_is_raised_to_the_hard_one);
    return run_suite(suite);
}
