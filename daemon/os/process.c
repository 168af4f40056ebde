/* SPDX-License-Identifier: MIT */
/* Descriptors, limits, user: see process.h. */
#include "os/process.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <gruvi.h>

void
gruvid__process_open_stdio(void)
{
    int fd;

    do
        fd = open("/dev/null", O_RDWR);
    while (fd >= 0 && fd <= STDERR_FILENO);
    if (fd >= 0)
        close(fd);
}

void
gruvid__process_unblock_signals(void)
{
    sigset_t none;

    sigemptyset(&none);
    pthread_sigmask(SIG_SETMASK, &none, NULL);
}

void
gruvid__process_hold_signals(void)
{
    sigset_t held;

    sigemptyset(&held);
    sigaddset(&held, SIGHUP);
    sigaddset(&held, SIGUSR1);
    sigaddset(&held, SIGUSR2);
    pthread_sigmask(SIG_BLOCK, &held, NULL);
}

void
gruvid__process_raise_limits(void)
{
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit) < 0 ||
        limit.rlim_cur == limit.rlim_max)
        return;
    limit.rlim_cur = limit.rlim_max;
    if (setrlimit(RLIMIT_NOFILE, &limit) < 0)
        gruvi_warning("the limit of open files cannot be raised to %llu: %s",
                      (unsigned long long)limit.rlim_max, strerror(errno));
}

static int
fail(const char *what, const char *user, int err, char *why, size_t why_size)
{
    snprintf(why, why_size, "cannot %s user %s: %s", what, user,
             gruvi_strerror(err));
    return err;
}

int
gruvid__process_become(const char *user, char *why, size_t why_size)
{
    struct passwd *entry;

    if (user[0] == '\0')
        return 0;
    errno = 0;
    entry = getpwnam(user);
    if (entry == NULL)
        return fail("find", user,
                    errno == 0 ? UV_ENOENT : uv_translate_sys_error(errno), why,
                    why_size);
    if (geteuid() == entry->pw_uid && getuid() == entry->pw_uid)
        return 0;
    if (geteuid() != 0) {
        snprintf(why, why_size,
                 "cannot become user %s: gruvid was not started by root", user);
        return UV_EPERM;
    }
    /* The groups first: without root they cannot be changed any more. */
    if (initgroups(user, entry->pw_gid) < 0 ||
        setresgid(entry->pw_gid, entry->pw_gid, entry->pw_gid) < 0 ||
        setresuid(entry->pw_uid, entry->pw_uid, entry->pw_uid) < 0)
        return fail("become", user, uv_translate_sys_error(errno), why,
                    why_size);
    /* The kernel takes this away from who changes the user: there would be no
     * core, and /proc would belong to root. */
    prctl(PR_SET_DUMPABLE, 1);
    return 0;
}
