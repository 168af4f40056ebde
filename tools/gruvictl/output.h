/* SPDX-License-Identifier: MIT */
/* Standard output, and what becomes of it. */
#ifndef GRUVICTL_OUTPUT_H
#define GRUVICTL_OUTPUT_H

#include <stdbool.h>

/* Before anything is opened or printed.  False: that is not possible, and was
 * said. */
bool output_begin(void);

/* Write the rest.  False: some of it, or of what was said to stderr, is lost;
 * says on stderr why. */
bool output_end(void);

#endif
