/* SPDX-License-Identifier: MIT */
/*
 * A route, as a line of the configuration has it:
 *
 *     GET,POST example.org/users/{id} -> users
 *     /files/{path...} -> static:/srv/www
 *
 * Methods and host may be left out.  A segment of the pattern is a literal,
 * {name}, which stands for one segment, or last of all {name...} or *, which
 * stand for the rest, at least one segment.
 */
#ifndef GRUVID_ROUTE_PATTERN_H
#define GRUVID_ROUTE_PATTERN_H

#include <stdbool.h>
#include <stddef.h>

/* In the order in which they are tried. */
enum gruvid__segment_kind {
    GRUVID__LITERAL,
    GRUVID__ONE, /* {name} */
    GRUVID__REST /* {name...} or *, which has the name "" */
};

struct gruvid__segment {
    enum gruvid__segment_kind kind;
    const char *text; /* the literal, decoded, or the name */
    size_t length;
};

struct gruvid__pattern {
    const char *text;           /* host and path, as they were written */
    const char *const *methods; /* ended by NULL; NULL: all */
    const char *host;           /* NULL: any */
    const struct gruvid__segment *segments;
    size_t n_segments; /* at least one; "/" has one that is empty */
    const char *target;
    const char *folder; /* of static:FOLDER; NULL: target is a section */
};

/* Where memory comes from; zeroed, NULL where there is none. */
struct gruvid__memory {
    void *(*alloc)(void *arg, size_t n, size_t size);
    void *arg;
};

/*
 * Read a route.
 *
 *   why  what is wrong, in a sentence without the text
 *
 * Returns whether it is one.
 */
bool gruvid__pattern_parse(struct gruvid__pattern *pattern, const char *text,
                           const struct gruvid__memory *memory, char *why,
                           size_t why_size);

/* Whether a pattern fits a decoded path. */
bool gruvid__pattern_fits(const struct gruvid__pattern *pattern,
                          const char *path);

/* Whether a method may take it: GET stands for HEAD, too. */
bool gruvid__pattern_takes(const struct gruvid__pattern *pattern,
                           const char *method);

/*
 * What stands in a path where the pattern, which fits, has a name.
 *
 *   length  of the result, which the rest of the path may follow
 *
 * Returns NULL where it has no such name.
 */
const char *gruvid__pattern_param(const struct gruvid__pattern *pattern,
                                  const char *path, const char *name,
                                  size_t *length);

/* Which is tried first: below 0: a; 0: they are the same but for methods. */
int gruvid__pattern_compare(const struct gruvid__pattern *a,
                            const struct gruvid__pattern *b);

/* Whether two that compare equal cannot be told apart by their methods. */
bool gruvid__pattern_clashes(const struct gruvid__pattern *a,
                             const struct gruvid__pattern *b);

#endif
