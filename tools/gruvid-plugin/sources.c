/* SPDX-License-Identifier: MIT */
/*
 * Edits are seen by looking, a few times a second: that works on every file
 * system, and sees an editor that writes a new file and renames it like one
 * that writes into the old one.
 */
#include "gruvid-plugin/sources.h"

#include <fnmatch.h>
#include <ftw.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>

#define MOST_OPEN 16 /* folders at a time */

static const char *const patterns[] = {
    "*.[ch]", "*.cc", "*.[ch]pp",    "*.cxx",       "*.hh",   "*.hxx",
    "*.inc",  "*.mk", "[Mm]akefile", "GNUmakefile", "*.conf",
};

static uint64_t sum;

static bool
is_source(const char *name)
{
    for (size_t i = 0; i < sizeof patterns / sizeof *patterns; i++)
        if (fnmatch(patterns[i], name, 0) == 0)
            return true;
    return false;
}

static uint64_t
mix(uint64_t hash, uint64_t value)
{
    hash ^= value;
    hash *= 0x9e3779b97f4a7c15u;
    return hash ^ (hash >> 29);
}

/* A sum, because the order in a folder may change. */
static int
add(const char *path, const struct stat *st, int type, struct FTW *where)
{
    const char *name = path + where->base;
    uint64_t hash = 1;

    if (where->level > 0 && name[0] == '.')
        return type == FTW_D ? FTW_SKIP_SUBTREE : FTW_CONTINUE;
    if (type != FTW_F || !is_source(name))
        return FTW_CONTINUE;
    for (const char *c = path; *c != '\0'; c++)
        hash = mix(hash, (unsigned char)*c);
    hash = mix(hash, (uint64_t)st->st_mtim.tv_sec);
    hash = mix(hash, (uint64_t)st->st_mtim.tv_nsec);
    hash = mix(hash, (uint64_t)st->st_size);
    sum += mix(hash, (uint64_t)st->st_ino);
    return FTW_CONTINUE;
}

uint64_t
sources_digest(void)
{
    sum = 0;
    nftw(".", add, MOST_OPEN, FTW_PHYS | FTW_ACTIONRETVAL);
    return sum;
}
