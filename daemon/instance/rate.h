/* SPDX-License-Identifier: MIT */
/*
 * Lines that anyone who connects can cause.  Of lines of one kind and code the
 * first is logged at once; then, as long as there are more, a line a second
 * with the last of them says how many there were.
 */
#ifndef GRUVID_RATE_H
#define GRUVID_RATE_H

#include <stdbool.h>
#include <stdint.h>

#include <gruvi/log.h>
#include <gruvi/switchpoint.h>
#include <uv.h>

struct gruvid__shard;

enum gruvid__rate_kind {
    GRUVID__RATE_CONNECTION,
    GRUVID__RATE_HANDSHAKE,
    GRUVID__RATE_PROXY,
    GRUVID__RATE_FIBER,
    GRUVID__RATE_ACCEPT,
    GRUVID__RATE_REQUEST
};

#define GRUVID__RATES 8

struct gruvid__rate {
    uv_timer_t timer; /* runs while there is something to tell */
    bool has_timer;
    struct {
        enum gruvid__rate_kind kind;
        int code;
        gruvi_log_level_t level;
        bool open;     /* a line was logged less than a second ago */
        uint64_t more; /* since then */
        char text[256];
    } entries[GRUVID__RATES];
    unsigned n;
};

/* Log a line about a shard.  Context: the thread of its hub, as for all here.
 */
void gruvid__rate_log(struct gruvid__shard *shard, enum gruvid__rate_kind kind,
                      int code, gruvi_log_level_t level, const char *format,
                      ...) __attribute__((format(printf, 5, 6)));

/* Tell what was not told.  Context: a fiber, switchpoint. */
GRUVI_SWITCHPOINT void gruvid__rate_close(struct gruvid__shard *shard);

#endif
