/* SPDX-License-Identifier: MIT */
/* What a program of cases is made of: explore.c has its main(). */
#ifndef TESTS_EXPLORE_EXPLORE_H
#define TESTS_EXPLORE_EXPLORE_H

struct sim_case {
    const char *name;
    void (*body)(void); /* thread a of each schedule; it begins the others */
};

/* A name of 0 ends it. */
extern const struct sim_case sim_cases[];

#endif
