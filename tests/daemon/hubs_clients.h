/* SPDX-License-Identifier: MIT */
/* Clients of the plugin spread, which tells the hub of each connection. */
#ifndef TESTS_DAEMON_HUBS_CLIENTS_H
#define TESTS_DAEMON_HUBS_CLIENTS_H

#include "daemon/run_gruvid.h"

#define HUBS(n) "[gruvid]\nhubs = " #n "\n"
#define SPREAD  "[plugin spread]\nlisten = tcp://127.0.0.1:0\n"

/* In hub 2, because the first plugin is in hub 1. */
#define SECOND "[plugin first]\nmodule = trial\n[plugin trial]\n"

/* A connection that was greeted. */
struct place {
    int fd, hub, thread;
};

/* Read the greeting. */
struct place read_place(int fd);

/* Connect to the first port of gruvid, and be greeted. */
struct place connect_place(struct gruvid *g);

/* Connect until a connection is in this hub; the others are closed. */
struct place connect_hub(struct gruvid *g, int hub);

/* Send text, and expect it back. */
void echo_place(const struct place *place, const char *text);

/* Keep the hub's thread busy until the place is closed. */
void hold_place(const struct place *place);

#endif
