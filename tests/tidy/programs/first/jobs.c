/* SPDX-License-Identifier: MIT */
/*
 * jobs: a work queue that speaks a part of beanstalkd's protocol: put, reserve,
 * reserve-with-timeout, delete, release, stats-job, quit.  There is one tube,
 * and all of it is in memory.
 *
 * A job is ready, delayed, or reserved by a connection.  Who reserves and does
 * not delete or release within the time to run loses it: it is ready again, as
 * it is when the connection ends.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <unistd.h>

#include <gruvid/plugin.h>

#define MAX_JOB   65535
#define MAX_READY 100000

enum state { READY, DELAYED, RESERVED };

struct job {
    TAILQ_ENTRY(job) link;
    uint64_t id;
    enum state state;
    unsigned priority, delay, ttr;
    gruvi_stream_t *owner; /* of a reserved job */
    unsigned reserves;
    size_t size;
    char body[];
};

static TAILQ_HEAD(queue, job) jobs = TAILQ_HEAD_INITIALIZER(jobs);
static uint64_t last_id;
static unsigned n_ready;
static gruvi_event_t some_ready = GRUVI_EVENT_INIT;

static struct job *
find(uint64_t id)
{
    struct job *job;

    TAILQ_FOREACH (job, &jobs, link)
        if (job->id == id)
            return job;
    return NULL;
}

/* The most urgent job, the oldest of several. */
static struct job *
most_urgent(void)
{
    struct job *job, *best = NULL;

    TAILQ_FOREACH (job, &jobs, link)
        if (job->state == READY &&
            (best == NULL || job->priority < best->priority))
            best = job;
    return best;
}

static void
make_ready(struct job *job)
{
    job->state = READY;
    job->owner = NULL;
    n_ready++;
    gruvi_event_set(&some_ready);
}

/* A fiber: the job becomes ready after its delay. */
static int
wait_delay(void *arg)
{
    struct job *job = arg;

    gruvi_sleep(job->delay);
    if (job->state == DELAYED)
        make_ready(job);
    return 0;
}

/* A fiber: the time to run. */
static int
wait_ttr(void *arg)
{
    struct job *job = arg;
    unsigned mine = job->reserves;

    gruvi_sleep(job->ttr);
    if (job->state == RESERVED && job->reserves == mine)
        make_ready(job);
    return 0;
}

static int
make_delayed(struct job *job)
{
    job->owner = NULL;
    if (job->delay == 0) {
        make_ready(job);
        return 0;
    }
    job->state = DELAYED;
    return gruvi_go(wait_delay, job);
}

static int
do_put(gruvi_stream_t *client, const char *args)
{
    unsigned priority, delay, ttr;
    size_t size;
    struct job *job;
    char end[2];
    int err;

    if (sscanf(args, "%u %u %u %zu", &priority, &delay, &ttr, &size) != 4)
        return gruvi_stream_printf(client, "BAD_FORMAT\r\n");
    if (size > MAX_JOB)
        return gruvi_stream_printf(client, "JOB_TOO_BIG\r\n");
    if (n_ready >= MAX_READY)
        return gruvi_stream_printf(client, "OUT_OF_MEMORY\r\n");
    job = calloc(1, sizeof *job + size);
    if (job == NULL)
        return gruvi_stream_printf(client, "OUT_OF_MEMORY\r\n");
    job->priority = priority;
    job->delay = delay;
    job->ttr = ttr > 0 ? ttr : 1;
    job->size = size;
    err = gruvi_stream_read_exact(client, job->body, size);
    if (err == 0)
        err = gruvi_stream_read_exact(client, end, 2);
    if (err < 0) {
        free(job);
        return err;
    }
    if (memcmp(end, "\r\n", 2) != 0) {
        free(job);
        return gruvi_stream_printf(client, "EXPECTED_CRLF\r\n");
    }
    job->id = ++last_id;
    TAILQ_INSERT_TAIL(&jobs, job, link);
    err = make_delayed(job);
    if (err < 0)
        return err;
    return gruvi_stream_printf(client, "INSERTED %llu\r\n",
                               (unsigned long long)job->id);
}

static int
do_reserve(gruvi_stream_t *client, double timeout)
{
    double until = gruvi_now() + timeout;
    struct job *job;

    while (n_ready == 0) {
        double left = timeout < 0 ? GRUVI_FOREVER : until - gruvi_now();

        if (timeout >= 0 && left <= 0)
            return gruvi_stream_printf(client, "TIMED_OUT\r\n");
        gruvi_event_clear(&some_ready);
        gruvi_event_wait(&some_ready, left);
    }
    job = most_urgent();
    n_ready--;
    job->state = RESERVED;
    job->owner = client;
    job->reserves++;
    gruvi_go(wait_ttr, job);
    gruvi_stream_printf(client, "RESERVED %llu %zu\r\n",
                        (unsigned long long)job->id, job->size);
    gruvi_stream_write(client, job->body, job->size);
    return gruvi_stream_write(client, "\r\n", 2);
}

static int
do_delete(gruvi_stream_t *client, uint64_t id)
{
    struct job *job = find(id);

    if (job == NULL || (job->state == RESERVED && job->owner != client))
        return gruvi_stream_printf(client, "NOT_FOUND\r\n");
    if (job->state == READY)
        n_ready--;
    TAILQ_REMOVE(&jobs, job, link);
    free(job);
    return gruvi_stream_printf(client, "DELETED\r\n");
}

static int
do_release(gruvi_stream_t *client, const char *args)
{
    unsigned long long id;
    unsigned priority, delay;
    struct job *job;

    if (sscanf(args, "%llu %u %u", &id, &priority, &delay) != 3)
        return gruvi_stream_printf(client, "BAD_FORMAT\r\n");
    job = find(id);
    if (job == NULL || job->owner != client)
        return gruvi_stream_printf(client, "NOT_FOUND\r\n");
    job->priority = priority;
    job->delay = delay;
    if (make_delayed(job) < 0)
        return gruvi_stream_printf(client, "BURIED\r\n");
    return gruvi_stream_printf(client, "RELEASED\r\n");
}

static int
do_stats_job(gruvi_stream_t *client, uint64_t id)
{
    static const char *const names[] = {"ready", "delayed", "reserved"};
    struct job *job = find(id);
    char text[256];
    int n;

    if (job == NULL)
        return gruvi_stream_printf(client, "NOT_FOUND\r\n");
    n = snprintf(text, sizeof text,
                 "---\nid: %llu\ntube: default\nstate: %s\npri: %u\n"
                 "delay: %u\nttr: %u\nreserves: %u\n",
                 (unsigned long long)job->id, names[job->state], job->priority,
                 job->delay, job->ttr, job->reserves);
    return gruvi_stream_printf(client, "OK %d\r\n%s\r\n", n, text);
}

static int
handle(gruvi_stream_t *client, char *args)
{
    char *command = strsep(&args, " ");

    if (args == NULL)
        args = command + strlen(command);
    if (strcmp(command, "put") == 0)
        return do_put(client, args);
    if (strcmp(command, "reserve") == 0)
        return do_reserve(client, GRUVI_FOREVER);
    if (strcmp(command, "reserve-with-timeout") == 0)
        return do_reserve(client, strtod(args, NULL));
    if (strcmp(command, "delete") == 0)
        return do_delete(client, strtoull(args, NULL, 10));
    if (strcmp(command, "release") == 0)
        return do_release(client, args);
    if (strcmp(command, "stats-job") == 0)
        return do_stats_job(client, strtoull(args, NULL, 10));
    if (strcmp(command, "quit") == 0)
        return UV_EOF;
    return gruvi_stream_printf(client, "UNKNOWN_COMMAND\r\n");
}

static GRUVI_SWITCHPOINT int
connection(gruvi_stream_t *client, gruvid_plugin_t *plugin)
{
    struct job *job;
    char line[224];
    int err = 0;

    (void)plugin;
    while (err == 0 && gruvi_stream_read_text(client, line, sizeof line) >= 0)
        err = handle(client, line);
    TAILQ_FOREACH (job, &jobs, link)
        if (job->owner == client)
            make_ready(job);
    return err == UV_EOF ? 0 : err;
}

static void
stop(gruvid_plugin_t *plugin)
{
    struct job *job;

    (void)plugin;
    while ((job = TAILQ_FIRST(&jobs)) != NULL) {
        TAILQ_REMOVE(&jobs, job, link);
        free(job);
    }
}

GRUVID_PLUGIN(jobs, .version = "1.0", .summary = "a work queue",
    .connection = connection, .stop = stop);
