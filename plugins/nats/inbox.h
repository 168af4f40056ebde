/* SPDX-License-Identifier: MIT */
/* What a server has sent, as operations. */
#ifndef NATS_INBOX_H
#define NATS_INBOX_H

#include <gruvi.h>

#include "protocol.h"

/* What is read and not used yet. */
struct nats_inbox {
    char *data;
    size_t start, end, room;
};

/*
 * Take the next operation that has come; its text is valid until the next read.
 *
 *   need  bytes to be read first, where there is none
 *
 * Returns 0 where there is none, or UV_EPROTO.
 */
ssize_t nats_inbox_take(struct nats_inbox *in, struct nats_input *input,
                        size_t *need);

/* Read once.  Returns 0, UV_EOF, UV_ENOMEM, or an error of the stream. */
GRUVI_SWITCHPOINT int nats_inbox_read(struct nats_inbox *in,
                                      gruvi_stream_t *stream, size_t need);

#endif
