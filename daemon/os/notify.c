/* SPDX-License-Identifier: MIT */
/* One datagram a change of state, as sd_notify(3) defines them. */
#include "os/notify.h"

#include <stdarg.h>
#include <stdio.h>

#ifdef HAVE_SYSTEMD
#include <systemd/sd-daemon.h>
#endif

static void __attribute__((format(printf, 2, 0)))
notify(const char *state, const char *format, va_list args)
{
    char status[256], message[300];

    vsnprintf(status, sizeof status, format, args);
    snprintf(message, sizeof message, "%sSTATUS=%s\n", state, status);
#ifdef HAVE_SYSTEMD
    sd_notify(0, message);
#endif
}

void
gruvid__notify_ready(const char *format, ...)
{
    va_list args;

    va_start(args, format);
    notify("READY=1\n", format, args);
    va_end(args);
}

void
gruvid__notify_status(const char *format, ...)
{
    va_list args;

    va_start(args, format);
    notify("", format, args);
    va_end(args);
}

void
gruvid__notify_stopping(const char *format, ...)
{
    va_list args;

    va_start(args, format);
    notify("STOPPING=1\n", format, args);
    va_end(args);
}
