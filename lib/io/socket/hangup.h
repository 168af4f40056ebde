/* SPDX-License-Identifier: MIT */
/*
 * Hearing that the peer of a socket has gone, without reading.
 *
 *   socket --edge--> epoll set of the hub --level--> loop
 *
 * Once a peer has ended its side, or bytes have come that nobody reads, a
 * level-triggered event would come without end; and one that is not asked for
 * any more would not tell of a reset that comes later.  So these sockets are in
 * a set of their own, edge-triggered, and the loop watches the set.  The set is
 * there while any socket is in it.
 */
#ifndef GRUVI_IO_HANGUP_H
#define GRUVI_IO_HANGUP_H

#include <stdint.h>

#include <gruvi/base.h>

#include "base/list.h"

struct gruvi__hangup {
    struct gruvi__list link; /* on no list: not heard */
    int fd;
    /* Called in the loop; must not switch. */
    void (*heard)(struct gruvi__hangup *hangup, uint32_t events);
};

/*
 * Begin to hear: EPOLLRDHUP, EPOLLHUP, EPOLLERR, also of what was before.
 *
 *   hub  of this thread
 *
 * Returns 0, UV_ENOMEM, UV_EMFILE, UV_ENOSPC, UV_ESHUTDOWN.
 */
int gruvi__hangup_begin(struct gruvi__hangup *hangup, gruvi_hub_t *hub, int fd);

/* End it, before the descriptor is closed.  Harmless where the hub has ended it
 * already. */
void gruvi__hangup_end(struct gruvi__hangup *hangup);

#endif
