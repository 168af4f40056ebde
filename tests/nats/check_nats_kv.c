/* SPDX-License-Identifier: MIT */
/* Values by key, with servers of NATS. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "nats/talk.h"

static struct bus_server server;

static void
prepare(void)
{
    bus_prepare(&server);
    talk_prepare();
}

static void
finish(void)
{
    bus_remove(&server);
    gruvid_end_all();
}

/* A bucket, as clients of NATS make it. */
static void
make_bucket(const char *name, const char *more)
{
    char what[100], text[500];

    snprintf(what, sizeof what, "STREAM.CREATE.KV_%s", name);
    snprintf(text, sizeof text,
             "{\"name\":\"KV_%s\",\"subjects\":[\"$KV.%s.>\"],"
             "\"max_msgs_per_subject\":5,\"discard\":\"new\","
             "\"allow_rollup_hdrs\":true,\"allow_direct\":true%s}",
             name, name, more);
    ck_assert_ptr_null(strstr(talk_api(&server, what, text), "\"error\""));
}

static struct gruvid *
begin(void)
{
    bus_begin(&server, STORE);
    make_bucket("b", "");
    return talk_begin(&server, "");
}

START_TEST(test_values_change_as_was_said)
{
    struct gruvid *g = begin();
    int fd = talk_to(g);

    says(fd, "get - - b k", "ENOENT");
    says(fd, "create - - b k one", "0 1");
    says(fd, "create - - b k two", "EBUSY");
    says(fd, "get - - b k", "0 1 one");
    says(fd, "put - - b k two", "0 2");
    says(fd, "put - - b other thing", "0 3");
    says(fd, "update - - b k 1 three", "EBUSY");
    says(fd, "update - - b k 3 three", "EBUSY");
    says(fd, "update - - b k 2 three", "0 4");
    says(fd, "get - - b k", "0 4 three");
    says(fd, "get - - b other", "0 3 thing");
    says(fd, "delete - - b k 2", "EBUSY");
    says(fd, "get - - b k", "0 4 three");
    says(fd, "delete - - b k 4", "0 0");
    says(fd, "get - - b k", "ENOENT");
    says(fd, "create - - b k four", "0 6");
    says(fd, "get - - b k", "0 6 four");
    says(fd, "delete - - b k 0", "0 0");
    says(fd, "delete - - b never 0", "0 0");
    says(fd, "get - - b never", "ENOENT");
    says(fd, "put - - b k five", "0 9");
    talk_stop(g);
}
END_TEST

START_TEST(test_values_and_keys_have_any_form)
{
    static const char *const keys[] = {"a", "a.b.c", "a/b=c_d-e", "A.1"};
    static const char *const values[] = {
        "", "1", "12", "123", "1234", "{\"json\": [\"~}?>\"]}", "\xc3\xa4\xff",
    };
    struct gruvid *g = begin();
    char line[100], answer[100];
    int fd = talk_to(g), n = 0;

    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
        for (size_t j = 0; j < sizeof values / sizeof *values; j++) {
            snprintf(line, sizeof line, "put - - b %s %s", keys[i], values[j]);
            snprintf(answer, sizeof answer, "0 %d", ++n);
            says(fd, line, answer);
            snprintf(line, sizeof line, "get - - b %s", keys[i]);
            snprintf(answer, sizeof answer, "0 %d %s", n, values[j]);
            says(fd, line, answer);
        }
    talk_stop(g);
}
END_TEST

/* What others have written. */
START_TEST(test_a_purge_is_a_deletion)
{
    struct gruvid *g = begin();
    struct bus *bus = bus_open(server.port);
    struct letter letter;
    int fd = talk_to(g);

    says(fd, "put - - b k one", "0 1");
    bus_request(bus, "$KV.b.k", "KV-Operation: PURGE\r\nNats-Rollup: sub\r\n",
                "", 0);
    bus_read(bus, &letter);
    letter_free(&letter);
    says(fd, "get - - b k", "ENOENT");
    says(fd, "create - - b k two", "0 3");
    bus_request(bus, "$KV.b.k", "X-Any: header\r\n", "three", 5);
    bus_read(bus, &letter);
    letter_free(&letter);
    says(fd, "get - - b k", "0 4 three");
    bus_close(bus);
    talk_stop(g);
}
END_TEST

START_TEST(test_changes_can_be_heard)
{
    struct gruvid *g = begin();
    int fd = talk_to(g), ear = talk_to(g);

    says(ear, "subscribe - 9 $KV.b.> -", "0");
    says(ear, "call - - nobody - - - x", "ENOENT");
    says(fd, "put - - b k.l one", "0 1");
    says(fd, "delete - - b k.l 0", "0 0");
    ck_assert_int_eq(
        strncmp(ask_line(ear, "take -\n"), "0 $KV.b.k.l _INBOX.", 19), 0);
    ck_assert_int_eq(
        strncmp(ask_line(ear, "take -\n"), "0 $KV.b.k.l _INBOX.", 19), 0);
    talk_stop(g);
}
END_TEST

/* Each key goes to one of both. */
START_TEST(test_of_two_gruvids_one_wins)
{
    struct gruvid *one = begin(), *two = talk_begin(&server, "");
    int fds[2] = {talk_to(one), talk_to(two)};
    char line[100];

    for (int i = 0; i < 50; i++) {
        int won = 0;

        snprintf(line, sizeof line, "create - - b k%d x\n", i);
        send_text(fds[i % 2], line);
        send_text(fds[1 - i % 2], line);
        for (int j = 0; j < 2; j++) {
            const char *answer = ask_line(fds[j], "");

            won += strncmp(answer, "0 ", 2) == 0;
            if (*answer != '0')
                ck_assert_str_eq(answer, "EBUSY\n");
        }
        ck_assert_int_eq(won, 1);
    }
    talk_stop(one);
    talk_stop(two);
}
END_TEST

START_TEST(test_an_absent_bucket_is_known_at_once)
{
    struct gruvid *g = begin();
    int fd = talk_to(g);

    says(fd, "get - - absent k", "ENOENT");
    says(fd, "put - - absent k x", "ENOENT");
    says(fd, "create - - absent k x", "ENOENT");
    says(fd, "update - - absent k 1 x", "ENOENT");
    says(fd, "delete - - absent k 1", "ENOENT");
    talk_stop(g);
}
END_TEST

START_TEST(test_without_jetstream_calls_wait)
{
    struct gruvid *g;
    int fd;

    bus_begin(&server, "");
    g = talk_begin(&server, "");
    fd = talk_to(g);
    says(fd, "get - 0.1 b k", "ETIMEDOUT");
    says(fd, "put - 0.1 b k x", "ETIMEDOUT");
    /* It comes back with JetStream. */
    bus_end(&server);
    gruvid_says(g, " is lost: ");
    bus_begin(&server, STORE);
    make_bucket("b", ",\"max_msg_size\":200");
    gruvid_says_times(g, "connected to tcp://", 2);
    says(fd, "put - - b k x", "0 1");
    says(fd, "get - - b k", "0 1 x");
    says(fd,
         "put - - b k xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
         "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
         "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
         "xxxxxxxxxxxxxxxxxxxxxxxxxxx",
         "E2BIG");
    talk_stop(g);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("nats_kv");
    TCase *tc = tcase_create("kv");

    bus_need();
    tcase_add_checked_fixture(tc, prepare, finish);
    tcase_set_timeout(tc, 2 * PATIENCE);
    suite_add_tcase(suite, tc);
    tcase_add_test(tc, test_values_change_as_was_said);
    tcase_add_test(tc, test_values_and_keys_have_any_form);
    tcase_add_test(tc, test_a_purge_is_a_deletion);
    tcase_add_test(tc, test_changes_can_be_heard);
    tcase_add_test(tc, test_of_two_gruvids_one_wins);
    tcase_add_test(tc, test_an_absent_bucket_is_known_at_once);
    tcase_add_test(tc, test_without_jetstream_calls_wait);
    return run_suite(suite);
}
