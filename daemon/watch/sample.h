/* SPDX-License-Identifier: MIT */
/*
 * A thread is asked for its stack by a signal, SIGURG: by default it does
 * nothing, so that it is harmless where a plugin has taken the handler away.
 */
#ifndef GRUVID_WATCH_SAMPLE_H
#define GRUVID_WATCH_SAMPLE_H

#include <stdbool.h>
#include <sys/types.h>

struct gruvid__culprit;

/* Install the handler.  Context: main thread. */
void gruvid__sample_open(void);

/* Whether the handler is ours. */
bool gruvid__sample_works(void);

/*
 * Ask a thread that runs.
 *
 * Returns false where it does not answer soon: nothing is filled in.
 * Context: one thread at a time.
 */
bool gruvid__sample(pid_t tid, struct gruvid__culprit *culprit);

#endif
