/* SPDX-License-Identifier: MIT */
/*
 * Two ways to make the lowest pages of a stack fault.
 *
 * MADV_GUARD_INSTALL (Linux 6.13) writes a mark into the page table.  It needs
 * no mapping of its own, so that a million guarded stacks fit into a few
 * mappings, and survives MADV_DONTNEED.
 *
 * mprotect() splits the mapping: two mappings a stack.  vm.max_map_count allows
 * 65,530 by default, and a process that has used them up can neither start a
 * thread nor allocate memory.  So we count, and stop while some are left for
 * others.
 *
 * The mark is tried first; where it is refused, or does nothing, all further
 * guards are of the second kind.
 */
#include "base/stack_guard.h"

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include <uv.h>

#include "base/descriptor.h"
#include "base/stack.h"
#include "base/threads.h"

#ifndef MADV_GUARD_INSTALL
#define MADV_GUARD_INSTALL 102
#endif

#ifndef MADV_POPULATE_WRITE
#define MADV_POPULATE_WRITE 23
#endif
#ifndef PIDFD_SELF
#define PIDFD_SELF (-10001) /* the process, without a descriptor */
#endif

#define USUAL_MAX ((size_t)64 << 10)

/* Mappings that are not ours to use. */
#define MAPPINGS_LEFT     1024
#define MAPPINGS_OF_LINUX 65530

enum { UNKNOWN, MARK, PROTECT };

/* Atomic, all of them. */
static int mode = UNKNOWN;
static size_t protected_guards;
static size_t page_size;

size_t
gruvi__page_size(void)
{
    size_t size = gruvi__atomic_load(&page_size, __ATOMIC_RELAXED);

    if (size == 0) {
        size = (size_t)sysconf(_SC_PAGESIZE);
        gruvi__atomic_store(&page_size, size, __ATOMIC_RELAXED);
    }
    return size;
}

size_t
gruvi__guard_size(size_t slot_size)
{
    size_t page = gruvi__page_size();
    size_t size = (slot_size / 8 + page - 1) & ~(page - 1);

    if (size < USUAL_MAX)
        return size;
    return USUAL_MAX < page ? page : USUAL_MAX;
}

/* A guard is what faults: emulators of a kernel say yes to advice that they do
 * not know.  A system call that reads the page tells without a signal. */
static int
try_mark(const void *page)
{
    int found, fd = gruvi__fd_own(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));

    if (fd < 0)
        return UNKNOWN;
    found = write(fd, page, sizeof(uint64_t)) < 0 && errno == EFAULT ? MARK
                                                                     : PROTECT;
    close(fd);
    return found;
}

/* Find out on a page of our own what the kernel can do. */
static int
probe(void)
{
    size_t size = gruvi__page_size();
    int found = PROTECT;
    void *page = mmap(NULL, size, PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    if (page == MAP_FAILED)
        return UNKNOWN;
    if (madvise(page, size, MADV_GUARD_INSTALL) == 0)
        found = try_mark(page);
    munmap(page, size);
    return found;
}

static int
guard_mode(void)
{
    int now = gruvi__atomic_load(&mode, __ATOMIC_RELAXED);

    if (now == UNKNOWN) {
        now = probe();
        gruvi__atomic_store(&mode, now, __ATOMIC_RELAXED);
    }
    return now;
}

void
gruvi__stack_force_mprotect(bool force)
{
    gruvi__atomic_store(&mode, force ? PROTECT : UNKNOWN, __ATOMIC_SEQ_CST);
}

const char *
gruvi__stack_guard_mode(void)
{
    return guard_mode() == MARK ? "MADV_GUARD_INSTALL" : "mprotect";
}

static size_t
max_map_count(void)
{
    static size_t known; /* atomic */
    size_t count = gruvi__atomic_load(&known, __ATOMIC_RELAXED);
    FILE *file;

    if (count != 0)
        return count;
    file = fopen("/proc/sys/vm/max_map_count", "re");
    if (file == NULL || fscanf(file, "%zu", &count) != 1 || count == 0)
        count = MAPPINGS_OF_LINUX;
    if (file != NULL)
        fclose(file);
    gruvi__atomic_store(&known, count, __ATOMIC_RELAXED);
    return count;
}

size_t
gruvi__stack_ceiling(void)
{
    size_t count;

    if (guard_mode() == MARK)
        return SIZE_MAX;
    count = max_map_count();
    count -= count / 4 < MAPPINGS_LEFT ? count / 4 : MAPPINGS_LEFT;
    return count / 2;
}

int
gruvi__guard_install(void *low, size_t size)
{
    if (guard_mode() == MARK) {
        if (madvise(low, size, MADV_GUARD_INSTALL) == 0)
            return GRUVI__GUARD_MARKED;
        if (errno == ENOMEM)
            return UV_ENOMEM;
        /* E.g. EINVAL for locked memory, on some versions. */
        gruvi__atomic_store(&mode, PROTECT, __ATOMIC_RELAXED);
    }
    if (gruvi__atomic_fetch_add(&protected_guards, 1, __ATOMIC_SEQ_CST) >=
        gruvi__stack_ceiling()) {
        gruvi__guard_forget(1);
        return UV_EMFILE;
    }
    if (mprotect(low, size, PROT_NONE) != 0) {
        gruvi__guard_forget(1);
        return UV_ENOMEM;
    }
    return GRUVI__GUARD_PROTECTED;
}

/* One call for n pieces of memory, which are apart bytes from each other.
 * Returns for how many it did what it was to do. */
static size_t
advise_many(char *low, size_t size, size_t apart, size_t n, int advice)
{
    struct iovec pieces[GRUVI__GUARDS_AT_ONCE];
    ssize_t done;
    size_t i;

    for (i = 0; i < n; i++)
        pieces[i] = (struct iovec){low + i * apart, size};
    done = syscall(SYS_process_madvise, PIDFD_SELF, pieces, n, advice, 0);
    return done < 0 ? 0 : (size_t)done / size;
}

size_t
gruvi__guard_install_many(char *low, size_t size, size_t apart, size_t n)
{
    static bool refused; /* atomic */
    size_t page = gruvi__page_size(), made;

    if (guard_mode() != MARK || gruvi__atomic_load(&refused, __ATOMIC_RELAXED))
        return 0;
    made = advise_many(low, size, apart, n, MADV_GUARD_INSTALL);
    if (made == 0)
        gruvi__atomic_store(&refused, true, __ATOMIC_RELAXED);
    else
        advise_many(low + apart - page, page, apart, made, MADV_POPULATE_WRITE);
    return made;
}

void
gruvi__guard_forget(size_t n)
{
    gruvi__atomic_fetch_sub(&protected_guards, n, __ATOMIC_SEQ_CST);
}
