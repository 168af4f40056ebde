/* SPDX-License-Identifier: MIT */
/* How much of a stack is in memory: see stack_use.h. */
#include "base/stack_use.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/stack_guard.h"

/* Pages that are asked for at a time: all of a stack of 512 KiB. */
#define PAGES 128

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

bool
gruvi__pagemap_read(int pagemap, const char *low, size_t n, uint64_t *entries)
{
    size_t size = n * sizeof *entries;
    off_t at = (off_t)((uintptr_t)low / gruvi__page_size() * sizeof *entries);

    return pread(pagemap, entries, size, at) == (ssize_t)size;
}

/* The lowest page in use of n pages; NULL: none is, or it is not known. */
static char *
find_lowest(int pagemap, char *low, size_t n, size_t page)
{
    uint64_t entries[PAGES];

    if (!gruvi__pagemap_read(pagemap, low, n, entries))
        return NULL;
    for (size_t i = 0; i < n; i++)
        if (entries[i] & GRUVI__PAGE_IN_USE)
            return low + i * page;
    return NULL;
}

/* From the top: of a large stack most was never used. */
static size_t
touched(int pagemap, const struct gruvi__stack *stack)
{
    size_t page = gruvi__page_size();
    uintptr_t end = ((uintptr_t)(stack + 1) + page - 1) & ~(page - 1);
    size_t left = (end - (uintptr_t)stack->low) / page;
    char *at = stack->low + left * page, *lowest = NULL, *found;

    while (left > 0) {
        size_t n = left < PAGES ? left : PAGES;

        found = find_lowest(pagemap, at - n * page, n, page);
        if (found == NULL)
            break;
        lowest = found;
        at -= n * page;
        left -= n;
    }
    return lowest == NULL ? 0 : end - (uintptr_t)lowest;
}

/* mincore() is shorter, but systemd's @system-service does not know it: a
 * service with that filter would be killed. */
size_t
gruvi__stack_touched(const struct gruvi__stack *stack)
{
    int pagemap = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
    size_t size;

    if (pagemap < 0)
        return 0;
    size = touched(pagemap, stack);
    close(pagemap);
    return size;
}
