/* SPDX-License-Identifier: MIT */
/*
 * cron: runs commands at times of the day, as its section says:
 *
 *     [plugin cron]
 *     job = 03:30:00 backup --all
 *     job = *:*:00 date
 *
 * Each job has a fiber, which sleeps, runs the command, and waits for its end:
 * so a job never runs twice at once.  A command leads a session, and all of its
 * process group ends with it, or when it takes too long or gruvid drains.
 */
#include <stdlib.h>
#include <time.h>
#include <gruvid/plugin.h>

static const gruvid_option_t options[] = {
    {.name = "job",
     .type = GRUVID_LIST,
     .required = true,
     .help = "HOUR:MINUTE:SECOND COMMAND, local time; * is any of them"},
    {.name = "timeout", .type = GRUVID_DURATION, .default_value = "1h"},
    GRUVID_OPTIONS_END,
};

struct job {
    gruvid_plugin_t *plugin;
    const char *command;
    int at[3]; /* hour, minute, second; -1: any */
};

/* Behind the numbers are ":", ":" and a space. */
static int
parse(struct job *job, const char *text)
{
    for (int i = 0; i < 3; i++) {
        char *end = (char *)text + 1;
        unsigned long n = *text == '*' ? 0 : strtoul(text, &end, 10);

        if (n >= (i == 0 ? 24 : 60) || end == text || *end != ":: "[i])
            return UV_EINVAL;
        job->at[i] = *text == '*' ? -1 : (int)n;
        text = end + 1;
    }
    job->command = text;
    return 0;
}

/* The first time after t at which the job is due. */
static time_t
next_time(const struct job *job, time_t t)
{
    struct tm tm;

    for (t++;;) {
        localtime_r(&t, &tm);
        if (job->at[0] >= 0 && job->at[0] != tm.tm_hour)
            t += 3600 - tm.tm_min * 60 - tm.tm_sec;
        else if (job->at[1] >= 0 && job->at[1] != tm.tm_min)
            t += 60 - tm.tm_sec;
        else if (job->at[2] >= 0 && job->at[2] != tm.tm_sec)
            t++;
        else
            return t;
    }
}

/* Returns when all of the group has ended; nothing interrupts the shield. */
static GRUVI_SWITCHPOINT int
run(const struct job *job, gruvi_event_t *drain)
{
    char *args[] = {"sh", "-c", (char *)job->command, NULL};
    gruvi_process_options_t how = {.args = args,
                                   .stdio[0].kind = GRUVI_STDIO_NULL,
                                   .flags = GRUVI_PROCESS_SESSION};
    gruvi_process_t *process;
    gruvi_waitable_t *either[2];
    int64_t status = 0;
    int signum = 0, err = gruvi_process_spawn(&process, &how);

    if (err < 0) {
        gruvi_warning("%s: %s", job->command, gruvi_strerror(err));
        return 0; /* next time it may be better */
    }
    either[0] = gruvi_process_waitable(process);
    either[1] = gruvi_event_waitable(drain);
    err = gruvi_wait(either, 2, 1,
                     gruvid_option_duration(job->plugin, "timeout"), NULL);
    if (err == 0)
        gruvi_warning("%s: takes too long", job->command);
    GRUVI_SHIELD {
        gruvi_process_kill_group(process, SIGTERM);
        (void)gruvi_process_wait(process, NULL, NULL, 1 /* second */);
        gruvi_process_kill_group(process, SIGKILL);
        (void)gruvi_process_wait(process, &status, &signum, GRUVI_FOREVER);
    }
    gruvi_info("%s: status %d, signal %d", job->command, (int)status, signum);
    gruvi_process_close(process);
    return err;
}

static GRUVI_SWITCHPOINT int
keep(void *arg)
{
    struct job *job = arg;
    gruvi_event_t *drain = gruvid_plugin_drain_event(job->plugin);
    time_t next = next_time(job, time(NULL));
    int err = UV_ETIMEDOUT;

    while (err == UV_ETIMEDOUT || (err >= 0 && !gruvi_event_is_set(drain))) {
        double left = difftime(next, time(NULL)); /* the clock may be set */

        err = gruvi_event_wait(drain, left < 0 ? 0 : left < 60 ? left : 60);
        if (err == UV_ETIMEDOUT && time(NULL) >= next) {
            err = run(job, drain);
            next = next_time(job, time(NULL));
        }
    }
    return err;
}

static GRUVI_SWITCHPOINT int
keep_all(void *plugin)
{
    struct job *jobs = gruvid_plugin_data(plugin);
    size_t n;
    int err = 0;

    gruvid_option_list(plugin, "job", &n);
    GRUVI_WITH_GROUP (group) {
        for (size_t i = 0; err == 0 && i < n; i++)
            err = gruvi_go(keep, &jobs[i]);
        if (err == 0)
            err = gruvi_group_join(&group, GRUVI_FOREVER);
    }
    return err;
}

/* A start that fails frees what it has made, while its fibers may still run: so
 * it begins one, as the last that can fail. */
static int
start(gruvid_plugin_t *plugin)
{
    size_t n;
    const char *const *items = gruvid_option_list(plugin, "job", &n);
    struct job *jobs = calloc(n, sizeof *jobs);
    int err = jobs == NULL ? UV_ENOMEM : gruvid_set_plugin_data(plugin, jobs);

    for (size_t i = 0; err == 0 && i < n; i++) {
        jobs[i].plugin = plugin;
        err = parse(&jobs[i], items[i]);
        if (err < 0)
            gruvid_plugin_fail(plugin, "job \"%s\": no time", items[i]);
    }
    if (err == 0)
        err = gruvi_go(keep_all, plugin);
    if (err < 0)
        free(jobs);
    return err;
}

static void
stop(gruvid_plugin_t *plugin)
{
    free(gruvid_plugin_data(plugin));
}

GRUVID_PLUGIN(cron, .summary = "runs commands at times of the day",
    .options = options, .start = start, .stop = stop);
