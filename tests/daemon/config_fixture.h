/* SPDX-License-Identifier: MIT */
/* A folder of its own for each test, with a gruvid.conf in it. */
#ifndef TESTS_DAEMON_CONFIG_FIXTURE_H
#define TESTS_DAEMON_CONFIG_FIXTURE_H

#include "config/internal.h"

#define N(array) (sizeof(array) / sizeof *(array))

extern char folder[];
extern char path[64];            /* folder/gruvid.conf */
extern char other[64];           /* folder/other */
extern gruvid__config_t *config; /* freed with the folder */

/* A checked fixture.  Nothing but the two files may be left in the folder. */
void open_folder(void);
void close_folder(void);

void write_file(const char *name, const char *text, size_t length);

/* Into config, which must be free. */
void load_file(const char *name);

/* Write text to path and load it. */
void load(const char *text);

/* What is printed, until the next call; the folder is left out. */
const char *mistakes(void);

/* Take the first plugin's section through the second step. */
gruvid__section_t *plugin(const gruvid_option_t *options);

#endif
