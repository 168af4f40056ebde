/* SPDX-License-Identifier: MIT */
/* What main.c calls in libgruvid. */
#ifndef GRUVID_DAEMON_H
#define GRUVID_DAEMON_H

#include <gruvi/base.h>

/* All of the daemon; returns the exit status. */
GRUVI_API int gruvid_main(int argc, char **argv);

#endif
