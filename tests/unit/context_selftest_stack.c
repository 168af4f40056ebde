/* SPDX-License-Identifier: MIT */
/*
 * Each context has a stack of its own: the order of switches, depth, alignment,
 * and the end that unwinders find.
 */
#include <execinfo.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "unit/context_selftest.h"

static int trail[8];
static int steps;

static void
leave_trail(void)
{
    trail[steps++] = 1;
    yield_to_root();
    trail[steps++] = 3;
    yield_to_root();
    trail[steps++] = 5;
}

static const char *
a_switch_goes_there_and_comes_back(void)
{
    struct fiber fiber;
    int i;

    steps = 0;
    fiber_make(&fiber, leave_trail, 0);
    trail[steps++] = 0;
    switch_to(&fiber);
    trail[steps++] = 2;
    switch_to(&fiber);
    trail[steps++] = 4;
    switch_to(&fiber);
    fiber_free(&fiber);
    for (i = 0; i < 6; i++) {
        if (trail[i] != i)
            return "the two sides ran in another order";
    }
    return fiber.ended ? NULL : "the fiber did not end";
}

static int deepest;

static NOINLINE int
recurse(int depth)
{
    volatile char frame[64];

    memset((char *)frame, depth & 127, sizeof frame);
    if (depth > deepest)
        deepest = depth;
    yield_to_root();
    if (depth < 200 && recurse(depth + 1) != depth + 1)
        return -1;
    yield_to_root();
    return frame[depth % 64] == (depth & 127) ? depth : -1;
}

static int recursion_says;

static void
recurse_in_fiber(void)
{
    recursion_says = recurse(0);
}

static const char *
switches_at_every_depth_of_a_recursion(void)
{
    deepest = 0;
    recursion_says = -1;
    run_one(recurse_in_fiber);
    return deepest == 200 && recursion_says == 0 ? NULL : "a frame is lost";
}

static uintptr_t alignment;

static void
look_at_alignment(void)
{
    /* Compilers rely on the alignment at entry to place this one. */
    _Alignas(16) volatile char aligned[16];

    aligned[0] = 1;
    alignment |= (uintptr_t)aligned % 16;
#if defined(__x86_64__)
    alignment |= (uintptr_t)__builtin_frame_address(0) % 16;
#endif
}

static const char *
stacks_are_aligned_wherever_they_end(void)
{
    size_t cut;

    alignment = 0;
    for (cut = 0; cut < 64; cut++) {
        struct fiber fiber;

        fiber_make(&fiber, look_at_alignment, cut);
        run_to_end(&fiber);
        fiber_free(&fiber);
    }
    return alignment == 0 ? NULL : "the stack pointer was not aligned to 16";
}

#define MANY 300

static int counts[MANY];
static int turn;

static void
count_up(void)
{
    int me = turn;

    while (counts[me] < 10) {
        counts[me]++;
        yield_to_root();
    }
}

static const char *
many_contexts_take_turns(void)
{
    struct fiber *fibers = calloc(MANY, sizeof *fibers);
    int round, i;
    bool wrong = false;

    memset(counts, 0, sizeof counts);
    for (i = 0; i < MANY; i++)
        fiber_make(&fibers[i], count_up, 0);
    for (round = 1; round <= 11; round++) {
        for (i = 0; i < MANY; i++) {
            turn = i;
            switch_to(&fibers[i]);
            wrong |= counts[i] != (round < 11 ? round : 10);
            wrong |= fibers[i].ended != (round == 11);
        }
    }
    for (i = 0; i < MANY; i++)
        fiber_free(&fibers[i]);
    free(fibers);
    return wrong ? "a fiber ran when it was not its turn" : NULL;
}

static struct fiber *partner, *nested;

static void
run_nested(void)
{
    /* Not by way of the root: from one fiber to another and back. */
    struct fiber *me = current;

    if (me != nested) {
        switch_to(nested);
        trail[steps++] = 2;
    } else {
        trail[steps++] = 1;
        switch_to(partner);
    }
}

static const char *
fibers_switch_to_each_other(void)
{
    struct fiber first, second;

    steps = 0;
    fiber_make(&first, run_nested, 0);
    fiber_make(&second, run_nested, 0);
    partner = &first;
    nested = &second;
    switch_to(&first);
    run_to_end(&second);
    fiber_free(&first);
    fiber_free(&second);
    return steps == 2 && trail[0] == 1 && trail[1] == 2 && first.ended
               ? NULL
               : "they did not meet";
}

static int frames;

static NOINLINE void
count_frames(void)
{
    void *addresses[64];

    frames = backtrace(addresses, 64);
}

static const char *
unwinding_ends_where_the_context_begins(void)
{
    frames = 0;
    count_frames(); /* loads the unwinder, which needs a larger stack */
    frames = 0;
    run_one(count_frames);
    /* backtrace's caller, its callers and the beginning, or less. */
    return frames >= 2 && frames <= 6 ? NULL : "the unwinder went on";
}

#ifndef GRUVI_CONTEXT_UCONTEXT
static NOINLINE __attribute__((no_sanitize("address"))) void
walk_frames(void)
{
    void **frame = __builtin_frame_address(0);
    char *low = current->stack;

    for (frames = 0; frame != NULL; frames++) {
        if ((char *)frame < low || (char *)frame >= low + STACK_SIZE) {
            frames = -1;
            return;
        }
        frame = *frame;
    }
}

static const char *
frame_pointers_end_with_zero(void)
{
    run_one(walk_frames);
    return frames >= 1 && frames <= 4 ? NULL : "the walk left the stack";
}

static const char *
a_parked_context_tells_where_it_is(void)
{
    struct fiber fiber;
    const char *pc, *sp, *fp;
    const char *says = NULL;

    fiber_make(&fiber, yield_to_root, 0);
    switch_to(&fiber);
    pc = gruvi__context_pc(&fiber.context);
    sp = gruvi__context_sp(&fiber.context);
    fp = gruvi__context_fp(&fiber.context);
    if (pc < (char *)switch_to || pc > (char *)switch_to + 4096)
        says = "it is not in the function that switched";
    else if (sp < fiber.stack || sp >= fiber.stack + STACK_SIZE)
        says = "its stack pointer is elsewhere";
    else if (fp < sp || fp >= fiber.stack + STACK_SIZE)
        says = "its frame pointer is elsewhere";
    run_to_end(&fiber);
    fiber_free(&fiber);
    return says;
}

static struct gruvi__context bare;

static void
return_at_once(void)
{
}

static const char *
an_entry_that_returns_is_a_trap(void)
{
    int status = 0;
    pid_t child = fork();

    if (child == 0) {
        struct rlimit none = {0, 0};
        struct gruvi__context here;
        char *stack = malloc(STACK_SIZE);

        setrlimit(RLIMIT_CORE, &none);
        signal(SIGILL, SIG_DFL);
        signal(SIGTRAP, SIG_DFL);
        gruvi__context_make(&bare, stack, stack + STACK_SIZE, return_at_once);
        gruvi__context_switch(&here, &bare);
        _exit(0);
    }
    if (child < 0 || waitpid(child, &status, 0) != child)
        return "fork and wait failed";
    if (WIFSIGNALED(status) &&
        (WTERMSIG(status) == SIGILL || WTERMSIG(status) == SIGTRAP))
        return NULL;
    return "the process did not die of a trap";
}
#endif

const struct selftest stack_selftests[] = {
    SELFTEST(a_switch_goes_there_and_comes_back),
    SELFTEST(switches_at_every_depth_of_a_recursion),
    SELFTEST(stacks_are_aligned_wherever_they_end),
    SELFTEST(many_contexts_take_turns),
    SELFTEST(fibers_switch_to_each_other),
    SELFTEST(unwinding_ends_where_the_context_begins),
#ifndef GRUVI_CONTEXT_UCONTEXT
    SELFTEST(frame_pointers_end_with_zero),
    SELFTEST(a_parked_context_tells_where_it_is),
    SELFTEST(an_entry_that_returns_is_a_trap),
#endif
    {NULL, NULL},
};
