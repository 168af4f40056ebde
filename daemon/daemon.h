/* SPDX-License-Identifier: MIT */
/* What main.c calls in libgruvid, and what debuggers look at. */
#ifndef GRUVID_DAEMON_H
#define GRUVID_DAEMON_H

#include <gruvi/inspect.h>
#include <gruvi/switchpoint.h>

/* All of the daemon; returns the exit status. */
GRUVI_API GRUVI_SWITCHPOINT int gruvid_main(int argc, char **argv);

/* See gruvi/inspect.h. */
GRUVI_API extern const gruvi__debug_t gruvid__debug;

#endif
