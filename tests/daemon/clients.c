/* SPDX-License-Identifier: MIT */
/* Clients of a gruvid that runs: blocking sockets with a limit of patience. */
#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "daemon/run_gruvid.h"

#define LISTENING "listening on tcp://127.0.0.1:"

int
gruvid_port(struct gruvid *g, unsigned n)
{
    const char *at;

    gruvid_says_times(g, LISTENING, n + 1);
    at = g->log;
    for (unsigned i = 0; i <= n; i++)
        at = strstr(at, LISTENING) + strlen(LISTENING);
    return atoi(at);
}

static int
connect_address(const struct sockaddr *address, socklen_t len)
{
    struct timeval patience = {.tv_sec = PATIENCE};
    int fd = socket(address->sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);

    ck_assert_int_ge(fd, 0);
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
    if (connect(fd, address, len) < 0) {
        close(fd);
        return -1;
    }
    return fd;
}

int
connect_port(int port)
{
    struct sockaddr_in address = {
        .sin_family = AF_INET,
        .sin_port = htons((unsigned short)port),
        .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
    };

    return connect_address((struct sockaddr *)&address, sizeof address);
}

int
connect_unix(const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};

    strcpy(address.sun_path, path);
    return connect_address((struct sockaddr *)&address, sizeof address);
}

int
connect_to(struct gruvid *g, unsigned n)
{
    int fd = connect_port(gruvid_port(g, n));

    ck_assert_msg(fd >= 0, "connect: %s", strerror(errno));
    return fd;
}

void
send_text(int fd, const char *text)
{
    size_t len = strlen(text);

    ck_assert_int_eq(send(fd, text, len, MSG_NOSIGNAL), (ssize_t)len);
}

void
expect_text(int fd, const char *text)
{
    size_t len = strlen(text);
    char buf[1024];

    ck_assert_uint_lt(len, sizeof buf);
    ck_assert_int_eq(recv(fd, buf, len, MSG_WAITALL), (ssize_t)len);
    buf[len] = '\0';
    ck_assert_str_eq(buf, text);
}

bool
expect_end(int fd)
{
    char buf[4096];
    ssize_t n;

    while ((n = recv(fd, buf, sizeof buf, 0)) > 0)
        continue;
    ck_assert_msg(n == 0 || errno == ECONNRESET, "recv: %s", strerror(errno));
    return n < 0;
}

void
reset(int fd)
{
    struct linger now = {.l_onoff = 1, .l_linger = 0};

    setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof now);
    close(fd);
}
