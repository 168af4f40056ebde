/* SPDX-License-Identifier: MIT */
/*
 * Several datagrams a call.
 *
 * A call waits only for its first datagram; after that it ends where it would
 * have to wait.  So no cancel or timeout hides how many datagrams there were.
 * A later error is kept for the next call.
 *
 * Where sendmmsg() has sent a part, it has met an error that it does not tell.
 * Most errors come again with the next datagram.  That an earlier datagram was
 * refused does not: it is told once, and sendmmsg() has taken it.  So a
 * connected socket sends what is left one by one, as a peer that refused one
 * will refuse the next.
 */
#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#include "io/datagram/datagram.h"

/* Datagrams in a system call; their headers are on the stack. */
#define MAX_BATCH 32

struct batch {
    struct mmsghdr headers[MAX_BATCH];
    struct iovec buffers[MAX_BATCH];
    unsigned n;
};

/* The next datagrams, at most n of them; their addresses are read or written.
 */
static void
gather(struct batch *batch, gruvi_datagram_t datagrams[], unsigned n,
       bool receives)
{
    batch->n = n < MAX_BATCH ? n : MAX_BATCH;
    memset(batch->headers, 0, batch->n * sizeof *batch->headers);
    for (unsigned i = 0; i < batch->n; i++) {
        struct msghdr *header = &batch->headers[i].msg_hdr;
        gruvi_datagram_t *datagram = &datagrams[i];

        batch->buffers[i].iov_base = datagram->data;
        batch->buffers[i].iov_len = datagram->size;
        header->msg_iov = &batch->buffers[i];
        header->msg_iovlen = 1;
        header->msg_namelen =
            receives ? sizeof datagram->peer.at : datagram->peer.length;
        if (header->msg_namelen > 0)
            header->msg_name = &datagram->peer.at;
    }
}

static void
note_received(const struct batch *batch, gruvi_datagram_t datagrams[], int n)
{
    for (int i = 0; i < n; i++) {
        datagrams[i].length = batch->headers[i].msg_len;
        datagrams[i].peer.length = batch->headers[i].msg_hdr.msg_namelen;
    }
}

/* One system call: how many, or an error. */
static int
receive(gruvi_udp_t *udp, struct batch *batch, gruvi_datagram_t datagrams[],
        unsigned n)
{
    int got;

    gather(batch, datagrams, n, true);
    got = recvmmsg(udp->socket.fd, batch->headers, batch->n,
                   MSG_TRUNC | MSG_DONTWAIT, NULL);
    if (got < 0)
        return -errno;
    note_received(batch, datagrams, got);
    return got;
}

static int
transmit(gruvi_udp_t *udp, struct batch *batch, gruvi_datagram_t datagrams[],
         unsigned n)
{
    int sent;

    gather(batch, datagrams, n, false);
    sent = sendmmsg(udp->socket.fd, batch->headers, batch->n,
                    MSG_NOSIGNAL | MSG_DONTWAIT);
    return sent < 0 ? -errno : sent;
}

typedef int (*step_fn)(gruvi_udp_t *udp, struct batch *batch,
                       gruvi_datagram_t datagrams[], unsigned n);

/* Whether a part that was done may hide that a datagram was refused. */
static bool
hides_errors(const gruvi_udp_t *udp, const struct gruvi__call *call)
{
    return udp->connected && call->side == &udp->socket.side[GRUVI__OUT];
}

/* At least one; as many as there are to receive, or as the kernel takes. */
static int
do_many(gruvi_udp_t *udp, struct gruvi__call *call, step_fn step,
        gruvi_datagram_t datagrams[], unsigned n)
{
    struct batch batch;
    unsigned done = 0, most = MAX_BATCH;
    int err;

    while (done < n) {
        err = step(udp, &batch, datagrams + done,
                   n - done < most ? n - done : most);
        if (err > 0) {
            done += (unsigned)err;
            if ((unsigned)err < batch.n && !hides_errors(udp, call))
                break;
            if ((unsigned)err < batch.n)
                most = 1;
        } else if (err == UV_EAGAIN && done == 0) {
            err = gruvi__call_wait(call);
            if (err < 0)
                return err;
        } else if (err == UV_EAGAIN) {
            break;
        } else if (err != UV_EINTR && done == 0) {
            return err;
        } else if (err != UV_EINTR) {
            udp->error[call->side - udp->socket.side] = err;
            break;
        }
    }
    return (int)done;
}

static GRUVI_SWITCHPOINT int
call_many(const char *function, gruvi_udp_t *udp,
          enum gruvi__direction direction, gruvi_datagram_t datagrams[],
          unsigned n, double timeout)
{
    struct gruvi__call call;
    int err = gruvi__udp_begin(&call, function, udp, direction, timeout);

    if (err < 0)
        return err;
    err = do_many(udp, &call, direction == GRUVI__IN ? receive : transmit,
                  datagrams, n);
    gruvi__udp_end(udp, &call);
    return err;
}

GRUVI_SWITCHPOINT int
gruvi_udp_recv_many(gruvi_udp_t *udp, gruvi_datagram_t datagrams[], unsigned n,
                    double timeout)
{
    return call_many(__func__, udp, GRUVI__IN, datagrams, n, timeout);
}

GRUVI_SWITCHPOINT int
gruvi_udp_send_many(gruvi_udp_t *udp, const gruvi_datagram_t datagrams[],
                    unsigned n, double timeout)
{
    return call_many(__func__, udp, GRUVI__OUT, (gruvi_datagram_t *)datagrams,
                     n, timeout);
}
