/* SPDX-License-Identifier: MIT */
/* Logging in: from INFO to the PONG that says that the login was right. */
#ifndef NATS_LOGIN_H
#define NATS_LOGIN_H

#include "node.h"

/*
 * Log in on a connection that is new, through TLS where the section or the
 * server wants that.
 *
 *   name  that the certificate of the server has to have
 *
 * Returns 0, UV_EACCES (the server refuses the login, or its
 * certificate is not good), UV_EPROTO, UV_ENOTSUP
 * (it has not what is needed), UV_ENOMEM, or an error of the stream.
 */
GRUVI_SWITCHPOINT int nats_login(struct nats_node *node, const char *name);

/* Log what the server says with -ERR. */
void nats_login_tell(const struct nats_node *node,
                     const struct nats_span *text);

#endif
