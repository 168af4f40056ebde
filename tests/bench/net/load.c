/* SPDX-License-Identifier: MIT */
/* Closed loop: a connection sends its next message when it has the answer. */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "bench/bench.h"
#include "bench/net/net.h"

#define ADDRESSES 200

/* Bytes that are received at once. */
#define CAME 262144

static int
try_connect(void)
{
    static unsigned next;
    struct sockaddr_in to = {.sin_family = AF_INET}, from = to;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), on = 1;

    bench_check(fd >= 0, "socket");
    to.sin_port = htons((uint16_t)server_port());
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    from.sin_addr.s_addr = htonl(INADDR_LOOPBACK + 1 + next++ % ADDRESSES);
    setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof on);
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    bench_check(bind(fd, (void *)&from, sizeof from) == 0, "bind");
    if (connect(fd, (void *)&to, sizeof to) == 0)
        return fd;
    bench_check(errno == ECONNREFUSED, "connect");
    close(fd);
    return -1;
}

int
load_connect(void)
{
    double begin = bench_now();
    int fd;

    while ((fd = try_connect()) < 0) {
        bench_check(bench_now() - begin < 10e9, "a server that listens");
        usleep(10000);
    }
    return fd;
}

/* A connection that takes part, in place of the one that had this number. */
static void
renew(struct load *load, int i)
{
    struct epoll_event event = {.events = EPOLLIN, .data.fd = i};

    load->fds[i] = load_connect();
    bench_check(epoll_ctl(load->epoll, EPOLL_CTL_ADD, load->fds[i], &event) ==
                    0,
                "epoll_ctl");
}

void
load_open(struct load *load, int connections, size_t bytes)
{
    size_t n = (size_t)connections;

    *load = (struct load){
        .connections = connections, .bytes = bytes, .answer_bytes = bytes};
    load->epoll = epoll_create1(EPOLL_CLOEXEC);
    load->fds = calloc(n, sizeof *load->fds);
    load->missing = calloc(n, sizeof *load->missing);
    load->sent = calloc(n, sizeof *load->sent);
    load->buf = calloc(1, bytes);
    load->came = malloc(CAME);
    bench_check(load->epoll >= 0 && load->fds != NULL &&
                    load->missing != NULL && load->sent != NULL &&
                    load->buf != NULL && load->came != NULL,
                "a load");
    for (int i = 0; i < connections; i++)
        renew(load, i);
}

void
load_expect(struct load *load, size_t answer_bytes)
{
    load->answer_bytes = answer_bytes;
}

void
load_close(struct load *load)
{
    for (int i = 0; i < load->connections; i++)
        if (load->fds[i] >= 0)
            close(load->fds[i]);
    close(load->epoll);
    free(load->fds);
    free(load->missing);
    free(load->sent);
    free(load->buf);
    free(load->came);
    free(load->took);
}

static void
ask(struct load *load, int i)
{
    load->missing[i] = load->answer_bytes;
    if (load->took != NULL)
        load->sent[i] = bench_now();
    bench_check(send(load->fds[i], load->buf, load->bytes, MSG_NOSIGNAL) ==
                    (ssize_t)load->bytes,
                "send");
}

/* True where the answer is complete. */
static bool
answered(struct load *load, int i)
{
    size_t most = load->missing[i] < CAME ? load->missing[i] : CAME;
    ssize_t n = recv(load->fds[i], load->came, most, 0);

    bench_check(n > 0, "recv");
    load->missing[i] -= (size_t)n;
    if (load->missing[i] > 0)
        return false;
    if (load->took != NULL && load->answers < load->answers_max)
        load->took[load->answers++] = bench_now() - load->sent[i];
    return true;
}

/* Calls done(load, i, arg) for each answer until that many have come. */
static void
await(struct load *load, long *waiting,
      void (*done)(struct load *, int, void *), void *arg)
{
    struct epoll_event events[256];

    while (*waiting > 0) {
        int n = epoll_wait(load->epoll, events, 256, 60000);

        bench_check(n > 0, "an answer within a minute");
        for (int k = 0; k < n; k++)
            if (answered(load, events[k].data.fd)) {
                --*waiting;
                done(load, events[k].data.fd, arg);
            }
    }
}

struct run {
    bool (*more)(void *arg);
    void *arg;
    long waiting;
};

static void
ask_again(struct load *load, int i, void *arg)
{
    struct run *run = arg;

    if (!run->more(run->arg))
        return;
    run->waiting++;
    ask(load, i);
}

void
load_run(struct load *load, bool (*more)(void *arg), void *arg)
{
    struct run run = {more, arg, 0};

    for (int i = 0; i < load->connections; i++)
        ask_again(load, i, &run);
    await(load, &run.waiting, ask_again, &run);
}

static bool
some_left(void *arg)
{
    long *left = arg;

    return (*left)-- > 0;
}

void
load_messages(struct load *load, long messages)
{
    load_run(load, some_left, &messages);
}

/* --- churn --------------------------------------------------------------- */

static void
ask_anew(struct load *load, int i, void *arg)
{
    struct run *run = arg;

    if (load->fds[i] >= 0)
        close(load->fds[i]);
    load->fds[i] = -1;
    if (!run->more(run->arg))
        return;
    renew(load, i);
    run->waiting++;
    ask(load, i);
}

void
load_churn(struct load *load, long count)
{
    struct run run = {some_left, &count, 0};

    for (int i = 0; i < load->connections; i++)
        ask_anew(load, i, &run);
    await(load, &run.waiting, ask_anew, &run);
}

/* --- what answers took --------------------------------------------------- */

void
load_note(struct load *load, long answers)
{
    load->took = calloc((size_t)answers, sizeof *load->took);
    bench_check(load->took != NULL, "calloc");
    load->answers_max = answers;
}

static int
compare(const void *one, const void *other)
{
    double a = *(const double *)one, b = *(const double *)other;

    return (a > b) - (a < b);
}

static double
quantile(struct load *load, long percent)
{
    bench_check(load->answers > 0, "an answer");
    qsort(load->took, (size_t)load->answers, sizeof *load->took, compare);
    return load->took[load->answers * percent / 100] / 1e3;
}

double
load_median(struct load *load)
{
    return quantile(load, 50);
}

void
load_print(struct load *load)
{
    bench_print("p50_us", load_median(load));
    bench_print("p99_us", quantile(load, 99));
}
