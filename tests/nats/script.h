/* SPDX-License-Identifier: MIT */
/* A server of NATS that the test itself plays, line by line. */
#ifndef TESTS_NATS_SCRIPT_H
#define TESTS_NATS_SCRIPT_H

struct script {
    int listening, fd;
    char line[70000];
};

/* Listen at a port; end all. */
struct script *script_begin(int port);
void script_end(struct script *script);

/* Wait for the next connection, in place of the one before; the same, and let
 * it log in. */
void script_next(struct script *script);
void script_log_in(struct script *script);

/* The next line, with its end; it lives until the next call. */
const char *script_line(struct script *script);

void script_send(struct script *script, const char *text);

#endif
