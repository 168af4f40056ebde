/* SPDX-License-Identifier: MIT */
/* A gruvid for one plugin, with a folder of its own. */
#ifndef GRUVID_PLUGIN_SERVE_H
#define GRUVID_PLUGIN_SERVE_H

#include <stdbool.h>
#include <sys/stat.h>
#include <sys/types.h>

#include "gruvid-plugin/listen.h"

/*
 * The folder holds a copy of the plugin, links to the plugins of gruvid, and
 * the control socket.  It is somewhere else than the sources: the path of a
 * socket has an end, and a linker may write into its output.
 */
struct served {
    const char *config, *file; /* borrowed: gruvid.conf, ./hello.so */
    char name[40];
    char folder[64]; /* "": not made yet */
    char control[80];
    struct endpoints endpoints;
    struct stat installed; /* of the file that was copied last */
    bool quiet;            /* its log goes to a file in the folder */
    pid_t pid;             /* of gruvid; 0: it does not run */
};

/*
 * Make the folder and the sockets.
 *
 * Returns false: it has complained.  served_end() in either case.
 */
bool served_prepare(struct served *served, const char *config, const char *file,
                    bool any_port);

/* Copy the file of the plugin where gruvid looks for it. */
bool served_install(struct served *served);

/* Whether the file is another one than was copied last. */
bool served_has_news(const struct served *served);

/* Start gruvid, and wait until it is ready.  Returns false: it has complained,
 * or this program is to end. */
bool served_begin(struct served *served);

/* Have the gruvid that runs take what is installed; gruvictl says how it
 * went. */
bool served_reload(const struct served *served);

/* Whether gruvid has ended without being told; says so. */
bool served_is_gone(struct served *served);

/* End gruvid; nothing where it does not run. */
void served_stop(struct served *served);

/* Print the log of a quiet one, which is whole once gruvid has ended. */
void served_print_log(const struct served *served);

/* End gruvid, and remove the folder. */
void served_end(struct served *served);

#endif
