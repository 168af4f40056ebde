/* SPDX-License-Identifier: MIT */
/*
 * What looks after gruvid from a higher room while it runs: the control socket.
 * run.c calls it at the turning points.  Context of all: root fiber of the
 * first hub, switchpoint.
 */
#ifndef GRUVID_ATTEND_H
#define GRUVID_ATTEND_H

#include <gruvi/switchpoint.h>

struct gruvid__daemon;

struct gruvid__attendant {
    /* Take addresses, before gruvid becomes its user.  A negative code, which
     * was logged, ends the start. */
    GRUVI_SWITCHPOINT int (*bind)(struct gruvid__daemon *daemon);

    /* Begin, as that user.  A negative code, which was logged, ends the start.
     */
    GRUVI_SWITCHPOINT int (*begin)(struct gruvid__daemon *daemon);

    /*
     * Everything else has ended; end as well.  Called after each start, also
     * after one that has failed.
     *
     *   status  that gruvid is about to exit with
     */
    GRUVI_SWITCHPOINT void (*end)(struct gruvid__daemon *daemon, int status);
};

#endif
