/* SPDX-License-Identifier: MIT */
/*
 * Descriptors: who has made them; and where the plugin makes one, it may be
 * that there is none left.
 *
 * The C library's own calls of open() do not come here: so its functions that
 * open a file do, too.  Each has a second name where a program is compiled for
 * large files, and a third where it is fortified.
 */
#undef _FORTIFY_SOURCE
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <sys/mman.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "gruvid-test/calls.h"
#include "gruvid-test/descriptors.h"

#define EXPORTED __attribute__((visibility("default")))

#define MOST 1024

static struct {
    bool known, plugins;
    struct calls calls;
} makers[MOST];

const struct calls *
maker_of(int fd, bool *plugins)
{
    if (fd < 0 || fd >= MOST || !makers[fd].known)
        return NULL;
    *plugins = makers[fd].plugins;
    return &makers[fd].calls;
}

static bool
fails(struct calls *calls, bool *plugins, const void *frame, const void *caller)
{
    *plugins = stacks_take(calls, frame, caller);
    if (!*plugins || !strikes(DESCRIPTOR, calls))
        return false;
    errno = EMFILE;
    return true;
}

static int
noted(int fd, const struct calls *calls, bool plugins)
{
    if (fd >= 0 && fd < MOST) {
        makers[fd].known = true;
        makers[fd].plugins = plugins;
        makers[fd].calls = *calls;
    }
    return fd;
}

#define MAKE(call)                                                             \
    do {                                                                       \
        struct calls calls;                                                    \
        bool plugins;                                                          \
                                                                               \
        if (fails(&calls, &plugins, __builtin_frame_address(0),                \
                  __builtin_return_address(0)))                                \
            return -1;                                                         \
        return noted((int)(call), &calls, plugins);                            \
    } while (0)

/* A number that is given is another thing from now on; none is lacking. */
#define MAKE_AT(at, call)                                                      \
    do {                                                                       \
        struct calls calls;                                                    \
        bool plugins = stacks_take(&calls, __builtin_frame_address(0),         \
                                   __builtin_return_address(0));               \
                                                                               \
        calls_forget(at);                                                      \
        return noted((int)(call), &calls, plugins);                            \
    } while (0)

/* The function of this name that comes behind this one. */
static void *
find_next(void **next, const char *name)
{
    void *found = __atomic_load_n(next, __ATOMIC_RELAXED);

    if (found == NULL) {
        found = dlsym(RTLD_NEXT, name);
        if (found == NULL)
            abort();
        __atomic_store_n(next, found, __ATOMIC_RELAXED);
    }
    return found;
}

#define NEXT(name)                                                             \
    (__extension__({                                                           \
        static void *next_of_##name;                                           \
                                                                               \
        (__typeof__(&(name)))find_next(&next_of_##name, #name);                \
    }))

EXPORTED int
socket(int domain, int type, int protocol)
{
    MAKE(syscall(SYS_socket, domain, type, protocol));
}

EXPORTED int
accept4(int fd, struct sockaddr *restrict at, socklen_t *restrict length,
        int flags)
{
    MAKE(syscall(SYS_accept4, fd, at, length, flags));
}

EXPORTED int
eventfd(unsigned count, int flags)
{
    MAKE(syscall(SYS_eventfd2, count, flags));
}

EXPORTED int
epoll_create1(int flags)
{
    MAKE(syscall(SYS_epoll_create1, flags));
}

EXPORTED int
dup(int fd)
{
    MAKE(syscall(SYS_dup, fd));
}

EXPORTED int
dup2(int fd, int as)
{
    MAKE_AT(as, NEXT(dup2)(fd, as));
}

EXPORTED int
dup3(int fd, int as, int flags)
{
    MAKE_AT(as, syscall(SYS_dup3, fd, as, flags));
}

EXPORTED int
accept(int fd, struct sockaddr *restrict at, socklen_t *restrict length)
{
    MAKE(syscall(SYS_accept4, fd, at, length, 0));
}

EXPORTED int
memfd_create(const char *name, unsigned flags)
{
    MAKE(syscall(SYS_memfd_create, name, flags));
}

EXPORTED int
timerfd_create(clockid_t clock, int flags)
{
    MAKE(syscall(SYS_timerfd_create, clock, flags));
}

EXPORTED int
inotify_init1(int flags)
{
    MAKE(syscall(SYS_inotify_init1, flags));
}

EXPORTED int
signalfd(int fd, const sigset_t *mask, int flags)
{
    MAKE(NEXT(signalfd)(fd, mask, flags));
}

EXPORTED int
mkstemp(char *path)
{
    MAKE(NEXT(mkstemp)(path));
}

EXPORTED int
mkostemp(char *path, int flags)
{
    MAKE(NEXT(mkostemp)(path, flags));
}

/* Of its commands two make a descriptor. */
static int
control(int fd, int command, void *arg, const void *frame, const void *caller)
{
    struct calls calls;
    bool plugins;

    if (command != F_DUPFD && command != F_DUPFD_CLOEXEC)
        return NEXT(fcntl)(fd, command, arg);
    if (fails(&calls, &plugins, frame, caller))
        return -1;
    return noted((int)syscall(SYS_fcntl, fd, command, arg), &calls, plugins);
}

#define CONTROL                                                                \
    do {                                                                       \
        va_list args;                                                          \
        void *arg;                                                             \
                                                                               \
        va_start(args, command);                                               \
        arg = va_arg(args, void *);                                            \
        va_end(args);                                                          \
        return control(fd, command, arg, __builtin_frame_address(0),           \
                       __builtin_return_address(0));                           \
    } while (0)

EXPORTED int
fcntl(int fd, int command, ...)
{
    CONTROL;
}

EXPORTED int
fcntl64(int fd, int command, ...)
{
    CONTROL;
}

/* --- files ---------------------------------------------------------------- */

/* The mode is there where a file may be made. */
#define MODE(flags)                                                            \
    do {                                                                       \
        va_list args;                                                          \
                                                                               \
        va_start(args, flags);                                                 \
        if (((flags)&O_CREAT) != 0 || ((flags)&O_TMPFILE) == O_TMPFILE)        \
            mode = va_arg(args, unsigned);                                     \
        va_end(args);                                                          \
    } while (0)

#define OPEN(name)                                                             \
    EXPORTED int name(const char *path, int flags, ...)                        \
    {                                                                          \
        unsigned mode = 0;                                                     \
                                                                               \
        MODE(flags);                                                           \
        MAKE(syscall(SYS_openat, AT_FDCWD, path, flags, mode));                \
    }

#define OPENAT(name)                                                           \
    EXPORTED int name(int dir, const char *path, int flags, ...)               \
    {                                                                          \
        unsigned mode = 0;                                                     \
                                                                               \
        MODE(flags);                                                           \
        MAKE(syscall(SYS_openat, dir, path, flags, mode));                     \
    }

/* The fortified ones of <bits/fcntl2.h>, which have no mode. */
int __open_2(const char *path, int flags, ...);
int __open64_2(const char *path, int flags, ...);
int __openat_2(int dir, const char *path, int flags, ...);
int __openat64_2(int dir, const char *path, int flags, ...);

OPEN(open)
OPEN(open64)
OPEN(__open_2)
OPEN(__open64_2)
OPENAT(openat)
OPENAT(openat64)
OPENAT(__openat_2)
OPENAT(__openat64_2)

EXPORTED int
creat(const char *path, mode_t mode)
{
    MAKE(syscall(SYS_openat, AT_FDCWD, path, O_CREAT | O_WRONLY | O_TRUNC,
                 mode));
}

static void
forget(int fd)
{
    if (fd >= 0 && fd < MOST)
        makers[fd].known = false;
    calls_forget(fd);
}

static FILE *
noted_file(FILE *file, const struct calls *calls, bool plugins)
{
    if (file != NULL)
        noted(fileno(file), calls, plugins);
    return file;
}

static DIR *
noted_folder(DIR *dir, const struct calls *calls, bool plugins)
{
    if (dir != NULL)
        noted(dirfd(dir), calls, plugins);
    return dir;
}

#define MAKE_OBJECT(noted_object, call)                                        \
    do {                                                                       \
        struct calls calls;                                                    \
        bool plugins;                                                          \
                                                                               \
        if (fails(&calls, &plugins, __builtin_frame_address(0),                \
                  __builtin_return_address(0)))                                \
            return NULL;                                                       \
        return noted_object(call, &calls, plugins);                            \
    } while (0)

EXPORTED FILE *
fopen(const char *restrict path, const char *restrict mode)
{
    MAKE_OBJECT(noted_file, NEXT(fopen)(path, mode));
}

EXPORTED FILE *
fopen64(const char *restrict path, const char *restrict mode)
{
    MAKE_OBJECT(noted_file, NEXT(fopen64)(path, mode));
}

EXPORTED FILE *
tmpfile(void)
{
    MAKE_OBJECT(noted_file, NEXT(tmpfile)());
}

EXPORTED DIR *
opendir(const char *path)
{
    MAKE_OBJECT(noted_folder, NEXT(opendir)(path));
}

EXPORTED int
fclose(FILE *file)
{
    forget(fileno(file));
    return NEXT(fclose)(file);
}

EXPORTED int
closedir(DIR *dir)
{
    forget(dirfd(dir));
    return NEXT(closedir)(dir);
}

/* --- two at once ---------------------------------------------------------- */

static int
make_two(int fds[2], int result, const struct calls *calls, bool plugins)
{
    if (result == 0) {
        noted(fds[0], calls, plugins);
        noted(fds[1], calls, plugins);
    }
    return result;
}

#define MAKE_TWO(call)                                                         \
    do {                                                                       \
        struct calls calls;                                                    \
        bool plugins;                                                          \
                                                                               \
        if (fails(&calls, &plugins, __builtin_frame_address(0),                \
                  __builtin_return_address(0)))                                \
            return -1;                                                         \
        return make_two(fds, (int)(call), &calls, plugins);                    \
    } while (0)

EXPORTED int
socketpair(int domain, int type, int protocol, int fds[2])
{
    MAKE_TWO(syscall(SYS_socketpair, domain, type, protocol, fds));
}

EXPORTED int
pipe2(int fds[2], int flags)
{
    MAKE_TWO(syscall(SYS_pipe2, fds, flags));
}

EXPORTED int
pipe(int fds[2])
{
    MAKE_TWO(syscall(SYS_pipe2, fds, 0));
}

/* A number that is free is made anew. */
EXPORTED int
close(int fd)
{
    forget(fd);
    return (int)syscall(SYS_close, fd);
}
