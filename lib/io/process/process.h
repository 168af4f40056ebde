/* SPDX-License-Identifier: MIT */
/*
 * What the files behind gruvi/process.h share.
 *
 * A process is counted, because libuv closes handles later: the owner, the
 * handle, and each fiber inside have a reference.
 */
#ifndef GRUVI_IO_PROCESS_H
#define GRUVI_IO_PROCESS_H

#include <gruvi/process.h>

#include "core/hub.h"
#include "sync/event.h"

struct gruvi__child;

struct gruvi_process {
    uv_process_t handle; /* open until it has ended, or its hub has */
    struct gruvi__hub_end end;
    gruvi_hub_t *hub;           /* borrowed: it lives as long as this thread */
    struct gruvi__child *child; /* to be reaped if the loop cannot; or NULL */
    pid_t pid;
    unsigned refs;
    bool leads;             /* a process group */
    bool runs;              /* as far as the loop knows */
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

/* process_stdio.c: from options to those of libuv. */
struct gruvi__stdio {
    uv_stdio_container_t containers[3];
    gruvi_stream_t *streams[3];
    int ends[3]; /* of the process; -1: no pipe */
};

/* 0, or an error: then nothing is left open. */
int gruvi__stdio_open(struct gruvi__stdio *stdio, gruvi_hub_t *hub,
                      const gruvi_stdio_t options[3]);

/* Close our copies of the process's ends, once it has its own. */
void gruvi__stdio_close_ends(struct gruvi__stdio *stdio);

void gruvi__stdio_close(struct gruvi__stdio *stdio);

#endif
