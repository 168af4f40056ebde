/* SPDX-License-Identifier: MIT */
/*
 * malloc() and its like, for all of the process.  What the plugin asks for, by
 * itself or by a library, is counted, and may fail: in the fibers of the
 * plugin, where it is the same in each run.
 *
 * What the plugin and gruvi allocate lies behind a fence; other memory that is
 * freed is overwritten.  So a fiber that uses it has no luck.
 *
 * libuv's realloc() does not fail: where it cannot enlarge its table of
 * descriptors, it aborts.
 */
#include "gruvid-test/memory.h"

#include <dlfcn.h>
#include <errno.h>
#include <malloc.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include <gruvi/inspect.h>

#include "gruvid-test/blocks.h"
#include "gruvid-test/calls.h"
#include "gruvid-test/fence.h"
#include "gruvid-test/host.h"
#include "gruvid-test/stacks.h"

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define OTHERS_COUNT
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define OTHERS_COUNT
#endif
#endif

#define EXPORTED __attribute__((visibility("default")))

/* Blocks are noted at first; gruvid runs; nothing is noted any more. */
static enum { NOTES, WATCHES, OVER } stage; /* atomic */

void
memory_begin(void)
{
    /* dlsym() is called now: in free() it would be called by dlerror(), and
     * free what that goes on to use. */
    (void)malloc_usable_size(NULL);
    fence_open();
    __atomic_store_n(&stage, WATCHES, __ATOMIC_RELEASE);
}

void
memory_end(void)
{
    __atomic_store_n(&stage, OVER, __ATOMIC_RELEASE);
}

#ifdef OTHERS_COUNT

bool
memory_counts(void)
{
    return false;
}

void
memory_tell(void)
{
}

#else

#define FREED 0xdb
#define FRESH 0xa5

void *__libc_malloc(size_t size);
void *__libc_calloc(size_t n, size_t size);
void *__libc_realloc(void *old, size_t size);
void *__libc_memalign(size_t align, size_t size);
void __libc_free(void *memory);

/* No allocation in here is the plugin's. */
static __thread bool inside;

bool
memory_counts(void)
{
    return true;
}

static bool
is_watched(void)
{
    return __atomic_load_n(&stage, __ATOMIC_ACQUIRE) == WATCHES && !inside;
}

static bool
is_noted(void)
{
    return __atomic_load_n(&stage, __ATOMIC_ACQUIRE) != OVER && !inside;
}

/* Whether this allocation is the one that is to fail. */
static bool
fails(struct calls *calls, bool *plugins, const void *frame, const void *caller)
{
    bool failed = false;

    inside = true;
    *plugins = stacks_take(calls, frame, caller);
    if (*plugins && strikes(ALLOCATION, calls))
        failed = true;
    if (*plugins && stacks_own(calls, frame) && strikes(OWN, calls))
        failed = true;
    inside = false;
    if (failed)
        errno = ENOMEM;
    return failed;
}

/* Memory of the plugin, or of gruvi, which is in the host. */
static void *
fenced(size_t size, bool plugins, const void *caller)
{
    return plugins || is_gruvis((uintptr_t)caller) ? fence_take(size) : NULL;
}

static void *
noted(void *memory, size_t size, const struct calls *calls, bool plugins)
{
    if (memory != NULL && is_noted())
        blocks_add(memory, size, plugins, calls);
    return memory;
}

/* Returns memory behind a fence; or NULL: then *failed says whether there is to
 * be none. */
static __attribute__((always_inline)) inline void *
allocate(size_t size, struct calls *calls, bool *plugins, bool *failed)
{
    const void *caller = __builtin_return_address(0);

    *failed = fails(calls, plugins, __builtin_frame_address(0), caller);
    return *failed ? NULL : fenced(size, *plugins, caller);
}

EXPORTED void *
malloc(size_t size)
{
    struct calls calls;
    bool plugins, failed;
    void *memory;

    if (!is_watched())
        return noted(__libc_malloc(size), size, NULL, false);
    memory = allocate(size, &calls, &plugins, &failed);
    if (memory == NULL && !failed)
        memory = __libc_malloc(size);
    if (memory != NULL && plugins)
        memset(memory, FRESH, size);
    return noted(memory, size, &calls, plugins);
}

EXPORTED void *
calloc(size_t n, size_t size)
{
    struct calls calls;
    bool plugins, failed;
    void *memory;

    if (!is_watched() || (size > 0 && n > SIZE_MAX / size))
        return noted(__libc_calloc(n, size), n * size, NULL, false);
    memory = allocate(n * size, &calls, &plugins, &failed);
    if (memory == NULL && !failed)
        memory = __libc_calloc(n, size);
    return noted(memory, n * size, &calls, plugins);
}

EXPORTED void *
aligned_alloc(size_t align, size_t size)
{
    struct calls calls;
    bool plugins;

    if (!is_watched())
        return noted(__libc_memalign(align, size), size, NULL, false);
    if (fails(&calls, &plugins, __builtin_frame_address(0),
              __builtin_return_address(0)))
        return NULL;
    return noted(__libc_memalign(align, size), size, &calls, plugins);
}

EXPORTED int
posix_memalign(void **out, size_t align, size_t size)
{
    struct calls calls;
    bool plugins = false;

    if (is_watched() && fails(&calls, &plugins, __builtin_frame_address(0),
                              __builtin_return_address(0)))
        return ENOMEM;
    *out = __libc_memalign(align, size);
    if (*out == NULL)
        return ENOMEM;
    noted(*out, size, &calls, plugins);
    return 0;
}

EXPORTED void
free(void *memory)
{
    int now = __atomic_load_n(&stage, __ATOMIC_ACQUIRE);
    int err = errno;

    if (fence_has(memory)) {
        blocks_remove(memory, NULL);
        fence_drop(memory);
        errno = err;
        return;
    }
    if (memory != NULL && now != OVER && blocks_remove(memory, NULL) &&
        now == WATCHES)
        memset(memory, FREED, malloc_usable_size(memory));
    __libc_free(memory);
    errno = err;
}

/* What a block behind a fence has asked for, and not more. */
EXPORTED size_t
malloc_usable_size(void *memory)
{
    static __typeof__(malloc_usable_size) *real; /* atomic */
    __typeof__(malloc_usable_size) *next =
        __atomic_load_n(&real, __ATOMIC_RELAXED);

    if (fence_has(memory))
        return fence_size(memory);
    if (next == NULL) {
        next = (__typeof__(malloc_usable_size) *)dlsym(RTLD_NEXT,
                                                       "malloc_usable_size");
        __atomic_store_n(&real, next, __ATOMIC_RELAXED);
    }
    return next == NULL ? 0 : next(memory);
}

static bool
is_libuv(const void *caller)
{
    const gruvi__module_t *module = gruvi__module_at((uintptr_t)caller);

    return module != NULL &&
           strncmp(gruvi__module_name(module), "libuv", 5) == 0;
}

/* A fence is left by the first realloc(). */
static void *
move_out(void *old, size_t size)
{
    size_t before = fence_size(old);
    void *memory = __libc_malloc(size);

    if (memory == NULL)
        return NULL;
    memcpy(memory, old, before < size ? before : size);
    free(old);
    return memory;
}

EXPORTED void *
realloc(void *old, size_t size)
{
    const void *caller = __builtin_return_address(0);
    bool plugins = false, known = false;
    struct calls calls = {0};
    size_t before = 0;
    void *memory;

    if (is_watched() && !is_libuv(caller) &&
        fails(&calls, &plugins, __builtin_frame_address(0), caller))
        return NULL;
    if (fence_has(old)) {
        memory = move_out(old, size);
    } else {
        known = old != NULL && blocks_remove(old, &before);
        memory = __libc_realloc(old, size);
    }
    if (memory != NULL)
        noted(memory, size, &calls, plugins);
    else if (memory == NULL && known && size > 0)
        noted(old, before, &calls, plugins);
    return memory;
}

/* A thread of a pool that begins when a plugin first needs it is not the
 * plugin's, and the memory that the C library has for it is never reached. */
EXPORTED int
pthread_create(pthread_t *restrict thread, const pthread_attr_t *restrict attr,
               void *(*fn)(void *), void *restrict arg)
{
    static __typeof__(pthread_create) *real; /* atomic */
    __typeof__(pthread_create) *create =
        __atomic_load_n(&real, __ATOMIC_RELAXED);
    bool before = inside;
    int err;

    inside = true;
    if (create == NULL) {
        create =
            (__typeof__(pthread_create) *)dlsym(RTLD_NEXT, "pthread_create");
        __atomic_store_n(&real, create, __ATOMIC_RELAXED);
    }
    err = create == NULL ? EAGAIN : create(thread, attr, fn, arg);
    inside = before;
    return err;
}

void
memory_tell(void)
{
    blocks_tell();
}

#endif
