/* SPDX-License-Identifier: MIT */
/* Running the command of a line. */
#ifndef GRUVID_CONTROL_DISPATCH_H
#define GRUVID_CONTROL_DISPATCH_H

#include <stddef.h>

#include <gruvi.h>

struct gruvid__client;
struct gruvid__request;

/*
 * Run the command of a line, and answer.
 *
 *   line, length  without its end; NULL: it was too long
 *
 * Context: a fiber of the first hub.
 */
GRUVI_SWITCHPOINT void gruvid__dispatch(struct gruvid__client *client,
                                        const char *line, size_t length);

/* The same for a request that has daemon, peer and outlet; its refusal says
 * what came of it. */
GRUVI_SWITCHPOINT void gruvid__request_run(struct gruvid__request *request,
                                           const char *line, size_t length);

#endif
