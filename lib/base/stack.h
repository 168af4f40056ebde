/* SPDX-License-Identifier: MIT */
/*
 * The stacks of one hub's fibers: an arena, not thread-safe.
 *
 * A slot is a power of two in size, from 16 KiB to 1 GiB, unless its guard is
 * to be larger than usual, or stacks are to have something extra:
 *
 *   slot            low                                             slot + size
 *   | guard         | usable                 | control block | colour         |
 *                                            |  ...  | stack |
 *
 * The usual guard is an eighth of the slot, one page at least and 64 KiB at
 * most; it is taken from the size that was asked for.  The owner's control
 * block lies at the upper end, and struct gruvi__stack is its last member, so
 * that a shallow fiber needs one page for everything, and no other memory. The
 * colour shifts the upper ends of neighbours against each other by multiples of
 * 64 bytes, up to 2 KiB: stacks that all ended at the same offset in a page
 * would fight for the same few sets of the cache.
 *
 * A released stack goes to the cache of its size, last in, first out.  A cached
 * stack keeps its pages.  gruvi__arena_trim() gives the pages of surplus stacks
 * back to the system; such a slot keeps only its guard.
 */
#ifndef GRUVI_BASE_STACK_H
#define GRUVI_BASE_STACK_H

#include <stdbool.h>
#include <stddef.h>

#include "base/context_tools.h"
#include "base/threads.h"

#define GRUVI__STACK_MIN          ((size_t)16 << 10)
#define GRUVI__STACK_MAX          ((size_t)1 << 30)
#define GRUVI__GUARD_MAX          ((size_t)64 << 20)
#define GRUVI__STACK_DEFAULT      ((size_t)128 << 10)
#define GRUVI__STACK_SMALLEST_LOG 14
#define GRUVI__STACK_CLASSES      17

struct gruvi__extent;

struct gruvi__geometry {
    size_t slot, guard; /* bytes, whole pages */
};

/* The last member of the owner's control block. */
struct gruvi__stack {
    char *low;   /* lowest usable byte, above the guard */
    size_t size; /* as asked for: with a usual guard, no extra */
    struct gruvi__extent *extent;
    unsigned valgrind_id;
    unsigned class_index;
};

/*
 * The stacks of one size.  The cache is an array, with room for all of them: a
 * list through the stacks would have the processor wait for one stack to learn
 * where the next is, which takes 100 ns each where there are ten thousand.
 */
struct gruvi__stack_class {
    struct gruvi__stack **cache;
    size_t cached;
    size_t resident;               /* given out or in the cache */
    struct gruvi__extent *extents; /* the newest first */
};

struct gruvi__arena {
    struct gruvi__stack_class classes[GRUVI__STACK_CLASSES];
    unsigned used; /* bit i: classes[i] has extents */
    char error[256];
};

/* NULL without memory. */
struct gruvi__arena *gruvi__arena_new(void);

/* Unmaps all stacks, released or not. */
void gruvi__arena_free(struct gruvi__arena *arena);

/*
 * Give all pages of up to max cached stacks back to the system.  Only stacks
 * beyond the cache's limit go: 32 MiB of slots of a size, or as many slots as
 * are given out, if that is more.  For an idle hub; half a microsecond a stack.
 *
 * Returns how many are still beyond the limit.
 */
size_t gruvi__arena_trim(struct gruvi__arena *arena, size_t max);

/* How many stacks have not been released. */
size_t gruvi__arena_given_out(const struct gruvi__arena *arena);

/* Why the last gruvi__stack_alloc() failed: a sentence, until the next call. */
const char *gruvi__arena_error(const struct gruvi__arena *arena);

/* The size of a stack when none is asked for, of the whole process.
 * UV_EINVAL under 16 KiB or over 1 GiB; rounded up to a power of two. */
int gruvi__stack_set_default_size(size_t size);
size_t gruvi__stack_default_size(void);

/* "MADV_GUARD_INSTALL", or "mprotect" on Linux before 6.13. */
const char *gruvi__stack_guard_mode(void);

/*
 * Guards have size bytes at least, of the whole process, and stacks have extra
 * usable bytes that nobody asked for.  Both are added to the slots, of extents
 * that are made from now on.  UV_EINVAL over GRUVI__GUARD_MAX.
 */
int gruvi__stack_set_guard_size(size_t size);
void gruvi__stack_set_extra(size_t size);

/* The size of its guard. */
size_t gruvi__stack_guard_bytes(const struct gruvi__stack *stack);

/* How many stacks the process can have: with mprotect each takes two of
 * vm.max_map_count mappings; SIZE_MAX otherwise. */
size_t gruvi__stack_ceiling(void);

/* For tests: act as on an older kernel from now on. */
void gruvi__stack_force_mprotect(bool force);

/*
 * A stack of size bytes, 0 for the default, rounded up to a power of two.
 * Its memory holds what its last user left, or zeros.
 *
 * Returns 0 and *out, or, with *out NULL, UV_EINVAL (under 16 KiB or over
 * 1 GiB) or UV_ENOMEM; gruvi__arena_error() says more.
 */
static inline int gruvi__stack_alloc(struct gruvi__arena *arena, size_t size,
                                     struct gruvi__stack **out);

/* The stack goes to the cache; the caller may not use it any more. */
static inline void gruvi__stack_release(struct gruvi__arena *arena,
                                        struct gruvi__stack *stack);

/*
 * The control block of a stack:
 *
 *   struct gruvi_fiber { ...; struct gruvi__stack stack; };
 *   GRUVI__STACK_LAST(struct gruvi_fiber, stack);
 *   fiber = gruvi__stack_control(stack, struct gruvi_fiber, stack);
 *   gruvi__context_make(&fiber->context, stack->low, fiber, entry);
 *
 * It is aligned to 64 bytes if its size is a multiple of 64.
 */
#define gruvi__stack_control(stack, type, member)                              \
    ((type *)(void *)((char *)(stack)-offsetof(type, member)))
#define GRUVI__STACK_LAST(type, member)                                        \
    _Static_assert(offsetof(type, member) + sizeof(struct gruvi__stack) ==     \
                           sizeof(type) &&                                     \
                       sizeof(type) <= 1536,                                   \
                   "the stack is the last member of a small control block")

/* Whether addr lies in the guard of the stack.  Async-signal-safe. */
bool gruvi__stack_guards(const struct gruvi__stack *stack, const void *addr);

/* The index of the default size in gruvi__arena.classes; atomic. */
extern unsigned gruvi__stack_default_class
    __attribute__((visibility("hidden")));

int gruvi__stack_alloc_slowly(struct gruvi__arena *arena, size_t size,
                              struct gruvi__stack **out);

/* Take the stack that was released last, or NULL. */
static inline struct gruvi__stack *
gruvi__stack_reuse(struct gruvi__stack_class *class)
{
    struct gruvi__stack *stack;

    if (__builtin_expect(class->cached == 0, 0))
        return NULL;
    stack = class->cache[--class->cached];
    if (stack == NULL)
        __builtin_unreachable(); /* spares the caller a look */
#ifdef GRUVI__ASAN
    /* The frames of the fiber that ended here never returned. */
    __asan_unpoison_memory_region(stack->low,
                                  (size_t)((char *)stack - stack->low));
#endif
    return stack;
}

/* A stack of the default size that was used before, or NULL. */
static inline struct gruvi__stack *
gruvi__stack_reuse_default(struct gruvi__arena *arena)
{
    unsigned i =
        gruvi__atomic_load(&gruvi__stack_default_class, __ATOMIC_RELAXED);

    return gruvi__stack_reuse(&arena->classes[i]);
}

static inline int
gruvi__stack_alloc(struct gruvi__arena *arena, size_t size,
                   struct gruvi__stack **out)
{
    if (__builtin_expect(size == 0, 1)) {
        *out = gruvi__stack_reuse_default(arena);
        if (__builtin_expect(*out != NULL, 1))
            return 0;
    }
    return gruvi__stack_alloc_slowly(arena, size, out);
}

static inline void
gruvi__stack_release(struct gruvi__arena *arena, struct gruvi__stack *stack)
{
    struct gruvi__stack_class *class = &arena->classes[stack->class_index];

    class->cache[class->cached++] = stack;
}

#endif
