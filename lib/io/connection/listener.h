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

struct gruvi_listener {
    struct gruvi__socket socket;
    gruvi_stream_t *spare; /* for the next connection, made before it comes */
    gruvi_tls_t *tls;      /* shared; NULL: not of tls:// */
    struct gruvi__socket_file file;
    bool forbidden; /* accept4() itself has failed, for good */

    /* Out of descriptors. */
    bool shortage_logged;
    uint64_t quiet_until; /* by gruvi__clock_now() */
};

/*
 * Accept, inside the call.  As gruvi_accept(), but the stream is not touched
 * on failure.
 */
int gruvi__listener_accept(gruvi_listener_t *listener, struct gruvi__call *call,
                           gruvi_stream_t **stream);

/* Leave a call.  The last call frees a listener that was closed. */
void gruvi__listener_leave(gruvi_listener_t *listener,
                           struct gruvi__call *call);

#endif
