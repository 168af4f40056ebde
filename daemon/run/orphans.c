/* SPDX-License-Identifier: MIT */
/*
 * As process 1 gruvid inherits orphans and has to reap them.  The kernel makes
 * them children of the main thread, as are those that code in the first hub
 * has started by itself.
 *
 * A child of a process of libgruvi or of a handle on the loop is left to them.
 * Another one is an orphan, or a child that code waits for in its own way, a
 * moment after it has ended.  So it is reaped when it was found in GRACE ticks,
 * a second after it died, however many end meanwhile.
 *
 * waitid() shows the first child that has ended, and no other; /proc shows all.
 * Where that is not mounted, or not for our namespace, the first has to do:
 * when it has had its second, all that have ended are reaped.
 */
#include "run/orphans.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <gruvi.h>

#define TICK  250 /* ms */
#define GRACE 4   /* ticks */

struct gruvid__orphan {
    pid_t pid;
    unsigned ticks; /* in which it was found */
};

/* --- whose it is -----------------------------------------------------------
 */

struct search {
    pid_t pid;
    bool found;
};

static void
compare_pid(uv_handle_t *handle, void *arg)
{
    struct search *search = arg;

    if (uv_handle_get_type(handle) == UV_PROCESS &&
        uv_process_get_pid((uv_process_t *)handle) == search->pid)
        search->found = true;
}

static bool
is_owned(const struct gruvid__orphans *orphans, pid_t pid)
{
    struct search search = {.pid = pid, .found = gruvi_process_owns(pid)};

    if (!search.found)
        uv_walk(orphans->tick.loop, compare_pid, &search);
    return search.found;
}

/* A child of this thread that has ended: the one asked for, or with P_ALL the
 * first; 0: there is none. */
static pid_t
ended_child(idtype_t type, pid_t pid)
{
    siginfo_t info = {.si_pid = 0};
    int err;

    do
        err = waitid(type, (id_t)pid, &info,
                     WEXITED | WNOHANG | WNOWAIT | __WNOTHREAD);
    while (err < 0 && errno == EINTR);
    return err < 0 ? 0 : info.si_pid;
}

/* --- a tick ----------------------------------------------------------------
 */

static unsigned
ticks_of(const struct gruvid__orphans *orphans, pid_t pid)
{
    for (size_t i = 0; i < orphans->n; i++)
        if (orphans->seen[i].pid == pid)
            return orphans->seen[i].ticks;
    return 0;
}

/* Without memory it begins its second again with the next tick. */
static void
remember(struct gruvid__orphans *now, pid_t pid, unsigned ticks)
{
    struct gruvid__orphan *more =
        realloc(now->seen, (now->n + 1) * sizeof *more);

    if (more == NULL)
        return;
    now->seen = more;
    more[now->n++] = (struct gruvid__orphan){pid, ticks};
}

/* True where it was reaped. */
static bool
consider(const struct gruvid__orphans *before, struct gruvid__orphans *now,
         pid_t pid)
{
    unsigned ticks = ticks_of(before, pid) + 1;

    if (is_owned(before, pid))
        return false;
    if (ticks > GRACE) {
        waitpid(pid, NULL, WNOHANG);
        return true;
    }
    remember(now, pid, ticks);
    return false;
}

/* The list of this thread's children, or NULL. */
static FILE *
open_children(void)
{
    char link[32] = "";

    if (readlink("/proc/self", link, sizeof link - 1) < 0 ||
        strtol(link, NULL, 10) != getpid())
        return NULL;
    return fopen("/proc/thread-self/children", "re");
}

static void
consider_all(const struct gruvid__orphans *before, struct gruvid__orphans *now)
{
    FILE *children = open_children();
    pid_t pid;

    if (children != NULL) {
        while (fscanf(children, "%d", &pid) == 1)
            if (ended_child(P_PID, pid) == pid)
                consider(before, now, pid);
        fclose(children);
        return;
    }
    pid = ended_child(P_ALL, 0);
    if (pid == 0 || !consider(before, now, pid))
        return;
    while ((pid = ended_child(P_ALL, 0)) != 0 && !is_owned(before, pid))
        waitpid(pid, NULL, WNOHANG);
}

static void
on_tick(uv_timer_t *tick)
{
    struct gruvid__orphans *orphans = tick->data, now = {.n = 0};

    consider_all(orphans, &now);
    free(orphans->seen);
    orphans->seen = now.seen;
    orphans->n = now.n;
    if (ended_child(P_ALL, 0) == 0)
        uv_timer_stop(tick);
}

/* --- its life --------------------------------------------------------------
 */

void
gruvid__orphans_open(struct gruvid__orphans *orphans, uv_loop_t *loop)
{
    uv_timer_init(loop, &orphans->tick); /* cannot fail */
    orphans->tick.data = orphans;
}

void
gruvid__orphans_look(struct gruvid__orphans *orphans)
{
    if (!uv_is_active((uv_handle_t *)&orphans->tick))
        uv_timer_start(&orphans->tick, on_tick, TICK, TICK);
}

GRUVI_SWITCHPOINT void
gruvid__orphans_close(struct gruvid__orphans *orphans)
{
    (void)gruvi_uv_close((uv_handle_t *)&orphans->tick);
    free(orphans->seen);
    orphans->seen = NULL;
    orphans->n = 0;
}
