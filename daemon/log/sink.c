/* SPDX-License-Identifier: MIT */
/*
 * The sink of the log: records become lines, and the writer's thread writes
 * them, so that logging never waits for anything.
 *
 * A file is opened with O_NONBLOCK, a FIFO for reading too: then it can be
 * opened without a reader, and keeps what a later reader gets.  What gruvid
 * inherits, stderr, never gets O_NONBLOCK: others use it, too.
 */
#include "log/sink.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <uv.h>

#include "log/journal.h"
#include "log/level.h"
#include "log/recent.h"
#include "log/repeat.h"
#include "log/writer.h"

/* Where lines go. */
struct target {
    int fd;
    enum gruvid__log_reader reader;
    char *path; /* owned; NULL: no file */
};

static struct {
    enum gruvid__log_style style;   /* atomic */
    enum gruvid__log_reader reader; /* atomic */
    char *path;                     /* for the writer's thread; NULL: no file */
    bool hubs;                      /* text names them; atomic */
    struct target *next;            /* to be switched to; NULL: none; atomic */
} sink;

static enum gruvid__log_style
style_now(void)
{
    return __atomic_load_n(&sink.style, __ATOMIC_RELAXED);
}

static enum gruvid__log_reader
reader_now(void)
{
    return __atomic_load_n(&sink.reader, __ATOMIC_RELAXED);
}

/* Whether a line has its plugin and fiber in fields of their own, so that its
 * text need not name them. */
static bool
has_fields(void)
{
    return style_now() != GRUVID__LOG_TEXT ||
           reader_now() == GRUVID__LOG_READER_SOCKET;
}

static int (*connect_of(enum gruvid__log_reader reader))(void)
{
    return reader == GRUVID__LOG_READER_SOCKET ? gruvid__journal_open : NULL;
}

/* Not on the stack: a fiber's may be small.  Logging never switches. */
static __thread char buffer[GRUVID__LOG_LINE];

/* "hub 2", where there are several hubs. */
static __thread const char *hub_name = "";

void
gruvid__log_set_hub(const char *name)
{
    hub_name = name;
}

/* Who else hears of this thread's errors. */
static __thread void (*on_error)(void *arg, const gruvi_log_record_t *record);
static __thread void *on_error_arg;

void
gruvid__log_on_error(void (*fn)(void *arg, const gruvi_log_record_t *record),
                     void *arg)
{
    on_error = fn;
    on_error_arg = arg;
}

/* The generation of the plugin that the running fiber works for; or NULL. */
static uint64_t (*generation_here)(void);

void
gruvid__log_set_generation(uint64_t (*generation)(void))
{
    __atomic_store_n(&generation_here, generation, __ATOMIC_RELEASE);
}

/* The id of the request that it answers; or NULL. */
static const char *(*request_here)(void);

void
gruvid__log_set_request(const char *(*request)(void))
{
    __atomic_store_n(&request_here, request, __ATOMIC_RELEASE);
}

static struct gruvid__log_origin
origin_now(void)
{
    uint64_t (*generation)(void) =
        __atomic_load_n(&generation_here, __ATOMIC_ACQUIRE);
    const char *(*request)(void) =
        __atomic_load_n(&request_here, __ATOMIC_ACQUIRE);
    struct gruvid__log_origin origin = {0};

    if (!has_fields())
        return origin;
    if (generation != NULL)
        origin.generation = generation();
    if (request != NULL)
        origin.request = request();
    return origin;
}

void
gruvid__log_show_hubs(bool show)
{
    __atomic_store_n(&sink.hubs, show, __ATOMIC_RELAXED);
}

/* --- the file ------------------------------------------------------------- */

#define FLAGS (O_APPEND | O_CLOEXEC | O_NOCTTY | O_NONBLOCK)

/* A FIFO, open for reading as well; or the descriptor that there is. */
static int
open_fifo(const char *path, int fd)
{
    struct stat st;
    int both;

    if (fd >= 0 ? fstat(fd, &st) < 0 : stat(path, &st) < 0)
        return fd;
    if (!S_ISFIFO(st.st_mode))
        return fd;
    both = open(path, O_RDWR | FLAGS);
    if (both < 0)
        return fd;
    if (fd >= 0)
        close(fd);
    return both;
}

/* made: whether the file was not there */
static int
open_file(const char *path, bool *made)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | FLAGS, 0640), err;

    *made = fd >= 0;
    if (fd < 0 && errno == EEXIST)
        fd = open(path, O_WRONLY | FLAGS);
    if (fd < 0 && errno == ENOENT) /* a link to what is not there */
        fd = open(path, O_WRONLY | O_CREAT | FLAGS, 0640);
    err = errno;
    if (!*made && (fd >= 0 || err == ENXIO))
        fd = open_fifo(path, fd);
    return fd >= 0 ? fd : uv_translate_sys_error(err);
}

/* In the writer's thread, as what follows: the target that is open already. */
static int
switch_target(struct target *next, int (**connect)(void))
{
    int fd = next->fd;

    *connect = connect_of(next->reader);

    free(sink.path);
    sink.path = next->path;
    free(next);
    return fd;
}

static int
reopen_file(int (**connect)(void))
{
    struct target *next =
        __atomic_exchange_n(&sink.next, NULL, __ATOMIC_ACQ_REL);
    bool made;
    int fd;

    if (next != NULL)
        return switch_target(next, connect);
    if (sink.path == NULL) {
        gruvi_info("the log is not a file: nothing to reopen");
        return UV_EINVAL;
    }
    fd = open_file(sink.path, &made);
    if (fd < 0)
        gruvi_error("%s cannot be opened again: %s; the old file is kept",
                    sink.path, uv_strerror(fd));
    else
        gruvi_info("%s was opened again", sink.path);
    return fd;
}

void
gruvid__log_reopen(void)
{
    gruvid__writer_reopen();
}

void
gruvid__log_check_reopen(void)
{
    char folder[4096];

    if (sink.path == NULL)
        return;
    snprintf(folder, sizeof folder, "%s", sink.path);
    if (access(sink.path, W_OK) < 0)
        gruvi_warning("%s cannot be opened again at SIGUSR1: %s; give it to "
                      "gruvid's user",
                      sink.path, strerror(errno));
    else if (access(dirname(folder), W_OK | X_OK) < 0)
        gruvi_info("%s: gruvid's user makes no files in that folder; when the "
                   "log is moved away, make the next one, for that user, "
                   "before SIGUSR1",
                   sink.path);
}

/* For the leader: open, and not switched to yet; NULL: none. */
static struct target *being_opened;

/* --- lines ---------------------------------------------------------------- */

static size_t
tell_lost(char *buf, size_t size, uint64_t lost)
{
    char message[64];
    gruvi_log_record_t record = {
        .level = GRUVI_LOG_WARNING,
        .hub = "",
        .fiber = "",
        .group = "",
        .message = message,
    };

    snprintf(message, sizeof message, "%llu line%s of the log %s lost",
             (unsigned long long)lost, lost == 1 ? "" : "s",
             lost == 1 ? "was" : "were");
    clock_gettime(CLOCK_REALTIME, &record.time);
    return gruvid__log_line(buf, size, &record, (struct gruvid__log_origin){0},
                            style_now(), reader_now());
}

/* Text names the hub only where there are several. */
static bool
hides_hub(void)
{
    return !has_fields() && !__atomic_load_n(&sink.hubs, __ATOMIC_RELAXED);
}

static void
write_record(const gruvi_log_record_t *record, struct gruvid__log_origin origin)
{
    gruvi_log_record_t named = *record;
    int saved = errno;

    /* In a child after fork() another thread may hold its lock for ever. */
    if (gruvid__writer_runs())
        gruvid__recent_put(record);
    if (hides_hub())
        named.hub = "";
    gruvid__writer_put(buffer,
                       gruvid__log_line(buffer, sizeof buffer, &named, origin,
                                        style_now(), reader_now()));
    errno = saved;
}

static double
now(void)
{
    struct timespec time;

    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

/* What was counted is of no generation: several may have said it. */
static void
write_counted(const gruvi_log_record_t *record)
{
    write_record(record, (struct gruvid__log_origin){0});
}

/* In the writer's thread. */
static double
tell_counted(void)
{
    gruvid__repeat_tell(now(), false, write_counted);
    return gruvid__repeat_due(now());
}

/* Whether the line of this thread stands for itself. */
static __thread bool is_each;

void
gruvid__log_each(gruvi_log_level_t level, const char *format, va_list args)
{
    is_each = true;
    gruvi_vlog(level, format, args);
    is_each = false;
}

void
gruvid__log_write(const gruvi_log_record_t *record)
{
    gruvi_log_record_t named = *record;

    if (record->level > gruvid__log_level(record->group))
        return;
    if (on_error != NULL && record->level == GRUVI_LOG_ERROR)
        on_error(on_error_arg, record);
    /* The library's own name for a hub says nothing. */
    named.hub = hub_name;
    /* In a child after fork() nobody would tell what was counted. */
    if (is_each || !gruvid__writer_runs()) {
        write_record(&named, origin_now());
        return;
    }
    switch (gruvid__repeat_take(&named, now())) {
    case GRUVID__REPEAT_NEW:
        write_record(&named, origin_now());
        break;
    case GRUVID__REPEAT_FIRST:
        gruvid__writer_nudge();
        break;
    case GRUVID__REPEAT_COUNTED:
        break;
    }
}

void
gruvid__log_about(const gruvi_log_record_t *record, uint64_t generation)
{
    if (record->level <= gruvid__log_level(record->group))
        write_record(record,
                     (struct gruvid__log_origin){.generation = generation});
}

void
gruvid__log_write_in_handler(const gruvi_log_record_t *record,
                             uint64_t generation)
{
    static char line[GRUVID__LOG_LINE];
    gruvi_log_record_t named = *record;
    size_t length;

    named.hub = hub_name;
    if (hides_hub())
        named.hub = "";
    length =
        gruvid__log_line(line, sizeof line, &named,
                         (struct gruvid__log_origin){.generation = generation},
                         sink.style, sink.reader);
    if (gruvid__writer_put_in_handler(line, length))
        return;
    /* The log is elsewhere, or nowhere: stderr is read by people. */
    if (!__atomic_load_n(&sink.hubs, __ATOMIC_RELAXED))
        named.hub = "";
    length = gruvid__log_line(line, sizeof line, &named,
                              (struct gruvid__log_origin){0}, GRUVID__LOG_TEXT,
                              GRUVID__LOG_READER_ANY);
    gruvid__output_write_in_handler(STDERR_FILENO, line, length);
}

void
gruvid__log_notice(const char *plugin, uint64_t generation, const char *fiber,
                   const char *format, ...)
{
    bool fields = has_fields();
    char message[1024];
    gruvi_log_record_t record = {
        .level = GRUVI_LOG_INFO,
        .hub = hub_name,
        .fiber = fields ? fiber : "",
        .group = fields ? plugin : "",
        .message = message,
    };
    va_list args;

    va_start(args, format);
    vsnprintf(message, sizeof message, format, args);
    va_end(args);
    clock_gettime(CLOCK_REALTIME, &record.time);
    write_record(&record, (struct gruvid__log_origin){
                              .generation = fields ? generation : 0});
}

/* --- opening and closing -------------------------------------------------- */

/* What root has made is the user's, who opens it again later.  A file that was
 * there is left alone: it may be anything. */
static void
give(int fd, const struct passwd *owner)
{
    if (owner != NULL && geteuid() == 0 &&
        fchown(fd, owner->pw_uid, owner->pw_gid) < 0)
        fprintf(stderr, "gruvid: the log cannot be given to %s: %s\n",
                owner->pw_name, strerror(errno));
}

static void
open_journal(struct target *target)
{
    int fd = gruvid__journal_open();

    target->reader =
        fd < 0 ? GRUVID__LOG_READER_STREAM : GRUVID__LOG_READER_SOCKET;
    if (fd >= 0)
        target->fd = fd;
}

static int
open_target(const char *name, const struct passwd *owner, struct target *target)
{
    bool made;

    *target = (struct target){.fd = STDERR_FILENO};
    if (strcmp(name, "auto") == 0 && gruvid__journal_is_stderr())
        open_journal(target);
    if (strncmp(name, "file:", 5) != 0)
        return 0;
    target->path = strdup(name + 5);
    if (target->path == NULL)
        return UV_ENOMEM;
    target->fd = open_file(target->path, &made);
    if (target->fd < 0) {
        free(target->path);
        return target->fd;
    }
    if (made)
        give(target->fd, owner);
    return 0;
}

int
gruvid__log_open(const char *name, enum gruvid__log_style style,
                 const struct passwd *owner)
{
    struct gruvid__log_target writer = {
        .reopen = reopen_file, .tell_lost = tell_lost, .tick = tell_counted};
    struct target target;
    int err = open_target(name, owner, &target);

    if (err < 0)
        return err;
    /* Nothing may be in use when it is changed. */
    gruvid__writer_stop();
    free(sink.path);
    sink.path = target.path;
    sink.style = style;
    sink.reader = target.reader;
    writer.fd = target.fd;
    writer.connect = connect_of(target.reader);
    err = gruvid__writer_start(&writer);
    if (err == 0)
        gruvi_set_log_sink(gruvid__log_write);
    return err;
}

int
gruvid__log_open_next(const char *name, const struct passwd *owner)
{
    struct target *next = malloc(sizeof *next);
    int err = next == NULL ? UV_ENOMEM : open_target(name, owner, next);

    if (err < 0) {
        free(next);
        return err;
    }
    gruvid__log_close_next();
    being_opened = next;
    return 0;
}

void
gruvid__log_close_next(void)
{
    struct target *next = being_opened;

    being_opened = NULL;
    if (next == NULL)
        return;
    if (next->fd != STDERR_FILENO)
        close(next->fd);
    free(next->path);
    free(next);
}

void
gruvid__log_switch(enum gruvid__log_style style)
{
    struct target *before;

    __atomic_store_n(&sink.style, style, __ATOMIC_RELAXED);
    if (being_opened == NULL)
        return;
    /* Lines are for it from now on; the thread converts what was put for the
     * one before and comes too late. */
    __atomic_store_n(&sink.reader, being_opened->reader, __ATOMIC_RELAXED);
    /* A target that the thread has not come to is not switched to any more. */
    before = __atomic_exchange_n(&sink.next, being_opened, __ATOMIC_ACQ_REL);
    being_opened = before;
    gruvid__log_close_next();
    gruvid__writer_reopen();
}

bool
gruvid__log_flush(void)
{
    return gruvid__writer_flush();
}

void
gruvid__log_close(void)
{
    gruvid__repeat_tell(now(), true, write_counted);
    gruvid__writer_stop();
}
