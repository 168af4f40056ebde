/* SPDX-License-Identifier: MIT */
#include "unit/failing.h"
#include "unit/pools.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/mman.h>

#include <uv.h>

#include "support/valgrind.h"

/* One thread at a time is counted, so plain numbers do. */
static __thread bool counts;
static bool all;
static int nth, seen, failed, live;

void *__real_malloc(size_t size);
void *__real_calloc(size_t n, size_t size);
void *__real_realloc(void *old, size_t size);
int __real_posix_memalign(void **out, size_t align, size_t size);
char *__real_realpath(const char *path, char *resolved);
void __real_free(void *memory);
void *__real_mmap(void *at, size_t size, int prot, int flags, int fd,
                  off_t offset);
int __real_munmap(void *at, size_t size);

void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t n, size_t size);
void *__wrap_realloc(void *old, size_t size);
int __wrap_posix_memalign(void **out, size_t align, size_t size);
char *__wrap_realpath(const char *path, char *resolved);
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

char *
__wrap_realpath(const char *path, char *resolved)
{
    if (resolved != NULL)
        return __real_realpath(path, resolved);
    return fails() ? NULL : counted(__real_realpath(path, NULL));
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
start_io_pool(void)
{
    gruvi_set_pool_sizes(1, 1);
    ck_assert_int_eq(gruvi_blocking(do_nothing, NULL, NULL), 0);
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

/* --- each allocation fails in turn ------------------------------------------
 */

#define MOST 200 /* allocations of one operation */

/* In a fresh hub, so that what it keeps from the first time on is not there. */
static void
try_operation(void *arg)
{
    struct trial *trial = arg;
    gruvi_hub_t *hub;
    int err;

    count_allocations();
    hub = gruvi_get_hub();
    ck_assert_ptr_nonnull(hub);
    fail_allocation(trial->n, trial->all);
    err = trial->operation(hub);
    trial->failed = stop_failing() > 0;
    if (err != 0) {
        ck_assert(trial->failed);
        ck_assert_int_eq(err, UV_ENOMEM);
    }
    ck_assert_uint_eq(fibers_of(hub), 0);
    ck_assert_int_eq(trial->operation(hub), 0);
    ck_assert_int_eq(gruvi_hub_close(hub), 0);
}

static int
sweep_trial(void (*try)(void *trial), struct trial *trial)
{
    do {
        trial->n++;
        ck_assert_int_lt(trial->n, MOST);
        trial->failed = false;
        in_thread(try, trial);
        ck_assert_msg(live_allocations() == 0,
                      "allocation %d failed: %d are left", trial->n,
                      live_allocations());
    } while (trial->failed);
    return trial->n - 1;
}

int
sweep(void (*try)(void *trial), bool all_from_there)
{
    struct trial trial = {.all = all_from_there};

    return sweep_trial(try, &trial);
}

int
sweep_operation(operation_fn operation)
{
    struct trial one = {.operation = operation};
    struct trial rest = {.operation = operation, .all = true};

    if (!RUNNING_ON_VALGRIND) /* it is told enough by the other sweep */
        sweep_trial(try_operation, &rest);
    return sweep_trial(try_operation, &one);
}
