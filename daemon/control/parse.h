/* SPDX-License-Identifier: MIT */
/* A line of a client as JSON. */
#ifndef GRUVID_CONTROL_PARSE_H
#define GRUVID_CONTROL_PARSE_H

#include <stddef.h>

#include <jansson.h>

/*
 * Read a line.
 *
 *   line, length  any bytes
 *   why           where to put a sentence about what is wrong
 *
 * Returns an object that the caller owns, or NULL.
 * Context: any thread.
 */
json_t *gruvid__control_parse(const char *line, size_t length, char *why,
                              size_t why_size);

#endif
