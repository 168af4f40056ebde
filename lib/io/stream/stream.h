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
 * What was received and not read yet.
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
struct gruvi__watcher;

/* What a call has told its fiber about the peer. */
enum gruvi__news { GRUVI__NEWS_NONE, GRUVI__NEWS_END, GRUVI__NEWS_BROKEN };

/*
 * What lies between a stream and its socket, and does what the socket would.
 * All functions but close and free are inside a call of their direction.
 */
struct gruvi__layer {
    /* How many bytes, 0 at the end, UV_EAGAIN where it is time for
     * gruvi__call_wait(), or an error, also of a wait. */
    GRUVI_SWITCHPOINT ssize_t (*receive)(gruvi_stream_t *s,
                                         struct gruvi__call *call, void *buf,
                                         size_t len);
    /* All of it, or an error. */
    GRUVI_SWITCHPOINT int (*write)(gruvi_stream_t *s, struct gruvi__call *call,
                                   const uv_buf_t bufs[], unsigned n);
    /* What goes without waiting, outside a call: how many bytes, UV_EAGAIN, or
     * an error. */
    ssize_t (*try_write)(gruvi_stream_t *s, const void *buf, size_t len);
    GRUVI_SWITCHPOINT int (*shutdown)(gruvi_stream_t *s,
                                      struct gruvi__call *call);
    /* Whether receive has something without the socket. */
    bool (*holds)(const gruvi_stream_t *s);
    void (*close)(gruvi_stream_t *s); /* before the socket's */
    void (*free)(gruvi_stream_t *s);
};

/* What each message needs comes first: of thousands of streams it is in no
 * cache. */
struct gruvi_stream {
    struct gruvi__socket socket;
    const struct gruvi__layer *layer; /* NULL: the socket itself */
    double timeout;                   /* seconds, of each read and write */
    uint64_t received, sent;          /* bytes, of the socket */

    /* What ended the connection, 0 or a negative code.  The kernel tells it
     * once, to the reader or the writer, and then just "end of stream". */
    int broken;
    bool read_dead;  /* bytes were lost: no memory */
    bool lent;       /* buffer was taken; the next read frees it */
    bool write_dead; /* part of a write may be missing, or it was shut down */
    bool write_only; /* our reading side was shut down */
    struct gruvi__watcher *watcher; /* of the peer, owned; NULL: none */
    struct gruvi__buffer buffer;

    /* The program's, owned where there is a destroyer. */
    void *data;

    socklen_t peer_length; /* 0: ask the kernel */
    union {
        struct sockaddr any;
        struct sockaddr_in in;
        struct sockaddr_in6 in6;
    } peer; /* of TCP: known after the connection has ended */

    struct gruvi__tls *tls; /* the layer's, owned */
    void (*destroy)(void *data);

    /* gruvi_serve(): its connections. */
    struct gruvi__serve *serve;
    struct gruvi__list link;
};

/*
 * A stream without a descriptor, so that nothing can fail once its caller has
 * one.  NULL without memory.
 */
gruvi_stream_t *gruvi__stream_new(gruvi_hub_t *hub);
void gruvi__stream_free(gruvi_stream_t *s);

/* Note the peer, unless its address is too long. */
void gruvi__stream_set_peer(gruvi_stream_t *s, const struct sockaddr *at,
                            socklen_t length);

/* Leave a call that returns result.  The last call frees a stream that was
 * closed.  _read: of a read, where 0 may be the end. */
void gruvi__stream_leave(gruvi_stream_t *s, struct gruvi__call *call,
                         ssize_t result);
void gruvi__stream_leave_read(gruvi_stream_t *s, struct gruvi__call *call,
                              ssize_t result);

/* stream_watch.c: the fiber that watches may leave a call, which told it news;
 * end the watching, if there is any. */
void gruvi__watcher_leave(struct gruvi__watcher *w,
                          const struct gruvi__call *call,
                          enum gruvi__news news);
void gruvi__watcher_end(gruvi_stream_t *s);

/* stream_write.c: gruvi_stream_write() for another switchpoint, its name. */
GRUVI_SWITCHPOINT int gruvi__stream_write(const char *function,
                                          gruvi_stream_t *s, const void *buf,
                                          size_t len);

/* Write all bytes to the socket itself, inside a call.  0 or an
 * error. */
int gruvi__stream_write_all(gruvi_stream_t *s, struct gruvi__call *call,
                            const char *buf, size_t len);

/* stream_buffer.c */

#define GRUVI__BUFFER_SIZE 4096

/* For gruvi_stream_take().  Many protocols send at most 16 KiB at once; a full
 * buffer would cost one more receive, which finds nothing. */
#define GRUVI__TAKE_SIZE 32768

static inline size_t
gruvi__buffer_held(const struct gruvi__buffer *buffer)
{
    return buffer->end - buffer->start;
}

/* Make room for at least one more byte.  The buffer begins with first bytes and
 * grows up to max; less than max are held.  0 or UV_ENOMEM. */
int gruvi__buffer_reserve(struct gruvi__buffer *buffer, size_t first,
                          size_t max);

/* Take up to len bytes.  The memory is freed with the last byte. */
size_t gruvi__buffer_take(struct gruvi__buffer *buffer, void *to, size_t len);

/* Put bytes in front of what is held; they may be in its memory.  0 or
 * UV_ENOMEM. */
int gruvi__buffer_unread(struct gruvi__buffer *buffer, const void *from,
                         size_t len);

/* Put back what was received elsewhere.  The buffer is empty.  0 or UV_ENOMEM.
 */
int gruvi__buffer_put_back(struct gruvi__buffer *buffer, const void *from,
                           size_t len);

/* Free the memory if nothing is held. */
void gruvi__buffer_trim(struct gruvi__buffer *buffer);

/* The same for a buffer of GRUVI__TAKE_SIZE bytes; the hub keeps the
 * memory. */
int gruvi__buffer_lend(struct gruvi__buffer *buffer, gruvi_hub_t *hub);
void gruvi__buffer_give_back(struct gruvi__buffer *buffer, gruvi_hub_t *hub);

#endif
