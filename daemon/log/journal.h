/* SPDX-License-Identifier: MIT */
/* The socket of systemd's journal, which takes a record as a datagram. */
#ifndef GRUVID_LOG_JOURNAL_H
#define GRUVID_LOG_JOURNAL_H

#include <stdbool.h>

/* Whether stderr is the journal: systemd says so to what it starts. */
bool gruvid__journal_is_stderr(void);

/*
 * Connect to the socket.
 *
 * Returns a descriptor above 2, or an error: then lines to stderr reach the
 * journal, without fields.
 */
int gruvid__journal_open(void);

#endif
