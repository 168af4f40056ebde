/* SPDX-License-Identifier: MIT */
/* Errors by their code: see codes.h. */
#include "instance/codes.h"

#include <stddef.h>

/* Where a code is counted, from now on. */
static uint64_t *
find(struct gruvid__codes *codes, int code)
{
    for (size_t i = 0; i < GRUVID__CODES; i++) {
        if (codes->at[i].code == 0)
            __atomic_store_n(&codes->at[i].code, code, __ATOMIC_RELAXED);
        if (codes->at[i].code == code)
            return &codes->at[i].n;
    }
    return &codes->others;
}

static void
add(struct gruvid__codes *codes, int code, uint64_t n)
{
    uint64_t *at = find(codes, code);

    __atomic_store_n(at, *at + n, __ATOMIC_RELAXED);
}

void
gruvid__codes_count(struct gruvid__codes *codes, int code)
{
    add(codes, code, 1);
}

void
gruvid__codes_add(struct gruvid__codes *sum, const struct gruvid__codes *more)
{
    for (size_t i = 0; i < GRUVID__CODES; i++) {
        int code = __atomic_load_n(&more->at[i].code, __ATOMIC_RELAXED);

        if (code == 0)
            break;
        add(sum, code, __atomic_load_n(&more->at[i].n, __ATOMIC_RELAXED));
    }
    sum->others += __atomic_load_n(&more->others, __ATOMIC_RELAXED);
}
