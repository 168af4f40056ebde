/* SPDX-License-Identifier: MIT */
/*
 * What a switch costs, without hub and fibers.
 *
 *   switch              there and back; a figure a switch
 *   switch_with_fpu     the same with the floating-point environment, which
 *                       ours leaves alone, saved and restored around it
 */
#include "bench/bench.h"
#include "base/context.h"

static _Alignas(16) char stack[64 << 10];
static struct gruvi__context root, other;

static void
measure(void (*there)(void), void (*back)(void), long count)
{
    double begin;
    long i;

    gruvi__context_make(&other, stack, stack + sizeof stack, back);
    there();
    begin = bench_now();
    for (i = 0; i < count; i += 2)
        there();
    bench_print("ns", (bench_now() - begin) / (double)count);
}

static BENCH_NOINLINE void
go_there(void)
{
    gruvi__context_switch(&root, &other);
}

static void
come_back(void)
{
    for (;;)
        gruvi__context_switch(&other, &root);
}

static void
bench_switch(long n, long count)
{
    (void)n;
    measure(go_there, come_back, count);
}

/* --- with the floating-point environment --------------------------------- */

struct environment {
    uint64_t control;
    uint16_t x87;
};

static inline __attribute__((always_inline)) void
save(struct environment *saved)
{
#if defined(__x86_64__)
    __asm__ volatile("stmxcsr %0\n\tfnstcw %1"
                     : "=m"(saved->control), "=m"(saved->x87));
#elif defined(__aarch64__)
    __asm__ volatile("mrs %0, fpcr" : "=r"(saved->control));
#else
    (void)saved;
#endif
}

static inline __attribute__((always_inline)) void
restore(const struct environment *saved)
{
#if defined(__x86_64__)
    __asm__ volatile("ldmxcsr %0\n\tfldcw %1" ::"m"(saved->control),
                     "m"(saved->x87));
#elif defined(__aarch64__)
    __asm__ volatile("msr fpcr, %0" ::"r"(saved->control));
#else
    (void)saved;
#endif
}

static inline __attribute__((always_inline)) void
switch_with_fpu(struct gruvi__context *from, struct gruvi__context *to)
{
    struct environment mine;

    save(&mine);
    gruvi__context_switch(from, to);
    restore(&mine);
}

static BENCH_NOINLINE void
go_there_with_fpu(void)
{
    switch_with_fpu(&root, &other);
}

static void
come_back_with_fpu(void)
{
    for (;;)
        switch_with_fpu(&other, &root);
}

static void
bench_switch_with_fpu(long n, long count)
{
    (void)n;
    measure(go_there_with_fpu, come_back_with_fpu, count);
}

static const struct bench_command commands[] = {
    {"switch", bench_switch},
    {"switch_with_fpu", bench_switch_with_fpu},
};

int
main(int argc, char **argv)
{
    return BENCH_MAIN(commands, argc, argv);
}
