/* SPDX-License-Identifier: MIT */
/*
 * Addresses: from text to the structs of the kernel, and back.
 *
 *   tcp://127.0.0.1:7007  tcp://[::1]:0  tcp://host:7007
 *   tls://host:443        and so on: an address of TCP, with TLS on top
 *   unix:/run/echo.sock   unix:@abstract
 *
 * Nothing here waits: a host name stays a name (resolve.h looks it up).
 */
#ifndef GRUVI_IO_ADDRESS_H
#define GRUVI_IO_ADDRESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>

#define GRUVI__HOST_SIZE 254

/* An initialiser names un, which has all of the room: others may not be
 * cleared beyond their own. */
union gruvi__sockaddr {
    struct sockaddr any;
    struct sockaddr_in in;
    struct sockaddr_in6 in6;
    struct sockaddr_un un;
};

struct gruvi__address {
    union gruvi__sockaddr at; /* valid unless host is a name */
    socklen_t length;         /* of at */
    uint16_t port;
    bool tls;
    char host[GRUVI__HOST_SIZE]; /* "": at is the whole address */
};

/*
 * Returns 0, UV_EINVAL, UV_ENOTSUP (udp and fd: no addresses of streams),
 * UV_ENAMETOOLONG (a path that is too long for a Unix socket), or why the name
 * of an interface cannot be looked up.
 */
int gruvi__address_parse(struct gruvi__address *address, const char *text);

/* Returns 0, or UV_ENOBUFS, then with buf empty. */
int gruvi__address_format(const union gruvi__sockaddr *at, socklen_t length,
                          char *buf, size_t len);

/* Whether getaddrinfo() takes it for an address of IPv4: "127.0.0.1", and also
 * "127.1", "0x7f000001". */
bool gruvi__address_is_number(const char *host);

/* Whether it names a file. */
bool gruvi__address_has_path(const struct gruvi__address *address);

#endif
