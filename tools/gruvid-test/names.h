/* SPDX-License-Identifier: MIT */
/* Names of functions in a report. */
#ifndef GRUVID_TEST_NAMES_H
#define GRUVID_TEST_NAMES_H

#include <stdio.h>

/* Print a text in which "NAME.so+0x12" of the plugin becomes
 * "function (file.c:30)" where its file says so. */
void names_print(FILE *out, const char *text);

#endif
