/* SPDX-License-Identifier: MIT */
/*
 * A page an allocation, and no page twice: what uses memory that was freed, or
 * much more than it has asked for, crashes at once, and not by luck.  There are
 * fewer pages than the kernel has of mappings in a process.
 */
#include "gruvid-test/fence.h"

#include <stdint.h>
#include <sys/mman.h>

#define PAGE  ((size_t)4096)
#define PAGES ((size_t)16000)

static char *pages;  /* NULL: there are none */
static size_t taken; /* atomic */

void
fence_open(void)
{
    void *memory = mmap(NULL, PAGES * PAGE, PROT_NONE,
                        MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

    pages = memory == MAP_FAILED ? NULL : memory;
}

void *
fence_take(size_t size)
{
    size_t number;
    char *page;

    if (pages == NULL || size == 0 || size > PAGE)
        return NULL;
    number = __atomic_fetch_add(&taken, 1, __ATOMIC_RELAXED);
    page = pages + number * PAGE;
    if (number >= PAGES || mprotect(page, PAGE, PROT_READ | PROT_WRITE) < 0)
        return NULL;
    return page + PAGE - ((size + 15) & ~(size_t)15);
}

bool
fence_has(const void *memory)
{
    uintptr_t at = (uintptr_t)memory, begin = (uintptr_t)pages;

    return pages != NULL && at >= begin && at < begin + PAGES * PAGE;
}

size_t
fence_size(const void *memory)
{
    return PAGE - (uintptr_t)memory % PAGE;
}

void
fence_drop(void *memory)
{
    char *page = (char *)memory - (uintptr_t)memory % PAGE;

    madvise(page, PAGE, MADV_DONTNEED);
    mprotect(page, PAGE, PROT_NONE);
}
