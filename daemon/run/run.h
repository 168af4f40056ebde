/* SPDX-License-Identifier: MIT */
/* gruvid at work. */
#ifndef GRUVID_RUN_H
#define GRUVID_RUN_H

#include <stdbool.h>

#include "config/config.h"
#include "module/load.h"
#include "run/attend.h"
#include "run/read.h"

/*
 * Run until asked to stop.
 *
 *   source     what a reload reads again
 *   config     what was read there, without mistakes; it may be freed once this
 *              returns
 *   modules    all that the configuration names are open
 *   attendant  what looks after gruvid meanwhile; NULL: nothing
 *   verbose    log everything
 *
 * Returns the status to exit with; ends the process itself where fibers had to
 * be abandoned.
 */
GRUVI_SWITCHPOINT int gruvid__run(const struct gruvid__source *source,
                                  gruvid__config_t *config,
                                  struct gruvid__modules *modules,
                                  const struct gruvid__attendant *attendant,
                                  bool verbose);

#endif
