/* SPDX-License-Identifier: MIT */
#include "support/folder.h"

#include <ftw.h>
#include <stdio.h>

static int
remove_entry(const char *path, const struct stat *status, int kind,
             struct FTW *walk)
{
    (void)status;
    (void)kind;
    (void)walk;
    return remove(path);
}

int
remove_folder(const char *path)
{
    return nftw(path, remove_entry, 8, FTW_DEPTH | FTW_PHYS);
}
