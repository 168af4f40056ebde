/* SPDX-License-Identifier: MIT */
/* A first opening of a module in a process of its own. */
#ifndef GRUVID_MODULE_TRIAL_H
#define GRUVID_MODULE_TRIAL_H

#include <stddef.h>

/*
 * Open a module in another process, by "PROGRAM --describe NAME", to see what
 * the code does that runs when it is loaded.
 *
 *   program  a gruvid; NULL: do nothing
 *   dir      the folder of the module
 *   name     its name
 *   seconds  how long that may take
 *   why      where to put a sentence about a failure
 *
 * Returns 0: it ended well, or nothing was learned.
 * Errors:  UV_EINVAL: it crashes, ends the process, or takes too long.
 * Context: any thread; it waits.
 */
int gruvid__trial(const char *program, const char *dir, const char *name,
                  double seconds, char *why, size_t why_size);

#endif
