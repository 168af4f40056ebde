/* SPDX-License-Identifier: MIT */
/*
 * What tools that watch the program must be told when it changes stacks.
 *
 * AddressSanitizer keeps the bounds of the current stack, and a heap of fake
 * frames for each.  ThreadSanitizer keeps a shadow call stack and a clock for
 * each fiber, and the signals that it has put off until the fiber calls the C
 * library: such a signal is lost if the fiber ends or waits.  So under
 * ThreadSanitizer signals are blocked around a switch, and the call that blocks
 * them delivers what was put off.  Around every switch:
 *
 *   gruvi__tools_before_switch(&from->tools, &to->tools);
 *   gruvi__context_switch(&from->context, &to->context);
 *   gruvi__tools_after_switch(&from->tools);
 *
 * and gruvi__tools_after_switch(&me->tools) comes first in an entry function.
 * Without a sanitizer the structure is empty and the calls do nothing.
 * (Valgrind is told about stacks, not switches: see stack.c.)
 */
#ifndef GRUVI_BASE_CONTEXT_TOOLS_H
#define GRUVI_BASE_CONTEXT_TOOLS_H

#include <stddef.h>

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define GRUVI__ASAN 1
#endif
#if __has_feature(thread_sanitizer)
#define GRUVI__TSAN 1
#endif
#endif
#if defined(__SANITIZE_ADDRESS__)
#define GRUVI__ASAN 1
#endif
#if defined(__SANITIZE_THREAD__)
#define GRUVI__TSAN 1
#endif

#ifdef GRUVI__ASAN
#include <sanitizer/asan_interface.h>
#include <sanitizer/common_interface_defs.h>
#endif
#ifdef GRUVI__TSAN
#include <sanitizer/tsan_interface.h>
#endif

struct gruvi__context_tools {
#ifdef GRUVI__ASAN
    void *fake_stack; /* valid while the context is not running */
    const void *low;
    size_t size;
#endif
#ifdef GRUVI__TSAN
    void *fiber;
#endif
};

#if defined(GRUVI__ASAN) || defined(GRUVI__TSAN)
/* The context that a thread was born with; in that thread. */
void gruvi__tools_init_thread(struct gruvi__context_tools *tools);

/* A new context on the stack of size bytes at low. */
void gruvi__tools_init(struct gruvi__context_tools *tools, const void *low,
                       size_t size);

/* A context made by gruvi__tools_init() that has been left for good, or is left
 * for good by the next switch. */
void gruvi__tools_destroy(struct gruvi__context_tools *tools);

/*
 * In a context that has begun.  In its first call that blocks, ThreadSanitizer
 * (of gcc 12) would map the memory where it keeps signals.  A signal that comes
 * meanwhile maps its own, which is then forgotten together with the signal.
 */
void gruvi__tools_will_block(void);

/* Block all signals except those that a fault raises; let them come again. */
void gruvi__tools_hold_signals(void);
void gruvi__tools_let_signals(void);
#else
static inline void
gruvi__tools_init_thread(struct gruvi__context_tools *tools)
{
    (void)tools;
}

static inline void
gruvi__tools_will_block(void)
{
}

static inline void
gruvi__tools_init(struct gruvi__context_tools *tools, const void *low,
                  size_t size)
{
    (void)tools;
    (void)low;
    (void)size;
}

static inline void
gruvi__tools_destroy(struct gruvi__context_tools *tools)
{
    (void)tools;
}
#endif

/* from is NULL when its context is left for good. */
static inline __attribute__((always_inline)) void
gruvi__tools_before_switch(struct gruvi__context_tools *from,
                           struct gruvi__context_tools *to)
{
    (void)from;
    (void)to;
#ifdef GRUVI__ASAN
    __sanitizer_start_switch_fiber(from != NULL ? &from->fake_stack : NULL,
                                   to->low, to->size);
#endif
#ifdef GRUVI__TSAN
    gruvi__tools_hold_signals();
    __tsan_switch_to_fiber(to->fiber, 0);
#endif
}

static inline __attribute__((always_inline)) void
gruvi__tools_after_switch(struct gruvi__context_tools *me)
{
    (void)me;
#ifdef GRUVI__ASAN
    __sanitizer_finish_switch_fiber(me->fake_stack, NULL, NULL);
#endif
#ifdef GRUVI__TSAN
    gruvi__tools_let_signals();
#endif
}

#endif
