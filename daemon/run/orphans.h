/* SPDX-License-Identifier: MIT */
/* Process 1 inherits orphans, and reaps them: see orphans.c. */
#ifndef GRUVID_ORPHANS_H
#define GRUVID_ORPHANS_H

#include <stddef.h>

#include <gruvi/switchpoint.h>
#include <uv.h>

struct gruvid__orphan;

struct gruvid__orphans {
    uv_timer_t tick;
    struct gruvid__orphan *seen; /* children that have ended, n of them */
    size_t n;
};

/* Context: root fiber. */
void gruvid__orphans_open(struct gruvid__orphans *orphans, uv_loop_t *loop);

/* A child has ended.  Context: hub callback. */
void gruvid__orphans_look(struct gruvid__orphans *orphans);

/* Context: root fiber, switchpoint. */
GRUVI_SWITCHPOINT void gruvid__orphans_close(struct gruvid__orphans *orphans);

#endif
