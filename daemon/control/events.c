/* SPDX-License-Identifier: MIT */
/*
 * What hubs have noted, as events for Perfetto and chrome://tracing.
 *
 *   hub 1  | turn                                  | poll        | turn
 *          | timers | fiber-1 | fiber-2 | fiber-1  |
 *
 * Each hub is a line of the picture, a thread to these programs.  An event is
 * complete ("X"): it has a beginning and a length.  What the hub does, and each
 * fiber that runs without a break, lie within a turn, or within what was left
 * of one when the trace began.  The event around comes first, so that the order
 * says which it is where both begin at one time.
 */
#include "control/events.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Bytes of a piece. */
#define PIECE ((size_t)32 << 10)

/* The piece for another event, or NULL. */
static struct gruvid__out *
begin_event(struct gruvid__events *events)
{
    struct gruvid__out *last =
        events->n == 0 ? NULL : &events->pieces[events->n - 1];
    struct gruvid__out *more;

    if (last == NULL || last->length >= PIECE) {
        more = realloc(events->pieces, (events->n + 1) * sizeof *more);
        if (more == NULL) {
            events->failed = true;
            return NULL;
        }
        events->pieces = more;
        last = &more[events->n++];
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

/* Microseconds, to the nanosecond: a double holds them for months only where
 * they count from the trace's beginning. */
static void
time_member(struct gruvid__out *out, const char *name, uint64_t nanoseconds)
{
    gruvid__out_member(out, name);
    gruvid__out_real(out, (double)nanoseconds / 1e3);
}

/* The members that all events have, and a beginning of the others. */
static void
begin_args(struct gruvid__out *out, unsigned hub)
{
    whole_member(out, "pid", (uint64_t)getpid());
    whole_member(out, "tid", hub);
    gruvid__out_member(out, "args");
    gruvid__out_raw(out, "{");
}

/* An event from since until then. */
static void
begin_complete(struct gruvid__out *out, const struct gruvid__events *events,
               const char *name, const char *category, uint64_t since,
               uint64_t until)
{
    text_member(out, "name", name);
    text_member(out, "cat", category);
    text_member(out, "ph", "X");
    time_member(out, "ts", since - events->began);
    time_member(out, "dur", until - since);
}

/* The name of the process, or of a hub. */
static void
name_something(struct gruvid__events *events, const char *what, unsigned hub,
               const char *name)
{
    struct gruvid__out *out = begin_event(events);

    if (out == NULL)
        return;
    text_member(out, "name", what);
    text_member(out, "ph", "M");
    begin_args(out, hub);
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
add_event(struct gruvid__events *events, unsigned hub,
          const struct running *running, uint64_t until)
{
    const gruvi__switch_t *note = running->last;
    struct gruvid__out *out = begin_event(events);

    if (out == NULL)
        return;
    begin_complete(out, events, note->name,
                   note->label[0] == '\0' ? "gruvid" : note->label,
                   running->since, until);
    begin_args(out, hub);
    whole_member(out, "fiber", note->fiber);
    text_member(out, "plugin", note->label);
    text_member(out, "then", why_it_stops(note));
    gruvid__out_raw(out, "}}");
}

/*
 * A fiber that stops, and was not seen to go on, began when what was noted
 * before it stopped: it is one that was there before the trace, or whose
 * beginning is overwritten.  In the same way one that was not seen to stop has
 * ended when another goes on, or the hub.
 */
static void
add_switch(struct gruvid__events *events, unsigned hub,
           const gruvi__switch_t *note, struct running *running,
           uint64_t before)
{
    bool goes_on =
        note->kind == GRUVI__SWITCH_IN || note->kind == GRUVI__SWITCH_BEGIN;

    if (running->last != NULL &&
        (goes_on || running->last->fiber != note->fiber)) {
        add_event(events, hub, running, note->at);
        before = note->at;
        running->last = NULL;
    }
    if (goes_on || running->last == NULL)
        running->since = goes_on ? note->at : before;
    running->last = note;
    if (goes_on)
        return;
    add_event(events, hub, running, note->at);
    running->last = NULL;
}

/* --- what the hub does ------------------------------------------------------
 */

/* What is noted of a hub, and how far it is looked at. */
struct walk {
    struct gruvid__events *events;
    const struct gruvid__traced *traced;
    uint64_t at;     /* the note that is looked at */
    uint64_t before; /* the time of the note before */
    struct running running;
};

static const gruvi__switch_t *
note_at(const struct walk *walk, uint64_t at)
{
    return &walk->traced->ring[at % GRUVID__TRACED];
}

/* The next note of a kind, or NULL. */
static const gruvi__switch_t *
find_note(const struct walk *walk, uint64_t from, enum gruvi__switch_kind kind)
{
    for (uint64_t i = from; i < walk->traced->noted; i++)
        if (note_at(walk, i)->kind == kind)
            return note_at(walk, i);
    return NULL;
}

/* How long the thread has run in an event of which both ends are known. */
static void
add_cpu(struct gruvid__out *out, const gruvi__switch_t *from,
        const gruvi__switch_t *to)
{
    if (from == NULL || to == NULL || to->cpu < from->cpu)
        return;
    time_member(out, "tts", from->cpu);
    time_member(out, "tdur", to->cpu - from->cpu);
}

static void
add_stall(struct gruvid__events *events, unsigned hub, uint64_t since,
          uint64_t took)
{
    struct gruvid__out *out;

    if (events->stall == 0 || took < events->stall ||
        (out = begin_event(events)) == NULL)
        return;
    text_member(out, "name", "stall");
    text_member(out, "cat", "hub");
    text_member(out, "ph", "i");
    text_member(out, "s", "t");
    time_member(out, "ts", since + events->stall - events->began);
    begin_args(out, hub);
    gruvid__out_member(out, "turn");
    gruvid__out_real(out, (double)took / 1e9);
    gruvid__out_raw(out, "}}");
}

/*
 * A turn, from its note until that of the poll.
 *
 *   from  NULL: the trace began meanwhile, or what it began with is overwritten
 */
static void
add_turn(struct walk *walk, const gruvi__switch_t *from)
{
    const gruvi__switch_t *to = find_note(walk, walk->at, GRUVI__HUB_POLL);
    uint64_t since = from == NULL ? walk->before : from->at;
    uint64_t until = to == NULL ? walk->traced->ended : to->at;
    struct gruvid__out *out = begin_event(walk->events);

    if (out == NULL)
        return;
    begin_complete(out, walk->events, "turn", "hub", since, until);
    add_cpu(out, from, to);
    begin_args(out, walk->traced->hub);
    if (from != NULL)
        whole_member(out, "number", from->number);
    gruvid__out_raw(out, "}}");
    add_stall(walk->events, walk->traced->hub, since, until - since);
}

static void
add_poll(struct walk *walk, const gruvi__switch_t *from)
{
    const gruvi__switch_t *to = find_note(walk, walk->at, GRUVI__HUB_TURN);
    struct gruvid__out *out = begin_event(walk->events);

    if (out == NULL)
        return;
    begin_complete(out, walk->events, "poll", "hub", from->at,
                   to == NULL ? walk->traced->ended : to->at);
    add_cpu(out, from, to);
    begin_args(out, walk->traced->hub);
    gruvid__out_member(out, "may_wait");
    gruvid__out_raw(out, from->number == 0 ? "false" : "true");
    gruvid__out_raw(out, "}}");
}

/* Something that the hub has done since the note before. */
static void
add_part(struct walk *walk, const char *name, const gruvi__switch_t *note)
{
    struct gruvid__out *out = begin_event(walk->events);

    if (out == NULL)
        return;
    begin_complete(out, walk->events, name, "hub", walk->before, note->at);
    begin_args(out, walk->traced->hub);
    whole_member(out, "count", note->number);
    gruvid__out_raw(out, "}}");
}

static void
end_running(struct walk *walk, uint64_t now)
{
    if (walk->running.last == NULL)
        return;
    add_event(walk->events, walk->traced->hub, &walk->running, now);
    walk->running.last = NULL;
    walk->before = now;
}

static void
add_note(struct walk *walk, const gruvi__switch_t *note)
{
    if (note->kind <= GRUVI__SWITCH_END) {
        add_switch(walk->events, walk->traced->hub, note, &walk->running,
                   walk->before);
        return;
    }
    end_running(walk, note->at);
    if (note->kind == GRUVI__HUB_TURN)
        add_turn(walk, note);
    else if (note->kind == GRUVI__HUB_POLL)
        add_poll(walk, note);
    else if (note->kind == GRUVI__HUB_POSTS)
        add_part(walk, "posts", note);
    else if (note->kind == GRUVI__HUB_CALLBACKS)
        add_part(walk, "callbacks", note);
    else
        add_part(walk, "timers", note);
}

static void
name_hub(struct gruvid__events *events, unsigned hub)
{
    char name[32] = "hub ";
    unsigned n = hub, tens = 1;
    size_t length = strlen(name);

    while (n / tens >= 10)
        tens *= 10;
    for (; tens > 0; tens /= 10)
        name[length++] = (char)('0' + n / tens % 10);
    name_something(events, "thread_name", hub, name);
}

static void
add_hub(struct gruvid__events *events, const struct gruvid__traced *traced)
{
    uint64_t first =
        traced->noted > GRUVID__TRACED ? traced->noted - GRUVID__TRACED : 0;
    struct walk walk = {.events = events,
                        .traced = traced,
                        .at = first,
                        .before = traced->began};

    name_hub(events, traced->hub);
    if (first > 0)
        walk.before = note_at(&walk, first)->at;
    if (traced->noted > 0 && note_at(&walk, first)->kind != GRUVI__HUB_TURN)
        add_turn(&walk, NULL);
    for (; walk.at < traced->noted; walk.at++) {
        const gruvi__switch_t *note = note_at(&walk, walk.at);

        add_note(&walk, note);
        walk.before = note->at;
    }
    end_running(&walk, traced->ended);
}

int
gruvid__events_make(struct gruvid__events *events,
                    const struct gruvid__traced *traced, unsigned n)
{
    events->began = UINT64_MAX;
    for (unsigned i = 0; i < n; i++)
        if (traced[i].err == 0 && traced[i].noted > 0 &&
            traced[i].began < events->began)
            events->began = traced[i].began;
    name_something(events, "process_name", 0, "gruvid");
    for (unsigned i = 0; i < n; i++)
        if (traced[i].err == 0)
            add_hub(events, &traced[i]);
    for (size_t i = 0; i < events->n; i++) {
        gruvid__out_raw(&events->pieces[i], "]");
        events->failed = events->failed || events->pieces[i].failed;
    }
    return events->failed ? UV_ENOMEM : 0;
}

void
gruvid__events_free(struct gruvid__events *events)
{
    for (size_t i = 0; i < events->n; i++)
        gruvid__out_free(&events->pieces[i]);
    free(events->pieces);
}
