/* SPDX-License-Identifier: MIT */
/*
 * The first loop of a process makes a pipe that all loops share, and libuv
 * aborts where it does not get it.  How many descriptors go before depends on
 * the version of libuv and on what the kernel allows: newer ones open an
 * io_uring besides the epoll set.
 *
 * So nothing is counted.  Where there are few descriptors, a child tries first:
 * it has as many as we have, and if it dies of it, we know.
 *
 * libuv aborts also where it closes one of its own that is 0, 1 or 2.  So the
 * numbers that the program has closed are taken while libuv opens its own, by
 * one thread at a time.
 */
#include "core/loop.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/descriptor.h"
#include "base/threads.h"

/* More than any libuv takes; where so many are free nothing is tried. */
#define PLENTY 32

static bool
has_plenty_of_descriptors(void)
{
    int fds[PLENTY], n = 0, fd = eventfd(0, EFD_CLOEXEC);

    while (fd >= 0 && n < PLENTY) {
        fds[n++] = fd;
        fd = fcntl(fds[0], F_DUPFD_CLOEXEC, 0);
    }
    if (fd >= 0)
        close(fd);
    for (int i = 0; i < n; i++)
        close(fds[i]);
    return fd >= 0;
}

/* An abort is no crash here: nobody's handler hears of it, and no core. */
static _Noreturn void
try_in_child(int *result)
{
    uv_loop_t loop;

    signal(SIGABRT, SIG_DFL);
    prctl(PR_SET_DUMPABLE, 0);
    *result = uv_loop_init(&loop);
    _exit(0);
}

/* The result is in shared memory: where SIGCHLD is ignored, or another thread
 * waits for children, there is no status. */
static int
try_first(void)
{
    int err, *result = mmap(NULL, sizeof *result, PROT_READ | PROT_WRITE,
                            MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    pid_t pid;

    if (result == MAP_FAILED)
        return uv_translate_sys_error(errno);
    *result = UV_EMFILE;
    pid = fork();
    if (pid == 0)
        try_in_child(result);
    if (pid < 0)
        *result = uv_translate_sys_error(errno);
    while (pid > 0 && waitpid(pid, NULL, 0) < 0 && errno == EINTR)
        ;
    err = *result;
    munmap(result, sizeof *result);
    return err;
}

static int
open_loop(uv_loop_t *loop)
{
    static bool opened; /* atomic */
    int err;

    if (!gruvi__atomic_load(&opened, __ATOMIC_RELAXED) &&
        !has_plenty_of_descriptors() && (err = try_first()) < 0)
        return err;
    err = uv_loop_init(loop);
    if (err == 0)
        gruvi__atomic_store(&opened, true, __ATOMIC_RELAXED);
    else if (loop->backend_fd > 0)
        close(loop->backend_fd); /* which libuv forgets */
    return err;
}

/* --- standard descriptors ---------------------------------------------------
 */

/* Until the first three are taken, or no descriptor is left. */
static void
take_standard(bool taken[GRUVI__FIRST_FD])
{
    int fd;

    while ((fd = eventfd(0, EFD_CLOEXEC)) >= 0 && fd < GRUVI__FIRST_FD)
        taken[fd] = true;
    if (fd >= 0)
        close(fd);
}

static bool
are_standard_open(void)
{
    for (int fd = 0; fd < GRUVI__FIRST_FD; fd++)
        if (fcntl(fd, F_GETFD) < 0)
            return false;
    return true;
}

static void
let_go(const bool taken[GRUVI__FIRST_FD])
{
    for (int fd = 0; fd < GRUVI__FIRST_FD; fd++)
        if (taken[fd])
            close(fd);
}

/* In a forked child libuv opens its pipe again: ours come before and after, in
 * the order in which they were registered. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static bool taken_in_child[GRUVI__FIRST_FD];

static void
before_libuv(void)
{
    lock = (pthread_mutex_t)PTHREAD_MUTEX_INITIALIZER;
    if (!are_standard_open())
        take_standard(taken_in_child);
}

static void
after_libuv(void)
{
    let_go(taken_in_child);
}

/* Under the lock. */
static int
open_watching_forks(uv_loop_t *loop)
{
    static bool before, after;
    int err;

    if (!before)
        before = pthread_atfork(NULL, NULL, before_libuv) == 0;
    err = open_loop(loop);
    if (err == 0 && !after)
        after = pthread_atfork(NULL, NULL, after_libuv) == 0;
    return err;
}

int
gruvi__loop_open(uv_loop_t *loop)
{
    bool taken[GRUVI__FIRST_FD] = {false};
    int err;

    gruvi__mutex_lock(&lock);
    if (!are_standard_open())
        take_standard(taken);
    err = open_watching_forks(loop);
    let_go(taken);
    gruvi__mutex_unlock(&lock);
    return err;
}

static void
close_unused(uv_handle_t *handle, void *arg)
{
    (void)arg;
    if (!uv_is_closing(handle))
        uv_close(handle, NULL);
}

void
gruvi__loop_drop(uv_loop_t *loop)
{
    uv_walk(loop, close_unused, NULL);
    uv_run(loop, UV_RUN_DEFAULT);
    uv_loop_close(loop);
}
