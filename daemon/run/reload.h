/* SPDX-License-Identifier: MIT */
/*
 * The reload: the configuration is read again, and what has changed is taken,
 * or nothing of it.
 *
 *   asked for --> waiting --> [read, prepare, commit or undo] --> answered
 *
 * Each caller gets the answer of a reload that began after it has asked:
 * requests that wait for the same share one reload, and a request that comes
 * once files are being read waits for the next.
 *
 * The leader does the work.  Asking is for fibers and callbacks of the first
 * hub; a caller that has gone stops nothing.
 */
#ifndef GRUVID_RELOAD_H
#define GRUVID_RELOAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include <uv.h>

#include "config/config.h"
#include "module/load.h"

struct gruvid__daemon;
struct gruvid__reload_request;
struct gruvid__report;

/* What has become of a reload. */
struct gruvid__reload_report {
    uint64_t number;      /* from 1 */
    struct timespec when; /* it began; CLOCK_REALTIME */
    double seconds;       /* it took */
    const char *by;       /* whoever asked first, as given */
    const char *restart;  /* the plugin to be made anew; NULL: none */
    bool ok;

    /* Lines without their end.  Reasons: why it failed, none where it is ok.
     * Notes: what was not taken and needs a restart. */
    const char *const *reasons, *const *notes;
    size_t n_reasons, n_notes;
};

/*
 * Called when a reload is over, in the first hub.  It may not switch.
 *
 *   report  valid during the call
 */
typedef void gruvid__reload_fn(void *arg,
                               const struct gruvid__reload_report *report);

/*
 * Ask for a reload.
 *
 *   by       who asks, for the log and for status: "SIGHUP", "uid 0"; copied
 *   restart  the name of a plugin that gets a new generation whatever has
 *            changed; NULL: none; copied
 *   done     called once, unless this fails; NULL: nobody waits
 *
 * Returns 0.
 * Errors:  UV_ESHUTDOWN: gruvid stops; UV_ENOENT: no such plugin runs;
 *          UV_ENOMEM.
 * Context: the first hub; no switchpoint.
 */
int gruvid__reload_ask(struct gruvid__daemon *daemon, const char *by,
                       const char *restart, gruvid__reload_fn *done, void *arg);

/* The last reload that is over; NULL: there was none.  Valid until the next is
 * over.  Context: the first hub. */
const struct gruvid__reload_report *
gruvid__reload_last(const struct gruvid__daemon *daemon);

/* What a reload does just now, "reads the configuration"; NULL: there is none.
 * Static text.  Context: the first hub. */
const char *gruvid__reload_stage(const struct gruvid__daemon *daemon);

/* --- for the leader ------------------------------------------------------- */

struct gruvid__reloads {
    struct gruvid__reload_request *first; /* that wait, in order */
    struct gruvid__report *last;          /* NULL: none */
    const char *stage;                    /* NULL: none runs */
    uv_timer_t timer;                     /* tells the service manager */
    bool has_timer;
    uint64_t count; /* that have begun */
};

/* Forget all; those that wait are told that gruvid stops. */
GRUVI_SWITCHPOINT void gruvid__reloads_close(struct gruvid__daemon *daemon);

/*
 * Do the reloads that were asked for.
 *
 * Context: root fiber of the first hub, switchpoint.
 */
GRUVI_SWITCHPOINT void gruvid__reload_all(struct gruvid__daemon *daemon);

#endif
