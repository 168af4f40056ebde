/* SPDX-License-Identifier: MIT */
/* Bodies that were compressed. */
#ifndef TESTS_HTTP_DECODE_H
#define TESTS_HTTP_DECODE_H

#include <stddef.h>

/* The codings that are built in; ended by NULL. */
extern const char *const decode_codings[];

/*
 * Undo a coding.
 *
 *   coding  "gzip", "zstd"
 *   size    of data; then of what is returned
 *   whole   whether data has to have an end; else it is a beginning, which ends
 *           where it was flushed
 *
 * Returns memory for free(), with a zero byte behind it.  What is no such
 * coding fails the test.
 */
char *decode(const char *coding, const char *data, size_t *size, int whole);

#endif
