/* SPDX-License-Identifier: MIT */
/*
 * The thread that watches the hubs.
 *
 * A hub whose turn takes too long is named in the log, with plugin, fiber and
 * stack.  A hub that does not turn any more when gruvid stops does not keep it
 * from ending.  The service manager is told that all is well only while every
 * hub turns.
 */
#ifndef GRUVID_WATCH_H
#define GRUVID_WATCH_H

#include <stdbool.h>

#include "hub/hubs.h"
#include "instance/instance.h"

struct gruvid__watch_options {
    double stall_warning;  /* seconds that a turn may take; 0: no limit */
    bool abort;            /* after the line, end with SIGABRT */
    bool ignore_interrupt; /* SIGINT does not stop gruvid */
    double drain_timeout;  /* seconds */
    double cancel_timeout;
    int exit_status; /* of a stop that leaves a hub behind */
};

/*
 * Begin to watch.
 *
 *   hubs, instances, leader  exist until gruvid__watch_close()
 *
 * Returns 0.
 * Errors:  UV_EAGAIN and others, of the thread.
 * Context: main thread.
 */
int gruvid__watch_open(struct gruvid__hubs *hubs,
                       struct gruvid__instances *instances,
                       const struct gruvid__watch_options *options);

/* From now on other limits hold.  Context: any thread, after the opening. */
void gruvid__watch_set(const struct gruvid__watch_options *options);

/* Also where it was not opened.  Context: any thread but the watching one. */
void gruvid__watch_close(void);

/* Log, as errors, who keeps each hub that is marked as stuck.  Context: main
 * thread, when nothing is watched any more. */
void gruvid__watch_report_stuck(const struct gruvid__hubs *hubs,
                                struct gruvid__instances *instances);

#endif
