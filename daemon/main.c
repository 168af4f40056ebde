/* SPDX-License-Identifier: MIT */
/* The program: everything is in libgruvid, so that tests and other mains have
 * it too. */
#include "daemon.h"

int
main(int argc, char **argv)
{
    return gruvid_main(argc, argv);
}
