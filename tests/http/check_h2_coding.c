/* SPDX-License-Identifier: MIT */
/* HTTP/2: replies that are compressed. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "http/decode.h"
#include "http/h2_client.h"

#define TEXT "/say?type=text/plain&size=2000"

static struct gruvid *g;
static struct h2 *h2;
static const char *coding; /* of a loop test */

static void
begin(const char *options)
{
    g = http_begin(options);
    h2 = h2_connect(g);
}

static void
stop(void)
{
    h2_close(h2);
    ck_assert_int_eq(gruvid_stop(g, SIGTERM), 0);
    ck_assert_uint_eq(gruvid_said(g, " error "), 0);
}

static struct h2_answer *
ask_for(const char *method, const char *path, const char *accept)
{
    char more[100];

    snprintf(more, sizeof more, "accept-encoding: %s\n", accept);
    return h2_answer_of(h2, h2_request(h2, H2_END_STREAM, method, path, more));
}

static struct h2_answer *
get(const char *path, const char *accept)
{
    struct h2_answer *answer = ask_for("GET", path, accept);

    ck_assert(h2_finish(h2, answer->stream));
    ck_assert_int_eq(answer->status, 200);
    return answer;
}

static const char *
header(const struct h2_answer *answer, const char *name)
{
    const char *value = h2_header(answer, name);

    return value != NULL ? value : "-";
}

/* --- bodies --------------------------------------------------------------- */

/* Whole and short enough for a length, whole and long, and in pieces. */
static const struct {
    const char *path;
    bool has_length;
} replies[] = {
    {"/say?type=text/plain&size=1024", true},
    {"/say?type=text/html&size=65536", true},
    {"/say?type=text/css&size=300000", false},
    {"/say?type=text/plain&n=3&size=30000", false},
    {"/say?type=text/plain&n=2&size=1000&length=2000", false},
    {"/large?size=1000000", false},
};

#define N_REPLIES (sizeof replies / sizeof *replies)

static void
is_the_same(const struct h2_answer *answer, const char *path)
{
    struct h2_answer *plain = get(path, "identity");
    size_t size = answer->body.size;
    char *text = decode(coding, answer->body.data, &size, 1);

    ck_assert_str_eq(header(plain, "content-encoding"), "-");
    ck_assert_str_eq(header(plain, "vary"), "Accept-Encoding");
    ck_assert_uint_eq(plain->body.size, size);
    ck_assert_uint_lt(answer->body.size, size);
    ck_assert_mem_eq(plain->body.data, text, size);
    h2_forget(h2, plain->stream);
    free(text);
}

START_TEST(test_bodies_are_the_same)
{
    coding = decode_codings[_i];
    begin("");
    for (size_t i = 0; i < N_REPLIES; i++) {
        struct h2_answer *answer = get(replies[i].path, coding);
        const char *length = header(answer, "content-length");

        if (replies[i].has_length)
            ck_assert_uint_eq(strtoul(length, NULL, 10), answer->body.size);
        else
            ck_assert_str_eq(length, "-");
        ck_assert_str_eq(header(answer, "content-encoding"), coding);
        ck_assert_str_eq(header(answer, "vary"), "Accept-Encoding");
        is_the_same(answer, replies[i].path);
        h2_forget(h2, answer->stream);
    }
    stop();
}
END_TEST

/* Each has its coder; the replies are mixed on the wire. */
START_TEST(test_streams_do_not_share_a_coder)
{
    struct h2_answer *answers[2 * N_REPLIES];

    coding = decode_codings[_i];
    begin("");
    for (size_t i = 0; i < 2 * N_REPLIES; i++)
        answers[i] = ask_for("GET", replies[i % N_REPLIES].path, coding);
    for (size_t i = 0; i < 2 * N_REPLIES; i++) {
        ck_assert(h2_finish(h2, answers[i]->stream));
        is_the_same(answers[i], replies[i % N_REPLIES].path);
    }
    stop();
}
END_TEST

START_TEST(test_head_is_as_get_without_length)
{
    coding = decode_codings[_i];
    begin("");
    for (size_t i = 0; i < N_REPLIES; i++) {
        struct h2_answer *answer = ask_for("HEAD", replies[i].path, coding);

        ck_assert(h2_finish(h2, answer->stream));
        ck_assert(answer->over);
        ck_assert_uint_eq(answer->body.size, 0);
        ck_assert_str_eq(header(answer, "content-encoding"), coding);
        ck_assert_str_eq(header(answer, "vary"), "Accept-Encoding");
        ck_assert_str_eq(header(answer, "content-length"), "-");
        h2_forget(h2, answer->stream);
    }
    stop();
}
END_TEST

/* --- what is coded -------------------------------------------------------- */

static const struct {
    const char *path, *accept; /* "@": the coding */
    bool coded;
} decisions[] = {
    {TEXT, "", false},
    {TEXT, "br", false},
    {TEXT, "br, @;q=0.5", true},
    {TEXT, "@;q=0, *;q=0", false},
    {TEXT "&cookie=a", "@", false},
    {TEXT "&coding=x", "@", false},
    {TEXT "&status=404", "@", false},
    {"/say?type=image/png&size=2000", "@", false},
    {"/say?type=text/plain&size=1023", "@", false},
};

START_TEST(test_what_is_not_worth_it_is_left)
{
    coding = decode_codings[_i];
    begin("");
    for (size_t i = 0; i < sizeof decisions / sizeof *decisions; i++) {
        const char *at = strchr(decisions[i].accept, '@');
        struct h2_answer *answer;
        char accept[64];
        bool coded;

        snprintf(accept, sizeof accept, "%.*s%s%s",
                 (int)strcspn(decisions[i].accept, "@"), decisions[i].accept,
                 at != NULL ? coding : "", at != NULL ? at + 1 : "");
        answer = ask_for("GET", decisions[i].path, accept);
        ck_assert(h2_finish(h2, answer->stream));
        coded = strcmp(header(answer, "content-encoding"), coding) == 0;
        ck_assert_msg(coded == decisions[i].coded, "%s, %s", decisions[i].path,
                      accept);
        h2_forget(h2, answer->stream);
    }
    stop();
}
END_TEST

/* --- streams -------------------------------------------------------------- */

/* What a handler has written does not wait for what it writes later. */
START_TEST(test_each_write_is_sent)
{
    struct h2_answer *answer;
    size_t size;
    char *text = NULL;

    coding = decode_codings[_i];
    begin("");
    answer = ask_for("GET", "/say?type=text/plain&n=2&size=30&pause=1", coding);
    do {
        free(text);
        ck_assert(h2_step(h2));
        size = answer->body.size;
        text =
            size > 0 ? decode(coding, answer->body.data, &size, 0) : strdup("");
    } while (strstr(text, "0 lines, 0\n1 lines") == NULL);
    free(text);
    ck_assert(!answer->over);
    h2_send_number(h2, H2_RST_STREAM, answer->stream, H2_CANCEL);
    h2_ask(h2, "/a", 200, NULL);
    stop();
}
END_TEST

START_TEST(test_a_window_of_a_byte_is_enough)
{
    struct h2_answer *answer;

    coding = decode_codings[_i];
    begin("");
    h2_set(h2, NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, 1);
    h2_round_trip(h2);
    answer = get("/say?type=text/plain&n=2&size=2000", coding);
    h2_set(h2, NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, 65535);
    is_the_same(answer, "/say?type=text/plain&n=2&size=2000");
    stop();
}
END_TEST

/* Clients that leave in the middle: the hub has coders for others. */
START_TEST(test_a_reset_gives_the_coder_back)
{
    coding = decode_codings[_i];
    begin("");
    for (int i = 0; i < 100; i++) {
        struct h2_answer *answer =
            ask_for("GET", "/say?type=text/plain&n=2&size=30&pause=1", coding);

        h2_await_body(h2, answer->stream, 1);
        h2_send_number(h2, H2_RST_STREAM, answer->stream, H2_CANCEL);
        h2_forget(h2, answer->stream);
    }
    ck_assert_str_eq(header(get(TEXT, coding), "content-encoding"), coding);
    stop();
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("h2_coding");
    TCase *tc = gruvid_case(suite, "coding");
    int n = 0;

    while (decode_codings[n] != NULL)
        n++;
    if (n == 0) {
        puts("plugins/http compresses nothing: skipped");
        return 77;
    }
    tcase_add_loop_test(tc, test_bodies_are_the_same, 0, n);
    tcase_add_loop_test(tc, test_streams_do_not_share_a_coder, 0, n);
    tcase_add_loop_test(tc, test_head_is_as_get_without_length, 0, n);
    tcase_add_loop_test(tc, test_what_is_not_worth_it_is_left, 0, n);
    tcase_add_loop_test(tc, test_each_write_is_sent, 0, n);
    tcase_add_loop_test(tc, test_a_window_of_a_byte_is_enough, 0, n);
    tcase_add_loop_test(tc, test_a_reset_gives_the_coder_back, 0, n);
    return run_suite(suite);
}
