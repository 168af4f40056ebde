/* SPDX-License-Identifier: MIT */
/*
 * What the benchmarks in C and C++ share, ours and those of the peers.
 *
 * A program is a table of commands, each of which measures one thing:
 *
 *     PROGRAM COMMAND N COUNT
 *
 * N is how many there are of what is measured (fibers, producers, connections),
 * COUNT how many operations they do altogether.  The command prints lines
 * figure=value, and nothing else on standard output.
 */
#ifndef BENCH_BENCH_H
#define BENCH_BENCH_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define BENCH_NOINLINE __attribute__((noinline, unused))

struct bench_command {
    const char *name;
    void (*run)(long n, long count);
};

static inline double
bench_clock(clockid_t clock)
{
    struct timespec time;

    clock_gettime(clock, &time);
    return (double)time.tv_sec * 1e9 + (double)time.tv_nsec;
}

/* Nanoseconds. */
static inline double
bench_now(void)
{
    return bench_clock(CLOCK_MONOTONIC);
}

/* Nanoseconds of processor that the process has used. */
static inline double
bench_cpu(void)
{
    return bench_clock(CLOCK_PROCESS_CPUTIME_ID);
}

static inline void
bench_print(const char *figure, double value)
{
    printf("%s=%.3f\n", figure, value);
    fflush(stdout);
}

/* Ends the program where something has failed. */
static inline void
bench_check(int good, const char *what)
{
    if (good)
        return;
    fprintf(stderr, "bench: %s has failed\n", what);
    exit(1);
}

/* Numbers that differ, the same in each run. */
static inline uint64_t
bench_random(void)
{
    static uint64_t state = 88172645463325252u;

    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return state;
}

/* --- memory of the process, in bytes ------------------------------------- */

struct bench_memory {
    double rss, page_tables, address_space;
};

static inline struct bench_memory
bench_memory(void)
{
    struct bench_memory memory = {0, 0, 0};
    char line[256];
    FILE *status = fopen("/proc/self/status", "r");
    long kb;

    bench_check(status != NULL, "/proc/self/status");
    while (fgets(line, sizeof line, status) != NULL) {
        if (sscanf(line, "VmRSS: %ld", &kb) == 1)
            memory.rss = (double)kb * 1024;
        else if (sscanf(line, "VmPTE: %ld", &kb) == 1)
            memory.page_tables = (double)kb * 1024;
        else if (sscanf(line, "VmSize: %ld", &kb) == 1)
            memory.address_space = (double)kb * 1024;
    }
    fclose(status);
    return memory;
}

/* What each of n has added since then. */
static inline void
bench_print_rss(struct bench_memory before, long n)
{
    bench_print("rss_bytes", (bench_memory().rss - before.rss) / (double)n);
}

static inline void
bench_print_memory(struct bench_memory before, long n)
{
    struct bench_memory after = bench_memory();

    bench_print("rss_bytes", (after.rss - before.rss) / (double)n);
    bench_print("page_table_bytes",
                (after.page_tables - before.page_tables) / (double)n);
    bench_print("address_space_bytes",
                (after.address_space - before.address_space) / (double)n);
}

/* --- yields at the call depth of a program ----------------------------------
 *
 * Each of some fibers yields so many times, three calls deep, with an error
 * check after each call.  The clock runs from when the first one has warmed up
 * until the last one is done.  There are two kinds of fibers, whose code is at
 * different addresses; a hash mixes them, so that the order is none that a
 * processor can learn.
 */

struct bench_yields {
    long fibers, rounds, begun, ended;
    double begin;
};
static struct bench_yields bench_yields __attribute__((unused));

static inline void
bench_yields_expect(long fibers, long count)
{
    bench_yields.fibers = fibers;
    bench_yields.rounds = count / fibers > 0 ? count / fibers : 1;
    bench_yields.begun = bench_yields.ended = 0;
}

static inline int
bench_is_odd(long i)
{
    return (int)((uint32_t)i * 2654435761u >> 13 & 1);
}

static inline void
bench_yields_begin(void)
{
    if (bench_yields.begun++ == 0)
        bench_yields.begin = bench_now();
}

static inline void
bench_yields_end(void)
{
    struct bench_yields *y = &bench_yields;

    if (++y->ended == y->fibers)
        bench_print("ns", (bench_now() - y->begin) /
                              ((double)y->fibers * (double)y->rounds));
}

/* Defines int KIND(void), a fiber; yield() is negative where it fails. */
#define BENCH_YIELDER(kind, yield, distinct)                                   \
    static BENCH_NOINLINE int kind##_inner(int n)                              \
    {                                                                          \
        int err = yield();                                                     \
        return err < 0 ? err : (n & 1023) + (distinct);                        \
    }                                                                          \
    static BENCH_NOINLINE int kind##_middle(int n)                             \
    {                                                                          \
        int err = kind##_inner(n);                                             \
        return err < 0 ? err : err + 2 * (distinct);                           \
    }                                                                          \
    static BENCH_NOINLINE int kind##_outer(int n)                              \
    {                                                                          \
        int err = kind##_middle(n);                                            \
        return err < 0 ? err : err + 3 * (distinct);                           \
    }                                                                          \
    static int kind(void)                                                      \
    {                                                                          \
        int n = kind##_outer(0);                                               \
        long i;                                                                \
                                                                               \
        n = n < 0 ? n : kind##_outer(n);                                       \
        bench_yields_begin();                                                  \
        for (i = 0; i < bench_yields.rounds && n >= 0; i++)                    \
            n = kind##_outer(n);                                               \
        bench_check(n >= 0, "a yield");                                        \
        bench_yields_end();                                                    \
        return 0;                                                              \
    }

/* --- the command line ---------------------------------------------------- */

static inline int
bench_main(const struct bench_command *commands, size_t length, int argc,
           char **argv)
{
    size_t i;

    for (i = 0; i < length && argc == 4; i++)
        if (strcmp(argv[1], commands[i].name) == 0 && atol(argv[2]) >= 0 &&
            atol(argv[3]) > 0) {
            commands[i].run(atol(argv[2]), atol(argv[3]));
            return 0;
        }
    fprintf(stderr, "usage: %s COMMAND N COUNT\ncommands:", argv[0]);
    for (i = 0; i < length; i++)
        fprintf(stderr, " %s", commands[i].name);
    fprintf(stderr, "\n");
    return 2;
}

#define BENCH_MAIN(commands, argc, argv)                                       \
    bench_main(commands, sizeof(commands) / sizeof *(commands), argc, argv)

#endif
