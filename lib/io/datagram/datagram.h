/* SPDX-License-Identifier: MIT */
/*
 * What the files behind the datagrams of gruvi/net.h share.
 *
 *   datagram.c            a socket's life
 *   datagram_one.c        one datagram a call
 *   datagram_many.c       several
 *   datagram_multicast.c  groups
 *   datagram_address.c    addresses as structs
 */
#ifndef GRUVI_IO_DATAGRAM_H
#define GRUVI_IO_DATAGRAM_H

#include <gruvi/net.h>

#include "io/socket/address.h"
#include "io/socket/socket.h"

struct gruvi_udp {
    struct gruvi__socket socket;
    int family;
    bool connected; /* it has a peer */
    /* By direction: the error of a call that had done something before.  The
     * next call returns it. */
    int error[2];
};

/* gruvi__address_parse() for udp://host:port. */
int gruvi__udp_address_parse(struct gruvi__address *address, const char *text);

/*
 * Enter a direction, and let other fibers run if it is time.
 *
 * Returns 0, to be followed by gruvi__udp_end(); or an error.
 */
GRUVI_SWITCHPOINT int gruvi__udp_begin(struct gruvi__call *call,
                                       const char *function, gruvi_udp_t *udp,
                                       enum gruvi__direction direction,
                                       double timeout);
void gruvi__udp_end(gruvi_udp_t *udp, struct gruvi__call *call);

#endif
