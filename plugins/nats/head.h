/* SPDX-License-Identifier: MIT */
/*
 * The head of a message, as it is sent:
 *
 *   NATS/1.0 [status [text]]
 *   Name: value
 *
 * and an empty line, all with "\r\n".  Names are tokens of HTTP, as handlers
 * know them.
 */
#ifndef NATS_HEAD_H
#define NATS_HEAD_H

#include <stdbool.h>
#include <stddef.h>

#include <gruvid/request.h>

/* The most fields of a head, and the most bytes. */
#define NATS_FIELDS     100
#define NATS_HEAD_BYTES 32768

/*
 * Read a head.
 *
 *   block   its bytes, which get zeros behind names and values
 *   fields  NATS_FIELDS of them, which point into block
 *   status  of the first line; 0: it has none
 *
 * Returns the number of fields.
 * Errors:  UV_EPROTO (malformed), UV_E2BIG.
 */
int nats_head_parse(char *block, size_t size, gruvid_header_t *fields,
                    int *status);

/* The status of the first line; 0: it has none; negative: it is malformed. */
int nats_head_status(const char *block, size_t size);

/* Whether text is a token, and a value: no control bytes but tabs, and no
 * blanks around it. */
bool nats_is_name(const char *text, size_t size);
bool nats_is_value(const char *text, size_t size);

/* Whether text is a path as in a request of HTTP: absolute, without blanks. */
bool nats_is_path(const char *text);

/* Whether a name begins with Gruvid- or Nats-: none of a handler's does. */
bool nats_is_ours(const char *name);

/* Drop the fields with such a name; returns how many are left. */
size_t nats_head_drop(gruvid_header_t *fields, size_t n,
                      bool (*is_ours)(const char *name));

#endif
