/* SPDX-License-Identifier: MIT */
/* An echo server of plain epoll calls: what the others are compared with. */
#include <arpa/inet.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "bench/bench.h"

static int epoll, listener;

static void
watch(int fd)
{
    struct epoll_event event = {.events = EPOLLIN, .data.fd = fd};

    bench_check(fd >= 0, "a socket");
    bench_check(epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event) == 0, "epoll_ctl");
}

static void
begin(void)
{
    struct sockaddr_in at = {.sin_family = AF_INET};
    socklen_t length = sizeof at;

    epoll = epoll_create1(0);
    listener = socket(AF_INET, SOCK_STREAM, 0);
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    bench_check(bind(listener, (void *)&at, sizeof at) == 0, "bind");
    bench_check(listen(listener, 1024) == 0, "listen");
    bench_check(getsockname(listener, (void *)&at, &length) == 0,
                "getsockname");
    watch(listener);
    printf("tcp://127.0.0.1:%d\n", ntohs(at.sin_port));
    fflush(stdout);
}

static void
echo(int fd)
{
    static char buf[16384];
    ssize_t n = recv(fd, buf, sizeof buf, 0);

    if (n <= 0 || send(fd, buf, (size_t)n, MSG_NOSIGNAL) != n)
        close(fd);
}

int
main(void)
{
    struct epoll_event events[256];

    begin();
    for (;;) {
        int n = epoll_wait(epoll, events, 256, -1);

        for (int i = 0; i < n; i++)
            if (events[i].data.fd == listener)
                watch(accept4(listener, NULL, NULL, SOCK_NONBLOCK));
            else
                echo(events[i].data.fd);
    }
}
