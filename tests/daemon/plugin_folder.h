/* SPDX-License-Identifier: MIT */
/* gruvid with plugins of the project and those of tests, in one folder. */
#ifndef TESTS_DAEMON_PLUGIN_FOLDER_H
#define TESTS_DAEMON_PLUGIN_FOLDER_H

#include "daemon/run_gruvid.h"

/* A checked fixture: http and metrics, and bring, trial, spread, answers. */
void open_plugins(void);
void close_plugins(void);

/* gruvid_ready() with that folder; env may be NULL. */
struct gruvid *ready_with_plugins(const char *config, const char *const *env);

#endif
