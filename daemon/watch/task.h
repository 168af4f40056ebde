/* SPDX-License-Identifier: MIT */
/* What a thread of this process does, as the kernel sees it. */
#ifndef GRUVID_WATCH_TASK_H
#define GRUVID_WATCH_TASK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

enum gruvid__doing {
    GRUVID__RUNS,   /* on a processor, or ready to */
    GRUVID__CALLS,  /* stands still in a system call */
    GRUVID__FAULTS, /* stands still elsewhere: waits for a page */
    GRUVID__HALTED, /* by a debugger, or by a signal */
    GRUVID__UNKNOWN /* the kernel does not say, or there is no such thread */
};

struct gruvid__task {
    enum gruvid__doing doing;
    long call;        /* GRUVID__CALLS: its number */
    uint64_t arg;     /* and first argument */
    uintptr_t sp, pc; /* valid where it stands still */
};

/* Context of all here: any thread. */
void gruvid__task_look(pid_t tid, struct gruvid__task *task);

/* Nanoseconds that it has been ready and had no processor, ever; 0: not known.
 */
uint64_t gruvid__task_starved(pid_t tid);

/* The name of a system call; NULL: not known here. */
const char *gruvid__call_name(long call);

/* Whether its first argument is a descriptor. */
bool gruvid__call_has_fd(long call);

/* Whether it waits for events as a loop does. */
bool gruvid__call_polls(long call);

#endif
