/* SPDX-License-Identifier: MIT */
/* Who keeps a thread: plugin, generation, fiber, what it does, its stack. */
#ifndef GRUVID_WATCH_CULPRIT_H
#define GRUVID_WATCH_CULPRIT_H

#include <stdbool.h>
#include <stdint.h>

#include <gruvi/inspect.h>

#include "instance/instance.h"
#include "watch/task.h"
#include "watch/text.h"

struct gruvid__culprit {
    const void *shard; /* to compare with, not to look at; NULL: no plugin's */
    uint64_t generation; /* of the plugin */
    char plugin[40], fiber[32];
    const gruvi__module_t *module; /* the plugin's; NULL: not known, or there
                                      is none */
    gruvi__frames_t frames;
    struct gruvid__task task; /* what its thread does */
};

/*
 * Fill in all but the task, of what a signal has interrupted.
 *
 * Context: handler of a signal.
 */
void gruvid__culprit_here(struct gruvid__culprit *culprit,
                          const void *ucontext);

/*
 * Find out who keeps a hub that does not turn.  A thread that runs is asked by
 * a signal.  A thread in a system call is looked at from here: a signal would
 * end the call.
 *
 * Context: a thread without a hub, one at a time.
 */
void gruvid__culprit_find(struct gruvid__culprit *culprit,
                          const struct gruvid__hub *hub,
                          struct gruvid__instances *instances);

/* "plugin trial, generation 1, fiber worker", or "code of plugin trial" where
 * no fiber of it runs.  Context: also handlers. */
void gruvid__text_culprit(struct gruvid__text *text,
                          const struct gruvid__culprit *culprit);

/* "computing", or "in read of descriptor 7 (pipe:[815])".
 * Context: not in a handler. */
void gruvid__text_doing(struct gruvid__text *text,
                        const struct gruvid__task *task);

/* "; stack: A < B; trial.so is build 01ab".  Context: also handlers. */
void gruvid__text_where(struct gruvid__text *text,
                        const struct gruvid__culprit *culprit);

#endif
