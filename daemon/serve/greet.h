/* SPDX-License-Identifier: MIT */
/* What comes before the first call of a connection: its name, the header of a
 * proxy, and the TLS handshake. */
#ifndef GRUVID_GREET_H
#define GRUVID_GREET_H

#include "serve/connection.h"

/*
 * Read the header where the section needs one, make the handshake where there
 * is TLS, both within the time that the connection has from its accept on.
 *
 * Returns 0, or why the connection has to be closed; logged and counted.
 * Context: the fiber of the connection, switchpoint.
 */
GRUVI_SWITCHPOINT int gruvid__greet(struct gruvid__connection *connection);

/* The name of a connection: its peer, where the peer has an address.  May be in
 * buf. */
const char *gruvid__connection_name(struct gruvid__connection *connection,
                                    char *buf, size_t size);

/* Note it for its fibers.  With each message that wakes a parked connection it
 * would cost as much as to begin a fiber. */
void gruvid__connection_set_name(struct gruvid__connection *connection);

#endif
