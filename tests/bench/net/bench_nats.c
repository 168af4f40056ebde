/* SPDX-License-Identifier: MIT */
/*
 * What requests over NATS cost a worker in a process of its own:
 *
 *     bench_nats COMMAND N COUNT [WORKER]
 *
 * WORKER is a program; without it, gruvid with the plugins nats and hello.
 *
 *   nats_ask     COUNT requests, N of them on their way
 *   nats_nodes   COUNT requests, 64 of them on their way, of N workers
 *   nats_work    COUNT durable messages of the consumer "w" of the stream
 *                "WORK", N of them in work at a time
 *   nats_routes  memory and threads with N subjects
 *
 * Requests go through a server of NATS that this begins; without nats-server
 * there is nothing to measure.  A worker that is not gruvid finds its port in
 * BENCH_PORT, and how many subjects it is to answer in BENCH_SUBJECTS: "s0",
 * "s1" and so on; or in BENCH_WORK how many messages it is to have in work.  It
 * says "nats://127.0.0.1:PORT" and a newline when it has begun.
 */
#include <fcntl.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include "bench/bench.h"
#include "bench/net/net.h"

/* The most subjects; a line of the configuration for each has at most so many
 * bytes. */
#define SUBJECTS 1000
#define LINE     24

static const char *worker; /* NULL: gruvid */

/* --- the worker ----------------------------------------------------------- */

static void
begin_workers(long workers, long subjects, long in_work)
{
    static char config[SUBJECTS * LINE + 512];
    char text[32];
    size_t n;

    snprintf(text, sizeof text, "%d", nats_port());
    setenv("BENCH_PORT", text, 1);
    snprintf(text, sizeof text, "%ld", subjects);
    setenv("BENCH_SUBJECTS", text, 1);
    n = (size_t)snprintf(config, sizeof config,
                         "[plugin hello]\n[plugin nats]\nnode =\n"
                         "url = nats://127.0.0.1:%d\n",
                         nats_port());
    if (in_work > 0) {
        snprintf(text, sizeof text, "%ld", in_work);
        setenv("BENCH_WORK", text, 1);
        n += (size_t)snprintf(config + n, sizeof config - n,
                              "work = WORK/w -> hello\nmax_queued = %ld\n",
                              in_work);
    }
    for (long i = 0; i < subjects; i++)
        n += (size_t)snprintf(config + n, sizeof config - n,
                              "route = s%ld -> hello\n", i);
    server_begin_with(worker, "plugins", config);
    while (--workers > 0)
        server_add(worker, "plugins", config);
}

/* --- the load ------------------------------------------------------------- */

struct asking {
    int fd;
    char in[1 << 16];
    size_t n;
    double *sent; /* when, of each that is on its way */
    double *took; /* NULL: not of interest */
    long answers;
};

static void
send_all(int fd, const char *text, size_t size)
{
    while (size > 0) {
        ssize_t n = send(fd, text, size, MSG_NOSIGNAL);

        bench_check(n > 0, "send");
        text += n;
        size -= (size_t)n;
    }
}

static void
fill(struct asking *asking)
{
    ssize_t n = recv(asking->fd, asking->in + asking->n,
                     sizeof asking->in - asking->n, 0);

    bench_check(n > 0, "recv");
    asking->n += (size_t)n;
}

/* A line, without its end.  It stays where it is. */
static size_t
line_size(struct asking *asking, size_t at)
{
    char *end;

    while ((end = memchr(asking->in + at, '\n', asking->n - at)) == NULL) {
        bench_check(asking->n < sizeof asking->in, "the length of a line");
        fill(asking);
    }
    return (size_t)(end - (asking->in + at));
}

/* What answers of the server's API said, and acknowledgements. */
static bool has_error;
static long acknowledged;

static bool
is_acknowledgement(const char *line, long *payload)
{
    return (sscanf(line, "MSG $JS.ACK.%*s 2 %ld", payload) == 1 ||
            sscanf(line, "MSG $JS.ACK.%*s 2 %*s %ld", payload) == 1);
}

/* Take an operation.  Returns the number of the request that it answers, or
 * less than 0: it is none, or nobody was there to answer. */
static long
take(struct asking *asking)
{
    size_t size = line_size(asking, 0), all = size + 1;
    char text[512];
    long which = -1, payload, head;
    bool is_answer = false;

    bench_check(size < sizeof text, "a line");
    memcpy(text, asking->in, size);
    text[size] = '\0';
    if (sscanf(text, "HMSG i.%ld 1 %ld %ld", &which, &head, &payload) == 3 ||
        sscanf(text, "MSG i.%ld 1 %ld", &which, &payload) == 2) {
        is_answer = true;
        all += (size_t)payload + 2;
        while (asking->n < all)
            fill(asking);
        if (strncmp(asking->in + size + 1, "NATS/1.0 503", 12) == 0)
            is_answer = false;
        if (memmem(asking->in + size, all - size, "\"error\"", 7) != NULL)
            has_error = true;
    } else if (is_acknowledgement(text, &payload)) {
        all += (size_t)payload + 2;
        while (asking->n < all)
            fill(asking);
        acknowledged += strncmp(asking->in + size + 1, "+ACK", 4) == 0;
    } else {
        bench_check(strncmp(text, "-ERR", 4) != 0, text);
        which = -1;
        if (strncmp(text, "PING", 4) == 0)
            send_all(asking->fd, "PONG\r\n", 6);
    }
    memmove(asking->in, asking->in + all, asking->n - all);
    asking->n -= all;
    return is_answer ? which : -1;
}

static void
ask(struct asking *asking, long which, long subject)
{
    char text[64];
    int n =
        snprintf(text, sizeof text, "PUB s%ld i.%ld 0\r\n\r\n", subject, which);

    if (asking->sent != NULL)
        asking->sent[which] = bench_now();
    send_all(asking->fd, text, (size_t)n);
}

static void
begin_asking(struct asking *asking, long n)
{
    static const char hello[] =
        "CONNECT {\"verbose\":false,\"headers\":true,\"no_responders\":true}"
        "\r\nSUB i.* 1\r\n";

    memset(asking, 0, sizeof *asking);
    asking->fd = nats_connect();
    asking->sent = calloc((size_t)n, sizeof *asking->sent);
    bench_check(asking->sent != NULL, "memory");
    send_all(asking->fd, hello, sizeof hello - 1);
}

/* Until a subject is answered: the worker has subscribed to it. */
static void
await_worker(struct asking *asking, long subject)
{
    long which = -1;

    while (which < 0) {
        struct timeval patience = {.tv_usec = 100000};
        ssize_t n;

        ask(asking, 0, subject);
        setsockopt(asking->fd, SOL_SOCKET, SO_RCVTIMEO, &patience,
                   sizeof patience);
        n = recv(asking->fd, asking->in + asking->n, 1, MSG_PEEK);
        setsockopt(asking->fd, SOL_SOCKET, SO_RCVTIMEO, &(struct timeval){0},
                   sizeof patience);
        if (n > 0)
            which = take(asking);
        if (which < 0)
            usleep(10000);
    }
}

static void
end_asking(struct asking *asking)
{
    close(asking->fd);
    free(asking->sent);
    free(asking->took);
}

/* So many requests, n at a time. */
static void
ask_many(struct asking *asking, long n, long count)
{
    long sent = 0, which;

    for (; sent < n && sent < count; sent++)
        ask(asking, sent, 0);
    for (long answers = 0; answers < count;) {
        which = take(asking);
        if (which < 0)
            continue;
        if (asking->took != NULL)
            asking->took[answers] = bench_now() - asking->sent[which];
        answers++;
        if (sent < count) {
            ask(asking, which, 0);
            sent++;
        }
    }
}

/* --- durable messages ----------------------------------------------------- */

/* The server's API, or a stream that stores a message. */
static void
publish(struct asking *asking, const char *subject, long which,
        const char *data)
{
    char text[1024];
    int n = snprintf(text, sizeof text, "PUB %s i.%ld %zu\r\n%s\r\n", subject,
                     which, strlen(data), data);

    send_all(asking->fd, text, (size_t)n);
}

static void
call(struct asking *asking, const char *subject, const char *json)
{
    has_error = false;
    publish(asking, subject, 0, json);
    while (take(asking) != 0)
        continue;
    bench_check(!has_error, subject);
}

static void
make_stream(struct asking *asking)
{
    call(asking, "$JS.API.STREAM.CREATE.WORK",
         "{\"name\":\"WORK\",\"subjects\":[\"work\"],"
         "\"storage\":\"memory\"}");
    call(asking, "$JS.API.CONSUMER.DURABLE.CREATE.WORK.w",
         "{\"stream_name\":\"WORK\",\"config\":{\"durable_name\":\"w\","
         "\"ack_policy\":\"explicit\",\"max_ack_pending\":10000}}");
    send_all(asking->fd, "SUB $JS.ACK.WORK.w.> 2\r\n", 24);
}

/* So many messages, until each is acknowledged by the worker. */
static void
have_done(struct asking *asking, long count)
{
    long sent = 0, stored = 0;

    acknowledged = 0;
    while (stored < count || acknowledged < count) {
        while (sent < count && sent - stored < 1000) {
            publish(asking, "work", 1, "Ann");
            sent++;
        }
        stored += take(asking) == 1;
    }
}

static void
bench_work(long n, long count)
{
    struct asking asking;
    double cpu, began;

    begin_asking(&asking, 2);
    make_stream(&asking);
    begin_workers(1, 0, n);
    have_done(&asking, 100 + count / 10);
    began = bench_now();
    cpu = server_cpu();
    have_done(&asking, count);
    bench_print("ns", (server_cpu() - cpu) / (double)count);
    bench_print("rate", (double)count * 1e9 / (bench_now() - began));
    end_asking(&asking);
    server_end();
}

/* --- requests ------------------------------------------------------------- */

static int
by_size(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

static void
measure(long workers, long n, long count)
{
    struct asking asking;
    double cpu, began;

    begin_workers(workers, 1, 0);
    begin_asking(&asking, n);
    await_worker(&asking, 0);
    ask_many(&asking, n, count / 10 + n);
    asking.took = calloc((size_t)count, sizeof *asking.took);
    bench_check(asking.took != NULL, "memory");
    began = bench_now();
    cpu = server_cpu();
    ask_many(&asking, n, count);
    bench_print("ns", (server_cpu() - cpu) / (double)count);
    bench_print("rate", (double)count * 1e9 / (bench_now() - began));
    qsort(asking.took, (size_t)count, sizeof *asking.took, by_size);
    bench_print("p50_us", asking.took[count / 2] / 1e3);
    bench_print("p99_us", asking.took[count * 99 / 100] / 1e3);
    end_asking(&asking);
    server_end();
}

static void
bench_ask(long n, long count)
{
    measure(1, n, count);
}

static void
bench_nodes(long n, long count)
{
    measure(n, 64, count);
}

static void
bench_routes(long n, long count)
{
    struct asking asking;

    (void)count;
    bench_check(n <= SUBJECTS, "the number of subjects");
    begin_workers(1, n, 0);
    begin_asking(&asking, 1);
    for (long i = 0; i < n; i++)
        await_worker(&asking, i);
    bench_print("bytes", server_rss());
    bench_print("threads", server_threads());
    end_asking(&asking);
    server_end();
}

/* ------------------------------------------------------------------------- */

static const struct bench_command commands[] = {
    {"nats_ask", bench_ask},
    {"nats_nodes", bench_nodes},
    {"nats_work", bench_work},
    {"nats_routes", bench_routes},
};

int
main(int argc, char **argv)
{
    if (argc == 5)
        worker = argv[--argc];
    if (argc == 4 && !nats_begin())
        return 0;
    return BENCH_MAIN(commands, argc, argv);
}
