/* SPDX-License-Identifier: MIT */
/* Requests that are opened: their replies, upgrades, and how they end. */
#include <check.h>
#include <gruvid/test.h>

#include "host/run.h"
#include "support/suite.h"

/* An echo of a hundred bytes, which is no mistake any more. */
static const char *
run_upgraded(gruvid_test_options_t options, gruvid_test_fn fn)
{
    static const char *const settings[] = {"mistake=leak", "repaired=yes"};

    options.settings = settings;
    options.n_settings = 2;
    return run("tests/host/.libs/planted.so", options, fn);
}

/* With a fault an assertion may end the run: nothing is held then. */
static GRUVI_SWITCHPOINT void
expect_status(gruvi_stream_t *client, int status)
{
    gruvid_answer_t *head = gruvid_test_head(client);
    int found = head->status;

    gruvid_answer_free(head);
    ck_assert_int_eq(found, status);
}

static GRUVI_SWITCHPOINT gruvi_stream_t *
open_upgrade(void)
{
    const gruvid_header_t headers[] = {{"Connection", "Upgrade"},
                                       {"Upgrade", "mistake"}};
    gruvid_call_t call = {.headers = headers, .n_headers = 2};

    return gruvid_test_open(&call);
}

/* An echo of another protocol. */
static void
take_over(void *arg)
{
    gruvi_stream_t *client = open_upgrade();
    gruvid_answer_t *head = gruvid_test_head(client);

    (void)arg;
    ck_assert_int_eq(head->status, 101);
    ck_assert_uint_eq(head->n_headers, 2);
    ck_assert_str_eq(head->headers[1].value, "mistake");
    gruvid_answer_free(head);
    gruvid_test_send(client, "hello");
    gruvid_test_expect(client, "hello");
    gruvid_test_expect_end(client);
    gruvi_stream_close(client);
}

START_TEST(test_requests_become_connections)
{
    gruvid_test_options_t options = {.explore = 5, .sweep = true};

    assert_well(run_upgraded(options, take_over));
}
END_TEST

/* Closed, reset, cancelled, and left open at the end. */
static void
leave_requests(void *arg)
{
    gruvi_stream_t *clients[5];

    (void)arg;
    for (size_t i = 0; i < 5; i++) {
        clients[i] = open_upgrade();
        gruvid_answer_free(gruvid_test_head(clients[i]));
    }
    gruvi_stream_close(clients[0]);
    gruvid_test_reset(clients[1]);
    gruvid_test_cancel(clients[2]);
    gruvid_test_expect_end(clients[2]);
    gruvi_stream_close(clients[2]);
    gruvid_test_stop();
}

START_TEST(test_requests_end_as_connections_do)
{
    gruvid_test_options_t options = {.explore = 5, .sweep = true};

    assert_well(run_upgraded(options, leave_requests));
}
END_TEST

static void
open_plainly(void *arg)
{
    gruvid_call_t call = {.path = "/?name=Ada"};
    gruvi_stream_t *client = gruvid_test_open(&call);

    (void)arg;
    expect_status(client, 200);
    gruvid_test_expect(client, "Hello, Ada!\n");
    gruvid_test_expect_end(client);
    gruvid_answer_free(gruvid_test_head(client));
}

START_TEST(test_a_head_is_had_once)
{
    gruvid_test_options_t options = {.explore = 5};

    assert_says(run("plugins/.libs/hello.so", options, open_plainly),
                "the reply to client 1 has no head: ");
}
END_TEST

static GRUVI_SWITCHPOINT gruvi_stream_t *
open_count(void)
{
    const gruvid_header_t length = {"Content-Length", "8"};
    gruvid_call_t call = {
        .method = "POST", .path = "/count", .headers = &length, .n_headers = 1};

    return gruvid_test_open(&call);
}

/* The body of a request is what the client sends. */
static void
count_lines(void *arg)
{
    gruvi_stream_t *client = open_count();

    (void)arg;
    gruvid_test_send(client, "one\n");
    gruvid_test_expect_quiet(client, 1);
    gruvid_test_send(client, "two\n");
    expect_status(client, 200);
    gruvid_test_expect(client, "8 bytes, 2 lines\n");
    gruvid_test_expect_end(client);
    gruvi_stream_close(client);
}

/* Half of it is none, and the rest never comes. */
static void
count_half(void *arg)
{
    gruvi_stream_t *client = open_count();

    (void)arg;
    gruvid_test_send(client, "one\n");
    ck_assert_int_eq(gruvi_stream_shutdown(client), 0);
    expect_status(client, 400);
    gruvi_stream_close(client);
}

START_TEST(test_a_body_comes_as_the_client_sends_it)
{
    static const char *const settings[] = {"folder=/"};
    gruvid_test_options_t options = {
        .settings = settings, .n_settings = 1, .explore = 5, .sweep = true};

    assert_well(run("plugins/examples/.libs/web.so", options, count_lines));
    assert_well(run("plugins/examples/.libs/web.so", options, count_half));
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("opened");
    TCase *tcase = tcase_create("opened");

    tcase_set_timeout(tcase, 300);
    tcase_add_test(tcase, test_requests_become_connections);
    tcase_add_test(tcase, test_requests_end_as_connections_do);
    tcase_add_test(tcase, test_a_head_is_had_once);
    tcase_add_test(tcase, test_a_body_comes_as_the_client_sends_it);
    suite_add_tcase(suite, tcase);
    return run_suite(suite);
}
