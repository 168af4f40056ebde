/* SPDX-License-Identifier: MIT */
/*
 * For LD_PRELOAD: allocation number $FAIL_AT of the process fails, and with it
 * the file $FAIL_MARK appears.  Memory and mappings count alike.  Or the file
 * $FAIL_SHARED has an int: allocations count it down while it is positive, and
 * the one that finds 1 fails.
 *
 * Once the process exits none fails: gcc's counters ask for memory then.
 *
 * libuv's own realloc() is spared: where it cannot enlarge its table of
 * descriptors, it aborts.  $FAIL_SPARE is a part of the name of a library whose
 * malloc() is spared.
 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

void *__libc_malloc(size_t size);
void *__libc_calloc(size_t n, size_t size);
void *__libc_realloc(void *old, size_t size);
void *__libc_memalign(size_t align, size_t size);

static int own;
static int *left = &own; /* atomic; 0: it has failed, or none is to */
static const char *mark, *spare;
static int has_ended; /* atomic */

static void
share(const char *path)
{
    int fd = open(path, O_RDWR | O_CLOEXEC);
    const off_t begin = 0; /* all its bits: a variadic int has half */
    long at = syscall(SYS_mmap, NULL, sizeof *left, PROT_READ | PROT_WRITE,
                      MAP_SHARED, fd, begin);

    close(fd);
    if (at < 0)
        abort();
    left = (int *)at;
}

static void __attribute__((constructor)) begin(void)
{
    const char *at = getenv("FAIL_AT"), *shared = getenv("FAIL_SHARED");

    spare = getenv("FAIL_SPARE");
    if (shared != NULL) {
        share(shared);
        return;
    }
    mark = getenv("FAIL_MARK");
    __atomic_store_n(left, at != NULL ? atoi(at) : 0, __ATOMIC_SEQ_CST);
}

static bool
fails(void)
{
    int fd;

    if (__atomic_load_n(&has_ended, __ATOMIC_SEQ_CST) != 0 ||
        __atomic_load_n(left, __ATOMIC_SEQ_CST) <= 0 ||
        __atomic_sub_fetch(left, 1, __ATOMIC_SEQ_CST) != 0)
        return false;
    fd = mark == NULL ? -1 : open(mark, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    if (fd >= 0)
        close(fd);
    errno = ENOMEM;
    return true;
}

static bool
is_of(const void *caller, const char *library)
{
    Dl_info info;

    return dladdr(caller, &info) != 0 && info.dli_fname != NULL &&
           strstr(info.dli_fname, library) != NULL;
}

static void
end(void)
{
    __atomic_store_n(&has_ended, 1, __ATOMIC_SEQ_CST);
}

/* To run before the destructors of libraries it has to be said once main()
 * runs: when gruvid itself asks for memory. */
static void
watch_for_the_end(const void *caller)
{
    static bool watched;

    if (watched || !is_of(caller, "gruvid"))
        return;
    watched = true;
    atexit(end);
}

void *
malloc(size_t size)
{
    watch_for_the_end(__builtin_return_address(0));
    if ((spare == NULL || !is_of(__builtin_return_address(0), spare)) &&
        fails())
        return NULL;
    return __libc_malloc(size);
}

void *
calloc(size_t n, size_t size)
{
    watch_for_the_end(__builtin_return_address(0));
    return fails() ? NULL : __libc_calloc(n, size);
}

void *
realloc(void *old, size_t size)
{
    if (!is_of(__builtin_return_address(0), "libuv") && fails())
        return NULL;
    return __libc_realloc(old, size);
}

void *
aligned_alloc(size_t align, size_t size)
{
    return fails() ? NULL : __libc_memalign(align, size);
}

int
posix_memalign(void **out, size_t align, size_t size)
{
    void *memory = fails() ? NULL : __libc_memalign(align, size);

    if (memory == NULL)
        return ENOMEM;
    *out = memory;
    return 0;
}

void *
mmap(void *at, size_t size, int prot, int flags, int fd, off_t offset)
{
    if (fails())
        return MAP_FAILED;
    return (void *)syscall(SYS_mmap, at, size, prot, flags, fd, offset);
}
