/* SPDX-License-Identifier: MIT */
/* What a dying process leaves out of its core: see stack_thin.h. */
#include "base/stack_thin.h"

#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/stack_guard.h"
#include "base/stack_use.h"
#include "base/threads.h"

/* Pages that are asked for at a time. */
#define PAGES 512

/* Less than that is not worth a mapping. */
#define LEAST_PAGES 4

/* Of an entry of /proc/self/pagemap: the page is in a guard.  It is said to be
 * swapped out as well; Linux before 6.15 says only that, and guards are dumped.
 */
#define IN_GUARD (UINT64_C(1) << 58)

/* An entry is free while its size is 0, and valid while its base is not NULL.
 * Both are atomic. */
static struct {
    char *base;
    size_t size;
} extents[GRUVI__THIN_EXTENTS];

static int has_begun; /* atomic */

void
gruvi__stack_thin_add(char *base, size_t size)
{
    for (unsigned i = 0; i < GRUVI__THIN_EXTENTS; i++) {
        size_t none = 0;

        if (gruvi__figure_load(&extents[i].size) == 0 &&
            gruvi__atomic_compare_exchange(&extents[i].size, &none, size, false,
                                           __ATOMIC_ACQUIRE,
                                           __ATOMIC_RELAXED)) {
            gruvi__atomic_store(&extents[i].base, base, __ATOMIC_RELEASE);
            return;
        }
    }
}

void
gruvi__stack_thin_remove(const char *base)
{
    for (unsigned i = 0; i < GRUVI__THIN_EXTENTS; i++)
        if (gruvi__figure_load(&extents[i].base) == base) {
            gruvi__figure_store(&extents[i].base, NULL);
            gruvi__atomic_store(&extents[i].size, 0, __ATOMIC_RELEASE);
            return;
        }
}

static bool
is_used(uint64_t entry)
{
    return (entry & GRUVI__PAGE_IN_USE) != 0 && (entry & IN_GUARD) == 0;
}

/* False where the kernel keeps no more mappings apart. */
static bool
leave_out(char *from, const char *to, size_t page)
{
    size_t size = (size_t)(to - from);

    return size < LEAST_PAGES * page || madvise(from, size, MADV_DONTDUMP) == 0;
}

static bool
thin(int pagemap, char *base, size_t size, size_t page)
{
    char *end = base + size, *unused = base;
    uint64_t entries[PAGES];

    for (char *at = base; at < end; at += PAGES * page) {
        size_t n = (size_t)(end - at) / page, i;

        if (n > PAGES)
            n = PAGES;
        if (!gruvi__pagemap_read(pagemap, at, n, entries))
            return true;
        for (i = 0; i < n; i++) {
            if (!is_used(entries[i]))
                continue;
            if (!leave_out(unused, at + i * page, page))
                return false;
            unused = at + (i + 1) * page;
        }
    }
    return leave_out(unused, end, page);
}

void
gruvi__stacks_thin(void)
{
    int pagemap = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
    bool goes_on = pagemap >= 0;

    gruvi__atomic_store(&has_begun, 1, __ATOMIC_SEQ_CST);
    for (unsigned i = 0; goes_on && i < GRUVI__THIN_EXTENTS; i++) {
        char *base = gruvi__atomic_load(&extents[i].base, __ATOMIC_ACQUIRE);

        if (base != NULL)
            goes_on = thin(pagemap, base, gruvi__figure_load(&extents[i].size),
                           gruvi__page_size());
    }
    if (pagemap >= 0)
        close(pagemap);
}

void
gruvi__stack_thin_keep(char *low, size_t size)
{
    if (gruvi__figure_load(&has_begun))
        madvise(low, size, MADV_DODUMP);
}
