/* SPDX-License-Identifier: MIT */
/* The access log. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "http/client.h"

#define HEAD(method, target) method " " target " HTTP/1.1\r\nHost: h\r\n"
#define GET(target)          HEAD("GET", target) "\r\n"

static struct gruvid *g;
static int fd;

static void
stop(void)
{
    close(fd);
    ck_assert_int_eq(gruvid_stop(g, SIGTERM), 0);
}

/* --- lines ---------------------------------------------------------------- */

START_TEST(test_each_request_may_be_logged)
{
    g = http_begin("access_log = json\n");
    fd = connect_to(g, 0);
    send_text(fd, HEAD("GET", "/a?\\") "User-Agent: a\"b\xff\r\n\r\n");
    answers(fd, 200, NULL);
    gruvid_says(g, "{\"peer\":\"127.0.0.1\",\"method\":\"GET\","
                   "\"target\":\"/a?\\\\\",\"referer\":\"\","
                   "\"agent\":\"a\\\"b\\u00ff\",\"status\":200,"
                   "\"bytes\":11,\"microseconds\":");
    send_text(fd, "x\r\n\r\n");
    answers(fd, 400, NULL);
    gruvid_says(g, "\"method\":\"-\",\"target\":\"-\"");
    ck_assert(!expect_end(fd));
    stop();
}
END_TEST

/* The target takes most of a line that is cut. */
START_TEST(test_a_long_line_of_the_log_is_json)
{
    char target[6000];

    g = http_begin("access_log = json\n");
    fd = connect_to(g, 0);
    memset(target, 'a', sizeof target);
    target[sizeof target - 1] = '\0';
    send_text(fd, "GET /");
    send_text(fd, target);
    send_text(fd, " HTTP/1.1\r\nHost: h\r\nReferer: ");
    memset(target, '"', sizeof target - 1);
    send_text(fd, target);
    send_text(fd, "\r\n\r\n");
    answers(fd, 200, NULL);
    gruvid_says(g, "aaa\",\"referer\":\"\\\"");
    gruvid_says(g, "\\\"\",\"agent\":\"\",\"status\":200,\"bytes\":");
    gruvid_says(g, "\"microseconds\":");
    stop();
}
END_TEST

START_TEST(test_equal_requests_have_a_line_each)
{
    g = http_begin("access_log = combined\n");
    fd = connect_to(g, 0);
    for (int i = 0; i < 100; i++)
        send_text(fd, GET("/a"));
    gruvid_says_times(g, "] \"GET /a HTTP/1.1\" 200 9 \"-\" \"-\"\n", 100);
    stop();
    ck_assert_uint_eq(gruvid_said(g, "GET /a"), 100);
}
END_TEST

/* --- a file that is moved away -------------------------------------------- */

#define REQUESTS 300
#define FILES    4

static void
begin_with_file(void)
{
    char option[4200];
    const char *args[] = {"-o", option, NULL};
    const struct gruvid_options options = {.args = args};

    snprintf(option, sizeof option, "gruvid.plugin_dir=%s", http_plugin_dir());
    g = gruvid_begin("[log]\ntarget = file:@DIR@/log\n"
                     "[plugin http]\nlisten = unix:@DIR@/http\n"
                     "route = /{path...} -> mirror\naccess_log = combined\n"
                     "[plugin mirror]\n",
                     &options);
    file_says(gruvid_path(g, "log"), "gruvid: ready");
    fd = connect_unix(gruvid_path(g, "http"));
}

/* As logrotate does it: log becomes log.N. */
static void
move_away(int n)
{
    char name[16], path[200];

    snprintf(name, sizeof name, "log.%d", n);
    snprintf(path, sizeof path, "%s", gruvid_path(g, "log"));
    ck_assert_int_eq(rename(path, gruvid_path(g, name)), 0);
    gruvid_signal(g, SIGUSR1);
}

/* All files, one behind the other. */
static char *
all_lines(void)
{
    char *text = calloc(FILES, 65536), name[16];

    ck_assert_ptr_nonnull(text);
    for (int n = 1; n < FILES; n++) {
        snprintf(name, sizeof name, "log.%d", n);
        strcat(text, read_text(gruvid_path(g, name)));
    }
    return strcat(text, read_text(gruvid_path(g, "log")));
}

/* The next to move waits until gruvid has opened the one before. */
START_TEST(test_no_line_is_lost_when_the_file_is_moved_away)
{
    char request[64], line[64], *text, *at;

    begin_with_file();
    for (int i = 0; i < REQUESTS; i++) {
        if (i % 100 == 50 && i > 100)
            file_says(gruvid_path(g, "log"), "was opened again");
        if (i % 100 == 50)
            move_away(1 + i / 100);
        snprintf(request, sizeof request, GET("/number-%d"), i);
        ask(fd, request, 200, NULL);
    }
    stop();
    text = all_lines();
    for (int i = 0; i < REQUESTS; i++) {
        snprintf(line, sizeof line, "\"GET /number-%d HTTP/1.1\" 200 ", i);
        at = strstr(text, line);
        ck_assert_msg(at != NULL, "no line of request %d", i);
        ck_assert_msg(strstr(at + 1, line) == NULL, "two of request %d", i);
    }
    free(text);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("http_access");
    TCase *tc = gruvid_case(suite, "access");

    tcase_add_test(tc, test_each_request_may_be_logged);
    tcase_add_test(tc, test_a_long_line_of_the_log_is_json);
    tcase_add_test(tc, test_equal_requests_have_a_line_each);
    tcase_add_test(tc, test_no_line_is_lost_when_the_file_is_moved_away);
    return run_suite(suite);
}
