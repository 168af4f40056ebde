/* SPDX-License-Identifier: MIT */
/*
 * Names of the frames of a stack: function, file and line.  With libdw, where
 * configure has found it.
 */
#ifndef GRUVICTL_NAMES_H
#define GRUVICTL_NAMES_H

#include <stdio.h>
#include <sys/types.h>

#include <jansson.h>

struct names;

/*
 * Prepare to name frames.
 *
 *   modules  "modules" of an answer; borrowed until names_free()
 *   pid      of the process that has them; 0: not known
 *
 * Returns memory that names_free() frees.
 */
struct names *names_new(const json_t *modules, pid_t pid);

void names_free(struct names *names);

/* Print the frames of a stack, a line each, calls that were inlined too.
 *
 *   stack  an element of "stacks"; anything else has no frames
 */
void names_print(struct names *names, FILE *out, const json_t *stack);

/* Print a line for each object whose names are not known, and why. */
void names_print_notes(const struct names *names, FILE *out);

#endif
