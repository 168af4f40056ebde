/* SPDX-License-Identifier: MIT */
/* The ring: an entry and the bytes of its line, one after the other, both
 * perhaps around the end. */
#include "log/ring.h"

#include "log/wrap.h"

/* Memory is touched only as far as lines wait. */
#define SIZE ((size_t)4 << 20)

static char ring[SIZE];
static uint64_t head, tail; /* bytes put and taken; both 0 when it is empty */

static void
copy_in(const void *from, size_t n)
{
    gruvid__wrap_in(ring, SIZE, head, from, n);
    head += n;
}

static void
copy_out(void *to, uint64_t from, size_t n)
{
    gruvid__wrap_out(to, ring, SIZE, from, n);
}

bool
gruvid__ring_put(const char *line, size_t length, uint64_t lost)
{
    struct gruvid__ring_entry entry = {(uint32_t)length, (uint32_t)lost};

    if (sizeof entry + length > SIZE - (head - tail))
        return false;
    copy_in(&entry, sizeof entry);
    copy_in(line, length);
    return true;
}

bool
gruvid__ring_first(struct gruvid__ring_entry *entry)
{
    if (tail == head)
        return false;
    copy_out(entry, tail, sizeof *entry);
    return true;
}

void
gruvid__ring_take(char *to)
{
    struct gruvid__ring_entry entry;

    if (!gruvid__ring_first(&entry))
        return;
    copy_out(to, tail + sizeof entry, entry.length);
    tail += sizeof entry + entry.length;
    if (tail == head)
        gruvid__ring_clear(); /* the next lines get pages that are in use */
}

void
gruvid__ring_clear(void)
{
    head = tail = 0;
}
