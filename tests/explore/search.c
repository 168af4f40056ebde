/* SPDX-License-Identifier: MIT */
/*
 * Three ways through the schedules of a case.
 *
 *   all      depth first, with a bound on interruptions: that is to take the
 *            baton from a thread that could go on, to let a timeout pass while
 *            another could, or a disturbance.  Most mistakes need one or two.
 *   seed     at random.  The seed also says how: anyone each time; mostly the
 *            same thread; or by priorities that change a few times in a
 *            schedule, which finds a mistake that needs d orders with a chance
 *            that falls with the power d - 1 of its length (PCT; Burckhardt and
 *            others, 2010).
 *   replay   as a text says.
 */
#include "explore/search.h"

#include <limits.h>
#include <stddef.h>
#include <string.h>

#include "explore/sim.h"

#define DEPTH   (64u * 1024)
#define CHANGES 3 /* of priorities in a schedule */

struct level {
    unsigned char n, usual, taken;
    unsigned char spent; /* interruptions before this one */
};

static struct {
    enum { ALL, SEED, REPLAY } way;

    /* ALL: the path that is taken; up to forced it is given. */
    struct level path[DEPTH];
    unsigned depth, forced;
    int bound;
    bool cut; /* the bound has left some out */

    /* SEED */
    uint64_t state;
    unsigned sticky; /* one in so many draws is free; 0: by priority */
    unsigned draws, changes[CHANGES];
    uint64_t priority[SIM_THREADS], lowest;
    unsigned
        disturb[SIM_DISTURBANCES]; /* from which draw on; UINT_MAX: never */

    const char *text; /* REPLAY: the rest */
} search;

/* --- all ------------------------------------------------------------------ */

void
search_begin_all(int bound)
{
    search.way = ALL;
    search.bound = bound;
    search.depth = search.forced = 0;
    search.cut = false;
}

/* What a level has spent with the one that it has taken. */
static int
spent(const struct level *level)
{
    return level->spent + (level->taken >= level->usual);
}

bool
search_next(void)
{
    while (search.depth > 0) {
        struct level *last = &search.path[search.depth - 1];

        if (last->taken + 1u < last->n) {
            last->taken++;
            if (spent(last) <= search.bound) {
                search.forced = search.depth;
                search.depth = 0;
                return true;
            }
            search.cut = true;
        }
        search.depth--;
    }
    return false;
}

bool
search_complete(void)
{
    return !search.cut;
}

static unsigned
choose_next(const struct choice *choice)
{
    struct level *level = &search.path[search.depth];

    if (search.depth == DEPTH)
        sim_fail("the schedule is too long");
    if (search.depth >= search.forced) {
        *level = (struct level){
            .n = (unsigned char)choice->n,
            .usual = (unsigned char)choice->usual,
        };
        if (search.depth > 0)
            level->spent = (unsigned char)spent(level - 1);
    } else if (level->n != choice->n || level->usual != choice->usual) {
        sim_fail("the same schedule does not do the same again");
    }
    search.depth++;
    return level->taken;
}

/* --- at random ------------------------------------------------------------ */

/* SplitMix64, by Sebastiano Vigna. */
static uint64_t
random_number(void)
{
    uint64_t mixed = search.state += 0x9e3779b97f4a7c15;

    mixed = (mixed ^ (mixed >> 30)) * 0xbf58476d1ce4e5b9;
    mixed = (mixed ^ (mixed >> 27)) * 0x94d049bb133111eb;
    return mixed ^ (mixed >> 31);
}

static unsigned
below(unsigned n)
{
    return (unsigned)(random_number() % n);
}

void
search_begin_seed(uint64_t seed, unsigned points)
{
    static const unsigned ways[] = {1, 4, 16, 0};

    search.way = SEED;
    search.state = seed;
    random_number();
    search.sticky = ways[seed % 4];
    search.draws = 0;
    search.lowest = (uint64_t)2 * SIM_THREADS;
    for (int i = 0; i < SIM_THREADS; i++)
        search.priority[i] = random_number() | (uint64_t)1 << 32;
    for (int i = 0; i < CHANGES; i++)
        search.changes[i] = below(points + 1);
    for (unsigned i = 0, n = below(SIM_DISTURBANCES + 1); i < SIM_DISTURBANCES;
         i++)
        search.disturb[i] = i < n ? below(points + 1) : UINT_MAX;
}

static uint64_t
priority(const struct choice *choice, unsigned i)
{
    return search.priority[choice->letters[i] - 'a'];
}

/* Of the first n, that of the highest priority. */
static unsigned
highest(const struct choice *choice, unsigned n)
{
    unsigned best = 0;

    for (unsigned i = 1; i < n; i++)
        if (priority(choice, i) > priority(choice, best))
            best = i;
    return best;
}

static unsigned
choose_by_priority(const struct choice *choice, unsigned n)
{
    unsigned i = highest(choice, n);

    for (int k = 0; k < CHANGES; k++)
        if (search.changes[k] == search.draws) {
            search.priority[choice->letters[i] - 'a'] = --search.lowest;
            i = highest(choice, n);
        }
    return i;
}

/* Whether this draw is a disturbance: the first that can be, from one that was
 * drawn before. */
static bool
disturbs(const struct choice *choice)
{
    for (int k = 0; k < SIM_DISTURBANCES && choice->called < choice->n; k++)
        if (search.disturb[k] <= search.draws) {
            search.disturb[k] = UINT_MAX;
            return true;
        }
    return false;
}

/* Who is late is so rarely, where others can go on. */
static unsigned
choose_random(const struct choice *choice)
{
    unsigned n = choice->on_time, called = choice->called;

    search.draws++;
    if (disturbs(choice))
        return called + below(choice->n - called);
    if (n == 0 || (n < called && below(12) == 0))
        return n + below(called - n);
    if (search.sticky == 0)
        return choose_by_priority(choice, n);
    return below(search.sticky) == 0 ? below(n) : 0;
}

/* --- replay --------------------------------------------------------------- */

/* "a3b" is "aaab". */
static char schedule[DEPTH];

void
search_begin_replay(const char *text)
{
    size_t used = 0;
    int last = 0;

    search.way = REPLAY;
    for (; *text != '\0'; text++) {
        unsigned n = 0;

        if (*text >= '0' && *text <= '9') {
            for (; *text >= '0' && *text <= '9'; text++)
                n = n * 10 + (unsigned)(*text - '0');
            text--;
            for (; n > 1 && used < DEPTH - 1; n--)
                schedule[used++] = (char)last;
        } else if (used < DEPTH - 1) {
            schedule[used++] = *text;
            last = (unsigned char)*text;
        }
    }
    schedule[used] = '\0';
    search.text = schedule;
}

/* What comes after the text interrupts nobody. */
static unsigned
choose_as_told(const struct choice *choice)
{
    unsigned i = 0;

    if (*search.text == '\0')
        return 0;
    while (i < choice->n && choice->letters[i] != *search.text)
        i++;
    search.text++;
    return i < choice->n ? i : UINT_MAX;
}

unsigned
search_choose(const struct choice *choice)
{
    switch (search.way) {
    case ALL:
        return choose_next(choice);
    case SEED:
        return choose_random(choice);
    default:
        return choose_as_told(choice);
    }
}
