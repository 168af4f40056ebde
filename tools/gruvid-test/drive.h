/* SPDX-License-Identifier: MIT */
/* What clients do to the gruvid that is tested.  Context of all: a fiber of
 * theirs. */
#ifndef GRUVID_TEST_DRIVE_H
#define GRUVID_TEST_DRIVE_H

#include <stdbool.h>
#include <stddef.h>

#include <gruvi.h>
#include <gruvid/request.h>

struct opened;

/* A connection to the plugin, with what the other end is; or a request that is
 * open: see opened.h. */
struct client {
    gruvi_stream_t *stream;
    struct opened *opened; /* it holds that; NULL: a connection */
    int fd;                /* of the plugin's end; -1: it was not accepted */
    const struct gruvid__connection *connection;
    const gruvi_stream_t *other;
};

/*
 * Connect, and wait until gruvid has accepted.
 *
 * Returns 0, or an error of gruvi_connect(); client->stream is NULL then.
 */
GRUVI_SWITCHPOINT int client_connect(struct client *client);

/*
 * Send a request that is open.
 *
 * Returns as opened_begin(); client->stream is NULL on failure.
 */
GRUVI_SWITCHPOINT int client_open(struct client *client,
                                  const gruvid_call_t *call);

/* Its stream was closed, or is. */
void client_forget(struct client *client);

/* To the plugin it looks as if the peer had reset the connection.  The stream
 * is to be closed. */
void client_reset(const struct client *client);

/* Cancel the fiber that serves it; false: none does. */
bool client_cancel(const struct client *client);

/*
 * Send a request to the plugin.
 *
 *   answer  gruvid_answer_free(); NULL on failure
 *
 * Returns 0 or an error of gruvid_call().
 */
GRUVI_SWITCHPOINT int drive_request(const gruvid_call_t *call,
                                    gruvid_answer_t **answer);

/*
 * Set an option, where there is one, and reload the configuration.
 *
 *   why  size bytes for the first reason where gruvid refuses
 *
 * Returns 0, UV_EINVAL (it refuses) or another error.
 */
GRUVI_SWITCHPOINT int drive_reload(const char *option, char *why, size_t size);

/* Wait for a line of the log with this text; false: none came in time. */
GRUVI_SWITCHPOINT bool drive_expect_log(const char *text);

#endif
