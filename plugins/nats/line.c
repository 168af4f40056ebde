/* SPDX-License-Identifier: MIT */
#include "line.h"

#include <stdlib.h>
#include <string.h>

void
nats_line_split(struct nats_line *line, const char *item)
{
    const char *arrow = item;

    for (const char *at = item; (at = strstr(at, "->")) != NULL; at += 2)
        arrow = at;
    line->text = item;
    line->target = arrow + 2 + strspn(arrow + 2, " \t");
    line->size = (size_t)(arrow - item);
    while (line->size > 0 &&
           (item[line->size - 1] == ' ' || item[line->size - 1] == '\t'))
        line->size--;
}

bool
nats_line_is(const struct nats_line *line, const char *text)
{
    return strlen(text) == line->size &&
           memcmp(text, line->text, line->size) == 0;
}

bool
nats_line_is_double(const char *const *items, size_t i)
{
    struct nats_line line, other;

    nats_line_split(&line, items[i]);
    for (size_t j = 0; j < i; j++) {
        nats_line_split(&other, items[j]);
        if (other.size == line.size &&
            memcmp(other.text, line.text, line.size) == 0)
            return true;
    }
    return false;
}

void
nats_line_retarget(const char *target, char **next, char **offered)
{
    free(*next);
    *next = *offered;
    *offered = NULL;
    if (strcmp(target, *next) != 0)
        return;
    free(*next);
    *next = NULL;
}
