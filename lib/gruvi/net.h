/* SPDX-License-Identifier: MIT */
/*
 * Names of the network, and datagrams, in blocking style.  The calling fiber
 * waits, its hub does not.
 *
 * Addresses of datagrams are text, udp://127.0.0.1:53, udp://[::1]:53 and
 * udp://localhost:53; that of each single one is a gruvi_sockaddr_t.
 *
 * A datagram socket belongs to the hub it was made in; elsewhere calls return
 * UV_EPERM.  One fiber may receive while another sends; a second one is refused
 * with UV_EBUSY.  Calls that succeed at once let others run every 64th time.
 *
 * Every waiting call may also return UV_ECANCELED, UV_ETIMEDOUT (its own
 * timeout or a deadline around it), UV_EINTR in the root fiber and
 * UV_ESHUTDOWN while the hub closes.
 */
#ifndef GRUVI_NET_H
#define GRUVI_NET_H

#include <netdb.h>
#include <stdbool.h>
#include <sys/socket.h>
#include <sys/types.h>

#include <gruvi/base.h>
#include <gruvi/switchpoint.h>

GRUVI_BEGIN_DECLS

/*
 * Look a host and a service up, as getaddrinfo() does.
 *
 * The resolver of the system is asked in the IO pool, where look-ups use half
 * of the threads at most (of one, the one); more of them queue.  Those who look
 * the same up at the same time share one look-up.  It cannot be stopped: where
 * the resolver hangs the call returns after its timeout, and the look-up goes
 * on without it.  Numbers need no pool, and do not wait.
 *
 * In a thread of the IO pool itself the resolver is asked right there, and no
 * timeout helps.
 *
 *   host     a name or a numeric address; NULL: this machine, see AI_PASSIVE
 *   service  a name or a number; NULL: port 0
 *   hints    flags, family, socket type and protocol of what is wanted; NULL:
 *            everything, as getaddrinfo() without hints
 *   result   where to put the list, owned (gruvi_freeaddrinfo()); NULL on
 *            failure
 *   timeout  seconds; 0 polls, GRUVI_FOREVER waits without limit
 *
 * Returns 0.
 * Errors:  UV_EAI_*, UV_EINVAL (neither host nor service), UV_ENOMEM, why the
 *          IO pool has no thread.
 * Context: fiber, switchpoint.
 */
GRUVI_API GRUVI_SWITCHPOINT int gruvi_getaddrinfo(const char *host,
                                                  const char *service,
                                                  const struct addrinfo *hints,
                                                  struct addrinfo **result,
                                                  double timeout);

/*
 * Free what gruvi_getaddrinfo() has put out.  NULL is fine.  (With glibc,
 * freeaddrinfo() and uv_freeaddrinfo() do the same.)
 *
 * Context: any thread.
 */
GRUVI_API void gruvi_freeaddrinfo(struct addrinfo *result);

/* An address of IPv4 or IPv6 with its port. */
typedef struct gruvi_sockaddr {
    socklen_t length; /* of at; 0: there is none */
    struct sockaddr_storage at;
} gruvi_sockaddr_t;

/*
 * Make an address of text: "udp://127.0.0.1:53".  No name is looked up.
 *
 *   at  where to put it; none on failure
 *
 * Returns 0.
 * Errors:  UV_EINVAL (not a numeric address), UV_ENOTSUP (of another kind).
 * Context: any thread.
 */
GRUVI_API int gruvi_sockaddr_parse(gruvi_sockaddr_t *at, const char *text);

/*
 * And text of an address.
 *
 *   buf, len  where to put it, and how many bytes fit; GRUVI_ADDRESS_SIZE do
 *
 * Returns 0.
 * Errors:  UV_ENOBUFS, UV_EINVAL (not one of these); buf is empty then.
 * Context: any thread.
 */
GRUVI_API int gruvi_sockaddr_format(const gruvi_sockaddr_t *at, char *buf,
                                    size_t len);

/* Whether two are the same address and port, or both none.
 * Context: any thread. */
GRUVI_API bool gruvi_sockaddr_equal(const gruvi_sockaddr_t *a,
                                    const gruvi_sockaddr_t *b);

typedef struct gruvi_udp gruvi_udp_t;

typedef struct gruvi_udp_options {
    bool reuse_address;      /* others that set it may bind the same */
    bool reuse_port;         /* likewise; the kernel spreads the datagrams */
    bool broadcast;          /* sending to broadcast addresses is allowed */
    bool dual_stack;         /* [::] means IPv4 as well */
    unsigned receive_buffer; /* bytes in the kernel; 0: the system's own */
    unsigned send_buffer;    /* likewise */
    const char *local;       /* gruvi_udp_connect(): where from; or NULL */
    void *reserved[4];       /* NULL */
} gruvi_udp_options_t;

/* One of several datagrams. */
typedef struct gruvi_datagram {
    void *data;  /* what to send, or room; borrowed */
    size_t size; /* of it in bytes */
    /* Received: bytes that it had.  Those beyond size are lost. */
    size_t length;
    /* Whom it is from, or to; none: to the peer of a connected socket. */
    gruvi_sockaddr_t peer;
} gruvi_datagram_t;

/*
 * Make a datagram socket that receives at an address.  Of a name that has
 * several, the first that can be bound is taken.
 *
 *   udp      where to put it, owned (gruvi_udp_close()); NULL on failure
 *   options  NULL: the defaults
 *
 * Returns 0.
 * Errors:  UV_EINVAL (address, option), UV_ENOTSUP (an address of another
 *          kind), UV_EADDRINUSE, UV_EADDRNOTAVAIL, UV_EACCES, UV_EMFILE,
 *          UV_ENOMEM, UV_EAI_*, ...
 * Context: fiber, switchpoint.
 */
GRUVI_API GRUVI_SWITCHPOINT int
gruvi_udp_bind(gruvi_udp_t **udp, const char *address,
               const gruvi_udp_options_t *options);

/*
 * Make a datagram socket with a peer: it sends there, receives from nobody
 * else, and learns where the peer refuses.  Nothing is sent.  Of a name that
 * has several addresses, the first to which there is a way is taken.
 *
 *   timeout  seconds, for looking the name up
 *
 * Otherwise as gruvi_udp_bind().
 *
 * Errors:  also UV_ENETUNREACH, ... and UV_EAFNOSUPPORT (no address is of the
 *          family of local).
 * Context: fiber, switchpoint.
 */
GRUVI_API GRUVI_SWITCHPOINT int
gruvi_udp_connect(gruvi_udp_t **udp, const char *address,
                  const gruvi_udp_options_t *options, double timeout);

/*
 * Receive a datagram.
 *
 *   buf, len  where to put it, and how many bytes fit
 *   from      where to put whom it is from; none on failure, but for
 *             UV_EMSGSIZE; may be NULL
 *   timeout   seconds; 0 polls, GRUVI_FOREVER waits without limit
 *
 * Returns how many bytes; a datagram may have none.
 * Errors:  UV_EMSGSIZE where it had more than len bytes: the others are lost;
 *          UV_ECONNREFUSED (connected: a datagram sent earlier was refused),
 *          UV_EHOSTUNREACH, ... likewise; UV_EBUSY, UV_ECONNABORTED (closed
 *          meanwhile), UV_ENOMEM.
 * Context: fiber, switchpoint.
 */
GRUVI_API GRUVI_SWITCHPOINT ssize_t gruvi_udp_recv(gruvi_udp_t *udp, void *buf,
                                                   size_t len,
                                                   gruvi_sockaddr_t *from,
                                                   double timeout);

/*
 * Send a datagram.  That the kernel took it says nothing about its arrival.
 *
 *   to       NULL or none: the peer of a connected socket
 *   timeout  seconds, to wait for room in the kernel; 0 polls
 *
 * Returns 0.
 * Errors:  UV_EMSGSIZE (too long for any datagram), UV_EDESTADDRREQ (no peer),
 *          UV_ECONNREFUSED (connected: one sent earlier was refused, and this
 *          one is not sent), UV_ENOBUFS, UV_ENETUNREACH, UV_EACCES (to a
 *          broadcast address without that option), ...; UV_EBUSY,
 *          UV_ECONNABORTED (closed meanwhile).
 * Context: fiber, switchpoint.
 */
GRUVI_API GRUVI_SWITCHPOINT int gruvi_udp_send(gruvi_udp_t *udp,
                                               const void *buf, size_t len,
                                               const gruvi_sockaddr_t *to,
                                               double timeout);

/*
 * Receive several datagrams: wait for the first, and take what is there.
 *
 *   datagrams  n of them: data and size from the caller, length and peer to
 *              him.  One whose length is more than its size was cut.
 *
 * Returns how many; 0 only for an n of 0.
 * Errors:  as gruvi_udp_recv(), but for UV_EMSGSIZE; one that comes after the
 *          first is returned by the next call.
 * Context: fiber, switchpoint.
 */
GRUVI_API GRUVI_SWITCHPOINT int
gruvi_udp_recv_many(gruvi_udp_t *udp, gruvi_datagram_t datagrams[], unsigned n,
                    double timeout);

/*
 * Send several datagrams: wait until the first can be sent, and send what fits.
 * Whoever wants to send all of them calls again with the others.
 *
 *   datagrams  n of them: data, size and peer, which are not changed
 *
 * Returns how many were sent; 0 only for an n of 0.
 * Errors:  as gruvi_udp_send(), of the first; one that comes after it is
 *          returned by the next call, if it is not gone by then.
 * Context: fiber, switchpoint.
 */
GRUVI_API GRUVI_SWITCHPOINT int
gruvi_udp_send_many(gruvi_udp_t *udp, const gruvi_datagram_t datagrams[],
                    unsigned n, double timeout);

/*
 * Enter or leave a multicast group.
 *
 *   group      "224.0.0.251", "ff02::fb"
 *   interface  its name or number; NULL: the system's choice
 *
 * Returns 0.
 * Errors:  UV_EINVAL (not a group of the socket's family), UV_ENODEV,
 *          UV_EADDRINUSE (it is in the group), UV_EADDRNOTAVAIL (it is not).
 * Context: hub thread.
 */
GRUVI_API int gruvi_udp_join(gruvi_udp_t *udp, const char *group,
                             const char *interface);
GRUVI_API int gruvi_udp_leave(gruvi_udp_t *udp, const char *group,
                              const char *interface);

/*
 * What is sent to groups: how many routers it may pass (0 to 255; the default
 * is 1), whether this machine receives it, too (the default), and the
 * interface it leaves by (as for gruvi_udp_join()).
 *
 * Returns 0.
 * Errors:  UV_EINVAL, UV_ENODEV, UV_EADDRNOTAVAIL.
 * Context: hub thread.
 */
GRUVI_API int gruvi_udp_set_multicast_ttl(gruvi_udp_t *udp, int ttl);
GRUVI_API int gruvi_udp_set_multicast_loop(gruvi_udp_t *udp, bool loop);
GRUVI_API int gruvi_udp_set_multicast_interface(gruvi_udp_t *udp,
                                                const char *interface);

/*
 * The address received at, with the port it got: "udp://127.0.0.1:5353".
 *
 *   buf, len  where to put it, and how many bytes fit
 *
 * Returns 0.
 * Errors:  UV_ENOBUFS.
 * Context: hub thread.
 */
GRUVI_API int gruvi_udp_address(gruvi_udp_t *udp, char *buf, size_t len);

/*
 * The descriptor, borrowed: for socket options, say.
 *
 * Context: hub thread.
 */
GRUVI_API int gruvi_udp_fd(const gruvi_udp_t *udp);

/*
 * Close and free a socket, which nobody may use any more.  Whoever is inside a
 * call on it gets UV_ECONNABORTED.  NULL is fine.
 *
 * Context: hub thread.
 */
GRUVI_API void gruvi_udp_close(gruvi_udp_t *udp);

GRUVI_END_DECLS

#endif
