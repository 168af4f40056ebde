/* SPDX-License-Identifier: MIT */
/*
 * The closed-loop generator: what its files share.
 *
 *   bench_net.c  the commands: what is measured, and printed
 *   server.c     the server, a process of its own, and what it uses
 *   load.c       connections, each with one message on its way
 *
 * and of the client of HTTP:
 *
 *   bench_http.c what is measured; server.c and load.c as above
 *   answer.c     how long an answer is
 *   idle_tls.c   connections of TLS, which have nothing to do
 *
 * and of requests over NATS:
 *
 *   bench_nats.c  what is measured, and its load; server.c as above
 *   nats_server.c the server of NATS
 */
#ifndef BENCH_NET_NET_H
#define BENCH_NET_NET_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/* --- the server: one at a time, ended with this process ------------------ */

/*
 * Begin a server, on the first processor of ours; this process goes to the
 * last one.
 *
 *   path    a program that says "tcp://127.0.0.1:PORT" on standard output or
 *           error when it listens, and serves until it is killed; NULL: gruvid
 *   plugin  of gruvid: "echo", or "offload" of this folder
 */
void server_begin(const char *path, const char *plugin);

/*
 * The same with another configuration.
 *
 *   folder  of gruvid's plugins, in the folder of the build
 *   config  of gruvid: the sections of the plugins
 */
void server_begin_with(const char *path, const char *folder,
                       const char *config);

/* Begin one more of the kind, beside: its processor counts, too, and what else
 * is said of a server is said of the last. */
void server_add(const char *path, const char *folder, const char *config);

/* A port for a server: the kernel gives it to nobody else, because it stays
 * bound; the server sets SO_REUSEADDR. */
int free_port(void);

/* End all. */
void server_end(void);
int server_port(void);

/* Nanoseconds of processor that it has used, all threads together. */
double server_cpu(void);

/* Bytes, and threads. */
double server_rss(void);
double server_threads(void);

/* Count its system calls, by a tracepoint, without stopping it at each.
 * server_calls() is how many there were; negative: that is not allowed here. */
void server_count_calls(void);
double server_calls(void);

/* --- the load ------------------------------------------------------------ */

struct load {
    int epoll, *fds, connections;
    size_t bytes, answer_bytes, *missing; /* as many, unless said otherwise */
    char *buf;                            /* what is sent */
    char *came;
    double *sent; /* when, in nanoseconds */
    double *took; /* of each answer; NULL: not of interest */
    long answers, answers_max;
};

/* A connection; each has one of many local addresses, so that there are enough
 * ports however many were closed just now.  A server that has not begun to
 * listen is waited for. */
int load_connect(void);

void load_open(struct load *load, int connections, size_t bytes);
void load_close(struct load *load);

/* Send messages as long as more(arg) is true, or so many, and await all
 * answers.
 */
void load_run(struct load *load, bool (*more)(void *arg), void *arg);
void load_messages(struct load *load, long messages);

/* The answers have so many bytes. */
void load_expect(struct load *load, size_t answer_bytes);

/* So many connections with a message each, as many at a time as load has; it
 * has none of them afterwards. */
void load_churn(struct load *load, long count);

/* Note what each of so many answers takes; the median, in microseconds; and
 * print that, and what 99 of 100 do not exceed. */
void load_note(struct load *load, long answers);
double load_median(struct load *load);
void load_print(struct load *load);

/* --- HTTP ---------------------------------------------------------------- */

/* Ask for something once.  Returns how long the answer is, with its head. */
size_t answer_size(const char *request);

/* Open connections of TLS, with a request each that is answered, and keep them
 * until this process ends; 0: built without TLS. */
int idle_tls_open(long n, const char *request, size_t answer_bytes);

/* --- a server of NATS, ended with this process ---------------------------- */

/* False: there is no nats-server. */
bool nats_begin(void);
int nats_port(void);

/* Returns a descriptor. */
int nats_connect(void);

#endif
