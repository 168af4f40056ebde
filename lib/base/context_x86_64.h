/* SPDX-License-Identifier: MIT */
/*
 * The x86-64 context: three words, and a switch of eight instructions.
 *
 * The switch stores to *from and never pushes: the 128 bytes below the stack
 * pointer belong to the function it is inlined into (the red zone).  rbp is
 * saved by hand, because a function that addresses its frame by it cannot
 * declare it lost.  The same goes for rbx where a function aligns its frame
 * itself and the frame grows: AddressSanitizer makes such functions of many.
 * A new context begins at its entry function; see context_x86_64.S.
 */
#ifndef GRUVI_BASE_CONTEXT_X86_64_H
#define GRUVI_BASE_CONTEXT_X86_64_H

#include <stdint.h>

#include "base/context_tools.h"

/* The offsets are known to the assembly below. */
struct gruvi__context {
    void *ip; /* 0 */
    void *sp; /* 8 */
    void *fp; /* 16: rbp */
#ifdef GRUVI__ASAN
    void *base; /* 24: rbx */
#endif
};

#ifdef GRUVI__ASAN
#define GRUVI__CONTEXT_SAVE_BASE "movq %%rbx, 24(%%rdi)\n\t"
#define GRUVI__CONTEXT_LOAD_BASE "movq 24(%%rsi), %%rbx\n\t"
#define GRUVI__CONTEXT_LOST_BASE
#else
#define GRUVI__CONTEXT_SAVE_BASE ""
#define GRUVI__CONTEXT_LOAD_BASE ""
#define GRUVI__CONTEXT_LOST_BASE , "rbx"
#endif

/* Where an indirect jump may land, with indirect branch tracking. */
#if defined(__CET__) && (__CET__ & 1)
#define GRUVI__CONTEXT_LANDING "endbr64\n\t"
#else
#define GRUVI__CONTEXT_LANDING ""
#endif

/* Registers that exist only with some instruction sets. */
#ifdef __AVX512F__
#define GRUVI__CONTEXT_LOST_AVX512                                             \
    , "xmm16", "xmm17", "xmm18", "xmm19", "xmm20", "xmm21", "xmm22", "xmm23",  \
        "xmm24", "xmm25", "xmm26", "xmm27", "xmm28", "xmm29", "xmm30",         \
        "xmm31", "k1", "k2", "k3", "k4", "k5", "k6", "k7"
#else
#define GRUVI__CONTEXT_LOST_AVX512
#endif
#ifdef __APX_F__
#define GRUVI__CONTEXT_LOST_APX                                                \
    , "r16", "r17", "r18", "r19", "r20", "r21", "r22", "r23", "r24", "r25",    \
        "r26", "r27", "r28", "r29", "r30", "r31"
#else
#define GRUVI__CONTEXT_LOST_APX
#endif

/* In context_x86_64.S: where an entry function would return to; and what is
 * never reached, either. */
extern void gruvi__context_trap(void) __attribute__((visibility("hidden")));
extern void gruvi__context_lost(void) __attribute__((visibility("hidden")));

static inline void
gruvi__context_make(struct gruvi__context *ctx, void *low, void *top,
                    void (*entry)(void))
{
    uintptr_t sp = ((uintptr_t)top & ~(uintptr_t)15) - 8;

    (void)low;
    *(void (**)(void))sp = gruvi__context_trap;
    ctx->ip = (void *)entry;
    ctx->sp = (void *)sp;
    ctx->fp = 0; /* here a walk along the frame pointers ends */
}

static inline __attribute__((always_inline)) void
gruvi__context_switch(struct gruvi__context *from, struct gruvi__context *to)
{
    __asm__ volatile(
        "leaq 1f(%%rip), %%rax\n\t"
        "movq %%rax, (%%rdi)\n\t"
        "movq %%rsp, 8(%%rdi)\n\t"
        "movq %%rbp, 16(%%rdi)\n\t" GRUVI__CONTEXT_SAVE_BASE
        "movq (%%rsi), %%rax\n\t"
        "movq 8(%%rsi), %%rsp\n\t"
        "movq 16(%%rsi), %%rbp\n\t" GRUVI__CONTEXT_LOAD_BASE "jmpq *%%rax\n\t"
        ".p2align 4\n"
        "1:\n\t" GRUVI__CONTEXT_LANDING
        : "+D"(from), "+S"(to)
        :
        : "rax", "rcx", "rdx", "r8", "r9", "r10", "r11", "r12", "r13", "r14",
          "r15", "xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", "xmm6", "xmm7",
          "xmm8", "xmm9", "xmm10", "xmm11", "xmm12", "xmm13", "xmm14", "xmm15",
          "st", "st(1)", "st(2)", "st(3)", "st(4)", "st(5)", "st(6)", "st(7)",
          "memory",
          "cc" GRUVI__CONTEXT_LOST_BASE GRUVI__CONTEXT_LOST_AVX512
              GRUVI__CONTEXT_LOST_APX);
    /* Other contexts have run in the meantime.  gcc does not take "memory" for
     * that: it believes that a function with this in it leaves the static
     * variables alone that it does not name.  A call that it cannot see into
     * convinces it. */
    if (__builtin_expect(to == 0, 0))
        gruvi__context_lost();
}

/* Half a switch.  Nothing is saved, and so nothing is lost: the function around
 * it has no registers to spill in front of it. */
static inline __attribute__((always_inline, noreturn)) void
gruvi__context_leave(struct gruvi__context *from, struct gruvi__context *to)
{
    (void)from;
    __asm__ volatile("movq (%%rsi), %%rax\n\t"
                     "movq 8(%%rsi), %%rsp\n\t"
                     "movq 16(%%rsi), %%rbp\n\t" GRUVI__CONTEXT_LOAD_BASE
                     "jmpq *%%rax"
                     :
                     : "S"(to)
                     : "memory");
    __builtin_unreachable();
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
