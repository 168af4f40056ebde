/* SPDX-License-Identifier: MIT */
/* The gruvid that is tested, for what the script does with it. */
#ifndef GRUVID_TEST_LIFE_H
#define GRUVID_TEST_LIFE_H

#include <gruvi.h>

#include "run/state.h"

/* NULL: it has not begun. */
extern struct gruvid__daemon *daemon_here;

/* The address of the plugin. */
const char *plugin_address(void);

/* The current generation, or NULL. */
gruvid_plugin_t *current_plugin(void);

/* Add an option for the next reload; take the last back. */
bool add_option(const char *text);
void drop_option(void);

/* The test ends early: its other fibers are cancelled. */
void cut_short(void);

/* Ask for the stop. */
void ask_to_stop(void);

#endif
