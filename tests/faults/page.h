/* SPDX-License-Identifier: MIT */
/* The table of gruvi-faults(7): what may come of a call that fails. */
#ifndef TESTS_FAULTS_PAGE_H
#define TESTS_FAULTS_PAGE_H

#include <stdbool.h>

#include "faults/sweep.h"

/* Read the page; false: there is none. */
bool page_read(void);

/* What the row of a call and an error ("EMFILE") says: fault_effect, or'ed; 0:
 * the call is not made there; -1: there is no row, or more than one. */
int page_effects(const char *call, const char *error, enum fault_column column);

/* Print the rows of a column that nobody has asked for; returns how many. */
unsigned page_left(enum fault_column column);

#endif
