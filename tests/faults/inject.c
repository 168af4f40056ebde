/* SPDX-License-Identifier: MIT */
/* Stands in front of libc's calls: see faults.h. */
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <link.h>
#include <netdb.h>
#include <poll.h>
#include <pthread.h>
#include <pwd.h>
#include <signal.h>
#include <spawn.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/vfs.h>
#include <sys/wait.h>
#include <unistd.h>

#include "faults/faults.h"

static struct faults *shared;

static int real_open(const char *path, int flags);

static void __attribute__((constructor)) begin(void)
{
    const char *path = getenv("GRUVI_FAULTS");
    int fd = path == NULL ? -1 : real_open(path, O_RDWR | O_CLOEXEC);
    void *at;

    if (fd < 0)
        return;
    at = mmap(NULL, sizeof *shared, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    close(fd);
    if (at != MAP_FAILED)
        shared = at;
}

/* --- sites ---------------------------------------------------------------- */

/* The name of an object of ours; NULL: of somebody else. */
static const char *
our_name(const char *path)
{
    const char *slash = path == NULL ? NULL : strrchr(path, '/');

    if (slash == NULL ||
        (strstr(path, "/.libs/") == NULL && strcmp(slash, "/gruvictl") != 0))
        return NULL;
    return slash + 1;
}

static bool
is_same(const struct fault_site *site, enum fault_call call, const char *name,
        uint64_t offset)
{
    return site->offset == offset && site->call == (int)call &&
           strcmp(site->object, name) == 0;
}

static void
note(enum fault_call call, const char *name, uint64_t offset)
{
    unsigned n = __atomic_load_n(&shared->n, __ATOMIC_ACQUIRE);

    for (unsigned i = 0; i < n && i < FAULT_SITES; i++)
        if (is_same(&shared->sites[i], call, name, offset)) {
            __atomic_add_fetch(&shared->sites[i].hits, 1, __ATOMIC_RELAXED);
            return;
        }
    n = __atomic_fetch_add(&shared->n, 1, __ATOMIC_ACQ_REL);
    if (n >= FAULT_SITES)
        return;
    strncpy(shared->sites[n].object, name, sizeof shared->sites[n].object - 1);
    shared->sites[n].offset = offset;
    shared->sites[n].call = (int)call;
    shared->sites[n].hits = 1;
    __atomic_store_n(&shared->sites[n].is_known, true, __ATOMIC_RELEASE);
}

/* The error that a call has now; 0: none. */
static int
error_of(enum fault_call call, const void *from)
{
    const char *name;
    uint64_t offset;
    Dl_info info;

    if (shared == NULL || (!shared->is_noting && shared->error == 0))
        return 0;
    if (dladdr(from, &info) == 0 || (name = our_name(info.dli_fname)) == NULL)
        return 0;
    offset = (uint64_t)((const char *)from - (const char *)info.dli_fbase);
    if (shared->is_noting)
        note(call, name, offset);
    else if (is_same(&shared->fault, call, name, offset) &&
             __atomic_add_fetch(&shared->calls, 1, __ATOMIC_ACQ_REL) ==
                 shared->at)
        return shared->error;
    return 0;
}

/* --- calls ---------------------------------------------------------------- */

#define REAL(name)                                                             \
    static __typeof__(&name) real;                                             \
    if (real == NULL)                                                          \
    real = (__typeof__(real))dlsym(RTLD_NEXT, #name)

#define FAIL_IF_TOLD(call)                                                     \
    do {                                                                       \
        int told = error_of(call, __builtin_return_address(0));                \
        if (told != 0) {                                                       \
            errno = told;                                                      \
            return -1;                                                         \
        }                                                                      \
    } while (0)

/* A connection that is broken for one call is so for all. */
static void
break_connection(int fd, int error)
{
    static __typeof__(&shutdown) real;

    if (real == NULL)
        real = (__typeof__(real))dlsym(RTLD_NEXT, "shutdown");
    if (error == EPIPE || error == ECONNRESET || error == EHOSTUNREACH ||
        error == ENOTCONN)
        real(fd, SHUT_RDWR);
}

/* A call that returns -1 and sets errno. */
#define CALL(type, name, params, args, call)                                   \
    type name params                                                           \
    {                                                                          \
        REAL(name);                                                            \
        FAIL_IF_TOLD(call);                                                    \
        return real args;                                                      \
    }

/* The same with a connection. */
#define TRANSFER(type, name, params, args, fd, call)                           \
    type name params                                                           \
    {                                                                          \
        int told = error_of(call, __builtin_return_address(0));                \
        REAL(name);                                                            \
        if (told != 0) {                                                       \
            break_connection(fd, told);                                        \
            errno = told;                                                      \
            return -1;                                                         \
        }                                                                      \
        return real args;                                                      \
    }

/* clang-format off */
CALL(int, accept4, (int fd, struct sockaddr *at, socklen_t *n, int flags),
     (fd, at, n, flags), FAULT_ACCEPT)
CALL(int, bind, (int fd, const struct sockaddr *at, socklen_t n), (fd, at, n),
     FAULT_BIND)
CALL(int, chdir, (const char *path), (path), FAULT_CHDIR)
CALL(int, chmod, (const char *path, mode_t mode), (path, mode), FAULT_CHMOD)
CALL(int, fchmod, (int fd, mode_t mode), (fd, mode), FAULT_CHMOD)
CALL(int, fchmodat, (int fd, const char *path, mode_t mode, int flags),
     (fd, path, mode, flags), FAULT_CHMOD)
CALL(int, chown, (const char *path, uid_t user, gid_t group),
     (path, user, group), FAULT_CHOWN)
CALL(int, fchown, (int fd, uid_t user, gid_t group), (fd, user, group),
     FAULT_CHOWN)
CALL(int, fchownat,
     (int fd, const char *path, uid_t user, gid_t group, int flags),
     (fd, path, user, group, flags), FAULT_CHOWN)
CALL(int, connect, (int fd, const struct sockaddr *at, socklen_t n),
     (fd, at, n), FAULT_CONNECT)
CALL(int, epoll_create1, (int flags), (flags), FAULT_EPOLL_CREATE)
CALL(int, epoll_ctl, (int set, int op, int fd, struct epoll_event *event),
     (set, op, fd, event), FAULT_EPOLL_CTL)
CALL(int, dup2, (int fd, int as), (fd, as), FAULT_DUP)
CALL(int, epoll_wait, (int set, struct epoll_event *events, int n, int timeout),
     (set, events, n, timeout), FAULT_EPOLL_WAIT)
CALL(int, execvp, (const char *file, char *const args[]), (file, args),
     FAULT_EXEC)
CALL(int, flock, (int fd, int how), (fd, how), FAULT_FLOCK)
CALL(int, ftruncate, (int fd, off_t size), (fd, size), FAULT_FTRUNCATE)
CALL(ssize_t, getrandom, (void *buf, size_t n, unsigned flags), (buf, n, flags),
     FAULT_GETRANDOM)
CALL(int, kill, (pid_t pid, int signum), (pid, signum), FAULT_KILL)
CALL(int, munmap, (void *at, size_t n), (at, n), FAULT_MUNMAP)
CALL(int, poll, (struct pollfd *fds, nfds_t n, int timeout), (fds, n, timeout),
     FAULT_POLL)
CALL(int, rmdir, (const char *path), (path), FAULT_RMDIR)
CALL(int, setgid, (gid_t gid), (gid), FAULT_SETUID)
CALL(int, setgroups, (size_t n, const gid_t *groups), (n, groups),
     FAULT_SETGROUPS)
CALL(int, setuid, (uid_t uid), (uid), FAULT_SETUID)
CALL(int, setrlimit, (__rlimit_resource_t what, const struct rlimit *limit),
     (what, limit), FAULT_SETRLIMIT)
CALL(int, statfs, (const char *path, struct statfs *st), (path, st),
     FAULT_STATFS)
CALL(int, fstatfs, (int fd, struct statfs *st), (fd, st), FAULT_STATFS)
CALL(int, fstatvfs, (int fd, struct statvfs *st), (fd, st), FAULT_STATFS)
CALL(int, waitid, (idtype_t what, id_t id, siginfo_t *info, int how),
     (what, id, info, how), FAULT_WAIT)
CALL(pid_t, waitpid, (pid_t pid, int *status, int how), (pid, status, how),
     FAULT_WAIT)
CALL(int, eventfd, (unsigned n, int flags), (n, flags), FAULT_EVENTFD)
CALL(pid_t, fork, (void), (), FAULT_FORK)
CALL(int, fsync, (int fd), (fd), FAULT_FSYNC)
CALL(int, fdatasync, (int fd), (fd), FAULT_FSYNC)
CALL(int, getpeername, (int fd, struct sockaddr *at, socklen_t *n),
     (fd, at, n), FAULT_GETPEERNAME)
CALL(int, getsockname, (int fd, struct sockaddr *at, socklen_t *n),
     (fd, at, n), FAULT_GETSOCKNAME)
CALL(int, getsockopt, (int fd, int level, int name, void *at, socklen_t *n),
     (fd, level, name, at, n), FAULT_GETSOCKOPT)
CALL(int, setsockopt,
     (int fd, int level, int name, const void *at, socklen_t n),
     (fd, level, name, at, n), FAULT_SETSOCKOPT)
CALL(int, listen, (int fd, int backlog), (fd, backlog), FAULT_LISTEN)
CALL(int, madvise, (void *at, size_t n, int advice), (at, n, advice),
     FAULT_MADVISE)
CALL(int, mkdir, (const char *path, mode_t mode), (path, mode), FAULT_MKDIR)
CALL(int, mprotect, (void *at, size_t n, int how), (at, n, how),
     FAULT_MPROTECT)
CALL(int, pipe2, (int fds[2], int flags), (fds, flags), FAULT_PIPE)
CALL(ssize_t, pread, (int fd, void *buf, size_t n, off_t at), (fd, buf, n, at),
     FAULT_PREAD)
CALL(ssize_t, preadv2,
     (int fd, const struct iovec *v, int n, off_t at, int flags),
     (fd, v, n, at, flags), FAULT_PREAD)
CALL(ssize_t, readlink, (const char *path, char *buf, size_t n),
     (path, buf, n), FAULT_READLINK)
TRANSFER(ssize_t, recv, (int fd, void *buf, size_t n, int flags),
     (fd, buf, n, flags), fd, FAULT_RECV)
TRANSFER(ssize_t, recvfrom,
     (int fd, void *buf, size_t n, int flags, struct sockaddr *at, socklen_t *m),
     (fd, buf, n, flags, at, m), fd, FAULT_RECV)
TRANSFER(int, recvmmsg,
     (int fd, struct mmsghdr *m, unsigned n, int flags, struct timespec *limit),
     (fd, m, n, flags, limit), fd, FAULT_RECV)
TRANSFER(ssize_t, recvmsg, (int fd, struct msghdr *m, int flags), (fd, m, flags),
     fd, FAULT_RECV)
CALL(int, rename, (const char *from, const char *to), (from, to), FAULT_RENAME)
TRANSFER(ssize_t, send, (int fd, const void *buf, size_t n, int flags),
     (fd, buf, n, flags), fd, FAULT_SEND)
TRANSFER(ssize_t, sendto,
     (int fd, const void *buf, size_t n, int flags, const struct sockaddr *at,
      socklen_t m),
     (fd, buf, n, flags, at, m), fd, FAULT_SEND)
TRANSFER(int, sendmmsg, (int fd, struct mmsghdr *m, unsigned n, int flags),
     (fd, m, n, flags), fd, FAULT_SEND)
TRANSFER(ssize_t, sendmsg, (int fd, const struct msghdr *m, int flags),
     (fd, m, flags), fd, FAULT_SEND)
TRANSFER(ssize_t, sendfile, (int to, int from, off_t *at, size_t n),
     (to, from, at, n), to, FAULT_SENDFILE)
TRANSFER(int, shutdown, (int fd, int how), (fd, how), fd, FAULT_SHUTDOWN)
CALL(int, sigaltstack, (const stack_t *now, stack_t *old), (now, old),
     FAULT_SIGALTSTACK)
CALL(int, socket, (int family, int type, int protocol),
     (family, type, protocol), FAULT_SOCKET)
CALL(int, socketpair, (int family, int type, int protocol, int fds[2]),
     (family, type, protocol, fds), FAULT_SOCKETPAIR)
CALL(int, stat, (const char *path, struct stat *st), (path, st), FAULT_STAT)
CALL(int, lstat, (const char *path, struct stat *st), (path, st), FAULT_STAT)
CALL(int, fstat, (int fd, struct stat *st), (fd, st), FAULT_STAT)
CALL(int, unlink, (const char *path), (path), FAULT_UNLINK)
/* clang-format on */

/* An eventfd does not fail. */
static bool
is_eventfd(int fd)
{
    struct stat st;

    REAL(fstat);
    return real(fd, &st) == 0 && (st.st_mode & S_IFMT) == 0;
}

ssize_t
read(int fd, void *buf, size_t n)
{
    REAL(read);
    if (!is_eventfd(fd))
        FAIL_IF_TOLD(FAULT_READ);
    return real(fd, buf, n);
}

ssize_t
write(int fd, const void *buf, size_t n)
{
    REAL(write);
    if (!is_eventfd(fd))
        FAIL_IF_TOLD(FAULT_WRITE);
    return real(fd, buf, n);
}

ssize_t
pwrite(int fd, const void *buf, size_t n, off_t at)
{
    REAL(pwrite);
    FAIL_IF_TOLD(FAULT_WRITE);
    return real(fd, buf, n, at);
}

/* The descriptor is closed all the same. */
int
close(int fd)
{
    int told = error_of(FAULT_CLOSE, __builtin_return_address(0));

    REAL(close);
    if (told == 0)
        return real(fd);
    real(fd);
    errno = told;
    return -1;
}

/* A call that returns NULL and sets errno. */
#define POINTER(type, name, params, args, call)                                \
    type name params                                                           \
    {                                                                          \
        int told = error_of(call, __builtin_return_address(0));                \
        REAL(name);                                                            \
        if (told != 0) {                                                       \
            errno = told;                                                      \
            return NULL;                                                       \
        }                                                                      \
        return real args;                                                      \
    }

/* clang-format off */
POINTER(DIR *, fdopendir, (int fd), (fd), FAULT_OPENDIR)
POINTER(FILE *, fopen, (const char *path, const char *mode), (path, mode),
        FAULT_FOPEN)
POINTER(struct group *, getgrnam, (const char *name), (name), FAULT_GETGRNAM)
POINTER(struct passwd *, getpwnam, (const char *name), (name), FAULT_GETPWNAM)
POINTER(DIR *, opendir, (const char *path), (path), FAULT_OPENDIR)
POINTER(struct dirent *, readdir, (DIR *dir), (dir), FAULT_READDIR)
POINTER(char *, realpath, (const char *path, char *buf), (path, buf),
        FAULT_REALPATH)
/* clang-format on */

/* dlerror() has to have something to say. */
void *
dlopen(const char *path, int flags)
{
    int told = error_of(FAULT_DLOPEN, __builtin_return_address(0));

    REAL(dlopen);
    return real(told == 0 ? path : "/nowhere/at.all", flags);
}

void *
mmap(void *at, size_t n, int prot, int flags, int fd, off_t offset)
{
    int told = error_of(FAULT_MMAP, __builtin_return_address(0));

    REAL(mmap);
    if (told != 0) {
        errno = told;
        return MAP_FAILED;
    }
    return real(at, n, prot, flags, fd, offset);
}

/* Only what makes a descriptor can fail. */
int
fcntl(int fd, int command, ...)
{
    va_list args;
    void *arg;

    REAL(fcntl);
    va_start(args, command);
    arg = va_arg(args, void *);
    va_end(args);
    if (command == F_DUPFD || command == F_DUPFD_CLOEXEC)
        FAIL_IF_TOLD(FAULT_DUP);
    return real(fd, command, arg);
}

int
ioctl(int fd, unsigned long request, ...)
{
    va_list args;
    void *arg;

    REAL(ioctl);
    va_start(args, request);
    arg = va_arg(args, void *);
    va_end(args);
    FAIL_IF_TOLD(FAULT_IOCTL);
    return real(fd, request, arg);
}

/* Those that libc has no function for; futexes and signals do not fail. */
long
syscall(long number, ...)
{
    long a[6];
    va_list args;

    REAL(syscall);
    va_start(args, number);
    for (int i = 0; i < 6; i++)
        a[i] = va_arg(args, long);
    va_end(args);
    if (number == SYS_openat2)
        FAIL_IF_TOLD(FAULT_OPENAT2);
    if (number == SYS_pidfd_send_signal)
        FAIL_IF_TOLD(FAULT_KILL);
    if (number == SYS_pidfd_open)
        FAIL_IF_TOLD(FAULT_PIDFD_OPEN);
    if (number == SYS_process_madvise)
        FAIL_IF_TOLD(FAULT_PROCESS_MADVISE);
    return real(number, a[0], a[1], a[2], a[3], a[4], a[5]);
}

static int
real_open(const char *path, int flags)
{
    REAL(open);
    return real(path, flags);
}

int
open(const char *path, int flags, ...)
{
    va_list args;
    mode_t mode;

    REAL(open);
    va_start(args, flags);
    mode = va_arg(args, mode_t);
    va_end(args);
    FAIL_IF_TOLD(FAULT_OPEN);
    return real(path, flags, mode);
}

/* These return their error. */
int
getgrnam_r(const char *name, struct group *entry, char *room, size_t size,
           struct group **found)
{
    int told = error_of(FAULT_GETGRNAM, __builtin_return_address(0));

    REAL(getgrnam_r);
    if (told == 0)
        return real(name, entry, room, size, found);
    *found = NULL;
    return told;
}

int
getpwnam_r(const char *name, struct passwd *entry, char *room, size_t size,
           struct passwd **found)
{
    int told = error_of(FAULT_GETPWNAM, __builtin_return_address(0));

    REAL(getpwnam_r);
    if (told == 0)
        return real(name, entry, room, size, found);
    *found = NULL;
    return told;
}

int
pthread_create(pthread_t *thread, const pthread_attr_t *how,
               void *(*main)(void *), void *arg)
{
    int told = error_of(FAULT_THREAD, __builtin_return_address(0));

    REAL(pthread_create);
    return told != 0 ? told : real(thread, how, main, arg);
}

/* Errors of its own; EAI_SYSTEM is EMFILE. */
int
getaddrinfo(const char *node, const char *service, const struct addrinfo *hints,
            struct addrinfo **result)
{
    int told = error_of(FAULT_GETADDRINFO, __builtin_return_address(0));

    REAL(getaddrinfo);
    if (told == 0)
        return real(node, service, hints, result);
    errno = told;
    return told == EAGAIN   ? EAI_AGAIN
           : told == ENOMEM ? EAI_MEMORY
                            : EAI_SYSTEM;
}

int
posix_spawn(pid_t *pid, const char *path,
            const posix_spawn_file_actions_t *actions,
            const posix_spawnattr_t *how, char *const argv[], char *const env[])
{
    int told = error_of(FAULT_SPAWN, __builtin_return_address(0));

    REAL(posix_spawn);
    return told != 0 ? told : real(pid, path, actions, how, argv, env);
}
