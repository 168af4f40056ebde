/* SPDX-License-Identifier: MIT */
/* gruvid at work. */
#ifndef GRUVID_RUN_H
#define GRUVID_RUN_H

#include <stdbool.h>

#include "config/config.h"
#include "module/load.h"

/*
 * Run until asked to stop.
 *
 *   config   without mistakes
 *   modules  all that the configuration names are open
 *   verbose  log everything
 *
 * Returns the status to exit with; ends the process itself where fibers had to
 * be abandoned.
 */
int gruvid__run(gruvid__config_t *config, struct gruvid__modules *modules,
                bool verbose);

#endif
