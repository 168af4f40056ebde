/* SPDX-License-Identifier: MIT */
#include "daemon/trace_schema.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/control_json.h"

#define THREADS 8
#define DEEPEST 16

/* Microseconds: times are rounded to nanoseconds. */
#define ROUNDED 0.0015

/* --- an event by itself --------------------------------------------------- */

static double
number_of(const json_t *event, const char *member)
{
    const json_t *value = json_object_get(event, member);

    ck_assert_msg(json_is_number(value) && json_number_value(value) >= 0,
                  "%s in %s", member, json_dumps(event, 0));
    return json_number_value(value);
}

static void
check_metadata(const json_t *event, bool *named)
{
    const char *name = text_of(event, "name");

    text_of(json_object_get(event, "args"), "name");
    if (strcmp(name, "process_name") == 0)
        return;
    ck_assert_str_eq(name, "thread_name");
    ck_assert(!*named);
    *named = true;
}

/* A thread's clock comes with a beginning and a length, and runs no faster. */
static void
check_thread_clock(const json_t *event)
{
    if (json_object_get(event, "tts") == NULL) {
        ck_assert_ptr_null(json_object_get(event, "tdur"));
        return;
    }
    number_of(event, "tts");
    number_of(event, "tdur");
}

static void
check_instant(const json_t *event)
{
    number_of(event, "ts");
    ck_assert_str_eq(text_of(event, "s"), "t");
}

/* Returns its phase. */
static char
check_event(const json_t *event, bool *named)
{
    const char *phase = text_of(event, "ph");

    ck_assert_uint_gt(strlen(text_of(event, "name")), 0);
    ck_assert_int_gt(whole_of(event, "pid"), 0);
    ck_assert(json_is_object(json_object_get(event, "args")));
    if (strcmp(phase, "M") == 0) {
        check_metadata(event, named);
        return 'M';
    }
    ck_assert(*named);
    text_of(event, "cat");
    if (strcmp(phase, "i") == 0) {
        check_instant(event);
        return 'i';
    }
    ck_assert_str_eq(phase, "X");
    number_of(event, "ts");
    number_of(event, "dur");
    check_thread_clock(event);
    return 'X';
}

/* --- all of a thread ------------------------------------------------------ */

struct span {
    const json_t *event;
    size_t order; /* in the file */
    double begin, end;
};

/* As readers sort: by time, and what is of one time by its order. */
static int
compare_spans(const void *a, const void *b)
{
    const struct span *x = a, *y = b;

    if (x->begin != y->begin)
        return x->begin < y->begin ? -1 : 1;
    return x->order < y->order ? -1 : 1;
}

/* Each lies within those that are open when it begins. */
static void
check_nesting(struct span *spans, size_t n)
{
    const struct span *open[DEEPEST];
    size_t depth = 0;

    qsort(spans, n, sizeof *spans, compare_spans);
    for (size_t i = 0; i < n; i++) {
        while (depth > 0 && open[depth - 1]->end <= spans[i].begin + ROUNDED)
            depth--;
        if (depth > 0)
            ck_assert_msg(spans[i].end <= open[depth - 1]->end + ROUNDED,
                          "%s ends after %s", json_dumps(spans[i].event, 0),
                          json_dumps(open[depth - 1]->event, 0));
        ck_assert_uint_lt(depth, DEEPEST);
        open[depth++] = &spans[i];
    }
}

static size_t
spans_of(const json_t *events, json_int_t thread, struct span *spans)
{
    size_t n = 0, i;
    json_t *event;

    json_array_foreach((json_t *)events, i, event)
    {
        double begin;

        if (whole_of(event, "tid") != thread ||
            strcmp(text_of(event, "ph"), "X") != 0)
            continue;
        begin = number_of(event, "ts");
        spans[n++] =
            (struct span){event, i, begin, begin + number_of(event, "dur")};
    }
    return n;
}

unsigned
check_trace(const json_t *events)
{
    bool named[THREADS] = {false};
    struct span *spans = calloc(json_array_size(events) + 1, sizeof *spans);
    unsigned n = 0;
    json_t *event;
    size_t i;

    ck_assert(json_is_array(events));
    ck_assert_ptr_nonnull(spans);
    json_array_foreach((json_t *)events, i, event)
    {
        json_int_t thread = whole_of(event, "tid");

        ck_assert(thread >= 0 && thread < THREADS);
        n += check_event(event, &named[thread]) == 'X';
    }
    for (json_int_t thread = 0; thread < THREADS; thread++)
        check_nesting(spans, spans_of(events, thread, spans));
    free(spans);
    return n;
}
