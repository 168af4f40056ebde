/* SPDX-License-Identifier: MIT */
/*
 * One fiber looks, and all who watch get what it has seen:
 *
 *   sampler   waits for a watcher; looks; gives; sleeps for interval
 *   watcher   waits for a sample, sends it as an event
 *
 * A sample is text, a line for each answer of gruvid_inspect(), and is shared
 * by all.  A watcher whose client reads slowly gets the newest when it comes to
 * it: those between are left out, and nothing is queued.
 *
 * The plugin lives in one hub, so nothing here needs a lock.
 */
#include "sampler.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <uv.h>

#include <gruvid/inspect.h>

/* Bytes of an answer. */
#define LIMIT ((size_t)1 << 20)

/* All fibers are looked at in every second sample, or so seldom that it takes a
 * fiftieth of the time: each costs some microseconds.  Seconds at most. */
#define FIBERS_EVERY 2
#define SHARE        50
#define SELDOM       60.0

struct sample {
    unsigned holders;
    char text[];
};

struct watcher {
    struct watcher *next, **link;
    gruvi_event_t changed;
};

struct sampler {
    gruvid_plugin_t *plugin;
    double interval;
    struct watcher *watchers;
    gruvi_event_t wanted; /* there is a watcher */
    struct sample *newest;
    uint64_t number;    /* of the newest */
    unsigned fibers_in; /* samples until fibers are looked at */
    char *fibers;       /* the last answer; owned */
    bool draining;
};

/* --- a sample ------------------------------------------------------------- */

static void
let_go(struct sample *sample)
{
    if (sample != NULL && --sample->holders == 0)
        free(sample);
}

/* An answer, or a line that says why there is none; NULL without memory, or
 * where *err is UV_ECANCELED. */
static GRUVI_SWITCHPOINT char *
ask(const struct sampler *sampler, const char *name, const char *more, int *err)
{
    char request[128], *answer = NULL;

    snprintf(request, sizeof request, "{\"id\":\"%s\",\"do\":\"%s\"%s}", name,
             name, more);
    *err = gruvid_inspect(sampler->plugin, request, LIMIT, &answer, NULL);
    if (*err == 0 || *err == UV_ECANCELED)
        return answer;
    if (asprintf(&answer, "{\"id\":\"%s\",\"ok\":false,\"code\":\"%s\"}\n",
                 name, gruvi_err_name(*err)) < 0)
        return NULL;
    return answer;
}

/* Samples until the next look at fibers, where one took some seconds. */
static unsigned
pause_after(const struct sampler *sampler, double took)
{
    double pause = took * SHARE < SELDOM ? took * SHARE : SELDOM;
    unsigned samples = (unsigned)(pause / sampler->interval);

    return samples > FIBERS_EVERY ? samples : FIBERS_EVERY;
}

static GRUVI_SWITCHPOINT int
ask_fibers(struct sampler *sampler)
{
    uint64_t begun = uv_hrtime();
    int err = 0;

    if (sampler->fibers != NULL && --sampler->fibers_in > 0)
        return 0;
    free(sampler->fibers);
    sampler->fibers = ask(sampler, "fibers", ",\"group\":true", &err);
    sampler->fibers_in =
        pause_after(sampler, (double)(uv_hrtime() - begun) / 1e9);
    return err == UV_ECANCELED ? err : 0;
}

static uint64_t
milliseconds(void)
{
    struct timespec now;

    clock_gettime(CLOCK_REALTIME, &now);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

static unsigned
count_watchers(const struct sampler *sampler)
{
    const struct watcher *watcher = sampler->watchers;
    unsigned n = 0;

    for (; watcher != NULL; watcher = watcher->next)
        n++;
    return n;
}

#define PARTS 5

/* All parts in one text, with the next number; what is missing is left out. */
static struct sample *
join(const struct sampler *sampler, char *const *parts)
{
    char head[256];
    size_t size = (size_t)snprintf(
        head, sizeof head,
        "{\"id\":\"sample\",\"ok\":true,\"number\":%llu,\"time\":%llu,"
        "\"watchers\":%u}\n",
        (unsigned long long)sampler->number + 1,
        (unsigned long long)milliseconds(), count_watchers(sampler));
    struct sample *sample;
    char *at;

    for (size_t i = 0; i <= PARTS; i++)
        size += parts[i] == NULL ? 0 : strlen(parts[i]);
    sample = malloc(sizeof *sample + size + 1);
    if (sample == NULL)
        return NULL;
    sample->holders = 1;
    at = stpcpy(sample->text, head);
    for (size_t i = 0; i <= PARTS; i++)
        if (parts[i] != NULL)
            at = stpcpy(at, parts[i]);
    return sample;
}

/* Look.  Returns 0 or UV_ECANCELED; without memory there is no new sample. */
static GRUVI_SWITCHPOINT int
take(struct sampler *sampler)
{
    static const char *const names[PARTS] = {"status", "hubs", "plugins",
                                             "pools", "requests"};
    char *parts[PARTS + 1] = {NULL};
    struct sample *sample;
    int err = 0;

    for (size_t i = 0; i < PARTS && err != UV_ECANCELED; i++)
        parts[i] = ask(sampler, names[i], "", &err);
    if (err != UV_ECANCELED)
        err = ask_fibers(sampler);
    if (err != UV_ECANCELED) {
        parts[PARTS] = sampler->fibers;
        sample = join(sampler, parts);
        if (sample != NULL) {
            let_go(sampler->newest);
            sampler->newest = sample;
            sampler->number++;
        }
    }
    for (size_t i = 0; i < PARTS; i++)
        free(parts[i]);
    return err == UV_ECANCELED ? err : 0;
}

/* --- the fiber ------------------------------------------------------------ */

static void
wake_all(const struct sampler *sampler)
{
    for (struct watcher *w = sampler->watchers; w != NULL; w = w->next)
        gruvi_event_set(&w->changed);
}

/* Wait until there is a watcher, or the plugin drains. */
static GRUVI_SWITCHPOINT int
wait_for_watchers(struct sampler *sampler)
{
    gruvi_waitable_t *both[2] = {
        gruvi_event_waitable(&sampler->wanted),
        gruvi_event_waitable(gruvid_plugin_drain_event(sampler->plugin)),
    };
    int err = 0;

    while (sampler->watchers == NULL && err >= 0 &&
           !gruvid_plugin_draining(sampler->plugin)) {
        gruvi_event_clear(&sampler->wanted);
        err = gruvi_wait(both, 2, 1, GRUVI_FOREVER, NULL);
    }
    return err < 0 ? err : 0;
}

/* Sleep, but for no longer than until the plugin drains. */
static GRUVI_SWITCHPOINT int
pause_until_next(const struct sampler *sampler)
{
    int err = gruvi_event_wait(gruvid_plugin_drain_event(sampler->plugin),
                               sampler->interval);

    return err == UV_ETIMEDOUT ? 0 : err;
}

static GRUVI_SWITCHPOINT int
look(void *arg)
{
    struct sampler *sampler = arg;
    int err = 0;

    while (err == 0 && !gruvid_plugin_draining(sampler->plugin)) {
        err = wait_for_watchers(sampler);
        if (err == 0)
            err = take(sampler);
        wake_all(sampler);
        if (err == 0)
            err = pause_until_next(sampler);
    }
    sampler->draining = true;
    wake_all(sampler);
    return err;
}

struct sampler *
sampler_begin(gruvid_plugin_t *plugin)
{
    gruvi_fiber_options_t options = {.name = "sampler"};
    struct sampler *sampler = calloc(1, sizeof *sampler);
    gruvi_fiber_t *fiber;

    if (sampler == NULL)
        return NULL;
    sampler->plugin = plugin;
    sampler->interval = gruvid_option_duration(plugin, "interval");
    gruvi_event_init(&sampler->wanted);
    fiber = gruvi_spawn_ex(look, sampler, &options);
    if (fiber == NULL) {
        sampler_free(sampler);
        return NULL;
    }
    gruvi_fiber_unref(fiber);
    return sampler;
}

void
sampler_free(struct sampler *sampler)
{
    if (sampler == NULL)
        return;
    let_go(sampler->newest);
    free(sampler->fibers);
    gruvi_event_destroy(&sampler->wanted);
    free(sampler);
}

/* --- watchers ------------------------------------------------------------- */

static void
enter(struct sampler *sampler, struct watcher *watcher)
{
    gruvi_event_init(&watcher->changed);
    watcher->link = &sampler->watchers;
    watcher->next = sampler->watchers;
    if (watcher->next != NULL)
        watcher->next->link = &watcher->next;
    sampler->watchers = watcher;
    gruvi_event_set(&sampler->wanted);
    /* It is as old as the last watcher. */
    if (watcher->next == NULL) {
        let_go(sampler->newest);
        sampler->newest = NULL;
    }
}

static void
leave(struct watcher *watcher)
{
    *watcher->link = watcher->next;
    if (watcher->next != NULL)
        watcher->next->link = watcher->link;
    gruvi_event_destroy(&watcher->changed);
}

static GRUVI_SWITCHPOINT int
greet(const struct sampler *sampler, gruvid_request_t *request)
{
    char text[256];

    snprintf(text, sizeof text,
             "{\"section\":\"%s\",\"generation\":%llu,\"interval\":%llu}",
             gruvid_plugin_name(sampler->plugin),
             (unsigned long long)gruvid_plugin_generation(sampler->plugin),
             (unsigned long long)(sampler->interval * 1000));
    return gruvid_reply_event(request, "hello", NULL, text);
}

/* Send what is new, until there is an end. */
static GRUVI_SWITCHPOINT int
send_samples(struct sampler *sampler, struct watcher *watcher,
             gruvid_request_t *request)
{
    uint64_t seen = 0;
    int err = greet(sampler, request);

    while (err == 0 && !sampler->draining) {
        struct sample *sample = sampler->newest;

        if (sample == NULL || sampler->number == seen) {
            err = gruvi_event_wait(&watcher->changed, GRUVI_FOREVER);
            gruvi_event_clear(&watcher->changed);
            continue;
        }
        seen = sampler->number;
        sample->holders++;
        err = gruvid_reply_event(request, "sample", NULL, sample->text);
        let_go(sample);
    }
    return err < 0 ? err : gruvid_reply_event(request, "end", NULL, "drain");
}

GRUVI_SWITCHPOINT int
sampler_watch(struct sampler *sampler, gruvid_request_t *request)
{
    struct watcher watcher;
    int err;

    enter(sampler, &watcher);
    err = send_samples(sampler, &watcher, request);
    leave(&watcher);
    return err;
}
