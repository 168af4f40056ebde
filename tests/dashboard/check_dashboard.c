/* SPDX-License-Identifier: MIT */
/* plugins/dashboard over HTTP: who may see what, and its stream of events. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "http/client.h"

#define CONFIG                                                                 \
    "drain_timeout = 1000s\ncontrol = @DIR@/control\n[plugin http]\nlisten = " \
    "tcp://127.0.0.1:0\n"                                                      \
    "listen = unix:@DIR@/http\nroute = / -> dashboard\n"                       \
    "route = /d/{rest...} -> dashboard\n"                                      \
    "[plugin dashboard]\ninterval = 100ms\nhost = gruvid.example\n"
#define TOKEN CONFIG "token = sesame\n"

static struct gruvid *
begin(const char *config)
{
    static char option[4200];
    const char *args[] = {"-o", option, NULL};
    struct gruvid_options options = {.args = args};
    char *whole;
    struct gruvid *g;

    snprintf(option, sizeof option, "gruvid.plugin_dir=%s/plugins/.libs",
             getenv("top_builddir") ? getenv("top_builddir") : ".");
    ck_assert_int_gt(asprintf(&whole, "[gruvid]\n%s", config), 0);
    g = gruvid_ready(whole, &options);
    free(whole);
    return g;
}

/* Ask with lines of headers, each with its end. */
static struct answer
asks(int fd, const char *line, const char *headers, int status)
{
    struct answer answer;
    char *request;

    ck_assert_int_gt(asprintf(&request, "%s HTTP/1.1\r\n%s\r\n", line, headers),
                     0);
    send_bytes(fd, request, strlen(request));
    ck_assert(answer_read(fd, strncmp(line, "HEAD", 4) == 0, &answer));
    ck_assert_msg(answer.status == status, "%s %s: %d, not %d", line, headers,
                  answer.status, status);
    free(request);
    return answer;
}

static void
is_answered(int fd, const char *line, const char *headers, int status)
{
    struct answer answer = asks(fd, line, headers, status);

    answer_free(&answer);
}

#define LOCAL "Host: localhost\r\n"

/* --- who may see what ----------------------------------------------------- */

START_TEST(test_every_answer_has_the_headers_that_protect)
{
    static const struct {
        const char *line, *headers;
        int status;
    } all[] = {
        {"GET /", LOCAL, 200},
        {"HEAD /", LOCAL, 200},
        {"GET /?style", LOCAL, 200},
        {"GET /d/any/path?page", LOCAL, 200},
        {"GET /?nothing", LOCAL, 404},
        {"GET /?log", LOCAL, 403},
        {"GET /", "Host: evil.example\r\n", 403},
        {"POST /", LOCAL "Content-Length: 0\r\n", 405},
        {"HEAD /?events", LOCAL, 200},
    };
    struct gruvid *g = begin(CONFIG);
    int fd = connect_to(g, 0);

    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        struct answer answer =
            asks(fd, all[i].line, all[i].headers, all[i].status);
        const char *policy = answer_header(&answer, "Content-Security-Policy");

        ck_assert_ptr_nonnull(policy);
        ck_assert_ptr_nonnull(strstr(policy, "default-src 'none'"));
        ck_assert_ptr_nonnull(strstr(policy, "frame-ancestors 'none'"));
        ck_assert_ptr_null(strstr(policy, "unsafe"));
        ck_assert_str_eq(answer_header(&answer, "X-Content-Type-Options"),
                         "nosniff");
        ck_assert_str_eq(answer_header(&answer, "Referrer-Policy"),
                         "no-referrer");
        ck_assert_str_eq(answer_header(&answer, "Cache-Control"), "no-store");
        answer_free(&answer);
    }
    close(fd);
    ck_assert_int_eq(gruvid_stop(g, SIGTERM), 0);
}
END_TEST

START_TEST(test_only_known_hosts_and_the_own_origin)
{
    static const struct {
        const char *headers;
        int status;
    } all[] = {
        {"Host: localhost\r\n", 200},
        {"Host: LocalHost:8080\r\n", 200},
        {"Host: 127.0.0.1\r\n", 200},
        {"Host: 127.0.0.1:1\r\n", 200},
        {"Host: [::1]\r\n", 200},
        {"Host: [::1]:8080\r\n", 200},
        {"Host: gruvid.example:443\r\n", 200},
        {"Host: evil.example\r\n", 403},
        {"Host: localhost.evil.example\r\n", 403},
        {"Host: 127.0.0.1.evil.example\r\n", 403},
        {"Host: evil.gruvid.example\r\n", 403},
        {"Host: 127.0.0.2\r\n", 403},
        {"Host:\r\n", 403},
        {LOCAL "Origin: http://localhost\r\n", 200},
        {LOCAL "Origin: https://localhost\r\n", 200},
        {"Host: localhost:8080\r\nOrigin: http://localhost:8080\r\n", 200},
        {"Host: localhost:8080\r\nOrigin: http://localhost:8081\r\n", 403},
        {LOCAL "Origin: http://evil.example\r\n", 403},
        {LOCAL "Origin: http://localhost.evil.example\r\n", 403},
        {LOCAL "Origin: http://127.0.0.1\r\n", 403},
        {LOCAL "Origin: null\r\n", 403},
        {LOCAL "Origin: ftp://localhost\r\n", 403},
    };
    struct gruvid *g = begin(CONFIG);
    int fd = connect_to(g, 0);

    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        is_answered(fd, "GET /", all[i].headers, all[i].status);
    close(fd);
    ck_assert_int_eq(gruvid_stop(g, SIGTERM), 0);
}
END_TEST

START_TEST(test_the_log_and_stacks_need_the_token)
{
    static const char *const paths[] = {"GET /?log", "GET /?stacks",
                                        "GET /?log&after=0"};
    static const char *const wrong[] = {
        "",
        "Authorization: Bearer\r\n",
        "Authorization: Bearer x\r\n",
        "Authorization: Bearer sesam\r\n",
        "Authorization: Bearer sesamesesame\r\n",
        "Authorization: Bearer sesame2\r\n",
        "Authorization: Basic sesame\r\n",
        "Authorization: sesame\r\n",
    };
    struct gruvid *g = begin(TOKEN);
    int fd = connect_to(g, 0);
    char headers[200];

    for (size_t p = 0; p < sizeof paths / sizeof *paths; p++) {
        struct answer answer;

        for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
            snprintf(headers, sizeof headers, LOCAL "%s", wrong[i]);
            answer = asks(fd, paths[p], headers, 401);
            ck_assert_ptr_nonnull(answer_header(&answer, "WWW-Authenticate"));
            ck_assert_ptr_null(strstr(answer.body, "\"ok\""));
            answer_free(&answer);
        }
        answer =
            asks(fd, paths[p], LOCAL "Authorization: Bearer sesame\r\n", 200);
        ck_assert_ptr_nonnull(strstr(answer.body, "\"ok\":true"));
        ck_assert_ptr_null(strstr(answer.body, "sesame"));
        answer_free(&answer);
    }
    is_answered(fd, "GET /?log&after=x",
                LOCAL "Authorization: Bearer sesame\r\n", 400);
    close(fd);
    ck_assert_int_eq(gruvid_stop(g, SIGTERM), 0);
}
END_TEST

/* A proxy that does not say that it is one looks as anybody there. */
START_TEST(test_a_unix_socket_needs_the_token_too)
{
    struct gruvid *g = begin(TOKEN);
    int fd = connect_unix(gruvid_path(g, "http"));

    is_answered(fd, "GET /", LOCAL, 200);
    is_answered(fd, "GET /?log", LOCAL, 401);
    is_answered(fd, "GET /?stacks", LOCAL, 401);
    is_answered(fd, "GET /?log", LOCAL "Authorization: Bearer sesame\r\n", 200);
    is_answered(fd, "GET /?log",
                "Host: evil.example\r\nAuthorization: Bearer sesame\r\n", 403);
    close(fd);
    ck_assert_int_eq(gruvid_stop(g, SIGTERM), 0);
    g = begin(CONFIG);
    fd = connect_unix(gruvid_path(g, "http"));
    is_answered(fd, "GET /?log", LOCAL, 403);
    is_answered(fd, "GET /?stacks", LOCAL "Authorization: Bearer \r\n", 403);
    close(fd);
    ck_assert_int_eq(gruvid_stop(g, SIGTERM), 0);
}
END_TEST

/* --- events --------------------------------------------------------------- */

/* Reads until text has come, or the end: false. */
static bool
reads_until(int fd, const char *text)
{
    size_t size = 1 << 20, n = 0;
    char *all = malloc(size);
    bool found = false;

    ck_assert_ptr_nonnull(all);
    while (!found && n + 1 < size) {
        ssize_t got = recv(fd, all + n, size - n - 1, 0);

        if (got <= 0)
            break;
        n += (size_t)got;
        all[n] = '\0';
        found = memmem(all, n, text, strlen(text)) != NULL;
    }
    free(all);
    return found;
}

static int
watch(struct gruvid *g)
{
    static const char request[] =
        "GET /?events HTTP/1.1\r\nHost: localhost\r\n\r\n";
    int fd = connect_to(g, 0);

    send_bytes(fd, request, strlen(request));
    return fd;
}

START_TEST(test_events_have_all_that_there_is_to_see)
{
    static const char *const parts[] = {
        "event: hello",      "event: sample",    "\"id\":\"status\"",
        "\"id\":\"hubs\"",   "\"id\":\"pools\"", "\"id\":\"plugins\"",
        "\"id\":\"fibers\"",
    };
    struct gruvid *g = begin(CONFIG);

    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        int fd = watch(g);

        ck_assert_msg(reads_until(fd, parts[i]), "no %s", parts[i]);
        close(fd);
    }
    ck_assert_int_eq(gruvid_stop(g, SIGTERM), 0);
}
END_TEST

/* All get one and the same sample: it has their number. */
START_TEST(test_many_watchers_share_one_sampler)
{
    struct gruvid *g = begin(CONFIG);
    int fds[40];

    for (size_t i = 0; i < 40; i++)
        fds[i] = watch(g);
    for (size_t i = 0; i < 40; i++)
        ck_assert(reads_until(fds[i], "\"watchers\":40}"));
    for (size_t i = 1; i < 40; i++)
        close(fds[i]);
    ck_assert(reads_until(fds[0], "\"watchers\":1}"));
    close(fds[0]);
    ck_assert_int_eq(gruvid_stop(g, SIGTERM), 0);
}
END_TEST

START_TEST(test_a_stream_ends_in_order_at_a_stop)
{
    struct gruvid *g = begin(CONFIG);
    int fd = watch(g);

    ck_assert(reads_until(fd, "event: sample"));
    gruvid_signal(g, SIGTERM);
    ck_assert(reads_until(fd, "event: end\n"));
    ck_assert_int_eq(gruvid_wait(g), 0);
    close(fd);
}
END_TEST

START_TEST(test_a_stream_ends_where_a_new_generation_takes_over)
{
    struct gruvid *g = begin(CONFIG);
    int fd = watch(g);

    ck_assert(reads_until(fd, "event: sample"));
    gruvid_reload(g, "[gruvid]\n" TOKEN, true);
    ck_assert(reads_until(fd, "event: end\n"));
    close(fd);
    fd = watch(g);
    ck_assert(reads_until(fd, "\"generation\":2"));
    close(fd);
    ck_assert_int_eq(gruvid_stop(g, SIGTERM), 0);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("dashboard");
    TCase *tc = gruvid_case(suite, "dashboard");

    tcase_add_test(tc, test_every_answer_has_the_headers_that_protect);
    tcase_add_test(tc, test_only_known_hosts_and_the_own_origin);
    tcase_add_test(tc, test_the_log_and_stacks_need_the_token);
    tcase_add_test(tc, test_a_unix_socket_needs_the_token_too);
    tcase_add_test(tc, test_events_have_all_that_there_is_to_see);
    tcase_add_test(tc, test_many_watchers_share_one_sampler);
    tcase_add_test(tc, test_a_stream_ends_in_order_at_a_stop);
    tcase_add_test(tc, test_a_stream_ends_where_a_new_generation_takes_over);
    return run_suite(suite);
}
