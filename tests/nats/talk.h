/* SPDX-License-Identifier: MIT */
/* Clients of tests/daemon/plugins/talks.c, which calls gruvid/bus.h. */
#ifndef TESTS_NATS_TALK_H
#define TESTS_NATS_TALK_H

#include "nats/bus.h"

/* Its section. */
#define TALKS "[plugin talks]\nlisten = tcp://127.0.0.1:0\n"

/* JetStream, in the folder of the server. */
#define STORE "jetstream { store_dir: js }\n"

/* Bring the plugin; once a test. */
void talk_prepare(void);

/* gruvid with it and lines of the section nats, connected. */
struct gruvid *talk_begin(const struct bus_server *server, const char *lines);

/* A client, which lives until its gruvid is stopped or left. */
int talk_to(struct gruvid *g);

/* Send a line, and compare the answer, which may have several lines. */
void says(int fd, const char *line, const char *answer);

/* The same without a line: the answer to one that was sent. */
void says_then(int fd, const char *answer);

/* Close its clients; and stop it. */
void talk_leave(const struct gruvid *g);
void talk_stop(struct gruvid *g);

/* Ask the API of JetStream, "STREAM.INFO.S", and return the answer, in static
 * memory. */
const char *talk_api(const struct bus_server *server, const char *what,
                     const char *text);

#endif
