/* SPDX-License-Identifier: MIT */
/* The command line of gruvid. */
#ifndef GRUVID_CLI_H
#define GRUVID_CLI_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

enum gruvid__action {
    GRUVID__RUN,
    GRUVID__TEST,
    GRUVID__DESCRIBE,
    GRUVID__VERSION,
    GRUVID__HELP
};

/* What was asked for.  Text is borrowed from the command line, but for the
 * overrides that gruvid__single() has made. */
struct gruvid__cli {
    enum gruvid__action action;
    const char *config;   /* NULL: the default file */
    const char *describe; /* NULL: everything */
    bool verbose;
    const char **overrides; /* those made for run, then of -o, in order */
    size_t n_overrides;
    size_t n_made; /* how many of them were made, and are owned */

    const char *run;        /* of --run: the file of a plugin; or NULL */
    char *const *addresses; /* behind it */
    size_t n_addresses;
};

/*
 * Read a command line.  A mistake is printed to stderr.
 *
 * Returns 0, or the status to exit with; free the result either way.
 */
int gruvid__cli_parse(struct gruvid__cli *cli, int argc, char **argv);

void gruvid__cli_free(struct gruvid__cli *cli);

/* What -h prints. */
void gruvid__cli_help(FILE *out);

#endif
