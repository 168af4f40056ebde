/* SPDX-License-Identifier: MIT */
#include "support/random.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

long
random_seed(void)
{
    const char *wanted = getenv("CHECK_SEED");
    struct timespec now;
    long seed;

    clock_gettime(CLOCK_REALTIME, &now);
    seed = wanted != NULL ? atol(wanted) : now.tv_nsec;
    printf("seed %ld\n", seed);
    fflush(stdout);
    return seed;
}

uint64_t
random_begin(long seed, int n)
{
    return ((uint64_t)seed + (uint64_t)n + 1) * 0x9e3779b97f4a7c15u;
}

/* xorshift64 */
unsigned
chance(uint64_t *state, unsigned n)
{
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return (unsigned)(*state >> 33) % n;
}
