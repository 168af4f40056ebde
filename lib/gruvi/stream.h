/* SPDX-License-Identifier: MIT */
/*
 * Streams: TCP, TLS and Unix sockets in blocking style.  The calling fiber
 * waits, its hub does not.
 *
 * Addresses are text:
 *
 *     tcp://127.0.0.1:7007   tcp://[::1]:0   tcp://localhost:7007
 *     unix:/run/echo.sock    unix:@abstract
 *     fd:3                   to listen on: a socket that listens already
 *     tls://example.org:443  (gruvi/tls.h)
 *
 * A stream and a listener belong to the hub they were made in; elsewhere calls
 * return UV_EPERM.  One fiber may read a stream while another writes it; a
 * second reader or writer is refused with UV_EBUSY.  A stream has a file
 * descriptor, non-blocking and close-on-exec; Nagle's algorithm is off unless
 * an option leaves it on.
 *
 * Every waiting call may also return UV_ECANCELED, UV_ETIMEDOUT (its own
 * timeout or a deadline around it), UV_EINTR in the root fiber and
 * UV_ESHUTDOWN while the hub closes.  Calls that succeed at once let others
 * run every 64th time.
 */
#ifndef GRUVI_STREAM_H
#define GRUVI_STREAM_H

#include <gruvi/base.h>
#include <gruvi/switchpoint.h>

GRUVI_BEGIN_DECLS

/* Room for any address as text, and its end. */
#define GRUVI_ADDRESS_SIZE 128

typedef struct gruvi_listener gruvi_listener_t;
typedef struct gruvi_stream gruvi_stream_t;
typedef struct gruvi_tls gruvi_tls_t;

/* TCP: whether the peer is still there.  Of each, 0 is the system's own. */
typedef struct gruvi_keepalive {
    unsigned idle;     /* seconds without data before it is asked */
    unsigned interval; /* seconds between two questions */
    unsigned count;    /* how many without an answer end the connection */
} gruvi_keepalive_t;

typedef struct gruvi_listen_options {
    int backlog;     /* connections the kernel queues; 0: 1024 */
    unsigned mode;   /* permissions of a Unix socket's file; 0: by umask */
    bool reuse_port; /* TCP: share the port with others that set it, too */
    bool dual_stack; /* [::] means IPv4 as well */
    bool delay;      /* TCP: leave Nagle's algorithm on, in connections */
    const gruvi_keepalive_t *keepalive; /* TCP: likewise; NULL: none */
    gruvi_tls_t *tls;  /* of tls:// alone, which needs it; borrowed */
    void *reserved[4]; /* NULL */
} gruvi_listen_options_t;

typedef struct gruvi_connect_options {
    bool delay;           /* TCP: leave Nagle's algorithm on */
    const char *local;    /* TCP: where from, "tcp://192.0.2.1:0"; NULL */
    double attempt_delay; /* seconds before another address; 0: 0.25 */
    const gruvi_keepalive_t *keepalive; /* TCP; NULL: none */
    gruvi_tls_t *tls; /* of tls://; NULL: the defaults; borrowed */
    const char
        *server_name;  /* of tls://: who has to be there; NULL: the host */
    void *reserved[4]; /* NULL */
} gruvi_connect_options_t;

typedef struct gruvi_serve_options {
    size_t max_connections; /* 0: no limit; at it accepting pauses */
    void *reserved[4];      /* NULL */
} gruvi_serve_options_t;

/*
 * Listen on an address.
 *
 * Of a name that has several addresses, the first that can be bound is taken.
 * [::] means IPv6 and not IPv4, without dual_stack.  A Unix socket's file that
 * nobody listens on any more is replaced; one that somebody does, or that is no
 * socket, is UV_EADDRINUSE.  Meanwhile its folder is locked (flock), so that of
 * two that start at once one gets it.
 *
 * Several listeners of one user may have the same TCP port if all of them set
 * reuse_port (SO_REUSEPORT): the kernel spreads the connections over them, in
 * the same hub or in several.
 *
 * fd:N stands for a socket that listens already, of TCP or Unix: inherited,
 * say, or that of another hub's listener, which is then shared.  The listener
 * has a descriptor of its own for it; N stays the caller's, and is made
 * close-on-exec, and the socket non-blocking.  backlog and mode are what they
 * were, and no file is removed in the end.
 *
 *   listener  where to put the listener, owned (gruvi_listener_close()); NULL
 *             on failure
 *   options   NULL: the defaults
 *
 * Returns 0.
 * Errors:  UV_EINVAL (address, option), UV_ENOTSUP (a kind of address that
 *          cannot be listened on), UV_EADDRINUSE, UV_EADDRNOTAVAIL,
 *          UV_EACCES, UV_ENOENT, UV_EMFILE, UV_ENOMEM, UV_ENAMETOOLONG,
 *          UV_EAI_*, ...; for fd:N also UV_EBADF, UV_ENOTSOCK, and UV_EINVAL
 *          where nobody listens on the socket.
 * Context: fiber, switchpoint.
 */
GRUVI_API GRUVI_SWITCHPOINT int
gruvi_listen(gruvi_listener_t **listener, const char *address,
             const gruvi_listen_options_t *options);

/*
 * Accept a connection.  Where descriptors run out it waits until there are
 * some, and logs that once; connections that ended in the queue are passed
 * over.
 *
 *   stream   where to put it, owned (gruvi_stream_close()); NULL on failure
 *   timeout  seconds; 0 polls, GRUVI_FOREVER waits without limit
 *
 * Returns 0.
 * Errors:  UV_EBUSY (another fiber is accepting), UV_ECONNABORTED (the
 *          listener was closed meanwhile), UV_ENOMEM.
 * Context: fiber, switchpoint.
 */
GRUVI_API GRUVI_SWITCHPOINT int gruvi_accept(gruvi_listener_t *listener,
                                             gruvi_stream_t **stream,
                                             double timeout);

/*
 * Handles a connection, in a fiber of its own.  The stream is closed when it
 * returns, and not by it; fibers it has started no longer use it then.  A
 * negative result is logged as a warning; those with which a peer, or the
 * server, goes away are for the debug level.
 */
typedef int (*gruvi_connection_fn)(gruvi_stream_t *stream, void *arg);

/*
 * Accept connections and call a handler for each in a fiber of its own, until
 * cancelled or the listener is closed; then the handlers that still run are
 * cancelled and joined.  Where there is no memory or no fiber for another
 * connection it waits, and logs that once.
 *
 *   arg      handed to handler; borrowed
 *   options  NULL: the defaults
 *
 * Returns a negative code, why it ended: UV_ECANCELED, UV_ECONNABORTED;
 *          UV_EBUSY (another fiber is accepting), UV_EINVAL (option, handler).
 * Context: fiber, switchpoint.
 */
GRUVI_API GRUVI_SWITCHPOINT int
gruvi_serve(gruvi_listener_t *listener, gruvi_connection_fn handler, void *arg,
            const gruvi_serve_options_t *options);

/*
 * The address listened on, with the port it got: "tcp://127.0.0.1:7007".
 *
 *   buf, len  where to put it, and how many bytes fit
 *
 * Returns 0.
 * Errors:  UV_ENOBUFS.
 * Context: hub thread.
 */
GRUVI_API int gruvi_listener_address(gruvi_listener_t *listener, char *buf,
                                     size_t len);

/*
 * The descriptor, borrowed: for socket options, or to share it as fd:N.
 *
 * Context: hub thread.
 */
GRUVI_API int gruvi_listener_fd(const gruvi_listener_t *listener);

/*
 * Stop listening, and free the listener.  Whoever accepts on it gets
 * UV_ECONNABORTED.  A Unix socket's file is removed, unless it is another's by
 * now.  NULL is fine.
 *
 * Context: hub thread.
 */
GRUVI_API void gruvi_listener_close(gruvi_listener_t *listener);

/*
 * Connect, with TLS to the end of the handshake.  Names are looked up without
 * blocking the hub.
 *
 * Where a name has several addresses they are raced (RFC 8305).  IPv6 and IPv4
 * take turns, IPv6 first; the next one begins after attempt_delay, or at once
 * where one has failed, and those before it go on.  The first that is connected
 * is taken.  A negative attempt_delay waits until one has failed.
 *
 * local is an address of this machine, a number, with a port or 0; addresses
 * of the other family are not tried then.
 *
 *   stream   where to put it, owned (gruvi_stream_close()); NULL on failure
 *   options  NULL: the defaults
 *   timeout  seconds for all of it; GRUVI_FOREVER: the system's own.  (A Unix
 *            socket whose queue is full is then waited for without limit.)
 *
 * Returns 0.
 * Errors:  UV_EINVAL, UV_ENOTSUP, UV_ECONNREFUSED, UV_ENOENT, UV_EHOSTUNREACH,
 *          UV_EADDRNOTAVAIL and UV_EADDRINUSE (local), UV_EAFNOSUPPORT (no
 *          address is of its family), UV_EMFILE, UV_ENOMEM, UV_EAI_*, ...;
 *          of several addresses, that which tells most; with TLS as
 *          gruvi_tls_handshake().
 * Context: fiber, switchpoint.
 */
GRUVI_API GRUVI_SWITCHPOINT int
gruvi_connect(gruvi_stream_t **stream, const char *address,
              const gruvi_connect_options_t *options, double timeout);

/*
 * Read what is there, at least one byte.  What an earlier call received and
 * did not take comes first.
 *
 * Returns how many bytes; 0 at the end of the stream, and for a len of 0.
 * Errors:  UV_EBUSY, UV_ECONNRESET, UV_ECONNABORTED (closed meanwhile).
 * Context: fiber, switchpoint.
 */
GRUVI_API GRUVI_SWITCHPOINT ssize_t gruvi_stream_read(gruvi_stream_t *s,
                                                      void *buf, size_t len);

/*
 * Read len bytes.  A failure consumes nothing: the next read begins with the
 * same bytes.  What there was of them, if anything, is in buf, too.
 *
 * Returns 0.
 * Errors:  UV_EOF where the stream ends early; UV_ENOMEM; as
 *          gruvi_stream_read().
 * Context: fiber, switchpoint.
 */
GRUVI_API GRUVI_SWITCHPOINT int gruvi_stream_read_exact(gruvi_stream_t *s,
                                                        void *buf, size_t len);

/*
 * Read a line, up to and with '\n'.  A last line may end without.  A failure
 * consumes nothing: the next read begins with the same bytes.
 *
 *   buf, len  where to put it; it is not ended by '\0'
 *
 * Returns how many bytes; 0 at the end of the stream.
 * Errors:  UV_E2BIG where there is no '\n' in len bytes; UV_ENOMEM; as
 *          gruvi_stream_read().
 * Context: fiber, switchpoint.
 */
GRUVI_API GRUVI_SWITCHPOINT ssize_t gruvi_stream_read_line(gruvi_stream_t *s,
                                                           char *buf,
                                                           size_t len);

/*
 * Read what is there, at least one byte, into memory of the stream.  A stream
 * that waits has none, so that a fiber of little stack serves each of many
 * connections that are idle.
 *
 *   data  where to put the address; the memory may be written to, and is valid
 *         until the next read of the stream, or its close.  NULL on failure
 *         and at the end of the stream.
 *
 * Returns how many bytes; 0 at the end of the stream.
 * Errors:  UV_ENOMEM; as gruvi_stream_read().
 * Context: fiber, switchpoint.
 */
GRUVI_API GRUVI_SWITCHPOINT ssize_t gruvi_stream_take(gruvi_stream_t *s,
                                                      char **data);

/*
 * Write all of it.  After a failure the write side is dead: the next write
 * returns UV_EPIPE, because nobody knows how much went out.  (Only a call that
 * was refused before it began changes nothing: UV_EBUSY, UV_EPERM, UV_EINVAL,
 * or a cancel or deadline that was already there.)
 *
 *   bufs, n  not changed
 *
 * Returns 0.
 * Errors:  UV_EPIPE, UV_ECONNRESET, UV_EBUSY, UV_ECONNABORTED (closed
 *          meanwhile).  SIGPIPE is never raised.
 * Context: fiber, switchpoint.
 */
GRUVI_API GRUVI_SWITCHPOINT int gruvi_stream_write(gruvi_stream_t *s,
                                                   const void *buf, size_t len);
GRUVI_API GRUVI_SWITCHPOINT int
gruvi_stream_writev(gruvi_stream_t *s, const uv_buf_t bufs[], unsigned n);

/*
 * End the write side: the peer reads the end of the stream.  Waits with TLS
 * only.
 *
 * Returns 0.
 * Errors:  UV_ENOTCONN, UV_EBUSY (a fiber is writing); with TLS as
 *          gruvi_stream_write().
 * Context: fiber, switchpoint.
 */
GRUVI_API GRUVI_SWITCHPOINT int gruvi_stream_shutdown(gruvi_stream_t *s);

/*
 * Close and free a stream, which nobody may use any more.  Whoever is inside a
 * call on it gets UV_ECONNABORTED.  NULL is fine.
 *
 * Context: hub thread.
 */
GRUVI_API void gruvi_stream_close(gruvi_stream_t *s);

/*
 * Limit each read and write from now on.
 *
 *   timeout  seconds a call may wait, in all; 0: not at all; GRUVI_FOREVER,
 *            the default: no limit.  NaN makes the calls return UV_EINVAL.
 *
 * Context: hub thread.
 */
GRUVI_API void gruvi_stream_set_timeout(gruvi_stream_t *s, double timeout);

/*
 * How many bytes have been received and sent so far: who finds the same number
 * later knows that nothing has moved in between.
 *
 * Context: hub thread.
 */
GRUVI_API uint64_t gruvi_stream_traffic(const gruvi_stream_t *s);

/*
 * The descriptor, borrowed: for socket options, say.
 *
 * Context: hub thread.
 */
GRUVI_API int gruvi_stream_fd(const gruvi_stream_t *s);

/*
 * The peer's address: "tcp://127.0.0.1:43210"; "unix:" for one without a name.
 * That of TCP is known as long as the stream is there.
 *
 *   buf, len  where to put it, and how many bytes fit
 *
 * Returns 0.
 * Errors:  UV_ENOBUFS, UV_ENOTCONN.
 * Context: hub thread.
 */
GRUVI_API int gruvi_stream_peer(const gruvi_stream_t *s, char *buf, size_t len);

GRUVI_END_DECLS

#endif
