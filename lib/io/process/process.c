/* SPDX-License-Identifier: MIT */
/*
 * A process's life.  A descriptor of it (pidfd_open) tells the hub's loop that
 * it has ended.  No signal does: so it does not matter who blocks SIGCHLD, what
 * SIGCHLD does, or how many signals come.  Where there is no such descriptor
 * the process is looked for from time to time.
 *
 * The leader of a group is reaped when it is closed.  Until then its number is
 * not another's, and so neither is that of its group.
 */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/descriptor.h"
#include "base/list.h"
#include "base/threads.h"
#include "core/clock.h"
#include "core/error.h"
#include "core/fiber.h"
#include "core/hub.h"
#include "core/switchpoint.h"
#include "core/thread.h"
#include "core/wait.h"
#include "io/process/process.h"
#include "io/stream/stream.h"
#include "io/socket/options.h"

#define FLAGS (GRUVI_PROCESS_UID | GRUVI_PROCESS_GID | GRUVI_PROCESS_SESSION)

/* Seconds from one look to the next, where the kernel does not tell. */
#define LOOK_AFTER 0.02

int
gruvi__process_check(const gruvi_process_t *p)
{
    if (p == NULL)
        return UV_EINVAL;
    return gruvi__is_own(p->hub) ? 0 : UV_EPERM;
}

void
gruvi__process_drop(gruvi_process_t *p)
{
    if (--p->refs > 0)
        return;
    free(p->child);
    free(p);
}

/* --- its end ---------------------------------------------------------------
 */

/* Nothing of the child is left here; its reference is the caller's now. */
static void
forget_child(gruvi_process_t *p)
{
    p->child = NULL;
    gruvi__list_remove(&p->end.link);
}

static void
reap(gruvi_process_t *p)
{
    gruvi__child_reap(p->child);
    forget_child(p);
}

static void
stop_watching(gruvi_process_t *p)
{
    if (p->watch != NULL)
        gruvi_poll_remove(p->hub->poller, p->watch);
    if (p->pidfd >= 0)
        close(p->pidfd);
    gruvi__deadline_disarm(p->hub, &p->look);
    p->watch = NULL;
    p->pidfd = -1;
    p->runs = false;
}

/* An error says that somebody else has reaped it. */
static void
note_end(gruvi_process_t *p, int err, const siginfo_t *info)
{
    bool exited = info->si_code == CLD_EXITED;

    p->ended = true;
    if (err < 0)
        p->exit_status = GRUVI_PROCESS_UNKNOWN;
    else if (exited)
        p->exit_status = info->si_status;
    else
        p->term_signal = info->si_status;
    gruvi_event_set(&p->finished);
}

static void
look(gruvi_process_t *p)
{
    siginfo_t info = {.si_pid = 0};
    int err;

    do
        err = waitid(P_PID, (id_t)p->pid, &info, WEXITED | WNOHANG | WNOWAIT);
    while (err < 0 && errno == EINTR);
    if (err == 0 && info.si_pid == 0)
        return;
    stop_watching(p);
    note_end(p, err, &info);
    if (!p->leads || p->closed || err < 0) {
        reap(p);
        gruvi__process_drop(p);
    }
}

static void
on_pidfd(int fd, int events, void *arg)
{
    (void)fd;
    (void)events;
    look(arg);
}

static void
look_later(gruvi_process_t *p)
{
    gruvi__deadline_arm(p->hub, &p->look, gruvi__clock_due(LOOK_AFTER));
}

static void
on_look(struct gruvi__deadline *deadline)
{
    gruvi_process_t *p = gruvi__list_entry(deadline, gruvi_process_t, look);

    p->refs++;
    look(p);
    if (p->runs)
        look_later(p);
    gruvi__process_drop(p);
}

/* A kernel that does not know the call is asked once. */
static int
open_pidfd(pid_t pid)
{
    static bool unknown; /* atomic */
    int fd = -1;

    if (!gruvi__atomic_load(&unknown, __ATOMIC_RELAXED))
        fd = gruvi__fd_own((int)syscall(SYS_pidfd_open, pid, 0));
    if (fd < 0 && errno == ENOSYS)
        gruvi__atomic_store(&unknown, true, __ATOMIC_RELAXED);
    return fd;
}

static void
watch(gruvi_process_t *p)
{
    p->pidfd = open_pidfd(p->pid);
    if (p->pidfd >= 0)
        p->watch =
            gruvi_poll_add(p->hub->poller, p->pidfd, UV_READABLE, on_pidfd, p);
    if (p->watch == NULL)
        look_later(p);
}

/* The hub ends before the process. */
static void
on_hub_end(struct gruvi__hub_end *end)
{
    gruvi_process_t *p = gruvi__list_entry(end, gruvi_process_t, end);

    if (p->ended) {
        reap(p);
    } else {
        stop_watching(p);
        gruvi__child_leave(p->child);
        forget_child(p);
    }
    gruvi__process_drop(p);
}

/* --- its beginning ---------------------------------------------------------
 */

static gruvi_process_t *
new_process(gruvi_hub_t *hub)
{
    gruvi_process_t *p = calloc(1, sizeof *p);

    if (p == NULL)
        return NULL;
    p->child = calloc(1, sizeof *p->child);
    if (p->child == NULL) {
        free(p);
        return NULL;
    }
    p->hub = hub;
    p->refs = 1;
    p->pidfd = -1;
    p->look.fire = on_look;
    gruvi_event_init(&p->finished);
    gruvi__list_init(&p->end.link);
    p->end.run = on_hub_end;
    return p;
}

static int
check_options(const gruvi_process_options_t *options)
{
    if (options == NULL || options->args == NULL || options->args[0] == NULL ||
        (options->flags & ~FLAGS) != 0 || gruvi__reserved(options->reserved))
        return UV_EINVAL;
    return 0;
}

/* The program runs. */
static void
begin(gruvi_process_t *p, pid_t pid, const gruvi_process_options_t *options)
{
    p->refs++;
    p->runs = true;
    p->pid = pid;
    p->leads = options->flags & GRUVI_PROCESS_SESSION;
    gruvi__child_add(p->child, pid);
    watch(p);
}

static int
start(gruvi_process_t *p, const gruvi_process_options_t *options)
{
    struct gruvi__stdio stdio;
    pid_t pid = 0;
    int err = gruvi__stdio_open(&stdio, p->hub, options->stdio);

    if (err < 0)
        return err;
    err = gruvi__hub_add_end(p->hub, &p->end);
    if (err == 0)
        err = gruvi__process_exec(options, stdio.fds, &pid);
    if (err < 0) {
        gruvi__list_remove(&p->end.link);
        gruvi__stdio_close(&stdio);
        return err;
    }
    gruvi__stdio_close_ends(&stdio);
    for (int i = 0; i < 3; i++)
        p->streams[i] = stdio.streams[i];
    begin(p, pid, options);
    return 0;
}

GRUVI_SWITCHPOINT int
gruvi_process_spawn(gruvi_process_t **process,
                    const gruvi_process_options_t *options)
{
    gruvi_fiber_t *fiber;
    gruvi_process_t *p;
    int err;

    if (process == NULL)
        return UV_EINVAL;
    *process = NULL;
    if ((err = gruvi__enter(__func__, &fiber)) < 0 ||
        (err = check_options(options)) < 0 ||
        (err = gruvi__yield_sometimes(fiber)) < 0)
        return err;
    gruvi__children_reap_orphans();
    p = new_process(fiber->hub);
    if (p == NULL)
        return UV_ENOMEM;
    err = start(p, options);
    if (err < 0)
        gruvi__process_drop(p);
    else
        *process = p;
    return err;
}

pid_t
gruvi_process_pid(const gruvi_process_t *p)
{
    return p->pid;
}

gruvi_stream_t *
gruvi_process_stream(const gruvi_process_t *p, int fd)
{
    if (p == NULL || fd < 0 || fd > 2 || p->streams[fd] == NULL)
        return gruvi__fail(UV_EINVAL);
    return p->streams[fd];
}

int
gruvi__process_await(gruvi_process_t *p, gruvi_fiber_t *fiber, double timeout)
{
    int err;

    p->refs++;
    err = gruvi__event_wait(&p->finished, fiber, "process", timeout);
    if (err == 0 && !p->ended)
        err = UV_ECONNABORTED;
    return err;
}

GRUVI_SWITCHPOINT int
gruvi_process_wait(gruvi_process_t *p, int64_t *exit_status, int *term_signal,
                   double timeout)
{
    gruvi_fiber_t *fiber;
    int err;

    if (exit_status != NULL)
        *exit_status = 0;
    if (term_signal != NULL)
        *term_signal = 0;
    if ((err = gruvi__enter(__func__, &fiber)) < 0 ||
        (err = gruvi__timeout_check(timeout)) < 0 ||
        (err = gruvi__process_check(p)) < 0)
        return err;
    err = gruvi__process_await(p, fiber, timeout);
    if (err == 0 && exit_status != NULL)
        *exit_status = p->exit_status;
    if (err == 0 && term_signal != NULL)
        *term_signal = p->term_signal;
    gruvi__process_drop(p);
    return err;
}

gruvi_waitable_t *
gruvi_process_waitable(gruvi_process_t *p)
{
    return p == NULL ? NULL : gruvi_event_waitable(&p->finished);
}

/* Until it is reaped, no other process has its number. */
int
gruvi_process_kill(gruvi_process_t *p, int signum)
{
    int err = gruvi__process_check(p);

    if (err < 0)
        return err;
    if (!p->runs)
        return UV_ESRCH;
    return kill(p->pid, signum) < 0 ? -errno : 0;
}

int
gruvi_process_kill_group(gruvi_process_t *p, int signum)
{
    int err = gruvi__process_check(p);

    if (err < 0)
        return err;
    if (!p->leads)
        return UV_EINVAL;
    if (p->child == NULL)
        return UV_ESRCH;
    return kill(-p->pid, signum) < 0 ? -errno : 0;
}

void
gruvi_process_close(gruvi_process_t *p)
{
    if (p == NULL)
        return;
    if (!gruvi__is_own(p->hub)) {
        gruvi__assert_failed("gruvi_process_close: another thread's process");
        return;
    }
    for (int i = 0; i < 3; i++) {
        gruvi_stream_close(p->streams[i]);
        p->streams[i] = NULL;
    }
    p->closed = true;
    gruvi_event_set(&p->finished);
    if (p->ended && p->child != NULL) {
        reap(p);
        p->refs--;
    }
    gruvi__process_drop(p);
}
