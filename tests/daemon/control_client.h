/* SPDX-License-Identifier: MIT */
/* Clients of the control socket of a gruvid that runs. */
#ifndef TESTS_DAEMON_CONTROL_CLIENT_H
#define TESTS_DAEMON_CONTROL_CLIENT_H

#include "daemon/run_gruvid.h"

/* The line of a section [gruvid] that gives it one. */
#define CONTROL "[gruvid]\ncontrol = @DIR@/control.sock\n"

/* Connect. */
int connect_control(struct gruvid *g);

/* The next line, without its end, in static memory; NULL: the end. */
const char *read_answer(int fd);

/* Send a line, to which the end is added, and read one. */
const char *ask(int fd, const char *line);

/* The same on a connection of its own. */
const char *ask_once(struct gruvid *g, const char *line);

/* Fail unless an answer contains text. */
void expect_answer(const char *answer, const char *text);

#endif
