/* SPDX-License-Identifier: MIT */
/* Whether a plugin was compiled so that large frames hit a guard: clash.c. */
#ifndef GRUVID_MODULE_CLASH_H
#define GRUVID_MODULE_CLASH_H

#include <stdbool.h>

/* Whether the file says that some of it was compiled by gcc without
 * -fstack-clash-protection.  False also where nothing is to be seen. */
bool gruvid__clash_seen(const char *path);

#endif
