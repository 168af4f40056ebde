/* SPDX-License-Identifier: MIT */
/* One datagram a change of state, as sd_notify(3) defines them; and a newline,
 * once, for managers that wait for that. */
#include "os/notify.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <gruvi/log.h>

#ifdef HAVE_SYSTEMD
#include <systemd/sd-daemon.h>
#endif

static int ready_fd = -1;

static bool
parse_fd(const char *text, int *fd)
{
    char *end;
    long n;

    if (text[0] < '0' || text[0] > '9')
        return false;
    errno = 0;
    n = strtol(text, &end, 10);
    *fd = (int)n;
    return errno == 0 && *end == '\0' && n > STDERR_FILENO && n <= INT_MAX;
}

/* Programs that plugins start do not get it: as long as it is open anywhere,
 * the end of the pipe is not seen. */
bool
gruvid__notify_set_fd(const char *text, char *why, size_t why_size)
{
    int fd, flags;

    if (!parse_fd(text, &fd)) {
        snprintf(why, why_size,
                 "--ready-fd '%s' is not the number of a descriptor above 2",
                 text);
        return false;
    }
    flags = fcntl(fd, F_GETFL);
    if (flags < 0 || (flags & O_ACCMODE) == O_RDONLY ||
        fcntl(fd, F_SETFD, FD_CLOEXEC) < 0) {
        snprintf(why, why_size,
                 "--ready-fd %d: %s; it has to be inherited from the program "
                 "that starts gruvid",
                 fd,
                 flags < 0 ? "there is no such descriptor"
                           : "it cannot be written to");
        return false;
    }
    ready_fd = fd;
    return true;
}

static void
write_ready_fd(void)
{
    if (ready_fd < 0)
        return;
    if (write(ready_fd, "\n", 1) != 1)
        gruvi_warning("descriptor %d, of --ready-fd, cannot be written to: %s",
                      ready_fd, strerror(errno));
    close(ready_fd);
    ready_fd = -1;
}

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
    write_ready_fd();
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
gruvid__notify_extend(double seconds)
{
#ifdef HAVE_SYSTEMD
    char message[64];

    snprintf(message, sizeof message, "EXTEND_TIMEOUT_USEC=%.0f\n",
             (seconds > 0 ? seconds : 0) * 1e6);
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
