/* SPDX-License-Identifier: MIT */
/*
 * The promises of context.h, on whichever implementation is compiled in.
 *
 * check_context.c runs them as checks; with SELFTEST_MAIN this file is a
 * program of its own.
 */
#include "unit/context_selftest.h"

#include <execinfo.h>
#include <fenv.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#ifdef HAVE_VALGRIND
#include <valgrind/valgrind.h>
#else
#define VALGRIND_STACK_REGISTER(low, up) 0
#define VALGRIND_STACK_DEREGISTER(id)    ((void)(id))
#endif

#include "core/context.h"
#include "core/context_tools.h"

#define STACK_SIZE ((size_t)256 << 10) /* sanitizers make large frames */
#define NOINLINE   __attribute__((noinline))

/* Switches away and comes back: the other side of all tests. */
struct fiber {
    struct gruvi__context context;
    struct gruvi__context_tools tools;
    void (*body)(void);
    char *stack;
    unsigned valgrind_id;
    bool ended;
};

static struct fiber root;
static struct fiber *current = &root;

static NOINLINE void
switch_to(struct fiber *to)
{
    struct fiber *from = current;

    current = to;
    gruvi__tools_before_switch(&from->tools, &to->tools);
    gruvi__context_switch(&from->context, &to->context);
    gruvi__tools_after_switch(&from->tools);
}

/* From a fiber to the root. */
void selftest_yield(void);

void
selftest_yield(void)
{
    switch_to(&root);
}

static void
entry(void)
{
    struct fiber *me = current;

    gruvi__tools_after_switch(&me->tools);
    me->body();
    me->ended = true;
    current = &root;
    gruvi__tools_before_switch(NULL, &root.tools);
    gruvi__context_switch(&me->context, &root.context);
    abort();
}

static void
fiber_make(struct fiber *fiber, void (*body)(void), size_t cut)
{
    gruvi__tools_init_thread(&root.tools);
    fiber->body = body;
    fiber->ended = false;
    fiber->stack = malloc(STACK_SIZE);
    if (fiber->stack == NULL)
        abort();
    fiber->valgrind_id =
        VALGRIND_STACK_REGISTER(fiber->stack, fiber->stack + STACK_SIZE - 1);
    gruvi__tools_init(&fiber->tools, fiber->stack, STACK_SIZE);
    gruvi__context_make(&fiber->context, fiber->stack,
                        fiber->stack + STACK_SIZE - cut, entry);
}

static void
fiber_free(struct fiber *fiber)
{
    gruvi__tools_destroy(&fiber->tools);
    VALGRIND_STACK_DEREGISTER(fiber->valgrind_id);
    free(fiber->stack);
}

static void
run_to_end(struct fiber *fiber)
{
    while (!fiber->ended)
        switch_to(fiber);
}

/* Run one fiber from beginning to end. */
static void
run_one(void (*body)(void))
{
    struct fiber fiber;

    fiber_make(&fiber, body, 0);
    run_to_end(&fiber);
    fiber_free(&fiber);
}

/* ---- order ---- */

static int trail[8];
static int steps;

static void
leave_trail(void)
{
    trail[steps++] = 1;
    selftest_yield();
    trail[steps++] = 3;
    selftest_yield();
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

/* ---- registers ---- */

/*
 * selftest_registers(seed) puts seed + 1, seed + 2, ... into each register that
 * a called function must keep, calls selftest_switch(), and returns a bit for
 * each register that has changed.
 */
unsigned selftest_registers(uint64_t seed);
void selftest_switch(void);
static struct fiber *partner; /* whom the root switches to */

void __attribute__((used)) selftest_switch(void)
{
    switch_to(current == &root ? partner : &root);
}

#if defined(__x86_64__)
__asm__(".text\n"
        "selftest_registers:\n"
        "push %rbp\n push %rbx\n push %r12\n push %r13\n push %r14\n"
        "push %r15\n"
        "push %rdi\n"
        "lea 1(%rdi), %rbx\n lea 2(%rdi), %rbp\n lea 3(%rdi), %r12\n"
        "lea 4(%rdi), %r13\n lea 5(%rdi), %r14\n lea 6(%rdi), %r15\n"
        "call selftest_switch\n"
        "pop %rdi\n"
        "sub %rdi, %rbx\n sub %rdi, %rbp\n sub %rdi, %r12\n"
        "sub %rdi, %r13\n sub %rdi, %r14\n sub %rdi, %r15\n"
        "xor %eax, %eax\n"
        "cmp $1, %rbx\n je 1f\n or $1, %eax\n"
        "1: cmp $2, %rbp\n je 1f\n or $2, %eax\n"
        "1: cmp $3, %r12\n je 1f\n or $4, %eax\n"
        "1: cmp $4, %r13\n je 1f\n or $8, %eax\n"
        "1: cmp $5, %r14\n je 1f\n or $16, %eax\n"
        "1: cmp $6, %r15\n je 1f\n or $32, %eax\n"
        "1: pop %r15\n pop %r14\n pop %r13\n pop %r12\n pop %rbx\n pop %rbp\n"
        "ret\n");
#elif defined(__aarch64__)
#define EACH(do)                                                               \
    do                                                                         \
    (19) do(20) do(21) do(22) do(23) do(24) do(25) do(26) do(27) do(28)
#define EACH_FP(do)                                                            \
    do                                                                         \
    (8) do(9) do(10) do(11) do(12) do(13) do(14) do(15)
#define SET(n)    "add x" #n ", x0, #" #n "\n"
#define SET_FP(n) "add x1, x0, #" #n "\n fmov d" #n ", x1\n"
#define TEST(n)                                                                \
    "sub x1, x" #n ", x2\n cmp x1, #" #n "\n cset x1, ne\n"                    \
    "orr x0, x1, x0, lsl #1\n"
#define TEST_FP(n)                                                             \
    "fmov x1, d" #n "\n sub x1, x1, x2\n cmp x1, #" #n "\n cset x1, ne\n"      \
    "orr x0, x1, x0, lsl #1\n"
__asm__(".text\n"
        "selftest_registers:\n"
        "stp x29, x30, [sp, #-176]!\n"
        "stp x19, x20, [sp, #16]\n stp x21, x22, [sp, #32]\n"
        "stp x23, x24, [sp, #48]\n stp x25, x26, [sp, #64]\n"
        "stp x27, x28, [sp, #80]\n"
        "stp d8, d9, [sp, #96]\n stp d10, d11, [sp, #112]\n"
        "stp d12, d13, [sp, #128]\n stp d14, d15, [sp, #144]\n"
        "str x0, [sp, #160]\n" EACH(SET) EACH_FP(SET_FP) SET(
            29) "bl selftest_switch\n"
                "ldr x2, [sp, #160]\n"
                "mov x0, #0\n" EACH(TEST) EACH_FP(TEST_FP) TEST(
                    29) "ldp x19, x20, [sp, #16]\n ldp x21, x22, [sp, #32]\n"
                        "ldp x23, x24, [sp, #48]\n ldp x25, x26, [sp, #64]\n"
                        "ldp x27, x28, [sp, #80]\n"
                        "ldp d8, d9, [sp, #96]\n ldp d10, d11, [sp, #112]\n"
                        "ldp d12, d13, [sp, #128]\n ldp d14, d15, [sp, #144]\n"
                        "ldp x29, x30, [sp], #176\n"
                        "ret\n");
#else
unsigned
selftest_registers(uint64_t seed)
{
    (void)seed;
    selftest_switch();
    return 0;
}
#endif

static unsigned lost_by_fiber;

static void
keep_registers(void)
{
    lost_by_fiber |= selftest_registers(0x1111111111110000);
    lost_by_fiber |= selftest_registers(0x2222222222220000);
}

static const char *
registers_that_a_call_keeps_are_kept(void)
{
    struct fiber fiber;
    unsigned lost = 0;

    lost_by_fiber = 0;
    fiber_make(&fiber, keep_registers, 0);
    partner = &fiber;
    lost |= selftest_registers(0x3333333333330000);
    lost |= selftest_registers(0x4444444444440000);
    lost |= selftest_registers(0x5555555555550000);
    fiber_free(&fiber);
    if (!fiber.ended)
        return "the fiber did not end";
    if (lost != 0)
        return "the root lost a register";
    return lost_by_fiber == 0 ? NULL : "the fiber lost a register";
}

/* Values of every kind that live across a switch in one function; the switch
 * is inline here, so that the compiler could keep them in any register. */
static const char *
compute(struct fiber *to, volatile int *input)
{
    int i = *input;
    long a = i + 1, b = i + 2, c = i + 3, d = i + 4, e = i + 5, f = i + 6;
    long g = i + 7, h = i + 8;
    double p = i * 1.5, q = i * 2.5, r = i * 3.5, s = i * 4.5, t = i * 5.5;
    float u = (float)i * 0.5f;
    long double v = i * 0.125L, w = i * 0.375L;
    struct fiber *from = current;

    current = to;
    gruvi__tools_before_switch(&from->tools, &to->tools);
    gruvi__context_switch(&from->context, &to->context);
    gruvi__tools_after_switch(&from->tools);
    i = *input;
    if (a != i + 1 || b != i + 2 || c != i + 3 || d != i + 4 || e != i + 5 ||
        f != i + 6 || g != i + 7 || h != i + 8)
        return "an integer has changed";
    if (p != i * 1.5 || q != i * 2.5 || r != i * 3.5 || s != i * 4.5 ||
        t != i * 5.5 || u != (float)i * 0.5f)
        return "a floating-point number has changed";
    if (v != i * 0.125L || w != i * 0.375L)
        return "a long double has changed";
    return NULL;
}

static const char *fiber_says;

static void
compute_in_fiber(void)
{
    volatile int input = 700;

    fiber_says = compute(&root, &input);
}

static const char *
values_survive_an_inline_switch(void)
{
    volatile int input = 900;
    struct fiber fiber;
    const char *root_says;

    fiber_says = "the fiber did not finish";
    fiber_make(&fiber, compute_in_fiber, 0);
    root_says = compute(&fiber, &input);
    run_to_end(&fiber);
    fiber_free(&fiber);
    return root_says != NULL ? root_says : fiber_says;
}

/* A function that calls nothing may keep its variables below the stack
 * pointer; this one must find them again after the switch. */
static NOINLINE unsigned
use_red_zone(struct fiber *from, struct fiber *to, unsigned seed)
{
    volatile unsigned words[24];
    unsigned i, wrong = 0;

    for (i = 0; i < 24; i++)
        words[i] = seed + i;
    current = to;
    gruvi__tools_before_switch(&from->tools, &to->tools);
    gruvi__context_switch(&from->context, &to->context);
    gruvi__tools_after_switch(&from->tools);
    for (i = 0; i < 24; i++)
        wrong += words[i] != seed + i;
    return wrong;
}

static unsigned wrong_words;

static void
use_red_zone_in_fiber(void)
{
    wrong_words += use_red_zone(current, &root, 1000);
}

static const char *
nothing_below_the_stack_pointer_is_touched(void)
{
    struct fiber fiber;

    wrong_words = 0;
    fiber_make(&fiber, use_red_zone_in_fiber, 0);
    wrong_words += use_red_zone(&root, &fiber, 2000);
    run_to_end(&fiber);
    fiber_free(&fiber);
    return wrong_words == 0 ? NULL : "a word in the red zone has changed";
}

#ifndef GRUVI_CONTEXT_UCONTEXT
static int mode_in_fiber;

static void
change_rounding(void)
{
    fesetround(FE_UPWARD);
    selftest_yield();
    mode_in_fiber = fegetround();
}

static const char *
the_floating_point_environment_belongs_to_the_thread(void)
{
    struct fiber fiber;
    int seen;

    fiber_make(&fiber, change_rounding, 0);
    switch_to(&fiber);
    seen = fegetround();
    fesetround(FE_TONEAREST);
    run_to_end(&fiber);
    fiber_free(&fiber);
    if (seen != FE_UPWARD)
        return "the root does not see the fiber's rounding mode";
    return mode_in_fiber == FE_TONEAREST
               ? NULL
               : "the fiber does not see the root's rounding mode";
}
#endif

/* ---- stacks ---- */

static int deepest;

static NOINLINE int
recurse(int depth)
{
    volatile char frame[64];

    memset((char *)frame, depth & 127, sizeof frame);
    if (depth > deepest)
        deepest = depth;
    selftest_yield();
    if (depth < 200 && recurse(depth + 1) != depth + 1)
        return -1;
    selftest_yield();
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
        selftest_yield();
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

static struct fiber *nested;

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

/* ---- the end of the stack ---- */

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

    fiber_make(&fiber, selftest_yield, 0);
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

#define TEST_OF(name)                                                          \
    {                                                                          \
#name, name                                                            \
    }

const struct selftest selftests[] = {
    TEST_OF(a_switch_goes_there_and_comes_back),
    TEST_OF(registers_that_a_call_keeps_are_kept),
    TEST_OF(values_survive_an_inline_switch),
    TEST_OF(nothing_below_the_stack_pointer_is_touched),
    TEST_OF(switches_at_every_depth_of_a_recursion),
    TEST_OF(stacks_are_aligned_wherever_they_end),
    TEST_OF(many_contexts_take_turns),
    TEST_OF(fibers_switch_to_each_other),
    TEST_OF(unwinding_ends_where_the_context_begins),
#ifndef GRUVI_CONTEXT_UCONTEXT
    TEST_OF(the_floating_point_environment_belongs_to_the_thread),
    TEST_OF(frame_pointers_end_with_zero),
    TEST_OF(a_parked_context_tells_where_it_is),
    TEST_OF(an_entry_that_returns_is_a_trap),
#endif
    {NULL, NULL},
};

#ifdef SELFTEST_MAIN
int
main(void)
{
    const struct selftest *test;
    int passed = 0, failed = 0;

    for (test = selftests; test->name != NULL; test++) {
        const char *says = test->run();

        passed += says == NULL;
        failed += says != NULL;
        if (says != NULL)
            printf("%s: %s\n", test->name, says);
    }
    printf("%d passed, %d failed\n", passed, failed);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
#endif
