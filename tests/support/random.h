/* SPDX-License-Identifier: MIT */
/* Random numbers of a seed, which is printed so that it can be tried again. */
#ifndef TESTS_SUPPORT_RANDOM_H
#define TESTS_SUPPORT_RANDOM_H

#include <stdint.h>

/* $CHECK_SEED, or a new seed each time; it is printed. */
long random_seed(void);

/* The state of number n of those who draw by a seed. */
uint64_t random_begin(long seed, int n);

/* A number below n. */
unsigned chance(uint64_t *state, unsigned n);

#endif
