/* SPDX-License-Identifier: MIT */
/* A script: see gruvid-test(1). */
#ifndef GRUVID_TEST_SCRIPT_H
#define GRUVID_TEST_SCRIPT_H

#include <stdbool.h>
#include <stddef.h>

#include <gruvi/switchpoint.h>

struct step;

/* Does a step; false: it has said what is wrong. */
typedef GRUVI_SWITCHPOINT bool step_fn(const struct step *step);

struct step {
    unsigned line; /* in the file */
    step_fn *fn;
    char *name; /* of a connection, or the first word; or NULL */
    char *text; /* what follows; length bytes and a zero */
    size_t length;
    double seconds; /* where the step has a duration */
};

struct script {
    const char *path; /* borrowed */
    size_t n;
    struct step *steps;
};

/* Read a file; NULL: its mistakes were printed. */
struct script *script_read(const char *path);
void script_free(struct script *script);

#endif
