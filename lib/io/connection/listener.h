/* SPDX-License-Identifier: MIT */
/*
 * Listeners, as gruvi_accept() and gruvi_serve() see them.
 */
#ifndef GRUVI_IO_LISTENER_H
#define GRUVI_IO_LISTENER_H

#include <gruvi/stream.h>

#include "io/socket/address.h"
#include "io/socket/socket.h"
#include "io/connection/socket_file.h"

/* What a listener and its duplicates have in common. */
struct gruvi__listener_family {
    size_t refs;  /* atomic */
    bool exposed; /* the descriptor of some was given away; atomic */
};

struct gruvi_listener {
    struct gruvi__socket socket;
    struct gruvi__listener_family *family; /* NULL: no duplicates; atomic */
    gruvi_stream_t *spare; /* for the next connection, made before it comes */
    gruvi_tls_t *tls;      /* shared; NULL: not of tls:// */
    struct gruvi__socket_file file;
    bool forbidden; /* accept4() itself has failed, for good */

    /* Out of descriptors. */
    bool shortage_logged;
    uint64_t quiet_until; /* by gruvi__clock_now() */
};

/* Whether accept4() may block: as gruvi__socket_may_block(), for the family. */
bool gruvi__listener_may_block(gruvi_listener_t *listener);

/* Leave the family. */
void gruvi__listener_part(gruvi_listener_t *listener);

/*
 * Accept, inside the call.  As gruvi_accept(), but the stream is not touched
 * on failure.
 */
GRUVI_SWITCHPOINT int gruvi__listener_accept(gruvi_listener_t *listener,
                                             struct gruvi__call *call,
                                             gruvi_stream_t **stream);

/* Leave a call.  The last call frees a listener that was closed. */
void gruvi__listener_leave(gruvi_listener_t *listener,
                           struct gruvi__call *call);

#endif
