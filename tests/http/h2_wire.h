/* SPDX-License-Identifier: MIT */
/*
 * Frames of HTTP/2 (RFC 9113, section 4) over a socket or TLS, as they are: any
 * frame can be sent, right or wrong.
 */
#ifndef TESTS_HTTP_H2_WIRE_H
#define TESTS_HTTP_H2_WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "http/h2_frame.h"

struct h2_wire {
    int fd;
    void *tls;       /* NULL: there is none */
    struct bytes in; /* what was received */
    size_t used;     /* of it, by frames that were read */
    bool ended;      /* the peer has closed, or reset */
    bool broken;     /* nothing can be sent any more */
};

/* A wire that owns a socket. */
void h2_wire_open(struct h2_wire *wire, int fd);

/* The same with TLS, and h2 by ALPN; the test fails without it. */
void h2_wire_open_tls(struct h2_wire *wire, int fd);

/* with_reset: no close_notify either */
void h2_wire_close(struct h2_wire *wire, bool with_reset);

/* Send bytes, and receive what comes meanwhile: the peer may wait for that.  A
 * peer that is gone is fine. */
void h2_wire_send(struct h2_wire *wire, const void *data, size_t size);

/* Read a frame; false at the end of the connection. */
bool h2_wire_read(struct h2_wire *wire, struct h2_frame *frame);

#endif
