/* SPDX-License-Identifier: MIT */
/*
 * Contexts on getcontext, makecontext and swapcontext.
 *
 * The mask of signals is the thread's, as everywhere: swapcontext() would have
 * one for each context.
 *
 * None of them can fail with the arguments that are possible here; a failure
 * would leave two fibers on one stack, so it ends the program at once.
 */
#include "base/context.h"

#ifdef GRUVI_CONTEXT_UCONTEXT

#include <signal.h>
#include <stddef.h>

void
gruvi__context_make(struct gruvi__context *ctx, void *low, void *top,
                    void (*entry)(void))
{
    if (getcontext(&ctx->uc) != 0)
        __builtin_trap();
    ctx->switched_at = top;
    ctx->uc.uc_stack.ss_sp = low;
    ctx->uc.uc_stack.ss_size = (size_t)((char *)top - (char *)low);
    ctx->uc.uc_link = NULL;
    makecontext(&ctx->uc, entry, 0);
}

void
gruvi__context_switch(struct gruvi__context *from, struct gruvi__context *to)
{
    pthread_sigmask(SIG_SETMASK, NULL, &to->uc.uc_sigmask);
    from->switched_at = __builtin_frame_address(0);
    if (swapcontext(&from->uc, &to->uc) != 0)
        __builtin_trap();
}

#endif
