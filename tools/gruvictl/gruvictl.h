/* SPDX-License-Identifier: MIT */
/*
 * gruvictl: asks a gruvid that runs, by its control socket, and shows the
 * answer.
 *
 *   main.c      the command line
 *   commands.c  the table of commands
 *   wire.c      the socket: a request, and an answer of one line or several
 *   table.c     lists as tables that fit the terminal
 *   text.c      text of an answer as a terminal may get it
 *   output.c    what is printed, and whether it could be written
 *   show.c      what the commands show; top.c and stop.c do more
 *   cluster.c   the answers of many nodes as one
 *   fibers.c    fibers and stacks, named by names.c, by debug.c with libdw
 *
 * Nothing that is at the other end is trusted: it may be no gruvid, and names
 * in it may come from anybody.  Lines and answers are bounded, values of an
 * unexpected type are shown as "?", and no byte of an answer reaches a terminal
 * as it came.
 *
 * It links with jansson and perhaps libdw, and not with libgruvi.
 */
#ifndef GRUVICTL_H
#define GRUVICTL_H

#include <stdbool.h>

#include <jansson.h>

/* What gruvictl exits with. */
enum status {
    DONE = 0,
    REFUSED = 1, /* gruvid has said why; or the system, where a call failed */
    USAGE = 2,   /* the command line */
    MISSING = 3, /* nodes, of --expect */
    NOBODY = 69  /* no gruvid is there, or nothing that speaks like one */
};

#define DEFAULT_SOCKET "/run/gruvid/control.sock"

struct wire;

/* A command that is about to run. */
struct task {
    const struct command *command;
    const char *socket;
    bool json;        /* show answers as JSON */
    double timeout;   /* seconds for an answer; negative: no limit */
    double seconds;   /* of --seconds; negative: not given */
    bool cluster;     /* of all nodes */
    const char *by;   /* the section that knows them; NULL: the only one */
    long long expect; /* nodes that have to answer; 0: none has */
    json_t *members;  /* of the request: what the command line says */
};

enum value { NO_VALUE, TEXT_VALUE, WHOLE_VALUE, SECONDS_VALUE };

struct option {
    const char *name; /* "plugin" of --plugin; NULL ends the array */
    enum value value;
    const char *value_name; /* "NAME" */
    const char *help;
};

struct command {
    const char *name; /* NULL ends the table */
    const char *help;
    const char *details;          /* for its own --help; may be NULL */
    const char *arguments[3];     /* members that are no options, in order */
    unsigned n_needed;            /* of arguments */
    const struct option *options; /* NULL: none */
    bool patient;                 /* it may take as long as it takes */
    bool acts;                    /* for root and gruvid's own user only */
    bool of_nodes;                /* --cluster asks all nodes */

    /* Shows an answer.  NULL: as JSON. */
    void (*show)(const struct task *task, const json_t *answer);

    /* Does all of it; NULL: ask once, and show. */
    enum status (*run)(const struct task *task, struct wire *wire);
};

extern const struct command commands[];

/* A command by its name, or NULL. */
const struct command *find_command(const char *name);

/* Print a value, in one of the forms of json_dumps(), with nothing in it that
 * could steer a terminal. */
void print_json(const json_t *value, size_t form);

/* Show an answer as the task says. */
void show_answer(const struct task *task, const json_t *answer);

#endif
