/* SPDX-License-Identifier: MIT */
/*
 * Signals that end the process with a core file.
 *
 * SIGSEGV, SIGBUS, SIGILL, SIGFPE and SIGABRT are reported: plugin, generation,
 * fiber, address, stack and build-ids go to the log and to stderr.  Before any
 * such signal the lines of the log that wait are written.  Then what was there
 * before gets the signal, the report of a stack overflow, say, or the default
 * action: the same end and the same core as without.
 */
#ifndef GRUVID_WATCH_CRASH_H
#define GRUVID_WATCH_CRASH_H

/* Install the handlers.
 * Context: main thread, after the first hub is made. */
void gruvid__crash_open(void);

/* End a process whose report does not end.
 * Context: the thread that watches. */
void gruvid__crash_look(void);

#endif
