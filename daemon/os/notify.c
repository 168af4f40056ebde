/* SPDX-License-Identifier: MIT */
/* One datagram a change of state, as sd_notify(3) defines them. */
#include "os/notify.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <time.h>

#ifdef HAVE_SYSTEMD
#include <systemd/sd-daemon.h>
#endif

static void __attribute__((format(printf, 2, 0)))
notify(const char *state, const char *format, va_list args)
{
    char status[256], message[400];

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

/* A manager ignores a reload without its time, or with the time in another
 * datagram. */
void
gruvid__notify_reloading(const char *format, ...)
{
    char state[64];
    struct timespec now;
    va_list args;

    clock_gettime(CLOCK_MONOTONIC, &now);
    snprintf(state, sizeof state, "RELOADING=1\nMONOTONIC_USEC=%llu\n",
             (unsigned long long)now.tv_sec * 1000000 +
                 (unsigned long long)now.tv_nsec / 1000);
    va_start(args, format);
    notify(state, format, args);
    va_end(args);
}

double
gruvid__notify_patience(void)
{
    uint64_t usec = 0;

#ifdef HAVE_SYSTEMD
    if (sd_watchdog_enabled(0, &usec) <= 0)
        usec = 0;
#endif
    return (double)usec / 1e6;
}

void
gruvid__notify_alive(void)
{
#ifdef HAVE_SYSTEMD
    sd_notify(0, "WATCHDOG=1\n");
#endif
}

void
gruvid__notify_extend(unsigned seconds)
{
#ifdef HAVE_SYSTEMD
    char message[64];

    snprintf(message, sizeof message, "EXTEND_TIMEOUT_USEC=%u000000\n",
             seconds);
    sd_notify(0, message);
#else
    (void)seconds;
#endif
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
