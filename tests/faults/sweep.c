/* SPDX-License-Identifier: MIT */
#include "faults/sweep.h"

#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "faults/faults.h"
#include "faults/page.h"
#include "support/suite.h"

/* Parts of the work, each a test of its own. */
#define PARTS 16

#define MOST_ERRORS 5

static const struct faults_subject *subject;
/* What was seen of each call and error, by all tests: of processes. */
static unsigned (*seen)[MOST_ERRORS];
static unsigned effects; /* of this run */
static unsigned life;
static struct faults *faults;
static char shared[80], preload[4200], env_shared[100];

const char *const *
faults_env(void)
{
    static const char *const env[] = {preload, env_shared, NULL};

    return env;
}

unsigned
faults_life(void)
{
    return life;
}

/* --- errors --------------------------------------------------------------- */

/* Those that a correct program meets: EAGAIN and EINPROGRESS are no faults, and
 * EINTR is none where a call does not wait.  ETIMEDOUT would look like what
 * waits for ever. */
static const struct {
    const char *name;
    int errors[MOST_ERRORS];
} calls[FAULT_CALLS] = {
    [FAULT_ACCEPT] = {"accept4",
                      {EMFILE, ENFILE, ENOBUFS, ENOMEM, ECONNABORTED}},
    [FAULT_BIND] = {"bind", {EADDRINUSE, EACCES, ENOMEM}},
    [FAULT_CHDIR] = {"chdir", {ENOENT, EACCES}},
    [FAULT_CHMOD] = {"chmod", {EPERM, EROFS, EIO}},
    [FAULT_CHOWN] = {"chown", {EPERM, EROFS}},
    [FAULT_CLOSE] = {"close", {EIO}},
    [FAULT_CONNECT] = {"connect", {ECONNREFUSED, ENETUNREACH, EACCES}},
    [FAULT_DLOPEN] = {"dlopen", {ENOMEM}},
    [FAULT_DUP] = {"fcntl", {EMFILE}},
    [FAULT_EPOLL_CREATE] = {"epoll_create1", {EMFILE, ENFILE, ENOMEM}},
    [FAULT_EPOLL_CTL] = {"epoll_ctl", {ENOMEM, ENOSPC}},
    [FAULT_EPOLL_WAIT] = {"epoll_wait", {EINTR}},
    [FAULT_EVENTFD] = {"eventfd", {EMFILE, ENFILE, ENOMEM}},
    [FAULT_EXEC] = {"execvp", {ENOENT, EACCES, ENOMEM}},
    [FAULT_FLOCK] = {"flock", {EINTR, ENOLCK}},
    [FAULT_FOPEN] = {"fopen", {EMFILE, ENFILE, ENOMEM, EACCES}},
    [FAULT_FORK] = {"fork", {EAGAIN, ENOMEM}},
    [FAULT_FSYNC] = {"fsync", {EIO, ENOSPC}},
    [FAULT_FTRUNCATE] = {"ftruncate", {EIO, EFBIG}},
    [FAULT_GETADDRINFO] = {"getaddrinfo", {EAGAIN, ENOMEM, EMFILE}},
    [FAULT_GETGRNAM] = {"getgrnam", {EMFILE, ENFILE, ENOMEM, EIO}},
    [FAULT_GETPEERNAME] = {"getpeername", {ENOTCONN, ENOBUFS}},
    [FAULT_GETPWNAM] = {"getpwnam", {EMFILE, ENFILE, ENOMEM, EIO}},
    [FAULT_GETRANDOM] = {"getrandom", {EINTR, ENOSYS}},
    [FAULT_GETSOCKNAME] = {"getsockname", {ENOBUFS}},
    [FAULT_GETSOCKOPT] = {"getsockopt", {ENOMEM}},
    [FAULT_IOCTL] = {"ioctl", {ENOTTY, EIO}},
    [FAULT_KILL] = {"kill", {ESRCH, EPERM}},
    [FAULT_LISTEN] = {"listen", {EADDRINUSE}},
    [FAULT_MADVISE] = {"madvise", {ENOMEM, EAGAIN}},
    [FAULT_MKDIR] = {"mkdir", {EACCES, ENOSPC, EROFS}},
    [FAULT_MMAP] = {"mmap", {ENOMEM, EAGAIN, ENFILE}},
    [FAULT_MPROTECT] = {"mprotect", {ENOMEM}},
    [FAULT_MUNMAP] = {"munmap", {ENOMEM}},
    [FAULT_OPEN] = {"open", {EMFILE, ENFILE, ENOENT, EACCES, EINTR}},
    [FAULT_OPENAT2] = {"openat2", {EMFILE, ENFILE, ENOMEM, ENOSYS}},
    [FAULT_OPENDIR] = {"opendir", {EMFILE, ENFILE, ENOMEM}},
    [FAULT_PIDFD_OPEN] = {"pidfd_open", {EMFILE, ENFILE, ENOMEM, ENOSYS}},
    [FAULT_PIPE] = {"pipe2", {EMFILE, ENFILE}},
    [FAULT_POLL] = {"poll", {EINTR, ENOMEM}},
    [FAULT_PREAD] = {"pread", {EIO}},
    [FAULT_PROCESS_MADVISE] = {"process_madvise", {EINVAL, ENOMEM, ENOSYS}},
    [FAULT_READ] = {"read", {EIO}},
    [FAULT_READDIR] = {"readdir", {EIO}},
    [FAULT_READLINK] = {"readlink", {ENOENT, EACCES}},
    [FAULT_REALPATH] = {"realpath", {ENOENT, EACCES, EIO, ENOMEM}},
    [FAULT_RECV] = {"recv", {ECONNRESET, EHOSTUNREACH, ENOMEM}},
    [FAULT_RENAME] = {"rename", {EACCES, ENOSPC}},
    [FAULT_RMDIR] = {"rmdir", {EACCES, EBUSY}},
    [FAULT_SEND] = {"send", {EPIPE, ECONNRESET, ENOBUFS, ENOMEM}},
    [FAULT_SENDFILE] = {"sendfile", {EIO, EPIPE, ENOMEM}},
    [FAULT_SETGROUPS] = {"setgroups", {ENOMEM, EPERM}},
    [FAULT_SETRLIMIT] = {"setrlimit", {EPERM}},
    [FAULT_SETSOCKOPT] = {"setsockopt", {ENOMEM, ENOBUFS}},
    [FAULT_SETUID] = {"setuid", {EAGAIN, EPERM}},
    [FAULT_SHUTDOWN] = {"shutdown", {ENOTCONN}},
    [FAULT_SIGALTSTACK] = {"sigaltstack", {ENOMEM}},
    [FAULT_SOCKET] = {"socket", {EMFILE, ENFILE, ENOBUFS, ENOMEM}},
    [FAULT_SOCKETPAIR] = {"socketpair", {EMFILE, ENFILE}},
    [FAULT_SPAWN] = {"posix_spawn", {EAGAIN, ENOMEM}},
    [FAULT_STAT] = {"stat", {ENOENT, EACCES, EIO}},
    [FAULT_STATFS] = {"statfs", {EIO, ENOMEM}},
    [FAULT_THREAD] = {"pthread_create", {EAGAIN}},
    [FAULT_UNLINK] = {"unlink", {EACCES, EROFS}},
    [FAULT_WAIT] = {"waitpid", {EINTR, ECHILD}},
    [FAULT_WRITE] = {"write", {EIO, ENOSPC, EPIPE}},
};

static const char *
place_of(const struct fault_site *site)
{
    static char text[100];

    snprintf(text, sizeof text, "%.39s+0x%llx", site->object,
             (unsigned long long)site->offset);
    return text;
}

/* What a failure names. */
const char *
faults_text(void)
{
    static char text[200];

    if (faults->error == 0)
        return "no fault";
    snprintf(text, sizeof text, "%s at %s, call %u: %s",
             calls[faults->fault.call].name, place_of(&faults->fault),
             faults->at, strerror(faults->error));
    return text;
}

int
faults_error(void)
{
    return faults->error;
}

bool
faults_fired(void)
{
    return faults->error != 0 &&
           __atomic_load_n(&faults->calls, __ATOMIC_SEQ_CST) >= faults->at;
}

/* --- all sites ------------------------------------------------------------ */

static void
begin(void)
{
    int file;

    snprintf(shared, sizeof shared, "/tmp/gruvid-faults-%d", getpid());
    file = open(shared, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    ck_assert_int_ge(file, 0);
    ck_assert_int_eq(ftruncate(file, sizeof *faults), 0);
    faults =
        mmap(NULL, sizeof *faults, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    ck_assert_ptr_ne(faults, MAP_FAILED);
    close(file);
    snprintf(preload, sizeof preload,
             "LD_PRELOAD=%s/tests/faults/.libs/inject.so",
             getenv("top_builddir"));
    snprintf(env_shared, sizeof env_shared, "GRUVI_FAULTS=%s", shared);
    subject->begin();
}

static void
end(void)
{
    subject->end();
    if (faults != NULL)
        munmap(faults, sizeof *faults);
    unlink(shared);
}

static unsigned n_runs, n_unfired;

void
faults_saw(enum fault_effect effect)
{
    effects |= effect;
}

static void
fail_at(const struct fault_site *site, unsigned at, int e)
{
    int error = calls[site->call].errors[e];

    if (subject->wants != NULL && !subject->wants(site->call, error))
        return;
    faults->fault = *site;
    faults->at = at;
    faults->calls = 0;
    faults->error = error;
    effects = 0;
    subject->live();
    n_runs++;
    n_unfired += !faults_fired();
    /* Without an owner nothing may be given to anybody. */
    ck_assert_msg(
        !faults_fired() || effects != 0 ||
            (site->call != FAULT_GETGRNAM && site->call != FAULT_GETPWNAM),
        "%s: nobody has noticed", faults_text());
    if (faults_fired())
        seen[site->call][e] |= effects == 0 ? FAULT_NOTHING : effects;
}

static void
fail_each(const struct fault_site *site)
{
    const int *errors = calls[site->call].errors;

    for (int e = 0; e < MOST_ERRORS && errors[e] != 0; e++) {
        fail_at(site, 1, e);
        if (site->hits > 1)
            fail_at(site, 2, e);
        if (site->hits > 2)
            fail_at(site, site->hits, e);
    }
}

static bool
is_in_part(const struct fault_site *site, unsigned part)
{
    const char *only = getenv("FAULT");

    return site->is_known &&
           (subject->lives > 0 || site->offset / 16 % PARTS == part) &&
           (only == NULL || strcmp(only, place_of(site)) == 0);
}

/* Threads do not make the same calls each time; those of one part are in one
 * run, or in another. */
START_TEST(test_each_call_fails_once_with_each_error)
{
    struct fault_site sites[FAULT_SITES];
    unsigned n;

    life = subject->lives > 0 ? (unsigned)_i : 0;
    faults->is_noting = true;
    subject->live();
    faults->is_noting = false;
    n = faults->n;
    ck_assert_uint_ge(n, subject->least); /* it was in the way at all */
    ck_assert_uint_le(n, FAULT_SITES);
    memcpy(sites, faults->sites, sizeof sites);
    for (unsigned i = 0; i < n; i++)
        if (is_in_part(&sites[i], (unsigned)_i))
            fail_each(&sites[i]);
    printf("%u sites; %u runs, %u without the call\n", n, n_runs, n_unfired);
}
END_TEST

/* --- the page ------------------------------------------------------------- */

#define CLIENTS (FAULT_CLIENT | FAULT_COMMAND | FAULT_RELOAD)

/* What is in the row and was not seen.  It depends on threads which of the
 * clients has a fault that several of them may have, and whether the start has
 * had it. */
static unsigned
not_seen(unsigned says, unsigned saw)
{
    unsigned left = says & ~saw & ~(unsigned)FAULT_NOTHING;

    return saw & (CLIENTS | FAULT_START) ? left & ~(unsigned)CLIENTS : left;
}

/* What was seen of all errors that the same row names.  One of them may meet
 * calls that nobody waits for, in each run that it has. */
static unsigned
saw_together(int call, int says)
{
    unsigned saw = 0;

    for (int e = 0; e < MOST_ERRORS && calls[call].errors[e] != 0; e++)
        if (page_effects(calls[call].name,
                         strerrorname_np(calls[call].errors[e]),
                         subject->column) == says)
            saw |= seen[call][e];
    return saw;
}

/* The table of gruvictl has its calls alone, and all of them. */
static unsigned
compare_row(int call, int e, bool all)
{
    bool is_short = subject->column == FAULT_OF_GRUVICTL;
    const char *name = calls[call].name;
    const char *error = strerrorname_np(calls[call].errors[e]);
    int says = page_effects(name, error, subject->column);
    unsigned saw = seen[call][e], more, less;

    if (says < 0 && is_short && saw == 0)
        return 0;
    if (says < 0) {
        printf("gruvi-faults(7): not one row for %s with %s\n", name, error);
        return 1;
    }
    more = saw & ~((unsigned)says | FAULT_NOTHING);
    less = all && saw != 0 ? not_seen((unsigned)says, saw_together(call, says))
                           : 0;
    if (all && is_short && saw == 0)
        less = (unsigned)says;
    if (more != 0 || less != 0)
        printf(
            "gruvi-faults(7): %s with %s: seen and not there: %#x; there and "
            "not seen: %#x\n",
            name, error, more, less);
    return more != 0 || less != 0;
}

/* Returns how many rows are wrong.
 *
 *   all  what is in a row has to have been seen */
static unsigned
compare_page(bool all)
{
    unsigned wrong = 0;

    if (!page_read()) {
        puts("gruvi-faults(7): no table");
        return 1;
    }
    for (int call = 0; call < FAULT_CALLS; call++)
        for (int e = 0; e < MOST_ERRORS && calls[call].errors[e] != 0; e++)
            wrong += compare_row(call, e, all);
    return wrong + page_left(subject->column);
}

int
faults_sweep(const char *name, const struct faults_subject *whose)
{
    const char *flags = getenv("SANITIZER_FLAGS");
    Suite *suite;
    TCase *tc;
    int status;
    bool all;

    if ((flags != NULL && flags[0] != '\0') || getenv("GRUVID_UNDER") != NULL) {
        puts("skipped: others stand in front of the calls");
        return 77;
    }
    subject = whose;
    seen = mmap(NULL, FAULT_CALLS * sizeof *seen, PROT_READ | PROT_WRITE,
                MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (seen == MAP_FAILED)
        return 99;
    suite = suite_create(name);
    tc = tcase_create("faults");
    tcase_add_checked_fixture(tc, begin, end);
    tcase_set_timeout(tc, 400);
    tcase_add_loop_test(tc, test_each_call_fails_once_with_each_error, 0,
                        subject->lives > 0 ? (int)subject->lives : PARTS);
    suite_add_tcase(suite, tc);
    status = run_suite(suite);
    all = subject->sees_all && status == 0 && getenv("FAULT") == NULL;
    return compare_page(all) > 0 ? 1 : status;
}
