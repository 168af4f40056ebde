/* SPDX-License-Identifier: MIT */
/*
 * "trace": what hubs do, for some time.
 *
 *   tracings  each hub notes its switches and turns       see tracing.c
 *   events    a thread of the pool makes the answer's text     events.c
 *   answer    a piece at a time
 */
#include <stdlib.h>
#include <string.h>

#include "control/commands.h"
#include "control/events.h"
#include "control/tracing.h"

/* Seconds: a hub keeps no more notes for it, but its ring. */
#define LONGEST 600.0

/* A trace while it is made. */
struct trace {
    struct gruvid__tracing **tracings; /* n of them, one a hub */
    struct gruvid__traced *traced;
    unsigned n;
    struct gruvid__events events;
};

static void
trace_free(struct trace *trace)
{
    for (unsigned i = 0; i < trace->n; i++)
        gruvid__tracing_free(trace->tracings[i]);
    gruvid__events_free(&trace->events);
    free(trace->tracings);
    free(trace->traced);
}

static int
make_events(void *arg, void **result)
{
    struct trace *trace = arg;

    (void)result;
    return gruvid__events_make(&trace->events, trace->traced, trace->n);
}

static int
start(struct trace *trace, struct gruvid__hubs *hubs, unsigned hub)
{
    trace->tracings = calloc(hubs->n, sizeof(void *));
    trace->traced = calloc(hubs->n, sizeof *trace->traced);
    if (trace->tracings == NULL || trace->traced == NULL)
        return UV_ENOMEM;
    for (unsigned i = 0; i < hubs->n; i++) {
        struct gruvid__tracing *tracing;

        if (hub != 0 && hubs->at[i].number != hub)
            continue;
        tracing = gruvid__tracing_start(&hubs->at[i]);
        if (tracing == NULL)
            return UV_ENOMEM;
        trace->tracings[trace->n++] = tracing;
    }
    return 0;
}

/* Also where it was not begun as a whole. */
static GRUVI_SWITCHPOINT int
stop(struct trace *trace)
{
    int err = 0;

    for (unsigned i = 0; i < trace->n; i++)
        gruvid__tracing_stop(trace->tracings[i]);
    for (unsigned i = 0; err == 0 && i < trace->n; i++)
        err = gruvid__tracing_wait(trace->tracings[i], &trace->traced[i]);
    return err;
}

static json_t *
describe_hub(const struct gruvid__traced *traced)
{
    uint64_t lost =
        traced->noted > GRUVID__TRACED ? traced->noted - GRUVID__TRACED : 0;

    if (traced->err == 0)
        return json_pack("{s:i, s:I, s:I}", "hub", (int)traced->hub, "noted",
                         (json_int_t)traced->noted, "lost", (json_int_t)lost);
    return json_pack("{s:i, s:s, s:s}", "hub", (int)traced->hub, "code",
                     gruvi_err_name(traced->err), "error",
                     traced->err == UV_ETIMEDOUT ? "it does not answer"
                     : traced->err == UV_EBUSY   ? "somebody else traces it"
                                                 : gruvi_strerror(traced->err));
}

static GRUVI_SWITCHPOINT int
send_trace(struct gruvid__request *request, const struct trace *trace)
{
    json_t *hubs = json_array();
    int err = 0;

    for (size_t i = 0; err == 0 && i < trace->events.n; i++)
        err = gruvid__answer_piece_text(request, trace->events.pieces[i].text,
                                        trace->events.pieces[i].length);
    for (unsigned i = 0; i < trace->n; i++)
        json_array_append_new(hubs, describe_hub(&trace->traced[i]));
    if (err == 0)
        return gruvid__answer(
            request, json_pack("{s:I, s:o}", "began",
                               (json_int_t)trace->events.began, "hubs", hubs));
    json_decref(hubs);
    return err;
}

/* Nanoseconds; 0: no turn is a stall. */
static uint64_t
stall_of(gruvid__config_t *config)
{
    gruvid__section_t *gruvid = gruvid__config_section(config, "gruvid");

    return (uint64_t)(gruvid__section_duration(gruvid, "stall_warning") * 1e9);
}

static GRUVI_SWITCHPOINT int
answer_trace(struct gruvid__request *request)
{
    struct gruvid__hubs *hubs = &request->daemon->hubs;
    int64_t hub = gruvid__request_whole(request, "hub", 0);
    double seconds = gruvid__request_seconds(request, "seconds", 1);
    struct trace trace;
    int err, stopped;

    if (seconds > LONGEST)
        return gruvid__refuse(request, UV_EINVAL, "\"seconds\" is more than %g",
                              LONGEST);
    if (hub > (int64_t)hubs->n)
        return gruvid__refuse(request, UV_ENOENT,
                              "there is no hub %lld; the last is hub %u",
                              (long long)hub, hubs->n);
    memset(&trace, 0, sizeof trace);
    trace.events.stall = stall_of(request->daemon->config);
    err = start(&trace, hubs, (unsigned)hub);
    if (err == 0)
        err = gruvi_sleep(seconds);
    stopped = stop(&trace);
    if (err == 0)
        err = stopped;
    if (err == 0)
        err = gruvi_compute(make_events, &trace, NULL);
    if (err == 0)
        err = send_trace(request, &trace);
    trace_free(&trace);
    return err;
}

static const struct gruvid__member members[] = {
    {"hub", GRUVID__WHOLE, false},
    {"seconds", GRUVID__SECONDS, false},
    {NULL, GRUVID__TEXT, false},
};

const struct gruvid__command gruvid__command_trace = {
    .name = "trace",
    .who = GRUVID__MAY_ACT,
    .members = members,
    .handler = answer_trace,
};
