/* SPDX-License-Identifier: MIT */
/* Equal lines, counted: see repeat.h. */
#include "log/repeat.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

/* So many texts are counted at once.  A text that finds no place is written. */
#define PLACES 64

#define PERIOD 1.0 /* seconds */

#define SOON 0.01 /* seconds, where it cannot be looked now */

/* A thread that logs spins so often before it writes the line.  In a child
 * after fork() the lock may be held for ever. */
#define TRIES 1000

struct place {
    bool used;
    uint64_t hash;
    double until; /* the end of its second */
    uint64_t more;
    gruvi_log_level_t level;
    char hub[16], group[64], fiber[64], text[1024];
};

static struct place places[PLACES];
static size_t n_counted; /* places with more; atomic */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static bool
try_lock(void)
{
    for (int i = 0; i < TRIES; i++)
        if (pthread_mutex_trylock(&lock) == 0)
            return true;
    return false;
}

/* FNV-1a. */
static uint64_t
hash_of(uint64_t hash, const char *text)
{
    for (; *text != '\0'; text++)
        hash = (hash ^ (unsigned char)*text) * 0x100000001b3;
    return hash;
}

static bool
is_of(const struct place *place, const gruvi_log_record_t *record,
      uint64_t hash)
{
    return place->used && place->hash == hash &&
           place->level == record->level &&
           strcmp(place->hub, record->hub) == 0 &&
           strcmp(place->group, record->group) == 0 &&
           strcmp(place->text, record->message) == 0;
}

/* Under the lock: the place of a text, or one that is free now, or NULL. */
static struct place *
find(const gruvi_log_record_t *record, uint64_t hash, double now)
{
    struct place *free = NULL;

    for (size_t i = 0; i < PLACES; i++) {
        struct place *place = &places[i];

        if (is_of(place, record, hash))
            return place;
        if (!place->used || (place->more == 0 && place->until <= now))
            free = place;
    }
    if (free != NULL)
        free->used = false;
    return free;
}

static void
begin(struct place *place, const gruvi_log_record_t *record, uint64_t hash,
      double now)
{
    *place = (struct place){
        .used = strlen(record->hub) < sizeof place->hub &&
                strlen(record->group) < sizeof place->group &&
                strlen(record->message) < sizeof place->text,
        .hash = hash,
        .until = now + PERIOD,
        .level = record->level,
    };
    if (!place->used)
        return;
    strcpy(place->hub, record->hub);
    strcpy(place->group, record->group);
    strcpy(place->text, record->message);
}

/* Under the lock. */
static enum gruvid__repeat
count(struct place *place, const gruvi_log_record_t *record)
{
    snprintf(place->fiber, sizeof place->fiber, "%s", record->fiber);
    if (place->more++ > 0)
        return GRUVID__REPEAT_COUNTED;
    __atomic_store_n(&n_counted, n_counted + 1, __ATOMIC_RELAXED);
    return GRUVID__REPEAT_FIRST;
}

enum gruvid__repeat
gruvid__repeat_take(const gruvi_log_record_t *record, double now)
{
    enum gruvid__repeat result = GRUVID__REPEAT_NEW;
    uint64_t hash;
    struct place *place;

    if (record->group[0] == '\0')
        return result;
    hash = hash_of(hash_of(0xcbf29ce484222325, record->group), record->message);
    if (!try_lock())
        return result;
    place = find(record, hash, now);
    if (place != NULL && place->used && (place->more > 0 || now < place->until))
        result = count(place, record);
    else if (place != NULL)
        begin(place, record, hash, now);
    pthread_mutex_unlock(&lock);
    return result;
}

double
gruvid__repeat_due(double now)
{
    double due = -1;

    if (__atomic_load_n(&n_counted, __ATOMIC_RELAXED) == 0)
        return due;
    if (!try_lock())
        return SOON;
    for (size_t i = 0; i < PLACES; i++) {
        double left = places[i].until - now;

        if (places[i].used && places[i].more > 0 && (due < 0 || left < due))
            due = left > 0 ? left : 0;
    }
    pthread_mutex_unlock(&lock);
    return due;
}

/* Under the lock: take out what a place has counted.  Another second begins. */
static bool
take_out(struct place *place, double now, bool all, struct place *counted)
{
    if (!place->used || place->more == 0 || (!all && place->until > now))
        return false;
    *counted = *place;
    place->more = 0;
    place->until = now + PERIOD;
    __atomic_store_n(&n_counted, n_counted - 1, __ATOMIC_RELAXED);
    return true;
}

static void
tell_one(const struct place *counted,
         void (*tell)(const gruvi_log_record_t *record))
{
    char text[sizeof counted->text + 64];
    gruvi_log_record_t record = {
        .level = counted->level,
        .hub = counted->hub,
        .fiber = counted->fiber,
        .group = counted->group,
        .message = text,
    };

    snprintf(text, sizeof text, "%s (%llu more in the last second)",
             counted->text, (unsigned long long)counted->more);
    clock_gettime(CLOCK_REALTIME, &record.time);
    tell(&record);
}

void
gruvid__repeat_tell(double now, bool all,
                    void (*tell)(const gruvi_log_record_t *record))
{
    for (size_t i = 0; i < PLACES; i++) {
        struct place counted;
        bool found;

        if (__atomic_load_n(&n_counted, __ATOMIC_RELAXED) == 0 || !try_lock())
            return;
        found = take_out(&places[i], now, all, &counted);
        pthread_mutex_unlock(&lock);
        if (found)
            tell_one(&counted, tell);
    }
}
