/* SPDX-License-Identifier: MIT */
/*
 * What the tests of datagrams share: a socket of ours and a plain one that
 * sends to it and hears from it.
 */
#ifndef TESTS_UNIT_DATAGRAMS_H
#define TESTS_UNIT_DATAGRAMS_H

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "unit/calls.h"
#include "unit/harness.h"

struct post {
    gruvi_udp_t *udp;
    char address[GRUVI_ADDRESS_SIZE];
    int peer; /* non-blocking */
    gruvi_sockaddr_t at, peer_at;
};

/* On loopback; the peer is connected to ours. */
void open_post(struct post *post);
void close_post(struct post *post);

/* The peer sends text, and hears just that. */
void peer_sends(struct post *post, const char *text);
void peer_gets(struct post *post, const char *text);

/* Ours receives just that next. */
void hears_datagram(struct post *post, const char *text);

/* A socket of ours that is bound, and where. */
gruvi_udp_t *bind_udp(const char *where, gruvi_sockaddr_t *at);

/* A receive, or a send, in a fiber. */
struct caller {
    gruvi_udp_t *udp;
    gruvi_fiber_t *fiber;
    double timeout;
    ssize_t result;
    char buf[64];
    gruvi_sockaddr_t from;
};

/* It waits when this returns. */
void begin_recv(struct caller *c, gruvi_udp_t *udp, double timeout);
void begin_send(struct caller *c, gruvi_udp_t *udp, double timeout);
ssize_t end_call(struct caller *c);

/*
 * On loopback a datagram socket always has room.  So another one, whose peer
 * does not receive and has a full queue, is put under its descriptor.
 *
 * Returns that peer: empty_peer() makes room.
 */
int fill_udp(gruvi_udp_t *udp);
void empty_peer(int fd);

#endif
