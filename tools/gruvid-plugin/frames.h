/* SPDX-License-Identifier: MIT */
/* A look for frame pointers in a plugin's file. */
#ifndef GRUVID_PLUGIN_FRAMES_H
#define GRUVID_PLUGIN_FRAMES_H

#include <stdbool.h>

#include "module/image.h"

/*
 * Whether no function of a file keeps a frame pointer, although some have
 * frames.  It is told by the tables for exceptions, which also a stripped file
 * has.  false where that cannot be told: without such tables, and for other
 * processors than x86-64 and AArch64.
 */
bool frames_lack_pointers(const struct gruvid__image *image);

#endif
