/* SPDX-License-Identifier: MIT */
/* Edits of the files in a folder. */
#ifndef GRUVID_PLUGIN_SOURCES_H
#define GRUVID_PLUGIN_SOURCES_H

#include <stdint.h>

/* A number for the sources, makefiles and configurations in this folder and
 * below, without hidden ones: another number means that there was an edit. */
uint64_t sources_digest(void);

#endif
