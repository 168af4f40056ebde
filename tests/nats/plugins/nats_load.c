/* SPDX-License-Identifier: MIT */
/*
 * nats_load: makes jobs, and checks that each is done.
 *
 *   [plugin nats]
 *   route = jobs.done -> nats_load
 *
 *   [plugin nats_load]
 *
 * It makes the stream JOBS and its consumer workers where they are not there,
 * publishes numbers to the subject jobs, durably, and hears which of them are
 * done.  A line of the log each second says how many were sent (stored in the
 * stream), done, done again, and lost: sent a minute ago, and not done.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <gruvid/bus.h>

/* Seconds after which a job is lost. */
#define PATIENCE 60.0

/* Publishers at a time. */
#define PUBLISHERS 16

static const gruvid_option_t options[] = {
    {.name = "rate",
     .type = GRUVID_INTEGER,
     .default_value = "200",
     .min = "1",
     .max = "100000",
     .help = "jobs a second"},
    {.name = "jobs",
     .type = GRUVID_INTEGER,
     .default_value = "0",
     .min = "0",
     .help = "how many jobs to make; 0: no end"},
    {.name = "replicas",
     .type = GRUVID_INTEGER,
     .default_value = "1",
     .min = "1",
     .max = "5",
     .help = "servers that keep the stream"},
    GRUVID_OPTIONS_END,
};

/* Jobs from base on: all before are done. */
struct load {
    gruvid_plugin_t *plugin;
    struct job {
        double sent; /* 0: not yet */
        bool done;
    } * jobs;
    size_t base, n, room;
    unsigned long long sent, done, again;
};

static double
now(void)
{
    return (double)uv_hrtime() / 1e9;
}

/* --- the jobs ------------------------------------------------------------- */

static struct job *
find(const struct load *load, size_t number)
{
    return number < load->base || number >= load->base + load->n
               ? NULL
               : &load->jobs[number - load->base];
}

/* Forget jobs at the beginning that are sent and done. */
static void
advance(struct load *load)
{
    size_t some = 0;

    while (some < load->n && load->jobs[some].done && load->jobs[some].sent > 0)
        some++;
    if (some < load->n / 2 || some == 0)
        return;
    load->n -= some;
    load->base += some;
    memmove(load->jobs, load->jobs + some, load->n * sizeof *load->jobs);
}

static int
add(struct load *load, size_t *number)
{
    advance(load);
    if (load->n == load->room) {
        size_t room = load->room == 0 ? 1024 : 2 * load->room;
        struct job *jobs = realloc(load->jobs, room * sizeof *jobs);

        if (jobs == NULL)
            return UV_ENOMEM;
        load->jobs = jobs;
        load->room = room;
    }
    *number = load->base + load->n;
    load->jobs[load->n++] = (struct job){.sent = 0};
    return 0;
}

static size_t
count_lost(const struct load *load)
{
    double time = now();
    size_t lost = 0;

    for (size_t i = 0; i < load->n; i++)
        lost += load->jobs[i].sent > 0 && !load->jobs[i].done &&
                time - load->jobs[i].sent > PATIENCE;
    return lost;
}

/* A worker says that a job is done. */
static GRUVI_SWITCHPOINT int
hear(gruvid_request_t *request, gruvid_plugin_t *plugin)
{
    struct load *load = gruvid_plugin_data(plugin);
    const char *text;
    size_t number, size;
    struct job *job;
    int err = gruvid_request_body(request, &text, &size);

    if (err < 0)
        return err;
    number = strtoull(text, NULL, 10);
    job = find(load, number);
    if (job == NULL && number >= load->base)
        return 404; /* of an earlier load */
    if (job == NULL || job->done) {
        load->again++;
    } else {
        job->done = true;
        load->done++;
    }
    return 200;
}

/* --- publishing ----------------------------------------------------------- */

/* Until the stream has it: the id keeps it from being stored twice. */
static GRUVI_SWITCHPOINT int
publish(struct load *load, size_t number)
{
    gruvid_publish_options_t how = {.durable = true};
    char text[24], id[32];
    struct job *job;
    int err;

    snprintf(text, sizeof text, "%zu", number);
    snprintf(id, sizeof id, "job-%zu", number);
    how.id = id;
    do {
        err = gruvid_bus_publish(NULL, "jobs", &how, text, strlen(text), 5);
        if (err == UV_ENOTCONN || err == UV_EIO)
            err = gruvi_sleep(0.2) < 0 ? UV_ECANCELED : err;
    } while (err == UV_ENOTCONN || err == UV_ETIMEDOUT || err == UV_EIO);
    job = find(load, number);
    if (err == 0 && job != NULL) {
        job->sent = now();
        load->sent++;
    }
    return err;
}

static GRUVI_SWITCHPOINT int
publisher(void *arg)
{
    struct load *load = arg;
    double rate = (double)gruvid_option_integer(load->plugin, "rate");
    size_t most = (size_t)gruvid_option_integer(load->plugin, "jobs"), number;
    int err = 0;

    while (err == 0 && (most == 0 || load->base + load->n < most)) {
        err = add(load, &number);
        if (err == 0)
            err = publish(load, number);
        if (err == 0)
            err = gruvi_sleep(PUBLISHERS / rate);
    }
    return err;
}

/* Ask the API of the servers.  While they have no leader, they say 503; while
 * they do not all know each other, 10005: no suitable peers. */
static GRUVI_SWITCHPOINT int
ask(const char *subject, const char *text)
{
    gruvid_call_t call = {.data = text, .size = strlen(text)};
    gruvid_answer_t *answer;
    int err = gruvid_bus_call(NULL, subject, &call, &answer, 5);

    if (err == UV_ENOTCONN || err == UV_ENOENT || err == UV_ETIMEDOUT)
        return UV_EAGAIN;
    if (err < 0)
        return err;
    if (strstr(answer->data, "\"error\"") != NULL) {
        bool later = strstr(answer->data, "\"code\":503") != NULL ||
                     strstr(answer->data, "\"err_code\":10005") != NULL;

        err = later ? UV_EAGAIN : UV_EIO;
        if (!later)
            gruvi_error("%s: %s", subject, (const char *)answer->data);
    }
    gruvid_answer_free(answer);
    return err;
}

/* What is there with the same values stays. */
static GRUVI_SWITCHPOINT int
make(const char *subject, const char *text)
{
    int err;

    while ((err = ask(subject, text)) == UV_EAGAIN)
        if (gruvi_sleep(0.2) < 0)
            return UV_ECANCELED;
    return err;
}

static GRUVI_SWITCHPOINT int
prepare(const gruvid_plugin_t *plugin)
{
    char text[200];
    int err;

    snprintf(text, sizeof text,
             "{\"name\":\"JOBS\",\"subjects\":[\"jobs\"],"
             "\"retention\":\"workqueue\",\"storage\":\"file\","
             "\"num_replicas\":%d}",
             (int)gruvid_option_integer(plugin, "replicas"));
    err = make("$JS.API.STREAM.CREATE.JOBS", text);
    if (err < 0)
        return err;
    return make("$JS.API.CONSUMER.DURABLE.CREATE.JOBS.workers",
                "{\"stream_name\":\"JOBS\",\"config\":{"
                "\"durable_name\":\"workers\",\"ack_policy\":\"explicit\","
                "\"ack_wait\":3000000000,\"max_ack_pending\":1000}}");
}

/* --- its life ------------------------------------------------------------- */

static GRUVI_SWITCHPOINT int
tell(void *arg)
{
    const struct load *load = arg;
    size_t most = (size_t)gruvid_option_integer(load->plugin, "jobs");
    bool complete = false;
    int err = 0;

    while (err == 0 && !complete) {
        err = gruvi_sleep(1);
        complete = most > 0 && load->sent == most && load->done == most;
        gruvi_info("sent %llu, done %llu, again %llu, lost %zu", load->sent,
                   load->done, load->again, count_lost(load));
    }
    if (complete)
        gruvi_info("all jobs are done");
    return err;
}

static GRUVI_SWITCHPOINT int
begin(void *arg)
{
    const struct load *load = arg;
    int err = prepare(load->plugin);

    if (err == 0)
        err = gruvi_go(tell, arg);
    for (int i = 0; err == 0 && i < PUBLISHERS; i++)
        err = gruvi_go(publisher, arg);
    return err;
}

static int
start(gruvid_plugin_t *plugin)
{
    struct load *load = calloc(1, sizeof *load);

    if (load == NULL)
        return UV_ENOMEM;
    load->plugin = plugin;
    gruvid_set_plugin_data(plugin, load);
    return gruvi_go(begin, load);
}

static void
stop(gruvid_plugin_t *plugin)
{
    struct load *load = gruvid_plugin_data(plugin);

    free(load->jobs);
    free(load);
}

GRUVID_PLUGIN(nats_load,
    .summary = "makes jobs, and checks that each is done",
    .options = options,
    .start = start,
    .stop = stop,
    .request = hear);
