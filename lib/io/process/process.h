/* SPDX-License-Identifier: MIT */
/*
 * What the files behind gruvi/process.h share.
 *
 * A process is counted: its owner, its child, and each fiber inside have a
 * reference.
 */
#ifndef GRUVI_IO_PROCESS_H
#define GRUVI_IO_PROCESS_H

#include <gruvi/poll.h>
#include <gruvi/process.h>

#include "base/list.h"
#include "base/wheel.h"
#include "core/hub.h"
#include "sync/event.h"

/* A child that is not reaped yet.  It is made before the process, when a lack
 * of memory can still be told. */
struct gruvi__child {
    struct gruvi__list link;
    pid_t pid;
    bool orphan; /* its hub has closed */
};

struct gruvi_process {
    struct gruvi__hub_end end;  /* linked as long as there is a child */
    gruvi_hub_t *hub;           /* borrowed: it lives as long as this thread */
    struct gruvi__child *child; /* until it is reaped, or an orphan */
    pid_t pid;
    int pidfd;            /* readable when it has ended; -1: none */
    gruvi_watch_t *watch; /* on pidfd; NULL: it is looked for */
    struct gruvi__deadline look;
    unsigned refs;
    bool leads;             /* a process group */
    bool runs;              /* as far as the hub knows */
    bool ended;             /* what follows is known */
    bool closed;            /* by its owner */
    gruvi_event_t finished; /* it has ended, or was closed */
    int64_t exit_status;
    int term_signal;
    gruvi_stream_t *streams[3]; /* owned; NULL: no pipe */
};

/* 0, UV_EINVAL for NULL, or UV_EPERM: another thread's. */
int gruvi__process_check(const gruvi_process_t *p);

/* Wait for its end, after gruvi__enter() and gruvi__process_check(), with a
 * checked timeout. */
int gruvi__process_await(gruvi_process_t *p, gruvi_fiber_t *fiber,
                         double timeout);

void gruvi__process_drop(gruvi_process_t *p);

/* process_children.c: any thread. */

/* From its start until it is reaped or left. */
void gruvi__child_add(struct gruvi__child *child, pid_t pid);

/* Reap a child that has ended, and free what is known of it. */
void gruvi__child_reap(struct gruvi__child *child);

/* Nobody waits for it any more: whoever spawns next looks for it. */
void gruvi__child_leave(struct gruvi__child *child);
void gruvi__children_reap_orphans(void);

/* process_exec.c: start the program with three descriptors, -1 for /dev/null.
 * 0, or an error: then there is no child. */
int gruvi__process_exec(const gruvi_process_options_t *options, int fds[3],
                        pid_t *pid);

/* process_stdio.c: from options to descriptors. */
struct gruvi__stdio {
    int fds[3]; /* of the process; -1: nowhere */
    gruvi_stream_t *streams[3];
    int ends[3]; /* of fds, ours to close; -1: no pipe */
};

/* 0, or an error: then nothing is left open. */
int gruvi__stdio_open(struct gruvi__stdio *stdio, gruvi_hub_t *hub,
                      const gruvi_stdio_t options[3]);

/* Close our copies of the process's ends, once it has its own. */
void gruvi__stdio_close_ends(struct gruvi__stdio *stdio);

void gruvi__stdio_close(struct gruvi__stdio *stdio);

#endif
