/* SPDX-License-Identifier: MIT */
/* One datagram a call. */
#include <errno.h>
#include <sys/socket.h>

#include "core/fiber.h"
#include "io/datagram/datagram.h"

/* MSG_TRUNC: the result is the full length of the datagram. */
static ssize_t
receive(gruvi_udp_t *udp, struct gruvi__call *call, void *buf, size_t len,
        gruvi_sockaddr_t *from)
{
    ssize_t n;
    int err;

    for (;;) {
        from->length = sizeof from->at;
        n = recvfrom(udp->socket.fd, buf, len, MSG_TRUNC | MSG_DONTWAIT,
                     (struct sockaddr *)&from->at, &from->length);
        if (n >= 0)
            return (size_t)n <= len ? n : UV_EMSGSIZE;
        from->length = 0;
        if (errno == EINTR)
            continue;
        if (errno != EAGAIN)
            return -errno;
        err = gruvi__call_wait(call);
        if (err < 0)
            return err;
    }
}

GRUVI_SWITCHPOINT ssize_t
gruvi_udp_recv(gruvi_udp_t *udp, void *buf, size_t len, gruvi_sockaddr_t *from,
               double timeout)
{
    struct gruvi__call call;
    gruvi_sockaddr_t unwanted;
    ssize_t n;
    int err;

    if (from == NULL)
        from = &unwanted;
    from->length = 0;
    err = gruvi__udp_begin(&call, __func__, udp, GRUVI__IN, timeout);
    if (err < 0)
        return err;
    n = receive(udp, &call, buf, len, from);
    gruvi__udp_end(udp, &call);
    return gruvi__result_with(n, buf, len);
}

static int
transmit(gruvi_udp_t *udp, struct gruvi__call *call, const void *buf,
         size_t len, const gruvi_sockaddr_t *to)
{
    const struct sockaddr *at = NULL;
    socklen_t length = 0;
    int err;

    if (to != NULL && to->length > 0) {
        at = (const struct sockaddr *)&to->at;
        length = to->length;
    }
    while (sendto(udp->socket.fd, buf, len, MSG_NOSIGNAL | MSG_DONTWAIT, at,
                  length) < 0) {
        if (errno == EINTR)
            continue;
        if (errno != EAGAIN)
            return -errno;
        err = gruvi__call_wait(call);
        if (err < 0)
            return err;
    }
    return 0;
}

GRUVI_SWITCHPOINT int
gruvi_udp_send(gruvi_udp_t *udp, const void *buf, size_t len,
               const gruvi_sockaddr_t *to, double timeout)
{
    struct gruvi__call call;
    int err = gruvi__udp_begin(&call, __func__, udp, GRUVI__OUT, timeout);

    if (err < 0)
        return err;
    err = transmit(udp, &call, buf, len, to);
    gruvi__udp_end(udp, &call);
    return (int)gruvi__result_with(err, buf, len);
}
