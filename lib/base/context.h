/* SPDX-License-Identifier: MIT */
/*
 * The port contract: make an execution context, and switch to it.
 *
 *   gruvi__context_make(&fiber, low, top, entry);
 *   gruvi__context_switch(&here, &fiber);     the first time: entry()
 *   gruvi__context_switch(&fiber, &here);     returns here
 *
 * On x86-64 and aarch64 the switch is inline assembly and not a call.  The
 * reason is the processor's predictor of returns.  A switch that is called and
 * leaves by a jump unbalances it: every later return is mispredicted, 28 ns a
 * yield at a real call depth.  A switch that leaves by a return is mispredicted
 * itself.  The inline switch costs 6 ns.  It saves the few registers by which
 * the code around it finds its frame, and declares all others lost, so the
 * compiler spills only what is live.
 *
 * What a switch does not carry: the signal mask and, on x86-64 and aarch64,
 * the floating-point environment (mxcsr, the x87 control word, fpcr).  That
 * environment belongs to the thread.  A fiber that changes the rounding mode
 * or unmasks an exception puts it back before its next switchpoint.  To carry
 * mxcsr and the control word along turns 1.5 ns a switch into 5 ns
 * (tests/bench/bench_context, Zen 5), for the few programs that change them.
 *
 * Nothing here allocates, or needs another part of the library.
 */
#ifndef GRUVI_BASE_CONTEXT_H
#define GRUVI_BASE_CONTEXT_H

/* ucontext first: asking for it overrides what configure found. */
#if defined(GRUVI_CONTEXT_UCONTEXT)
#include "base/context_ucontext.h"
#elif defined(GRUVI_CONTEXT_X86_64)
#include "base/context_x86_64.h"
#elif defined(GRUVI_CONTEXT_AARCH64)
#include "base/context_aarch64.h"
#else
#error "configure has not chosen a context implementation"
#endif

/*
 * Each implementation defines:
 *
 * struct gruvi__context
 *      A context that is not running.  A context that runs already needs no
 *      preparation before it is switched away from.
 *
 * void gruvi__context_make(struct gruvi__context *ctx, void *low, void *top,
 *                          void (*entry)(void))
 *      Prepare ctx so that the first switch to it calls entry on the stack
 *      from low up to top.  entry never returns.  top need not be aligned.
 *
 * void gruvi__context_switch(struct gruvi__context *from,
 *                            struct gruvi__context *to)
 *      Save the current context in from and continue to.
 *
 * void gruvi__context_leave(struct gruvi__context *from,
 *                           struct gruvi__context *to)
 *      Continue to to, for good: from has ended.
 *
 * const void *gruvi__context_pc(const struct gruvi__context *ctx)
 * const void *gruvi__context_sp(const struct gruvi__context *ctx)
 * const void *gruvi__context_fp(const struct gruvi__context *ctx)
 *      Where a context that is not running will go on; NULL where the port
 *      does not know.  The frames from fp upwards end with a zero.
 *
 * const void *const *gruvi__context_sp_at(const struct gruvi__context *ctx)
 *      Where the stack pointer of ctx lies at its last switch away, or what is
 *      as good: an address below every frame that was alive then.
 */

#endif
