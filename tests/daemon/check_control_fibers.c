/* SPDX-License-Identifier: MIT */
/* The command "fibers": lists, groups and stacks, of all hubs. */
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "daemon/control_json.h"
#include "daemon/hubs_clients.h"

/* ThreadSanitizer takes milliseconds to begin a fiber. */
#ifdef __SANITIZE_THREAD__
#define MANY  "300"
#define FEWER "50"
#else
#define MANY  "3000"
#define FEWER "500"
#endif

#define PARKED CONTROL "[plugin parked]\nlisten = tcp://127.0.0.1:0\n"

static size_t
count(const json_t *answer, const char *array)
{
    return json_array_size(json_object_get(answer, array));
}

START_TEST(test_all_fibers_are_listed_with_what_they_wait_for)
{
    struct gruvid *g = gruvid_ready(PARKED, NULL);
    json_t *answer = ask_json_once(g, "{\"do\":\"fibers\"}");
    json_t *fiber = find_element(answer, "fibers", "name", "first");

    ck_assert_str_eq(text_of(fiber, "plugin"), "parked");
    ck_assert_int_eq(whole_of(fiber, "generation"), 1);
    ck_assert_str_eq(text_of(fiber, "state"), "waits");
    ck_assert_str_eq(text_of(fiber, "waits_for"), "event");
    ck_assert_int_eq(whole_of(fiber, "hub"), 1);
    ck_assert_int_gt(whole_of(fiber, "stack_size"), 16384);
    ck_assert(json_is_real(json_object_get(fiber, "seconds")));
    fiber = find_element(answer, "fibers", "name", "Root");
    ck_assert_ptr_null(json_object_get(fiber, "plugin"));
    find_element(answer, "fibers", "name", "accept");
    ck_assert_ptr_null(json_object_get(answer, "stacks"));
    ck_assert_uint_eq(count(answer, "hubs"), 1);
    ck_assert_int_eq(
        whole_of(json_array_get(json_object_get(answer, "hubs"), 0), "listed"),
        (json_int_t)count(answer, "fibers"));
    json_decref(answer);
}
END_TEST

START_TEST(test_only_those_of_a_plugin)
{
    struct gruvid *g = gruvid_ready(PARKED "[plugin silent]\n", NULL);
    json_t *answer =
        ask_json_once(g, "{\"do\":\"fibers\",\"plugin\":\"parked\"}");

    ck_assert_uint_eq(count(answer, "fibers"), 10 + 1); /* and accept */
    json_decref(answer);
    answer = ask_json_once(g, "{\"do\":\"fibers\",\"plugin\":\"silent\"}");
    ck_assert(json_is_true(json_object_get(answer, "ok")));
    ck_assert_uint_eq(count(answer, "fibers"), 0);
    json_decref(answer);
    expect_answer(ask_once(g, "{\"do\":\"fibers\",\"plugin\":\"par\"}"),
                  "there is no plugin \\\"par\\\"");
}
END_TEST

START_TEST(test_fibers_that_are_alike_are_a_group)
{
    struct gruvid *g = gruvid_ready(PARKED "fibers = " MANY "\n", NULL);
    json_t *answer = ask_json_once(
        g, "{\"do\":\"fibers\",\"plugin\":\"parked\",\"group\":true}");
    json_t *group = json_array_get(json_object_get(answer, "groups"), 0);

    ck_assert_uint_eq(count(answer, "groups"), 2);
    ck_assert_int_eq(whole_of(group, "count"), atoi(MANY));
    ck_assert_str_eq(text_of(group, "waits_for"), "event");
    ck_assert_str_eq(text_of(group, "name"), "first");
    ck_assert_ptr_null(json_object_get(group, "stack"));
    json_decref(answer);
}
END_TEST

/* --- stacks ----------------------------------------------------------------
 */

#ifndef GRUVI_CONTEXT_UCONTEXT
static json_t *
stack_of(const json_t *answer, const json_t *fiber)
{
    json_t *stack = json_array_get(json_object_get(answer, "stacks"),
                                   (size_t)whole_of(fiber, "stack"));

    ck_assert_int_eq(whole_of(stack, "stack"), whole_of(fiber, "stack"));
    return json_object_get(stack, "frames");
}

/* How many frames of a stack are in an object. */
static unsigned
frames_in(const json_t *answer, const json_t *frames, const char *name)
{
    const json_t *module = find_element(answer, "modules", "name", name);
    unsigned n = 0;
    json_t *frame;
    size_t i;

    json_array_foreach((json_t *)frames, i, frame) n +=
        whole_of(frame, "module") == whole_of(module, "module");
    return n;
}

static bool
has_function(const json_t *frames, const char *name)
{
    json_t *frame;
    size_t i;

    json_array_foreach((json_t *)frames, i, frame)
    {
        const char *has = json_string_value(json_object_get(frame, "function"));

        if (has != NULL && strcmp(has, name) == 0)
            return true;
    }
    return false;
}

/* parked_inner and parked_outer are static: only their place is known here. */
START_TEST(test_stacks_are_frames_by_object)
{
    struct gruvid *g = gruvid_ready(PARKED, NULL);
    json_t *answer = ask_json_once(g, "{\"do\":\"fibers\",\"stacks\":true}");
    json_t *fiber = find_element(answer, "fibers", "name", "first");
    json_t *frames = stack_of(answer, fiber), *module;

    ck_assert_uint_eq(frames_in(answer, frames, "parked.so"), 2);
    ck_assert(has_function(frames, "gruvi_event_wait"));
    module = find_element(answer, "modules", "name", "parked.so");
    ck_assert_uint_gt(strlen(text_of(module, "build_id")), 0);
    ck_assert_ptr_nonnull(strstr(text_of(module, "path"), "/parked.so"));
    ck_assert_int_gt(whole_of(fiber, "stack_used"), 0);
    fiber = find_element(answer, "fibers", "name", "accept");
    frames = stack_of(answer, fiber);
    ck_assert(has_function(frames, "gruvi_accept"));
    ck_assert_uint_eq(frames_in(answer, frames, "parked.so"), 0);
    json_decref(answer);
}
END_TEST

START_TEST(test_equal_stacks_are_sent_once)
{
    struct gruvid *g =
        gruvid_ready(PARKED "fibers = " MANY "\nsleepers = " FEWER "\n", NULL);
    json_t *answer = ask_json_once(g, "{\"do\":\"fibers\",\"stacks\":true,"
                                      "\"group\":true,\"plugin\":\"parked\"}");
    json_t *groups = json_object_get(answer, "groups");

    ck_assert_int_eq(whole_of(json_array_get(groups, 0), "count"), atoi(MANY));
    ck_assert_uint_eq(count(answer, "groups"), count(answer, "stacks"));
    ck_assert_uint_eq(frames_in(answer,
                                stack_of(answer, json_array_get(groups, 0)),
                                "parked.so"),
                      2);
    json_decref(answer);
}
END_TEST
#endif

/* --- several hubs -----------------------------------------------------------
 */

#define TWO "[gruvid]\ncontrol = @DIR@/control.sock\nhubs = 2\n" SPREAD

START_TEST(test_all_hubs_are_looked_at)
{
    struct gruvid *g = gruvid_ready(TWO, NULL);
    struct place a = connect_hub(g, 1), b = connect_hub(g, 2);
    json_t *answer =
        ask_json_once(g, "{\"do\":\"fibers\",\"plugin\":\"spread\"}");
    bool seen[3] = {false, false, false};
    json_t *fiber;
    size_t i;

    json_array_foreach(json_object_get(answer, "fibers"), i, fiber)
        seen[whole_of(fiber, "hub")] = true;
    ck_assert(seen[1] && seen[2]);
    ck_assert_uint_eq(count(answer, "hubs"), 2);
    json_decref(answer);
    close(a.fd);
    close(b.fd);
}
END_TEST

START_TEST(test_a_hub_that_does_not_answer_is_named)
{
    struct gruvid *g = gruvid_ready(TWO, NULL);
    struct place place = connect_hub(g, 2);
    json_t *answer, *hub;

    hold_place(&place);
    answer = ask_json_once(g, "{\"do\":\"fibers\"}");
    hub = json_array_get(json_object_get(answer, "hubs"), 1);
    ck_assert_str_eq(text_of(hub, "code"), "ETIMEDOUT");
    ck_assert_str_eq(text_of(hub, "error"), "it does not answer");
    find_element(answer, "fibers", "name", "Root");
    json_decref(answer);
    close(place.fd);
    place = connect_hub(g, 2);
    answer = ask_json_once(g, "{\"do\":\"fibers\"}");
    hub = json_array_get(json_object_get(answer, "hubs"), 1);
    ck_assert_int_gt(whole_of(hub, "fibers"), 0);
    json_decref(answer);
    close(place.fd);
}
END_TEST

/* A client that asks and goes away. */
START_TEST(test_a_client_may_go_meanwhile)
{
    struct gruvid *g = gruvid_ready(PARKED "fibers = " MANY "\n", NULL);
    json_t *answer;

    for (int i = 0; i < 5; i++) {
        int fd = connect_control(g);

        send_text(fd, "{\"do\":\"fibers\"}\n{\"do\":\"fibers\"}\n");
        reset(fd);
    }
    answer = ask_json_once(g, "{\"do\":\"fibers\",\"plugin\":\"parked\"}");
    ck_assert_uint_eq(count(answer, "fibers"), (size_t)atoi(MANY) + 1);
    json_decref(answer);
    ck_assert_int_eq(gruvid_stop(g, SIGTERM), 0);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("control_fibers");
    TCase *tc = gruvid_case(suite, "fibers");

    tcase_add_test(tc, test_all_fibers_are_listed_with_what_they_wait_for);
    tcase_add_test(tc, test_only_those_of_a_plugin);
    tcase_add_test(tc, test_fibers_that_are_alike_are_a_group);
#ifndef GRUVI_CONTEXT_UCONTEXT
    tcase_add_test(tc, test_stacks_are_frames_by_object);
    tcase_add_test(tc, test_equal_stacks_are_sent_once);
#endif
    tcase_add_test(tc, test_all_hubs_are_looked_at);
    tcase_add_test(tc, test_a_hub_that_does_not_answer_is_named);
    tcase_add_test(tc, test_a_client_may_go_meanwhile);
    return run_suite(suite);
}
