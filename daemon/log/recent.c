/* SPDX-License-Identifier: MIT */
/*
 * A ring of records.
 *
 *   entry | hub \0 group \0 fiber \0 message \0 | entry | ...
 *
 * An entry and its texts may lie around the end of the ring.  The oldest ones
 * make room for a new one.  A reader copies all of the ring under the lock,
 * which takes some 20 us, and looks at the copy.
 */
#include "log/recent.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include <uv.h>

#include "log/wrap.h"

#define SIZE ((size_t)256 << 10)

/* Bytes of a text that are kept. */
#define MOST_TEXT 1024

#define TEXTS 4

struct entry {
    uint32_t length; /* of the texts, with their ends */
    int level;
    struct timespec time;
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static char ring[SIZE];
static uint64_t head, tail; /* bytes that were put, and given up */
static uint64_t last, n;    /* the last line's number; lines in the ring */

/* --- a ring, or its copy -------------------------------------------------- */

static void
copy_in(const void *from, size_t length)
{
    gruvid__wrap_in(ring, SIZE, head, from, length);
    head += length;
}

static void
copy_out(void *to, const char *from, uint64_t at, size_t length)
{
    gruvid__wrap_out(to, from, SIZE, at, length);
}

static uint64_t
behind(const char *from, uint64_t at, struct entry *entry)
{
    copy_out(entry, from, at, sizeof *entry);
    return at + sizeof *entry + entry->length;
}

/* --- putting -------------------------------------------------------------- */

static void
make_room(size_t length)
{
    struct entry oldest;

    for (; head + length - tail > SIZE; n--)
        tail = behind(ring, tail, &oldest);
}

void
gruvid__recent_put(const gruvi_log_record_t *record)
{
    const char *texts[TEXTS] = {record->hub, record->group, record->fiber,
                                record->message};
    struct entry entry = {.level = (int)record->level, .time = record->time};
    size_t lengths[TEXTS];

    for (size_t i = 0; i < TEXTS; i++) {
        lengths[i] = strnlen(texts[i], MOST_TEXT);
        entry.length += (uint32_t)lengths[i] + 1;
    }
    pthread_mutex_lock(&lock);
    make_room(sizeof entry + entry.length);
    copy_in(&entry, sizeof entry);
    for (size_t i = 0; i < TEXTS; i++) {
        copy_in(texts[i], lengths[i]);
        copy_in("", 1);
    }
    last++;
    n++;
    pthread_mutex_unlock(&lock);
}

/* --- reading -------------------------------------------------------------- */

/* The ring, as it was at one time. */
struct copy {
    char *bytes;
    uint64_t head, tail, last, n;
};

static bool
take_copy(struct copy *copy)
{
    copy->bytes = malloc(SIZE);
    if (copy->bytes == NULL)
        return false;
    pthread_mutex_lock(&lock);
    copy->head = head;
    copy->tail = tail;
    copy->last = last;
    copy->n = n;
    /* As far as it was ever written. */
    memcpy(copy->bytes, ring, head < SIZE ? head : SIZE);
    pthread_mutex_unlock(&lock);
    return true;
}

/* A line with its texts, in one piece of memory. */
static struct gruvid__kept *
make_line(const struct copy *copy, uint64_t at, uint64_t number)
{
    struct entry entry;
    struct gruvid__kept *kept;
    const char **texts[TEXTS];
    char *text;

    behind(copy->bytes, at, &entry);
    kept = malloc(sizeof *kept + entry.length);
    if (kept == NULL)
        return NULL;
    memset(kept, 0, sizeof *kept);
    text = (char *)(kept + 1);
    copy_out(text, copy->bytes, at + sizeof entry, entry.length);
    kept->number = number;
    kept->record.level = (gruvi_log_level_t)entry.level;
    kept->record.time = entry.time;
    texts[0] = &kept->record.hub;
    texts[1] = &kept->record.group;
    texts[2] = &kept->record.fiber;
    texts[3] = &kept->record.message;
    for (size_t i = 0; i < TEXTS; i++) {
        *texts[i] = text;
        text += strlen(text) + 1;
    }
    return kept;
}

void
gruvid__recent_free(struct gruvid__kept *first)
{
    while (first != NULL) {
        struct gruvid__kept *next = first->next;

        free(first);
        first = next;
    }
}

int
gruvid__recent_copy(uint64_t after, size_t most, struct gruvid__kept **first)
{
    struct gruvid__kept **end = first;
    struct copy copy;
    uint64_t at, number;
    int err = 0;

    *first = NULL;
    if (!take_copy(&copy))
        return UV_ENOMEM;
    at = copy.tail;
    number = copy.last - copy.n + 1;
    for (; at < copy.head && err == 0; number++) {
        struct entry entry;
        uint64_t next = behind(copy.bytes, at, &entry);

        if (number > after && copy.last - number < most) {
            *end = make_line(&copy, at, number);
            err = *end == NULL ? UV_ENOMEM : 0;
            end = err == 0 ? &(*end)->next : end;
        }
        at = next;
    }
    free(copy.bytes);
    if (err < 0) {
        gruvid__recent_free(*first);
        *first = NULL;
    }
    return err;
}
