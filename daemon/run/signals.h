/* SPDX-License-Identifier: MIT */
/* What signals do to gruvid. */
#ifndef GRUVID_SIGNALS_H
#define GRUVID_SIGNALS_H

#include <stdbool.h>

#include <gruvi.h>

#include "run/orphans.h"

struct gruvid__daemon;

struct gruvid__signals {
    gruvi_signal_t *watcher; /* NULL: closed */
    bool is_first_process;
    struct gruvid__orphans orphans; /* where it is */
};

/*
 * Listen to signals; as process 1, also reap orphans.  SIGINT is the hub's.
 *
 * Returns 0.
 * Errors:  those of gruvi_signal_open().
 * Context: root fiber.
 */
int gruvid__signals_open(struct gruvid__daemon *daemon);

/*
 * Listen no more: all but SIGINT is ignored from here on.
 *
 * Context: root fiber, switchpoint.
 */
GRUVI_SWITCHPOINT void gruvid__signals_close(struct gruvid__daemon *daemon);

#endif
