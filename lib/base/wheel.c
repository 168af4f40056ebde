/* SPDX-License-Identifier: MIT */
/*
 * The deadlines of a hub: a hierarchical timing wheel with arrays for buckets.
 *
 *   level 0   256 slots of 1 tick         up to 16.8 ms ahead
 *   level 1   256 slots of 256 ticks      up to 4.3 s
 *   level 2   256 slots of 65,536 ticks   up to 18 min, and so on
 *
 * A deadline goes to the lowest level that reaches it, so it is armed by
 * appending to one array, whatever else is armed.  When time reaches a slot of
 * a higher level, its deadlines move down; most are disarmed long before.  A
 * bit a slot says which are occupied, so empty slots cost nothing.
 *
 * Arrays and not lists, because of the processor's cache: a walk along a list
 * is one miss after another, and unlinking a deadline touches its neighbours.
 * From an array the next deadlines are fetched ahead, and a disarmed deadline
 * leaves a hole.  With 100,000 fibers that sleep from 1 to 10 ms a core woke
 * 1.0 million a second, and 0.31 with the pairing heap that was here before;
 * with 10,000 fibers, 1.3 and 0.53 (bench_fiber sleep, in one run on a busy
 * machine).  A prototype with linked slots took twice as long as with arrays.
 *
 * Arrays grow, and there may be no memory: such a deadline goes to a list that
 * is searched each time.
 */
#include <stdlib.h>
#include <string.h>

#include "base/wheel.h"

#define LEVELS GRUVI__WHEEL_LEVELS
#define SLOTS  GRUVI__WHEEL_SLOTS
#define SPILL  (LEVELS * SLOTS) /* deadline->bucket in wheel->spill */

#define ROOM_FIRST 16u   /* entries of a new array */
#define ROOM_SPARE 4096u /* the largest array kept for another bucket */
#define AHEAD      8u    /* how far ahead deadlines are fetched */

/* The first tick that begins at due or later: a deadline is never early. */
static inline uint64_t
tick_of(uint64_t due)
{
    const uint64_t mask = ((uint64_t)1 << GRUVI__TICK_SHIFT) - 1;

    return (due >> GRUVI__TICK_SHIFT) + ((due & mask) != 0);
}

void
gruvi__wheel_init(struct gruvi__wheel *wheel)
{
    wheel->event = UINT64_MAX;
    gruvi__list_init(&wheel->spill);
}

void
gruvi__wheel_start(struct gruvi__wheel *wheel, uint64_t now)
{
    if (now >> GRUVI__TICK_SHIFT > wheel->done)
        wheel->done = now >> GRUVI__TICK_SHIFT;
}

void
gruvi__wheel_destroy(struct gruvi__wheel *wheel)
{
    for (unsigned i = 0; i < LEVELS * SLOTS; i++)
        free(wheel->buckets[i].entries);
    free(wheel->spare.entries);
}

/* --- buckets -------------------------------------------------------------- */

static inline void
place(struct gruvi__bucket *bucket, struct gruvi__deadline *deadline)
{
    deadline->index = bucket->n;
    bucket->entries[bucket->n++] = deadline;
}

/* Close the holes.  Not while the bucket fires: firing goes by index. */
static void
compact(struct gruvi__bucket *bucket)
{
    uint32_t n = bucket->n;

    bucket->n = 0;
    for (uint32_t i = 0; i < n; i++)
        if (bucket->entries[i] != NULL)
            place(bucket, bucket->entries[i]);
}

/* There is no room: make some.  False without memory. */
static __attribute__((noinline)) bool
make_room(struct gruvi__wheel *wheel, struct gruvi__bucket *bucket)
{
    struct gruvi__deadline **entries;
    uint32_t room;

    if (bucket->room == 0 && wheel->spare.room > 0) {
        *bucket = wheel->spare;
        wheel->spare = (struct gruvi__bucket){NULL, 0, 0};
        return true;
    }
    if (bucket != wheel->firing) {
        compact(bucket);
        if (bucket->n < bucket->room / 2)
            return true;
    }
    room = bucket->room == 0 ? ROOM_FIRST : 2 * bucket->room;
    entries = realloc(bucket->entries, room * sizeof(*entries));
    if (entries == NULL)
        return bucket->n < bucket->room;
    bucket->entries = entries;
    bucket->room = room;
    return true;
}

static inline void
set_occupied(struct gruvi__wheel *wheel, uint32_t index)
{
    wheel->occupied[index / SLOTS][index % SLOTS / 64] |= (uint64_t)1
                                                          << index % 64;
}

/* Keep its array for the next bucket that needs one: other slots are occupied
 * as time goes on. */
static void
set_empty(struct gruvi__wheel *wheel, uint32_t index)
{
    struct gruvi__bucket *bucket = &wheel->buckets[index], spare;

    wheel->occupied[index / SLOTS][index % SLOTS / 64] &=
        ~((uint64_t)1 << index % 64);
    bucket->n = 0;
    if (bucket->room > wheel->spare.room && bucket->room <= ROOM_SPARE) {
        spare = wheel->spare;
        wheel->spare = *bucket;
        *bucket = spare;
    }
    if (bucket->room > ROOM_FIRST) {
        free(bucket->entries);
        *bucket = (struct gruvi__bucket){NULL, 0, 0};
    }
}

/* --- arming and disarming ------------------------------------------------- */

static void
spill(struct gruvi__wheel *wheel, struct gruvi__deadline *deadline)
{
    deadline->bucket = SPILL;
    gruvi__list_add(&wheel->spill, &deadline->link);
}

/* Put it where it belongs, seen from wheel->done. */
static inline void
file(struct gruvi__wheel *wheel, struct gruvi__deadline *deadline)
{
    uint64_t tick = tick_of(deadline->due), start;
    struct gruvi__bucket *bucket;
    unsigned level;

    if (tick <= wheel->done)
        tick = wheel->done + 1;
    /* The lowest level whose slot is at most SLOTS slots ahead. */
    level = (63u - (unsigned)__builtin_clzll((tick - wheel->done - 1) | 1)) / 8;
    start = tick >> 8 * level;
    deadline->bucket = level * SLOTS + (uint32_t)(start % SLOTS);
    bucket = &wheel->buckets[deadline->bucket];
    if (__builtin_expect(bucket->n == bucket->room, 0) &&
        !make_room(wheel, bucket)) {
        spill(wheel, deadline);
        return;
    }
    if (bucket->n == 0)
        set_occupied(wheel, deadline->bucket);
    place(bucket, deadline);
    start <<= 8 * level;
    if (start < wheel->event)
        wheel->event = start;
}

void
gruvi__wheel_arm(struct gruvi__wheel *wheel, struct gruvi__deadline *deadline,
                 uint64_t due)
{
    deadline->due = due;
    file(wheel, deadline);
}

void
gruvi__wheel_disarm(struct gruvi__wheel *wheel,
                    struct gruvi__deadline *deadline)
{
    struct gruvi__bucket *bucket;

    deadline->due = 0;
    if (__builtin_expect(deadline->bucket == SPILL, 0)) {
        gruvi__list_remove(&deadline->link);
        return;
    }
    bucket = &wheel->buckets[deadline->bucket];
    bucket->entries[deadline->index] = NULL;
    if (deadline->index + 1 < bucket->n || bucket == wheel->firing)
        return;
    while (bucket->n > 0 && bucket->entries[bucket->n - 1] == NULL)
        bucket->n--;
    if (bucket->n == 0)
        set_empty(wheel, deadline->bucket);
}

/* --- time passes ---------------------------------------------------------- */

/* How many slots after slot from the next occupied one is, itself included:
 * from 0 to 255, or SLOTS where there is none. */
static unsigned
find_occupied(const uint64_t *occupied, unsigned from)
{
    unsigned word = from / 64;
    uint64_t below = ((uint64_t)1 << from % 64) - 1;
    uint64_t bits = occupied[word] & ~below;

    for (unsigned n = 0; n <= SLOTS / 64; n++) {
        if (bits != 0)
            return (word * 64 + (unsigned)__builtin_ctzll(bits) - from) % SLOTS;
        word = (word + 1) % (SLOTS / 64);
        bits = occupied[word];
        if (n + 1 == SLOTS / 64)
            bits &= below;
    }
    return SLOTS;
}

/* The first tick after wheel->done with something to do, and the level; if
 * there are several, the highest, whose deadlines move down. */
static uint64_t
find_event(const struct gruvi__wheel *wheel, unsigned *level)
{
    uint64_t event = UINT64_MAX;

    for (unsigned i = LEVELS; i-- > 0;) {
        const uint64_t *map = wheel->occupied[i];
        uint64_t next = (wheel->done >> 8 * i) + 1;
        unsigned ahead;

        if ((map[0] | map[1] | map[2] | map[3]) == 0)
            continue;
        ahead = find_occupied(map, (unsigned)(next % SLOTS));
        if ((next + ahead) << 8 * i < event) {
            event = (next + ahead) << 8 * i;
            *level = i;
        }
    }
    return event;
}

static inline void
fetch(const struct gruvi__bucket *bucket, uint32_t index)
{
    const char *deadline;

    if (index >= bucket->n)
        return;
    /* And the line in front of it: the one a fiber uses most. */
    deadline = (const char *)bucket->entries[index];
    if (deadline == NULL)
        return;
    __builtin_prefetch(deadline, 1);
    __builtin_prefetch(deadline - 64, 1);
}

/* Time has reached a slot of a higher level. */
static void
move_down(struct gruvi__wheel *wheel, uint32_t index)
{
    struct gruvi__bucket *bucket = &wheel->buckets[index];

    for (uint32_t i = 0; i < bucket->n; i++) {
        fetch(bucket, i + AHEAD);
        if (bucket->entries[i] != NULL)
            file(wheel, bucket->entries[i]);
    }
    set_empty(wheel, index);
}

/* A tick has come.  fire() may arm a deadline in this very bucket, for the next
 * time round: that deadline stays.  Returns how many have fired. */
static unsigned
fire_all(struct gruvi__wheel *wheel, uint32_t index)
{
    struct gruvi__bucket *bucket = &wheel->buckets[index];
    struct gruvi__deadline *deadline;
    uint32_t i, kept = 0;
    unsigned fired = 0;

    wheel->firing = bucket;
    for (i = 0; i < bucket->n; i++) {
        fetch(bucket, i + AHEAD);
        deadline = bucket->entries[i];
        if (deadline == NULL)
            continue;
        bucket->entries[i] = NULL;
        if (tick_of(deadline->due) > wheel->done) {
            deadline->index = kept;
            bucket->entries[kept++] = deadline;
            continue;
        }
        deadline->due = 0;
        deadline->fire(deadline);
        fired++;
    }
    wheel->firing = NULL;
    bucket->n = kept;
    if (kept == 0)
        set_empty(wheel, index);
    return fired;
}

static unsigned
fire_spilled(struct gruvi__wheel *wheel, uint64_t now)
{
    struct gruvi__list all, *link;
    struct gruvi__deadline *deadline;
    unsigned fired = 0;

    gruvi__list_init(&all);
    gruvi__list_splice(&all, &wheel->spill);
    while ((link = gruvi__list_pop(&all)) != NULL) {
        deadline = gruvi__list_entry(link, struct gruvi__deadline, link);
        if (deadline->due > now) {
            file(wheel, deadline); /* there may be memory by now */
            continue;
        }
        deadline->due = 0;
        deadline->fire(deadline);
        fired++;
    }
    return fired;
}

static unsigned
turn(struct gruvi__wheel *wheel, uint64_t until)
{
    unsigned level = 0, fired = 0;
    uint64_t event;
    uint32_t index;

    while ((event = find_event(wheel, &level)) <= until) {
        index = level * SLOTS + (uint32_t)((event >> 8 * level) % SLOTS);
        if (level > 0) {
            wheel->done = event - 1;
            move_down(wheel, index);
        } else {
            wheel->done = event;
            fired += fire_all(wheel, index);
        }
    }
    wheel->event = event;
    return fired;
}

unsigned
gruvi__wheel_expire(struct gruvi__wheel *wheel, uint64_t now)
{
    uint64_t until = now >> GRUVI__TICK_SHIFT;
    unsigned fired = 0;

    if (until >= wheel->event)
        fired = turn(wheel, until);
    if (until > wheel->done)
        wheel->done = until;
    /* Last: deadlines may have moved down to this tick just now. */
    if (!gruvi__list_empty(&wheel->spill))
        fired += fire_spilled(wheel, now);
    return fired;
}

uint64_t
gruvi__wheel_next(const struct gruvi__wheel *wheel)
{
    uint64_t next = wheel->event >= UINT64_MAX >> GRUVI__TICK_SHIFT
                        ? UINT64_MAX
                        : wheel->event << GRUVI__TICK_SHIFT;
    const struct gruvi__list *link;

    for (link = wheel->spill.next; link != &wheel->spill; link = link->next) {
        uint64_t due =
            gruvi__list_entry(link, struct gruvi__deadline, link)->due;

        if (due < next)
            next = due;
    }
    return next;
}
