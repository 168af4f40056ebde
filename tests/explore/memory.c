/* SPDX-License-Identifier: MIT */
/*
 * See memory.h.
 *
 * Threads that are not in the schedule free things, too, when they end; but
 * nobody else has the baton then.
 */
#include "explore/memory.h"

#include <malloc.h>
#include <string.h>

#if defined(__SANITIZE_ADDRESS__)
#define HAVE_ASAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define HAVE_ASAN 1
#endif
#endif
#ifdef HAVE_ASAN
#include <sanitizer/asan_interface.h>
#else
#define ASAN_POISON_MEMORY_REGION(block, size)   ((void)0)
#define ASAN_UNPOISON_MEMORY_REGION(block, size) ((void)0)
#endif

#define FRAMES 16384 /* bytes below a frame that calls had */
#define NEAR   256   /* above one: these are its own */

struct range {
    char *begin, *end;
    const void *thread; /* of frames: whose they are; NULL: freed */
};

static struct {
    bool runs;
    struct range freed[4096], left[64];
    unsigned n_freed, n_left;
} memory;

void __real_free(void *block);
void __wrap_free(void *block);

void
sim_memory_begin(void)
{
    memory.runs = true;
}

void
sim_memory_end(void)
{
    memory.runs = false;
    for (unsigned i = 0; i < memory.n_freed; i++) {
        struct range *freed = &memory.freed[i];

        ASAN_UNPOISON_MEMORY_REGION(freed->begin,
                                    (size_t)(freed->end - freed->begin));
        __real_free(freed->begin);
    }
    memory.n_freed = memory.n_left = 0;
}

void
__wrap_free(void *block)
{
    size_t size;

    if (!memory.runs || block == NULL ||
        memory.n_freed == sizeof memory.freed / sizeof *memory.freed) {
        __real_free(block);
        return;
    }
    size = malloc_usable_size(block);
    memset(block, 0xdb, size);
    ASAN_POISON_MEMORY_REGION(block, size);
    memory.freed[memory.n_freed++] =
        (struct range){block, (char *)block + size, NULL};
}

static bool
is_in(const struct range *range, const volatile void *word)
{
    return (const volatile char *)word >= range->begin &&
           (const volatile char *)word < range->end;
}

void
sim_memory_frame(const void *thread, char *frame, bool left)
{
    unsigned n = 0;

    for (unsigned i = 0; i < memory.n_left; i++)
        if (frame <= memory.left[i].begin || frame > memory.left[i].end + NEAR)
            memory.left[n++] = memory.left[i];
    memory.n_left = n;
    if (left && n < sizeof memory.left / sizeof *memory.left)
        memory.left[memory.n_left++] =
            (struct range){frame - FRAMES, frame, thread};
}

const char *
sim_memory_gone(const void *thread, const volatile void *word)
{
    for (unsigned i = 0; i < memory.n_freed; i++)
        if (is_in(&memory.freed[i], word))
            return "of memory that was freed";
    for (unsigned i = 0; i < memory.n_left; i++)
        if (memory.left[i].thread != thread && is_in(&memory.left[i], word))
            return "of a call that has returned";
    return NULL;
}
