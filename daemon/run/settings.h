/* SPDX-License-Identifier: MIT */
/* Settings of gruvid itself that a reload takes: log, pools, limits, timeouts.
 * Context of all here: root fiber of the first hub. */
#ifndef GRUVID_SETTINGS_H
#define GRUVID_SETTINGS_H

#include "config/config.h"
#include "log/sink.h"

struct gruvid__daemon;

/*
 * Do what may fail: open the target of the log.
 *
 * Returns 0.
 * Errors:  of open(); logged.
 */
int gruvid__settings_prepare(struct gruvid__daemon *daemon,
                             gruvid__config_t *config);

void gruvid__settings_undo(void);

/* Take them, in place of those of daemon->config.  Switchpoint. */
GRUVI_SWITCHPOINT void gruvid__settings_commit(struct gruvid__daemon *daemon,
                                               gruvid__config_t *config);

/* The level of the log, of a configuration and of -v. */
void gruvid__settings_log_level(gruvid__config_t *config, bool verbose);

/* How lines of the log look. */
enum gruvid__log_style gruvid__settings_log_style(gruvid__config_t *config);

#endif
