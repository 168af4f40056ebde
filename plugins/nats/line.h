/* SPDX-License-Identifier: MIT */
/* A line of the section, of "route" or "work": TEXT -> PLUGIN.  gruvid has
 * looked at what is behind the last arrow. */
#ifndef NATS_LINE_H
#define NATS_LINE_H

#include <stdbool.h>
#include <stddef.h>

struct nats_line {
    const char *text, *target;
    size_t size; /* of the text */
};

void nats_line_split(struct nats_line *line, const char *item);

/* Whether this is its text. */
bool nats_line_is(const struct nats_line *line, const char *text);

/* Whether an item before this has the same text. */
bool nats_line_is_double(const char *const *items, size_t i);

/*
 * Have what is there lead to another target, now or soon.
 *
 *   target   where it leads now
 *   next     owned: where else it will lead; NULL: nowhere
 *   offered  owned: the target of a line; NULL afterwards
 */
void nats_line_retarget(const char *target, char **next, char **offered);

#endif
