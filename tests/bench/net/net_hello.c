/* SPDX-License-Identifier: MIT */
/*
 * The floor of HTTP: plain epoll calls, and an answer that is always the same.
 * It looks for the ends of requests, so that each gets its answer, and for
 * nothing else in them.
 */
#include <arpa/inet.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "bench/bench.h"

/* As many requests as fit into what is received at once. */
#define MOST 512

static const char answer[] = "HTTP/1.1 200 OK\r\n"
                             "Date: Sun, 06 Nov 1994 08:49:37 GMT\r\n"
                             "Content-Length: 12\r\n"
                             "Content-Type: text/plain; charset=utf-8\r\n"
                             "\r\n"
                             "Hello, you!\n";

static char answers[MOST * (sizeof answer - 1)];
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

    for (size_t i = 0; i < MOST; i++)
        memcpy(answers + i * (sizeof answer - 1), answer, sizeof answer - 1);
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

/* A request comes whole: those of the benchmark are sent by one call. */
static void
serve(int fd)
{
    static char buf[16384];
    ssize_t n = recv(fd, buf, sizeof buf, 0);
    size_t count = 0, size;
    const char *at = buf;

    if (n <= 0) {
        close(fd);
        return;
    }
    while (count < MOST &&
           (at = memmem(at, (size_t)(buf + n - at), "\r\n\r\n", 4)) != NULL) {
        at += 4;
        count++;
    }
    size = count * (sizeof answer - 1);
    if (send(fd, answers, size, MSG_NOSIGNAL) != (ssize_t)size)
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
                serve(events[i].data.fd);
    }
}
