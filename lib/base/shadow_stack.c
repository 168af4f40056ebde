/* SPDX-License-Identifier: MIT */
#include "base/shadow_stack.h"

static bool pretended;

/* glibc's ucontext changes shadow stacks as well. */
#if defined(GRUVI_CONTEXT_UCONTEXT)

static bool
there_is_one(void)
{
    return false;
}

#elif defined(GRUVI_CONTEXT_X86_64)

/* rdsspq, by its bytes for older assemblers, is a no-op without. */
static bool
there_is_one(void)
{
    unsigned long pointer = 0;

    __asm__ volatile(".byte 0xf3, 0x48, 0x0f, 0x1e, 0xc8" : "+a"(pointer));
    return pointer != 0;
}

#elif defined(GRUVI_CONTEXT_AARCH64)

/* chkfeat x16: clears the bits of what is switched on; a no-op on others. */
static bool
there_is_one(void)
{
    register unsigned long features __asm__("x16") = 1;

    __asm__ volatile("hint #40" : "+r"(features));
    return features == 0;
}

#endif

bool
gruvi__shadow_stack_in_the_way(void)
{
    return pretended || there_is_one();
}

void
gruvi__shadow_stack_pretend(bool there_is)
{
    pretended = there_is;
}
