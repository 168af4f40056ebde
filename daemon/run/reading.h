/* SPDX-License-Identifier: MIT */
/* The configuration read again, in a thread of its own. */
#ifndef GRUVID_READING_H
#define GRUVID_READING_H

#include "config/config.h"

struct gruvid__daemon;

/*
 * Read the configuration as at a start, while all hubs go on: files may be slow
 * to come, and a module takes a while to open.
 *
 *   config  the result: without mistakes; NULL on failure
 *
 * Returns 0.
 * Errors:  UV_EINVAL: there are mistakes; UV_ECANCELED: a stop was asked for
 *          meanwhile; UV_ENOMEM, UV_EAGAIN.  Logged, one line a mistake.
 * Context: root fiber of the first hub, switchpoint.
 */
GRUVI_SWITCHPOINT int gruvid__read_again(struct gruvid__daemon *daemon,
                                         gruvid__config_t **config);

#endif
