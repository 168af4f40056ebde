/* SPDX-License-Identifier: MIT */
/* The exit statuses of gruvid: of sysexits.h where that has one. */
#ifndef GRUVID_EXIT_STATUS_H
#define GRUVID_EXIT_STATUS_H

enum {
    GRUVID__EXIT_OK = 0,         /* stopped as asked */
    GRUVID__EXIT_FAILURE = 1,    /* failed at run time */
    GRUVID__EXIT_USAGE = 2,      /* the command line */
    GRUVID__EXIT_PLUGIN = 69,    /* a plugin failed to start */
    GRUVID__EXIT_ABANDONED = 75, /* fibers that did not end were left behind */
    GRUVID__EXIT_CONFIG = 78     /* the configuration */
};

#endif
