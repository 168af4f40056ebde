/* SPDX-License-Identifier: MIT */
/* What of an extent is in core dumps: see stack_dump.h. */
#include "base/stack_dump.h"

#include <string.h>
#include <sys/mman.h>

#include "base/stack_thin.h"

/* A chunk has that many bytes at least, where a slot is not larger. */
#define LEAST_CHUNK ((size_t)1 << 20)

void
gruvi__stack_dump_init(struct gruvi__stack_dump *dump, char *base, size_t slot,
                       size_t slots)
{
    memset(dump, 0, sizeof *dump);
    dump->base = base;
    dump->slot = slot;
    dump->size = slot * slots;
    while (slot << dump->chunk_log < LEAST_CHUNK ||
           slots > (size_t)GRUVI__DUMP_CHUNKS << dump->chunk_log)
        dump->chunk_log++;
    madvise(base, dump->size, MADV_DONTDUMP);
}

/* A refusal changes what a core has, and nothing else. */
static void
advise(const struct gruvi__stack_dump *dump, size_t chunk, int advice)
{
    size_t size = dump->slot << dump->chunk_log;
    size_t from = chunk * size;

    madvise(dump->base + from,
            dump->size - from < size ? dump->size - from : size, advice);
}

void
gruvi__stack_dump_add(struct gruvi__stack_dump *dump, size_t i)
{
    size_t chunk = i >> dump->chunk_log;

    if (dump->used[chunk]++ == 0)
        advise(dump, chunk, MADV_DODUMP);
    gruvi__stack_thin_keep(dump->base + i * dump->slot, dump->slot);
}

void
gruvi__stack_dump_remove(struct gruvi__stack_dump *dump, size_t i)
{
    size_t chunk = i >> dump->chunk_log;

    if (--dump->used[chunk] == 0)
        advise(dump, chunk, MADV_DONTDUMP);
}
