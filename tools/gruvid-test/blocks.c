/* SPDX-License-Identifier: MIT */
/*
 * A hash table in memory of its own.
 *
 * When gruvid has ended, a block of the plugin may be meant to stay: a cache
 * that the plugin keeps as long as the process lives.  It is reached from a
 * variable of an object in memory, also of one of this thread, or is the
 * thread's value of a key, by way of other blocks or not.  A block that nothing
 * reaches is lost.
 *
 * A library may hang a block of the plugin's into a list of its own that is
 * older than the run, so the blocks of all the process are here, from its first
 * on.
 */
#include "gruvid-test/blocks.h"

#include <fcntl.h>
#include <limits.h>
#include <link.h>
#include <pthread.h>
#include <sched.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "gruvid-test/host.h"

#define MOST    ((uint32_t)1 << 20) /* blocks at a time */
#define BUCKETS ((uint32_t)1 << 16)
#define TOLD    20 /* of those that are lost */

struct block {
    void *at;
    size_t size;
    uint32_t next; /* in its bucket, or among those that are free; 0: none */
    bool plugins, reached;
    struct calls calls; /* where it is the plugin's */
};

static struct block *blocks; /* by number, from 1 */
static uint32_t *buckets;    /* number of the first */
static uint32_t n_used, first_free;
static char lock; /* a thread that waits for it lets others run */

static void
take_lock(void)
{
    while (__atomic_test_and_set(&lock, __ATOMIC_ACQUIRE))
        sched_yield();
}

static void
drop_lock(void)
{
    __atomic_clear(&lock, __ATOMIC_RELEASE);
}

/* A thread that has the lock is not there in the child. */
static __attribute__((constructor)) void
keep_lock_at_fork(void)
{
    pthread_atfork(take_lock, drop_lock, drop_lock);
}

/* Before main(), perhaps, and there is no malloc() yet. */
static void
give_up(void)
{
    static const char text[] = "gruvid-test: no memory for the table of "
                               "allocations: see ulimit -v\n";

    (void)!write(STDERR_FILENO, text, sizeof text - 1);
    _exit(1);
}

static void *
map(size_t size)
{
    void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

    if (memory == MAP_FAILED)
        give_up();
    return memory;
}

/* There is no constructor that comes before all allocations. */
static void
open_table(void)
{
    if (blocks != NULL)
        return;
    buckets = map(BUCKETS * sizeof *buckets);
    blocks = map(MOST * sizeof *blocks);
}

static uint32_t *
bucket_of(const void *at)
{
    return &buckets[((uintptr_t)at >> 4) * 2654435761U % BUCKETS];
}

/* 0: there are too many. */
static uint32_t
take_number(void)
{
    uint32_t number = first_free;

    if (number != 0)
        first_free = blocks[number].next;
    else if (n_used + 1 < MOST)
        number = ++n_used;
    return number;
}

void
blocks_add(void *at, size_t size, bool plugins, const struct calls *calls)
{
    uint32_t *bucket, number;

    take_lock();
    open_table();
    bucket = bucket_of(at);
    number = take_number();
    if (number != 0) {
        struct block *block = &blocks[number];

        block->at = at;
        block->size = size;
        block->plugins = plugins;
        block->reached = false;
        if (plugins)
            block->calls = *calls;
        block->next = *bucket;
        *bucket = number;
    }
    drop_lock();
}

bool
blocks_remove(void *at, size_t *size)
{
    uint32_t *link, number;

    take_lock();
    open_table();
    link = bucket_of(at);
    while (*link != 0 && blocks[*link].at != at)
        link = &blocks[*link].next;
    number = *link;
    if (number != 0) {
        if (size != NULL)
            *size = blocks[number].size;
        *link = blocks[number].next;
        blocks[number].at = NULL;
        blocks[number].next = first_free;
        first_free = number;
    }
    drop_lock();
    return number != 0;
}

/* --- what is reached ------------------------------------------------------ */

static int
compare(const void *a, const void *b)
{
    const struct block *x = *(struct block *const *)a;
    const struct block *y = *(struct block *const *)b;

    return x->at < y->at ? -1 : x->at > y->at;
}

static struct block **sorted; /* by address; n_sorted of them */
static size_t n_sorted;
static uintptr_t lowest, highest; /* where they are; highest: the end */

static void
sort_blocks(void)
{
    sorted = map((n_used + 1) * sizeof(struct block *));
    n_sorted = 0;
    for (uint32_t i = 1; i <= n_used; i++)
        if (blocks[i].at != NULL)
            sorted[n_sorted++] = &blocks[i];
    qsort(sorted, n_sorted, sizeof *sorted, compare);
    if (n_sorted == 0)
        return;
    lowest = (uintptr_t)sorted[0]->at;
    highest = (uintptr_t)sorted[n_sorted - 1]->at + sorted[n_sorted - 1]->size;
}

/* The block that an address is in, or NULL.  Most words are no address at all.
 */
static struct block *
block_at(uintptr_t address)
{
    size_t low = 0, high = n_sorted;

    if (address < lowest || address >= highest)
        return NULL;
    while (low < high) {
        size_t middle = (low + high) / 2;
        struct block *block = sorted[middle];

        if (address < (uintptr_t)block->at)
            high = middle;
        else if (address >= (uintptr_t)block->at + block->size)
            low = middle + 1;
        else
            return block;
    }
    return NULL;
}

/* Blocks that are reached, and not looked through. */
static struct block **pending;
static size_t n_pending;

static void
look_through(const void *from, size_t size)
{
    const uintptr_t *words = from;

    for (size_t i = 0; i < size / sizeof *words; i++) {
        struct block *block = block_at(words[i]);

        if (block == NULL || block->reached)
            continue;
        block->reached = true;
        pending[n_pending++] = block;
    }
}

#define PAGE  ((uintptr_t)4096)
#define PAGES 512 /* at a time */

/* Of /proc/self/pagemap: the page is in memory, or in the swap. */
#define IS_THERE ((uint64_t)3 << 62)

/* Variables that nobody has touched point to no block, and most have pages that
 * are not even there. */
static void
look_through_variables(uintptr_t from, uintptr_t end, int pagemap)
{
    uint64_t pages[PAGES];

    while (from < end) {
        uintptr_t page = from & ~(PAGE - 1);
        uintptr_t last = page + PAGES * PAGE < end ? page + PAGES * PAGE : end;
        bool known = pread(pagemap, pages, sizeof pages,
                           (off_t)(page / PAGE * sizeof *pages)) ==
                     (ssize_t)sizeof pages;

        for (size_t i = 0; from < last; i++, from = page) {
            page = (from & ~(PAGE - 1)) + PAGE;
            if (!known || (pages[i] & IS_THERE) != 0)
                look_through((const void *)from,
                             (page < last ? page : last) - from);
        }
        from = last;
    }
}

static int
look_through_object(struct dl_phdr_info *info, size_t size, void *arg)
{
    const int *pagemap = arg;

    (void)size;
    for (unsigned i = 0; i < info->dlpi_phnum; i++) {
        const ElfW(Phdr) *part = &info->dlpi_phdr[i];
        uintptr_t start = info->dlpi_addr + part->p_vaddr;
        uintptr_t aligned = (start + 7) & ~(uintptr_t)7;

        if (part->p_type == PT_LOAD && (part->p_flags & PF_W) != 0)
            look_through_variables(aligned, start + part->p_memsz, *pagemap);
        else if (part->p_type == PT_TLS && info->dlpi_tls_data != NULL)
            look_through(info->dlpi_tls_data, part->p_memsz);
    }
    return 0;
}

/* glibc gives NULL for a key that nobody has made. */
static void
look_through_keys(void)
{
    for (unsigned key = 0; key < PTHREAD_KEYS_MAX; key++) {
        const void *value = pthread_getspecific(key);

        look_through(&value, sizeof value);
    }
}

static void
find_reached(void)
{
    int pagemap = getpagesize() == (int)PAGE
                      ? open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC)
                      : -1;

    sort_blocks();
    pending = map((n_sorted + 1) * sizeof(struct block *));
    dl_iterate_phdr(look_through_object, &pagemap);
    if (pagemap >= 0)
        close(pagemap);
    look_through_keys();
    while (n_pending > 0) {
        const struct block *block = pending[--n_pending];

        look_through(block->at, block->size);
    }
}

void
blocks_tell(void)
{
    size_t bytes = 0, n = 0;
    char text[600];

    find_reached();
    for (size_t i = 0; i < n_sorted; i++) {
        const struct block *block = sorted[i];

        if (!block->plugins || block->reached)
            continue;
        bytes += block->size;
        if (n++ >= TOLD)
            continue;
        stacks_text(&block->calls, text, sizeof text);
        fail("memory was left: %zu bytes, from %s\n", block->size, text);
    }
    if (n > TOLD)
        tell("and more: %zu blocks with %zu bytes in all\n", n, bytes);
}
