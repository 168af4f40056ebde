/* SPDX-License-Identifier: MIT */
/* Numbered messages, and what the plugin worker has written of them. */
#ifndef TESTS_NATS_DONE_H
#define TESTS_NATS_DONE_H

#include "nats/stream.h"

/* Have the plugin there, and the section for it, in static memory. */
const char *worker_section(const struct bus_server *server);

/* Store messages with the numbers first to last - 1, all at once, and wait
 * until each is stored. */
void numbers_store(struct bus *bus, unsigned first, unsigned last);

/* Make a file in the server's folder.  "done.gate" lets the work go on that
 * waits for it. */
void file_make(const struct bus_server *server, const char *name);

/* How many lines there are so far, and wait for that many. */
unsigned done_lines(const struct bus_server *server);
void done_has(const struct bus_server *server, unsigned lines);

/*
 * Each number from 0 to n - 1 has to be there.
 *
 * Returns how many are there more than once.
 */
unsigned done_again(const struct bus_server *server, unsigned n);

#endif
