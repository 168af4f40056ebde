/* SPDX-License-Identifier: MIT */
/* A word about the module that is being opened when the process ends. */
#ifndef GRUVID_MODULE_OPENING_H
#define GRUVID_MODULE_OPENING_H

/* Said when an exit by that thread ends the process. */
#define GRUVID__OPENING_EXITS                                                  \
    "code that runs when this plugin is loaded has ended gruvid"

/* From here on, an end of the process by this thread names this file.  One
 * thread at a time.  Borrowed. */
void gruvid__opening_begin(const char *path);

void gruvid__opening_end(void);

#endif
