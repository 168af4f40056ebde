/* SPDX-License-Identifier: MIT */
/* Fibers that are alike: see groups.h. */
#include "control/groups.h"

#include <stdlib.h>
#include <string.h>

static uint64_t
hash_group(const void *item)
{
    const struct gruvid__alike *alike = item;
    const struct gruvid__seen *seen = alike->seen;
    uint64_t hash =
        gruvid__hash(seen->generation, seen->plugin, strlen(seen->plugin));

    hash = gruvid__hash(hash, seen->waits, strlen(seen->waits));
    return gruvid__hash(hash, &alike->stack, sizeof alike->stack);
}

static bool
same_group(const void *a, const void *b)
{
    const struct gruvid__alike *one = a, *two = b;

    return one->stack == two->stack &&
           one->seen->generation == two->seen->generation &&
           strcmp(one->seen->plugin, two->seen->plugin) == 0 &&
           strcmp(one->seen->state, two->seen->state) == 0 &&
           strcmp(one->seen->waits, two->seen->waits) == 0;
}

void
gruvid__groups_init(struct gruvid__groups *groups)
{
    memset(groups, 0, sizeof *groups);
    groups->set.hash = hash_group;
    groups->set.same = same_group;
}

void
gruvid__groups_free(struct gruvid__groups *groups)
{
    struct gruvid__alike *alike;

    while ((alike = groups->first) != NULL) {
        groups->first = alike->next;
        free(alike);
    }
    gruvid__set_free(&groups->set);
}

/* The group of a fiber; NULL: no memory. */
static struct gruvid__alike *
group_of(struct gruvid__groups *groups, const struct gruvid__seen *seen,
         const struct gruvid__stack *stack)
{
    struct gruvid__alike key = {.seen = seen, .stack = stack}, *alike;
    void **slot = gruvid__set_slot(&groups->set, &key);

    if (slot == NULL || *slot != NULL)
        return slot == NULL ? NULL : *slot;
    alike = malloc(sizeof *alike);
    if (alike == NULL)
        return NULL;
    *alike = key;
    alike->next = groups->first;
    groups->first = alike;
    groups->set.n++;
    *slot = alike;
    return alike;
}

bool
gruvid__groups_add(struct gruvid__groups *groups,
                   const struct gruvid__seen *seen,
                   const struct gruvid__stack *stack)
{
    struct gruvid__alike *alike = group_of(groups, seen, stack);

    if (alike == NULL)
        return false;
    alike->n++;
    if (seen->waited > alike->longest)
        alike->longest = seen->waited;
    if (seen->used > alike->used)
        alike->used = seen->used;
    return true;
}

/* Equal counts in an order that does not depend on addresses. */
static int
compare(const void *a, const void *b)
{
    const struct gruvid__alike *one = *(struct gruvid__alike *const *)a;
    const struct gruvid__alike *two = *(struct gruvid__alike *const *)b;

    if (one->n != two->n)
        return one->n > two->n ? -1 : 1;
    return one->seen->id < two->seen->id ? -1 : one->seen->id > two->seen->id;
}

struct gruvid__alike **
gruvid__groups_sorted(const struct gruvid__groups *groups)
{
    struct gruvid__alike **all = calloc(groups->set.n, sizeof(void *)), *at;
    size_t n = 0;

    if (all == NULL || groups->set.n == 0) {
        free(all);
        return NULL;
    }
    for (at = groups->first; at != NULL; at = at->next)
        all[n++] = at;
    qsort(all, n, sizeof(void *), compare);
    return all;
}
