/* SPDX-License-Identifier: MIT */
/* A client of HTTP that believes nothing: it reads one answer at a time. */
#ifndef TESTS_HTTP_CLIENT_H
#define TESTS_HTTP_CLIENT_H

#include <stdbool.h>
#include <stddef.h>

#include "daemon/run_gruvid.h"

struct answer {
    int status;
    unsigned interim; /* answers of 1xx before it */
    char *head;       /* its lines, with their ends */
    char *body;
    size_t size; /* of the body */
};

/* gruvid with plugins/http, whose section has these lines, and with mirror for
 * every path. */
struct gruvid *http_begin(const char *options);

/* The same, with more lines in front of the section. */
struct gruvid *http_begin_with(const char *options, const char *sections);

/* The plugin_dir of these: http and the tests' own. */
const char *http_plugin_dir(void);

/* Whether a plugin was built, as "plugins/examples/.libs/NAME.so"; and have it
 * beside those of http_begin(). */
bool http_has(const char *plugin);
void http_bring(const char *plugin);

/* Options for http_begin(): gruvid's metrics are at /metrics. */
#define HTTP_METRICS "route = /metrics -> metrics\n[plugin metrics]\n"

/* The value of a sample there, by its name with labels. */
double http_metric(struct gruvid *g, const char *sample);

/* Send bytes; a peer that is gone is fine. */
void send_bytes(int fd, const char *data, size_t size);

/*
 * Read an answer, and not a byte more.
 *
 *   head  whether it is one to HEAD: it has no body
 *
 * Returns false if there is none, but the end of the connection.
 */
bool answer_read(int fd, bool head, struct answer *answer);
void answer_free(struct answer *answer);

/* The value of a header, in static memory; NULL: none. */
const char *answer_header(const struct answer *answer, const char *name);

/* Send a request, read its answer, and compare status and body; NULL: any. */
void ask(int fd, const char *request, int status, const char *body);

/* Read an answer, and compare. */
void answers(int fd, int status, const char *body);

/* A connection that answers no more: its end is read. */
void ends_in_order(int fd);

#endif
