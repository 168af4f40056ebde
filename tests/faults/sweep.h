/* SPDX-License-Identifier: MIT */
/*
 * Each system call that our own code makes in a program fails once, with each
 * error that it may have at run time.  Of the calls of one place, the first,
 * the second and the last fail.
 *
 * gruvi-faults(7) has a row for each call, with each error and what comes of
 * it: what is seen here has to be in it.
 *
 * With $FAULT, which a failure names ("libgruvi.so.0+0x1234"), only that place
 * fails.
 */
#ifndef TESTS_FAULTS_SWEEP_H
#define TESTS_FAULTS_SWEEP_H

#include <stdbool.h>

/* What a fault did, in the words of the page. */
enum fault_effect {
    FAULT_START = 1,    /* "start": gruvid did not start */
    FAULT_CLIENT = 2,   /* "client": one was cut, or its request refused */
    FAULT_COMMAND = 4,  /* "command": the same of the control socket */
    FAULT_RELOAD = 8,   /* "reload": it failed */
    FAULT_RESULT = 16,  /* "error": a call of libgruvi, or gruvictl, failed */
    FAULT_NOTHING = 32, /* "none" */
    FAULT_NOTE = 64     /* "note": gruvictl has said what is missing */
};

/* Whose calls: a column of the page, or its table. */
enum fault_column { FAULT_OF_GRUVID, FAULT_OF_LIBGRUVI, FAULT_OF_GRUVICTL };

/* What the program does. */
struct faults_subject {
    enum fault_column column;
    bool sees_all; /* all that is in the column */
    unsigned
        lives; /* that it has, each a test; 0: one, whose calls are in parts
                */
    unsigned least;                    /* places that make calls in a life */
    void (*begin)(void), (*end)(void); /* around each test */
    void (*live)(void); /* once; it fails the test where a fault did harm */
    bool (*wants)(int call, int error); /* NULL: each */
};

/* Returns the exit status of a test. */
int faults_sweep(const char *name, const struct faults_subject *subject);

/* For what runs: more for the environment of the program; which life it is,
 * from 0; which fault there is, and its errno; whether it has come. */
const char *const *faults_env(void);
unsigned faults_life(void);
int faults_error(void);
void faults_saw(enum fault_effect effect);
const char *faults_text(void);
bool faults_fired(void);

#endif
