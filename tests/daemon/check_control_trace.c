/* SPDX-License-Identifier: MIT */
/*
 * The command "trace", and what gruvictl makes of it: the trace event format,
 * in the form of an object, as Perfetto and chrome://tracing read it.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "daemon/control_json.h"
#include "daemon/trace_schema.h"

#define TRACED                                                                 \
    CONTROL "[plugin parked]\nlisten = tcp://127.0.0.1:0\nsleepers = 3\n"

/* --- the socket --------------------------------------------------------------
 */

/* Fibers that sleep 10 ms, again and again. */
START_TEST(test_events_say_which_fiber_runs)
{
    static const char *const of_hub[] = {"turn", "poll", "timers", "callbacks"};
    struct gruvid *g = gruvid_ready(TRACED, NULL);
    json_t *answer, *event, *hub;

    answer = ask_json_once(g, "{\"do\":\"trace\",\"seconds\":0.3}");
    ck_assert(json_is_true(json_object_get(answer, "ok")));
    ck_assert_uint_gt(check_trace(json_object_get(answer, "traceEvents")), 5);
    event = find_element(answer, "traceEvents", "name", "first-sleeper");
    ck_assert_str_eq(text_of(event, "cat"), "parked");
    ck_assert_str_eq(text_of(json_object_get(event, "args"), "plugin"),
                     "parked");
    ck_assert_str_eq(text_of(json_object_get(event, "args"), "then"), "timer");
    event = find_element(answer, "traceEvents", "name", "thread_name");
    ck_assert_str_eq(text_of(json_object_get(event, "args"), "name"), "hub 1");
    for (size_t i = 0; i < sizeof of_hub / sizeof *of_hub; i++) {
        event = find_element(answer, "traceEvents", "name", of_hub[i]);
        ck_assert_str_eq(text_of(event, "cat"), "hub");
    }
    hub = json_array_get(json_object_get(answer, "hubs"), 0);
    ck_assert_int_eq(whole_of(hub, "lost"), 0);
    ck_assert_int_gt(whole_of(hub, "noted"), 5);
    json_decref(answer);
}
END_TEST

START_TEST(test_hubs_are_threads_and_one_may_be_asked_for)
{
    struct gruvid *g = gruvid_ready("[gruvid]\ncontrol = @DIR@/control.sock\n"
                                    "hubs = 2\n[plugin parked]\nsleepers = 3\n",
                                    NULL);
    json_t *answer = ask_json_once(g, "{\"do\":\"trace\",\"seconds\":0.05}");

    check_trace(json_object_get(answer, "traceEvents"));
    ck_assert_uint_eq(json_array_size(json_object_get(answer, "hubs")), 2);
    json_decref(answer);
    answer = ask_json_once(g, "{\"do\":\"trace\",\"hub\":2,\"seconds\":0.05}");
    ck_assert_uint_eq(json_array_size(json_object_get(answer, "hubs")), 1);
    json_decref(answer);
    expect_answer(ask_once(g, "{\"do\":\"trace\",\"hub\":3}"),
                  "there is no hub 3; the last is hub ");
    expect_answer(ask_once(g, "{\"do\":\"trace\",\"seconds\":1e5}"), "EINVAL");
}
END_TEST

START_TEST(test_one_trace_at_a_time)
{
    struct gruvid *g = gruvid_ready(TRACED, NULL);
    int first = connect_control(g), second = connect_control(g);
    json_t *answer = NULL, *hub;

    send_text(first, "{\"do\":\"trace\",\"seconds\":600}\n");
    do {
        json_decref(answer);
        answer = ask_json(second, "{\"do\":\"trace\",\"seconds\":0.01}");
        hub = json_array_get(json_object_get(answer, "hubs"), 0);
    } while (json_object_get(hub, "code") == NULL);
    ck_assert_str_eq(text_of(hub, "error"), "somebody else traces it");
    json_decref(answer);
    close(first);
    close(second);
    ck_assert_int_eq(gruvid_stop(g, SIGTERM), 0);
}
END_TEST

/* --- gruvictl
 * -----------------------------------------------------------------
 */

/* Run it; returns its exit status, and *trace, or NULL where that is no JSON.
 */
static int
gruvictl_trace(struct gruvid *g, const char *args, json_t **trace)
{
    const char *dir = getenv("top_builddir");
    char command[1024];
    json_error_t error;
    FILE *out;
    int status;

    snprintf(command, sizeof command,
             "%s/tools/gruvictl/gruvictl -s %s trace "
             "%s 2> /dev/null",
             dir == NULL ? "." : dir, gruvid_path(g, "control.sock"), args);
    out = popen(command, "r");
    ck_assert_ptr_nonnull(out);
    *trace = json_loadf(out, JSON_REJECT_DUPLICATES, &error);
    status = pclose(out);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

START_TEST(test_gruvictl_writes_the_object_format)
{
    struct gruvid *g = gruvid_ready(TRACED, NULL);
    json_t *trace;

    ck_assert_int_eq(gruvictl_trace(g, "--seconds 0.3", &trace), 0);
    ck_assert_ptr_nonnull(trace);
    ck_assert_str_eq(text_of(trace, "displayTimeUnit"), "ns");
    text_of(json_object_get(trace, "otherData"), "began");
    ck_assert_uint_gt(check_trace(json_object_get(trace, "traceEvents")), 5);
    json_decref(trace);
    ck_assert_int_eq(gruvictl_trace(g, "--hub 2", &trace), 1);
    ck_assert_ptr_null(trace);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("control_trace");
    TCase *tc = gruvid_case(suite, "trace");

    tcase_add_test(tc, test_events_say_which_fiber_runs);
    tcase_add_test(tc, test_hubs_are_threads_and_one_may_be_asked_for);
    tcase_add_test(tc, test_one_trace_at_a_time);
    tcase_add_test(tc, test_gruvictl_writes_the_object_format);
    return run_suite(suite);
}
