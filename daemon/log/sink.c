/* SPDX-License-Identifier: MIT */
/*
 * The sink of the log.
 *
 * Any thread may log, and the log may be opened again meanwhile.  There is no
 * lock: a line is one write(), and a new file takes over the old descriptor in
 * one step, so the number never changes and is never closed.
 *
 * A log that cannot be written, on a full disk or to a reader that has gone,
 * harms nothing: lines are dropped, and the next line that can be written says
 * how many.
 */
#include "log/sink.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <uv.h>

static struct {
    int fd;
    enum gruvid__log_style style;
    bool journal;
    char *path;    /* NULL: no file */
    unsigned lost; /* atomic */
    bool torn;     /* atomic: the last line has no end */
} sink = {.fd = STDERR_FILENO};

/* Not on the stack: a fiber's may be small.  Logging never switches. */
static __thread char buffer[GRUVID__LOG_LINE];

/* "hub 2", where there are several hubs. */
static __thread const char *hub_name = "";

void
gruvid__log_set_hub(const char *name)
{
    hub_name = name;
}

/* Whether stderr is the journal: the journal gives the numbers of its socket,
 * so a stderr that was redirected since is not taken for it. */
static bool
stderr_is_journal(void)
{
    const char *stream = getenv("JOURNAL_STREAM");
    unsigned long long device, inode;
    struct stat st;

    return stream != NULL &&
           sscanf(stream, "%llu:%llu", &device, &inode) == 2 &&
           fstat(STDERR_FILENO, &st) == 0 && st.st_dev == device &&
           st.st_ino == inode;
}

static int
open_file(const char *path)
{
    int fd =
        open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY, 0640);

    return fd >= 0 ? fd : uv_translate_sys_error(errno);
}

int
gruvid__log_open(const char *target, enum gruvid__log_style style)
{
    char *path = NULL;
    int fd = STDERR_FILENO;

    if (strncmp(target, "file:", 5) == 0) {
        path = strdup(target + 5);
        if (path == NULL)
            return UV_ENOMEM;
        fd = open_file(path);
        if (fd < 0) {
            free(path);
            return fd;
        }
    }
    if (sink.path != NULL) {
        close(sink.fd);
        free(sink.path);
    }
    sink.fd = fd;
    sink.path = path;
    sink.style = style;
    sink.lost = 0;
    sink.torn = false;
    sink.journal = strcmp(target, "auto") == 0 && stderr_is_journal();
    gruvi_set_log_sink(gruvid__log_write);
    return 0;
}

void
gruvid__log_reopen(void)
{
    int fd;

    if (sink.path == NULL) {
        gruvi_info("the log is not a file: nothing to reopen");
        return;
    }
    fd = open_file(sink.path);
    if (fd >= 0 && dup3(fd, sink.fd, O_CLOEXEC) < 0) {
        int err = uv_translate_sys_error(errno);
        close(fd);
        fd = err;
    } else if (fd >= 0) {
        close(fd);
    }
    if (fd < 0)
        gruvi_error("%s cannot be opened again: %s; the old file is kept",
                    sink.path, uv_strerror(fd));
    else
        gruvi_info("%s was opened again", sink.path);
}

static bool
write_all(const char *bytes, size_t len)
{
    while (len > 0) {
        ssize_t n = write(sink.fd, bytes, len);

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return false;
        bytes += n;
        len -= (size_t)n;
        __atomic_store_n(&sink.torn, len > 0, __ATOMIC_RELAXED);
    }
    return true;
}

static bool
write_record(const gruvi_log_record_t *record)
{
    size_t len;

    buffer[0] = '\n';
    len = gruvid__log_line(buffer + 1, sizeof buffer - 1, record, sink.style,
                           sink.journal);
    if (__atomic_load_n(&sink.torn, __ATOMIC_RELAXED))
        return write_all(buffer, len + 1);
    return write_all(buffer + 1, len);
}

static void
tell_lost(const gruvi_log_record_t *record, unsigned lost)
{
    gruvi_log_record_t told = *record;
    char message[64];

    snprintf(message, sizeof message, "%u lines of the log were lost", lost);
    told.level = GRUVI_LOG_WARNING;
    told.group = told.fiber = "";
    told.message = message;
    write_record(&told);
}

void
gruvid__log_write(const gruvi_log_record_t *record)
{
    gruvi_log_record_t named;
    int saved = errno;
    unsigned lost;

    if (hub_name[0] != '\0') {
        named = *record;
        named.hub = hub_name;
        record = &named;
    }

    if (!write_record(record)) {
        __atomic_add_fetch(&sink.lost, 1, __ATOMIC_RELAXED);
    } else if (__atomic_load_n(&sink.lost, __ATOMIC_RELAXED) > 0) {
        lost = __atomic_exchange_n(&sink.lost, 0, __ATOMIC_RELAXED);
        if (lost > 0)
            tell_lost(record, lost);
    }
    errno = saved;
}

void
gruvid__log_notice(const char *format, ...)
{
    char message[1024];
    gruvi_log_record_t record = {
        .level = GRUVI_LOG_INFO,
        .hub = "",
        .fiber = "",
        .group = "",
        .message = message,
    };
    va_list args;

    va_start(args, format);
    vsnprintf(message, sizeof message, format, args);
    va_end(args);
    clock_gettime(CLOCK_REALTIME, &record.time);
    gruvid__log_write(&record);
}
