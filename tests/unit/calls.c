/* SPDX-License-Identifier: MIT */
/* glibc declares sockets with transparent unions, so these do, too. */
#include "unit/calls.h"

#include <arpa/inet.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <netdb.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

__thread unsigned calls[CALL_COUNT];

static __thread struct {
    unsigned after, n;
    int err;
} failing[CALL_COUNT];

void
fail_calls(enum call call, int err, unsigned n)
{
    fail_calls_after(0, call, err, n);
}

void
fail_calls_after(unsigned few, enum call call, int err, unsigned n)
{
    failing[call].after = few;
    failing[call].n = n;
    failing[call].err = err;
}

/* Counts; true where this one fails, with errno set. */
static bool
fails(enum call call)
{
    calls[call]++;
    if (failing[call].n == 0)
        return false;
    if (failing[call].after > 0) {
        failing[call].after--;
        return false;
    }
    failing[call].n--;
    errno = failing[call].err;
    return true;
}

static __thread size_t limit;

void
shorten_calls(size_t most)
{
    limit = most;
}

static size_t
shortened(size_t len)
{
    return limit > 0 && limit < len ? limit : len;
}

ssize_t
recv(int fd, void *buf, size_t len, int flags)
{
    if (fails(CALL_RECV))
        return -1;
    len = shortened(len);
    return syscall(SYS_recvfrom, fd, buf, len, flags, NULL, NULL);
}

ssize_t
send(int fd, const void *buf, size_t len, int flags)
{
    if (fails(CALL_SEND))
        return -1;
    len = shortened(len);
    return syscall(SYS_sendto, fd, buf, len, flags, NULL, 0);
}

ssize_t
sendmsg(int fd, const struct msghdr *message, int flags)
{
    struct msghdr less = *message;
    struct iovec first;

    if (fails(CALL_SENDMSG))
        return -1;
    if (limit > 0 && less.msg_iovlen > 0) {
        first = less.msg_iov[0];
        first.iov_len = shortened(first.iov_len);
        less.msg_iov = &first;
        less.msg_iovlen = 1;
    }
    return syscall(SYS_sendmsg, fd, &less, flags);
}

ssize_t
recvfrom(int fd, void *restrict buf, size_t len, int flags, __SOCKADDR_ARG at,
         socklen_t *restrict length)
{
    if (fails(CALL_RECVFROM))
        return -1;
    return syscall(SYS_recvfrom, fd, buf, len, flags, at.__sockaddr__, length);
}

ssize_t
sendto(int fd, const void *buf, size_t len, int flags, __CONST_SOCKADDR_ARG at,
       socklen_t length)
{
    if (fails(CALL_SENDTO))
        return -1;
    return syscall(SYS_sendto, fd, buf, len, flags, at.__sockaddr__, length);
}

int
recvmmsg(int fd, struct mmsghdr *headers, unsigned n, int flags,
         struct timespec *timeout)
{
    if (fails(CALL_RECVMMSG))
        return -1;
    return (int)syscall(SYS_recvmmsg, fd, headers, n, flags, timeout);
}

int
sendmmsg(int fd, struct mmsghdr *headers, unsigned n, int flags)
{
    if (fails(CALL_SENDMMSG))
        return -1;
    return (int)syscall(SYS_sendmmsg, fd, headers, n, flags);
}

int
accept4(int fd, __SOCKADDR_ARG at, socklen_t *restrict length, int flags)
{
    if (fails(CALL_ACCEPT))
        return -1;
    return (int)syscall(SYS_accept4, fd, at.__sockaddr__, length, flags);
}

static __thread bool binds;

void
bind_next_connect_to_its_target(void)
{
    binds = true;
}

/* --- who is connected to ----------------------------------------------------
 */

static __thread char connected[512];
static __thread bool under_way[1024]; /* by descriptor */

const char *
connects(void)
{
    return connected;
}

void
forget_connects(void)
{
    connected[0] = '\0';
}

static void
note_connect(int fd, const struct sockaddr *at, socklen_t length)
{
    char host[INET6_ADDRSTRLEN] = "unix";
    size_t used = strlen(connected);

    if (fd < 0 || fd >= 1024 || under_way[fd])
        return;
    under_way[fd] = true;
    getnameinfo(at, length, host, sizeof host, NULL, 0, NI_NUMERICHOST);
    snprintf(connected + used, sizeof connected - used, "%s%s",
             used > 0 ? " " : "", host);
}

int
connect(int fd, __CONST_SOCKADDR_ARG at, socklen_t length)
{
    if (fails(CALL_CONNECT))
        return -1;
    if (binds && bind(fd, at, length) < 0)
        abort();
    binds = false;
    note_connect(fd, at.__sockaddr__, length);
    return (int)syscall(SYS_connect, fd, at.__sockaddr__, length);
}

int
socket(int family, int type, int protocol)
{
    int fd;

    if (fails(CALL_SOCKET))
        return -1;
    fd = (int)syscall(SYS_socket, family, type, protocol);
    if (fd >= 0 && fd < 1024)
        under_way[fd] = false;
    return fd;
}

int
bind(int fd, __CONST_SOCKADDR_ARG at, socklen_t length)
{
    if (fails(CALL_BIND))
        return -1;
    return (int)syscall(SYS_bind, fd, at.__sockaddr__, length);
}

int
listen(int fd, int backlog)
{
    if (fails(CALL_LISTEN))
        return -1;
    return (int)syscall(SYS_listen, fd, backlog);
}

int
shutdown(int fd, int how)
{
    if (fails(CALL_SHUTDOWN))
        return -1;
    return (int)syscall(SYS_shutdown, fd, how);
}

int
getsockname(int fd, __SOCKADDR_ARG at, socklen_t *restrict length)
{
    if (fails(CALL_GETSOCKNAME))
        return -1;
    return (int)syscall(SYS_getsockname, fd, at.__sockaddr__, length);
}

int
getsockopt(int fd, int level, int name, void *restrict value,
           socklen_t *restrict length)
{
    if (fails(CALL_GETSOCKOPT))
        return -1;
    return (int)syscall(SYS_getsockopt, fd, level, name, value, length);
}

int
setsockopt(int fd, int level, int name, const void *value, socklen_t length)
{
    if (fails(CALL_SETSOCKOPT))
        return -1;
    return (int)syscall(SYS_setsockopt, fd, level, name, value, length);
}

int
fcntl(int fd, int op, ...)
{
    va_list args;
    void *arg;

    va_start(args, op);
    arg = va_arg(args, void *);
    va_end(args);
    if (fails(CALL_FCNTL) || (op == F_DUPFD_CLOEXEC && fails(CALL_DUPFD)))
        return -1;
    return (int)syscall(SYS_fcntl, fd, op, arg);
}

/* libuv tries with an event that stands for no descriptor; the hub's own set
 * has names that are more than its number; and the poller tries before libuv
 * does, for no event. */
int
epoll_ctl(int epoll, int op, int fd, struct epoll_event *event)
{
    bool tries = op == EPOLL_CTL_ADD &&
                 (event->data.fd == -1 || event->data.u64 >> 32 != 0 ||
                  event->events == 0);

    if (fails(CALL_EPOLL_CTL) || (tries && fails(CALL_WATCH)))
        return -1;
    return (int)syscall(SYS_epoll_ctl, epoll, op, fd, event);
}

__thread int longest_poll;

int
epoll_pwait(int epoll, struct epoll_event *events, int max, int timeout,
            const sigset_t *mask)
{
    if (timeout < 0)
        longest_poll = INT_MAX;
    else if (timeout > longest_poll)
        longest_poll = timeout;
    if (fails(CALL_EPOLL_WAIT))
        return -1;
    return (int)syscall(SYS_epoll_pwait, epoll, events, max, timeout, mask, 8);
}

int
epoll_wait(int epoll, struct epoll_event *events, int max, int timeout)
{
    return epoll_pwait(epoll, events, max, timeout, NULL);
}

int
ioctl(int fd, unsigned long request, ...)
{
    va_list args;
    void *arg;

    if (fails(CALL_IOCTL))
        return -1;
    va_start(args, request);
    arg = va_arg(args, void *);
    va_end(args);
    return (int)syscall(SYS_ioctl, fd, request, arg);
}

/* --- names ------------------------------------------------------------------
 */

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static bool held;
static int waiting, made;

void
hold_lookups(void)
{
    pthread_mutex_lock(&lock);
    held = true;
    pthread_mutex_unlock(&lock);
}

void
release_lookups(void)
{
    pthread_mutex_lock(&lock);
    held = false;
    pthread_cond_broadcast(&changed);
    pthread_mutex_unlock(&lock);
}

int
held_lookups(void)
{
    int n;

    pthread_mutex_lock(&lock);
    n = waiting;
    pthread_mutex_unlock(&lock);
    return n;
}

int
made_lookups(void)
{
    return __atomic_load_n(&made, __ATOMIC_ACQUIRE);
}

static void
wait_for_release(void)
{
    pthread_mutex_lock(&lock);
    waiting++;
    while (held)
        pthread_cond_wait(&changed, &lock);
    waiting--;
    pthread_mutex_unlock(&lock);
}

typedef int getaddrinfo_fn(const char *, const char *, const struct addrinfo *,
                           struct addrinfo **);

static getaddrinfo_fn *
real_getaddrinfo(void)
{
    getaddrinfo_fn *real;

    *(void **)&real = dlsym(RTLD_NEXT, "getaddrinfo");
    return real;
}

/* The addresses of several hosts as those of one. */
static int
look_up_all(const char *const hosts[], const char *service,
            const struct addrinfo *hints, struct addrinfo **result)
{
    int err;

    for (; *hosts != NULL; hosts++) {
        err = real_getaddrinfo()(*hosts, service, hints, result);
        if (err != 0)
            return err;
        while (*result != NULL)
            result = &(*result)->ai_next;
    }
    return 0;
}

int
getaddrinfo(const char *restrict host, const char *restrict service,
            const struct addrinfo *restrict hints,
            struct addrinfo **restrict result)
{
    static const char *const many[] = {"127.0.0.1", "127.0.0.2", "127.0.0.3",
                                       NULL};
    static const char *const mixed[] = {"127.0.0.1", "127.0.0.2", "::1", NULL};

    __atomic_add_fetch(&made, 1, __ATOMIC_ACQ_REL);
    if (host == NULL)
        return real_getaddrinfo()(host, service, hints, result);
    if (strcmp(host, "none.test") == 0)
        return EAI_NONAME;
    if (strcmp(host, "again.test") == 0)
        return EAI_AGAIN;
    if (strcmp(host, "short.test") == 0) {
        errno = EMFILE;
        return EAI_SYSTEM;
    }
    if (strcmp(host, "many.test") == 0)
        return look_up_all(many, service, hints, result);
    if (strcmp(host, "mixed.test") == 0)
        return look_up_all(mixed, service, hints, result);
    if (strncmp(host, "slow", 4) == 0) {
        wait_for_release();
        host = "127.0.0.1";
    }
    return real_getaddrinfo()(host, service, hints, result);
}
