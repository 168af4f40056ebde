/* SPDX-License-Identifier: MIT */
/*
 * TLS, as connecting and listening see it.  Without OpenSSL, tls_none.c is all
 * of it; otherwise
 *
 *   tls_stream.c     the layer between a stream and its socket
 *   tls_start.c      where TLS begins: connecting, accepting, STARTTLS
 *   tls_handshake.c  the handshake
 *   tls_end.c        an end of a connection: made, asked about, freed
 *   tls_bio.c        the socket, as OpenSSL sees it
 *   tls.c            credentials
 *   tls_session.c    sessions that clients may resume
 *   tls_revoked.c    lists of revoked certificates
 *   tls_error.c      why something failed
 */
#ifndef GRUVI_IO_TLS_H
#define GRUVI_IO_TLS_H

#include <gruvi/tls.h>

#include "io/socket/address.h"
#include "io/stream/stream.h"

/*
 * Whether an address and credentials fit, to listen or to connect.
 *
 *   tls  NULL: no credentials were given
 *
 * Returns 0, UV_EINVAL, UV_ENOTSUP; with a message.
 */
int gruvi__tls_check(const struct gruvi__address *address,
                     const gruvi_tls_t *tls, bool listen);

/*
 * Whether a listener may have these credentials.
 *
 * Returns 0, UV_EINVAL, UV_ENOTSUP; with a message.
 */
int gruvi__tls_check_change(const gruvi_tls_t *tls);

/*
 * Put TLS on a stream that will be accepted, or change its credentials.  They
 * are shared.
 *
 * Returns 0, UV_ENOMEM.
 */
int gruvi__tls_attach(gruvi_stream_t *s, gruvi_tls_t *tls);

/*
 * Put TLS on a stream that is connected, and make the handshake.
 *
 *   options  NULL: the defaults
 *   timeout  seconds
 *
 * Returns 0, or an error of gruvi_tls_handshake().
 */
GRUVI_SWITCHPOINT int gruvi__tls_connect(gruvi_stream_t *s,
                                         const struct gruvi__address *address,
                                         const gruvi_connect_options_t *options,
                                         double timeout);

#endif
