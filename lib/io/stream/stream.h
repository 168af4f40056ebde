/* SPDX-License-Identifier: MIT */
/*
 * What the files behind gruvi/stream.h share.
 */
#ifndef GRUVI_IO_STREAM_H
#define GRUVI_IO_STREAM_H

#include <gruvi/stream.h>

#include "base/list.h"
#include "io/socket/address.h"
#include "io/socket/socket.h"

/*
 * What was received and not asked for yet.
 *
 *   data |  taken  | held             | room   |
 *        0       start               end     size
 */
struct gruvi__buffer {
    char *data; /* NULL where nothing is held */
    size_t size, start, end;
};

struct gruvi__serve;
struct gruvi__tls;

/*
 * What is done instead where something lies between a stream and its socket.
 * All are inside a call of their direction, but for close and free.
 */
struct gruvi__layer {
    /* As recv() of a stream: how many bytes, 0 at the end, UV_EAGAIN where it
     * is time for gruvi__call_wait(), or an error, of a wait, too. */
    ssize_t (*receive)(gruvi_stream_t *s, struct gruvi__call *call, void *buf,
                       size_t len);
    /* All of it, or an error. */
    int (*write)(gruvi_stream_t *s, struct gruvi__call *call,
                 const uv_buf_t bufs[], unsigned n);
    int (*shutdown)(gruvi_stream_t *s, struct gruvi__call *call);
    void (*close)(gruvi_stream_t *s); /* what has to be said before it */
    void (*free)(gruvi_stream_t *s);
};

struct gruvi_stream {
    struct gruvi__socket socket;
    const struct gruvi__layer *layer; /* NULL: the socket itself */
    double timeout;   /* seconds, of each read and write */
    uint64_t traffic; /* bytes received and sent */

    /* What ended the connection, 0 or a negative code.  The kernel says it
     * once, to the reader or the writer, and then just "end of stream". */
    int broken;
    bool read_dead;  /* bytes were lost, for want of memory */
    bool lent;       /* buffer was taken, and goes with the next read */
    bool write_dead; /* part of a write may be missing, or it was shut down */
    struct gruvi__buffer buffer;
    struct gruvi__tls *tls; /* the layer's, owned */

    /* gruvi_serve(): its connections. */
    struct gruvi__serve *serve;
    struct gruvi__list link;

    socklen_t peer_length; /* 0: ask the kernel */
    union {
        struct sockaddr any;
        struct sockaddr_in in;
        struct sockaddr_in6 in6;
    } peer; /* of TCP: known even when the connection is gone */
};

/*
 * A stream without a descriptor, so that whoever makes one has nothing left
 * that could fail; and what puts it in.  NULL without memory.
 */
gruvi_stream_t *gruvi__stream_new(gruvi_hub_t *hub);
void gruvi__stream_free(gruvi_stream_t *s);

/* Note the peer, as far as there is room for it. */
void gruvi__stream_set_peer(gruvi_stream_t *s, const struct sockaddr *at,
                            socklen_t length);

/* Leave a call; the last one frees a stream that was closed. */
void gruvi__stream_leave(gruvi_stream_t *s, struct gruvi__call *call);

/* stream_buffer.c */

#define GRUVI__BUFFER_SIZE 4096

/* For gruvi_stream_take().  More than the 16 KiB that many a protocol has as
 * its most: what fills the buffer is followed by a receive that finds nothing.
 */
#define GRUVI__TAKE_SIZE 32768

static inline size_t
gruvi__buffer_held(const struct gruvi__buffer *buffer)
{
    return buffer->end - buffer->start;
}

/* Make room for one more byte at least.  It begins with first bytes, and grows
 * up to max.  0 or UV_ENOMEM; less than max bytes are held. */
int gruvi__buffer_reserve(struct gruvi__buffer *buffer, size_t first,
                          size_t max);

/* Take up to len bytes; the memory goes with the last one. */
size_t gruvi__buffer_take(struct gruvi__buffer *buffer, void *to, size_t len);

/* Put back what did not have to go through the buffer, which is empty.  0 or
 * UV_ENOMEM. */
int gruvi__buffer_put_back(struct gruvi__buffer *buffer, const void *from,
                           size_t len);

/* Give the memory back, if nothing is held. */
void gruvi__buffer_trim(struct gruvi__buffer *buffer);

#endif
