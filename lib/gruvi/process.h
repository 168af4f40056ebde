/* SPDX-License-Identifier: MIT */
/*
 * Processes in blocking style: no shell in between, pipes that are streams.
 *
 *     char *args[] = {"sort", "-r", NULL};
 *     gruvi_process_options_t options = {.args = args};
 *
 *     options.stdio[0].kind = options.stdio[1].kind = GRUVI_STDIO_PIPE;
 *     err = gruvi_process_spawn(&process, &options);
 *     err = gruvi_process_communicate(process, text, len, &output, NULL, 10.0);
 *     err = gruvi_process_wait(process, &status, &signum, GRUVI_FOREVER);
 *     gruvi_process_close(process);
 *
 * A process belongs to the hub it was spawned in; elsewhere calls return
 * UV_EPERM.  That hub reaps it when it ends, with or without a waiter; the
 * leader of a session when it is closed.  SIGCHLD is not used: its action, and
 * whether it is blocked, are the program's own.  But no other code may reap the
 * process: wait(2) for any child, or SIGCHLD set to SIG_IGN, takes its status
 * away, see GRUVI_PROCESS_UNKNOWN and gruvi_process_owns().
 *
 * Every waiting call may also return UV_ECANCELED, UV_ETIMEDOUT (its own
 * timeout or a deadline around it), UV_EINTR in the root fiber and
 * UV_ESHUTDOWN while the hub closes.
 */
#ifndef GRUVI_PROCESS_H
#define GRUVI_PROCESS_H

#include <gruvi/base.h>
#include <gruvi/stream.h>
#include <gruvi/switchpoint.h>
#include <gruvi/wait.h>

GRUVI_BEGIN_DECLS

typedef struct gruvi_process gruvi_process_t;

/* Where a process's standard input, output or error lead to. */
typedef enum {
    GRUVI_STDIO_INHERIT, /* where the caller's does; to /dev/null if that is
                            closed or close-on-exec */
    GRUVI_STDIO_NULL,    /* to /dev/null */
    GRUVI_STDIO_PIPE,    /* to a stream: gruvi_process_stream() */
    GRUVI_STDIO_FD,      /* to a descriptor, which stays open here, and becomes
                            blocking; streams and the like allow for that */
    GRUVI_STDIO_STDOUT   /* standard error only: where standard output does */
} gruvi_stdio_kind_t;

typedef struct gruvi_stdio {
    gruvi_stdio_kind_t kind;
    int fd; /* for GRUVI_STDIO_FD */
} gruvi_stdio_t;

/* gruvi_process_options_t.flags */
#define GRUVI_PROCESS_UID 1U /* become uid; other groups are dropped */
#define GRUVI_PROCESS_GID 2U /* become gid; likewise */
#define GRUVI_PROCESS_SESSION                                                  \
    4U /* lead a session and process group of its own */

/* The exit status of a process whose status other code has taken away. */
#define GRUVI_PROCESS_UNKNOWN (-1)

typedef struct gruvi_process_options {
    const char *file;       /* program; NULL: args[0] */
    char *const *args;      /* its argv, with a NULL at the end */
    char *const *env;       /* "NAME=value", likewise; NULL: the caller's */
    const char *cwd;        /* folder to begin in; NULL: the caller's */
    gruvi_stdio_t stdio[3]; /* standard input, output, error */
    unsigned flags;         /* GRUVI_PROCESS_* */
    uid_t uid;
    gid_t gid;
    void *reserved[4]; /* NULL */
} gruvi_process_options_t;

/*
 * Start a program.  A file without a slash is searched in the PATH of env; a
 * relative file starts from cwd.  In the process no signal is blocked, and the
 * first 31 have their default action.  It inherits its stdio, and descriptors
 * that are not close-on-exec; the library's own are close-on-exec.
 *
 * The hub stands still until the program was loaded or has failed to load.
 *
 *   process  where to put it, owned (gruvi_process_close()); NULL on failure
 *   options  not changed, and not needed afterwards
 *
 * Returns 0.
 * Errors:  UV_ENOENT (no such file, or no such cwd), UV_EACCES, UV_ENOEXEC,
 *          UV_E2BIG, UV_EPERM (uid, gid), UV_EBADF (a descriptor), UV_EAGAIN
 *          (the limit on processes), UV_EMFILE, UV_ENOMEM; UV_EINVAL (no args,
 *          an unknown flag or kind, a reserved member).
 * Context: fiber, switchpoint.
 */
GRUVI_API GRUVI_SWITCHPOINT int
gruvi_process_spawn(gruvi_process_t **process,
                    const gruvi_process_options_t *options);

/*
 * The process's number.
 *
 * Context: hub thread.
 */
GRUVI_API pid_t gruvi_process_pid(const gruvi_process_t *p);

/*
 * The caller's end of a pipe: for writing with standard input, for reading
 * with output and error.  gruvi_stream_shutdown() ends the process's input.
 * The pipes are Unix sockets, which programs cannot open again by name
 * (/dev/stdin).
 *
 *   fd  0, 1 or 2
 *
 * Returns a borrowed stream, valid until gruvi_process_close(), which closes
 * it; or NULL with UV_EINVAL if fd is no pipe.
 * Context: hub thread.
 */
GRUVI_API gruvi_stream_t *gruvi_process_stream(const gruvi_process_t *p,
                                               int fd);

/*
 * Wait until a process has ended.  Any number of fibers may wait, any number
 * of times.
 *
 *   exit_status  its exit status; 0 if a signal ended it; may be NULL
 *   term_signal  the signal that ended it; 0: none did; may be NULL
 *   timeout      seconds; 0 polls, GRUVI_FOREVER waits without limit.  It does
 *                nothing to the process.
 *
 * Returns 0.
 * Errors:  UV_ECONNABORTED (closed meanwhile), UV_EINVAL (NaN).
 * Context: fiber, switchpoint.
 */
GRUVI_API GRUVI_SWITCHPOINT int gruvi_process_wait(gruvi_process_t *p,
                                                   int64_t *exit_status,
                                                   int *term_signal,
                                                   double timeout);

/*
 * For gruvi_wait(): a process is done when it has ended.  It must not be
 * closed during such a wait.
 *
 * Returns a borrowed waitable.
 * Context: hub thread, and it is waited for there.
 */
GRUVI_API gruvi_waitable_t *gruvi_process_waitable(gruvi_process_t *p);

/*
 * Send a signal to a process; to its process group, with all processes that it
 * has started and that have stayed there, also after the process itself has
 * ended, until it is closed.
 *
 * Returns 0; for the group of a process that has ended also if no other process
 * is left there.
 * Errors:  UV_ESRCH (the process has ended; for a group: its hub was closed, or
 *          other code has reaped the process), UV_EPERM, UV_EINVAL (not a
 *          signal; a group without GRUVI_PROCESS_SESSION).
 * Context: hub thread.
 */
GRUVI_API int gruvi_process_kill(gruvi_process_t *p, int signum);
GRUVI_API int gruvi_process_kill_group(gruvi_process_t *p, int signum);

/*
 * Whether a child was started by gruvi_process_spawn(), in any hub, and is not
 * reaped yet.  For code that waits for children of any kind, in process 1 say:
 * it leaves such children alone.
 *
 *   pid  of a child, as waitid() with WNOWAIT returns it
 *
 * Context: any thread.
 */
GRUVI_API bool gruvi_process_owns(pid_t pid);

/*
 * Write all of a process's input, read all of its output, and wait until it
 * has ended, all at once.  Only the pipes of its stdio are used, and they are
 * at their end afterwards.  A process that does not read its input is no error.
 *
 *   input, len  for its standard input; len is 0 if that is no pipe
 *   out, err    memory of the caller for its standard output and error; len is
 *               the space there, and afterwards the number of bytes that came,
 *               also on failure.  NULL: the output is dropped.
 *   timeout     seconds for the whole call; GRUVI_FOREVER: no limit
 *
 * If a cancel, a timeout, or more output than fits ends the call early, the
 * process is killed (SIGKILL; with GRUVI_PROCESS_SESSION its group, even if
 * the process itself has ended) and waited for, and nothing interrupts that
 * wait.  It takes five seconds at most, and is left out if the process may not
 * be killed (UV_EPERM: it runs as another user).  Output ends only when every
 * process that has the pipe has closed it, also the programs that this one has
 * started.
 *
 * Returns 0; gruvi_process_wait() returns how it ended.
 * Errors:  UV_E2BIG (more output than fits), UV_ECONNABORTED (closed
 *          meanwhile), and those of reading: it was killed.  UV_EBUSY (another
 *          fiber uses one of the streams), UV_EINVAL (NaN; input for no pipe),
 *          UV_ENOMEM: nothing was done.
 * Context: fiber, switchpoint.
 */
GRUVI_API GRUVI_SWITCHPOINT int
gruvi_process_communicate(gruvi_process_t *p, const void *input, size_t len,
                          uv_buf_t *out, uv_buf_t *err, double timeout);

/*
 * Close a process's streams, and free it here.  A process that still runs goes
 * on, and is reaped when it ends; after its hub was closed, when the next
 * process is spawned in any hub.  A fiber that waits for it, or is inside a
 * call on one of its streams, gets UV_ECONNABORTED.  NULL is fine.
 *
 * Context: hub thread.
 */
GRUVI_API void gruvi_process_close(gruvi_process_t *p);

GRUVI_END_DECLS

#endif
