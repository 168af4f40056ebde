/* SPDX-License-Identifier: MIT */
/* gruvid --run FILE [ADDRESS]...: a plugin without a configuration file. */
#ifndef GRUVID_SINGLE_H
#define GRUVID_SINGLE_H

#include "cli.h"
#include "module/load.h"

/*
 * Put what --run means in front of the -o options of a command line, so that
 * those win.
 *
 *   cli      of --run, with its file and addresses
 *   modules  gets the plugin's module: only the module says whether it takes
 *            connections, and so needs an address
 *
 * Returns 0, or the status to exit with; a mistake is printed to stderr.
 */
int gruvid__single(struct gruvid__cli *cli, struct gruvid__modules *modules);

#endif
