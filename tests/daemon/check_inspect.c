/* SPDX-License-Identifier: MIT */
/* gruvid_inspect(): what gruvictl shows, for plugins. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <jansson.h>

#include "daemon/run_gruvid.h"

#define PLAIN "[plugin inspects]\nlisten = tcp://127.0.0.1:0\n"
#define HUBS  "[gruvid]\nhubs = 3\n" PLAIN

static char answer[1 << 20];

/* A line, without its end. */
static void
read_line(int fd, char *line, size_t size)
{
    size_t n = 0;

    while (n + 1 < size && read(fd, line + n, 1) == 1 && line[n] != '\n')
        n++;
    ck_assert_msg(line[n] == '\n', "a line has no end");
    line[n] = '\0';
}

/* Ask as plugins/inspects.c says, and compare the code; the answer stays in
 * answer. */
static void
asks(int fd, const char *how, size_t limit, const char *request,
     const char *code)
{
    char *line;
    char head[64];
    size_t size, n = 0;

    ck_assert_int_gt(asprintf(&line, "%s %zu %s\n", how, limit, request), 0);
    send_text(fd, line);
    read_line(fd, head, sizeof head);
    ck_assert_msg(strncmp(head, code, strlen(code)) == 0 &&
                      head[strlen(code)] == ' ',
                  "%s: %s, not %s", request, head, code);
    size = (size_t)atoi(head + strlen(code) + 1);
    ck_assert_uint_lt(size, sizeof answer);
    while (n < size) {
        ssize_t got = read(fd, answer + n, size - n);

        ck_assert_int_gt(got, 0);
        n += (size_t)got;
    }
    answer[n] = '\0';
    free(line);
}

/* Each line is an object that is well; all but the last have more. */
static void
is_answer(const char *member)
{
    const char *at = answer;
    bool found = false, more = true;

    while (*at != '\0') {
        const char *end = strchr(at, '\n');
        json_t *line = json_loadb(at, (size_t)(end - at), 0, NULL);

        ck_assert_ptr_nonnull(end);
        ck_assert(more);
        ck_assert(json_is_true(json_object_get(line, "ok")));
        more = json_is_true(json_object_get(line, "more"));
        found = found || json_object_get(line, member) != NULL;
        json_decref(line);
        at = end + 1;
    }
    ck_assert(!more);
    ck_assert_msg(found, "no %s in %s", member, answer);
}

START_TEST(test_every_command_that_looks_is_answered_without_a_socket)
{
    static const char *const looks[][2] = {
        {"{\"do\":\"hello\"}", "commands"},
        {"{\"do\":\"status\",\"id\":\"a\"}", "stage"},
        {"{\"do\":\"plugins\"}", "modules"},
        {"{\"do\":\"hubs\"}", "hubs"},
        {"{\"do\":\"fibers\"}", "fibers"},
        {"{\"do\":\"fibers\",\"group\":true}", "groups"},
        {"{\"do\":\"fibers\",\"stacks\":true}", "stacks"},
        {"{\"do\":\"pools\"}", "pools"},
        {"{\"do\":\"connections\",\"plugin\":\"inspects\"}", "connections"},
        {"{\"do\":\"config\"}", "settings"},
        {"{\"do\":\"log\",\"lines\":3}", "lines"},
    };
    struct gruvid *g = gruvid_ready(PLAIN, NULL);
    int fd = connect_to(g, 0);

    for (size_t i = 0; i < sizeof looks / sizeof *looks; i++) {
        asks(fd, "ask", 0, looks[i][0], "0");
        is_answer(looks[i][1]);
    }
    close(fd);
    ck_assert_int_eq(gruvid_stop(g, SIGTERM), 0);
}
END_TEST

START_TEST(test_what_acts_or_is_unknown_is_refused)
{
    static const char *const refused[][2] = {
        {"{\"do\":\"stop\"}", "EPERM"},
        {"{\"do\":\"reload\"}", "EPERM"},
        {"{\"do\":\"restart\",\"plugin\":\"inspects\"}", "EPERM"},
        {"{\"do\":\"log-level\",\"level\":\"debug\"}", "EPERM"},
        {"{\"do\":\"trace\"}", "EPERM"},
        {"{\"do\":\"dance\"}", "EINVAL"},
        {"{\"do\":\"status\",\"plugin\":\"x\"}", "EINVAL"},
        {"{\"do\":\"log\",\"lines\":1000000}", "EINVAL"},
        {"{\"do\":\"fibers\",\"plugin\":\"nobody\"}", "ENOENT"},
        {"[]", "EINVAL"},
        {"{\"do\":", "EINVAL"},
        {"", "EINVAL"},
    };
    struct gruvid *g = gruvid_ready(PLAIN, NULL);
    int fd = connect_to(g, 0);

    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
        asks(fd, "ask", 0, refused[i][0], refused[i][1]);
        ck_assert_str_eq(answer, "");
    }
    asks(fd, "ask", 0, "{\"do\":\"status\"}", "0");
    is_answer("stage");
    close(fd);
    ck_assert_int_eq(gruvid_stop(g, SIGTERM), 0);
}
END_TEST

START_TEST(test_an_answer_that_is_too_long_is_refused)
{
    struct gruvid *g = gruvid_ready(PLAIN, NULL);
    int fd = connect_to(g, 0);
    size_t size;

    asks(fd, "ask", 10, "{\"do\":\"status\"}", "E2BIG");
    asks(fd, "ask", 100, "{\"do\":\"config\"}", "E2BIG");
    asks(fd, "ask", 0, "{\"do\":\"hello\"}", "0");
    size = strlen(answer);
    asks(fd, "ask", size, "{\"do\":\"hello\"}", "0");
    ck_assert_uint_eq(strlen(answer), size);
    asks(fd, "ask", size - 1, "{\"do\":\"hello\"}", "E2BIG");
    close(fd);
    ck_assert_int_eq(gruvid_stop(g, SIGTERM), 0);
}
END_TEST

/* In the first hub and in others; what was given up ends by itself, and the
 * next question is answered. */
START_TEST(test_a_cancel_gives_the_command_up)
{
    struct gruvid *g = gruvid_ready(HUBS, NULL);
    int fds[9];

    for (size_t i = 0; i < 9; i++)
        fds[i] = connect_to(g, 0);
    for (size_t i = 0; i < 9; i++) {
        asks(fds[i], "cancel", 0, "{\"do\":\"hubs\"}", "ECANCELED");
        asks(fds[i], "cancel", 0, "{\"do\":\"fibers\"}", "ECANCELED");
        asks(fds[i], "ask", 0, "{\"do\":\"hubs\"}", "0");
        is_answer("hubs");
    }
    for (size_t i = 0; i < 9; i++)
        close(fds[i]);
    ck_assert_int_eq(gruvid_stop(g, SIGTERM), 0);
}
END_TEST

START_TEST(test_the_log_is_kept_without_a_socket)
{
    struct gruvid *g = gruvid_ready(PLAIN, NULL);
    int fd = connect_to(g, 0);

    asks(fd, "ask", 0, "{\"do\":\"log\"}", "0");
    is_answer("lines");
    ck_assert_ptr_nonnull(strstr(answer, "\"message\":\"ready\""));
    ck_assert_ptr_nonnull(strstr(answer, "\"number\":1,"));
    asks(fd, "ask", 0, "{\"do\":\"log\",\"lines\":1}", "0");
    ck_assert_ptr_null(strstr(answer, "\"number\":1,"));
    asks(fd, "ask", 0, "{\"do\":\"log\",\"after\":1000}", "0");
    ck_assert_ptr_null(strstr(answer, "number"));
    close(fd);
    ck_assert_int_eq(gruvid_stop(g, SIGTERM), 0);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("inspect");
    TCase *tc = gruvid_case(suite, "inspect");

    tcase_add_test(tc,
                   test_every_command_that_looks_is_answered_without_a_socket);
    tcase_add_test(tc, test_what_acts_or_is_unknown_is_refused);
    tcase_add_test(tc, test_an_answer_that_is_too_long_is_refused);
    tcase_add_test(tc, test_a_cancel_gives_the_command_up);
    tcase_add_test(tc, test_the_log_is_kept_without_a_socket);
    return run_suite(suite);
}
