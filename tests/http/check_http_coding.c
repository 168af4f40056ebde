/* SPDX-License-Identifier: MIT */
/* Replies that are compressed. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

#include "daemon/failing_memory.h"
#include "http/client.h"
#include "http/decode.h"

static struct gruvid *g;
static int fd;
static const char *coding; /* of a loop test */

static void
begin(const char *options)
{
    g = http_begin(options);
    fd = connect_to(g, 0);
}

static void
stop(void)
{
    close(fd);
    ck_assert_int_eq(gruvid_stop(g, SIGTERM), 0);
    ck_assert_uint_eq(gruvid_said(g, " error "), 0);
}

static void
send_request(const char *method, const char *target, const char *accept)
{
    char text[2000];

    snprintf(text, sizeof text,
             "%s %s HTTP/1.1\r\nHost: h\r\nAccept-Encoding: %s\r\n\r\n", method,
             target, accept);
    send_text(fd, text);
}

static void
get(const char *target, const char *accept, struct answer *answer)
{
    send_request("GET", target, accept);
    ck_assert(answer_read(fd, false, answer));
}

static const char *
header(const struct answer *answer, const char *name)
{
    const char *value = answer_header(answer, name);

    return value != NULL ? value : "-";
}

/* An answer with this coding, of the same bytes as without. */
static void
is_the_same(const struct answer *answer, const char *target)
{
    struct answer plain;
    size_t size = answer->size;
    char *text;

    ck_assert_str_eq(header(answer, "Content-Encoding"), coding);
    ck_assert_str_eq(header(answer, "Vary"), "Accept-Encoding");
    text = decode(coding, answer->body, &size, 1);
    get(target, "identity", &plain);
    ck_assert_str_eq(header(&plain, "Content-Encoding"), "-");
    ck_assert_str_eq(header(&plain, "Vary"), "Accept-Encoding");
    ck_assert_uint_eq(plain.size, size);
    ck_assert_uint_lt(answer->size, size);
    ck_assert(memcmp(plain.body, text, size) == 0);
    answer_free(&plain);
    free(text);
}

/* --- bodies --------------------------------------------------------------- */

static const char *const targets[] = {
    "/say?type=text/plain&size=1024",
    "/say?type=application/json;charset=x&size=5000",
    "/say?type=text/plain&size=32769",
    "/say?type=text/html&size=65536",
    "/say?type=text/html&size=65537",
    "/say?type=text/css&size=131073",
    "/say?type=text/css&size=3000000",
    "/say?type=text/plain&n=1&size=1000",
    "/say?type=text/plain&n=100&size=1000",
    "/say?type=text/plain&n=3&size=300000",
    "/say?type=text/plain&n=2&size=1000&length=2000",
    "/large?size=1000000",
};

#define N_TARGETS ((int)(sizeof targets / sizeof *targets))

START_TEST(test_bodies_are_the_same)
{
    struct answer answer;

    coding = decode_codings[_i];
    begin("");
    for (int i = 0; i < N_TARGETS; i++) {
        get(targets[i], coding, &answer);
        is_the_same(&answer, targets[i]);
        answer_free(&answer);
    }
    stop();
}
END_TEST

START_TEST(test_requests_of_one_piece_get_each_its_own)
{
    struct answer answer;

    coding = decode_codings[_i];
    begin("");
    for (int i = 0; i < N_TARGETS; i++)
        send_request("GET", targets[i], i % 2 == 0 ? coding : "identity");
    for (int i = 0; i < N_TARGETS; i++) {
        size_t size;

        ck_assert(answer_read(fd, false, &answer));
        ck_assert_str_eq(header(&answer, "Content-Encoding"),
                         i % 2 == 0 ? coding : "-");
        size = answer.size;
        free(decode(i % 2 == 0 ? coding : "identity", answer.body, &size, 1));
        answer_free(&answer);
    }
    stop();
}
END_TEST

START_TEST(test_head_is_as_get_without_length)
{
    struct answer answer;

    coding = decode_codings[_i];
    begin("");
    for (int i = 0; i < N_TARGETS; i++) {
        send_request("HEAD", targets[i], coding);
        ck_assert(answer_read(fd, true, &answer));
        ck_assert_str_eq(header(&answer, "Content-Encoding"), coding);
        ck_assert_str_eq(header(&answer, "Vary"), "Accept-Encoding");
        ck_assert_str_eq(header(&answer, "Content-Length"), "-");
        answer_free(&answer);
    }
    get(targets[0], coding, &answer);
    is_the_same(&answer, targets[0]);
    answer_free(&answer);
    stop();
}
END_TEST

START_TEST(test_a_1_0_client_gets_it_too)
{
    char text[300];
    struct answer answer;
    size_t size;

    coding = decode_codings[_i];
    begin("");
    for (int i = 0; i < N_TARGETS; i++) {
        snprintf(text, sizeof text,
                 "GET %s HTTP/1.0\r\nAccept-Encoding: %s\r\n\r\n", targets[i],
                 coding);
        send_text(fd, text);
        ck_assert(answer_read(fd, false, &answer));
        size = answer.size;
        free(decode(coding, answer.body, &size, 1));
        answer_free(&answer);
        close(fd);
        fd = connect_to(g, 0);
    }
    stop();
}
END_TEST

/* --- heads ---------------------------------------------------------------- */

#define TEXT "/say?type=text/plain&size=2000"

static const struct {
    const char *target, *accept, *coding, *vary;
} decisions[] = {
    {TEXT, "", "-", "Accept-Encoding"},
    {TEXT, "br", "-", "Accept-Encoding"},
    {TEXT, "@, identity;q=0", "@", "Accept-Encoding"},
    {TEXT, "*", "*", "Accept-Encoding"},
    {TEXT, "@;q=0, *;q=0", "-", "Accept-Encoding"},
    {TEXT, "identity;q=0, *;q=0", "-", "Accept-Encoding"},
    {TEXT, "@;q=0.5, identity;q=0.6", "-", "Accept-Encoding"},
    {TEXT, "@;q=0.001", "@", "Accept-Encoding"},
    {TEXT "&vary=Cookie", "@", "@", "Cookie, Accept-Encoding"},
    {TEXT "&vary=a,accept-encoding", "@", "@", "a,accept-encoding"},
    {TEXT "&vary=*", "@", "@", "*"},
    {TEXT "&status=201", "@", "@", "Accept-Encoding"},
    {TEXT "&status=404", "@", "-", "-"},
    {TEXT "&status=206", "@", "-", "-"},
    {TEXT "&cookie=a=b", "@", "-", "-"},
    {TEXT "&coding=br", "@", "-", "-"},
    {TEXT "&cache=private,%20no-transform", "@", "-", "-"},
    {TEXT "&cache=no-store", "@", "@", "Accept-Encoding"},
    {TEXT "&ranges=bytes", "@", "-", "-"},
    {TEXT "&ranges=none", "@", "@", "Accept-Encoding"},
    {"/say?size=2000", "@", "-", "-"},
    {"/say?type=image/png&size=2000", "@", "-", "-"},
    {"/say?type=text/plain2&size=2000", "@", "-", "-"},
    {"/say?type=TEXT/HTML&size=2000", "@", "@", "Accept-Encoding"},
    {"/say?type=text/event-stream&n=1&size=2000", "@", "-", "-"},
    {"/say?type=text/plain&size=1023", "@", "-", "-"},
    {"/say?type=text/plain&n=1&size=100&length=100", "@", "-", "-"},
    {"/nothing", "@", "-", "-"},
    {"/events", "@", "-", "-"},
};

/* "@" stands for the coding; "*" is any. */
static const char *
with_coding(const char *accept, char *text, size_t size)
{
    const char *at = strchr(accept, '@');

    if (at == NULL)
        return accept;
    snprintf(text, size, "%.*s%s%s", (int)(at - accept), accept, coding,
             at + 1);
    return text;
}

/* The values of all headers of this name. */
static const char *
all_of(const struct answer *answer, const char *name)
{
    static char all[200];
    const char *at = answer->head;
    size_t length = strlen(name);

    all[0] = '\0';
    for (; (at = strstr(at, "\r\n")) != NULL; at += 2)
        if (strncasecmp(at + 2, name, length) == 0 && at[2 + length] == ':')
            snprintf(all + strlen(all), sizeof all - strlen(all), "%s%.*s",
                     all[0] != '\0' ? ", " : "",
                     (int)strcspn(at + 4 + length, "\r"), at + 4 + length);
    return all[0] != '\0' ? all : "-";
}

START_TEST(test_what_is_not_worth_it_is_left)
{
    char accept[100], expected[100];
    struct answer answer;

    coding = decode_codings[_i];
    begin("");
    for (size_t i = 0; i < sizeof decisions / sizeof *decisions; i++) {
        get(decisions[i].target,
            with_coding(decisions[i].accept, accept, sizeof accept), &answer);
        if (strcmp(decisions[i].coding, "*") == 0)
            ck_assert_str_ne(header(&answer, "Content-Encoding"), "-");
        else if (strstr(decisions[i].target, "coding=") == NULL)
            ck_assert_str_eq(
                header(&answer, "Content-Encoding"),
                with_coding(decisions[i].coding, expected, sizeof expected));
        ck_assert_msg(strcmp(all_of(&answer, "Vary"), decisions[i].vary) == 0,
                      "%s: Vary: %s", decisions[i].target,
                      all_of(&answer, "Vary"));
        answer_free(&answer);
    }
    stop();
}
END_TEST

static const char *
etag(const char *target, const char *accept)
{
    static char tag[100];
    struct answer answer;

    get(target, accept, &answer);
    snprintf(tag, sizeof tag, "%s", header(&answer, "ETag"));
    answer_free(&answer);
    return tag;
}

/* Coded or not, it is not the same bytes. */
START_TEST(test_a_coded_reply_has_a_weak_tag)
{
    struct answer answer;

    coding = decode_codings[_i];
    begin("");
    ck_assert_str_eq(etag(TEXT "&etag=%22a%22", "identity"), "\"a\"");
    ck_assert_str_eq(etag(TEXT "&etag=%22a%22", coding), "W/\"a\"");
    ck_assert_str_eq(etag(TEXT "&etag=W/%22a%22", coding), "W/\"a\"");
    get("/say?status=304&etag=%22a%22", coding, &answer);
    ck_assert_str_eq(header(&answer, "ETag"), "W/\"a\"");
    ck_assert_str_eq(header(&answer, "Vary"), "Accept-Encoding");
    ck_assert_str_eq(header(&answer, "Content-Encoding"), "-");
    answer_free(&answer);
    ck_assert_str_eq(etag("/say?status=304&etag=%22a%22", ""), "\"a\"");
    ck_assert_str_eq(etag("/say?status=304&etag=%22a%22&ranges=bytes", coding),
                     "\"a\"");
    stop();
}
END_TEST

START_TEST(test_a_hostile_header_is_only_read)
{
    static char accept[16000], text[16100];
    struct answer answer;
    size_t n = 0;

    begin("");
    while (n < sizeof accept - 40)
        n +=
            (size_t)snprintf(accept + n, 40, "x%zu;q=0.%zu,;;q=\"\\\",,", n, n);
    snprintf(text, sizeof text,
             "GET " TEXT " HTTP/1.1\r\nHost: h\r\nAccept-Encoding: %s\r\n\r\n",
             accept);
    send_text(fd, text);
    ck_assert(answer_read(fd, false, &answer));
    ck_assert_str_eq(header(&answer, "Content-Encoding"), "-");
    ck_assert_uint_eq(answer.size, 2000);
    answer_free(&answer);
    stop();
}
END_TEST

/* --- options -------------------------------------------------------------- */

START_TEST(test_options_say_what_is_compressed)
{
    struct answer answer;

    coding = decode_codings[_i];
    begin("compress = no\n");
    get(TEXT, coding, &answer);
    ck_assert_str_eq(header(&answer, "Content-Encoding"), "-");
    ck_assert_str_eq(header(&answer, "Vary"), "-");
    answer_free(&answer);
    stop();
    begin("compress_types = image/*\ncompress_types = text/x\n"
          "compress_least = 10\ngzip_level = 9\nzstd_level = 1\n");
    get(TEXT, coding, &answer);
    ck_assert_str_eq(header(&answer, "Vary"), "-");
    answer_free(&answer);
    get("/say?type=image/svg&size=100", coding, &answer);
    is_the_same(&answer, "/say?type=image/svg&size=100");
    answer_free(&answer);
    get("/say?type=text/x&size=9", coding, &answer);
    ck_assert_str_eq(header(&answer, "Vary"), "-");
    answer_free(&answer);
    stop();
}
END_TEST

/* --- streams -------------------------------------------------------------- */

/* Read until what has come can be decoded to this text. */
static void
expect_coded(const char *text)
{
    char data[4096];
    size_t n = 0;

    for (;;) {
        ssize_t got = recv(fd, data + n, sizeof data - 1 - n, 0);
        char *at, *end, *plain;
        size_t size = 0, chunks = 0;
        char body[4096];

        ck_assert_int_gt(got, 0);
        n += (size_t)got;
        data[n] = '\0';
        at = strstr(data, "\r\n\r\n");
        for (at = at != NULL ? at + 4 : data + n; at < data + n;) {
            chunks = strtoul(at, &end, 16);
            if (*end != '\r' || end + 4 + chunks > data + n)
                break;
            memcpy(body + size, end + 2, chunks);
            size += chunks;
            at = end + 4 + chunks;
        }
        if (size == 0)
            continue;
        plain = decode(coding, body, &size, 0);
        if (strstr(plain, text) != NULL) {
            free(plain);
            return;
        }
        free(plain);
    }
}

/* What a handler has written does not wait for what it writes later. */
START_TEST(test_each_write_is_sent)
{
    coding = decode_codings[_i];
    begin("");
    send_request("GET", "/say?type=text/plain&n=2&size=30&pause=1", coding);
    expect_coded("0 lines, 0\n1 lines");
    reset(fd);
    fd = connect_to(g, 0);
    stop();
}
END_TEST

/* And the comments between them. */
START_TEST(test_events_may_be_coded)
{
    coding = decode_codings[_i];
    begin("compress_types = text/event-stream\nevent_comment = 10ms\n");
    send_request("GET", "/subscribe", coding);
    expect_coded("data: first\n\n:\n\n:\n\n");
    reset(fd);
    fd = connect_to(g, 0);
    send_request("GET", "/events", coding);
    expect_coded("event: last\nid: 7\ndata: second\n\n");
    stop();
}
END_TEST

/* More streams than a hub compresses at a time. */
START_TEST(test_memory_is_bounded)
{
    enum { STREAMS = 70, BUSY = 64 };
    int fds[STREAMS], coded = 0;
    char data[2000], *end;
    struct answer answer;

    coding = decode_codings[_i];
    begin("");
    for (int i = 0; i < STREAMS; i++) {
        size_t n = 0;

        close(fd);
        fds[i] = fd = connect_to(g, 0);
        send_request("GET", "/say?type=text/plain&n=2&size=30&pause=1", coding);
        do {
            ssize_t got = recv(fd, data + n, sizeof data - 1 - n, 0);

            ck_assert_int_gt(got, 0);
            n += (size_t)got;
            data[n] = '\0';
            end = strstr(data, "\r\n\r\n");
        } while (end == NULL || end + 4 == data + n);
        ck_assert_ptr_nonnull(strstr(data, "Vary: Accept-Encoding"));
        coded += strstr(data, "Content-Encoding") != NULL;
        fd = dup(fd);
    }
    ck_assert_int_eq(coded, BUSY);
    for (int i = 0; i < STREAMS; i++)
        reset(fds[i]);
    reset(fd);
    fd = connect_to(g, 0);
    do { /* until the others have gone */
        get(TEXT, coding, &answer);
        end = strstr(answer.head, "Content-Encoding");
        answer_free(&answer);
    } while (end == NULL);
    stop();
}
END_TEST

START_TEST(test_a_client_that_leaves_costs_no_coder)
{
    struct answer answer;
    char c;

    coding = decode_codings[_i];
    begin("access_log = combined\n");
    for (unsigned i = 1; i <= 70; i++) {
        send_request("GET", "/say?type=text/plain&n=1000&size=300000", coding);
        ck_assert_int_eq(recv(fd, &c, 1, 0), 1);
        reset(fd);
        gruvid_says_times(g, "GET /say?type=text/plain&n=1000", i);
        fd = connect_to(g, 0);
    }
    get(TEXT, coding, &answer);
    ck_assert_str_eq(header(&answer, "Content-Encoding"), coding);
    answer_free(&answer);
    stop();
}
END_TEST

/* --- no memory ------------------------------------------------------------ */

#define FAILURES 16

static void
begin_failing(void)
{
    const char *const *env = failing_memory_begin();

    for (; *env != NULL; env++)
        putenv((char *)*env);
    g = http_begin("");
    unsetenv("LD_PRELOAD");
}

/* A request where an allocation fails is answered whole, coded or not, or with
 * an error, or its connection ends; the next has all it needs. */
static void
ask_without(const char *target, int n)
{
    struct answer answer;

    fd = connect_to(g, 0);
    failing_memory_at(n);
    send_request("GET", target, coding);
    if (answer_read(fd, false, &answer)) {
        if (answer.status == 200) {
            bool coded = answer_header(&answer, "Content-Encoding") != NULL;
            size_t size = answer.size;

            free(decode(coded ? coding : "identity", answer.body, &size, 1));
            ck_assert_uint_gt(size, 4000);
        }
        answer_free(&answer);
    }
    close(fd);
    failing_memory_at(0);
}

/* Each begins without a coder that is kept. */
START_TEST(test_without_memory_replies_go_as_they_are)
{
    struct answer answer;

    if (!failing_memory_works())
        return;
    coding = decode_codings[_i / FAILURES];
    begin_failing();
    ask_without("/say?type=text/plain&size=5000", 1 + _i % FAILURES);
    ask_without("/say?type=text/plain&n=2&size=5000", 1 + _i % FAILURES);
    fd = connect_to(g, 0);
    get(TEXT, coding, &answer);
    ck_assert_str_eq(header(&answer, "Content-Encoding"), coding);
    answer_free(&answer);
    close(fd);
    ck_assert_int_eq(gruvid_stop(g, SIGTERM), 0);
    failing_memory_end();
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("http_coding");
    TCase *tc = gruvid_case(suite, "coding");
    int n = 0;

    while (decode_codings[n] != NULL)
        n++;
    tcase_add_loop_test(tc, test_bodies_are_the_same, 0, n);
    tcase_add_loop_test(tc, test_requests_of_one_piece_get_each_its_own, 0, n);
    tcase_add_loop_test(tc, test_head_is_as_get_without_length, 0, n);
    tcase_add_loop_test(tc, test_a_1_0_client_gets_it_too, 0, n);
    tcase_add_loop_test(tc, test_what_is_not_worth_it_is_left, 0, n);
    tcase_add_loop_test(tc, test_a_coded_reply_has_a_weak_tag, 0, n);
    tcase_add_test(tc, test_a_hostile_header_is_only_read);
    tcase_add_loop_test(tc, test_options_say_what_is_compressed, 0, n);
    tcase_add_loop_test(tc, test_each_write_is_sent, 0, n);
    tcase_add_loop_test(tc, test_events_may_be_coded, 0, n);
    tcase_add_loop_test(tc, test_memory_is_bounded, 0, n);
    tcase_add_loop_test(tc, test_a_client_that_leaves_costs_no_coder, 0, n);
    tcase_add_loop_test(tc, test_without_memory_replies_go_as_they_are, 0,
                        n * FAILURES);
    return run_suite(suite);
}
