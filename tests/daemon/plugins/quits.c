/* SPDX-License-Identifier: MIT */
/* A plugin whose constructor ends the process: $QUITS says how. */
#include <stdlib.h>
#include <string.h>

#include <gruvid/plugin.h>

static void __attribute__((constructor)) quit(void)
{
    const char *how = getenv("QUITS");

    if (how != NULL && strcmp(how, "abort") == 0)
        abort();
    if (how != NULL && strcmp(how, "exit") == 0)
        exit(0);
}

GRUVID_PLUGIN(quits);
