/* SPDX-License-Identifier: MIT */
/* The system calls that a thread may stand still in, by name. */
#include <sys/syscall.h>

#include "watch/task.h"

/* The first argument. */
enum { FD = 1, ANY = 0 };

#define CALL(name, arg)                                                        \
    {                                                                          \
        SYS_##name, #name, arg                                                 \
    }

static const struct {
    long number;
    const char *name;
    int arg;
} calls[] = {
    CALL(read, FD),
    CALL(write, FD),
    CALL(readv, FD),
    CALL(writev, FD),
    CALL(pread64, FD),
    CALL(pwrite64, FD),
    CALL(preadv, FD),
    CALL(pwritev, FD),
    CALL(preadv2, FD),
    CALL(pwritev2, FD),
    CALL(recvfrom, FD),
    CALL(recvmsg, FD),
    CALL(recvmmsg, FD),
    CALL(sendto, FD),
    CALL(sendmsg, FD),
    CALL(sendmmsg, FD),
    CALL(sendfile, FD),
    CALL(splice, FD),
    CALL(tee, FD),
    CALL(copy_file_range, FD),
    CALL(connect, FD),
    CALL(accept, FD),
    CALL(accept4, FD),
    CALL(shutdown, FD),
    CALL(close, FD),
    CALL(fsync, FD),
    CALL(fdatasync, FD),
    CALL(sync_file_range, FD),
    CALL(syncfs, FD),
    CALL(ftruncate, FD),
    CALL(fallocate, FD),
    CALL(flock, FD),
    CALL(fcntl, FD),
    CALL(ioctl, FD),
    CALL(fstat, FD),
    CALL(getdents64, FD),
    CALL(io_uring_enter, FD),
    CALL(epoll_pwait, FD),
#ifdef SYS_epoll_wait
    CALL(epoll_wait, FD),
#endif
#ifdef SYS_epoll_pwait2
    CALL(epoll_pwait2, FD),
#endif
    CALL(openat, ANY),
    CALL(newfstatat, ANY),
    CALL(statx, ANY),
    CALL(faccessat, ANY),
    CALL(readlinkat, ANY),
    CALL(unlinkat, ANY),
    CALL(mkdirat, ANY),
    CALL(renameat2, ANY),
    CALL(linkat, ANY),
    CALL(statfs, ANY),
    CALL(sync, ANY),
    CALL(mount, ANY),
    CALL(umount2, ANY),
    CALL(mmap, ANY),
    CALL(munmap, ANY),
    CALL(mprotect, ANY),
    CALL(mremap, ANY),
    CALL(madvise, ANY),
    CALL(msync, ANY),
    CALL(mlock, ANY),
    CALL(brk, ANY),
    CALL(futex, ANY),
    CALL(ppoll, ANY),
    CALL(pselect6, ANY),
    CALL(nanosleep, ANY),
    CALL(clock_nanosleep, ANY),
    CALL(rt_sigsuspend, ANY),
    CALL(rt_sigtimedwait, ANY),
    CALL(wait4, ANY),
    CALL(waitid, ANY),
    CALL(semtimedop, ANY),
    CALL(msgrcv, ANY),
    CALL(msgsnd, ANY),
    CALL(mq_timedreceive, FD),
    CALL(mq_timedsend, FD),
    CALL(clone, ANY),
    CALL(clone3, ANY),
    CALL(execve, ANY),
    CALL(getrandom, ANY),
    CALL(sched_yield, ANY),
    CALL(finit_module, FD),
    CALL(membarrier, ANY),
#ifdef SYS_open
    CALL(open, ANY),
    CALL(stat, ANY),
    CALL(lstat, ANY),
    CALL(access, ANY),
    CALL(unlink, ANY),
    CALL(mkdir, ANY),
    CALL(rename, ANY),
    CALL(readlink, ANY),
    CALL(poll, ANY),
    CALL(select, ANY),
    CALL(pause, ANY),
    CALL(fork, ANY),
    CALL(vfork, ANY),
#endif
};

#define N (sizeof calls / sizeof *calls)

const char *
gruvid__call_name(long call)
{
    for (size_t i = 0; i < N; i++)
        if (calls[i].number == call)
            return calls[i].name;
    return NULL;
}

bool
gruvid__call_has_fd(long call)
{
    for (size_t i = 0; i < N; i++)
        if (calls[i].number == call)
            return calls[i].arg == FD;
    return false;
}

bool
gruvid__call_polls(long call)
{
#ifdef SYS_epoll_wait
    if (call == SYS_epoll_wait)
        return true;
#endif
#ifdef SYS_epoll_pwait2
    if (call == SYS_epoll_pwait2)
        return true;
#endif
    return call == SYS_epoll_pwait;
}
