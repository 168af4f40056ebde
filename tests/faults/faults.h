/* SPDX-License-Identifier: MIT */
/*
 * System calls of gruvid, or gruvictl, that fail once.
 *
 * The module inject.so, preloaded, stands in front of the calls of libc.  What
 * our own objects call is noted by its site: the object and the place in
 * it.  A test has it note all sites of a run, and then runs again for each site
 * and each error, with one call of that site failing.  Calls of libuv, libc and
 * others are none of ours, and pass.
 *
 * Both share a file, which $GRUVI_FAULTS names.
 */
#ifndef TESTS_FAULTS_FAULTS_H
#define TESTS_FAULTS_FAULTS_H

#include <stdbool.h>
#include <stdint.h>

#define FAULT_SITES 1024

enum fault_call {
    FAULT_ACCEPT,
    FAULT_BIND,
    FAULT_CHDIR,
    FAULT_CHMOD,
    FAULT_CHOWN,
    FAULT_CLOSE,
    FAULT_CONNECT,
    FAULT_DLOPEN,
    FAULT_DUP, /* fcntl() with F_DUPFD, and dup2() */
    FAULT_EPOLL_CREATE,
    FAULT_EPOLL_CTL,
    FAULT_EPOLL_WAIT,
    FAULT_EVENTFD,
    FAULT_EXEC,
    FAULT_FLOCK,
    FAULT_FOPEN,
    FAULT_FORK,
    FAULT_FSYNC,
    FAULT_FTRUNCATE,
    FAULT_GETADDRINFO,
    FAULT_GETGRNAM,
    FAULT_GETPEERNAME,
    FAULT_GETPWNAM,
    FAULT_GETRANDOM,
    FAULT_GETSOCKNAME,
    FAULT_GETSOCKOPT,
    FAULT_IOCTL,
    FAULT_KILL,
    FAULT_LISTEN,
    FAULT_MADVISE,
    FAULT_MKDIR,
    FAULT_MMAP,
    FAULT_MPROTECT,
    FAULT_MUNMAP,
    FAULT_OPEN,
    FAULT_OPENAT2,
    FAULT_OPENDIR,
    FAULT_PIDFD_OPEN,
    FAULT_PIPE,
    FAULT_POLL,
    FAULT_PREAD,
    FAULT_PROCESS_MADVISE,
    FAULT_READ,
    FAULT_READDIR,
    FAULT_READLINK,
    FAULT_REALPATH,
    FAULT_RECV,
    FAULT_RENAME,
    FAULT_RMDIR,
    FAULT_SEND,
    FAULT_SENDFILE,
    FAULT_SETGROUPS,
    FAULT_SETRLIMIT,
    FAULT_SETSOCKOPT,
    FAULT_SETUID,
    FAULT_SHUTDOWN,
    FAULT_SIGALTSTACK,
    FAULT_SOCKET,
    FAULT_SOCKETPAIR,
    FAULT_SPAWN,
    FAULT_STAT,
    FAULT_STATFS,
    FAULT_THREAD,
    FAULT_UNLINK,
    FAULT_WAIT,
    FAULT_WRITE,
    FAULT_CALLS
};

struct fault_site {
    char object[40]; /* the name of its file */
    uint64_t offset; /* in it */
    int call;
    unsigned hits; /* how often it was called */
    bool is_known; /* the rest is written */
};

/* What is shared. */
struct faults {
    bool is_noting;
    struct fault_site sites[FAULT_SITES];
    unsigned n; /* of them; more may be claimed than there is room for */

    /* The fault to come; error: 0: none. */
    struct fault_site fault;
    int error;
    unsigned at;    /* which call of the site fails, from 1 */
    unsigned calls; /* of the site so far: at: it has come */
};

#endif
