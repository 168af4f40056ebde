/* SPDX-License-Identifier: MIT */
/*
 * What an echo costs: processor time of the server a message, in a closed loop
 * with N connections.
 *
 *   echo64    messages of 64 bytes
 *   echo16k   messages of 16 KiB
 *
 * Server and generator are threads, on the first and the last processor that
 * the program may use.  A server of plain epoll calls, measured in the same
 * run, is the peer.
 */
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <gruvi.h>

#include "bench/bench.h"

#define BUFFER 16384

static cpu_set_t processors; /* that the program was given */

static void
check(bool good, const char *what)
{
    if (good)
        return;
    perror(what);
    exit(1);
}

static void
pin_to(int cpu)
{
    cpu_set_t set;

    CPU_ZERO(&set);
    CPU_SET((size_t)cpu, &set);
    check(sched_setaffinity(0, sizeof set, &set) == 0, "sched_setaffinity");
}

static void
pin_server(void)
{
    int cpu = 0;

    while (cpu < CPU_SETSIZE - 1 && !CPU_ISSET((size_t)cpu, &processors))
        cpu++;
    pin_to(cpu);
}

static void
pin_generator(void)
{
    int cpu = CPU_SETSIZE - 1;

    while (cpu > 0 && !CPU_ISSET((size_t)cpu, &processors))
        cpu--;
    pin_to(cpu);
}

/* --- the servers --------------------------------------------------------- */

struct server {
    pthread_t thread;
    int port;
    uv_sem_t listens;
    int stopping;       /* atomic; for the plain one, with a connection */
    gruvi_event_t stop; /* for ours */
};

static void
accept_plain(int epoll, int listener)
{
    int fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    struct epoll_event event = {.events = EPOLLIN, .data.fd = fd};

    check(fd >= 0, "accept");
    check(epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event) == 0, "epoll_ctl");
}

static void
echo_plain(int fd)
{
    static char buf[BUFFER];
    ssize_t n = recv(fd, buf, sizeof buf, 0);

    if (n > 0)
        check(send(fd, buf, (size_t)n, MSG_NOSIGNAL) == n, "send");
    else
        close(fd);
}

static void
serve_plain(void *arg)
{
    struct server *server = arg;
    struct sockaddr_in at = {.sin_family = AF_INET};
    struct epoll_event event, events[256];
    socklen_t length = sizeof at;
    int on = 1, epoll = epoll_create1(0), n;
    int listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);

    pin_server();
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    setsockopt(listener, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    check(bind(listener, (void *)&at, sizeof at) == 0, "bind");
    check(listen(listener, 1024) == 0, "listen");
    check(getsockname(listener, (void *)&at, &length) == 0, "getsockname");
    server->port = ntohs(at.sin_port);
    event = (struct epoll_event){.events = EPOLLIN, .data.fd = listener};
    check(epoll_ctl(epoll, EPOLL_CTL_ADD, listener, &event) == 0, "epoll_ctl");
    uv_sem_post(&server->listens);
    while (!__atomic_load_n(&server->stopping, __ATOMIC_ACQUIRE)) {
        n = epoll_wait(epoll, events, 256, -1);
        for (int i = 0; i < n; i++)
            if (events[i].data.fd == listener)
                accept_plain(epoll, listener);
            else
                echo_plain(events[i].data.fd);
    }
    close(epoll);
    close(listener);
}

static GRUVI_SWITCHPOINT int
echo(gruvi_stream_t *stream, void *arg)
{
    char buf[BUFFER];
    ssize_t n;

    (void)arg;
    while ((n = gruvi_stream_read(stream, buf, sizeof buf)) > 0) {
        int err = gruvi_stream_write(stream, buf, (size_t)n);
        if (err < 0)
            return err;
    }
    return (int)n;
}

static int
run_serve(void *listener)
{
    return gruvi_serve(listener, echo, NULL, NULL);
}

static void
serve_ours(void *arg)
{
    struct server *server = arg;
    gruvi_listener_t *listener;
    char address[GRUVI_ADDRESS_SIZE];
    gruvi_fiber_t *fiber;

    pin_server();
    check(gruvi_listen(&listener, "tcp://127.0.0.1:0", NULL) == 0, "listen");
    gruvi_listener_address(listener, address, sizeof address);
    server->port = atoi(strrchr(address, ':') + 1);
    fiber = gruvi_spawn(run_serve, listener);
    uv_sem_post(&server->listens);
    gruvi_event_wait(&server->stop, GRUVI_FOREVER);
    gruvi_fiber_cancel(fiber, NULL);
    gruvi_fiber_join(fiber, GRUVI_FOREVER);
    gruvi_fiber_unref(fiber);
    gruvi_listener_close(listener);
    gruvi_hub_close(gruvi_get_hub());
}

/* --- the generator ------------------------------------------------------- */

static int
connect_to(int port)
{
    struct sockaddr_in at = {.sin_family = AF_INET};
    int fd = socket(AF_INET, SOCK_STREAM, 0), on = 1;

    at.sin_port = htons((uint16_t)port);
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    check(connect(fd, (void *)&at, sizeof at) == 0, "connect");
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    return fd;
}

/* Make epoll_wait() return; it may have been by itself. */
static void
wake(int port)
{
    struct sockaddr_in at = {.sin_family = AF_INET};
    int fd = socket(AF_INET, SOCK_STREAM, 0);

    at.sin_port = htons((uint16_t)port);
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    (void)connect(fd, (void *)&at, sizeof at);
    close(fd);
}

/* Each connection has one message on its way. */
struct load {
    int epoll, *fds, connections;
    size_t bytes, *missing;
    char *buf;
};

static void
ask(struct load *load, int i)
{
    load->missing[i] = load->bytes;
    check(send(load->fds[i], load->buf, load->bytes, 0) == (ssize_t)load->bytes,
          "send");
}

/* True where the answer is complete. */
static bool
answered(struct load *load, int i)
{
    ssize_t n = recv(load->fds[i], load->buf, load->missing[i], 0);

    check(n > 0, "recv");
    load->missing[i] -= (size_t)n;
    return load->missing[i] == 0;
}

static void
generate(struct load *load, long messages)
{
    struct epoll_event events[256];
    long asked = 0, got = 0;

    for (int i = 0; i < load->connections && asked < messages; i++, asked++)
        ask(load, i);
    while (got < asked) {
        int n = epoll_wait(load->epoll, events, 256, -1);

        for (int k = 0; k < n; k++) {
            int i = events[k].data.fd;

            if (!answered(load, i))
                continue;
            got++;
            if (asked < messages) {
                asked++;
                ask(load, i);
            }
        }
    }
}

static void
open_load(struct load *load, int port, int connections, size_t bytes)
{
    load->epoll = epoll_create1(0);
    load->connections = connections;
    load->bytes = bytes;
    load->fds = calloc((size_t)connections, sizeof *load->fds);
    load->missing = calloc((size_t)connections, sizeof *load->missing);
    load->buf = calloc(1, bytes);
    for (int i = 0; i < connections; i++) {
        struct epoll_event event = {.events = EPOLLIN, .data.fd = i};

        load->fds[i] = connect_to(port);
        check(epoll_ctl(load->epoll, EPOLL_CTL_ADD, load->fds[i], &event) == 0,
              "epoll_ctl");
    }
}

static void
close_load(struct load *load)
{
    for (int i = 0; i < load->connections; i++)
        close(load->fds[i]);
    close(load->epoll);
    free(load->fds);
    free(load->missing);
    free(load->buf);
}

/* --- measuring ----------------------------------------------------------- */

static double
cpu_of(pthread_t thread)
{
    clockid_t clock;

    pthread_getcpuclockid(thread, &clock);
    return bench_clock(clock);
}

/* CPU of the server, in nanoseconds a message. */
static double
measure(void (*serve)(void *server), int connections, size_t bytes, long count)
{
    struct server server = {.stopping = 0};
    struct load load;
    double before, cost;

    uv_sem_init(&server.listens, 0);
    gruvi_event_init(&server.stop);
    check(uv_thread_create(&server.thread, serve, &server) == 0, "thread");
    uv_sem_wait(&server.listens);
    open_load(&load, server.port, connections, bytes);
    generate(&load, count / 10 + connections);
    before = cpu_of(server.thread);
    generate(&load, count);
    cost = (cpu_of(server.thread) - before) / (double)count;
    close_load(&load);
    __atomic_store_n(&server.stopping, 1, __ATOMIC_RELEASE);
    if (serve == serve_plain)
        wake(server.port);
    gruvi_event_set(&server.stop);
    uv_thread_join(&server.thread);
    gruvi_event_destroy(&server.stop);
    uv_sem_destroy(&server.listens);
    return cost;
}

static void
bench_echo(long n, long count, size_t bytes)
{
    bench_print("epoll.ns", measure(serve_plain, (int)n, bytes, count));
    bench_print("ns", measure(serve_ours, (int)n, bytes, count));
}

static void
bench_echo64(long n, long count)
{
    bench_echo(n, count, 64);
}

static void
bench_echo16k(long n, long count)
{
    bench_echo(n, count, 16384);
}

static const struct bench_command commands[] = {
    {"echo64", bench_echo64},
    {"echo16k", bench_echo16k},
};

int
main(int argc, char **argv)
{
    struct rlimit limit;

    getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
    check(sched_getaffinity(0, sizeof processors, &processors) == 0,
          "sched_getaffinity");
    pin_generator();
    return BENCH_MAIN(commands, argc, argv);
}
