/* SPDX-License-Identifier: MIT */
/*
 * A fiber that has used up its stack is named before the process dies.
 *
 * The guard below a stack turns an overflow into SIGSEGV.  The handler runs on
 * an alternate stack, names the fiber and says what to do, restores the default
 * action and returns: the instruction faults again and the process dies with
 * its core.  Faults elsewhere go to the handler that was there before.
 *
 * A signal whose handler has no alternate stack needs room on the fiber's.
 * Where there is too little, the kernel raises SIGSEGV instead, and the signal
 * is gone.  That is reported as an overflow, too, and ends the process.
 */
#ifndef GRUVI_BASE_OVERFLOW_H
#define GRUVI_BASE_OVERFLOW_H

#include <stdbool.h>
#include <stddef.h>

/* What the report says. */
struct gruvi__overflow {
    const char *name;
    size_t stack_size;
    const char *advice; /* a sentence */
};

/*
 * Whether addr lies in the guard of the stack that the calling thread runs on,
 * and then what to report.  Set by the core, atomically; called by the signal
 * handler, so it must be async-signal-safe.
 */
typedef bool gruvi__overflow_describe_fn(const void *addr,
                                         struct gruvi__overflow *overflow);
extern gruvi__overflow_describe_fn *gruvi__overflow_describe
    __attribute__((visibility("hidden")));

/* Install the handler, once a process: later calls do nothing.  Returns 0 or a
 * negative UV_E*. */
int gruvi__overflow_install(void);

/*
 * Give the calling thread an alternate signal stack, unless it has one; and
 * take it away again.  Each thread that runs fibers calls both.  Returns 0 or
 * UV_ENOMEM.
 */
int gruvi__overflow_thread_enter(void);
void gruvi__overflow_thread_leave(void);

#endif
