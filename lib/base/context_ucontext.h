/* SPDX-License-Identifier: MIT */
/*
 * The portable context, on <ucontext.h>: for processors that have no assembly
 * here.  It saves the signal mask with two system calls and costs about 40
 * times what the others do.
 */
#ifndef GRUVI_BASE_CONTEXT_UCONTEXT_H
#define GRUVI_BASE_CONTEXT_UCONTEXT_H

#include <ucontext.h>

struct gruvi__context {
    ucontext_t uc;
    const void *switched_at; /* a frame at or below those of the context */
};

void gruvi__context_make(struct gruvi__context *ctx, void *low, void *top,
                         void (*entry)(void));

void gruvi__context_switch(struct gruvi__context *from,
                           struct gruvi__context *to);

static inline __attribute__((noreturn)) void
gruvi__context_leave(struct gruvi__context *from, struct gruvi__context *to)
{
    gruvi__context_switch(from, to);
    __builtin_trap();
}

/* The C library does not say where it keeps them. */
static inline const void *
gruvi__context_pc(const struct gruvi__context *ctx)
{
    (void)ctx;
    return 0;
}

static inline const void *
gruvi__context_sp(const struct gruvi__context *ctx)
{
    (void)ctx;
    return 0;
}

static inline const void *const *
gruvi__context_sp_at(const struct gruvi__context *ctx)
{
    return &ctx->switched_at;
}

static inline const void *
gruvi__context_fp(const struct gruvi__context *ctx)
{
    (void)ctx;
    return 0;
}

#endif
