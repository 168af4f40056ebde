/* SPDX-License-Identifier: MIT */
/* What hubs have noted, made into events: notes by hand, and what they become.
 */
#include <stdlib.h>
#include <string.h>

#include "control/events.h"
#include "daemon/control_json.h"
#include "daemon/trace_schema.h"

/* The notes of hub 1, and what becomes of them. */
static gruvi__switch_t *ring;
static struct gruvid__traced traced;
static struct gruvid__events events;
static json_t *made;

#define BEGAN 5000000000000000000ull /* a machine that is up for long */

static void
begin_notes(void)
{
    ring = calloc(GRUVID__TRACED, sizeof *ring);
    traced = (struct gruvid__traced){
        .hub = 1, .ring = ring, .began = BEGAN, .ended = BEGAN + 1000000};
    memset(&events, 0, sizeof events);
}

static void
end_notes(void)
{
    gruvid__events_free(&events);
    json_decref(made);
    made = NULL;
    free(ring);
}

/* Nanoseconds since the beginning. */
static gruvi__switch_t *
note(uint64_t at, enum gruvi__switch_kind kind, uint64_t number)
{
    gruvi__switch_t *note = &ring[traced.noted++ % GRUVID__TRACED];

    *note = (gruvi__switch_t){.at = BEGAN + at,
                              .number = number,
                              .cpu = 1000 + at / 2,
                              .waits = "",
                              .label = "",
                              .kind = (uint8_t)kind};
    if (kind <= GRUVI__SWITCH_END) {
        note->name[0] = (char)('a' + number % 26);
        note->label = "trial";
    }
    return note;
}

/* Make the events of all pieces, and check that they are right by the rules. */
static void
make(void)
{
    ck_assert_int_eq(gruvid__events_make(&events, &traced, 1), 0);
    made = json_array();
    for (size_t i = 0; i < events.n; i++) {
        char *text = malloc(events.pieces[i].length + 3);
        json_t *piece;

        text[0] = '{';
        memcpy(text + 1, events.pieces[i].text, events.pieces[i].length);
        memcpy(text + 1 + events.pieces[i].length, "}", 2);
        piece = json_loads(text, JSON_REJECT_DUPLICATES, NULL);
        free(text);
        ck_assert_ptr_nonnull(piece);
        json_array_extend(made, json_object_get(piece, "traceEvents"));
        json_decref(piece);
    }
    check_trace(made);
}

/* The event of a name that begins at this time, in nanoseconds; NULL: none. */
static json_t *
event_at(const char *name, uint64_t since)
{
    json_t *event;
    size_t i;

    json_array_foreach(made, i, event)
    {
        double ts = json_number_value(json_object_get(event, "ts"));

        if (strcmp(text_of(event, "name"), name) == 0 &&
            strcmp(text_of(event, "ph"), "M") != 0 &&
            (uint64_t)(ts * 1000 + 0.5) == since)
            return event;
    }
    return NULL;
}

/* Fail unless there is a complete event; returns its args. */
static json_t *
expect_event(const char *name, uint64_t since, uint64_t until)
{
    json_t *event = event_at(name, since);

    ck_assert_msg(event != NULL, "no %s at %llu", name,
                  (unsigned long long)since);
    ck_assert_uint_eq(
        (uint64_t)(json_number_value(json_object_get(event, "dur")) * 1000 +
                   0.5),
        until - since);
    return json_object_get(event, "args");
}

START_TEST(test_a_turn_holds_what_is_done_in_it)
{
    json_t *turn;

    note(1000, GRUVI__HUB_TURN, 7);
    note(1100, GRUVI__HUB_POSTS, 2);
    note(1300, GRUVI__HUB_CALLBACKS, 3);
    note(1600, GRUVI__HUB_TIMERS, 4);
    note(1700, GRUVI__SWITCH_IN, 1);
    note(1900, GRUVI__SWITCH_OUT, 1)->waits = "timer";
    note(2000, GRUVI__HUB_POLL, 1);
    note(9000, GRUVI__HUB_TURN, 8);
    note(9500, GRUVI__HUB_POLL, 0);
    note(9600, GRUVI__HUB_TURN, 9);
    make();
    ck_assert_int_eq(whole_of(expect_event("turn", 1000, 2000), "number"), 7);
    ck_assert_int_eq(whole_of(expect_event("posts", 1000, 1100), "count"), 2);
    ck_assert_int_eq(whole_of(expect_event("callbacks", 1100, 1300), "count"),
                     3);
    ck_assert_int_eq(whole_of(expect_event("timers", 1300, 1600), "count"), 4);
    ck_assert_str_eq(text_of(expect_event("b", 1700, 1900), "then"), "timer");
    ck_assert(json_is_true(
        json_object_get(expect_event("poll", 2000, 9000), "may_wait")));
    ck_assert(json_is_false(
        json_object_get(expect_event("poll", 9500, 9600), "may_wait")));
    turn = event_at("turn", 1000);
    ck_assert_double_eq_tol(json_number_value(json_object_get(turn, "tdur")),
                            0.5, 1e-9);
    /* The last has no end. */
    expect_event("turn", 9600, 1000000);
    ck_assert_ptr_null(json_object_get(event_at("turn", 9600), "tdur"));
}
END_TEST

/* The trace begins in a turn: what it has of it is one, too. */
START_TEST(test_a_trace_begins_in_a_turn)
{
    note(100, GRUVI__HUB_CALLBACKS, 1);
    note(300, GRUVI__SWITCH_OUT, 3)->waits = "read";
    note(400, GRUVI__HUB_POLL, 1);
    note(900, GRUVI__HUB_TURN, 2);
    make();
    ck_assert_ptr_null(json_object_get(expect_event("turn", 0, 400), "number"));
    expect_event("callbacks", 0, 100);
    expect_event("d", 100, 300);
    expect_event("poll", 400, 900);
}
END_TEST

/* It ended, and was there before the trace: nothing says so but the hub. */
START_TEST(test_a_fiber_runs_no_longer_than_the_turn)
{
    note(100, GRUVI__HUB_TURN, 1);
    note(200, GRUVI__SWITCH_IN, 5);
    note(300, GRUVI__HUB_POLL, 1);
    note(800, GRUVI__HUB_TURN, 2);
    make();
    ck_assert_str_eq(text_of(expect_event("f", 200, 300), "then"), "not known");
}
END_TEST

/* Two notes of one time: the event around comes first. */
START_TEST(test_events_that_begin_at_one_time)
{
    note(100, GRUVI__HUB_TURN, 1);
    note(100, GRUVI__SWITCH_IN, 1);
    note(100, GRUVI__SWITCH_OUT, 1);
    note(100, GRUVI__SWITCH_IN, 2);
    note(200, GRUVI__SWITCH_OUT, 2);
    note(200, GRUVI__HUB_POLL, 0);
    note(200, GRUVI__HUB_TURN, 2);
    note(300, GRUVI__HUB_POLL, 0);
    make();
    expect_event("turn", 100, 200);
    expect_event("b", 100, 100);
    expect_event("c", 100, 200);
}
END_TEST

START_TEST(test_a_turn_that_takes_too_long_is_a_stall)
{
    json_t *stall;

    events.stall = 5000;
    note(1000, GRUVI__HUB_TURN, 1);
    note(1100, GRUVI__SWITCH_IN, 1);
    note(7000, GRUVI__SWITCH_OUT, 1);
    note(7100, GRUVI__HUB_POLL, 1);
    note(8000, GRUVI__HUB_TURN, 2);
    note(12999, GRUVI__HUB_POLL, 1);
    make();
    stall = event_at("stall", 6000);
    ck_assert_ptr_nonnull(stall);
    ck_assert_str_eq(text_of(stall, "ph"), "i");
    ck_assert_ptr_null(event_at("stall", 13000));
}
END_TEST

START_TEST(test_without_a_limit_no_turn_is_a_stall)
{
    note(1000, GRUVI__HUB_TURN, 1);
    note(900000, GRUVI__HUB_POLL, 1);
    make();
    ck_assert_ptr_null(event_at("stall", 1000));
}
END_TEST

/* What is left begins anywhere: here where a fiber stops. */
START_TEST(test_the_first_notes_are_overwritten)
{
    static const enum gruvi__switch_kind kinds[] = {
        GRUVI__HUB_TURN, GRUVI__SWITCH_IN, GRUVI__SWITCH_OUT, GRUVI__HUB_POLL};

    traced.ended = BEGAN + 10 * (GRUVID__TRACED + 2);
    for (uint64_t i = 0; i < GRUVID__TRACED + 2; i++)
        note(10 * i, kinds[i % 4], 1);
    make();
    ck_assert_ptr_null(event_at("turn", 0));
    expect_event("turn", 20, 30);
    expect_event("b", 20, 20);
    expect_event("turn", 40, 70);
    expect_event("b", 50, 60);
}
END_TEST

/* No hub has answered, or none has done anything. */
START_TEST(test_nothing_is_noted)
{
    traced.began = 0;
    make();
    ck_assert_uint_eq(json_array_size(made), 2);
    gruvid__events_free(&events);
    memset(&events, 0, sizeof events);
    traced.err = UV_ETIMEDOUT;
    json_decref(made);
    make();
    ck_assert_uint_eq(json_array_size(made), 1);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("control_events");
    TCase *tc = tcase_create("events");

    tcase_add_checked_fixture(tc, begin_notes, end_notes);
    tcase_add_test(tc, test_a_turn_holds_what_is_done_in_it);
    tcase_add_test(tc, test_a_trace_begins_in_a_turn);
    tcase_add_test(tc, test_a_fiber_runs_no_longer_than_the_turn);
    tcase_add_test(tc, test_events_that_begin_at_one_time);
    tcase_add_test(tc, test_a_turn_that_takes_too_long_is_a_stall);
    tcase_add_test(tc, test_without_a_limit_no_turn_is_a_stall);
    tcase_add_test(tc, test_the_first_notes_are_overwritten);
    tcase_add_test(tc, test_nothing_is_noted);
    suite_add_tcase(suite, tc);
    return run_suite(suite);
}
