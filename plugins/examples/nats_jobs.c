/* SPDX-License-Identifier: MIT */
/*
 * nats_jobs: does a job for each message of a stream, and reports it before the
 * message is acknowledged.
 *
 *   [plugin nats]
 *   work = JOBS/workers -> nats_jobs
 *
 *   [plugin nats_jobs]
 *   report = jobs.done
 *
 * A node that dies in between leaves the job to another node, which does it
 * again: whatever hears the report has to be able to take it twice.
 */
#include <gruvid/bus.h>

static const gruvid_option_t options[] = {
    {.name = "report",
     .type = GRUVID_STRING,
     .default_value = "jobs.done",
     .help = "the subject that is told of each job that is done"},
    {.name = "time",
     .type = GRUVID_DURATION,
     .default_value = "5ms",
     .help = "how long a job takes; its report comes after half of it"},
    GRUVID_OPTIONS_END,
};

/* A code that means "later": another node may have more luck. */
static int
later(int err)
{
    return err == UV_ENOENT || err == UV_ENOTCONN || err == UV_ETIMEDOUT ? 503
                                                                         : err;
}

static GRUVI_SWITCHPOINT int
do_job(gruvid_request_t *request, gruvid_plugin_t *plugin)
{
    const char *report = gruvid_option_string(plugin, "report"), *job;
    double half = gruvid_option_duration(plugin, "time") / 2;
    gruvid_answer_t *answer;
    gruvid_call_t call = {.method = "POST"};
    int err = gruvid_request_body(request, &job, &call.size);

    call.data = job;
    if (err == 0)
        err = gruvi_sleep(half);
    if (err == 0)
        err = gruvid_bus_call(NULL, report, &call, &answer, 5);
    if (err < 0)
        return later(err);
    if (answer->status != 200)
        return 503;
    err = gruvi_sleep(half);
    return err < 0 ? err : 204;
}

GRUVID_PLUGIN(nats_jobs,
    .summary = "does a job for each message of a stream",
    .options = options,
    .multi_hub = true,
    .request = do_job);
