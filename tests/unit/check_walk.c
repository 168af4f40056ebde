/* SPDX-License-Identifier: MIT */
/*
 * Walks along frame pointers: of parked fibers, of what a signal interrupts,
 * and of frames that are no frames.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <ucontext.h>
#include <unistd.h>

#include <gruvi/inspect.h>

#include "base/walk.h"
#include "core/fiber.h"
#include "core/hub.h"
#include "support/valgrind.h"
#include "unit/harness.h"

#ifdef GRUVI_CONTEXT_UCONTEXT
#define PARKED UV_ENOTSUP
#else
#define PARKED 0
#endif

/* Each of them has a frame of its own, code behind its call, and SIZE bytes for
 * itself: in a section where no other function comes after them. */
#define SIZE 4096
#define OUTER(name)                                                            \
    static __attribute__((noinline, aligned(SIZE), section("outer"))) int      \
    name(void *arg)
static volatile int passed;

OUTER(parked_inner)
{
    int err = gruvi_sleep(GRUVI_FOREVER);

    (void)arg;
    passed++;
    return err;
}

OUTER(parked_outer)
{
    int err = parked_inner(arg);

    passed++;
    return err;
}

static bool
is_in(uintptr_t address, const void *function)
{
    return address - (uintptr_t)function < SIZE;
}

/* How many frames are in a function, and where the first is. */
static unsigned
find(const gruvi__frames_t *frames, const void *function, unsigned *n)
{
    unsigned first = frames->n;

    *n = 0;
    for (unsigned i = frames->n; i-- > 0;)
        if (is_in(frames->at[i], function)) {
            first = i;
            ++*n;
        }
    return first;
}

/* --- parked fibers -----------------------------------------------------------
 */

HUB_TEST(test_a_parked_fiber_has_its_callers_in_order)
{
    gruvi_fiber_t *fiber = spawn(parked_outer, NULL);
    gruvi__frames_t frames;
    unsigned inner, outer, n;

    turns(2);
    ck_assert_int_eq(gruvi__walk_parked(fiber, &frames), PARKED);
    if (PARKED == 0) {
        ck_assert_str_eq(frames.note, "");
        inner = find(&frames, parked_inner, &n);
        ck_assert_uint_eq(n, 1);
        outer = find(&frames, parked_outer, &n);
        ck_assert_uint_eq(n, 1);
        ck_assert_uint_eq(inner + 1, outer);
        ck_assert_uint_gt(inner, 0);
        ck_assert_uint_lt(outer, frames.n);
    }
    gruvi_fiber_cancel(fiber, NULL);
    ck_assert_int_eq(finish(fiber), UV_ECANCELED);
}

HUB_TEST(test_a_fiber_that_has_not_begun_is_at_its_function)
{
    gruvi_fiber_t *fiber = spawn(end_at_once, NULL);
    gruvi__frames_t frames;

    if (PARKED == 0) {
        ck_assert_int_eq(gruvi__walk_parked(fiber, &frames), 0);
        ck_assert_uint_eq(frames.n, 1);
        ck_assert_uint_eq(frames.at[0], (uintptr_t)end_at_once);
    }
    ck_assert_int_eq(finish(fiber), 0);
}

HUB_TEST(test_a_fiber_that_runs_or_has_ended_is_refused)
{
    gruvi_fiber_t *fiber = spawn(end_at_once, NULL);
    gruvi__frames_t frames;

    ck_assert_int_eq(gruvi__walk_parked(gruvi_current_fiber(), &frames),
                     UV_EBUSY);
    ck_assert_int_eq(gruvi_fiber_join(fiber, GRUVI_FOREVER), 0);
    ck_assert_int_eq(gruvi__walk_parked(fiber, &frames), UV_ESRCH);
    ck_assert_uint_eq(frames.n, 0);
    gruvi_fiber_unref(fiber);
}

static void
look_at_root(void *arg)
{
    gruvi__frames_t *frames = arg;
    int err = gruvi__walk_parked(gruvi__self.hub->root, frames);

    ck_assert_int_eq(err, PARKED);
}

OUTER(wait_in_root)
{
    int err = gruvi_sleep(0.001);

    (void)arg;
    passed++;
    return err;
}

HUB_TEST(test_the_root_fiber_is_walked_while_it_waits)
{
    gruvi__frames_t frames;
    unsigned n;

    ck_assert_int_eq(gruvi_hub_run_callback(hub, look_at_root, &frames), 0);
    ck_assert_int_eq(wait_in_root(NULL), 0);
    if (PARKED != 0)
        return;
    find(&frames, wait_in_root, &n);
    ck_assert_uint_eq(n, 1);
}

/* --- frames that are none
 * ------------------------------------------------------ */

static gruvi__frames_t
walk(uintptr_t fp, uintptr_t low, uintptr_t high)
{
    gruvi__frames_t frames = {.note = ""};

    gruvi__walk(fp, low, high, &frames);
    return frames;
}

START_TEST(test_a_walk_stays_within_the_stack)
{
    uintptr_t stack[64] = {0}, low = (uintptr_t)stack;
    uintptr_t high = (uintptr_t)(stack + 64);
    gruvi__frames_t frames;

    stack[0] = low + 80;
    stack[1] = 101;
    stack[10] = high; /* the next frame: outside */
    stack[11] = 201;
    frames = walk(low, low, high);
    ck_assert_uint_eq(frames.n, 2);
    ck_assert_uint_eq(frames.at[0], 100);
    ck_assert_uint_eq(frames.at[1], 200);
    stack[10] = high - 8; /* half of it outside */
    ck_assert_uint_eq(walk(low, low, high).n, 2);
    stack[10] = low + 8; /* downwards */
    ck_assert_uint_eq(walk(low, low, high).n, 2);
    stack[10] = low + 80; /* in a circle */
    ck_assert_uint_eq(walk(low, low, high).n, 2);
    stack[10] = low + 161; /* not aligned */
    ck_assert_uint_eq(walk(low, low, high).n, 2);
    stack[10] = UINTPTR_MAX - 7;
    ck_assert_uint_eq(walk(low, low, high).n, 2);
    stack[11] = 0; /* no return address: the end */
    ck_assert_uint_eq(walk(low, low, high).n, 1);
    ck_assert_uint_eq(walk(low, low + 8, high).n, 0);
    ck_assert_uint_eq(walk(low, low, low).n, 0);
    ck_assert_uint_eq(walk(low, low, 0).n, 0);
}
END_TEST

START_TEST(test_a_deep_stack_is_cut_and_says_so)
{
    uintptr_t stack[2 * GRUVI__MOST_FRAMES + 4];
    gruvi__frames_t frames;

    for (size_t i = 0; i <= GRUVI__MOST_FRAMES; i++) {
        stack[2 * i] = (uintptr_t)(stack + 2 * i + 2);
        stack[2 * i + 1] = 1000;
    }
    frames = walk((uintptr_t)stack, (uintptr_t)stack,
                  (uintptr_t)(stack + 2 * GRUVI__MOST_FRAMES + 2));
    ck_assert_uint_eq(frames.n, GRUVI__MOST_FRAMES);
    ck_assert_str_eq(frames.note, "there are more frames");
}
END_TEST

/* --- what a signal interrupts
 * ------------------------------------------------- */

static gruvi__frames_t interrupted;
static int interrupted_err;
static gruvi_fiber_t *interrupted_fiber;
static atomic_int handled;
static atomic_bool spinning;

static void
on_signal(int signum, siginfo_t *info, void *context)
{
    (void)signum;
    (void)info;
    interrupted_fiber = gruvi__fiber_here();
    interrupted_err = gruvi__walk_interrupted(context, &interrupted);
    handled++;
}

static void
handle(int signum, void (*handler)(int, siginfo_t *, void *))
{
    struct sigaction action;

    memset(&action, 0, sizeof action);
    action.sa_sigaction = handler;
    action.sa_flags = SA_SIGINFO | SA_ONSTACK;
    ck_assert_int_eq(gruvi__modules_update(), 0);
    ck_assert_int_eq(sigaction(signum, &action, NULL), 0);
}

/* Computes until the handler has run; its loop calls nothing. */
OUTER(spin_inner)
{
    while (handled == 0)
        spinning = true;
    return *(int *)arg;
}

OUTER(spin_outer)
{
    int result = spin_inner(arg);

    passed++;
    return result;
}

/* Valgrind runs one thread at a time. */
static void
let_others_run(void)
{
    if (RUNNING_ON_VALGRIND)
        sched_yield();
}

static void
interrupt(void *arg)
{
    while (!spinning)
        let_others_run();
    pthread_kill(*(pthread_t *)arg, SIGUSR1);
}

/* ThreadSanitizer has the handler run when the code that computes calls its
 * runtime again, and gives it the registers from before.  Where the signal came
 * in the runtime itself, nothing is left of the stack that belongs to them. */
static bool
has_late_handlers(void)
{
#ifdef HAVE_TSAN
    printf("skipped: the handler runs when the stack is another one\n");
    return true;
#else
    return false;
#endif
}

static void
check_spinning(void)
{
    unsigned inner, outer, n;

    ck_assert_int_eq(interrupted_err, 0);
    ck_assert_str_eq(interrupted.note, "");
    inner = find(&interrupted, spin_inner, &n);
    ck_assert_uint_eq(n, 1);
    outer = find(&interrupted, spin_outer, &n);
    ck_assert_uint_eq(n, 1);
    ck_assert_uint_eq(inner, 0);
    ck_assert_uint_eq(outer, inner + 1);
}

OUTER(signal_and_spin)
{
    pthread_t self = pthread_self(), other;
    int result;

    spinning = false;
    other = begin_thread(interrupt, &self);
    result = spin_outer(arg);
    end_thread(other);
    return result;
}

HUB_TEST(test_a_signal_finds_a_fiber_that_computes)
{
    int result = 7;
    gruvi_fiber_t *fiber;

    if (has_late_handlers())
        return;
    handled = 0;
    handle(SIGUSR1, on_signal);
    fiber = spawn(signal_and_spin, &result);
    ck_assert_int_eq(gruvi_fiber_join(fiber, GRUVI_FOREVER), 0);
    check_spinning();
    ck_assert_ptr_eq(interrupted_fiber, fiber);
    gruvi_fiber_unref(fiber);
}

/* --- code without frame pointers
 * ------------------------------------------------ */

#if defined(__x86_64__)
typedef int spin_fn(const int *result, atomic_int *done,
                    atomic_bool *is_spinning);

/* Compilers do not agree on how to ask for such functions, so they are not
 * theirs.  SIZE of each. */
#define SPIN(name, prologue, epilogue)                                         \
    spin_fn name;                                                              \
    __asm__(".pushsection .text\n"                                             \
            ".balign 4096\n"                                                   \
            ".type " #name ", @function\n" #name ":\n"                         \
            ".cfi_startproc\n" prologue "1: movb $1, (%rdx)\n"                 \
            "cmpl $0, (%rsi)\n"                                                \
            "je 1b\n"                                                          \
            "movl (%rdi), %eax\n" epilogue "ret\n"                             \
            ".cfi_endproc\n"                                                   \
            ".size " #name ", . - " #name "\n"                                 \
            ".balign 4096\n"                                                   \
            ".popsection\n")

#define PUSH                                                                   \
    "pushq %rbp\n"                                                             \
    ".cfi_def_cfa_offset 16\n"                                                 \
    ".cfi_offset rbp, -16\n"
#define POP                                                                    \
    "popq %rbp\n"                                                              \
    ".cfi_def_cfa rsp, 8\n"

/* It has no frame at all: its caller is where the stack pointer is. */
SPIN(spin_leaf, "", "");

/* It has had one, and is about to return.  Compilers say of a register that was
 * popped that it is still where it was pushed. */
SPIN(spin_return,
     PUSH "movq %rsp, %rbp\n"
          ".cfi_def_cfa_register rbp\n" POP,
     "");

/* It has the register for something else, as libc has. */
SPIN(spin_zero, PUSH "xorl %ebp, %ebp\n", POP);

static spin_fn *spin;

OUTER(spin_above)
{
    int result = spin(arg, &handled, &spinning);

    passed++;
    return result;
}

OUTER(signal_spin)
{
    pthread_t self = pthread_self(), other;
    int result;

    spinning = false;
    other = begin_thread(interrupt, &self);
    result = spin_above(arg);
    end_thread(other);
    return result;
}

HUB_TEST(test_the_caller_of_a_function_without_a_frame_pointer)
{
    spin_fn *const functions[] = {spin_leaf, spin_return, spin_zero};
    int result = 7;
    unsigned n;

    if (has_late_handlers())
        return;
    handle(SIGUSR1, on_signal);
    for (size_t k = 0; k < 3; k++) {
        spin = functions[k];
        handled = 0;
        ck_assert_int_eq(finish(spawn(signal_spin, &result)), 7);
        ck_assert_uint_eq(find(&interrupted, spin, &n), 0);
        ck_assert_uint_eq(n, 1);
        ck_assert_uint_eq(find(&interrupted, spin_above, &n), 1);
        ck_assert_uint_eq(n, 1);
        ck_assert_uint_eq(find(&interrupted, signal_spin, &n), 2);
        ck_assert_str_eq(interrupted.note, "");
    }
}

static __attribute__((noinline, aligned(SIZE))) int
compare_and_raise(const void *a, const void *b)
{
    if (handled == 0)
        raise(SIGUSR1);
    passed++;
    return *(const int *)a - *(const int *)b;
}

OUTER(sort)
{
    int numbers[] = {3, 1, 2};

    qsort(numbers, 3, sizeof *numbers, compare_and_raise);
    passed++;
    return arg == NULL ? numbers[0] : 0;
}

OUTER(sort_outer)
{
    int result = sort(arg);

    passed++;
    return result;
}

/* libc's functions are between them, and keep no frame pointers on Debian. */
HUB_TEST(test_callers_beyond_code_without_frame_pointers)
{
    unsigned compare, inner, outer, n;

    handled = 0;
    handle(SIGUSR1, on_signal);
    ck_assert_int_eq(finish(spawn(sort_outer, NULL)), 1);
    compare = find(&interrupted, (const void *)compare_and_raise, &n);
    ck_assert_uint_eq(n, 1);
    inner = find(&interrupted, sort, &n);
    ck_assert_uint_eq(n, 1);
    outer = find(&interrupted, sort_outer, &n);
    ck_assert_uint_eq(n, 1);
    ck_assert_uint_gt(compare, 0);
    ck_assert_uint_gt(inner, compare);
    ck_assert_uint_eq(outer, inner + 1);
    ck_assert_str_eq(interrupted.note, "");
}

static int (*volatile nowhere)(void *);

static void
jump_over(int signum, siginfo_t *info, void *context)
{
    ucontext_t *uc = context;

    on_signal(signum, info, context);
    /* As if it had returned. */
    uc->uc_mcontext.gregs[REG_RIP] = *(greg_t *)uc->uc_mcontext.gregs[REG_RSP];
    uc->uc_mcontext.gregs[REG_RSP] += 8;
    uc->uc_mcontext.gregs[REG_RAX] = 7;
}

OUTER(call_nowhere)
{
    int result;

    VALGRIND_DISABLE_ERROR_REPORTING; /* it is a jump to nowhere */
    result = nowhere(arg);
    VALGRIND_ENABLE_ERROR_REPORTING;
    passed++;
    return result;
}

HUB_TEST(test_a_call_that_goes_nowhere_has_its_caller)
{
    unsigned n;

    handled = 0;
    handle(SIGSEGV, jump_over);
    ck_assert_int_eq(finish(spawn(call_nowhere, NULL)), 7);
    ck_assert_uint_eq(interrupted.at[0], 0);
    ck_assert_uint_eq(find(&interrupted, call_nowhere, &n), 1);
    signal(SIGSEGV, SIG_DFL);
}
#endif

static void
spin_in_thread(void *note_bounds)
{
    int result = 7;

    handled = 0;
    if (*(bool *)note_bounds)
        gruvi__walk_this_thread();
    ck_assert_int_eq(signal_and_spin(&result), 7);
    check_spinning();
    ck_assert_ptr_null(interrupted_fiber);
}

START_TEST(test_a_signal_finds_a_thread_without_a_hub)
{
    bool note_bounds = _i;

    if (has_late_handlers())
        return;
    handle(SIGUSR1, on_signal);
    in_thread(spin_in_thread, &note_bounds);
}
END_TEST

static void
on_signal_with_another(int signum, siginfo_t *info, void *context)
{
    (void)signum;
    (void)info;
    (void)context;
    raise(SIGUSR1);
}

#ifdef HAVE_TSAN
#define SIGNALS_COME_AT_ONCE 0
#else
#define SIGNALS_COME_AT_ONCE 1
#endif

/* Such as of coroutines, or of another library's signals: what lies between it
 * and the thread's own stack is not all mapped. */
START_TEST(test_the_main_thread_may_be_on_a_stack_of_somebody_else)
{
    size_t size = (size_t)sysconf(_SC_PAGESIZE);
    char *pages = mmap(NULL, 3 * size, PROT_READ | PROT_WRITE,
                       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    uintptr_t here = (uintptr_t)&size;

    ck_assert_ptr_ne(pages, MAP_FAILED);
    ck_assert_int_eq(mprotect(pages + 2 * size, size, PROT_NONE), 0);
    ck_assert_uint_eq(gruvi__thread_stack_high((uintptr_t)pages + 64),
                      (uintptr_t)pages + 2 * size);
    ck_assert_uint_eq(gruvi__thread_stack_high((uintptr_t)pages + 2 * size), 0);
    ck_assert_uint_gt(gruvi__thread_stack_high(here), here);
    ck_assert_int_eq(munmap(pages, 3 * size), 0);
}
END_TEST

HUB_TEST(test_a_handler_that_is_interrupted_is_named)
{
    if (!SIGNALS_COME_AT_ONCE)
        return;
    handled = 0;
    handle(SIGUSR1, on_signal);
    handle(SIGUSR2, on_signal_with_another);
    raise(SIGUSR2);
    ck_assert_int_eq(handled, 1);
    ck_assert_str_eq(interrupted.note, "in the handler of a signal");
    ck_assert_uint_eq(interrupted.n, 1);
}

/* What a signal sees between the first step of a switch and the second. */
HUB_TEST(test_a_switch_is_named)
{
    gruvi_fiber_t *self = gruvi__self.current;
    gruvi_fiber_t *fiber;

    if (!SIGNALS_COME_AT_ONCE)
        return;
    fiber = spawn(end_at_once, NULL);
    handled = 0;
    handle(SIGUSR1, on_signal);
    gruvi__self.current = fiber;
    raise(SIGUSR1);
    gruvi__self.current = self;
    ck_assert_int_eq(interrupted_err, 0);
    ck_assert_uint_eq(interrupted.n, 1);
    ck_assert_ptr_nonnull(strstr(interrupted.note, "during a switch"));
    ck_assert_int_eq(finish(fiber), 0);
}

/* Signals that come at any moment, switches too: no walk leaves its stack. */
static atomic_bool over;

static int
switch_much(void *arg)
{
    (void)arg;
    while (!over)
        ck_assert_int_eq(gruvi_sleep(0), 0);
    return 0;
}

static void
signal_much(void *arg)
{
    int rounds = RUNNING_ON_VALGRIND ? 50 : 2000;

    for (int i = 0; i < rounds; i++) {
        int before = handled;

        pthread_kill(*(pthread_t *)arg, SIGUSR1);
        while (handled == before)
            let_others_run();
    }
    over = true;
}

HUB_TEST(test_signals_may_come_at_any_moment)
{
    pthread_t self = pthread_self(), other;
    gruvi_fiber_t *fibers[8];

    handled = 0;
    over = false;
    handle(SIGUSR1, on_signal);
    for (int k = 0; k < 8; k++)
        fibers[k] = spawn(switch_much, NULL);
    other = begin_thread(signal_much, &self);
    for (int k = 0; k < 8; k++)
        ck_assert_int_eq(finish(fibers[k]), 0);
    end_thread(other);
    ck_assert_int_eq(interrupted_err, 0);
    ck_assert_uint_gt(interrupted.n, 0);
}

int
main(void)
{
    Suite *suite = suite_create("walk");
    TCase *tc = tcase_create("walk");

    tcase_add_test(tc, test_a_parked_fiber_has_its_callers_in_order);
    tcase_add_test(tc, test_a_fiber_that_has_not_begun_is_at_its_function);
    tcase_add_test(tc, test_a_fiber_that_runs_or_has_ended_is_refused);
    tcase_add_test(tc, test_the_root_fiber_is_walked_while_it_waits);
    tcase_add_test(tc, test_a_walk_stays_within_the_stack);
    tcase_add_test(tc, test_a_deep_stack_is_cut_and_says_so);
    tcase_add_test(tc, test_a_signal_finds_a_fiber_that_computes);
#if defined(__x86_64__)
    tcase_add_test(tc, test_the_caller_of_a_function_without_a_frame_pointer);
    tcase_add_test(tc, test_callers_beyond_code_without_frame_pointers);
    tcase_add_test(tc, test_a_call_that_goes_nowhere_has_its_caller);
#endif
    tcase_add_loop_test(tc, test_a_signal_finds_a_thread_without_a_hub, 0, 2);
    tcase_add_test(tc, test_the_main_thread_may_be_on_a_stack_of_somebody_else);
    tcase_add_test(tc, test_a_handler_that_is_interrupted_is_named);
    tcase_add_test(tc, test_a_switch_is_named);
    tcase_add_test(tc, test_signals_may_come_at_any_moment);
    suite_add_tcase(suite, tc);
    return run_suite(suite);
}
