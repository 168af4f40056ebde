/* SPDX-License-Identifier: MIT */
/* What a server has sent, as operations. */
#ifndef NATS_READER_H
#define NATS_READER_H

#include <gruvi.h>

#include "protocol.h"

/* What is read and not used yet. */
struct nats_reader {
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
ssize_t nats_reader_take(struct nats_reader *in, struct nats_input *input,
                         size_t *need);

/* Read once.  Returns 0, UV_EOF, UV_ENOMEM, or an error of the stream. */
GRUVI_SWITCHPOINT int nats_reader_read(struct nats_reader *in,
                                       gruvi_stream_t *stream, size_t need);

#endif
