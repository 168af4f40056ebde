/* SPDX-License-Identifier: MIT */
/*
 * The thread that empties the ring: see writer.h.
 *
 *   put        lock, copy the line into the ring, wake the thread if it idles
 *   thread     lock, copy some lines out, unlock, write them
 *
 * The lock is never held while something is written.
 */
#include "log/writer.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#include <uv.h>

#include "log/line.h"
#include "log/ring.h"

/* A pipe takes so many bytes as a whole (PIPE_BUF), so lines of processes that
 * share a pipe do not mix, and poll() answers for it. */
#define BATCH 4096

#define SLICE 100 /* ms, from one look at what else is asked to the next */
#define NO_PROGRESS                                                            \
    1.0             /* seconds that a flush waits for a target that hangs      \
                     */
#define LONGEST 5.0 /* seconds of a flush */

enum state {
    STOPPED, /* no thread: lines are dropped */
    RUNNING,
    HANGING, /* a thread that was left behind: lines are dropped */
    FORKED   /* in a child: lines are written at once */
};

static struct {
    pthread_mutex_t lock;
    pthread_cond_t work, progress;

    /* Under the lock, written atomically for who reads without. */
    enum state state;
    uint64_t put;  /* lines, ever */
    uint64_t done; /* lines that are written or lost, ever */
    bool idle;     /* the thread has nothing to do */

    /* Under the lock. */
    uint64_t taken; /* lines, ever */
    uint64_t lost;  /* lines, since the last that was put */
    bool stop;
    bool nudged;
    bool reopen; /* atomic, too */
    uint64_t reopen_at;

    /* For the thread; in a child after fork() for who logs. */
    struct gruvid__writer_target target;
    pthread_t thread;
    bool regular;    /* a file on a disk: poll() would say nothing */
    bool torn;       /* the last line has no end */
    bool refused;    /* the last write failed */
    uint64_t untold; /* lines that are missing and were not told */
} writer = {
    .lock = PTHREAD_MUTEX_INITIALIZER,
};

#define SET(member, value)                                                     \
    __atomic_store_n(&writer.member, (value), __ATOMIC_RELEASE)
#define GET(member) __atomic_load_n(&writer.member, __ATOMIC_ACQUIRE)

/* Lines on their way from the ring to the target. */
struct batch {
    char bytes[1 + GRUVID__LOG_LINE]; /* the first ends a torn line */
    size_t length;
    uint64_t lines;
    bool reopen; /* the target is to be opened again after them */
};

/* --- lines that were put for another target ------------------------------- */

#define FIRST_FIELD "PRIORITY="
#define LAST_FIELD  "MESSAGE="

/* A record for the journal's socket: lines FIELD=VALUE. */
static bool
is_record(const char *line, size_t length)
{
    const size_t n = sizeof FIRST_FIELD - 1;

    return length > n && memcmp(line, FIRST_FIELD, n) == 0;
}

/* Bytes in front of what a target without fields gets of a line: the message,
 * which has no time. */
static size_t
head_of(const char *line, size_t length)
{
    const char *last;

    if (!is_record(line, length))
        return 0;
    last = memmem(line, length, "\n" LAST_FIELD, sizeof LAST_FIELD);
    return last == NULL ? 0 : (size_t)(last - line) + sizeof LAST_FIELD;
}

/* A line as a datagram; one without fields gets one. */
static ssize_t
send_line(const char *line, size_t length)
{
    static char field[] = LAST_FIELD;
    struct iovec parts[] = {
        {field, is_record(line, length) ? 0 : sizeof field - 1},
        {(char *)line, length}};
    struct msghdr message = {.msg_iov = parts, .msg_iovlen = 2};

    return sendmsg(writer.target.fd, &message, MSG_DONTWAIT | MSG_NOSIGNAL);
}

/* --- taking lines, under the lock ----------------------------------------- */

/* Whether what was put before a reopen is taken. */
static bool
must_reopen(void)
{
    return writer.reopen && writer.taken >= writer.reopen_at;
}

/* Take the first line of the ring, as the target takes it.  Returns its length.
 */
static size_t
take_line(char *to, size_t length)
{
    size_t head;

    gruvid__ring_take(to);
    head = writer.target.connect != NULL ? 0 : head_of(to, length);
    memmove(to, to + head, length - head);
    return length - head;
}

/* Take lines up to a gap, a reopen or the end of a batch. */
static void
take_lines(struct batch *batch)
{
    struct gruvid__ring_entry entry;

    while (!must_reopen() && gruvid__ring_first(&entry)) {
        if (batch->lines > 0 && (entry.lost > 0 || writer.target.connect ||
                                 batch->length + entry.length > BATCH))
            break;
        batch->length +=
            take_line(batch->bytes + 1 + batch->length, entry.length);
        writer.untold += entry.lost;
        writer.taken++;
        batch->lines++;
    }
}

/* Whether lines are missing at the end, and the target may hear of it. */
static bool
must_tell(void)
{
    return writer.lost > 0 && !writer.refused;
}

static bool
has_work(void)
{
    return writer.taken < writer.put || must_reopen() || must_tell();
}

/* --- writing, in the thread ---------------------------------------------- */

static void
set_fd(int fd)
{
    struct stat st;

    writer.target.fd = fd;
    writer.torn = writer.refused = false;
    writer.regular = fstat(fd, &st) == 0 && S_ISREG(st.st_mode);
}

/* Returns whether there is a new descriptor. */
static bool
reopen(void)
{
    int old = writer.target.fd, fd;

    SET(reopen, false);
    fd = writer.target.reopen(&writer.target.connect);
    if (fd < 0)
        return false;
    set_fd(fd);
    if (old != STDERR_FILENO)
        close(old);
    return true;
}

/* Wait until the target takes bytes.  True: it was opened again meanwhile.  A
 * disk is not asked: poll() says nothing about it. */
static bool
await_target(void)
{
    struct pollfd target = {.fd = writer.target.fd, .events = POLLOUT};

    while (!writer.regular && poll(&target, 1, SLICE) == 0 && !GET(stop))
        if (GET(reopen) && reopen())
            return true;
    return false;
}

/* Where the line begins of which a part is written: another target gets all of
 * it. */
static char *
whole_line(char *bytes, char *at)
{
    while (at > bytes && at[-1] != '\n')
        at--;
    return at < bytes ? bytes : at;
}

/*
 * Write lines.
 *
 *   bytes  there is room for a byte in front of them
 *
 * Returns how many bytes were written before it failed, or before the target
 * became one of datagrams.
 */
static size_t
write_bytes(char *bytes, size_t length)
{
    char *at = bytes, *end = bytes + length;

    if (writer.torn)
        *--at = '\n';
    while (at < end) {
        ssize_t n;

        if (await_target()) {
            at = whole_line(bytes, at);
            if (writer.target.connect != NULL)
                return (size_t)(at - bytes);
            continue;
        }
        if (GET(stop))
            break;
        n = write(writer.target.fd, at, (size_t)(end - at));
        if (n < 0 && errno != EINTR && errno != EAGAIN)
            break;
        if (n <= 0)
            continue;
        at += n;
        writer.torn = at[-1] != '\n';
    }
    writer.refused = at < end;
    return at < bytes ? 0 : (size_t)(at - bytes);
}

/* A socket whose other end was started again. */
static bool
connect_again(void)
{
    int fd = writer.target.connect();

    if (fd < 0)
        return false;
    close(writer.target.fd);
    set_fd(fd);
    return true;
}

/* Write a line as a datagram, whole or not at all.  Returns how many bytes were
 * written. */
static size_t
write_datagram(const char *line, size_t length)
{
    bool again = false;

    for (;;) {
        if (await_target() && writer.target.connect == NULL)
            return 0;
        if (GET(stop))
            break;
        if (send_line(line, length) >= 0) {
            writer.refused = false;
            return length;
        }
        if (errno == EINTR || errno == EAGAIN)
            continue;
        if (again || !connect_again())
            break;
        again = true;
    }
    writer.refused = true;
    return 0;
}

/* Where each line is a datagram there is one, unless the target was another
 * when they were taken. */
static size_t
first_line(const char *bytes, size_t length)
{
    const char *end = memchr(bytes, '\n', length);

    if (is_record(bytes, length) || end == NULL)
        return length;
    return (size_t)(end - bytes) + 1;
}

/* Write lines, to what the target is by then.  The arguments and the result are
 * those of write_bytes(). */
static size_t
write_out(char *bytes, size_t length)
{
    size_t n = 0, done;
    bool datagrams;

    do {
        datagrams = writer.target.connect != NULL;
        if (datagrams) {
            done = write_datagram(bytes + n, first_line(bytes + n, length - n));
        } else {
            n += head_of(bytes + n, length - n);
            done = write_bytes(bytes + n, length - n);
        }
        n += done;
    } while (n < length && (datagrams != (writer.target.connect != NULL) ||
                            (datagrams && done > 0)));
    return n;
}

static bool
tell_untold(void)
{
    char line[1 + GRUVID__LOG_LINE];
    size_t length =
        writer.target.tell_lost(line + 1, sizeof line - 1, writer.untold);

    if (write_out(line + 1, length) < length)
        return false;
    writer.untold = 0;
    return true;
}

static void
write_batch(struct batch *batch)
{
    char *bytes = batch->bytes + 1;
    size_t n = 0;

    if (writer.untold == 0 || tell_untold())
        n = write_out(bytes, batch->length);
    if (n == 0)
        writer.untold += batch->lines;
    else
        for (; n < batch->length; n++)
            writer.untold += bytes[n] == '\n';
}

/* --- the thread ----------------------------------------------------------- */

static struct timespec later(double seconds);

/* Wait for a signal; for no longer than until a time, if that is not
 * negative. */
static void
idle(double due)
{
    struct timespec until;

    SET(idle, true);
    pthread_cond_broadcast(&writer.progress);
    if (due < 0) {
        pthread_cond_wait(&writer.work, &writer.lock);
        return;
    }
    until = later(due);
    pthread_cond_timedwait(&writer.work, &writer.lock, &until);
}

/* Wait for work, or until lines are due.  False: there is no work, and will be
 * none. */
static bool
await_work(struct batch *batch, double due)
{
    bool more;

    pthread_mutex_lock(&writer.lock);
    SET(done, writer.done + batch->lines);
    batch->lines = batch->length = 0;
    if (!has_work() && !writer.stop && !writer.nudged)
        idle(due);
    writer.nudged = false;
    SET(idle, false);
    pthread_cond_broadcast(&writer.progress);
    take_lines(batch);
    batch->reopen = batch->lines == 0 && must_reopen();
    if (batch->lines == 0 && must_tell()) {
        writer.untold += writer.lost;
        writer.lost = 0;
    }
    more = !writer.stop;
    pthread_mutex_unlock(&writer.lock);
    return more;
}

static void *
writer_main(void *arg)
{
    static struct batch batch;
    double due = -1;

    (void)arg;
    pthread_setname_np(pthread_self(), "gruvid-log");
    batch.lines = batch.length = 0;
    while (await_work(&batch, due)) {
        if (batch.length > 0 || (writer.untold > 0 && !writer.refused))
            write_batch(&batch);
        if (batch.reopen && GET(reopen))
            reopen();
        due = writer.target.tick();
    }
    return NULL;
}

/* --- from outside --------------------------------------------------------- */

static void
init_conditions(void)
{
    pthread_condattr_t monotonic;

    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&writer.progress, &monotonic);
    pthread_cond_init(&writer.work, &monotonic);
    pthread_condattr_destroy(&monotonic);
}

/* Forget what is in the ring. */
static void
discard(void)
{
    gruvid__ring_clear();
    writer.lost = 0;
    writer.taken = writer.put;
    SET(done, writer.put);
}

static void
before_fork(void)
{
    pthread_mutex_lock(&writer.lock);
}

static void
after_fork(void)
{
    pthread_mutex_unlock(&writer.lock);
}

/* The parent writes what is in the ring. */
static void
in_child(void)
{
    init_conditions();
    discard();
    if (writer.state == RUNNING)
        SET(state, FORKED);
    pthread_mutex_unlock(&writer.lock);
}

static void
set_up(void)
{
    init_conditions();
    signal(SIGPIPE, SIG_IGN); /* it comes to the process: EPIPE says enough */
    signal(SIGXFSZ, SIG_IGN); /* and so does EFBIG */
    pthread_atfork(before_fork, after_fork, in_child);
    atexit(gruvid__writer_stop);
    (void)at_quick_exit(gruvid__writer_stop);
}

/* The thread gets no signal but for its own faults. */
static int
begin_thread(void)
{
    static const int faults[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL};
    sigset_t blocked, before;
    int err;

    sigfillset(&blocked);
    for (size_t i = 0; i < sizeof faults / sizeof *faults; i++)
        sigdelset(&blocked, faults[i]);
    pthread_sigmask(SIG_SETMASK, &blocked, &before);
    err = pthread_create(&writer.thread, NULL, writer_main, NULL);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return uv_translate_sys_error(err);
}

int
gruvid__writer_start(const struct gruvid__writer_target *target)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    int err;

    pthread_once(&once, set_up);
    gruvid__writer_stop();
    if (GET(state) == HANGING)
        return UV_EBUSY;
    writer.target = *target;
    writer.untold = 0;
    set_fd(target->fd);
    writer.stop = writer.reopen = writer.idle = false;
    SET(state, RUNNING);
    err = begin_thread();
    if (err < 0)
        SET(state, STOPPED);
    return err;
}

/* In a child after fork(): it may wait. */
static void
write_now(const char *line, size_t length)
{
    size_t head = head_of(line, length);

    if (writer.target.connect != NULL) {
        send_line(line, length);
        return;
    }
    line += head;
    length -= head;
    while (length > 0) {
        ssize_t n = write(writer.target.fd, line, length);

        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return;
        line += n;
        length -= (size_t)n;
    }
}

void
gruvid__writer_put(const char *line, size_t length)
{
    enum state state = GET(state);

    if (state == FORKED)
        write_now(line, length);
    if (state != RUNNING)
        return;
    pthread_mutex_lock(&writer.lock);
    if (gruvid__ring_put(line, length, writer.lost)) {
        writer.lost = 0;
        SET(put, writer.put + 1);
    } else {
        writer.lost++;
    }
    if (writer.idle)
        pthread_cond_signal(&writer.work);
    pthread_mutex_unlock(&writer.lock);
}

bool
gruvid__writer_runs(void)
{
    return GET(state) == RUNNING;
}

void
gruvid__writer_nudge(void)
{
    pthread_mutex_lock(&writer.lock);
    writer.nudged = true;
    pthread_cond_signal(&writer.work);
    pthread_mutex_unlock(&writer.lock);
}

void
gruvid__writer_reopen(void)
{
    pthread_mutex_lock(&writer.lock);
    writer.reopen_at = writer.put;
    SET(reopen, true);
    pthread_cond_signal(&writer.work);
    pthread_mutex_unlock(&writer.lock);
}

static struct timespec
later(double seconds)
{
    struct timespec time;

    clock_gettime(CLOCK_MONOTONIC, &time);
    time.tv_nsec += (long)((seconds - (double)(long)seconds) * 1e9);
    time.tv_sec += (long)seconds + time.tv_nsec / 1000000000;
    time.tv_nsec %= 1000000000;
    return time;
}

static bool
is_past(const struct timespec *time)
{
    struct timespec now = later(0);

    return now.tv_sec > time->tv_sec ||
           (now.tv_sec == time->tv_sec && now.tv_nsec >= time->tv_nsec);
}

/* Under the lock. */
static bool
flush(void)
{
    struct timespec end = later(LONGEST), next = later(NO_PROGRESS);
    uint64_t goal = writer.put, seen = writer.done;

    /* The last line may have others follow: of a reopen, of missing lines. */
    while (writer.done <= goal &&
           (writer.done < goal || !writer.idle || GET(reopen))) {
        int err = pthread_cond_timedwait(&writer.progress, &writer.lock, &next);

        if (writer.done != seen)
            next = later(NO_PROGRESS);
        else if (err == ETIMEDOUT)
            return false;
        if (is_past(&end))
            return false;
        seen = writer.done;
    }
    return true;
}

bool
gruvid__writer_flush(void)
{
    bool flushed = true;

    pthread_mutex_lock(&writer.lock);
    if (GET(state) == RUNNING)
        flushed = flush();
    pthread_mutex_unlock(&writer.lock);
    return flushed;
}

void
gruvid__writer_stop(void)
{
    struct timespec end;

    if (GET(state) != RUNNING)
        return;
    gruvid__writer_flush();
    pthread_mutex_lock(&writer.lock);
    SET(stop, true);
    pthread_cond_signal(&writer.work);
    pthread_mutex_unlock(&writer.lock);
    clock_gettime(CLOCK_REALTIME, &end);
    end.tv_sec++;
    if (pthread_timedjoin_np(writer.thread, NULL, &end) != 0) {
        SET(state, HANGING);
        return;
    }
    discard();
    SET(state, STOPPED);
    if (writer.target.fd != STDERR_FILENO)
        close(writer.target.fd);
}

void
gruvid__writer_flush_in_handler(void)
{
    const struct timespec pause = {.tv_nsec = 1000000};

    if (GET(state) != RUNNING || pthread_equal(pthread_self(), writer.thread))
        return;
    for (int i = 0; i < 1000 && GET(done) < GET(put); i++)
        nanosleep(&pause, NULL);
}

void
gruvid__writer_write_in_handler(int fd, const char *bytes, size_t n)
{
    struct pollfd target = {.fd = fd, .events = POLLOUT};

    while (n > 0 && poll(&target, 1, SLICE) > 0) {
        /* A pipe that is ready takes PIPE_BUF bytes without waiting. */
        ssize_t done = write(fd, bytes, n < BATCH ? n : BATCH);

        if (done <= 0 && errno != EINTR)
            return;
        if (done > 0) {
            bytes += done;
            n -= (size_t)done;
        }
    }
}

static bool
is_same_file(int a, int b)
{
    struct stat of_a, of_b;

    return a == b || (fstat(a, &of_a) == 0 && fstat(b, &of_b) == 0 &&
                      of_a.st_dev == of_b.st_dev && of_a.st_ino == of_b.st_ino);
}

/* The thread may have left half a line. */
bool
gruvid__writer_put_in_handler(const char *line, size_t length)
{
    struct pollfd target = {.fd = writer.target.fd, .events = POLLOUT};
    size_t head = head_of(line, length);
    int fd = writer.target.fd;

    if (GET(state) != RUNNING)
        return false;
    if (writer.target.connect != NULL) {
        if (poll(&target, 1, SLICE) > 0)
            send_line(line, length);
        return true;
    }
    if (writer.torn)
        gruvid__writer_write_in_handler(fd, "\n", 1);
    writer.torn = false;
    gruvid__writer_write_in_handler(fd, line + head, length - head);
    return is_same_file(fd, STDERR_FILENO);
}
