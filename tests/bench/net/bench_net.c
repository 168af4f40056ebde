/* SPDX-License-Identifier: MIT */
/*
 * What a server in a process of its own costs, which sends back what it gets:
 *
 *     bench_net COMMAND N COUNT [SERVER]
 *
 * SERVER is a program; without it, gruvid with the plugin echo.
 *
 *   echo64   COUNT messages of 64 bytes over N connections
 *   echo16k  the same with 16 KiB
 *   held64, held16k, held_idle
 *            echo64, echo16k and idle with the plugin held, which has a fiber
 *            for each connection all the time
 *   churn    COUNT connections, N at a time, with a message each
 *   idle     N connections that do nothing
 *   offload  COUNT pieces of work that block for 5 ms, N at a time, in four
 *            threads of the server, while another connection has echoes
 */
#include <pthread.h>
#include <sys/resource.h>
#include <unistd.h>

#include "bench/bench.h"
#include "bench/net/net.h"

#define SMALL  64
#define BIG    16384
#define ECHOES 5000

static const char *path; /* NULL: gruvid */

/* --- echo and churn ------------------------------------------------------ */

/* What work(load, count) costs the server, for each of count. */
static void
measure(struct load *load, void (*work)(struct load *load, long count),
        long count)
{
    long few = count / 4 > 0 ? count / 4 : 1;
    double cpu, begin, calls;

    work(load, count / 10 + load->connections);
    load_note(load, count);
    begin = bench_now();
    cpu = server_cpu();
    work(load, count);
    bench_print("ns", (server_cpu() - cpu) / (double)count);
    bench_print("rate", (double)count * 1e9 / (bench_now() - begin));
    load_print(load);
    /* By itself: being counted costs a little, too. */
    server_count_calls();
    calls = server_calls();
    if (calls < 0) {
        fprintf(stderr, "system calls are skipped: no tracepoint for us\n");
        return;
    }
    work(load, few);
    bench_print("calls", (server_calls() - calls) / (double)few);
}

static void
bench_echo(const char *plugin, long n, long count, size_t bytes)
{
    struct load load;

    server_begin(path, plugin);
    load_open(&load, (int)n, bytes);
    measure(&load, load_messages, count);
    load_close(&load);
    server_end();
}

static void
bench_echo64(long n, long count)
{
    bench_echo("echo", n, count, SMALL);
}

static void
bench_echo16k(long n, long count)
{
    bench_echo("echo", n, count, BIG);
}

static void
bench_held64(long n, long count)
{
    bench_echo("held", n, count, SMALL);
}

static void
bench_held16k(long n, long count)
{
    bench_echo("held", n, count, BIG);
}

/* The last one's end may still be under way; it is one of many. */
static void
bench_churn(long n, long count)
{
    struct load load;

    server_begin(path, "echo");
    load_open(&load, (int)n, SMALL);
    measure(&load, load_churn, count);
    load_close(&load);
    server_end();
}

/* --- memory -------------------------------------------------------------- */

/* What a burst took is given back by then. */
static void
settle(void)
{
    sleep(2);
}

/* What n connections take that had no message, and one. */
static void
measure_idle(const char *plugin, long n)
{
    const long spare = 64; /* descriptors of another kind */
    struct rlimit limit;
    struct load first, load;
    double before;

    getrlimit(RLIMIT_NOFILE, &limit);
    if ((double)limit.rlim_max < (double)(n + spare)) {
        fprintf(stderr,
                "bench: %ld connections need more than the %ld "
                "descriptors that are allowed here\n",
                n, (long)limit.rlim_max);
        exit(1);
    }
    server_begin(path, plugin);
    load_open(&first, 1, SMALL);
    load_messages(&first, 100);
    before = server_rss();
    load_open(&load, (int)n, SMALL);
    /* Accepted after the others, so they are as well. */
    load_churn(&first, 2);
    settle();
    bench_print("rss_bytes", (server_rss() - before) / (double)n);
    load_messages(&load, n);
    settle();
    bench_print("used_rss_bytes", (server_rss() - before) / (double)n);
    load_close(&load);
    load_close(&first);
    server_end();
}

static void
bench_idle(long n, long count)
{
    (void)count;
    measure_idle("echo", n);
}

static void
bench_held_idle(long n, long count)
{
    (void)count;
    measure_idle("held", n);
}

/* --- offload ------------------------------------------------------------- */

struct work {
    struct load load;
    long count;
    double seconds;
    bool over; /* atomic */
};

/* A message that begins with a b is work that blocks. */
static void *
do_work(void *arg)
{
    struct work *work = arg;
    double begin = bench_now();

    load_messages(&work->load, work->count);
    work->seconds = (bench_now() - begin) / 1e9;
    __atomic_store_n(&work->over, true, __ATOMIC_RELEASE);
    return NULL;
}

static bool
is_at_work(void *arg)
{
    struct work *work = arg;

    return !__atomic_load_n(&work->over, __ATOMIC_ACQUIRE);
}

static void
bench_offload(long n, long count)
{
    struct work work = {.count = count};
    struct load alone, echo;
    pthread_t thread;

    server_begin(path, "offload");
    load_open(&alone, 1, SMALL);
    load_messages(&alone, 1000);
    load_note(&alone, ECHOES);
    load_messages(&alone, ECHOES);
    bench_print("alone_p50_us", load_median(&alone));
    load_open(&work.load, (int)n, SMALL);
    work.load.buf[0] = 'b';
    load_open(&echo, 1, SMALL);
    load_note(&echo, 1000000);
    bench_check(pthread_create(&thread, NULL, do_work, &work) == 0, "a thread");
    load_run(&echo, is_at_work, &work);
    pthread_join(thread, NULL);
    load_print(&echo);
    bench_print("rate", (double)count / work.seconds);
    load_close(&alone);
    load_close(&echo);
    load_close(&work.load);
    server_end();
}

static const struct bench_command commands[] = {
    {"echo64", bench_echo64},       {"echo16k", bench_echo16k},
    {"churn", bench_churn},         {"idle", bench_idle},
    {"held64", bench_held64},       {"held16k", bench_held16k},
    {"held_idle", bench_held_idle}, {"offload", bench_offload},
};

int
main(int argc, char **argv)
{
    if (argc == 5)
        path = argv[--argc];
    return BENCH_MAIN(commands, argc, argv);
}
