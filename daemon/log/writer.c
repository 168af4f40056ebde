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
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <uv.h>

#include "log/line.h"
#include "log/output.h"
#include "log/ring.h"

#define NO_PROGRESS 1.0 /* seconds that a flush waits for a hanging target */
#define LONGEST     5.0 /* seconds of a flush */

enum state {
    STOPPED, /* no thread: lines are dropped */
    RUNNING,
    HANGING, /* a thread that was left behind: lines are dropped */
    FORKED   /* in a child: lines are written at once */
};

static struct {
    pthread_mutex_t lock;
    pthread_cond_t work, progress;

    /* Under the lock, written atomically for readers without it. */
    enum state state;
    uint64_t put;  /* lines, ever */
    uint64_t done; /* lines that are written or lost, ever */
    bool idle;     /* the thread has nothing to do */
    uint64_t full; /* lines that had no room, ever */

    /* Under the lock. */
    uint64_t taken; /* lines, ever */
    uint64_t lost;  /* lines, since the last that was put */
    bool nudged;
    uint64_t reopen_at;

    /* For the thread; in a child after fork() for who logs.  What is asked of
     * it is set under the lock. */
    struct gruvid__output out;
    pthread_t thread;
    uint64_t untold; /* lines that are missing and were not told */
    uint64_t failed; /* lines that were not written, ever; atomic */
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

/* --- taking lines, under the lock ----------------------------------------- */

/* Whether what was put before a reopen is taken. */
static bool
must_reopen(void)
{
    return writer.out.reopen && writer.taken >= writer.reopen_at;
}

/* Take the first line of the ring, as the target takes it.  Returns its length.
 */
static size_t
take_line(char *to, size_t length)
{
    gruvid__ring_take(to);
    return gruvid__output_convert(&writer.out, to, length);
}

/* Take lines up to a gap, a reopen or the end of a batch. */
static void
take_lines(struct batch *batch)
{
    struct gruvid__ring_entry entry;

    while (!must_reopen() && gruvid__ring_first(&entry)) {
        if (batch->lines > 0 &&
            (entry.lost > 0 || writer.out.target.connect ||
             batch->length + entry.length > GRUVID__OUTPUT_BATCH))
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
    return writer.lost > 0 && !writer.out.refused;
}

static bool
has_work(void)
{
    return writer.taken < writer.put || must_reopen() || must_tell();
}

static bool
tell_untold(void)
{
    char line[1 + GRUVID__LOG_LINE];
    size_t length =
        writer.out.target.tell_lost(line + 1, sizeof line - 1, writer.untold);

    if (gruvid__output_write(&writer.out, line + 1, length) < length)
        return false;
    writer.untold = 0;
    return true;
}

static void
write_batch(struct batch *batch)
{
    char *bytes = batch->bytes + 1;
    uint64_t lost = 0;
    size_t n = 0;

    if (writer.untold == 0 || tell_untold())
        n = gruvid__output_write(&writer.out, bytes, batch->length);
    if (n == 0)
        lost = batch->lines;
    else
        for (; n < batch->length; n++)
            lost += bytes[n] == '\n';
    writer.untold += lost;
    SET(failed, writer.failed + lost);
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
    if (!has_work() && !writer.out.stop && !writer.nudged)
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
    more = !writer.out.stop;
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
        if (batch.length > 0 || (writer.untold > 0 && !writer.out.refused))
            write_batch(&batch);
        if (batch.reopen && GET(out.reopen))
            gruvid__output_reopen(&writer.out);
        due = writer.out.target.tick();
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
gruvid__writer_start(const struct gruvid__log_target *target)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    int err;

    pthread_once(&once, set_up);
    gruvid__writer_stop();
    if (GET(state) == HANGING)
        return UV_EBUSY;
    gruvid__output_open(&writer.out, target);
    writer.untold = 0;
    writer.idle = false;
    SET(state, RUNNING);
    err = begin_thread();
    if (err < 0)
        SET(state, STOPPED);
    return err;
}

void
gruvid__writer_put(const char *line, size_t length)
{
    enum state state = GET(state);

    if (state == FORKED)
        gruvid__output_write_now(&writer.out, line, length);
    if (state != RUNNING)
        return;
    pthread_mutex_lock(&writer.lock);
    if (gruvid__ring_put(line, length, writer.lost)) {
        writer.lost = 0;
        SET(put, writer.put + 1);
    } else {
        writer.lost++;
        SET(full, writer.full + 1);
    }
    if (writer.idle)
        pthread_cond_signal(&writer.work);
    pthread_mutex_unlock(&writer.lock);
}

void
gruvid__writer_counts(uint64_t *lines, uint64_t *lost)
{
    uint64_t full = GET(full);

    *lost = full + GET(failed);
    *lines = full + GET(put);
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
    SET(out.reopen, true);
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
           (writer.done < goal || !writer.idle || GET(out.reopen))) {
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
    SET(out.stop, true);
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
    if (writer.out.target.fd != STDERR_FILENO)
        close(writer.out.target.fd);
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

bool
gruvid__writer_put_in_handler(const char *line, size_t length)
{
    return GET(state) == RUNNING &&
           gruvid__output_put_in_handler(&writer.out, line, length);
}
