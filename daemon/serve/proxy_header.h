/* SPDX-License-Identifier: MIT */
/*
 * The header of the PROXY protocol, versions 1 and 2, as haproxy's
 * specification has it: who the client of a proxy is.
 */
#ifndef GRUVID_PROXY_HEADER_H
#define GRUVID_PROXY_HEADER_H

#include <stddef.h>
#include <netinet/in.h>
#include <sys/socket.h>

/* Bytes of a line of version 1, with its end; and the most of version 2, whose
 * length could say 64 KiB more. */
#define GRUVID__PROXY_LINE 107
#define GRUVID__PROXY_MOST 4096

struct gruvid__proxy_header {
    size_t size;      /* with all that belongs to it */
    const char *why;  /* what is wrong: static text */
    socklen_t length; /* of client; 0: the header names none, and the client is
                         the client */
    union {
        struct sockaddr any;
        struct sockaddr_in in;
        struct sockaddr_in6 in6;
    } client; /* of AF_UNIX without a path */
};

/*
 * Read a header.
 *
 *   data  n bytes, from the first of the connection on
 *
 * Returns 1: it is there.  0: all n bytes belong to it, and header->size says
 * how many there have to be before another call is worth it.
 * Errors:  UV_EPROTO: it is none, and header->why says why.
 */
int gruvid__proxy_header_read(struct gruvid__proxy_header *header,
                              const unsigned char *data, size_t n);

#endif
