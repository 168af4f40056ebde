/* SPDX-License-Identifier: MIT */
/*
 * Time is that of the hub, also for the plugin.  Reads and writes of the
 * plugin's fibers may be short, or say that there is nothing just now, by a
 * seed; or one of them fails.
 */
/* Its inline functions would be these. */
#undef _FORTIFY_SOURCE
#include "gruvid-test/calls.h"

#include <dlfcn.h>
#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>
#include <sys/syscall.h>

#include "core/clock.h"

#define EXPORTED __attribute__((visibility("default")))

/* Where virtual time begins, in seconds since 1970. */
#define EPOCH 1000000000

static bool works; /* atomic */
static uint64_t begun, random_state;

#define MOST 1024
static bool is_reset[MOST]; /* by descriptor */

void
calls_begin(void)
{
    begun = gruvi__clock_now();
    random_state = plan->seed * 0x9e3779b97f4a7c15U;
    __atomic_store_n(&works, true, __ATOMIC_RELEASE);
}

void
calls_end(void)
{
    __atomic_store_n(&works, false, __ATOMIC_RELEASE);
}

double
since_begin(void)
{
    return (double)(int64_t)(gruvi__clock_now() - begun) / 1e9;
}

void
calls_restart(void)
{
    begun = gruvi__clock_now();
}

static bool
is_working(void)
{
    return __atomic_load_n(&works, __ATOMIC_ACQUIRE);
}

bool
strikes(enum fault fault, const struct calls *calls)
{
    char text[600];

    if (!is_working() || !in_plugin_fiber())
        return false;
    if (++shared->counts[fault] != plan->at || plan->fault != fault)
        return false;
    shared->struck = true;
    stacks_text(calls, text, sizeof text);
    memcpy(shared->place, text, sizeof shared->place - 1);
    return true;
}

/* --- time ----------------------------------------------------------------- */

static int
real_clock(clockid_t id, struct timespec *now)
{
    static int (*next)(clockid_t id, struct timespec * now);

    if (next == NULL)
        next = (int (*)(clockid_t, struct timespec *))dlsym(RTLD_NEXT,
                                                            "clock_gettime");
    return next(id, now);
}

static bool
is_of_day(clockid_t id)
{
    return id == CLOCK_REALTIME || id == CLOCK_REALTIME_COARSE ||
           id == CLOCK_TAI;
}

static bool
is_of_boot(clockid_t id)
{
    return id == CLOCK_MONOTONIC || id == CLOCK_MONOTONIC_COARSE ||
           id == CLOCK_MONOTONIC_RAW || id == CLOCK_BOOTTIME;
}

/* Of the thread of the hub alone.  What a thread or a process has used stays
 * real. */
EXPORTED int
clock_gettime(clockid_t id, struct timespec *now)
{
    uint64_t ns;

    if ((!is_of_day(id) && !is_of_boot(id)) || !gruvi__clock_is_virtual())
        return real_clock(id, now);
    ns = gruvi__clock_now();
    now->tv_sec = (time_t)(ns / 1000000000);
    now->tv_nsec = (long)(ns % 1000000000);
    if (is_of_day(id))
        now->tv_sec += EPOCH;
    return 0;
}

EXPORTED time_t
time(time_t *result)
{
    struct timespec now;

    clock_gettime(CLOCK_REALTIME, &now);
    if (result != NULL)
        *result = now.tv_sec;
    return now.tv_sec;
}

EXPORTED int
gettimeofday(struct timeval *restrict result, void *restrict zone)
{
    struct timespec now;

    (void)zone;
    clock_gettime(CLOCK_REALTIME, &now);
    result->tv_sec = now.tv_sec;
    result->tv_usec = now.tv_nsec / 1000;
    return 0;
}

/* --- sockets -------------------------------------------------------------- */

void
calls_reset(int fd)
{
    if (fd >= 0 && fd < MOST)
        is_reset[fd] = true;
}

void
calls_forget(int fd)
{
    if (fd >= 0 && fd < MOST)
        is_reset[fd] = false;
}

static uint64_t
draw(uint64_t below)
{
    random_state ^= random_state << 13;
    random_state ^= random_state >> 7;
    random_state ^= random_state << 17;
    return random_state % below;
}

static int
refuse(int err)
{
    errno = err;
    return -1;
}

/*
 * What a read or write of size bytes becomes: so many bytes, or -1 with errno.
 */
static ssize_t
bend(int fd, size_t size, const void *frame, const void *caller)
{
    struct calls calls;

    if (!is_working() || !in_plugin_fiber())
        return (ssize_t)size;
    if (fd >= 0 && fd < MOST && is_reset[fd])
        return refuse(ECONNRESET);
    if (stacks_take(&calls, frame, caller)) {
        if (strikes(RESET, &calls))
            return refuse(ECONNRESET);
        if (strikes(BUFFERS, &calls))
            return refuse(ENOBUFS);
    }
    if (plan->seed == 0 || size == 0)
        return (ssize_t)size;
    switch (draw(4)) {
    case 0:
        return refuse(EAGAIN);
    case 1:
        return (ssize_t)size;
    default:
        return (ssize_t)(1 + draw(size));
    }
}

#define BENT(size)                                                             \
    bend(fd, (size), __builtin_frame_address(0), __builtin_return_address(0))

EXPORTED ssize_t
recv(int fd, void *buf, size_t size, int flags)
{
    ssize_t n = BENT(size);

    return n < 0 ? n : recvfrom(fd, buf, (size_t)n, flags, NULL, NULL);
}

EXPORTED ssize_t
send(int fd, const void *buf, size_t size, int flags)
{
    ssize_t n = BENT(size);

    return n < 0 ? n : sendto(fd, buf, (size_t)n, flags, NULL, 0);
}

/* A short one is its first part. */
EXPORTED ssize_t
sendmsg(int fd, const struct msghdr *message, int flags)
{
    struct msghdr less = *message;
    size_t first = less.msg_iovlen > 0 ? less.msg_iov[0].iov_len : 0;
    ssize_t n = BENT(first);
    struct iovec part;

    if (n >= 0 && (size_t)n < first) {
        part = (struct iovec){less.msg_iov[0].iov_base, (size_t)n};
        less.msg_iov = &part;
        less.msg_iovlen = 1;
    }
    return n < 0 ? n : syscall(SYS_sendmsg, fd, &less, flags);
}
