/* SPDX-License-Identifier: MIT */
/*
 * In place of if_nametoindex(), which returns 0 with any errno where it has no
 * descriptor.
 */
#include "io/socket/interface.h"

#include <errno.h>
#include <net/if.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>
#include <uv.h>

int
gruvi__interface_find(const char *name, unsigned *number)
{
    struct ifreq request = {.ifr_ifindex = 0};
    int fd, err = 0;

    *number = 0;
    if (strlen(name) >= sizeof request.ifr_name)
        return UV_ENODEV;
    strcpy(request.ifr_name, name);
    fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return -errno;
    if (ioctl(fd, SIOCGIFINDEX, &request) < 0)
        err = -errno;
    else
        *number = (unsigned)request.ifr_ifindex;
    close(fd);
    return err;
}
