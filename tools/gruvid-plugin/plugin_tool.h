/* SPDX-License-Identifier: MIT */
/*
 * gruvid-plugin: from an idea to a plugin that gruvid serves.
 *
 *   main.c     the command line
 *   places.c   where gruvid and its files are
 *   new.c      "new": a folder, made of templates/
 *   check.c    "check": what gruvid would say of a file; frames.c looks for
 *              frame pointers
 *   serve.c    "run" and "watch": a gruvid of its own, in child.c, with the
 *              sockets of listen.c; sources.c sees edits
 *
 * Of libgruvid it has the files that look at a plugin without running its code.
 * What runs code of a plugin is gruvid, in another process.
 */
#ifndef GRUVID_PLUGIN_TOOL_H
#define GRUVID_PLUGIN_TOOL_H

#include <stdbool.h>
#include <stddef.h>

/* What gruvid-plugin exits with. */
enum status { DONE = 0, FAILED = 1, USAGE = 2 };

/* A line on standard error, behind the program's name.  Returns FAILED. */
enum status complain(const char *format, ...)
    __attribute__((format(printf, 1, 2)));

/* The subcommands; argv[0] is their name. */
enum status new_main(int argc, char **argv);
enum status check_main(int argc, char **argv);
enum status run_main(int argc, char **argv);
enum status watch_main(int argc, char **argv);

/* Programs and folders of this installation.  Never NULL; the text stays. */
const char *place_of_gruvid(void);
const char *place_of_gruvictl(void);
const char *place_of_templates(void);
const char *place_of_plugins(void);

/*
 * Cut the path of a plugin, "./hello.so", into its name: "hello".
 *
 * Returns false where that is not the file of a plugin; it has complained.
 */
bool name_of_plugin(char name[40], const char *path);

/* Whether it is a name that the plugin ABI allows. */
bool is_plugin_name(const char *name);

#endif
