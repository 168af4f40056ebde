/* SPDX-License-Identifier: MIT */
/* The daemon from its command line to its exit status. */
#include <stdio.h>

#include <gruvi.h>

#include "daemon.h"

int
gruvid_main(int argc, char **argv)
{
    (void)argc;
    (void)argv;
    printf("gruvid %s\n", gruvi_version());
    return 0;
}
