/* SPDX-License-Identifier: MIT */
/*
 * The journal's native protocol: a datagram a record, with lines of the form
 * FIELD=VALUE.  No value of gruvid's has a newline, so the form for such values
 * is not needed.
 *
 * source: https://systemd.io/JOURNAL_NATIVE_PROTOCOL/
 */
#include "log/journal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <uv.h>

/* What the environment may name another for, in tests and containers. */
#define SOCKET "/run/systemd/journal/socket"

/* The journal gives the numbers of its socket, so a stderr that was redirected
 * since is not taken for it. */
bool
gruvid__journal_is_stderr(void)
{
    const char *stream = getenv("JOURNAL_STREAM");
    unsigned long long device, inode;
    struct stat st;

    return stream != NULL &&
           sscanf(stream, "%llu:%llu", &device, &inode) == 2 &&
           fstat(STDERR_FILENO, &st) == 0 && st.st_dev == device &&
           st.st_ino == inode;
}

/* Descriptors up to 2 are the program's. */
static int
move_up(int fd)
{
    int above = fcntl(fd, F_DUPFD_CLOEXEC, STDERR_FILENO + 1), err = errno;

    close(fd);
    return above < 0 ? uv_translate_sys_error(err) : above;
}

int
gruvid__journal_open(void)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    const char *path = getenv("GRUVID_JOURNAL_SOCKET");
    int fd, err;

    if (path == NULL || path[0] == '\0')
        path = SOCKET;
    if (strlen(path) >= sizeof address.sun_path)
        return UV_ENAMETOOLONG;
    strcpy(address.sun_path, path);
    fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return uv_translate_sys_error(errno);
    if (connect(fd, (struct sockaddr *)&address, sizeof address) < 0) {
        err = errno;
        close(fd);
        return uv_translate_sys_error(err);
    }
    return fd > STDERR_FILENO ? fd : move_up(fd);
}
