/* SPDX-License-Identifier: MIT */
/* A TCP port that nobody else is given, for tests that have to know a port
 * before it is listened on, or at which nobody listens. */
#ifndef TESTS_SUPPORT_PORT_H
#define TESTS_SUPPORT_PORT_H

/* Returns a descriptor.  While it is open, the kernel picks the port for
 * nobody, neither of IPv4 nor of IPv6; sockets with SO_REUSEADDR, as listeners
 * of gruvi are, may be bound to it. */
int reserve_port(int *port);

#endif
