/* SPDX-License-Identifier: MIT */
/*
 * gruvid-test: a plugin in a small gruvid, with a script as its clients; and
 * libgruvid-test, where a function of a test plays them (gruvid/test.h).
 *
 *   main.c     the command line
 *   script.c   the text of a script becomes steps
 *   steps.c    what each step does; step_stream.c and step_request.c
 *
 *   test.c     the library
 *
 *   trials.c   which runs there are: one, one a seed, one a fault
 *   run.c      one run, in a forked child, and what became of it
 *   life.c     the child: a gruvid with one plugin, from its start to its stop
 *   drive.c    what clients do to gruvid
 *   opened.c   requests with a stream of their own
 *   expect.c   what clients send, and wait for
 *   words.c    what they say where something is not as it should be
 *   lines.c    the log, kept for expect-log and for reports
 *   left.c     what was left at the end
 *   memory.c   malloc() and its like: whose memory it is, and failures
 *   blocks.c   the table of what is allocated, and what is reached
 *   fence.c    memory that is of no use once it is freed
 *   calls.c    system calls: time, short reads, failures, descriptors
 *   descriptors.c  who makes descriptors
 *   stacks.c   whose stack it is, as text
 *   names.c    functions by their debug information
 *
 * The plugin's file is opened as gruvid opens it.  It names libgruvi and
 * libgruvid; but both are also in the host, which exports their calls, and the
 * host's come first.  In the same way its malloc(), clock_gettime() and others
 * stand in front of those of libc.
 */
#ifndef GRUVID_TEST_HOST_H
#define GRUVID_TEST_HOST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <gruvi/switchpoint.h>

/* What a sweep has fail, once each. */
enum fault {
    NO_FAULT,
    ALLOCATION,
    OWN, /* allocations that are no other library's: some of these */
    RESET,
    BUFFERS,
    DESCRIPTOR,
    LATE,
    SWITCHPOINT,
    N_FAULTS
};

/* What runs have in common, and what is different in one.  Set before the
 * fork. */
struct plan {
    char *dir, *name; /* of the plugin's file: dir/name.so */
    const char *const
        *options; /* of -o, as gruvid takes them; n_options of them */
    size_t n_options;

    /* What clients do, in a fiber of its own. */
    GRUVI_SWITCHPOINT void (*play)(void);
    void (*played)(void);     /* all fibers of theirs have ended */
    const char *player;       /* what that is: "script" */
    const char *seed_option;  /* how a run is repeated: "--seed " */
    const char *sweep_option; /* and "--sweep=" */
    FILE *out;                /* where to say what is wrong */

    double limit; /* seconds of real time that a run may take */
    bool real_time;
    bool verbose; /* log everything, and show it */

    uint64_t seed;    /* of short reads and writes; 0: none */
    enum fault fault; /* the script may fail, where there is one */
    uint64_t at;      /* its number, from 1; 0: each of them, one a run */
};

/* Shared by the host and the child. */
struct shared {
    char path[500]; /* where the clients are, path:line */
    unsigned line;  /* 0: they have not begun */
    bool over;      /* the child has come to its end */
    unsigned failures;
    unsigned cut; /* steps that a fault has spoilt */
    uint64_t counts[N_FAULTS];
    bool struck;        /* the fault has happened */
    char place[600];    /* where */
    char build_id[140]; /* of the plugin; "": it is not open */
    size_t used;
    char text[48 << 10]; /* what is wrong, in lines */
};

extern struct shared *shared;
extern const struct plan *plan;

/* Add to the text.  Context: any. */
void tell(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* The same, about something that is wrong. */
void fail(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Run it in a child.  Returns whether nothing was wrong; if not, print what,
 * with the words in front of it. */
bool run(const struct plan *what, const char *words);

/* The child's part of a run: it does not return. */
_Noreturn void live(void);

/* Take the path of a plugin's file, "./hello.so"; false: it is none.  dir and
 * name are to be freed. */
bool plan_plugin(struct plan *what, const char *path);

/* Digits, and nothing else; false: that is no number, or a large one. */
bool read_number(const char *text, uint64_t *number);

/* Take "alloc:3", or "alloc"; false: it is no fault. */
bool read_fault(struct plan *what, const char *text);

/* Some runs each.  They return whether nothing was wrong. */
bool try_once(struct plan *what);
bool try_seeds(struct plan *what, uint64_t n);

/* Sweep what->fault; NO_FAULT: all.  what->fault is NO_FAULT then.
 *
 *   counts  how many there were to sweep
 *   wrong   in how many something was
 */
bool sweep(struct plan *what, uint64_t counts[N_FAULTS], unsigned *wrong);

/* What may fail, in the plural: "allocations". */
const char *fault_name(enum fault fault);

#endif
