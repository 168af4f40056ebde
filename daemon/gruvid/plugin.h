/* SPDX-License-Identifier: MIT */
/* The interface between gruvid and its plugins. */
#ifndef GRUVID_PLUGIN_H
#define GRUVID_PLUGIN_H

#include <gruvi.h>

/*
 * The number of this interface.  Its history:
 *   1.0  the first one
 */
#define GRUVID_ABI_MAJOR 1
#define GRUVID_ABI_MINOR 0

#endif
