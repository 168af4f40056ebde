/* SPDX-License-Identifier: MIT */
/*
 * Host names, and datagrams, in blocking style.  The calling fiber waits, its
 * hub does not.
 *
 * A socket is made with an address as text: udp://127.0.0.1:53, udp://[::1]:53
 * or udp://localhost:53.  The address of each datagram is a gruvi_sockaddr_t.
 *
 * A datagram socket belongs to the hub it was made in; elsewhere calls return
 * UV_EPERM.  One fiber may receive while another sends; a second receiver or
 * sender is refused with UV_EBUSY.  Calls that succeed at once let other
 * fibers run every 64th time.
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
#include <gruvi/wait.h>

GRUVI_BEGIN_DECLS

/*
 * Look a host and a service up, as getaddrinfo() does.
 *
 * The system's resolver runs in the IO pool.  Look-ups use at most half of its
 * threads, but at least one; further look-ups queue, but for names that are in
 * /etc/hosts, for which there is one more thread.  Calls with equal
 * arguments at the same time share one look-up.  A look-up cannot be stopped:
 * if the resolver hangs, the call returns after its timeout, and the look-up
 * goes on without it.  Numbers need no pool, and do not wait.
 *
 * In a thread of the IO pool itself the resolver runs right there, and the
 * timeout has no effect.
 *
 *   host     a name or a numeric address; NULL: this machine, see AI_PASSIVE
 *   service  a name or a number; NULL: port 0
 *   hints    flags, family, socket type and protocol to select; NULL: all, as
 *            getaddrinfo() without hints
 *   result   where to put the list, owned (gruvi_freeaddrinfo()); NULL on
 *            failure
 *   timeout  seconds; 0 polls, GRUVI_FOREVER waits without limit
 *
 * Returns 0.
 * Errors:  UV_EAI_*, UV_EINVAL (neither host nor service), UV_ENOMEM, and why
 *          the IO pool cannot make a thread.
 * Context: fiber, switchpoint.
 */
GRUVI_API GRUVI_SWITCHPOINT int gruvi_getaddrinfo(const char *host,
                                                  const char *service,
                                                  const struct addrinfo *hints,
                                                  struct addrinfo **result,
                                                  double timeout);

/*
 * Free a list of gruvi_getaddrinfo().  NULL is fine.  (With glibc,
 * freeaddrinfo() and uv_freeaddrinfo() do the same.)
 *
 * Context: any thread.
 */
GRUVI_API void gruvi_freeaddrinfo(struct addrinfo *result);

/* An address of IPv4 or IPv6 with its port. */
typedef struct gruvi_sockaddr {
    socklen_t length; /* of at; 0: no address */
    struct sockaddr_storage at;
} gruvi_sockaddr_t;

/*
 * Convert text to an address: "udp://127.0.0.1:53".  No name is looked up.
 *
 *   at  where to put it; no address on failure
 *
 * Returns 0.
 * Errors:  UV_EINVAL (not a numeric address), UV_ENOTSUP (of another kind),
 *          UV_EMFILE and UV_ENFILE (the name of an interface, "fe80::1%eth0",
 *          takes a descriptor for a moment).
 * Context: any thread.
 */
GRUVI_API int gruvi_sockaddr_parse(gruvi_sockaddr_t *at, const char *text);

/*
 * Convert an address to text.
 *
 *   buf, len  where to put it, and how many bytes fit; GRUVI_ADDRESS_SIZE is
 *             enough
 *
 * Returns 0.
 * Errors:  UV_ENOBUFS, UV_EINVAL (not IPv4 or IPv6); buf is empty then.
 * Context: any thread.
 */
GRUVI_API int gruvi_sockaddr_format(const gruvi_sockaddr_t *at, char *buf,
                                    size_t len);

/* Whether two have the same address and port, or both have no address.
 * Context: any thread. */
GRUVI_API bool gruvi_sockaddr_equal(const gruvi_sockaddr_t *a,
                                    const gruvi_sockaddr_t *b);

typedef struct gruvi_udp gruvi_udp_t;

typedef struct gruvi_udp_options {
    bool reuse_address;      /* sockets that set it may share the address */
    bool reuse_port;         /* likewise; the kernel spreads the datagrams */
    bool broadcast;          /* sending to broadcast addresses is allowed */
    bool dual_stack;         /* [::] means IPv4 as well */
    unsigned receive_buffer; /* bytes in the kernel; 0: the system's own */
    unsigned send_buffer;    /* likewise */
    const char *local;       /* to connect: the address here; or NULL */
    void *reserved[4];       /* NULL */
} gruvi_udp_options_t;

/* One of several datagrams. */
typedef struct gruvi_datagram {
    void *data;  /* to send, or a buffer to receive into; borrowed */
    size_t size; /* of data, in bytes */
    /* Received: bytes of the datagram.  Those beyond size are lost. */
    size_t length;
    /* The sender, or the receiver; no address: a connected socket's peer. */
    gruvi_sockaddr_t peer;
} gruvi_datagram_t;

/*
 * Make a datagram socket that receives at an address.  If a name has several
 * addresses, the first that can be bound is used.
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
 * Make a datagram socket with a peer: it sends to the peer, receives from no
 * other address, and reports refused datagrams.  Nothing is sent.  If a name
 * has several addresses, the first with a route is used.
 *
 *   timeout  seconds, for the look-up of the name
 *
 * Otherwise as gruvi_udp_bind().
 *
 * Errors:  also UV_ENETUNREACH, ... and UV_EAFNOSUPPORT (the name has no
 *          address of the family of local).
 * Context: fiber, switchpoint.
 */
GRUVI_API GRUVI_SWITCHPOINT int
gruvi_udp_connect(gruvi_udp_t **udp, const char *address,
                  const gruvi_udp_options_t *options, double timeout);

/*
 * Receive a datagram.
 *
 *   buf, len  where to put it, and how many bytes fit
 *   from      where to put the sender's address; no address on failure, except
 *             with UV_EMSGSIZE; may be NULL
 *   timeout   seconds; 0 polls, GRUVI_FOREVER waits without limit
 *
 * Returns the number of bytes; a datagram may have none.
 * Errors:  UV_EMSGSIZE (it had more than len bytes; the rest is lost);
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
 * Send a datagram.  Success means that the kernel has it, not that it arrives.
 *
 *   to       NULL or no address: the peer of a connected socket
 *   timeout  seconds, to wait for space in the kernel; 0 polls
 *
 * Returns 0.
 * Errors:  UV_EMSGSIZE (too long for any datagram), UV_EDESTADDRREQ (no peer),
 *          UV_ECONNREFUSED (connected: an earlier datagram was refused; nothing
 *          is sent now), UV_ENOBUFS, UV_ENETUNREACH, UV_EACCES (a broadcast
 *          address without the option broadcast), ...; UV_EBUSY,
 *          UV_ECONNABORTED (closed meanwhile).
 * Context: fiber, switchpoint.
 */
GRUVI_API GRUVI_SWITCHPOINT int gruvi_udp_send(gruvi_udp_t *udp,
                                               const void *buf, size_t len,
                                               const gruvi_sockaddr_t *to,
                                               double timeout);

/*
 * Receive several datagrams: wait for the first, and take all that are there.
 *
 *   datagrams  n of them.  The caller sets data and size; this call sets
 *              length and peer.  If length is more than size, the datagram was
 *              cut.
 *
 * Returns the number of datagrams; 0 only for an n of 0.
 * Errors:  as gruvi_udp_recv(), but for UV_EMSGSIZE.  An error after the first
 *          datagram is returned by the next call.
 * Context: fiber, switchpoint.
 */
GRUVI_API GRUVI_SWITCHPOINT int
gruvi_udp_recv_many(gruvi_udp_t *udp, gruvi_datagram_t datagrams[], unsigned n,
                    double timeout);

/*
 * Send several datagrams: wait until the first can be sent, and send as many
 * as fit.  To send all of them, call again with the rest.
 *
 *   datagrams  n of them: data, size and peer, which are not changed
 *
 * Returns the number of datagrams sent; 0 only for an n of 0.
 * Errors:  as gruvi_udp_send(), for the first.  An error after the first
 *          datagram is returned by the next call, if it still holds then; a
 *          peer that refuses datagrams is told by the next call but one at the
 *          latest.
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
 *          UV_EADDRINUSE (the socket is in the group), UV_EADDRNOTAVAIL (it is
 *          not), UV_EMFILE and UV_ENFILE (a name takes a descriptor for a
 *          moment).
 * Context: hub thread.
 */
GRUVI_API int gruvi_udp_join(gruvi_udp_t *udp, const char *group,
                             const char *interface);
GRUVI_API int gruvi_udp_leave(gruvi_udp_t *udp, const char *group,
                              const char *interface);

/*
 * For datagrams to groups: how many routers they may pass (0 to 255; the
 * default is 1), whether this machine receives them, too (the default), and
 * the interface they leave by (as for gruvi_udp_join()).
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
 * The socket's own address, with its actual port: "udp://127.0.0.1:5353".
 *
 *   buf, len  where to put it, and how many bytes fit
 *
 * Returns 0.
 * Errors:  UV_ENOBUFS.
 * Context: hub thread.
 */
GRUVI_API int gruvi_udp_address(gruvi_udp_t *udp, char *buf, size_t len);

/*
 * The descriptor, borrowed, for example for socket options.
 *
 * Context: hub thread.
 */
GRUVI_API int gruvi_udp_fd(const gruvi_udp_t *udp);

/*
 * Close and free a socket, which must not be used any more.  A fiber inside a
 * call on it gets UV_ECONNABORTED.  NULL is fine.
 *
 * Context: hub thread.
 */
GRUVI_API void gruvi_udp_close(gruvi_udp_t *udp);

/*
 * For gruvi_wait(): a socket is done while a receive would find a datagram or
 * an error.  It may be closed during such a wait, which then returns
 * UV_ECONNABORTED.
 *
 * Returns a borrowed waitable; NULL for NULL.
 * Context: hub thread, and it is waited for there.
 */
GRUVI_API gruvi_waitable_t *gruvi_udp_waitable(gruvi_udp_t *udp);

GRUVI_END_DECLS

#endif
