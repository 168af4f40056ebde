/* SPDX-License-Identifier: MIT */
/* What processes begin with: arguments, streams, descriptors, signals. */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "unit/net.h"
#include "unit/processes.h"

static void
prints(gruvi_process_options_t *options, const char *text)
{
    gruvi_process_t *p;

    options->stdio[1].kind = GRUVI_STDIO_PIPE;
    p = begin_process(options);
    says(p, 1, text);
    ends_with(p, 0, 0);
    gruvi_process_close(p);
}

HUB_TEST(test_arguments_arrive_as_they_are)
{
    char *args[] = {"printf", "%s|", "a b", "", "*", "$x\n'\"", NULL};
    gruvi_process_options_t options = {.args = args};

    prints(&options, "a b||*|$x\n'\"|");
}

HUB_TEST(test_file_and_its_own_name_may_differ)
{
    char *args[] = {"another", "-c", "echo $0", NULL};
    gruvi_process_options_t options = {.file = "/bin/sh", .args = args};

    prints(&options, "another\n");
}

HUB_TEST(test_the_environment_is_ours_or_another)
{
    char *env[] = {"ONE=1", "PATH=/bin:/usr/bin", NULL};
    gruvi_process_options_t options =
        script("echo $ONE,$GRUVI_TEST", GRUVI_STDIO_NULL);

    ck_assert_int_eq(setenv("GRUVI_TEST", "ours", 1), 0);
    prints(&options, ",ours\n");
    options.env = env;
    prints(&options, "1,\n");
    unsetenv("GRUVI_TEST");
    options.file = "sh"; /* in the path of the other */
    prints(&options, "1,\n");
    env[1] = "PATH=/none";
    ck_assert_int_eq(gruvi_process_spawn(&(gruvi_process_t *){NULL}, &options),
                     UV_ENOENT);
}

HUB_TEST(test_it_begins_in_its_folder)
{
    gruvi_process_options_t options = script("pwd", GRUVI_STDIO_NULL);

    options.cwd = "/usr";
    prints(&options, "/usr\n");
}

HUB_TEST(test_it_becomes_another_user)
{
    gruvi_process_options_t options =
        script("id -u; id -g; id -G", GRUVI_STDIO_NULL);
    gruvi_process_t *p;
    int err;

    options.flags = GRUVI_PROCESS_UID | GRUVI_PROCESS_GID;
    options.uid = 12345;
    options.gid = 23456;
    if (geteuid() == 0) {
        prints(&options, "12345\n23456\n23456\n");
        return;
    }
    err = gruvi_process_spawn(&p, &options);
    ck_assert_int_eq(err, UV_EPERM);
}

/* --- standard input, output, error ------------------------------------------
 */

HUB_TEST(test_pipes_are_streams)
{
    gruvi_process_t *p = begin_script(
        "read x; echo got $x; echo err >&2; cat; exit 5", GRUVI_STDIO_PIPE);
    gruvi_stream_t *in = gruvi_process_stream(p, 0), *out;
    char line[32], c;

    out = gruvi_process_stream(p, 1);
    ck_assert_int_eq(gruvi_stream_write(in, "it\nrest", 7), 0);
    ck_assert_int_eq(gruvi_stream_read_line(out, line, sizeof line), 7);
    ck_assert_int_eq(memcmp(line, "got it\n", 7), 0);
    ck_assert_int_eq(gruvi_stream_shutdown(in), 0);
    says(p, 1, "rest");
    says(p, 2, "err\n");
    ends_with(p, 5, 0);
    /* Each leads one way. */
    ck_assert_int_eq(gruvi_stream_read(in, &c, 1), 0);
    ck_assert_int_eq(gruvi_stream_write(out, "x", 1), UV_EPIPE);
    ck_assert_ptr_null(gruvi_process_stream(p, 3));
    ck_assert_int_eq(gruvi_last_error(), UV_EINVAL);
    ck_assert_ptr_null(gruvi_process_stream(p, -1));
    gruvi_process_close(p);
}

HUB_TEST(test_without_pipes_there_are_no_streams)
{
    gruvi_process_t *p = begin_script("wc -c; echo x >&2", GRUVI_STDIO_NULL);

    for (int fd = 0; fd < 3; fd++)
        ck_assert_ptr_null(gruvi_process_stream(p, fd));
    ends_with(p, 0, 0);
    gruvi_process_close(p);
}

HUB_TEST(test_errors_may_go_where_output_goes)
{
    static const char text[] = "echo one; echo two >&2; echo three";
    gruvi_process_options_t options = script(text, GRUVI_STDIO_NULL);
    char buf[64];
    int ends[2];
    gruvi_process_t *p;

    options.stdio[2].kind = GRUVI_STDIO_STDOUT;
    prints(&options, "one\ntwo\nthree\n");
    ck_assert_int_eq(pipe(ends), 0);
    options.stdio[1].kind = GRUVI_STDIO_FD;
    options.stdio[1].fd = ends[1];
    p = begin_process(&options);
    ends_with(p, 0, 0);
    ck_assert_int_eq(read(ends[0], buf, sizeof buf), 14);
    ck_assert_int_eq(memcmp(buf, "one\ntwo\nthree\n", 14), 0);
    gruvi_process_close(p);
    options.stdio[1].kind = GRUVI_STDIO_NULL; /* and nowhere, with it */
    p = begin_process(&options);
    ends_with(p, 0, 0);
    gruvi_process_close(p);
    ck_assert_int_eq(close(ends[0]), 0);
    ck_assert_int_eq(close(ends[1]), 0); /* it stayed ours */
}

/* In a child, whose own these are. */
static void
inherit_stdio(void *arg)
{
    gruvi_process_options_t options =
        script("cat; echo to stderr >&2", GRUVI_STDIO_INHERIT);
    gruvi_process_t *p;
    char buf[32];
    int ends[2];

    (void)arg;
    ck_assert_int_eq(pipe(ends), 0);
    ck_assert_int_eq(write(ends[1], "from stdin", 10), 10);
    close(ends[1]);
    dup2(ends[0], STDIN_FILENO);
    close(ends[0]);
    ck_assert_int_eq(pipe(ends), 0);
    dup2(ends[1], STDOUT_FILENO);
    close(ends[1]);
    p = begin_process(&options);
    ends_with(p, 0, 0);
    gruvi_process_close(p);
    ck_assert_int_eq(read(ends[0], buf, sizeof buf), 10);
    /* What is closed here is /dev/null there, not whatever comes by. */
    close(STDIN_FILENO);
    p = begin_process(&options);
    ends_with(p, 0, 0);
    gruvi_process_close(p);
    ck_assert_int_eq(gruvi_hub_close(gruvi_get_hub()), 0);
}

START_TEST(test_what_is_inherited_is_ours)
{
    char text[128];

    ck_assert_int_eq(in_child(inherit_stdio, NULL, text, sizeof text), 0);
    ck_assert_ptr_nonnull(strstr(text, "to stderr\nto stderr\n"));
}
END_TEST

/* --- what it does not inherit ----------------------------------------------
 */

/* Of all that the library opens it has nothing. */
static void
list_descriptors(void *arg)
{
    static const int signum = SIGUSR1;
    gruvi_process_options_t options;
    gruvi_signal_t *watcher;
    gruvi_process_t *p;
    gruvi_file_t *file;
    struct ends ends;

    (void)arg;
    for (int fd = 3; fd < 1024; fd++) /* the tests' own, and make's */
        fcntl(fd, F_SETFD, FD_CLOEXEC);
    p = begin_script("cat", GRUVI_STDIO_PIPE);
    open_ends(&ends, NET_TCP);
    fcntl(ends.peer, F_SETFD, FD_CLOEXEC);
    ck_assert_int_eq(gruvi_signal_open(&watcher, &signum, 1), 0);
    ck_assert_int_eq(gruvi_file_open(&file, "/dev/null", O_RDONLY, 0), 0);
    options = script("echo /proc/self/fd/*", GRUVI_STDIO_PIPE);
    /* 3 is the folder itself, which the shell reads. */
    prints(&options, "/proc/self/fd/0 /proc/self/fd/1 /proc/self/fd/2 "
                     "/proc/self/fd/3\n");
    ck_assert_int_eq(gruvi_file_close(file), 0);
    gruvi_signal_close(watcher);
    close_ends(&ends);
    gruvi_process_close(p);
    ck_assert_int_eq(gruvi_hub_close(gruvi_get_hub()), 0);
}

START_TEST(test_no_descriptor_of_the_library_is_inherited)
{
    ck_assert_int_eq(in_child(list_descriptors, NULL, NULL, 0), 0);
}
END_TEST

/* The first 31, of which libuv takes care. */
HUB_TEST(test_no_signal_is_blocked_or_ignored)
{
    char *args[] = {"cat", "/proc/self/status", NULL};
    gruvi_process_options_t options = {.args = args};
    unsigned long long blocked, ignored;
    sigset_t set, before;
    gruvi_process_t *p;
    char text[4096];
    uv_buf_t out = uv_buf_init(text, sizeof text - 1);

    options.stdio[1].kind = GRUVI_STDIO_PIPE;
    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGRTMIN);
    pthread_sigmask(SIG_BLOCK, &set, &before);
    signal(SIGHUP, SIG_IGN);
    signal(SIGPIPE, SIG_IGN);
    p = begin_process(&options);
    ck_assert_int_eq(
        gruvi_process_communicate(p, NULL, 0, &out, NULL, GRUVI_FOREVER), 0);
    gruvi_process_close(p);
    signal(SIGHUP, SIG_DFL);
    signal(SIGPIPE, SIG_DFL);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    text[out.len] = '\0';
    ck_assert_int_eq(sscanf(strstr(text, "SigBlk:"),
                            "SigBlk: %llx SigIgn: %llx", &blocked, &ignored),
                     2);
    ck_assert_uint_eq(blocked, 0);
    ck_assert_uint_eq(ignored & 0x7fffffff, 0);
}

int
main(void)
{
    Suite *suite = suite_create("process_io");
    TCase *tc = tcase_create("beginning");

    tcase_add_test(tc, test_arguments_arrive_as_they_are);
    tcase_add_test(tc, test_file_and_its_own_name_may_differ);
    tcase_add_test(tc, test_the_environment_is_ours_or_another);
    tcase_add_test(tc, test_it_begins_in_its_folder);
    tcase_add_test(tc, test_it_becomes_another_user);
    tcase_add_test(tc, test_pipes_are_streams);
    tcase_add_test(tc, test_without_pipes_there_are_no_streams);
    tcase_add_test(tc, test_errors_may_go_where_output_goes);
    tcase_add_test(tc, test_what_is_inherited_is_ours);
    tcase_add_test(tc, test_no_descriptor_of_the_library_is_inherited);
    tcase_add_test(tc, test_no_signal_is_blocked_or_ignored);
    suite_add_tcase(suite, tc);
    return run_suite(suite);
}
