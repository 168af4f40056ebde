/* SPDX-License-Identifier: MIT */
/*
 * The files of Unix sockets: made, replaced where they are stale, left alone
 * where they are not ours, removed.
 */
#include "unit/net.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/un.h>

/* In a folder of the test's own. */
static char path[108], address[GRUVI_ADDRESS_SIZE];

static void
open_place(void)
{
    snprintf(path, sizeof path, "%s/sock", net_folder());
    snprintf(address, sizeof address, "unix:%s", path);
}

static void
close_place(void)
{
    net_folder_end();
}

static int
listen_there(gruvi_listener_t **listener)
{
    return gruvi_listen(listener, address, NULL);
}

static bool
is_there(void)
{
    struct stat status;

    return lstat(path, &status) == 0;
}

/* A plain socket that is bound there; with a backlog of -1 it does not listen.
 */
static int
plain_socket(int type, int backlog)
{
    struct sockaddr_un at = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, type | SOCK_CLOEXEC, 0);

    ck_assert_int_ge(fd, 0);
    strcpy(at.sun_path, path);
    ck_assert_int_eq(bind(fd, (void *)&at, sizeof at), 0);
    if (backlog >= 0)
        ck_assert_int_eq(listen(fd, backlog), 0);
    return fd;
}

static void
check_alive(gruvi_listener_t *listener)
{
    int fd = net_connect(address);
    gruvi_stream_t *stream;

    ck_assert_int_eq(gruvi_accept(listener, &stream, GRUVI_FOREVER), 0);
    gruvi_stream_close(stream);
    close(fd);
}

HUB_TEST(test_a_listener_has_a_file_until_it_is_closed)
{
    char text[GRUVI_ADDRESS_SIZE];
    gruvi_listener_t *listener;
    struct stat status;

    open_place();
    ck_assert_int_eq(listen_there(&listener), 0);
    ck_assert_int_eq(lstat(path, &status), 0);
    ck_assert(S_ISSOCK(status.st_mode));
    ck_assert_int_eq(gruvi_listener_address(listener, text, sizeof text), 0);
    ck_assert_str_eq(text, address);
    check_alive(listener);
    gruvi_listener_close(listener);
    ck_assert(!is_there());
    close_place();
}

/* What the file's mode was when the socket began to listen. */
static mode_t mode_at_listen;

int __real_listen(int fd, int backlog);
int __wrap_listen(int fd, int backlog);

int
__wrap_listen(int fd, int backlog)
{
    struct stat status;

    if (path[0] != '\0' && lstat(path, &status) == 0)
        mode_at_listen = status.st_mode & 0777;
    return __real_listen(fd, backlog);
}

HUB_TEST(test_the_permissions_of_a_file_are_there_before_anybody_can_connect)
{
    gruvi_listen_options_t options = {.mode = 0600};
    gruvi_listener_t *listener;
    mode_t mask = umask(0);

    open_place();
    mode_at_listen = 0;
    ck_assert_int_eq(gruvi_listen(&listener, address, &options), 0);
    umask(mask);
    ck_assert_uint_eq(mode_at_listen, 0600);
    gruvi_listener_close(listener);
    close_place();
}

HUB_TEST(test_the_permissions_of_a_file_are_those_asked_for)
{
    static const unsigned modes[] = {0, 0600, 0660, 0666, 0777};
    gruvi_listen_options_t options = {.mode = modes[i]};
    gruvi_listener_t *listener;
    struct stat status;
    mode_t mask = umask(027);

    open_place();
    ck_assert_int_eq(gruvi_listen(&listener, address, &options), 0);
    umask(mask);
    ck_assert_int_eq(lstat(path, &status), 0);
    ck_assert_int_eq(status.st_mode & 0777, modes[i] == 0 ? 0750 : modes[i]);
    gruvi_listener_close(listener);
    close_place();
}

HUB_TEST(test_a_stale_file_is_replaced)
{
    gruvi_listener_t *listener;

    open_place();
    close(plain_socket(SOCK_STREAM, i == 0 ? -1 : 1));
    ck_assert(is_there());
    ck_assert_int_eq(listen_there(&listener), 0);
    ck_assert_int_eq(logged(path), 1);
    check_alive(listener);
    gruvi_listener_close(listener);
    ck_assert(!is_there());
    close_place();
}

/* It listens, its queue is full, or it is of another type. */
HUB_TEST(test_a_file_in_use_is_left_alone)
{
    static const int types[] = {SOCK_STREAM, SOCK_STREAM, SOCK_DGRAM,
                                SOCK_SEQPACKET};
    gruvi_listener_t *listener;
    int fd, client = -1;

    open_place();
    fd = plain_socket(types[i], types[i] == SOCK_DGRAM ? -1 : 0);
    if (i == 1)
        client = net_connect(address);
    ck_assert_int_eq(listen_there(&listener), UV_EADDRINUSE);
    ck_assert_ptr_null(listener);
    ck_assert(is_there());
    close(fd);
    if (client >= 0)
        close(client);
    close_place();
}

HUB_TEST(test_a_file_that_is_no_socket_is_left_alone)
{
    gruvi_listener_t *listener;
    struct stat status;
    int fd;

    open_place();
    if (i == 0) {
        fd = open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
        ck_assert_int_eq(write(fd, "data", 4), 4);
        close(fd);
    } else if (i == 1) {
        ck_assert_int_eq(mkdir(path, 0700), 0);
    } else {
        ck_assert_int_eq(symlink("nowhere", path), 0);
    }
    ck_assert_int_eq(listen_there(&listener), UV_EADDRINUSE);
    ck_assert_int_eq(logged("is not a socket"), 1);
    ck_assert_int_eq(lstat(path, &status), 0);
    ck_assert(!S_ISSOCK(status.st_mode));
    if (i == 0)
        ck_assert_int_eq(status.st_size, 4);
    close_place();
}

HUB_TEST(test_a_path_that_cannot_be_is_an_error)
{
    gruvi_listener_t *listener;

    open_place();
    snprintf(address, sizeof address, "unix:%s/missing/sock", path);
    ck_assert_int_eq(listen_there(&listener), UV_ENOENT);
    snprintf(address, sizeof address, "unix:/%0107d", 0);
    ck_assert_int_eq(listen_there(&listener), UV_ENAMETOOLONG);
    snprintf(address, sizeof address, "unix:/proc/sock");
    ck_assert_int_lt(listen_there(&listener), 0);
    close_place();
}

HUB_TEST(test_a_file_that_is_anothers_by_now_is_not_removed)
{
    gruvi_listener_t *listener, *other;

    open_place();
    ck_assert_int_eq(listen_there(&listener), 0);
    ck_assert_int_eq(unlink(path), 0);
    ck_assert_int_eq(listen_there(&other), 0);
    gruvi_listener_close(listener);
    ck_assert(is_there());
    check_alive(other);
    gruvi_listener_close(other);
    ck_assert(!is_there());
    close_place();
}

HUB_TEST(test_a_file_that_is_gone_is_no_trouble)
{
    gruvi_listener_t *listener;

    open_place();
    ck_assert_int_eq(listen_there(&listener), 0);
    ck_assert_int_eq(unlink(path), 0);
    gruvi_listener_close(listener);
    close_place();
}

HUB_TEST(test_the_process_may_change_its_folder)
{
    int before = open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    gruvi_listener_t *listener;
    char folder[108];

    open_place();
    strcpy(folder, path);
    *strrchr(folder, '/') = '\0';
    ck_assert_int_eq(chdir(folder), 0);
    ck_assert_int_eq(gruvi_listen(&listener, "unix:sock", NULL), 0);
    ck_assert_int_eq(chdir("/"), 0);
    ck_assert(is_there());
    gruvi_listener_close(listener);
    ck_assert(!is_there());
    ck_assert_int_eq(fchdir(before), 0);
    close(before);
    close_place();
}

HUB_TEST(test_an_abstract_name_has_no_file)
{
    char text[GRUVI_ADDRESS_SIZE];
    gruvi_listener_t *listener = net_listen(NET_UNIX, text);

    ck_assert_int_ne(access(text + 5, F_OK), 0);
    ck_assert_int_ne(access(text + 6, F_OK), 0);
    gruvi_listener_close(listener);
}

/* --- two that start at once ------------------------------------------------
 */

#define STARTERS 4
#define ROUNDS   50

static pthread_barrier_t gate;
static int winners;

static void
start(void *arg)
{
    gruvi_listener_t *listener;
    int err;

    (void)arg;
    for (int round = 0; round < ROUNDS; round++) {
        pthread_barrier_wait(&gate);
        err = listen_there(&listener);
        ck_assert(err == 0 || err == UV_EADDRINUSE);
        if (err == 0)
            __atomic_add_fetch(&winners, 1, __ATOMIC_SEQ_CST);
        if (pthread_barrier_wait(&gate) == PTHREAD_BARRIER_SERIAL_THREAD) {
            ck_assert_int_eq(__atomic_load_n(&winners, __ATOMIC_SEQ_CST), 1);
            ck_assert(is_there());
            __atomic_store_n(&winners, 0, __ATOMIC_SEQ_CST);
        }
        pthread_barrier_wait(&gate);
        gruvi_listener_close(listener);
        /* What the next round has to replace. */
        if (pthread_barrier_wait(&gate) == PTHREAD_BARRIER_SERIAL_THREAD)
            close(plain_socket(SOCK_STREAM, -1));
    }
    gruvi_hub_close(gruvi_get_hub());
}

/* All of them find a stale file; one replaces it, and its own is live then. */
THREAD_TEST(test_of_those_that_start_at_once_one_gets_the_file)
{
    pthread_t threads[STARTERS];

    winners = 0;
    open_place();
    pthread_barrier_init(&gate, NULL, STARTERS);
    for (int n = 0; n < STARTERS; n++)
        threads[n] = begin_thread(start, NULL);
    for (int n = 0; n < STARTERS; n++)
        end_thread(threads[n]);
    pthread_barrier_destroy(&gate);
    close_place();
}

static int
listen_in_fiber(void *arg)
{
    return listen_there(arg);
}

HUB_TEST(test_a_folder_that_another_has_locked_is_waited_for)
{
    gruvi_listener_t *listener;
    gruvi_fiber_t *fiber;
    char folder[108];
    int lock;

    open_place();
    strcpy(folder, path);
    *strrchr(folder, '/') = '\0';
    lock = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    ck_assert_int_eq(flock(lock, LOCK_EX), 0);
    fiber = spawn(listen_in_fiber, &listener);
    turns(2);
    ck_assert(gruvi_fiber_alive(fiber));
    ck_assert(!is_there());
    if (i == 0) {
        close(lock);
        ck_assert_int_eq(finish(fiber), 0);
        gruvi_listener_close(listener);
    } else {
        gruvi_fiber_cancel(fiber, NULL);
        ck_assert_int_eq(finish(fiber), UV_ECANCELED);
        ck_assert(!is_there());
        close(lock);
    }
    close_place();
}

int
main(void)
{
    Suite *suite = suite_create("socket_file");
    TCase *tc = tcase_create("file");

    tcase_add_test(tc, test_a_listener_has_a_file_until_it_is_closed);
    tcase_add_test(
        tc,
        test_the_permissions_of_a_file_are_there_before_anybody_can_connect);
    tcase_add_loop_test(tc, test_the_permissions_of_a_file_are_those_asked_for,
                        0, 5);
    tcase_add_loop_test(tc, test_a_stale_file_is_replaced, 0, 2);
    tcase_add_loop_test(tc, test_a_file_in_use_is_left_alone, 0, 4);
    tcase_add_loop_test(tc, test_a_file_that_is_no_socket_is_left_alone, 0, 3);
    tcase_add_test(tc, test_a_path_that_cannot_be_is_an_error);
    tcase_add_test(tc, test_a_file_that_is_anothers_by_now_is_not_removed);
    tcase_add_test(tc, test_a_file_that_is_gone_is_no_trouble);
    tcase_add_test(tc, test_the_process_may_change_its_folder);
    tcase_add_test(tc, test_an_abstract_name_has_no_file);
    tcase_add_test(tc, test_of_those_that_start_at_once_one_gets_the_file);
    tcase_add_loop_test(tc, test_a_folder_that_another_has_locked_is_waited_for,
                        0, 2);
    suite_add_tcase(suite, tc);
    return run_suite(suite);
}
