/* SPDX-License-Identifier: MIT */
/*
 * A gruvid of two hubs inside of the test program, without signals, modules and
 * addresses.  Its plugin is multi_hub and per_hub; its functions record their
 * calls as words:
 *
 *   start1:WORD    generation 1, with the option word; then got:TEXT, where
 *                  that was handed over
 *   2:WORD         reconfigure in hub 2
 *   handover1      text is 42; fd and other are fd_given
 *   stop1
 *
 * With the word "stubborn" start spawns a fiber that heeds no cancel.
 */
#ifndef TESTS_DAEMON_SMALL_GRUVID_H
#define TESTS_DAEMON_SMALL_GRUVID_H

#include <stdbool.h>

#include "hub/hubs.h"
#include "instance/instance.h"
#include "instance/shard.h"
#include "serve/sockets.h"

#define PATIENCE 60.0

extern struct gruvid__leader leader;
extern struct gruvid__hubs hubs;
extern struct gruvid__instances instances;
extern struct gruvid__sockets sockets;
extern struct gruvid__module module; /* its descriptor may be changed */

/* What the plugin does.  All is set back before each test. */
extern int at_handover;        /* its result */
extern int at_reconfigure[3];  /* results, by hub */
extern bool hangs;             /* reconfigure in hub 2, until it is cancelled */
extern bool is_stubborn;       /* the same, until it is let go; and handover */
extern bool is_rude;           /* cancelled, it keeps the thread of hub 2 */
extern gruvi_event_t let_go;   /* lets all go that is stubborn */
extern int fd_given, fd_taken; /* descriptors of handover, and of start */

/* The calls since the last time. */
void expect_record(const char *words);

bool was_logged(const char *text);
void expect_logged(const char *text);

/* Lines of the section, besides those of section_with(). */
extern const char *more_lines;

/* A section of the plugin with a word; for gruvid__section_drop(). */
gruvid__section_t *section_with(const char *word);

/* The next generation. */
gruvid_plugin_t *make(const char *word);

/* Start it.  It is the current one then, and gruvid serves. */
void begin(gruvid_plugin_t *made);

/* Wait until so many generations exist. */
void await_count(size_t n);

/* A fiber that heeds no cancel. */
int wait_until_let_go(void *arg);

/* Code that does not let go of the thread of hub 2, until it is let go. */
void keep_second_hub(void);
void let_second_hub_go(void);

/* Run a test inside.  Needs the folder of config_fixture.h. */
void small_gruvid(void (*body)(void));

#define SMALL_GRUVID_TEST(name)                                                \
    static void name##_body(void);                                             \
    START_TEST(name)                                                           \
    {                                                                          \
        small_gruvid(name##_body);                                             \
    }                                                                          \
    END_TEST                                                                   \
    static void name##_body(void)

#endif
