/* SPDX-License-Identifier: MIT */
/*
 * A walk along frame pointers.
 *
 *   fp -> | fp of the caller | return address |     on x86-64 and on aarch64
 *
 * Nothing is believed.  A frame lies on the stack, aligned, above the frame
 * before; the walk ends where one does not.  Functions that were compiled
 * without a frame pointer leave the register alone, mostly: they are missing,
 * or they end the walk.
 *
 * backtrace() and unwinders take the dynamic linker's locks, which the code
 * that a signal has interrupted may hold.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE /* pthread_getattr_np */
#endif
#include "base/walk.h"

#include <errno.h>
#include <pthread.h>
#include <sys/syscall.h>
#include <ucontext.h>
#include <unistd.h>

#ifdef HAVE_VALGRIND
#include <valgrind/valgrind.h>
#else
#define VALGRIND_DISABLE_ERROR_REPORTING ((void)0)
#define VALGRIND_ENABLE_ERROR_REPORTING  ((void)0)
#endif

/* Of a thread whose bounds nobody has noted: this much is looked at. */
#define MOST_UNKNOWN ((uintptr_t)1 << 20)

/* The smallest page: every page of a range has one of these steps in it. */
#define STEP ((uintptr_t)4096)

/* The own stack of this thread. */
static __thread uintptr_t own_low, own_high;

/* Where the main thread began: glibc's dynamic linker knows. */
extern void *__libc_stack_end __attribute__((weak));

bool
gruvi__registers_of(const void *ucontext, struct gruvi__registers *registers)
{
    const ucontext_t *uc = ucontext;

    registers->lr = 0;
#if defined(__x86_64__)
    registers->pc = (uintptr_t)uc->uc_mcontext.gregs[REG_RIP];
    registers->fp = (uintptr_t)uc->uc_mcontext.gregs[REG_RBP];
    registers->sp = (uintptr_t)uc->uc_mcontext.gregs[REG_RSP];
    return true;
#elif defined(__aarch64__)
    registers->pc = (uintptr_t)uc->uc_mcontext.pc;
    registers->fp = (uintptr_t)uc->uc_mcontext.regs[29];
    registers->sp = (uintptr_t)uc->uc_mcontext.sp;
    registers->lr = (uintptr_t)uc->uc_mcontext.regs[30];
    return true;
#else
    (void)uc;
    (void)registers;
    return false;
#endif
}

bool
gruvi__in_alternate_stack(const void *ucontext, uintptr_t sp)
{
    const stack_t *stack = &((const ucontext_t *)ucontext)->uc_stack;

    return (stack->ss_flags & SS_DISABLE) == 0 &&
           sp - (uintptr_t)stack->ss_sp < stack->ss_size;
}

uintptr_t
gruvi__without_signature(uintptr_t address)
{
#if defined(__aarch64__)
    register uintptr_t x30 __asm__("x30") = address;

    __asm__("hint #7" : "+r"(x30)); /* xpaclri; older processors do nothing */
    return x30;
#else
    return address;
#endif
}

__attribute__((no_sanitize_address, no_sanitize_thread)) void
gruvi__walk(uintptr_t fp, uintptr_t low, uintptr_t high,
            gruvi__frames_t *frames)
{
    while (fp % sizeof fp == 0 && fp >= low && high >= 2 * sizeof fp &&
           fp <= high - 2 * sizeof fp) {
        const uintptr_t *frame = (const uintptr_t *)fp;
        uintptr_t caller = gruvi__without_signature(frame[1]);

        if (caller == 0)
            return;
        if (frames->n == GRUVI__MOST_FRAMES) {
            frames->note = "there are more frames";
            return;
        }
        frames->at[frames->n++] = caller - 1;
        low = fp + 2 * sizeof fp;
        fp = frame[0];
    }
}

/* A call that the kernel refuses, but only after it has read what it was given:
 * there is no change 8. */
bool
gruvi__is_readable(uintptr_t address)
{
    int saved = errno, err;

    if (address == 0) /* the kernel takes it for nothing to read */
        return false;
    VALGRIND_DISABLE_ERROR_REPORTING; /* where nothing is mapped, say */
    syscall(SYS_rt_sigprocmask, 8, address, NULL, 8);
    err = errno;
    VALGRIND_ENABLE_ERROR_REPORTING;
    errno = saved;
    return err != EFAULT;
}

bool
gruvi__is_mapped(uintptr_t address, size_t size)
{
    uintptr_t at = address & ~(STEP - 1), end = address + size;

    for (; at < end; at += STEP)
        if (!gruvi__is_readable(at))
            return false;
    return end >= address;
}

void
gruvi__walk_this_thread(void)
{
    pthread_attr_t attr;
    void *low;
    size_t size;

    if (own_high != 0 || getpid() == (pid_t)syscall(SYS_gettid) ||
        pthread_getattr_np(pthread_self(), &attr) != 0)
        return;
    pthread_attr_getstack(&attr, &low, &size);
    pthread_attr_destroy(&attr);
    own_low = (uintptr_t)low;
    own_high = (uintptr_t)low + size;
}

/* The main thread's stack grows; its end alone is known. */
static uintptr_t
main_high(void)
{
    if (&__libc_stack_end == NULL || getpid() != (pid_t)syscall(SYS_gettid))
        return 0;
    return (uintptr_t)__libc_stack_end;
}

/* Where the pages end that lie next to each other from sp on. */
static uintptr_t
mapped_high(uintptr_t sp, uintptr_t most)
{
    uintptr_t high = sp & ~(STEP - 1);

    while (high < most && gruvi__is_readable(high))
        high += STEP;
    return high < most ? high : most;
}

/* The main thread's stack has no beginning, so that any address below its end
 * may be on it, or on a stack that somebody has made. */
uintptr_t
gruvi__thread_stack_high(uintptr_t sp)
{
    uintptr_t end = main_high(), high;

    if (own_high != 0)
        return sp >= own_low && sp < own_high ? own_high : 0;
    if (end == 0 || end - sp > MOST_UNKNOWN)
        end = sp + MOST_UNKNOWN;
    high = mapped_high(sp, end);
    return high > sp ? high : 0;
}
