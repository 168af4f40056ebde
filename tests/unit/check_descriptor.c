/* SPDX-License-Identifier: MIT */
/*
 * A program that has closed standard descriptors: none of ours gets their
 * numbers, and a child gets nothing there.  Each test is looped over all that
 * may be closed, a bit each.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/descriptor.h"
#include "support/folder.h"
#include "unit/processes.h"

#define ALL_CLOSED 8 /* and one more */

static int closed; /* in the child */

static void
close_standard(const int *bits)
{
    closed = *bits;
    for (int fd = 0; fd < 3; fd++)
        if (closed & 1 << fd)
            close(fd);
}

static void
are_still_closed(void)
{
    for (int fd = 0; fd < 3; fd++)
        if (closed & 1 << fd)
            ck_assert_int_eq(fcntl(fd, F_GETFD), -1);
}

/* --- all that opens something ------------------------------------------------
 */

static void
connect_and_accept(const char *where)
{
    char address[GRUVI_ADDRESS_SIZE];
    gruvi_listener_t *listener, *same;
    gruvi_stream_t *client, *server;

    ck_assert_int_eq(gruvi_listen(&listener, where, NULL), 0);
    are_still_closed();
    gruvi_listener_address(listener, address, sizeof address);
    ck_assert_int_eq(gruvi_connect(&client, address, NULL, 60), 0);
    are_still_closed();
    ck_assert_int_eq(gruvi_accept(listener, &server, 60), 0);
    are_still_closed();
    snprintf(address, sizeof address, "fd:%d", gruvi_listener_fd(listener));
    ck_assert_int_eq(gruvi_listen(&same, address, NULL), 0);
    are_still_closed();
    gruvi_stream_close(client);
    gruvi_stream_close(server);
    gruvi_listener_close(same);
    gruvi_listener_close(listener);
}

static void
open_a_datagram_socket(void)
{
    gruvi_udp_t *udp;

    ck_assert_int_eq(gruvi_udp_bind(&udp, "udp://127.0.0.1:0", NULL), 0);
    are_still_closed();
    gruvi_udp_close(udp);
}

static void
open_a_file(void)
{
    gruvi_file_t *file;

    ck_assert_int_eq(gruvi_file_open(&file, "/dev/null", O_RDONLY, 0), 0);
    are_still_closed();
    ck_assert_int_eq(gruvi_file_close(file), 0);
}

static void
begin_a_process(void)
{
    gruvi_process_t *p = begin_script("exit 4", GRUVI_STDIO_PIPE);

    are_still_closed();
    ends_with(p, 4, 0);
    gruvi_process_close(p);
}

static void
use_another_hub(void *arg)
{
    (void)arg;
    ck_assert_int_eq(gruvi_sleep(0.001), 0);
    are_still_closed();
    ck_assert_int_eq(gruvi_hub_close(gruvi_get_hub()), 0);
    are_still_closed();
}

static void
use_all(void *arg)
{
    char folder[] = "/tmp/gruvi-descriptor-XXXXXX", unix_address[128];

    ck_assert_ptr_nonnull(mkdtemp(folder));
    close_standard(arg);
    ck_assert_ptr_nonnull(gruvi_get_hub());
    are_still_closed();
    snprintf(unix_address, sizeof unix_address, "unix:%s/socket", folder);
    connect_and_accept("tcp://127.0.0.1:0");
    connect_and_accept(unix_address);
    open_a_datagram_socket();
    open_a_file();
    begin_a_process();
    in_thread(use_another_hub, NULL);
    ck_assert_int_eq(gruvi_signal_wait(SIGHUP, 0.001), UV_ETIMEDOUT);
    are_still_closed();
    ck_assert_int_eq(gruvi_hub_close(gruvi_get_hub()), 0);
    are_still_closed();
    ck_assert_int_eq(remove_folder(folder), 0);
}

START_TEST(test_nothing_of_ours_is_a_standard_descriptor)
{
    ck_assert_int_eq(in_child(use_all, &_i, NULL, 0), 0);
}
END_TEST

/* --- fork --------------------------------------------------------------------
 */

/* What the child inherits is open there, and closes as ever. */
static void
fork_twice(void *arg)
{
    close_standard(arg);
    ck_assert_int_eq(gruvi_sleep(0.001), 0);
    ck_assert_int_eq(gruvi_hub_close(gruvi_get_hub()), 0);
    for (int generation = 0; generation < 2; generation++) {
        int status;
        pid_t pid = fork();

        ck_assert_int_ge(pid, 0);
        if (pid > 0) {
            ck_assert_int_eq(waitpid(pid, &status, 0), pid);
            ck_assert_int_eq(status, 0);
            return;
        }
        are_still_closed();
    }
    _exit(0);
}

START_TEST(test_nor_in_a_child_of_a_child)
{
    ck_assert_int_eq(in_child(fork_twice, &_i, NULL, 0), 0);
}
END_TEST

/* --- what a child gets -------------------------------------------------------
 */

static void
has_nothing_at(const gruvi_process_t *p, int fd)
{
    char path[64], target[64] = "";

    snprintf(path, sizeof path, "/proc/%d/fd/%d", (int)gruvi_process_pid(p),
             fd);
    ck_assert_int_gt(readlink(path, target, sizeof target - 1), 0);
    ck_assert_str_eq(target, "/dev/null");
}

static void
begin_with_nothing(void)
{
    gruvi_process_t *p = begin_script("exec sleep 1000", GRUVI_STDIO_INHERIT);

    for (int fd = 0; fd < 3; fd++)
        if (closed & 1 << fd)
            has_nothing_at(p, fd);
    ck_assert_int_eq(gruvi_process_kill(p, SIGKILL), 0);
    ends_with(p, 0, SIGKILL);
    gruvi_process_close(p);
}

/* Other code of the program has the numbers by then. */
static void
begin_processes(void *arg)
{
    close_standard(arg);
    begin_with_nothing();
    for (int fd = 0; fd < 3; fd++)
        if (closed & 1 << fd)
            ck_assert_int_eq(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0),
                             fd);
    begin_with_nothing();
    ck_assert_int_eq(gruvi_hub_close(gruvi_get_hub()), 0);
}

START_TEST(test_a_child_gets_nothing_where_one_is_closed)
{
    ck_assert_int_eq(in_child(begin_processes, &_i, NULL, 0), 0);
}
END_TEST

/* --- moving ------------------------------------------------------------------
 */

static void
move_them(void *arg)
{
    int ends[2], some = open("/dev/null", O_RDONLY | O_CLOEXEC);

    close_standard(arg);
    for (int fd = 0; fd < 3; fd++) {
        int own = gruvi__fd_own(dup(some));

        ck_assert_int_ge(own, GRUVI__FIRST_FD);
        close(own);
    }
    ck_assert_int_eq(pipe(ends), 0);
    ck_assert_int_eq(gruvi__fd_own_pair(ends), 0);
    ck_assert(ends[0] >= GRUVI__FIRST_FD && ends[1] >= GRUVI__FIRST_FD);
    ck_assert_int_eq(write(ends[1], "x", 1), 1);
    close(ends[0]);
    close(ends[1]);
    are_still_closed();
    errno = 0;
    ck_assert_int_eq(gruvi__fd_own(open("/none/such", O_RDONLY)), -1);
    ck_assert_int_eq(errno, ENOENT);
}

START_TEST(test_a_descriptor_is_moved_up)
{
    ck_assert_int_eq(in_child(move_them, &_i, NULL, 0), 0);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("descriptor");
    TCase *tc = tcase_create("standard descriptors");

    tcase_add_loop_test(tc, test_nothing_of_ours_is_a_standard_descriptor, 0,
                        ALL_CLOSED);
    tcase_add_loop_test(tc, test_nor_in_a_child_of_a_child, 0, ALL_CLOSED);
    tcase_add_loop_test(tc, test_a_child_gets_nothing_where_one_is_closed, 0,
                        ALL_CLOSED);
    tcase_add_loop_test(tc, test_a_descriptor_is_moved_up, 0, ALL_CLOSED);
    suite_add_tcase(suite, tc);
    return run_suite(suite);
}
