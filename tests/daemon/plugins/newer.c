/* SPDX-License-Identifier: MIT */
/* A plugin made for a newer gruvid.  Its constructor must never run. */
#include <stdlib.h>

#include <gruvid/plugin.h>

#undef GRUVID_ABI_MINOR
#define GRUVID_ABI_MINOR 99

static void __attribute__((constructor)) construct(void)
{
    abort();
}

GRUVID_PLUGIN(newer);
