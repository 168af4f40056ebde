/* SPDX-License-Identifier: MIT */
/* Text of an answer, made fit for a terminal. */
#ifndef GRUVICTL_TEXT_H
#define GRUVICTL_TEXT_H

#include <stddef.h>
#include <stdio.h>

/*
 * A copy in which every character has a place on the screen: others are written
 * as \xNN, a byte each.
 *
 *   width  set to the columns that it takes; may be NULL
 *
 * Returns memory that the caller owns.  Without memory gruvictl ends.
 */
char *safe_text(const char *text, size_t *width);

/* Print such text; cut it, and say so by a mark, where it has more columns. */
void print_cut(FILE *out, const char *safe, size_t width, size_t most);

/* Print text of any origin. */
void print_safe(FILE *out, const char *text);

/* Memory, or the end of gruvictl. */
void *need(void *memory);

#endif
