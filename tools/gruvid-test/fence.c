/* SPDX-License-Identifier: MIT */
/*
 * A page an allocation, and no page twice: what uses memory that was freed, or
 * much more than it has asked for, crashes at once, and not by luck.  There are
 * fewer pages than the kernel has of mappings in a process.
 *
 *   zeros | memory | up to 15 bytes of SLACK | a page without access
 *
 * What was written a little beside it is seen when it is freed.
 */
#include "gruvid-test/fence.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "gruvid-test/host.h"

#define PAGE  ((size_t)4096)
#define PAGES ((size_t)16000)

/* Bytes that are looked at in front of it. */
#define FRONT ((size_t)16)
#define SLACK 0xa5

static char *pages;  /* NULL: there are none */
static size_t taken; /* atomic */

/* What was asked for, by page; 0: it is not in use. */
static uint16_t sizes[PAGES]; /* atomic */

void
fence_open(void)
{
    void *memory = mmap(NULL, PAGES * PAGE, PROT_NONE,
                        MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

    pages = memory == MAP_FAILED ? NULL : memory;
}

/* What is filled up to the end of its page. */
static size_t
rounded(size_t size)
{
    return (size + 15) & ~(size_t)15;
}

void *
fence_take(size_t size)
{
    size_t number;
    char *page, *memory;

    if (pages == NULL || size == 0 || size > PAGE)
        return NULL;
    number = __atomic_fetch_add(&taken, 1, __ATOMIC_RELAXED);
    page = pages + number * PAGE;
    if (number >= PAGES || mprotect(page, PAGE, PROT_READ | PROT_WRITE) < 0)
        return NULL;
    memory = page + PAGE - rounded(size);
    memset(memory + size, SLACK, rounded(size) - size);
    __atomic_store_n(&sizes[number], (uint16_t)size, __ATOMIC_RELEASE);
    return memory;
}

bool
fence_has(const void *memory)
{
    uintptr_t at = (uintptr_t)memory, begin = (uintptr_t)pages;

    return pages != NULL && at >= begin && at < begin + PAGES * PAGE;
}

static size_t
number_of(const void *memory)
{
    return ((uintptr_t)memory - (uintptr_t)pages) / PAGE;
}

size_t
fence_size(const void *memory)
{
    return __atomic_load_n(&sizes[number_of(memory)], __ATOMIC_ACQUIRE);
}

/* The crash shows who frees it. */
static void
misused(const char *how, size_t size)
{
    if (size == 0)
        fail("memory %s\n", how);
    else
        fail("memory of %zu bytes: %s\n", size, how);
    abort();
}

static bool
is_all(const char *bytes, size_t n, char value)
{
    for (size_t i = 0; i < n; i++)
        if (bytes[i] != value)
            return false;
    return true;
}

void
fence_drop(void *memory)
{
    size_t number = number_of(memory);
    char *page = pages + number * PAGE, *at = memory;
    size_t size = __atomic_exchange_n(&sizes[number], 0, __ATOMIC_ACQ_REL);
    char *begin = page + PAGE - rounded(size);

    if (size == 0)
        misused("that was freed is freed again", 0);
    if (at != begin)
        misused("what is freed is not its begin", size);
    if (!is_all(at + size, rounded(size) - size, (char)SLACK))
        misused("more was written to it", size);
    if (at - page >= (ptrdiff_t)FRONT && !is_all(at - FRONT, FRONT, 0))
        misused("something was written in front of it", size);
    madvise(page, PAGE, MADV_DONTNEED);
    mprotect(page, PAGE, PROT_NONE);
}
