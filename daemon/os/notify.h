/* SPDX-License-Identifier: MIT */
/* Messages to the service manager, where there is one. */
#ifndef GRUVID_NOTIFY_H
#define GRUVID_NOTIFY_H

#include <stdbool.h>
#include <stddef.h>

/*
 * Each takes a status in words, for systemctl status.  Nothing happens where
 * $NOTIFY_SOCKET is not set or gruvid was built without libsystemd.
 */
void gruvid__notify_ready(const char *format, ...)
    __attribute__((format(printf, 1, 2)));
void gruvid__notify_status(const char *format, ...)
    __attribute__((format(printf, 1, 2)));
void gruvid__notify_reloading(const char *format, ...)
    __attribute__((format(printf, 1, 2)));
void gruvid__notify_stopping(const char *format, ...)
    __attribute__((format(printf, 1, 2)));

/*
 * From here on, gruvid__notify_ready() also writes a newline to a descriptor,
 * once, and closes it: what --ready-fd asks for.
 *
 *   text  a number, of a descriptor above 2 that may be written to
 *   why   where to put a sentence about a failure
 *
 * Returns whether it will.
 */
bool gruvid__notify_set_fd(const char *text, char *why, size_t why_size);

/* For how many seconds the manager waits for gruvid__notify_alive(), before it
 * ends gruvid; 0: it does not ask for it. */
double gruvid__notify_patience(void);
void gruvid__notify_alive(void);

/*
 * What goes on takes longer: the manager waits for so many seconds from now.
 * They should be more than it may take: what ends it is gruvid's own timeout,
 * which says why, and not the manager's SIGKILL.
 *
 * Context: any thread.
 */
#define GRUVID__SPARE 20
void gruvid__notify_extend(double seconds);

#endif
