/* SPDX-License-Identifier: MIT */
/*
 * Streams: TCP, TLS and Unix sockets in blocking style.  The calling fiber
 * waits, its hub does not.
 *
 * Addresses are text:
 *
 *     tcp://127.0.0.1:7007   tcp://[::1]:0   tcp://localhost:7007
 *     unix:/run/echo.sock    unix:@abstract
 *     fd:3                   for listeners: a socket that listens already
 *     tls+fd:3               likewise, with TLS
 *     tls://example.org:443  (gruvi/tls.h)
 *
 * Streams and listeners belong to the hub they were made in; elsewhere calls
 * return UV_EPERM.  One fiber may read a stream while another writes it; a
 * second reader or writer is refused with UV_EBUSY.  A stream has a file
 * descriptor, non-blocking and close-on-exec; Nagle's algorithm is off unless
 * an option leaves it on.
 *
 * Every waiting call may also return UV_ECANCELED, UV_ETIMEDOUT (its own
 * timeout or a deadline around it), UV_EINTR in the root fiber and
 * UV_ESHUTDOWN while the hub closes.  Calls that succeed at once let other
 * fibers run every 64th time.
 */
#ifndef GRUVI_STREAM_H
#define GRUVI_STREAM_H

#include <stdarg.h>

#include <gruvi/base.h>
#include <gruvi/switchpoint.h>
#include <gruvi/wait.h>

GRUVI_BEGIN_DECLS

/* Enough bytes for any address as text, with its null byte. */
#define GRUVI_ADDRESS_SIZE 128

typedef struct gruvi_listener gruvi_listener_t;
typedef struct gruvi_stream gruvi_stream_t;
typedef struct gruvi_tls gruvi_tls_t;

/* TCP: probe whether the peer is still there.  Each 0 is the system's value. */
typedef struct gruvi_keepalive {
    unsigned idle;     /* seconds without data before the first probe */
    unsigned interval; /* seconds between two probes */
    unsigned count;    /* unanswered probes that end the connection */
} gruvi_keepalive_t;

typedef struct gruvi_listen_options {
    int backlog;     /* connections the kernel queues; 0: 1024 */
    unsigned mode;   /* permissions of a Unix socket's file; 0: by umask */
    bool reuse_port; /* TCP: share the port with listeners that set it, too */
    bool dual_stack; /* [::] means IPv4 as well */
    bool delay;      /* TCP: leave Nagle's algorithm on, in connections */
    const gruvi_keepalive_t *keepalive; /* TCP: likewise; NULL: none */
    gruvi_tls_t *tls;  /* for tls:// and tls+fd:, which need it; borrowed */
    void *reserved[4]; /* NULL */
} gruvi_listen_options_t;

typedef struct gruvi_connect_options {
    bool delay;           /* TCP: leave Nagle's algorithm on */
    const char *local;    /* TCP: address here, "tcp://192.0.2.1:0"; NULL */
    double attempt_delay; /* seconds before another address; 0: 0.25 */
    const gruvi_keepalive_t *keepalive; /* TCP; NULL: none */
    gruvi_tls_t *tls; /* for tls://; NULL: the defaults; borrowed */
    const char
        *server_name;  /* for tls://: name in the certificate; NULL: host */
    void *reserved[4]; /* NULL */
} gruvi_connect_options_t;

typedef struct gruvi_serve_options {
    size_t max_connections; /* at this many accepting pauses; 0: no limit */
    void *reserved[4];      /* NULL */
} gruvi_serve_options_t;

/*
 * Listen on an address.
 *
 * If a name has several addresses, the first that can be bound is used.  [::]
 * does not include IPv4, unless dual_stack is set.  The file of a Unix socket
 * that no program listens on any more is replaced.  A file that a program
 * listens on, or that is not a socket, is UV_EADDRINUSE.  During this check its
 * folder is locked (flock), so that only one of two programs that start at once
 * gets the file.
 *
 * Several listeners of one user may share a TCP port if all of them set
 * reuse_port (SO_REUSEPORT): the kernel spreads the connections over them, in
 * one hub or in several.
 *
 * fd:N stands for a TCP or Unix socket that listens already: an inherited
 * socket, or the socket of another hub's listener, which is then shared.  The
 * listener duplicates the descriptor.  N still belongs to the caller, and is
 * made close-on-exec; the socket becomes non-blocking.  Its backlog and mode
 * stay as they are, and no file is removed when the listener is closed.
 * tls+fd:N is the same for a TCP socket, with TLS.
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
 *          if the socket does not listen.
 * Context: fiber, switchpoint.
 */
GRUVI_API GRUVI_SWITCHPOINT int
gruvi_listen(gruvi_listener_t **listener, const char *address,
             const gruvi_listen_options_t *options);

/*
 * Accept a connection.  If descriptors run out, the call waits until there are
 * some, and logs that once.  Connections that ended in the queue are skipped.
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
 * Handles a connection, in a fiber of its own, and called as gruvi_group_call()
 * calls: when it has returned, the fibers that it has started are cancelled and
 * joined, and then the stream is closed.  It must not close the stream.  A
 * negative result is logged as a warning; the codes
 * of a peer or server that goes away are logged at the debug level.
 */
typedef GRUVI_SWITCHPOINT int (*gruvi_connection_fn)(gruvi_stream_t *stream,
                                                     void *arg);

/*
 * Accept connections and call a handler for each in a fiber of its own, until
 * the call is cancelled or the listener is closed; then the handlers that
 * still run are cancelled and joined.  If there is no memory or no fiber for
 * another connection, the call waits, and logs that once.
 *
 * The listener stays open when the call ends, and the kernel goes on to queue
 * connections until gruvi_listener_close().  If accepting is forbidden (by
 * seccomp, or a rule of the system), the call ends, and logs that.
 *
 *   arg      handed to handler; borrowed
 *   options  NULL: the defaults
 *
 * Returns the error that has ended it: UV_ECANCELED, UV_ECONNABORTED (the
 *          listener was closed), UV_EBUSY (another fiber is accepting),
 *          UV_EINVAL (option, handler), UV_EPERM, UV_ENOSYS, ... (accepting is
 *          forbidden).
 * Context: fiber, switchpoint.
 */
GRUVI_API GRUVI_SWITCHPOINT int
gruvi_serve(gruvi_listener_t *listener, gruvi_connection_fn handler, void *arg,
            const gruvi_serve_options_t *options);

/*
 * The listener's address, with its actual port: "tcp://127.0.0.1:7007".
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
 * Make another listener with the same socket, and so the same queue: each
 * connection is accepted by whoever is first.  It has TLS if listener has, with
 * the same credentials, until gruvi_listener_set_tls() changes those of either.
 * The socket closes with the last listener that has it.  The file of a Unix
 * socket is removed when the listener that has made it closes, and no other.
 *
 *   listener  of any hub: but for accepting, nobody may use it meanwhile
 *   dup       where to put the new listener, of this thread's hub, owned
 *             (gruvi_listener_close()); NULL on failure
 *
 * Returns 0.
 * Errors:  UV_EINVAL (no listener), UV_EMFILE, UV_ENFILE, UV_ENOMEM, or an
 *          error of gruvi_get_hub().
 * Context: hub thread.
 */
GRUVI_API int gruvi_listener_dup(gruvi_listener_t *listener,
                                 gruvi_listener_t **dup);

/*
 * The descriptor, borrowed: for socket options, or to share it as fd:N.
 *
 * Context: hub thread.
 */
GRUVI_API int gruvi_listener_fd(const gruvi_listener_t *listener);

/* For gruvid: the descriptor, for socket options and nothing else. */
GRUVI_API int gruvi__listener_fd(const gruvi_listener_t *listener);

/*
 * Stop listening, and free the listener.  A fiber that accepts on it gets
 * UV_ECONNABORTED.  The file of a Unix socket is removed, unless another
 * program has replaced it.  NULL is fine.
 *
 * Context: hub thread.
 */
GRUVI_API void gruvi_listener_close(gruvi_listener_t *listener);

/*
 * Connect, with TLS to the end of the handshake.  Names are looked up without
 * blocking the hub.
 *
 * The addresses of a name are raced (RFC 8305).  IPv6 and IPv4 take turns, IPv6
 * first.  The next attempt begins after attempt_delay, or at once when an
 * attempt has failed; attempts that have begun go on.  The first that connects
 * wins.  A negative attempt_delay means that an attempt waits until the last
 * has failed.
 *
 * local is a numeric address of this machine with a port or 0; only addresses
 * of its family are tried.
 *
 *   stream   where to put it, owned (gruvi_stream_close()); NULL on failure
 *   options  NULL: the defaults
 *   timeout  seconds for the whole call; GRUVI_FOREVER: the system's own limit.
 *            (There is none for a Unix socket whose queue is full.)
 *
 * Returns 0.
 * Errors:  UV_EINVAL, UV_ENOTSUP, UV_ECONNREFUSED, UV_ENOENT, UV_EHOSTUNREACH,
 *          UV_EADDRNOTAVAIL and UV_EADDRINUSE (local), UV_EAFNOSUPPORT (the
 *          name has no address of its family), UV_EMFILE, UV_ENOMEM,
 *          UV_EAI_*, ...; of several addresses, the most specific error; with
 *          TLS as gruvi_tls_handshake().
 * Context: fiber, switchpoint.
 */
GRUVI_API GRUVI_SWITCHPOINT int
gruvi_connect(gruvi_stream_t **stream, const char *address,
              const gruvi_connect_options_t *options, double timeout);

/*
 * Read at least one byte and at most len bytes.  Bytes that an earlier call
 * received and did not return come first.
 *
 * Returns the number of bytes; 0 at the end of the stream, and for a len of 0.
 * Errors:  UV_EBUSY, UV_ECONNRESET, UV_ECONNABORTED (closed meanwhile).
 * Context: fiber, switchpoint.
 */
GRUVI_API GRUVI_SWITCHPOINT ssize_t gruvi_stream_read(gruvi_stream_t *s,
                                                      void *buf, size_t len);

/*
 * Read len bytes.  A failure consumes nothing: the next read begins with the
 * same bytes.  The bytes that had arrived are in buf all the same.
 *
 * Returns 0.
 * Errors:  UV_EOF (the stream ends early); UV_ENOMEM; as gruvi_stream_read().
 * Context: fiber, switchpoint.
 */
GRUVI_API GRUVI_SWITCHPOINT int gruvi_stream_read_exact(gruvi_stream_t *s,
                                                        void *buf, size_t len);

/*
 * Read a line, with its '\n'.  The last line may end without '\n'.  A failure
 * consumes nothing: the next read begins with the same bytes.
 *
 *   buf, len  where to put it; no '\0' is added
 *
 * Returns the number of bytes; 0 at the end of the stream.
 * Errors:  UV_E2BIG (there is no '\n' in len bytes); UV_ENOMEM; as
 *          gruvi_stream_read().
 * Context: fiber, switchpoint.
 */
GRUVI_API GRUVI_SWITCHPOINT ssize_t gruvi_stream_read_line(gruvi_stream_t *s,
                                                           char *buf,
                                                           size_t len);

/*
 * Read a line as text: without its end, which is "\n" or "\r\n", and with a
 * '\0' behind it.  The last line may end without '\n'.  A failure consumes
 * nothing: the next read begins with the same bytes.
 *
 *   buf, len  where to put it; the '\0' needs one of len bytes.  "" on failure
 *
 * Returns the number of bytes, without the '\0'; 0 for an empty line.  If buf
 *          holds a '\0' before that, the peer has sent it.
 * Errors:  UV_EOF (the end of the stream); UV_E2BIG (the line does not fit);
 *          UV_EINVAL (no buf); UV_ENOMEM; as gruvi_stream_read().
 * Context: fiber, switchpoint.
 */
GRUVI_API GRUVI_SWITCHPOINT ssize_t gruvi_stream_read_text(gruvi_stream_t *s,
                                                           char *buf,
                                                           size_t len);

/*
 * Look at what comes next: as gruvi_stream_read(), but the next read begins
 * with the same bytes.
 *
 * Returns the number of bytes; 0 at the end of the stream, and for a len of 0.
 * Errors:  UV_ENOMEM; as gruvi_stream_read().
 * Context: fiber, switchpoint.
 */
GRUVI_API GRUVI_SWITCHPOINT ssize_t gruvi_stream_peek(gruvi_stream_t *s,
                                                      void *buf, size_t len);

/*
 * Look at the next len bytes: as gruvi_stream_read_exact(), but the next read
 * begins with the same bytes.  Bytes that had arrived before a failure are in
 * buf all the same.
 *
 * Returns 0.
 * Errors:  UV_EOF (the stream ends early); UV_ENOMEM; as gruvi_stream_read().
 * Context: fiber, switchpoint.
 */
GRUVI_API GRUVI_SWITCHPOINT int gruvi_stream_peek_exact(gruvi_stream_t *s,
                                                        void *buf, size_t len);

/*
 * Read at least one byte, into memory of the stream.  A stream that waits has
 * no such memory, so that idle connections are cheap.
 *
 *   data  where to put the address; the memory may be written to, and is valid
 *         until the next read of the stream, or its close.  NULL on failure
 *         and at the end of the stream.
 *
 * Returns the number of bytes; 0 at the end of the stream.
 * Errors:  UV_ENOMEM; as gruvi_stream_read().
 * Context: fiber, switchpoint.
 */
GRUVI_API GRUVI_SWITCHPOINT ssize_t gruvi_stream_take(gruvi_stream_t *s,
                                                      char **data);

/*
 * Give bytes back: the next read begins with them, and goes on with what comes
 * next.  They need not be what was read.
 *
 *   buf  copied; may be in memory that gruvi_stream_take() has lent, which is
 *        not valid any more then
 *
 * Returns 0.
 * Errors:  UV_EBUSY (a fiber is reading), UV_ENOMEM, UV_EINVAL, UV_EPERM
 *          (another thread's stream); nothing has changed.
 * Context: hub thread.
 */
GRUVI_API int gruvi_stream_unread(gruvi_stream_t *s, const void *buf,
                                  size_t len);

/*
 * Write all bytes.  After a failure the write side is dead: the next write
 * returns UV_EPIPE, because an unknown part of the bytes went out.  (Only a
 * call that was refused before it began changes nothing: UV_EBUSY, UV_EPERM,
 * UV_EINVAL, or a cancel or deadline that was already there.)
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
 * Write what can be written without waiting: for callbacks, and for what may be
 * left out.
 *
 *   len  0: with TLS, send what of an earlier call has not gone out
 *
 * Returns how many bytes were taken, from the front; may be fewer than len.
 * Errors:  UV_EAGAIN (none; with TLS also before the end of the handshake),
 *          UV_EBUSY (a fiber is writing), UV_EPERM (another thread's stream);
 *          as gruvi_stream_write(), and then the write side is dead.
 * Context: hub thread, callbacks included.
 */
GRUVI_API ssize_t gruvi_stream_try_write(gruvi_stream_t *s, const void *buf,
                                         size_t len);

/*
 * Write text that is formatted as by printf().  Up to 511 bytes of it need no
 * memory.
 *
 * Returns 0.
 * Errors:  UV_EINVAL (the format), UV_ENOMEM: nothing was written;
 *          as gruvi_stream_write().
 * Context: fiber, switchpoint.
 */
GRUVI_API GRUVI_SWITCHPOINT int gruvi_stream_printf(gruvi_stream_t *s,
                                                    const char *format, ...)
    __attribute__((format(printf, 2, 3)));
GRUVI_API GRUVI_SWITCHPOINT int
gruvi_stream_vprintf(gruvi_stream_t *s, const char *format, va_list args)
    __attribute__((format(printf, 2, 0)));

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
 * Have the calling fiber cancelled when the peer goes, while it computes or
 * waits for something else: "the peer has gone".  The fiber is cancelled once.
 * If it is inside a call on this stream, the call tells it instead.
 *
 * The peer has gone when the connection is broken: by a reset, or when a Unix
 * socket is closed.  A TCP peer that closes in order looks like a peer that has
 * only ended its side and still reads, so it counts where end is set.  Nothing
 * is read: bytes that have come stay readable, and an end behind them counts as
 * well.  With TLS the end of the socket counts, not a close_notify alone.
 *
 * It ends with gruvi_stream_unwatch_peer() and with the stream.  Another call
 * begins it anew.
 *
 *   end  whether the end of the peer's side counts, too
 *
 * Returns 0.
 * Errors:  UV_EBUSY (another fiber watches), UV_EINVAL (no stream; the root
 *          fiber, which cannot be cancelled), UV_EPERM (another thread's
 *          stream), UV_ENOMEM, UV_EMFILE, UV_ESHUTDOWN.
 * Context: fiber.
 */
GRUVI_API int gruvi_stream_watch_peer(gruvi_stream_t *s, bool end);

/*
 * Watch the peer no more.  A cancel that has been given stays.  NULL, or a
 * stream that is not watched, is fine.
 *
 * Context: hub thread.
 */
GRUVI_API void gruvi_stream_unwatch_peer(gruvi_stream_t *s);

/*
 * Close and free a stream, which must not be used any more.  A fiber inside a
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
 * The number of bytes received and sent so far: if it is unchanged later,
 * nothing has moved in between.
 *
 * Context: hub thread.
 */
GRUVI_API uint64_t gruvi_stream_traffic(const gruvi_stream_t *s);

/*
 * Keep something of the program's with a stream: what belongs to the
 * connection.
 *
 *   data     borrowed until it is destroyed; NULL keeps nothing
 *   destroy  run on data when the stream is closed, or other data is set; may
 *            be NULL.  It must not switch.  At the close the stream is still
 *            there to be asked for its peer and traffic, and for
 *            gruvi_stream_try_write().
 *
 * Context: hub thread.
 */
GRUVI_API void gruvi_stream_set_data(gruvi_stream_t *s, void *data,
                                     void (*destroy)(void *data));

/*
 * What was set, borrowed; NULL before.
 *
 * Context: hub thread.
 */
GRUVI_API void *gruvi_stream_data(const gruvi_stream_t *s);

/*
 * The descriptor, borrowed, for example for socket options.  A program that
 * gets it as its standard input makes it blocking for all who share it; reads
 * and writes of the stream wait in the hub all the same.
 *
 * Context: hub thread.
 */
GRUVI_API int gruvi_stream_fd(const gruvi_stream_t *s);

/*
 * The peer's address: "tcp://127.0.0.1:43210"; "unix:" for a peer without a
 * name.  A TCP address is known as long as the stream exists.
 *
 *   buf, len  where to put it, and how many bytes fit
 *
 * Returns 0.
 * Errors:  UV_ENOBUFS, UV_ENOTCONN.
 * Context: hub thread.
 */
GRUVI_API int gruvi_stream_peer(const gruvi_stream_t *s, char *buf, size_t len);

/*
 * For gruvi_wait(): a stream is done while a read would find bytes, the end of
 * the stream or an error; with TLS also while a client has not begun its
 * handshake, and a read may wait all the same when part of a record has come.
 * While one fiber waits another may read.  The stream may be closed during such
 * a wait, which then returns UV_ECONNABORTED.
 *
 * Returns a borrowed waitable; NULL for NULL.
 * Context: hub thread, and it is waited for there.
 */
GRUVI_API gruvi_waitable_t *gruvi_stream_waitable(gruvi_stream_t *s);

/*
 * The same for a listener, which is done while a connection waits to be
 * accepted.
 *
 * Returns a borrowed waitable; NULL for NULL.
 * Context: hub thread, and it is waited for there.
 */
GRUVI_API gruvi_waitable_t *gruvi_listener_waitable(gruvi_listener_t *listener);

/* For gruvid; not to be used directly. */

/* The two parts of gruvi_stream_traffic().  Context: hub thread. */
GRUVI_API void gruvi__stream_bytes(const gruvi_stream_t *s, uint64_t *received,
                                   uint64_t *sent);

/* Waits until a stream can be read, without a fiber. */
typedef struct gruvi__await {
    /* Called once, in a callback of the hub; must not close the stream.
     * Returns whether a read follows soon: else the stream is not looked at
     * meanwhile, because it stays readable. */
    bool (*wake)(struct gruvi__await *await);
} gruvi__await_t;

/*
 * Call await->wake when a read would find bytes, the end of the stream or an
 * error.  Memory for reading is freed, and gruvi_stream_watch_peer() is over;
 * no call may be inside.
 *
 *   await  borrowed until it was called, or the stream is closed; NULL takes
 *          back what was asked for
 *
 * Returns 0; 1 where a read would find something now: wake is not called.
 * Errors:  UV_EBUSY (a call is inside), UV_ENOMEM, UV_ESHUTDOWN.
 * Context: hub thread.
 */
GRUVI_API int gruvi__stream_await(gruvi_stream_t *s, gruvi__await_t *await);

/* Bytes that have come, and that no read has taken yet; what TLS holds is not
 * among them.  Context: hub thread. */
GRUVI_API size_t gruvi__stream_held(const gruvi_stream_t *s);

/* Whether a read would find something now.  Context: hub thread. */
GRUVI_API bool gruvi__stream_readable(const gruvi_stream_t *s);

GRUVI_END_DECLS

#endif
