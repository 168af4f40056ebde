/* SPDX-License-Identifier: MIT */
/*
 * The arena: where stacks come from, and where they go.
 *
 *     release            alloc
 *   fiber -----> cache -------> fiber
 *                  | trim         ^
 *                  v              | alloc, when the cache is empty
 *                cold slots ------+
 *                new slots -------+
 *
 * Slots are carved one after another from extents: mappings that take no memory
 * until they are touched, each twice as large as the one before, so that a
 * million stacks need 15 of them and a handful of stacks 8 MiB of addresses.
 * (A mapping each would cost two system calls a stack and run into
 * vm.max_map_count.)  A slot gets its guard when it is carved and keeps it.
 *
 * A slot is resident while it is given out or cached; its struct gruvi__stack
 * is valid then, and it is in core dumps.  A cold slot has given up all its
 * pages, with that structure; it is a bit in its extent.  Cold slots are taken
 * before new ones.
 */
#include "base/stack.h"

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include <uv.h>
#ifdef HAVE_VALGRIND
#include <valgrind/valgrind.h>
#else
#define RUNNING_ON_VALGRIND              0
#define VALGRIND_STACK_REGISTER(low, up) 0
#define VALGRIND_STACK_DEREGISTER(id)    ((void)(id))
#endif

#include "base/stack_dump.h"
#include "base/stack_guard.h"
#include "base/stack_thin.h"
#include "base/threads.h"

#define FIRST_EXTENT ((size_t)8 << 20)  /* bytes */
#define CACHE_LIMIT  ((size_t)32 << 20) /* bytes of slots of a class */

#define COLOUR_STEP 192u
#define COLOUR_MASK 2047u

struct gruvi__extent {
    struct gruvi__extent *next; /* made before, half as large */
    char *base;
    size_t slots;
    struct gruvi__geometry geometry; /* of each slot */
    size_t guarded;   /* slots below this one have their guards */
    size_t carved;    /* slots below this one were given out */
    size_t cold;      /* how many bits are set */
    size_t cold_from; /* no bit is set in the words below */
    size_t protected; /* guards that are mappings of their own */
    unsigned class_index;
    struct gruvi__stack_dump dump;
    uint64_t is_cold[]; /* a bit a slot */
};

/* Of the whole process, for extents that are made from now on; atomic. */
static size_t least_guard, extra_size;

unsigned gruvi__stack_default_class =
    17 - GRUVI__STACK_SMALLEST_LOG; /* 128 KiB */

static size_t
class_size(unsigned class_index)
{
    return (size_t)1 << (class_index + GRUVI__STACK_SMALLEST_LOG);
}

/* A slot has room for its guard, its top page and two more, also where pages
 * have 64 KiB. */
static unsigned
class_of(size_t size)
{
    unsigned class_index = 0;

    while (class_size(class_index) < size ||
           class_size(class_index) < 4 * gruvi__page_size())
        class_index++;
    return class_index;
}

int
gruvi__stack_set_default_size(size_t size)
{
    if (size < GRUVI__STACK_MIN || size > GRUVI__STACK_MAX)
        return UV_EINVAL;
    gruvi__atomic_store(&gruvi__stack_default_class, class_of(size),
                        __ATOMIC_SEQ_CST);
    return 0;
}

size_t
gruvi__stack_default_size(void)
{
    return class_size(
        gruvi__atomic_load(&gruvi__stack_default_class, __ATOMIC_SEQ_CST));
}

static size_t
whole_pages(size_t size)
{
    return (size + gruvi__page_size() - 1) & ~(gruvi__page_size() - 1);
}

int
gruvi__stack_set_guard_size(size_t size)
{
    if (size > GRUVI__GUARD_MAX)
        return UV_EINVAL;
    gruvi__atomic_store(&least_guard, whole_pages(size), __ATOMIC_SEQ_CST);
    return 0;
}

void
gruvi__stack_set_extra(size_t size)
{
    gruvi__atomic_store(&extra_size, whole_pages(size), __ATOMIC_SEQ_CST);
}

/* A guard that is larger than usual takes nothing from the stack. */
static struct gruvi__geometry
geometry_of(unsigned class_index)
{
    size_t size = class_size(class_index), usual = gruvi__guard_size(size);
    size_t least = gruvi__atomic_load(&least_guard, __ATOMIC_SEQ_CST);
    size_t guard = usual < least ? least : usual;

    return (struct gruvi__geometry){
        .guard = guard,
        .slot = size + (guard - usual) +
                gruvi__atomic_load(&extra_size, __ATOMIC_SEQ_CST),
    };
}

size_t
gruvi__stack_guard_bytes(const struct gruvi__stack *stack)
{
    return stack->extent->geometry.guard;
}

bool
gruvi__stack_guards(const struct gruvi__stack *stack, const void *addr)
{
    uintptr_t low = (uintptr_t)stack->low;

    return (uintptr_t)addr < low &&
           (uintptr_t)addr >= low - stack->extent->geometry.guard;
}

struct gruvi__arena *
gruvi__arena_new(void)
{
    return calloc(1, sizeof(struct gruvi__arena));
}

const char *
gruvi__arena_error(const struct gruvi__arena *arena)
{
    return arena->error;
}

/* The slot becomes resident. */
static struct gruvi__stack *
place(struct gruvi__stack_class *class, struct gruvi__extent *extent,
      size_t slot)
{
    size_t size = extent->geometry.slot;
    char *base = extent->base + slot * size;
    char *end = base + size - (slot * COLOUR_STEP & COLOUR_MASK);
    struct gruvi__stack *stack = (struct gruvi__stack *)(void *)end - 1;
    char *low = base + extent->geometry.guard;

#ifdef GRUVI__ASAN
    __asan_unpoison_memory_region(low, (size_t)(base + size - low));
#endif
    stack->low = low;
    stack->size = class_size(extent->class_index);
    stack->extent = extent;
    stack->class_index = extent->class_index;
    stack->valgrind_id = VALGRIND_STACK_REGISTER(low, base + size - 1);
    gruvi__stack_dump_add(&extent->dump, slot);
    class->resident++;
    return stack;
}

static struct gruvi__stack *
place_cold(struct gruvi__stack_class *class)
{
    struct gruvi__extent *extent = class->extents;
    size_t word, bit;

    while (extent != NULL && extent->cold == 0)
        extent = extent->next;
    if (extent == NULL)
        return NULL;
    word = extent->cold_from;
    while (extent->is_cold[word] == 0)
        word++;
    bit = (size_t)__builtin_ctzll(extent->is_cold[word]);
    extent->is_cold[word] &= extent->is_cold[word] - 1;
    extent->cold_from = word;
    extent->cold--;
    return place(class, extent, word * 64 + bit);
}

/* An extent of up to slots slots: fewer where there is a limit on addresses,
 * or where the kernel accounts for all that is mapped. */
static struct gruvi__extent *
extent_new(unsigned class_index, size_t slots)
{
    struct gruvi__geometry geometry = geometry_of(class_index);
    struct gruvi__extent *extent;
    void *base;

    for (;; slots /= 2) {
        if (slots == 0)
            return NULL;
        base = mmap(NULL, slots * geometry.slot, PROT_READ | PROT_WRITE,
                    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_STACK, -1,
                    0);
        if (base != MAP_FAILED)
            break;
    }
    extent = calloc(1, sizeof(*extent) + (slots + 63) / 64 * sizeof(uint64_t));
    if (extent == NULL) {
        munmap(base, slots * geometry.slot);
        return NULL;
    }
    /* A huge page would make a shallow stack cost 2 MiB.  Kernels that have
     * none refuse, rightly. */
    madvise(base, slots * geometry.slot, MADV_NOHUGEPAGE);
    extent->base = base;
    extent->slots = slots;
    extent->geometry = geometry;
    extent->class_index = class_index;
    gruvi__stack_dump_init(&extent->dump, base, geometry.slot, slots);
    gruvi__stack_thin_add(base, slots * geometry.slot);
    return extent;
}

/* Valgrind keeps a list of stacks, which must not outlive them. */
static void
forget_stacks(const struct gruvi__extent *extent)
{
    size_t size = extent->geometry.slot;
    size_t slot;

    for (slot = 0; slot < extent->carved; slot++) {
        char *end = extent->base + (slot + 1) * size -
                    (slot * COLOUR_STEP & COLOUR_MASK);
        struct gruvi__stack *stack = (struct gruvi__stack *)(void *)end - 1;

        if ((extent->is_cold[slot / 64] >> slot % 64 & 1) == 0)
            VALGRIND_STACK_DEREGISTER(stack->valgrind_id);
    }
}

static void
extent_free(struct gruvi__extent *extent)
{
    size_t size = extent->slots * extent->geometry.slot;

    if (RUNNING_ON_VALGRIND)
        forget_stacks(extent);
#ifdef GRUVI__ASAN
    /* These addresses may be given to other memory. */
    __asan_unpoison_memory_region(extent->base,
                                  extent->carved * extent->geometry.slot);
#endif
    gruvi__stack_thin_remove(extent->base);
    munmap(extent->base, size);
    gruvi__guard_forget(extent->protected);
    free(extent);
}

/* Room in the cache for the slots of one more extent.  Memory that no released
 * stack has reached is not touched. */
static bool
cache_grow(struct gruvi__stack_class *class, const struct gruvi__extent *added)
{
    const struct gruvi__extent *extent;
    struct gruvi__stack **cache;
    size_t slots = added->slots;

    for (extent = class->extents; extent != NULL; extent = extent->next)
        slots += extent->slots;
    cache = realloc(class->cache, slots * sizeof *cache);
    if (cache == NULL)
        return false;
    class->cache = cache;
    return true;
}

static int
add_extent(struct gruvi__arena *arena, unsigned class_index)
{
    struct gruvi__stack_class *class = &arena->classes[class_index];
    size_t slots = FIRST_EXTENT / geometry_of(class_index).slot;
    struct gruvi__extent *extent;

    if (class->extents != NULL)
        slots = 2 * class->extents->slots;
    extent = extent_new(class_index, slots > 0 ? slots : 1);
    if (extent != NULL && !cache_grow(class, extent)) {
        extent_free(extent);
        extent = NULL;
    }
    if (extent == NULL) {
        snprintf(arena->error, sizeof arena->error,
                 "no memory for a fiber's stack of %zu KiB: %s (see ulimit -v "
                 "and vm.overcommit_memory)",
                 class_size(class_index) / 1024, strerror(errno));
        return UV_ENOMEM;
    }
    extent->next = class->extents;
    class->extents = extent;
    arena->used |= 1u << class_index;
    return 0;
}

/*
 * The next slots get their guards, some in advance where many are in use
 * already and one system call does it for all.  Then they get their top pages,
 * too: for the kernel that is less than a fault for each.
 */
static int
guard_more(const struct gruvi__stack_class *class, struct gruvi__extent *extent)
{
    size_t slot = extent->geometry.slot, guard = extent->geometry.guard;
    char *low = extent->base + extent->guarded * slot;
    size_t n = class->resident / 8;
    int made;

    if (n > GRUVI__GUARDS_AT_ONCE)
        n = GRUVI__GUARDS_AT_ONCE;
    if (n > extent->slots - extent->guarded)
        n = extent->slots - extent->guarded;
    if (n > 1 && (n = gruvi__guard_install_many(low, guard, slot, n)) > 0) {
        extent->guarded += n;
        return 0;
    }
    made = gruvi__guard_install(low, guard);
    if (made < 0)
        return made;
    if (made == GRUVI__GUARD_PROTECTED)
        extent->protected ++;
    extent->guarded++;
    return 0;
}

static int
place_new(struct gruvi__arena *arena, unsigned class_index,
          struct gruvi__stack **out)
{
    struct gruvi__stack_class *class = &arena->classes[class_index];
    struct gruvi__extent *extent = class->extents;
    int guard = 0;

    if (extent == NULL || extent->carved == extent->slots) {
        int err = add_extent(arena, class_index);

        if (err < 0)
            return err;
        extent = class->extents;
    }
    if (extent->carved == extent->guarded)
        guard = guard_more(class, extent);
    if (guard < 0) {
        snprintf(arena->error, sizeof arena->error,
                 "no guard for a fiber's stack: %s (Linux before 6.13 needs "
                 "two mappings a stack, vm.max_map_count allows %zu stacks)",
                 guard == UV_EMFILE ? "too many stacks" : "out of memory",
                 gruvi__stack_ceiling());
        return UV_ENOMEM;
    }
    *out = place(class, extent, extent->carved++);
    return 0;
}

int
gruvi__stack_alloc_slowly(struct gruvi__arena *arena, size_t size,
                          struct gruvi__stack **out)
{
    unsigned class_index;

    *out = NULL;
    if (size == 0) {
        class_index =
            gruvi__atomic_load(&gruvi__stack_default_class, __ATOMIC_SEQ_CST);
    } else if (size < GRUVI__STACK_MIN || size > GRUVI__STACK_MAX) {
        snprintf(arena->error, sizeof arena->error,
                 "a fiber's stack of %zu bytes: it must have from 16 KiB to "
                 "1 GiB",
                 size);
        return UV_EINVAL;
    } else {
        class_index = class_of(size);
    }
    *out = gruvi__stack_reuse(&arena->classes[class_index]);
    if (*out == NULL)
        *out = place_cold(&arena->classes[class_index]);
    if (*out == NULL)
        return place_new(arena, class_index, out);
    return 0;
}

size_t
gruvi__arena_given_out(const struct gruvi__arena *arena)
{
    size_t n = 0;
    unsigned i;

    for (i = 0; i < GRUVI__STACK_CLASSES; i++)
        n += arena->classes[i].resident - arena->classes[i].cached;
    return n;
}

/* The slot becomes cold.  False where the memory is locked. */
static bool
give_back(struct gruvi__stack_class *class, struct gruvi__stack *stack)
{
    struct gruvi__extent *extent = stack->extent;
    size_t size = extent->geometry.slot;
    size_t slot = (size_t)(stack->low - extent->base) / size;
    char *end = extent->base + (slot + 1) * size;
    unsigned valgrind_id = stack->valgrind_id;

    if (madvise(stack->low, (size_t)(end - stack->low), MADV_DONTNEED) != 0)
        return false;
    VALGRIND_STACK_DEREGISTER(valgrind_id);
    extent->is_cold[slot / 64] |= (uint64_t)1 << slot % 64;
    extent->cold++;
    if (extent->cold_from > slot / 64)
        extent->cold_from = slot / 64;
    gruvi__stack_dump_remove(&extent->dump, slot);
    class->resident--;
    return true;
}

static size_t
surplus(const struct gruvi__stack_class *class, unsigned class_index)
{
    size_t given_out = class->resident - class->cached;
    size_t limit = CACHE_LIMIT / class_size(class_index);

    if (limit < given_out)
        limit = given_out;
    if (limit == 0)
        limit = 1;
    return class->cached > limit ? class->cached - limit : 0;
}

size_t
gruvi__arena_trim(struct gruvi__arena *arena, size_t max)
{
    size_t rest = 0;
    unsigned used = arena->used;

    for (; used != 0; used &= used - 1) {
        unsigned class_index = (unsigned)__builtin_ctz(used);
        struct gruvi__stack_class *class = &arena->classes[class_index];
        size_t n = surplus(class, class_index);

        for (; n > 0 && max > 0; n--, max--) {
            struct gruvi__stack *stack = gruvi__stack_reuse(class);

            if (!give_back(class, stack)) {
                gruvi__stack_release(arena, stack);
                return 0;
            }
        }
        rest += n;
    }
    return rest;
}

void
gruvi__arena_free(struct gruvi__arena *arena)
{
    unsigned i;

    if (arena == NULL)
        return;
    for (i = 0; i < GRUVI__STACK_CLASSES; i++) {
        struct gruvi__extent *extent = arena->classes[i].extents;

        while (extent != NULL) {
            struct gruvi__extent *next = extent->next;

            extent_free(extent);
            extent = next;
        }
        free(arena->classes[i].cache);
    }
    free(arena);
}
