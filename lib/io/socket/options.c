/* SPDX-License-Identifier: MIT */
/* See options.h. */
#include <errno.h>
#include <limits.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <uv.h>

#include "io/socket/options.h"

int
gruvi__option_set(int fd, int level, int name, int value)
{
    return setsockopt(fd, level, name, &value, sizeof value) < 0 ? -errno : 0;
}

int
gruvi__option_set_number(int fd, int level, int name, unsigned value)
{
    if (value == 0)
        return 0;
    return value > INT_MAX ? UV_EINVAL
                           : gruvi__option_set(fd, level, name, (int)value);
}

int
gruvi__keepalive_set(int fd, const gruvi_keepalive_t *keepalive)
{
    int err;

    if (keepalive == NULL)
        return 0;
    if ((err = gruvi__option_set(fd, SOL_SOCKET, SO_KEEPALIVE, 1)) < 0 ||
        (err = gruvi__option_set_number(fd, IPPROTO_TCP, TCP_KEEPIDLE,
                                        keepalive->idle)) < 0 ||
        (err = gruvi__option_set_number(fd, IPPROTO_TCP, TCP_KEEPINTVL,
                                        keepalive->interval)) < 0)
        return err;
    return gruvi__option_set_number(fd, IPPROTO_TCP, TCP_KEEPCNT,
                                    keepalive->count);
}
