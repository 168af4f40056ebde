/* SPDX-License-Identifier: MIT */
/* What makes a request of a message. */
#ifndef NATS_REQUEST_H
#define NATS_REQUEST_H

#include <gruvid/transport.h>

#include "message.h"

/*
 * Make a request of a message, and have it answered.
 *
 *   message  its head is changed
 *   target   the section that answers, or that would where the message is
 *            malformed
 *   timeout  seconds; 0: what the message says
 *
 * Returns false where there is no memory for it: nothing was called.
 */
GRUVI_SWITCHPOINT bool nats_request_route(struct nats_message *message,
                                          const gruvid_transport_t *transport,
                                          void *exchange, const char *target,
                                          double timeout);

#endif
