/* SPDX-License-Identifier: MIT */
/* Descriptors above the standard ones: see descriptor.h. */
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "base/descriptor.h"

static void
close_quietly(int fd)
{
    int saved_errno = errno;

    close(fd);
    errno = saved_errno;
}

int
gruvi__fd_move(int fd)
{
    int moved = fcntl(fd, F_DUPFD_CLOEXEC, GRUVI__FIRST_FD);

    close_quietly(fd);
    return moved;
}

int
gruvi__fd_own_pair(int fds[2])
{
    for (int i = 0; i < 2; i++) {
        fds[i] = gruvi__fd_own(fds[i]);
        if (fds[i] < 0) {
            close_quietly(fds[1 - i]);
            return -1;
        }
    }
    return 0;
}
