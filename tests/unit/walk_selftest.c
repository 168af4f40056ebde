/* SPDX-License-Identifier: MIT */
/*
 * Steps from a function to its caller by call frame information, without
 * libcheck, for a processor that an emulator runs.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <ucontext.h>

#include "base/cfi.h"
#include "base/modules.h"
#include "base/walk.h"

#define NOINLINE __attribute__((noinline))

#define MOST 32

/* What the last signal has interrupted: the function, then its callers. */
static uintptr_t frames[MOST];
static unsigned n_frames;
static enum gruvi__cfi_result ended;

static volatile int passed, failed;
static volatile sig_atomic_t handled;

static void
on_signal(int signum, siginfo_t *info, void *ucontext)
{
    struct gruvi__registers at;
    uintptr_t high;

    (void)signum;
    (void)info;
    gruvi__registers_of(ucontext, &at);
    high = gruvi__thread_stack_high(at.sp);
    frames[0] = at.pc;
    n_frames = 1;
    while (n_frames < MOST &&
           (ended = gruvi__cfi_step(&at, at.sp, high, n_frames == 1)) ==
               GRUVI__CFI_CALLER)
        frames[n_frames++] = at.pc - 1;
    handled = 1;
}

/* The index of the next frame, from one on, that lies in a function; -1. */
static int
find(int from, const void *function)
{
    size_t offset;

    for (unsigned i = (unsigned)from; i < n_frames; i++) {
        uintptr_t begin = (uintptr_t)function;

        offset = frames[i] - begin;
        if (frames[i] >= begin && offset < 512)
            return (int)i;
    }
    return -1;
}

static void
expect(const char *what, int is_so)
{
    passed += is_so != 0;
    failed += is_so == 0;
    if (!is_so)
        printf("not so: %s\n", what);
}

/* Functions of a test lie 512 bytes apart. */
#define FUNCTION NOINLINE __attribute__((aligned(512)))

/* --- libc's code between ---------------------------------------------------
 */

FUNCTION static int
compare(const void *a, const void *b)
{
    if (!handled)
        raise(SIGUSR1);
    __asm__ volatile("" ::: "memory");
    return *(const int *)a - *(const int *)b;
}

FUNCTION static int
sort(void)
{
    int numbers[] = {3, 1, 2};

    qsort(numbers, 3, sizeof *numbers, compare);
    __asm__ volatile("" ::: "memory");
    return numbers[0];
}

FUNCTION static int
sort_outer(void)
{
    int result = sort();

    __asm__ volatile("" ::: "memory");
    return result;
}

FUNCTION static void
test_callers_beyond_libc(void)
{
    int compared, sorted;

    handled = 0;
    sort_outer();
    compared = find(1, (const void *)compare);
    sorted = find(1, (const void *)sort);
    expect("compare is found", compared > 0);
    expect("sort has called it, by way of qsort", sorted > compared + 1);
    expect("sort_outer has called sort",
           find(1, (const void *)sort_outer) == sorted + 1);
    expect("the test has called it all",
           find(1, (const void *)test_callers_beyond_libc) > sorted);
    expect("nothing has called the outermost", ended == GRUVI__CFI_OUTERMOST);
}

/* --- a function that saves nothing -----------------------------------------
 */

#if defined(__aarch64__)
int trap(void);
__asm__(".text\n"
        ".balign 512\n"
        ".globl trap\n"
        ".type trap, %function\n"
        "trap:\n"
        ".cfi_startproc\n"
        "brk #1\n"
        "mov w0, #7\n"
        "ret\n"
        ".cfi_endproc\n"
        ".size trap, . - trap\n"
        ".balign 512\n");

static void
on_trap(int signum, siginfo_t *info, void *ucontext)
{
    on_signal(signum, info, ucontext);
    ((ucontext_t *)ucontext)->uc_mcontext.pc += 4;
}

FUNCTION static int
above_trap(void)
{
    int result = trap();

    __asm__ volatile("" ::: "memory");
    return result;
}

FUNCTION static void
test_a_leaf_returns_to_a_register(void)
{
    struct sigaction action = {.sa_sigaction = on_trap, .sa_flags = SA_SIGINFO};

    sigaction(SIGTRAP, &action, NULL);
    expect("the trap is passed", above_trap() == 7);
    expect("it is in trap", find(0, (const void *)trap) == 0);
    expect("above_trap has called it", find(1, (const void *)above_trap) == 1);
    expect("the test is found",
           find(2, (const void *)test_a_leaf_returns_to_a_register) == 2);
}
#endif

int
main(void)
{
    struct sigaction action = {.sa_sigaction = on_signal,
                               .sa_flags = SA_SIGINFO};

    if (gruvi__modules_update() < 0)
        return 1;
    sigaction(SIGUSR1, &action, NULL);
    test_callers_beyond_libc();
#if defined(__aarch64__)
    test_a_leaf_returns_to_a_register();
#endif
    printf("%d passed, %d failed\n", passed, failed);
    return failed != 0;
}
