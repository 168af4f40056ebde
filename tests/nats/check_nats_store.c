/* SPDX-License-Identifier: MIT */
/* Answers that no server gives, or seldom: the test plays it. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "nats/script.h"
#include "nats/talk.h"

static struct bus_server server;
static struct script *script;
static struct gruvid *g;
static int fd;

static void
prepare(void)
{
    bus_prepare(&server);
    talk_prepare();
    script = script_begin(server.port);
    g = bus_gruvid_begin(&server, "ping_interval = 1000s\n", TALKS);
    script_log_in(script);
    gruvid_says(g, "connected to tcp://");
    gruvid_says(g, "gruvid: ready");
    fd = talk_to(g);
}

static void
finish(void)
{
    script_end(script);
    bus_remove(&server);
    gruvid_end_all();
}

/* --- what gruvid asks ----------------------------------------------------- */

static char subject[256], reply[256], head[4096];
static char inbox[32]; /* the number of its subscription */

/* The next message: its head has all its lines. */
static void
next_message(void)
{
    const char *line = script_line(script);
    bool has_head;

    if (sscanf(line, "SUB _INBOX.%*s %31s", inbox) == 1)
        line = script_line(script);
    has_head = *line == 'H';
    ck_assert_int_eq(sscanf(line + has_head, "PUB %255s %255s", subject, reply),
                     2);
    head[0] = '\0';
    while (has_head && strcmp(line = script_line(script), "\r\n") != 0)
        strncat(head, line, sizeof head - strlen(head) - 1);
    script_line(script); /* the data */
}

static void
answer(const char *lines, const char *data)
{
    static char text[20000];
    size_t size = strlen(data), head_size = strlen(lines);

    if (head_size > 0)
        snprintf(text, sizeof text, "HMSG %s %s %zu %zu\r\n%s%s\r\n", reply,
                 inbox, head_size, head_size + size, lines, data);
    else
        snprintf(text, sizeof text, "MSG %s %s %zu\r\n%s\r\n", reply, inbox,
                 size, data);
    script_send(script, text);
}

/* A line of talks, what the server answers, and what talks says then. */
static void
meets(const char *line, const char *lines, const char *data, const char *result)
{
    send_text(fd, line);
    send_text(fd, "\n");
    next_message();
    answer(lines, data);
    says_then(fd, result);
}

/* --- tests ---------------------------------------------------------------- */

#define V "NATS/1.0\r\n"

START_TEST(test_answers_are_read_with_care)
{
    static const char *const answers[][3] = {
        {"", "hello", "0 200 - hello"},
        {"", "", "0 200 - "},
        {V "\r\n", "hello", "0 200 - hello"},
        {V "Gruvid-Status: 404\r\n\r\n", "hello", "0 404 - hello"},
        {V "gruvid-status: 599\r\nX-Bus:there\r\n\r\n", "", "0 599 there "},
        {V "X-Bus: a\r\nX-Bus: b\r\n\r\n", "", "0 200 a "},
        {V "Nats-Any: a\r\nGruvid-Any: b\r\nX-Bus: c\r\n\r\n", "", "0 200 c "},
        {"NATS/1.0 503\r\n\r\n", "", "ENOENT"},
        {"NATS/1.0 503 No Responders\r\n\r\n", "", "ENOENT"},
        {V "Gruvid-Status: 99\r\n\r\n", "", "EPROTO"},
        {V "Gruvid-Status: 600\r\n\r\n", "", "EPROTO"},
        {V "Gruvid-Status: 2e2\r\n\r\n", "", "EPROTO"},
        {V "Gruvid-Status: -20\r\n\r\n", "", "EPROTO"},
        {V "Gruvid-Status:\r\n\r\n", "", "EPROTO"},
        {V "Gruvid-Status: 200\r\nGruvid-Status: 200\r\n\r\n", "", "EPROTO"},
        {V "no colon\r\n\r\n", "", "EPROTO"},
        {V "Na me: x\r\n\r\n", "", "EPROTO"},
        {V "X: \x01\r\n\r\n", "", "EPROTO"},
        {"NATS/2.0\r\n\r\n", "", "EPROTO"},
        {V "X: y\r\n", "", "EPROTO"},
    };

    for (size_t i = 0; i < sizeof answers / sizeof *answers; i++)
        meets("call - - a - - - x", answers[i][0], answers[i][1],
              answers[i][2]);
}
END_TEST

START_TEST(test_a_call_says_all_of_it)
{
    meets("call - 1000 a.b PUT /p?q X-Test:yes x", "", "", "0 200 - ");
    ck_assert_str_eq(subject, "a.b");
    ck_assert_ptr_nonnull(strstr(head, V "Gruvid-Method: PUT\r\n"
                                         "Gruvid-Path: /p?q\r\n"));
    ck_assert_ptr_nonnull(strstr(head, "\r\nX-Test: yes\r\n"));
    ck_assert_ptr_nonnull(strstr(head, "\r\nGruvid-Deadline: "));
    meets("call - - a.b - - - ", "", "", "0 200 - ");
    ck_assert_str_eq(head, V);
}
END_TEST

START_TEST(test_acknowledgements_are_read_with_care)
{
    static const char *const answers[][2] = {
        {"{\"stream\":\"S\",\"seq\":3}", "0"},
        {"{\"stream\":\"S\",\"seq\":3,\"duplicate\":true}", "0"},
        {"", "EPROTO"},
        {"+OK", "EPROTO"},
        {"[]", "EPROTO"},
        {"{}", "EPROTO"},
        {"{\"stream\":\"S\"}", "EPROTO"},
        {"{\"seq\":3}", "EPROTO"},
        {"{\"stream\":\"S\",\"seq\":0}", "EPROTO"},
        {"{\"stream\":\"S\",\"seq\":-3}", "EPROTO"},
        {"{\"stream\":\"S\",\"seq\":\"3\"}", "EPROTO"},
        {"{\"stream\":7,\"seq\":3}", "EPROTO"},
        {"{\"stream\":\"S\",\"seq\":3", "EPROTO"},
        {"{\"stream\":\"S\",\"seq\":3,\"seq\":4}", "EPROTO"},
        {"{\"error\":{\"code\":400,\"err_code\":10071}}", "EBUSY"},
        {"{\"error\":{\"code\":400,\"err_code\":10164}}", "EBUSY"},
        {"{\"error\":{\"code\":400,\"err_code\":10054}}", "E2BIG"},
        {"{\"error\":{\"code\":500,\"description\":\"bad\\nfine\"}}", "EIO"},
        {"{\"error\":7}", "EIO"},
    };

    for (size_t i = 0; i < sizeof answers / sizeof *answers; i++)
        meets("publish - - a durable x", "", answers[i][0], answers[i][1]);
    gruvid_says(g, "the server refuses a message to a: bad?fine");
    gruvid_says(g, "the server refuses a message to a: no reason");
}
END_TEST

START_TEST(test_another_try_has_the_same_id)
{
    static const char *const refusals[][2] = {
        {"NATS/1.0 503\r\n\r\n", ""},
        {"", "{\"error\":{\"code\":503,\"err_code\":10076}}"},
        {"", "{\"error\":{\"code\":503,\"err_code\":10039}}"},
        {"", "{\"error\":{\"code\":503,\"err_code\":10008}}"},
    };
    char first[sizeof head];

    for (int made = 0; made < 2; made++) {
        send_text(fd, made ? "publish - - a durable x\n"
                           : "publish - - a durable,id=7 x\n");
        next_message();
        strcpy(first, head);
        ck_assert_ptr_nonnull(strstr(head, "\r\nNats-Msg-Id: "));
        for (size_t i = 0; i < sizeof refusals / sizeof *refusals; i++) {
            answer(refusals[i][0], refusals[i][1]);
            next_message();
            ck_assert_str_eq(head, first);
        }
        answer("", "{\"stream\":\"S\",\"seq\":3}");
        expect_text(fd, "0\n");
    }
}
END_TEST

#define MESSAGE(rest) "{\"message\":{\"seq\":7," rest "}}"

START_TEST(test_values_are_read_with_care)
{
    static const char *const answers[][2] = {
        {MESSAGE("\"data\":\"aGVsbG8=\""), "0 7 hello"},
        {MESSAGE("\"data\":\"\""), "0 7 "},
        {MESSAGE("\"time\":\"now\""), "0 7 "},
        {MESSAGE("\"data\":\"YQ==\""), "0 7 a"},
        {MESSAGE("\"data\":\"YWI=\""), "0 7 ab"},
        {MESSAGE("\"data\":\"YWJj\""), "0 7 abc"},
        {MESSAGE("\"data\":\"YWJ\""), "EPROTO"},
        {MESSAGE("\"data\":\"Y===\""), "EPROTO"},
        {MESSAGE("\"data\":\"====\""), "EPROTO"},
        {MESSAGE("\"data\":\"YQ=a\""), "EPROTO"},
        {MESSAGE("\"data\":\"YQ==YQ==\""), "EPROTO"},
        {MESSAGE("\"data\":\"YW!j\""), "EPROTO"},
        {MESSAGE("\"data\":\"YWI=\",\"data\":\"\""), "EPROTO"},
        {"{}", "EPROTO"},
        {"{\"message\":7}", "EPROTO"},
        {"{\"message\":{\"seq\":0,\"data\":\"YWJj\"}}", "EPROTO"},
        {"{\"message\":{\"seq\":-1,\"data\":\"YWJj\"}}", "EPROTO"},
        {"{\"message\":{\"seq\":\"7\",\"data\":\"YWJj\"}}", "EPROTO"},
        /* NATS/1.0, KV-Operation: DEL; then PUT; then what is no head. */
        {MESSAGE("\"hdrs\":\"TkFUUy8xLjANCktWLU9wZXJhdGlvbjogREVMDQoNCg==\""),
         "ENOENT"},
        {MESSAGE("\"hdrs\":\"TkFUUy8xLjANCktWLU9wZXJhdGlvbjogUFVUDQoNCg==\","
                 "\"data\":\"YWJj\""),
         "0 7 abc"},
        {MESSAGE("\"hdrs\":\"YWJj\",\"data\":\"YWJj\""), "EPROTO"},
        {MESSAGE("\"hdrs\":\"?\",\"data\":\"YWJj\""), "EPROTO"},
        {"{\"error\":{\"code\":404,\"err_code\":10037}}", "ENOENT"},
        {"{\"error\":{\"code\":404,\"err_code\":10059}}", "ENOENT"},
        {"{\"error\":{\"code\":403,\"description\":\"no\"}}", "EIO"},
    };

    for (size_t i = 0; i < sizeof answers / sizeof *answers; i++)
        meets("get - - b k", "", answers[i][0], answers[i][1]);
    ck_assert_str_eq(subject, "$JS.API.STREAM.MSG.GET.KV_b");
}
END_TEST

/* Lines that come late, twice, or for nobody. */
START_TEST(test_answers_that_nobody_waits_for_are_dropped)
{
    send_text(fd, "call - 0.01 a - - - x\n");
    next_message();
    expect_text(fd, "ETIMEDOUT\n");
    answer("", "late");
    send_text(fd, "call - - a - - - x\n");
    next_message();
    answer("", "first");
    answer("", "second");
    expect_text(fd, "0 200 - first\n");
    meets("call - - a - - - x", "", "third", "0 200 - third");
}
END_TEST

START_TEST(test_a_malformed_message_is_dropped)
{
    char sid[32];
    char text[200];

    says(fd, "subscribe - 9 a -", "0");
    ck_assert_int_eq(sscanf(script_line(script), "SUB a %31s", sid), 1);
    snprintf(text, sizeof text, "HMSG a %s 15 16\r\nNATS/1.0\r\nx\r\n\r\nb\r\n",
             sid);
    script_send(script, text);
    snprintf(text, sizeof text, "MSG a %s 1\r\nc\r\n", sid);
    script_send(script, text);
    says(fd, "take -", "0 a - - c");
    says(fd, "unsubscribe", "0 0");
}
END_TEST

/* Objects or lists in each other: jansson would call itself for each. */
static char *
deep(const char *level, const char *end)
{
    static char text[19000];

    text[0] = '\0';
    for (int i = 0; i < 1500; i++)
        strcat(text, level);
    strcat(text, "1");
    for (int i = 0; i < 1500; i++)
        strcat(text, end);
    return text;
}

START_TEST(test_an_answer_of_many_levels_is_none)
{
    meets("publish - - a durable x", "", deep("[", "]"), "EPROTO");
    meets("publish - - a durable x", "", deep("{\"a\":", "}"), "EPROTO");
    meets("get - - b k", "", deep("{\"message\":", "}"), "EPROTO");
    meets("publish - - a durable x", "",
          "{\"stream\":\"[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[\",\"seq\":3}",
          "0");
}
END_TEST

START_TEST(test_a_first_line_of_many_levels_ends_the_connection)
{
    script_send(script, "INFO ");
    script_send(script, deep("{\"a\":", "}"));
    script_send(script, "\r\n");
    gruvid_says(g, " is lost: protocol error");
    script_next(script);
    script_send(script, "INFO ");
    script_send(script, deep("[", "]"));
    script_send(script, "\r\n");
    gruvid_says(g, "no connection to tcp://");
}
END_TEST

/* As where a client has its answers go to where gruvid may not publish. */
START_TEST(test_what_the_server_says_all_the_time_does_not_fill_the_log)
{
    char text[100];

    for (int i = 0; i < 2000; i++) {
        snprintf(text, sizeof text,
                 "-ERR 'Permissions Violation for Publish to \"x.%d\"'\r\n", i);
        script_send(script, text);
    }
    meets("publish - - a durable x", "",
          "{\"error\":{\"code\":500,\"description\":\"the last line\"}}",
          "EIO");
    gruvid_says(g, "the last line");
    ck_assert_uint_ge(gruvid_said(g, "Permissions Violation"), 1);
    ck_assert_uint_lt(gruvid_said(g, "Permissions Violation"), 1000);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("nats_store");
    TCase *tc = tcase_create("store");

    bus_need();
    tcase_add_checked_fixture(tc, prepare, finish);
    tcase_set_timeout(tc, 2 * PATIENCE);
    suite_add_tcase(suite, tc);
    tcase_add_test(tc, test_answers_are_read_with_care);
    tcase_add_test(tc, test_a_call_says_all_of_it);
    tcase_add_test(tc, test_acknowledgements_are_read_with_care);
    tcase_add_test(tc, test_another_try_has_the_same_id);
    tcase_add_test(tc, test_values_are_read_with_care);
    tcase_add_test(tc, test_answers_that_nobody_waits_for_are_dropped);
    tcase_add_test(tc, test_a_malformed_message_is_dropped);
    tcase_add_test(tc, test_an_answer_of_many_levels_is_none);
    tcase_add_test(tc, test_a_first_line_of_many_levels_ends_the_connection);
    tcase_add_test(
        tc, test_what_the_server_says_all_the_time_does_not_fill_the_log);
    return run_suite(suite);
}
