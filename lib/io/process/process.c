/* SPDX-License-Identifier: MIT */
/*
 * A process's life.  libuv spawns it, and reaps it in the same loop.
 *
 * A loop that is closed reaps no child.  The children that are left are noted,
 * for all threads, and every spawn looks for them.  So there are never more
 * zombies than children that hubs left behind.
 */
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>

#include "base/list.h"
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

/* A child whose loop is closed.  It is made with the process, when a lack of
 * memory can still be told. */
struct gruvi__child {
    struct gruvi__child *next;
    pid_t pid;
};

static struct gruvi__child *orphans;
static pthread_mutex_t orphans_lock = PTHREAD_MUTEX_INITIALIZER;

static void
add_orphan(struct gruvi__child *child)
{
    pthread_mutex_lock(&orphans_lock);
    child->next = orphans;
    orphans = child;
    pthread_mutex_unlock(&orphans_lock);
}

/* A child that waitpid() does not know was reaped elsewhere. */
static void
reap_orphans(void)
{
    struct gruvi__child **link = &orphans, *child;

    pthread_mutex_lock(&orphans_lock);
    while ((child = *link) != NULL) {
        if (waitpid(child->pid, NULL, WNOHANG) == 0) {
            link = &child->next;
        } else {
            *link = child->next;
            free(child);
        }
    }
    pthread_mutex_unlock(&orphans_lock);
}

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

static void
on_closed(uv_handle_t *handle)
{
    gruvi__process_drop(gruvi__list_entry(handle, gruvi_process_t, handle));
}

static void
close_handle(gruvi_process_t *p)
{
    p->runs = false;
    gruvi__list_remove(&p->end.link);
    uv_close((uv_handle_t *)&p->handle, on_closed);
}

static void
on_ended(uv_process_t *handle, int64_t exit_status, int term_signal)
{
    gruvi_process_t *p = gruvi__list_entry(handle, gruvi_process_t, handle);

    p->ended = true;
    p->exit_status = exit_status;
    p->term_signal = term_signal;
    gruvi_event_set(&p->finished);
    close_handle(p);
}

/* The hub ends before the process. */
static void
on_hub_end(struct gruvi__hub_end *end)
{
    gruvi_process_t *p = gruvi__list_entry(end, gruvi_process_t, end);

    p->child->pid = p->pid;
    add_orphan(p->child);
    p->child = NULL;
    close_handle(p);
}

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

/* The casts are safe: libuv does not write there. */
static uv_process_options_t
options_for_uv(const gruvi_process_options_t *from, struct gruvi__stdio *stdio)
{
    uv_process_options_t to = {.exit_cb = on_ended,
                               .file = from->file != NULL ? from->file
                                                          : from->args[0],
                               .args = (char **)from->args,
                               .env = (char **)from->env,
                               .cwd = from->cwd,
                               .stdio_count = 3,
                               .stdio = stdio->containers,
                               .uid = from->uid,
                               .gid = from->gid};

    if (from->flags & GRUVI_PROCESS_UID)
        to.flags |= UV_PROCESS_SETUID;
    if (from->flags & GRUVI_PROCESS_GID)
        to.flags |= UV_PROCESS_SETGID;
    if (from->flags & GRUVI_PROCESS_SESSION)
        to.flags |= UV_PROCESS_DETACHED;
    return to;
}

/* uv_spawn() leaves a handle that has to be closed, even if it fails. */
static int
start(gruvi_process_t *p, const gruvi_process_options_t *options)
{
    struct gruvi__stdio stdio;
    uv_process_options_t uv;
    int err = gruvi__stdio_open(&stdio, p->hub, options->stdio);

    if (err < 0)
        return err;
    err = gruvi__hub_add_end(p->hub, &p->end);
    if (err < 0) {
        gruvi__stdio_close(&stdio);
        return err;
    }
    uv = options_for_uv(options, &stdio);
    p->refs++;
    err = uv_spawn(&p->hub->loop, &p->handle, &uv);
    if (err < 0) {
        close_handle(p);
        gruvi__stdio_close(&stdio);
        return err;
    }
    gruvi__stdio_close_ends(&stdio);
    for (int i = 0; i < 3; i++)
        p->streams[i] = stdio.streams[i];
    p->runs = true;
    p->pid = p->handle.pid;
    p->leads = options->flags & GRUVI_PROCESS_SESSION;
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
    reap_orphans();
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

/* Until the loop has reaped it, no other process has its number. */
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
    if (!p->runs)
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
    gruvi__process_drop(p);
}
