/* SPDX-License-Identifier: MIT */
/* The stack of a thread in a system call: see scan.h. */
#include "watch/scan.h"

#include <stdbool.h>
#include <stddef.h>
#include <unistd.h>

/* So much of a stack is looked at, from the stack pointer on. */
#define WORDS 4096

/* The first frame is no further off: what calls the system is shallow. */
#define NEAR 64

struct stack {
    uintptr_t at[WORDS], low;
    size_t n;
};

/* Whether a call lies in front of an address. */
static bool
follows_call(uintptr_t address)
{
    const gruvi__module_t *module = gruvi__module_at(address - 1);
    const unsigned char *code = (const unsigned char *)address;

    if (module == NULL || address - module->low < 8)
        return false;
#if defined(__x86_64__)
    /* call rel32, or call through a register or memory (ff /2) */
    if (code[-5] == 0xe8)
        return true;
    for (int n = 2; n <= 7; n++)
        if (code[-n] == 0xff && (code[1 - n] & 0x38) == 0x10)
            return true;
    return false;
#elif defined(__aarch64__)
    /* bl, or blr */
    return (code[-1] & 0xfc) == 0x94 || (code[-1] == 0xd6 && code[-2] == 0x3f);
#else
    (void)code;
    return true;
#endif
}

/* The index of a word of the stack; n: it is none. */
static size_t
index_of(const struct stack *stack, uintptr_t address)
{
    if (address < stack->low || address % sizeof address != 0)
        return stack->n;
    address = (address - stack->low) / sizeof address;
    return address < stack->n ? (size_t)address : stack->n;
}

/* Whether the frame at a word is the outermost: nothing has called it. */
static bool
is_outermost(const struct stack *stack, size_t i)
{
    return i + 1 < stack->n && stack->at[i + 1] == 0;
}

/* Follow frames from a word on; returns how many there are.  end: set to the
 * word where no frame is any more. */
static unsigned
follow(const struct stack *stack, size_t i, gruvi__frames_t *frames,
       unsigned room, size_t *end)
{
    unsigned n = 0;

    while (i + 1 < stack->n && n < room && follows_call(stack->at[i + 1])) {
        size_t next = index_of(stack, stack->at[i]);

        if (frames != NULL)
            frames->at[frames->n++] = stack->at[i + 1] - 1;
        n++;
        if (next <= i + 1)
            break;
        i = next;
    }
    *end = i;
    return n;
}

/* The first word that leads through three frames, or to the outermost: fewer
 * may be what is left of earlier calls. */
static size_t
find_frame(const struct stack *stack)
{
    for (size_t i = 0; i < NEAR && i < stack->n; i++) {
        size_t end;
        unsigned n = follow(stack, i, NULL, 3, &end);

        if (n == 3 || (n > 0 && is_outermost(stack, end)))
            return i;
    }
    return stack->n;
}

void
gruvid__scan(gruvi__frames_t *frames, uintptr_t sp, uintptr_t high, int memory)
{
    static struct stack stack; /* one scan at a time */
    size_t size = sizeof stack.at, first, end;
    ssize_t got;

    if (high > sp && high - sp < size)
        size = high - sp;
    got = pread(memory, stack.at, size, (off_t)sp);
    stack.low = sp;
    stack.n = got > 0 ? (size_t)got / sizeof *stack.at : 0;
    first = find_frame(&stack);
    /* Whoever has made the frame's function call: the nearest word that can be
     * a return address. */
    for (size_t i = 0; i < first && first < stack.n; i++)
        if (follows_call(stack.at[i])) {
            frames->at[frames->n++] = stack.at[i] - 1;
            break;
        }
    if (first < stack.n)
        follow(&stack, first, frames, GRUVI__MOST_FRAMES - frames->n, &end);
    if (frames->n == 1)
        frames->note = "its callers are not known";
}
