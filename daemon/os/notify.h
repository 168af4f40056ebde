/* SPDX-License-Identifier: MIT */
/* Messages to the service manager, where there is one. */
#ifndef GRUVID_NOTIFY_H
#define GRUVID_NOTIFY_H

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

/* What goes on takes longer: the manager waits for so many seconds from now. */
void gruvid__notify_extend(unsigned seconds);

#endif
