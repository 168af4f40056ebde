/* SPDX-License-Identifier: MIT */
/* How much of a stack is in memory: see stack_use.h. */
#include "base/stack_use.h"

#include <stdint.h>
#include <sys/mman.h>

#include "base/stack_guard.h"

/* Pages of a call of mincore(): all of a stack of 1 MiB. */
#define PAGES 256

/* The first frames are just below top already. */
void
gruvi__stack_forget(const struct gruvi__stack *stack, const void *top)
{
    size_t page = gruvi__page_size();
    uintptr_t end = ((uintptr_t)top - page) & ~(page - 1);
    uintptr_t low = (uintptr_t)stack->low;

    if (end > low)
        madvise(stack->low, end - low, MADV_DONTNEED);
}

/* The lowest page in memory of n pages; NULL: none is. */
static char *
find_lowest(char *low, size_t n, size_t page)
{
    unsigned char in_core[PAGES];

    if (mincore(low, n * page, in_core) != 0)
        return NULL;
    for (size_t i = 0; i < n; i++)
        if (in_core[i] & 1)
            return low + i * page;
    return NULL;
}

/* From the top: of a large stack most was never used. */
size_t
gruvi__stack_touched(const struct gruvi__stack *stack)
{
    size_t page = gruvi__page_size();
    uintptr_t end = ((uintptr_t)(stack + 1) + page - 1) & ~(page - 1);
    size_t left = (end - (uintptr_t)stack->low) / page;
    char *at = stack->low + left * page, *lowest = NULL, *found;

    while (left > 0) {
        size_t n = left < PAGES ? left : PAGES;

        found = find_lowest(at - n * page, n, page);
        if (found == NULL)
            break;
        lowest = found;
        at -= n * page;
        left -= n;
    }
    return lowest == NULL ? 0 : end - (uintptr_t)lowest;
}
