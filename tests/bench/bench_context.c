/* SPDX-License-Identifier: MIT */
/*
 * What contexts and stacks cost, in nanoseconds, as key=value lines.
 *
 * A switch alone; a yield from under three calls, as fibers do it, with 2 to
 * 10,000 fibers of one or of two kinds; the same switch with the
 * floating-point environment, which ours leaves alone; a stack from the cache
 * and a new one with its guard.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "core/context.h"
#include "core/stack.h"

#define NOINLINE __attribute__((noinline))

struct fiber {
    struct gruvi__context context;
    struct fiber *next;
    int error;
    char rest[48]; /* so that it begins with a line of the cache */
    struct gruvi__stack stack;
};
GRUVI__STACK_LAST(struct fiber, stack);

static struct gruvi__arena *arena;
static struct gruvi__context root;
static struct fiber *current, *head, **tail = &head;

static double
now(void)
{
    struct timespec time;

    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec * 1e9 + (double)time.tv_nsec;
}

static void
result(const char *what, double from, long n)
{
    printf("%s=%.2f\n", what, (now() - from) / (double)n);
}

static struct fiber *
fiber_new(void (*entry)(void))
{
    struct gruvi__stack *stack;
    struct fiber *fiber;

    if (gruvi__stack_alloc(arena, 64 << 10, &stack) != 0)
        exit(EXIT_FAILURE);
    fiber = gruvi__stack_control(stack, struct fiber, stack);
    gruvi__context_make(&fiber->context, stack->low, fiber, entry);
    fiber->error = 0;
    return fiber;
}

/* ---- a switch alone ---- */

static NOINLINE void
there(void)
{
    gruvi__context_switch(&root, &current->context);
}

static void
come_back(void)
{
    for (;;)
        gruvi__context_switch(&current->context, &root);
}

static void
bench_switch(void)
{
    long i, n = 20000000;
    double from;

    current = fiber_new(come_back);
    there();
    from = now();
    for (i = 0; i < n; i++)
        there();
    result("switch", from, 2 * n);
    gruvi__stack_release(arena, &current->stack);
}

#ifdef __x86_64__
static inline __attribute__((always_inline)) void
switch_with_environment(struct gruvi__context *from, struct gruvi__context *to)
{
    uint32_t mxcsr;
    uint16_t control_word;

    __asm__ volatile("stmxcsr %0\n\tfnstcw %1"
                     : "=m"(mxcsr), "=m"(control_word));
    gruvi__context_switch(from, to);
    __asm__ volatile("ldmxcsr %0\n\tfldcw %1" ::"m"(mxcsr), "m"(control_word));
}

static NOINLINE void
there_with_environment(void)
{
    switch_with_environment(&root, &current->context);
}

static void
come_back_with_environment(void)
{
    for (;;)
        switch_with_environment(&current->context, &root);
}

static void
bench_environment(void)
{
    long i, n = 20000000;
    double from;

    current = fiber_new(come_back_with_environment);
    there_with_environment();
    from = now();
    for (i = 0; i < n; i++)
        there_with_environment();
    result("switch_with_mxcsr_and_x87", from, 2 * n);
    gruvi__stack_release(arena, &current->stack);
}
#endif

/* ---- yields ---- */

static long yields_left;

static NOINLINE int
yield(void)
{
    struct fiber *me = current, *next;

    me->next = NULL;
    *tail = me;
    tail = &me->next;
    next = head;
    head = next->next;
    if (head == NULL)
        tail = &head;
    current = next;
    if (next != me)
        gruvi__context_switch(&me->context, &next->context);
    return me->error;
}

/* Two kinds of fibers, each three calls above the switch. */
#define KIND(name)                                                             \
    static NOINLINE int name##_inner(int n)                                    \
    {                                                                          \
        int err = yield();                                                     \
        return err != 0 ? err : n + 1;                                         \
    }                                                                          \
    static NOINLINE int name##_middle(int n)                                   \
    {                                                                          \
        int result = name##_inner(n);                                          \
        return result < 0 ? result : result + 2;                               \
    }                                                                          \
    static NOINLINE int name##_outer(int n)                                    \
    {                                                                          \
        int result = name##_middle(n);                                         \
        return result < 0 ? result : result + 3;                               \
    }                                                                          \
    static void name(void)                                                     \
    {                                                                          \
        volatile int result = 0;                                               \
                                                                               \
        while (yields_left-- > 0)                                              \
            result = name##_outer(result);                                     \
        gruvi__context_switch(&current->context, &root);                       \
    }

KIND(red)
KIND(blue)

static void
bench_yield(const char *what, int n, int mixed)
{
    struct fiber **fibers = calloc((size_t)n, sizeof *fibers);
    char name[64];
    double from;
    int i;

    if (fibers == NULL)
        exit(EXIT_FAILURE);
    head = NULL;
    tail = &head;
    for (i = 0; i < n; i++) {
        /* Mixed by a hash, so that the order cannot be predicted. */
        int is_blue = mixed && ((uint32_t)i * 2654435761u >> 13 & 1);

        fibers[i] = fiber_new(is_blue ? blue : red);
        fibers[i]->next = NULL;
        *tail = fibers[i];
        tail = &fibers[i]->next;
    }
    yields_left = 20000000;
    from = now();
    current = head;
    head = head->next;
    gruvi__context_switch(&root, &current->context);
    snprintf(name, sizeof name, "yield_%s_%d", what, n);
    result(name, from, 20000000);
    for (i = 0; i < n; i++)
        gruvi__stack_release(arena, &fibers[i]->stack);
    free(fibers);
}

/* ---- stacks ---- */

static void
bench_cached_stack(void)
{
    struct gruvi__stack *stack;
    long i, n = 50000000;
    double from;

    if (gruvi__stack_alloc(arena, 0, &stack) != 0)
        exit(EXIT_FAILURE);
    from = now();
    for (i = 0; i < n; i++) {
        gruvi__stack_release(arena, stack);
        if (gruvi__stack_alloc(arena, 0, &stack) != 0)
            exit(EXIT_FAILURE);
        __asm__ volatile("" : "+r"(stack)::"memory");
    }
    result("stack_from_cache", from, n);
}

static void
bench_cold_stack(void)
{
    struct gruvi__arena *kept = arena;
    long i, n = 10000;
    double from;

    arena = gruvi__arena_new();
    if (arena == NULL)
        exit(EXIT_FAILURE);
    from = now();
    for (i = 0; i < n; i++) {
        current = fiber_new(come_back);
        there();
    }
    result("stack_cold_with_guard_and_first_switch", from, n);
    gruvi__arena_free(arena);
    arena = kept;
}

int
main(void)
{
    arena = gruvi__arena_new();
    if (arena == NULL)
        return EXIT_FAILURE;
    bench_switch();
#ifdef __x86_64__
    bench_environment();
#endif
    bench_yield("same", 2, 0);
    bench_yield("same", 100, 0);
    bench_yield("same", 10000, 0);
    bench_yield("mixed", 100, 1);
    bench_cached_stack();
    bench_cold_stack();
    gruvi__arena_free(arena);
    return EXIT_SUCCESS;
}
