/* SPDX-License-Identifier: MIT */
/* The log, kept in memory. */
#ifndef GRUVID_TEST_LINES_H
#define GRUVID_TEST_LINES_H

#include <stdbool.h>

#include <gruvi/switchpoint.h>

/* Keep lines from now on, and let them through to gruvid's own log; no more. */
void lines_begin(void);
void lines_end(void);

/*
 * Wait for another line.
 *
 * Returns 0, UV_ETIMEDOUT or UV_ECANCELED.
 * Context: fiber, switchpoint.
 */
GRUVI_SWITCHPOINT int lines_wait(double timeout);

/* Whether there is a line with this text behind the last that was found; the
 * next search begins behind it. */
bool lines_find(const char *text);

/* Tell the last lines. */
void lines_tell(void);

#endif
