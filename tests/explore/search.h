/* SPDX-License-Identifier: MIT */
/* What is drawn: see search.c. */
#ifndef TESTS_EXPLORE_SEARCH_H
#define TESTS_EXPLORE_SEARCH_H

#include <stdbool.h>
#include <stdint.h>

/*
 * Who may go on: first the one that has the baton, if it can; then others, by
 * their letters; then those that would be late, who wait with a timeout; then
 * what nobody has called for.  To take one of the first "usual" interrupts
 * nobody.
 */
struct choice {
    unsigned n, on_time, called, usual;
    char letters[32];
};

/* A schedule begins: all with up to bound interruptions in turn, or one that is
 * drawn by a seed, or one that is there as text. */
void search_begin_all(int bound);
bool search_next(void);     /* false: there is no other one */
bool search_complete(void); /* no larger bound would have others */
void search_begin_seed(uint64_t seed, unsigned points);
void search_begin_replay(const char *schedule);

/* Draw one of n > 1.  UINT_MAX: the schedule that is replayed has another. */
unsigned search_choose(const struct choice *choice);

#endif
