/* SPDX-License-Identifier: MIT */
#include "unit/failing.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/mman.h>

#include <uv.h>

/* One thread at a time is counted, so plain numbers do. */
static __thread bool counts;
static bool all;
static int nth, seen, failed, live;

void *__real_malloc(size_t size);
void *__real_calloc(size_t n, size_t size);
void *__real_realloc(void *old, size_t size);
int __real_posix_memalign(void **out, size_t align, size_t size);
void __real_free(void *memory);
void *__real_mmap(void *at, size_t size, int prot, int flags, int fd,
                  off_t offset);
int __real_munmap(void *at, size_t size);

void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t n, size_t size);
void *__wrap_realloc(void *old, size_t size);
int __wrap_posix_memalign(void **out, size_t align, size_t size);
void __wrap_free(void *memory);
void *__wrap_mmap(void *at, size_t size, int prot, int flags, int fd,
                  off_t offset);
int __wrap_munmap(void *at, size_t size);

void __wrap__mark_point(const char *file, int line);

void
__wrap__mark_point(const char *file, int line)
{
    (void)file;
    (void)line;
}

static bool
fails(void)
{
    if (!counts)
        return false;
    seen++;
    if (nth == 0 || (all ? seen < nth : seen != nth))
        return false;
    failed++;
    errno = ENOMEM;
    return true;
}

static void *
counted(void *memory)
{
    if (counts && memory != NULL)
        live++;
    return memory;
}

void *
__wrap_malloc(size_t size)
{
    return fails() ? NULL : counted(__real_malloc(size));
}

void *
__wrap_calloc(size_t n, size_t size)
{
    return fails() ? NULL : counted(__real_calloc(n, size));
}

void *
__wrap_realloc(void *old, size_t size)
{
    void *memory = fails() ? NULL : __real_realloc(old, size);

    if (old == NULL)
        counted(memory);
    return memory;
}

int
__wrap_posix_memalign(void **out, size_t align, size_t size)
{
    int err = fails() ? ENOMEM : __real_posix_memalign(out, align, size);

    if (err == 0)
        counted(*out);
    return err;
}

void
__wrap_free(void *memory)
{
    if (counts && memory != NULL)
        live--;
    __real_free(memory);
}

void *
__wrap_mmap(void *at, size_t size, int prot, int flags, int fd, off_t offset)
{
    void *base;

    if (fails())
        return MAP_FAILED;
    base = __real_mmap(at, size, prot, flags, fd, offset);
    if (counts && base != MAP_FAILED)
        live++;
    return base;
}

int
__wrap_munmap(void *at, size_t size)
{
    if (counts)
        live--;
    return __real_munmap(at, size);
}

/* libuv aborts where it cannot enlarge its table of descriptors. */
static void *
realloc_of_libuv(void *old, size_t size)
{
    void *memory = __real_realloc(old, size);

    return old == NULL ? counted(memory) : memory;
}

void
failing_begin(void)
{
    uv_replace_allocator(__wrap_malloc, realloc_of_libuv, __wrap_calloc,
                         __wrap_free);
}

void
count_allocations(void)
{
    counts = true;
    live = 0;
    fail_allocation(0, false);
}

void
fail_allocation(int n, bool all_from_there)
{
    nth = n;
    all = all_from_there;
    seen = failed = 0;
}

int
stop_failing(void)
{
    nth = 0;
    return failed;
}

int
allocations(void)
{
    return seen;
}

int
live_allocations(void)
{
    return live;
}
