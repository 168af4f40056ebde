/* SPDX-License-Identifier: MIT */
/*
 * The handler of stack overflows; see the header.
 *
 * It runs on an alternate stack, because the fiber's own is used up, and calls
 * only write(), sigaction() and raise().  A fault is an overflow if it lies in
 * the guard of the running fiber's stack and not below what the stack pointer
 * accounts for.  A stray pointer that hits the guard goes to the handler before
 * ours.
 *
 * Linux raises SIGSEGV for both kinds of guards, so SIGBUS is not looked at.
 */
#include "base/overflow.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <ucontext.h>
#include <unistd.h>

#include <uv.h>

#include "base/threads.h"

#define ALTERNATE_SIZE ((size_t)64 << 10)

/* What a function may touch below its stack pointer: the red zone of x86-64
 * and a call's return address, rounded up. */
#define BELOW_SP 256

/* Linux before 5.14 does not say how long the frame of a signal is: long enough
 * for AVX-512. */
#define MINSIGSTKSZ_OF_OLD 3632

/* No guard is smaller than a page. */
#define NEAREST_GUARD 4096

#ifndef AT_MINSIGSTKSZ
#define AT_MINSIGSTKSZ 51
#endif

gruvi__overflow_describe_fn *gruvi__overflow_describe;

static struct sigaction previous;
static pthread_once_t install_once = PTHREAD_ONCE_INIT;
static int install_error;
static size_t frame_size; /* of a signal, on the stack */

/* The alternate stack that we gave to this thread, or NULL. */
static __thread void *alternate;
static __thread size_t alternate_size;

struct text {
    char bytes[512];
    size_t length;
};

static void
add(struct text *text, const char *words)
{
    while (*words != '\0' && text->length < sizeof text->bytes)
        text->bytes[text->length++] = *words++;
}

static void
add_number(struct text *text, size_t number)
{
    char digits[24];
    char *at = &digits[sizeof digits - 1];

    *at = '\0';
    do
        *--at = (char)('0' + number % 10);
    while ((number /= 10) != 0);
    add(text, at);
}

static void
report(const struct gruvi__overflow *overflow, bool for_signal)
{
    struct text text = {.length = 0};
    const char *at = text.bytes;

    add(&text, "gruvi: stack overflow in fiber \"");
    add(&text, overflow->name);
    add(&text, "\": its stack of ");
    add_number(&text, overflow->stack_size / 1024);
    add(&text, for_signal ? " KiB has no room for the handler of a signal, "
                            "which came and is lost.  (A handler with "
                            "SA_ONSTACK needs none.)  "
                          : " KiB is used up.  ");
    add(&text, overflow->advice);
    add(&text, "\n");
    while (text.length > 0) {
        ssize_t n = write(STDERR_FILENO, at, text.length);

        if (n <= 0)
            break;
        at += n;
        text.length -= (size_t)n;
    }
}

/* Where the stack pointer was, or NULL on processors not known here. */
static const char *
stack_pointer(const void *context)
{
    const ucontext_t *uc = context;

#if defined(__x86_64__)
    return (const char *)uc->uc_mcontext.gregs[REG_RSP];
#elif defined(__aarch64__)
    return (const char *)uc->uc_mcontext.sp;
#else
    (void)uc;
    return NULL;
#endif
}

static void
restore_default(int signum)
{
    struct sigaction action;

    memset(&action, 0, sizeof action);
    action.sa_handler = SIG_DFL;
    sigaction(signum, &action, NULL);
}

/* Do what would happen without this handler. */
static void
pass_on(int signum, siginfo_t *info, void *context)
{
    struct sigaction action = previous;
    bool sent = info->si_code <= 0; /* by a process, not by a fault */

    if (action.sa_flags & SA_RESETHAND) {
        previous.sa_flags &= ~(SA_SIGINFO | SA_RESETHAND);
        previous.sa_handler = SIG_DFL;
    }
    if (action.sa_flags & SA_SIGINFO) {
        action.sa_sigaction(signum, info, context);
    } else if (action.sa_handler == SIG_IGN && sent) {
        return;
    } else if (action.sa_handler == SIG_DFL || action.sa_handler == SIG_IGN) {
        /* A fault comes again by itself, and cannot be ignored. */
        restore_default(signum);
        if (sent)
            raise(signum);
    } else {
        action.sa_handler(signum);
    }
}

static bool
describe(const char *addr, struct gruvi__overflow *overflow)
{
    gruvi__overflow_describe_fn *fn =
        gruvi__atomic_load(&gruvi__overflow_describe, __ATOMIC_RELAXED);

    return fn != NULL && fn(addr, overflow);
}

/* Whether the kernel could not put the frame of a signal on the stack: then it
 * names no address, and the guard is nearer than a frame is long. */
static bool
had_no_room(const siginfo_t *info, const char *sp,
            struct gruvi__overflow *overflow)
{
    size_t i;

    if (info->si_code != SI_KERNEL || info->si_addr != NULL || sp == NULL)
        return false;
    for (i = 0; i < frame_size; i += NEAREST_GUARD)
        if (describe(sp - i, overflow))
            return true;
    return describe(sp - frame_size, overflow);
}

static void
on_fault(int signum, siginfo_t *info, void *context)
{
    const char *addr = info->si_addr;
    const char *sp = stack_pointer(context);
    struct gruvi__overflow overflow;
    int saved_errno = errno;

    if (had_no_room(info, sp, &overflow)) {
        report(&overflow, true);
        restore_default(signum);
        raise(signum); /* nothing will fault again */
    } else if (info->si_code > 0 &&
               (sp == NULL || (uintptr_t)addr >= (uintptr_t)sp - BELOW_SP) &&
               describe(addr, &overflow)) {
        report(&overflow, false);
        restore_default(signum);
    } else {
        pass_on(signum, info, context);
    }
    errno = saved_errno;
}

static void
install(void)
{
    struct sigaction action;
    unsigned long least = getauxval(AT_MINSIGSTKSZ);

    frame_size = BELOW_SP + (least > MINSIGSTKSZ_OF_OLD
                                 ? least
                                 : (unsigned long)MINSIGSTKSZ_OF_OLD);
    /* The handler before ours keeps the flags it asked for. */
    if (sigaction(SIGSEGV, NULL, &previous) == 0) {
        action = previous;
        action.sa_flags &= SA_NODEFER | SA_RESTART;
        action.sa_flags |= SA_SIGINFO | SA_ONSTACK;
        action.sa_sigaction = on_fault;
        if (sigaction(SIGSEGV, &action, NULL) == 0)
            return;
    }
    install_error = uv_translate_sys_error(errno);
}

int
gruvi__overflow_install(void)
{
    gruvi__once(&install_once, install);
    return install_error;
}

int
gruvi__overflow_thread_enter(void)
{
    stack_t stack;
    long wanted = sysconf(_SC_SIGSTKSZ);

    if (sigaltstack(NULL, &stack) != 0 || (stack.ss_flags & SS_DISABLE) == 0)
        return 0;
    memset(&stack, 0, sizeof stack);
    stack.ss_size = ALTERNATE_SIZE;
    if (wanted > (long)ALTERNATE_SIZE)
        stack.ss_size = (size_t)wanted;
    stack.ss_sp = mmap(NULL, stack.ss_size, PROT_READ | PROT_WRITE,
                       MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK, -1, 0);
    if (stack.ss_sp == MAP_FAILED)
        return UV_ENOMEM;
    if (sigaltstack(&stack, NULL) != 0) {
        munmap(stack.ss_sp, stack.ss_size);
        return UV_ENOMEM;
    }
    alternate = stack.ss_sp;
    alternate_size = stack.ss_size;
    return 0;
}

void
gruvi__overflow_thread_leave(void)
{
    stack_t stack;

    if (alternate == NULL)
        return;
    if (sigaltstack(NULL, &stack) == 0 && stack.ss_sp == alternate) {
        stack.ss_flags = SS_DISABLE;
        sigaltstack(&stack, NULL);
    }
    munmap(alternate, alternate_size);
    alternate = NULL;
}
