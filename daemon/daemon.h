/* SPDX-License-Identifier: MIT */
/* The door from main.c into libgruvid. */
#ifndef GRUVID_DAEMON_H
#define GRUVID_DAEMON_H

/* All of the daemon; returns the exit status. */
__attribute__((visibility("default"))) int gruvid_main(int argc, char **argv);

#endif
