/* SPDX-License-Identifier: MIT */
/*
 * What a switch keeps: registers, live values, what lies below the stack
 * pointer; and what it does not, the floating-point environment.
 */
#include <fenv.h>
#include <stdint.h>

#include "unit/context_selftest.h"

static struct fiber *partner; /* whom the root switches to */

/*
 * selftest_registers(seed) puts seed + 1, seed + 2, ... into each register that
 * a called function must keep, calls selftest_switch(), and returns a bit for
 * each register that has changed.
 */
unsigned selftest_registers(uint64_t seed);
void selftest_switch(void);

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

/* A compiler that sees all uses of a static variable, and none in the function
 * that switches, must not conclude that the variable keeps its value. */
static int runs;

static NOINLINE void
switch_inline(struct fiber *to)
{
    struct fiber *from = current;

    current = to;
    gruvi__tools_before_switch(&from->tools, &to->tools);
    gruvi__context_switch(&from->context, &to->context);
    gruvi__tools_after_switch(&from->tools);
}

static void
count_runs(void)
{
    runs++;
    switch_inline(&root);
    runs++;
}

static const char *
static_variables_are_read_again_after_a_switch(void)
{
    struct fiber fiber;
    int first, second;

    fiber_make(&fiber, count_runs, 0);
    runs = 0;
    switch_inline(&fiber);
    first = runs;
    switch_inline(&fiber);
    second = runs;
    fiber_free(&fiber);
    return first == 1 && second == 2 ? NULL : "an old value was kept";
}

#ifndef GRUVI_CONTEXT_UCONTEXT
static int mode_in_fiber;

static void
change_rounding(void)
{
    fesetround(FE_UPWARD);
    yield_to_root();
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

const struct selftest register_selftests[] = {
    SELFTEST(registers_that_a_call_keeps_are_kept),
    SELFTEST(values_survive_an_inline_switch),
    SELFTEST(nothing_below_the_stack_pointer_is_touched),
    SELFTEST(static_variables_are_read_again_after_a_switch),
#ifndef GRUVI_CONTEXT_UCONTEXT
    SELFTEST(the_floating_point_environment_belongs_to_the_thread),
#endif
    {NULL, NULL},
};
