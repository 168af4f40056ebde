/* SPDX-License-Identifier: MIT */
/* What clients say where something is not as it should be.  Context of all: a
 * fiber of theirs. */
#ifndef GRUVID_TEST_WORDS_H
#define GRUVID_TEST_WORDS_H

#include <stdarg.h>
#include <stddef.h>

/* Something is not as it should be: say so, with the place, the time and the
 * fibers; but a client that a fault has spoilt is as good as any. */
void spoil(const char *format, va_list args)
    __attribute__((format(printf, 1, 0)));

/* Seconds that a step may wait. */
double patience(void);
void set_patience(double seconds);

/* Seconds since the start. */
double elapsed(void);

/* Bytes as a script has them.  Of the last four calls it stays valid. */
const char *shown(const char *bytes, size_t n);

#endif
