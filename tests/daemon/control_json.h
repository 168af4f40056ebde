/* SPDX-License-Identifier: MIT */
/* Answers of the control socket as values. */
#ifndef TESTS_DAEMON_CONTROL_JSON_H
#define TESTS_DAEMON_CONTROL_JSON_H

#include <jansson.h>

#include "daemon/control_client.h"

/* Send a request, and read its answer to the end: one object, in which the
 * arrays of all pieces are joined.  The caller owns it. */
json_t *ask_json(int fd, const char *line);

/* The same on a connection of its own. */
json_t *ask_json_once(struct gruvid *g, const char *line);

/* The first element of an array of objects that has this member; else the test
 * fails. */
json_t *find_element(const json_t *answer, const char *array,
                     const char *member, const char *text);

/* Members; the test fails where they are absent. */
const char *text_of(const json_t *object, const char *member);
json_int_t whole_of(const json_t *object, const char *member);

#endif
