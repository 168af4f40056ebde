/* SPDX-License-Identifier: MIT */
/*
 * A plan carried out: all of it, or nothing.
 *
 *   prepare   bind what is new, start it beside what runs, reconfigure
 *   commit    new generations accept, old ones retire
 *   undo      in reverse order, up to where prepare came
 *
 * Context of all here: root fiber of the first hub, switchpoint.
 */
#ifndef GRUVID_PREPARE_H
#define GRUVID_PREPARE_H

#include "run/plan.h"

struct gruvid__daemon;

/*
 * Do what may fail.
 *
 *   stage  called before each part of the work, with what it is: static text
 *
 * Returns 0: commit has to follow.
 * Errors:  the first that came up; UV_ECANCELED: a stop was asked for.  Logged;
 *          undo has to follow.
 */
GRUVI_SWITCHPOINT int gruvid__plan_prepare(
    struct gruvid__daemon *daemon, struct gruvid__plan *plan,
    void (*stage)(struct gruvid__daemon *daemon, const char *what));

GRUVI_SWITCHPOINT void gruvid__plan_undo(struct gruvid__daemon *daemon,
                                         struct gruvid__plan *plan);

/* Logs a line for each section that has changed. */
GRUVI_SWITCHPOINT void gruvid__plan_commit(struct gruvid__daemon *daemon,
                                           struct gruvid__plan *plan);

#endif
