/* SPDX-License-Identifier: MIT */
/*
 * The aarch64 context: three words, and a switch without a call.
 *
 * x29 is saved by hand, because a function that addresses its frame by it
 * cannot declare it lost.  The same goes for x19 where a function aligns its
 * frame itself and the frame grows: AddressSanitizer makes such functions of
 * many.  All else is lost, also the low halves of v8 to v15, which a call
 * would keep, and x18, which Linux leaves to compilers.
 * The new context finds its entry function in the word at its stack pointer;
 * see context_aarch64.S.
 */
#ifndef GRUVI_BASE_CONTEXT_AARCH64_H
#define GRUVI_BASE_CONTEXT_AARCH64_H

#include <stdint.h>

#include "base/context_tools.h"

/* The offsets are known to the assembly below. */
struct gruvi__context {
    void *ip; /* 0 */
    void *sp; /* 8 */
    void *fp; /* 16: x29 */
#ifdef GRUVI__ASAN
    void *base; /* 24: x19 */
#endif
};

#ifdef GRUVI__ASAN
#define GRUVI__CONTEXT_SAVE_BASE "str x19, [x0, #24]\n\t"
#define GRUVI__CONTEXT_LOAD_BASE "ldr x19, [x1, #24]\n\t"
#define GRUVI__CONTEXT_LOST_BASE
#else
#define GRUVI__CONTEXT_SAVE_BASE ""
#define GRUVI__CONTEXT_LOAD_BASE ""
#define GRUVI__CONTEXT_LOST_BASE , "x19"
#endif

/* "bti j", where an indirect jump may land; spelt so that any assembler
 * takes it, and a no-op where there is no branch target identification. */
#ifdef __ARM_FEATURE_BTI_DEFAULT
#define GRUVI__CONTEXT_LANDING "hint #36\n\t"
#else
#define GRUVI__CONTEXT_LANDING ""
#endif

#ifdef __ARM_FEATURE_SVE
#define GRUVI__CONTEXT_LOST_SVE                                                \
    , "p0", "p1", "p2", "p3", "p4", "p5", "p6", "p7", "p8", "p9", "p10",       \
        "p11", "p12", "p13", "p14", "p15"
#else
#define GRUVI__CONTEXT_LOST_SVE
#endif

/* In context_aarch64.S: the beginning of a context, jumped to and never called;
 * and what is never reached. */
extern void gruvi__context_start(void) __attribute__((visibility("hidden")));
extern void gruvi__context_lost(void) __attribute__((visibility("hidden")));

static inline void
gruvi__context_make(struct gruvi__context *ctx, void *low, void *top,
                    void (*entry)(void))
{
    uintptr_t sp = ((uintptr_t)top & ~(uintptr_t)15) - 16;

    (void)low;
    *(void (**)(void))sp = entry;
    ctx->ip = (void *)gruvi__context_start;
    ctx->sp = (void *)sp;
    ctx->fp = 0; /* here a walk along the frame pointers ends */
}

static inline __attribute__((always_inline)) void
gruvi__context_switch(struct gruvi__context *from, struct gruvi__context *to)
{
    register struct gruvi__context *x0 __asm__("x0") = from;
    register struct gruvi__context *x1 __asm__("x1") = to;

    __asm__ volatile(
        "adr x16, 1f\n\t"
        "mov x17, sp\n\t"
        "stp x16, x17, [x0]\n\t"
        "str x29, [x0, #16]\n\t" GRUVI__CONTEXT_SAVE_BASE
        "ldp x16, x17, [x1]\n\t"
        "ldr x29, [x1, #16]\n\t" GRUVI__CONTEXT_LOAD_BASE "mov sp, x17\n\t"
        "br x16\n\t"
        ".p2align 4\n"
        "1:\n\t" GRUVI__CONTEXT_LANDING
        : "+r"(x0), "+r"(x1)
        :
        : "x2", "x3", "x4", "x5", "x6", "x7", "x8", "x9", "x10", "x11", "x12",
          "x13", "x14", "x15", "x16", "x17", "x18", "x20", "x21", "x22", "x23",
          "x24", "x25", "x26", "x27", "x28", "x30", "v0", "v1", "v2", "v3",
          "v4", "v5", "v6", "v7", "v8", "v9", "v10", "v11", "v12", "v13", "v14",
          "v15", "v16", "v17", "v18", "v19", "v20", "v21", "v22", "v23", "v24",
          "v25", "v26", "v27", "v28", "v29", "v30", "v31", "memory",
          "cc" GRUVI__CONTEXT_LOST_BASE GRUVI__CONTEXT_LOST_SVE);
    /* Other contexts have run in the meantime.  gcc does not take "memory" for
     * that: it believes that a function with this in it leaves the static
     * variables alone that it does not name.  A call that it cannot see into
     * convinces it. */
    if (__builtin_expect(x1 == 0, 0))
        gruvi__context_lost();
}

static inline __attribute__((always_inline, noreturn)) void
gruvi__context_leave(struct gruvi__context *from, struct gruvi__context *to)
{
    gruvi__context_switch(from, to);
    __builtin_trap();
}

static inline const void *
gruvi__context_pc(const struct gruvi__context *ctx)
{
    return ctx->ip;
}

static inline const void *
gruvi__context_sp(const struct gruvi__context *ctx)
{
    return ctx->sp;
}

static inline const void *const *
gruvi__context_sp_at(const struct gruvi__context *ctx)
{
    return (const void *const *)&ctx->sp;
}

static inline const void *
gruvi__context_fp(const struct gruvi__context *ctx)
{
    return ctx->fp;
}

#endif
