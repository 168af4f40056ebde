/* SPDX-License-Identifier: MIT */
/* The rules of the trace event format, as far as gruvid uses it. */
#ifndef TESTS_DAEMON_TRACE_SCHEMA_H
#define TESTS_DAEMON_TRACE_SCHEMA_H

#include <jansson.h>

/*
 * Fail unless events are what Perfetto and chrome://tracing read as they are
 * meant: each has its members by its phase, each thread has one name, and
 * complete events of a thread lie within each other, or apart.
 *
 * Returns how many complete events there are.
 */
unsigned check_trace(const json_t *events);

#endif
