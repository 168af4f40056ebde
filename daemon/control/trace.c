/* SPDX-License-Identifier: MIT */
/*
 * "trace": the switches of hubs as events for Perfetto and chrome://tracing.
 *
 * An event is a fiber that runs without a break ("X": complete).  Each hub is a
 * line of the picture, a thread to these programs.  Between two events the hub
 * polls, or sleeps.
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "control/commands.h"
#include "control/out.h"
#include "control/tracing.h"

/* Seconds: a hub keeps no more switches for it, but its ring. */
#define LONGEST 600.0

/* Bytes of a piece. */
#define PIECE ((size_t)32 << 10)

/* A trace while it is made. */
struct trace {
    struct gruvid__tracing **tracings; /* n of them, one a hub */
    struct gruvid__traced *traced;
    unsigned n;

    struct gruvid__out *pieces; /* owned, n_pieces of them */
    size_t n_pieces;
    bool failed; /* no memory */
};

static void
trace_free(struct trace *trace)
{
    for (unsigned i = 0; i < trace->n; i++)
        gruvid__tracing_free(trace->tracings[i]);
    for (size_t i = 0; i < trace->n_pieces; i++)
        gruvid__out_free(&trace->pieces[i]);
    free(trace->tracings);
    free(trace->traced);
    free(trace->pieces);
}

/* --- events, in a thread of the pool -----------------------------------------
 */

/* The piece for another event, or NULL. */
static struct gruvid__out *
begin_event(struct trace *trace)
{
    struct gruvid__out *last =
        trace->n_pieces == 0 ? NULL : &trace->pieces[trace->n_pieces - 1];
    struct gruvid__out *more;

    if (last == NULL || last->length >= PIECE) {
        more = realloc(trace->pieces, (trace->n_pieces + 1) * sizeof *more);
        if (more == NULL) {
            trace->failed = true;
            return NULL;
        }
        trace->pieces = more;
        last = &more[trace->n_pieces++];
        memset(last, 0, sizeof *last);
        gruvid__out_raw(last, "\"traceEvents\":[");
    }
    gruvid__out_comma(last);
    gruvid__out_raw(last, "{");
    return last;
}

static void
text_member(struct gruvid__out *out, const char *name, const char *text)
{
    gruvid__out_member(out, name);
    gruvid__out_string(out, text);
}

static void
whole_member(struct gruvid__out *out, const char *name, uint64_t number)
{
    gruvid__out_member(out, name);
    gruvid__out_whole(out, number);
}

/* Microseconds, to the nanosecond. */
static void
time_member(struct gruvid__out *out, const char *name, uint64_t nanoseconds)
{
    gruvid__out_member(out, name);
    gruvid__out_real(out, (double)nanoseconds / 1e3);
}

/* The name of the process, or of a hub. */
static void
name_something(struct trace *trace, const char *what, unsigned hub,
               const char *name)
{
    struct gruvid__out *out = begin_event(trace);

    if (out == NULL)
        return;
    text_member(out, "name", what);
    text_member(out, "ph", "M");
    whole_member(out, "pid", (uint64_t)getpid());
    whole_member(out, "tid", hub);
    gruvid__out_member(out, "args");
    gruvid__out_raw(out, "{");
    text_member(out, "name", name);
    gruvid__out_raw(out, "}}");
}

/* A fiber that runs, and since when. */
struct running {
    const gruvi__switch_t *last; /* what was noted of it last; NULL: nobody */
    uint64_t since;
};

static const char *
why_it_stops(const gruvi__switch_t *note)
{
    switch (note->kind) {
    case GRUVI__SWITCH_OUT:
        return note->waits[0] == '\0' ? "lets others run" : note->waits;
    case GRUVI__SWITCH_END:
        return "ended";
    default:
        return "not known";
    }
}

/* A fiber has run from running->since until then. */
static void
add_event(struct trace *trace, unsigned hub, const struct running *running,
          uint64_t until)
{
    const gruvi__switch_t *note = running->last;
    struct gruvid__out *out = begin_event(trace);

    if (out == NULL)
        return;
    text_member(out, "name", note->name);
    text_member(out, "cat", note->label[0] == '\0' ? "gruvid" : note->label);
    text_member(out, "ph", "X");
    time_member(out, "ts", running->since);
    time_member(out, "dur", until - running->since);
    whole_member(out, "pid", (uint64_t)getpid());
    whole_member(out, "tid", hub);
    gruvid__out_member(out, "args");
    gruvid__out_raw(out, "{");
    whole_member(out, "fiber", note->fiber);
    text_member(out, "plugin", note->label);
    text_member(out, "then", why_it_stops(note));
    gruvid__out_raw(out, "}}");
}

/*
 * A fiber that stops, and was not seen to go on, began when what was noted
 * before it stopped: it is one that was there before the trace, or whose
 * beginning is overwritten.  In the same way one that was not seen to stop has
 * ended when another goes on.
 */
static void
add_note(struct trace *trace, unsigned hub, const gruvi__switch_t *note,
         struct running *running, uint64_t before)
{
    bool goes_on =
        note->kind == GRUVI__SWITCH_IN || note->kind == GRUVI__SWITCH_BEGIN;

    if (running->last != NULL &&
        (goes_on || running->last->fiber != note->fiber)) {
        add_event(trace, hub, running, note->at);
        before = note->at;
        running->last = NULL;
    }
    if (goes_on || running->last == NULL)
        running->since = goes_on ? note->at : before;
    running->last = note;
    if (goes_on)
        return;
    add_event(trace, hub, running, note->at);
    running->last = NULL;
}

static void
add_hub(struct trace *trace, const struct gruvid__traced *traced)
{
    uint64_t first =
        traced->noted > GRUVID__TRACED ? traced->noted - GRUVID__TRACED : 0;
    struct running running = {NULL, 0};
    uint64_t before = traced->began;
    char name[32] = "hub ";
    unsigned n = traced->hub, tens = 1;
    size_t length = strlen(name);

    while (n / tens >= 10)
        tens *= 10;
    for (; tens > 0; tens /= 10)
        name[length++] = (char)('0' + n / tens % 10);
    name_something(trace, "thread_name", traced->hub, name);
    for (uint64_t i = first; i < traced->noted; i++) {
        const gruvi__switch_t *note = &traced->ring[i % GRUVID__TRACED];

        if (i == first && first > 0)
            before = note->at;
        add_note(trace, traced->hub, note, &running, before);
        before = note->at;
    }
    if (running.last != NULL)
        add_event(trace, traced->hub, &running, traced->ended);
}

static int
make_events(void *arg, void **result)
{
    struct trace *trace = arg;

    (void)result;
    name_something(trace, "process_name", 0, "gruvid");
    for (unsigned i = 0; i < trace->n; i++)
        if (trace->traced[i].err == 0)
            add_hub(trace, &trace->traced[i]);
    for (size_t i = 0; i < trace->n_pieces; i++) {
        gruvid__out_raw(&trace->pieces[i], "]");
        trace->failed = trace->failed || trace->pieces[i].failed;
    }
    return trace->failed ? UV_ENOMEM : 0;
}

/* --- in the client's fiber ---------------------------------------------------
 */

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
static int
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
        return json_pack("{s:i, s:I, s:I}", "hub", (int)traced->hub, "switches",
                         (json_int_t)traced->noted, "lost", (json_int_t)lost);
    return json_pack("{s:i, s:s, s:s}", "hub", (int)traced->hub, "code",
                     gruvi_err_name(traced->err), "error",
                     traced->err == UV_ETIMEDOUT ? "it does not answer"
                     : traced->err == UV_EBUSY   ? "somebody else traces it"
                                                 : gruvi_strerror(traced->err));
}

static int
send_trace(struct gruvid__request *request, const struct trace *trace)
{
    json_t *hubs = json_array();
    int err = 0;

    for (size_t i = 0; err == 0 && i < trace->n_pieces; i++)
        err = gruvid__answer_piece_text(request, trace->pieces[i].text,
                                        trace->pieces[i].length);
    for (unsigned i = 0; i < trace->n; i++)
        json_array_append_new(hubs, describe_hub(&trace->traced[i]));
    if (err == 0)
        return gruvid__answer(request, json_pack("{s:o}", "hubs", hubs));
    json_decref(hubs);
    return err;
}

static int
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
