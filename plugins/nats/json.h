/* SPDX-License-Identifier: MIT */
/* JSON of a server, or of another client that has answered. */
#ifndef NATS_JSON_H
#define NATS_JSON_H

#include <stddef.h>

#include <jansson.h>

/* The most levels of objects and arrays: of an answer; of an object that holds
 * no other. */
#define NATS_JSON_LEVELS 32
#define NATS_JSON_FLAT   1

/*
 * Read a value.  NULL: it is not JSON, or has too many levels, which error
 * says; without a text in it there was no memory.  error may be NULL.
 */
json_t *nats_json_load(const char *text, size_t size, size_t levels,
                       json_error_t *error);

/* Room for what a server says of an error. */
#define NATS_SAYS 160

/* Codes of errors. */
#define NATS_NO_STREAM   10059
#define NATS_NO_CONSUMER 10014

/* What a server has refused. */
struct nats_refusal {
    int code; /* 0: none, or it has none */
    char says[NATS_SAYS];
};

/* Read the error of an answer. */
void nats_refusal_read(struct nats_refusal *refusal, const json_t *error);

#endif
