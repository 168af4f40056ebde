/* SPDX-License-Identifier: MIT */
/* The control socket: its lines, its limits, its file, and the stop. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "daemon/control_client.h"

#define ECHO CONTROL "[plugin trial]\nlisten = tcp://127.0.0.1:0\n"

/* What root and gruvid's own user have. */
#define PLACES 68

/* --- lines -----------------------------------------------------------------
 */

START_TEST(test_hello_says_the_version_and_the_commands)
{
    struct gruvid *g = gruvid_ready(CONTROL, NULL);
    const char *answer = ask_once(g, "{\"id\":7,\"do\":\"hello\"}");

    ck_assert_int_eq(strncmp(answer, "{\"id\":7,\"ok\":true,", 18), 0);
    expect_answer(answer, "\"version\":\"");
    expect_answer(answer, "\"protocol\":1");
    expect_answer(answer, "\"may_act\":true");
    expect_answer(answer, "\"commands\":[\"hello\",");
    expect_answer(answer, "\"stop\"");
}
END_TEST

START_TEST(test_an_id_comes_back_as_it_was)
{
    struct gruvid *g = gruvid_ready(CONTROL, NULL);
    int fd = connect_control(g);

    expect_answer(ask(fd, "{\"id\":\"a\",\"do\":\"status\"}"),
                  "{\"id\":\"a\",");
    expect_answer(ask(fd, "{\"id\":null,\"do\":\"status\"}"), "{\"id\":null,");
    expect_answer(ask(fd, "{\"do\":\"status\"}"), "{\"ok\":true,");
    expect_answer(ask(fd, "{\"id\":[1],\"do\":\"status\"}"), "EINVAL");
    close(fd);
}
END_TEST

/* Each with what the answer says. */
START_TEST(test_what_is_no_request_is_answered)
{
    static const char *const lines[][2] = {
        {"", "not JSON"},
        {"garbage", "not JSON"},
        {"\xff\xfe", "not JSON"},
        {"[]", "not an object"},
        {"\"x\"", ""},
        {"{}", "\\\"do\\\" is missing"},
        {"{\"do\":1}", "\\\"do\\\" is missing"},
        {"{\"do\":\"dance\"}", "has no command \\\"dance\\\""},
        {"{\"do\":\"status\",\"do\":\"stop\"}", "duplicate"},
        {"{\"do\":\"status\",\"plugin\":\"x\"}",
         "status takes no \\\"plugin\\\""},
        {"{\"do\":\"stop\",\"no-wait\":1}",
         "\\\"no-wait\\\" is not true or false"},
        {"{\"do\":\"status\"} {}", "not JSON"},
    };
    struct gruvid *g = gruvid_ready(CONTROL, NULL);
    int fd = connect_control(g);

    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
        const char *answer = ask(fd, lines[i][0]);

        expect_answer(answer, "\"ok\":false,\"code\":\"EINVAL\",\"error\":\"");
        expect_answer(answer, lines[i][1]);
    }
    expect_answer(ask(fd, "{\"do\":\"status\"}"), "\"ok\":true");
    close(fd);
}
END_TEST

/* Each level would take some stack of a fiber. */
START_TEST(test_a_line_of_brackets_is_answered)
{
    struct gruvid *g = gruvid_ready(CONTROL, NULL);
    int fd = connect_control(g);
    char line[60001];

    for (int i = 0; i < 2; i++) {
        memset(line, "[{"[i], sizeof line - 1);
        line[sizeof line - 1] = '\0';
        expect_answer(ask(fd, line), "more than 16 levels");
    }
    expect_answer(ask(fd, "{\"do\":\"]]]\\\"[[[[[[[[[[[[[[[[[[[[\"}"),
                  "has no command");
    close(fd);
}
END_TEST

START_TEST(test_requests_are_answered_in_their_order)
{
    struct gruvid *g = gruvid_ready(CONTROL, NULL);
    int fd = connect_control(g);

    send_text(fd, "{\"id\":1,\"do\":\"status\"}\n{\"id\":2,\"do\":\"hello\"}\n"
                  "{\"id\":3,\"do\":\"status\"}\n");
    shutdown(fd, SHUT_WR);
    expect_answer(read_answer(fd), "{\"id\":1,");
    expect_answer(read_answer(fd), "{\"id\":2,");
    expect_answer(read_answer(fd), "{\"id\":3,");
    ck_assert_ptr_null(read_answer(fd));
    close(fd);
}
END_TEST

START_TEST(test_half_a_line_does_nothing)
{
    struct gruvid *g = gruvid_ready(CONTROL, NULL);
    int fd = connect_control(g);

    send_text(fd, "{\"do\":\"stop\"}");
    shutdown(fd, SHUT_WR);
    ck_assert_ptr_null(read_answer(fd));
    close(fd);
    expect_answer(ask_once(g, "{\"do\":\"status\"}"), "serving");
    ck_assert_uint_eq(gruvid_said(g, "stop was asked for"), 0);
}
END_TEST

/* --- limits ----------------------------------------------------------------
 */

static char *
long_line(size_t length)
{
    char *line = malloc(length + 1);

    memset(line, 'x', length);
    line[length] = '\0';
    return line;
}

START_TEST(test_a_line_of_64_kib_is_the_longest)
{
    struct gruvid *g = gruvid_ready(CONTROL, NULL);
    char *line = long_line((64 << 10) - 1);
    int fd = connect_control(g);

    expect_answer(ask(fd, line), "not JSON");
    free(line);
    line = long_line(64 << 10);
    /* Its end would come too late: gruvid does not wait for it. */
    send_text(fd, line);
    expect_answer(read_answer(fd), "\"code\":\"E2BIG\"");
    ck_assert_ptr_null(read_answer(fd));
    free(line);
    close(fd);
}
END_TEST

/* Requests until gruvid takes no more. */
START_TEST(test_a_client_that_never_reads_is_dropped)
{
    struct gruvid *g = gruvid_ready(CONTROL, NULL);
    static const char line[] = "{\"do\":\"hello\"}\n";
    int fd = connect_control(g);

    while (send(fd, line, sizeof line - 1, MSG_NOSIGNAL) > 0)
        ;
    gruvid_says(g, "leaves its answers unread; dropped");
    expect_answer(ask_once(g, "{\"do\":\"status\"}"), "\"ok\":true");
    close(fd);
}
END_TEST

START_TEST(test_a_user_has_64_places_and_root_four_more)
{
    struct gruvid *g = gruvid_ready(CONTROL, NULL);
    int fds[PLACES + 1];

    for (int i = 0; i < PLACES; i++) {
        fds[i] = connect_control(g);
        expect_answer(ask(fds[i], "{\"do\":\"hello\"}"), "\"ok\":true");
    }
    fds[PLACES] = connect_control(g);
    expect_answer(read_answer(fds[PLACES]), "\"code\":\"EAGAIN\"");
    ck_assert_ptr_null(read_answer(fds[PLACES]));
    close(fds[0]);
    /* When the place is free, there is no sign of it but this. */
    do {
        close(fds[PLACES]);
        fds[PLACES] = connect_control(g);
        send(fds[PLACES], "{\"do\":\"hello\"}\n", 15, MSG_NOSIGNAL);
    } while (strstr(read_answer(fds[PLACES]), "EAGAIN") != NULL);
    for (int i = 1; i <= PLACES; i++)
        close(fds[i]);
}
END_TEST

/* Half of them send half a line.  Those without a place are told so. */
START_TEST(test_a_thousand_clients_disturb_nobody)
{
    enum { CLIENTS = 1000 };
    struct gruvid_options options = {.files = 4 * CLIENTS};
    struct gruvid *g = gruvid_ready(ECHO, &options);
    int fds[CLIENTS], echo = connect_to(g, 0), refused = 0;
    struct rlimit files;

    getrlimit(RLIMIT_NOFILE, &files);
    files.rlim_cur = files.rlim_max;
    setrlimit(RLIMIT_NOFILE, &files);
    for (int i = 0; i < CLIENTS; i++) {
        fds[i] = connect_control(g);
        send(fds[i], "{\"do\":", 6, MSG_NOSIGNAL);
    }
    send_text(echo, "x\n");
    expect_text(echo, "x\n");
    for (int i = 0; i < CLIENTS; i++) {
        const char *answer;

        send(fds[i], "\"hello\"}\n", 9, MSG_NOSIGNAL);
        answer = read_answer(fds[i]);
        refused += answer == NULL || strstr(answer, "EAGAIN") != NULL;
    }
    ck_assert_int_eq(refused, CLIENTS - PLACES);
    for (int i = 0; i < CLIENTS; i++)
        close(fds[i]);
    ck_assert_int_eq(gruvid_stop(g, SIGTERM), 0);
}
END_TEST

/* A hub that is full is what an operator looks at. */
START_TEST(test_max_fibers_leaves_room_for_it)
{
    struct gruvid *g = gruvid_ready(ECHO "[fibers]\nmax_fibers = 3\n", NULL);
    int full = connect_to(g, 0);

    send_text(full, "x\n");
    expect_text(full, "x\n");
    expect_answer(ask_once(g, "{\"do\":\"status\"}"), "\"ok\":true");
    close(full);
}
END_TEST

/* Connections of a plugin have taken them all, and more of them wait.  One
 * client at a time is served nevertheless. */
START_TEST(test_it_answers_when_descriptors_have_run_out)
{
    enum { FILES = 64, CLIENTS = 80 };
    struct gruvid_options options = {.files = FILES, .hard_files = FILES};
    struct gruvid *g = gruvid_ready(ECHO, &options);
    int fds[CLIENTS];

    for (int i = 0; i < CLIENTS; i++)
        fds[i] = connect_to(g, 0);
    gruvid_says(g, "connections wait: too many open files");
    for (int i = 0; i < 5; i++)
        expect_answer(ask_once(g, "{\"do\":\"status\"}"), "\"ok\":true");
    for (int i = 0; i < CLIENTS; i++)
        close(fds[i]);
    ck_assert_int_eq(gruvid_stop(g, SIGTERM), 0);
}
END_TEST

/* --- the file --------------------------------------------------------------
 */

START_TEST(test_the_file_is_for_user_and_group_and_goes_with_gruvid)
{
    struct gruvid *g = gruvid_ready(CONTROL, NULL);
    struct stat st;

    ck_assert_int_eq(lstat(gruvid_path(g, "control.sock"), &st), 0);
    ck_assert_uint_eq(st.st_mode, S_IFSOCK | 0660);
    ck_assert_int_eq(gruvid_stop(g, SIGTERM), 0);
    ck_assert_int_lt(lstat(gruvid_path(g, "control.sock"), &st), 0);
}
END_TEST

START_TEST(test_a_file_that_replaced_its_own_stays)
{
    struct gruvid *g = gruvid_ready(CONTROL, NULL);
    char path[256];
    struct stat st;

    snprintf(path, sizeof path, "%s", gruvid_path(g, "control.sock"));
    unlink(path);
    close(open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0600));
    ck_assert_int_eq(gruvid_stop(g, SIGTERM), 0);
    ck_assert_int_eq(lstat(path, &st), 0);
}
END_TEST

START_TEST(test_what_a_killed_gruvid_has_left_is_replaced)
{
    struct gruvid *g = gruvid_ready(CONTROL, NULL), *next;
    char config[512];
    struct stat st;

    snprintf(config, sizeof config, "[gruvid]\ncontrol = %s\n",
             gruvid_path(g, "control.sock"));
    gruvid_stop(g, SIGKILL);
    ck_assert_int_eq(lstat(gruvid_path(g, "control.sock"), &st), 0);
    next = gruvid_ready(config, NULL);
    expect_answer(ask_once(g, "{\"do\":\"status\"}"), "\"ok\":true");
    ck_assert_int_eq(gruvid_stop(next, SIGTERM), 0);
}
END_TEST

START_TEST(test_a_socket_in_use_is_left_alone_and_ends_the_start)
{
    struct gruvid *g = gruvid_ready(CONTROL, NULL), *next;
    char config[512];

    snprintf(config, sizeof config, "[gruvid]\ncontrol = %s\n",
             gruvid_path(g, "control.sock"));
    next = gruvid_run(config, NULL);
    ck_assert_int_eq(next->status, 69);
    gruvid_says(next, "for gruvictl (gruvid.control)");
    gruvid_says(next, "; another gruvid listens there, ");
    expect_answer(ask_once(g, "{\"do\":\"status\"}"), "\"ok\":true");
}
END_TEST

START_TEST(test_a_folder_that_is_not_there_ends_the_start)
{
    struct gruvid *g =
        gruvid_run("[gruvid]\ncontrol = /nonexistent/control.sock\n", NULL);

    ck_assert_int_eq(g->status, 69);
    gruvid_says(g, "; the folder is not there: make it");
}
END_TEST

/* --- stop ------------------------------------------------------------------
 */

START_TEST(test_stop_answers_when_all_has_ended)
{
    struct gruvid *g = gruvid_ready(ECHO, NULL);
    int fd = connect_control(g), idle = connect_control(g);

    expect_answer(ask(fd, "{\"id\":1,\"do\":\"stop\"}"),
                  "{\"id\":1,\"ok\":true,\"status\":0}");
    ck_assert_ptr_null(read_answer(fd));
    ck_assert_ptr_null(read_answer(idle));
    ck_assert_int_eq(gruvid_wait(g), 0);
    gruvid_says(g, "stop was asked for by gruvictl (uid ");
}
END_TEST

/* What holds it up is a connection. */
START_TEST(test_it_answers_while_gruvid_drains)
{
    struct gruvid *g = gruvid_ready(ECHO, NULL);
    int held = connect_to(g, 0), fd;

    send_text(held, "x\n");
    expect_text(held, "x\n");
    expect_answer(ask_once(g, "{\"do\":\"stop\",\"no-wait\":true}"),
                  "{\"ok\":true}");
    gruvid_says(g, "1 connection left");
    fd = connect_control(g);
    expect_answer(ask(fd, "{\"do\":\"status\"}"),
                  "\"stage\":\"stopping: connections drain\"");
    send_text(fd, "{\"do\":\"stop\"}\n");
    close(held);
    expect_answer(read_answer(fd), "\"status\":0");
    ck_assert_int_eq(gruvid_wait(g), 0);
}
END_TEST

START_TEST(test_it_answers_while_a_plugin_starts)
{
    struct gruvid *g =
        gruvid_begin(CONTROL "[plugin trial]\nat_start = hang\n", NULL);
    int fd;

    while ((fd = connect_unix(gruvid_path(g, "control.sock"))) < 0)
        ;
    close(fd);
    expect_answer(ask_once(g, "{\"do\":\"status\"}"), "\"stage\":\"starting\"");
    expect_answer(ask_once(g, "{\"do\":\"stop\"}"), "\"status\":0");
    ck_assert_int_eq(gruvid_wait(g), 0);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("control");
    TCase *tc = gruvid_case(suite, "lines");

    tcase_add_test(tc, test_hello_says_the_version_and_the_commands);
    tcase_add_test(tc, test_an_id_comes_back_as_it_was);
    tcase_add_test(tc, test_what_is_no_request_is_answered);
    tcase_add_test(tc, test_a_line_of_brackets_is_answered);
    tcase_add_test(tc, test_requests_are_answered_in_their_order);
    tcase_add_test(tc, test_half_a_line_does_nothing);
    tc = gruvid_case(suite, "limits");
    tcase_add_test(tc, test_a_line_of_64_kib_is_the_longest);
    tcase_add_test(tc, test_a_client_that_never_reads_is_dropped);
    tcase_add_test(tc, test_a_user_has_64_places_and_root_four_more);
    tcase_add_test(tc, test_a_thousand_clients_disturb_nobody);
    tcase_add_test(tc, test_it_answers_when_descriptors_have_run_out);
    tcase_add_test(tc, test_max_fibers_leaves_room_for_it);
    tc = gruvid_case(suite, "file");
    tcase_add_test(tc,
                   test_the_file_is_for_user_and_group_and_goes_with_gruvid);
    tcase_add_test(tc, test_a_file_that_replaced_its_own_stays);
    tcase_add_test(tc, test_what_a_killed_gruvid_has_left_is_replaced);
    tcase_add_test(tc, test_a_socket_in_use_is_left_alone_and_ends_the_start);
    tcase_add_test(tc, test_a_folder_that_is_not_there_ends_the_start);
    tc = gruvid_case(suite, "stop");
    tcase_add_test(tc, test_stop_answers_when_all_has_ended);
    tcase_add_test(tc, test_it_answers_while_gruvid_drains);
    tcase_add_test(tc, test_it_answers_while_a_plugin_starts);
    return run_suite(suite);
}
