/* SPDX-License-Identifier: MIT */
/*
 * jobs: a work queue that speaks a part of beanstalkd's protocol: put, reserve,
 * reserve-with-timeout, delete, release, stats-job, quit.  There is one tube,
 * and all of it is in memory.
 *
 * A job is ready, delayed, or reserved by a connection.  Who reserves and does
 * not delete or release within the time to run loses it: it is ready again, as
 * it is when the connection ends.
 *
 * Nobody has the address of a job across a switchpoint, for others may delete
 * it: one fiber of the instance looks at all jobs when the time of one is up,
 * and what is written to a client is copied first.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

#include <gruvid/plugin.h>

#define MAX_JOB  65535
#define MAX_JOBS 100000

enum state { READY, DELAYED, RESERVED };

struct job {
    TAILQ_ENTRY(job) link;
    uint64_t id;
    enum state state;
    unsigned priority, delay, ttr;
    double due;            /* gruvi_now() when it is ready; unless it is */
    gruvi_stream_t *owner; /* of a reserved job, else NULL */
    unsigned reserves;
    size_t size;
    char body[];
};

/* Of an instance: two may be in two threads. */
struct tube {
    GRUVI_SHARED TAILQ_HEAD(, job) jobs;
    uint64_t last_id;
    GRUVI_SHARED unsigned n_jobs; /* with those that are being put */
    GRUVI_SHARED unsigned n_ready;
    gruvi_event_t some_ready;
    gruvi_event_t other_times; /* a job is due, and was not before */
};

struct client {
    struct tube *tube;
    gruvi_stream_t *stream;
};

static struct job *
find(struct tube *tube, uint64_t id)
{
    struct job *job;

    TAILQ_FOREACH (job, &tube->jobs, link)
        if (job->id == id)
            return job;
    return NULL;
}

/* The most urgent job, the oldest of several; NULL if none is ready. */
static struct job *
most_urgent(struct tube *tube)
{
    struct job *job, *best = NULL;

    TAILQ_FOREACH (job, &tube->jobs, link)
        if (job->state == READY &&
            (best == NULL || job->priority < best->priority))
            best = job;
    return best;
}

static void
make_ready(struct tube *tube, struct job *job)
{
    job->state = READY;
    job->owner = NULL;
    tube->n_ready++;
    gruvi_event_set(&tube->some_ready);
}

/* Ready after its delay. */
static void
make_delayed(struct tube *tube, struct job *job)
{
    if (job->delay == 0) {
        make_ready(tube, job);
        return;
    }
    job->state = DELAYED;
    job->owner = NULL;
    job->due = gruvi_now() + job->delay;
    gruvi_event_set(&tube->other_times);
}

/* Makes ready what is due; returns seconds until another is. */
static double
make_due(struct tube *tube)
{
    double now = gruvi_now(), next = GRUVI_FOREVER;
    struct job *job;

    TAILQ_FOREACH (job, &tube->jobs, link)
        if (job->state == READY)
            continue;
        else if (job->due <= now)
            make_ready(tube, job);
        else if (next < 0 || job->due - now < next)
            next = job->due - now;
    return next;
}

/* The fiber of the instance. */
static GRUVI_SWITCHPOINT int
keep_time(void *arg)
{
    struct tube *tube = arg;
    int err = 0;

    while (err == 0 || err == UV_ETIMEDOUT) {
        gruvi_event_clear(&tube->other_times);
        err = gruvi_event_wait(&tube->other_times, make_due(tube));
    }
    return err;
}

/* Reads what comes behind the line of a put. */
static GRUVI_SWITCHPOINT int
read_body(gruvi_stream_t *stream, struct job *job)
{
    char end[2] = "";
    int err = gruvi_stream_read_exact(stream, job->body, job->size);

    if (err == 0)
        err = gruvi_stream_read_exact(stream, end, 2);
    return err < 0 ? err : memcmp(end, "\r\n", 2) == 0;
}

static GRUVI_SWITCHPOINT int
do_put(struct client *me, const char *args)
{
    struct tube *tube = me->tube;
    unsigned priority, delay, ttr;
    size_t size;
    struct job *job = NULL;
    int whole;

    if (sscanf(args, "%u %u %u %zu", &priority, &delay, &ttr, &size) != 4)
        return gruvi_stream_printf(me->stream, "BAD_FORMAT\r\n");
    if (size > MAX_JOB)
        return gruvi_stream_printf(me->stream, "JOB_TOO_BIG\r\n");
    if (tube->n_jobs < MAX_JOBS)
        job = calloc(1, sizeof *job + size);
    if (job == NULL)
        return gruvi_stream_printf(me->stream, "OUT_OF_MEMORY\r\n");
    tube->n_jobs++; /* before it is read, so that no other takes its place */
    job->priority = priority;
    job->delay = delay;
    job->ttr = ttr > 0 ? ttr : 1;
    job->size = size;
    whole = read_body(me->stream, job);
    if (whole <= 0) {
        tube->n_jobs--;
        free(job);
        return whole < 0 ? whole
                         : gruvi_stream_printf(me->stream, "EXPECTED_CRLF\r\n");
    }
    job->id = ++tube->last_id;
    TAILQ_INSERT_TAIL(&tube->jobs, job, link);
    make_delayed(tube, job);
    return gruvi_stream_printf(me->stream, "INSERTED %llu\r\n",
                               (unsigned long long)job->id);
}

/* Waits until a job is ready; a worker that goes meanwhile is to get none. */
static GRUVI_SWITCHPOINT int
wait_ready(struct client *me, double timeout)
{
    struct tube *tube = me->tube;
    double until = gruvi_now() + timeout;
    int err = 0;

    while (err == 0 && tube->n_ready == 0) {
        double left = timeout < 0 ? GRUVI_FOREVER : until - gruvi_now();

        if (timeout >= 0 && left < 0)
            left = 0;
        gruvi_event_clear(&tube->some_ready);
        err = gruvi_stream_watch_peer(me->stream, true);
        if (err == 0)
            err = gruvi_event_wait(&tube->some_ready, left);
        gruvi_stream_unwatch_peer(me->stream);
    }
    return err;
}

static GRUVI_SWITCHPOINT int
do_reserve(struct client *me, double timeout)
{
    struct job *job;
    char *answer;
    int n, err = wait_ready(me, timeout);

    if (err == UV_ETIMEDOUT)
        return gruvi_stream_printf(me->stream, "TIMED_OUT\r\n");
    if (err < 0)
        return err;
    job = most_urgent(me->tube);
    answer = malloc(job->size + 64);
    if (answer == NULL)
        return gruvi_stream_printf(me->stream, "OUT_OF_MEMORY\r\n");
    n = sprintf(answer, "RESERVED %llu %zu\r\n", (unsigned long long)job->id,
                job->size);
    memcpy(answer + n, job->body, job->size);
    memcpy(answer + n + job->size, "\r\n", 2);
    n += (int)job->size + 2;

    me->tube->n_ready--;
    job->state = RESERVED;
    job->owner = me->stream;
    job->reserves++;
    job->due = gruvi_now() + job->ttr;
    gruvi_event_set(&me->tube->other_times);
    err = gruvi_stream_write(me->stream, answer, (size_t)n);
    free(answer);
    return err;
}

static GRUVI_SWITCHPOINT int
do_delete(struct client *me, uint64_t id)
{
    struct job *job = find(me->tube, id);

    if (job == NULL || (job->owner != NULL && job->owner != me->stream))
        return gruvi_stream_printf(me->stream, "NOT_FOUND\r\n");
    if (job->state == READY)
        me->tube->n_ready--;
    me->tube->n_jobs--;
    TAILQ_REMOVE(&me->tube->jobs, job, link);
    free(job);
    return gruvi_stream_printf(me->stream, "DELETED\r\n");
}

static GRUVI_SWITCHPOINT int
do_release(struct client *me, const char *args)
{
    unsigned long long id;
    unsigned priority, delay;
    struct job *job;

    if (sscanf(args, "%llu %u %u", &id, &priority, &delay) != 3)
        return gruvi_stream_printf(me->stream, "BAD_FORMAT\r\n");
    job = find(me->tube, id);
    if (job == NULL || job->owner != me->stream)
        return gruvi_stream_printf(me->stream, "NOT_FOUND\r\n");
    job->priority = priority;
    job->delay = delay;
    make_delayed(me->tube, job);
    return gruvi_stream_printf(me->stream, "RELEASED\r\n");
}

static GRUVI_SWITCHPOINT int
do_stats_job(struct client *me, uint64_t id)
{
    static const char *const names[] = {"ready", "delayed", "reserved"};
    struct job *job = find(me->tube, id);
    char text[256];
    int n;

    if (job == NULL)
        return gruvi_stream_printf(me->stream, "NOT_FOUND\r\n");
    n = snprintf(text, sizeof text,
                 "---\nid: %llu\ntube: default\nstate: %s\npri: %u\n"
                 "delay: %u\nttr: %u\nreserves: %u\n",
                 (unsigned long long)job->id, names[job->state], job->priority,
                 job->delay, job->ttr, job->reserves);
    return gruvi_stream_printf(me->stream, "OK %d\r\n%s\r\n", n, text);
}

static GRUVI_SWITCHPOINT int
handle(struct client *me, char *args)
{
    char *command = strsep(&args, " ");

    if (args == NULL)
        args = command + strlen(command);
    if (strcmp(command, "put") == 0)
        return do_put(me, args);
    if (strcmp(command, "reserve") == 0)
        return do_reserve(me, GRUVI_FOREVER);
    if (strcmp(command, "reserve-with-timeout") == 0)
        return do_reserve(me, (double)strtoul(args, NULL, 10));
    if (strcmp(command, "delete") == 0)
        return do_delete(me, strtoull(args, NULL, 10));
    if (strcmp(command, "release") == 0)
        return do_release(me, args);
    if (strcmp(command, "stats-job") == 0)
        return do_stats_job(me, strtoull(args, NULL, 10));
    if (strcmp(command, "quit") == 0)
        return UV_EOF;
    return gruvi_stream_printf(me->stream, "UNKNOWN_COMMAND\r\n");
}

static GRUVI_SWITCHPOINT int
connection(gruvi_stream_t *stream, gruvid_plugin_t *plugin)
{
    struct client me = {gruvid_plugin_data(plugin), stream};
    struct job *job;
    char line[224];
    ssize_t n;
    int err = 0;

    while (err == 0) {
        n = gruvi_stream_read_text(stream, line, sizeof line);
        err = n < 0 ? (int)n : handle(&me, line);
    }
    TAILQ_FOREACH (job, &me.tube->jobs, link)
        if (job->owner == stream)
            make_ready(me.tube, job);
    return err;
}

static int
start(gruvid_plugin_t *plugin)
{
    struct tube *tube = calloc(1, sizeof *tube);
    int err = tube == NULL ? UV_ENOMEM : gruvid_set_plugin_data(plugin, tube);

    if (err == 0) {
        TAILQ_INIT(&tube->jobs);
        gruvi_event_init(&tube->some_ready);
        gruvi_event_init(&tube->other_times);
        err = gruvi_go(keep_time, tube);
    }
    if (err < 0)
        free(tube);
    return err;
}

static void
stop(gruvid_plugin_t *plugin)
{
    struct tube *tube = gruvid_plugin_data(plugin);
    struct job *job;

    while ((job = TAILQ_FIRST(&tube->jobs)) != NULL) {
        TAILQ_REMOVE(&tube->jobs, job, link);
        free(job);
    }
    gruvi_event_destroy(&tube->some_ready);
    gruvi_event_destroy(&tube->other_times);
    free(tube);
}

GRUVID_PLUGIN(jobs, .version = "1.0", .summary = "a work queue",
    .start = start, .connection = connection, .stop = stop);
