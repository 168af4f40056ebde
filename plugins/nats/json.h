/* SPDX-License-Identifier: MIT */
/* JSON of a server, or of whoever else has answered. */
#ifndef NATS_JSON_H
#define NATS_JSON_H

#include <stddef.h>

#include <jansson.h>

/* The most levels of objects and arrays. */
#define NATS_JSON_LEVELS 32

/*
 * Read a value.  NULL: it is not JSON, or has too many levels, which error
 * says; without a text in it there was no memory.
 */
json_t *nats_json_load(const char *text, size_t size, json_error_t *error);

#endif
