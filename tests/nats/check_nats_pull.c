/* SPDX-License-Identifier: MIT */
/* Pulls from a server that the test plays: their ends, a drain, and lies. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "http/client.h"
#include "nats/player.h"

/* --- pulls ---------------------------------------------------------------- */

START_TEST(test_a_pull_asks_for_what_there_is_room_for)
{
    struct question pull;

    player_begin(&pull, WORK "max_queued = 7\nmax_queued_bytes = 32M\n",
                 CONSUMER);
    ck_assert_str_eq(pull.data,
                     "{\"batch\":7,\"max_bytes\":33554432,"
                     "\"expires\":30000000000,\"idle_heartbeat\":5000000000}");
}
END_TEST

START_TEST(test_each_work_has_its_part_of_the_room)
{
    struct question q;

    player.g = bus_gruvid_begin(&player.place,
                                WORK "work = OTHERS/none -> mirror\n"
                                     "max_queued = 8\nmax_queued_bytes = 32M\n",
                                "");
    script_log_in(player.script);
    for (;;) {
        player_next(&q, "$JS.API.");
        if (strncmp(q.subject, "$JS.API.CONSUMER.MSG.NEXT.", 26) == 0)
            break;
        player_answer(&q, strstr(q.subject, ".STREAM.") ? STREAM : CONSUMER);
    }
    ck_assert_ptr_nonnull(
        strstr(q.data, "{\"batch\":4,\"max_bytes\":16777216,"));
}
END_TEST

START_TEST(test_a_pull_asks_for_what_the_consumer_allows)
{
    struct question pull;

    player_begin(
        &pull, WORK,
        "{\"config\":{\"ack_policy\":\"explicit\",\"ack_wait\":200000000,"
        "\"max_batch\":3,\"max_bytes\":5,\"max_expires\":4000000000}}");
    ck_assert_str_eq(pull.data,
                     "{\"batch\":3,\"max_bytes\":5,"
                     "\"expires\":4000000000,\"idle_heartbeat\":1000000000}");
}
END_TEST

/* The next follows when all have come. */
START_TEST(test_a_pull_follows_another)
{
    struct question pull, next_pull;

    player_begin(&pull, WORK "max_queued = 1\n", CONSUMER);
    player_deliver(&pull, FIRST, "/nothing");
    player_says("$JS.ACK." FIRST, "+ACK");
    player_next(&next_pull, "$JS.API.CONSUMER.MSG.NEXT.");
    ck_assert_str_ne(next_pull.reply, pull.reply);
    /* What is said of the pull before means nothing. */
    player_status(&pull, "409 Consumer Deleted");
    player_deliver(&next_pull, SECOND, "/nothing");
    player_says("$JS.ACK." SECOND, "+ACK");
    player_next(&pull, "$JS.API.CONSUMER.MSG.NEXT.");
}
END_TEST

static const struct {
    const char *status, *then;
} ends[] = {
    {"404 No Messages", "$JS.API.CONSUMER.MSG.NEXT."},
    {"408 Request Timeout", "$JS.API.CONSUMER.MSG.NEXT."},
    {"409 Message Size Exceeds MaxBytes", "$JS.API.CONSUMER.MSG.NEXT."},
    {"409 Consumer Deleted", "$JS.API.CONSUMER.INFO."},
    {"409 Leadership Change", "$JS.API.CONSUMER.INFO."},
    {"409 Server Shutdown", "$JS.API.CONSUMER.INFO."},
    {"503", "$JS.API.CONSUMER.INFO."},
    {"400 Bad Request", "$JS.API.CONSUMER.INFO."},
};

START_TEST(test_the_end_of_a_pull_says_what_follows)
{
    struct question pull, q;

    player_begin(&pull, WORK, CONSUMER);
    player_status(&pull, "100 Idle Heartbeat");
    player_status(&pull, ends[_i].status);
    player_next(&q, ends[_i].then);
}
END_TEST

START_TEST(test_a_pull_that_says_nothing_is_given_up)
{
    struct question pull, q;

    player_begin(&pull, WORK "ping_interval = 400ms\n", CONSUMER);
    player_next(&q, "$JS.API.CONSUMER.INFO.");
    player_answer(&q, "{\"error\":{\"err_code\":10014}}");
    gruvid_says(player.g, "there is no such consumer");
    player_finds(&pull, CONSUMER);
}
END_TEST

/* --- a drain -------------------------------------------------------------- */

START_TEST(test_a_drain_gives_back_what_comes_before_the_pong)
{
    struct question pull, q;
    const char *line;

    player_begin(&pull, WORK, CONSUMER);
    gruvid_signal(player.g, SIGTERM);
    while (strncmp(line = script_line(player.script), "UNSUB ", 6) != 0)
        ck_assert_str_ne(line, "PING\r\n");
    ck_assert_int_eq(atoll(line + 6), (long long)player_sid(pull.reply));
    ck_assert_str_eq(script_line(player.script), "PING\r\n");
    player_deliver(&pull, FIRST, "/nothing");
    /* The last delivery is none to give back. */
    player_deliver(&pull, "ORDERS.billing.5.2.2.2.0", "/nothing");
    script_send(player.script, "PONG\r\n");
    for (int i = 0; i < 2; i++) {
        player_next(&q, "$JS.ACK.ORDERS.billing.");
        ck_assert_str_eq(q.data, strstr(q.subject, FIRST) ? "-NAK" : "+ACK");
    }
    for (;;) {
        char byte;

        if (recv(player.script->fd, &byte, 1, MSG_PEEK) <= 0)
            break;
        ck_assert_str_eq(script_line(player.script), "PING\r\n");
        script_send(player.script, "PONG\r\n");
    }
    ck_assert_int_eq(gruvid_wait(player.g), 0);
}
END_TEST

/* --- lies ----------------------------------------------------------------- */

static const char *const lies[] = {
    "",
    "null",
    "[1,2",
    "{\"config\":[]}",
    "{\"config\":{\"ack_policy\":\"explicit\"}}",
    "{\"config\":{\"ack_policy\":\"explicit\",\"ack_wait\":-5}}",
    "{\"error\":{\"code\":\"x\"}}",
    "{\"error\":[]}",
};

START_TEST(test_a_lie_about_the_consumer_is_not_believed)
{
    struct question q;

    player.g = bus_gruvid_begin(&player.place, WORK, "");
    script_log_in(player.script);
    player_next(&q, "$JS.API.CONSUMER.INFO.");
    player_answer(&q, lies[_i]);
    gruvid_says(player.g, "; it is tried again");
    player_finds(&q, CONSUMER);
    gruvid_says(player.g, "work ORDERS/billing is pulled");
}
END_TEST

static const char *const foreign[] = {
    "OTHER.billing.1.1.1.1.0",
    "ORDERS.other.1.1.1.1.0",
    "ORDERS.billing.0.1.1.1.0",
    "ORDERS.billing.1.x.1.1.0",
    "ORDERS.billing.1",
    "ORDERS.billing.1.1.1.1.0.1",
    "ORDERS.billing.99999999999999999999.1.1.1.0",
};

START_TEST(test_what_is_no_delivery_is_passed_over)
{
    struct question pull;
    char text[200];

    player_begin(&pull, WORK, CONSUMER);
    for (size_t i = 0; i < sizeof foreign / sizeof *foreign; i++)
        player_deliver(&pull, foreign[i], "/nothing");
    snprintf(text, sizeof text, "MSG orders.1 %llu 2\r\nhi\r\n",
             player_sid(pull.reply));
    script_send(player.script, text);
    snprintf(text, sizeof text, "MSG orders.1 %llu elsewhere 2\r\nhi\r\n",
             player_sid(pull.reply));
    script_send(player.script, text);
    player_deliver(&pull, FIRST, "/nothing");
    player_says("$JS.ACK." FIRST, "+ACK");
}
END_TEST

/* Seconds of the word that says no. */
static double
delay_of_next(const char *subject)
{
    struct question q;
    double delay;

    player_next(&q, subject);
    ck_assert_int_eq(sscanf(q.data, "-NAK {\"delay\":%lf}", &delay), 1);
    return delay / 1e9;
}

/* The Retry-After that gruvid adds to a 503 is not the handler's. */
START_TEST(test_a_handler_that_returns_503_is_left_more_and_more_time)
{
    struct question pull;
    double delay;

    player_begin(&pull, WORK, CONSUMER);
    player_deliver(&pull, "ORDERS.billing.4.1.1.1.0", "/give-up?status=503");
    delay = delay_of_next("$JS.ACK.ORDERS.billing.4.1.");
    ck_assert_double_ge(delay, 4);
    ck_assert_double_le(delay, 8);
    player_deliver(&pull, "ORDERS.billing.4.2.2.1.0",
                   "/give-up?status=503&retry=17");
    ck_assert_double_eq(delay_of_next("$JS.ACK.ORDERS.billing.4.2."), 17);
}
END_TEST

/* The memory of a node is not in the hands of a server. */
START_TEST(test_a_flood_that_was_not_asked_for_is_put_off)
{
    struct question pull, q;
    char ack[64];

    player_begin(&pull, WORK "max_queued = 2\n",
                 "{\"config\":{\"ack_policy\":\"explicit\","
                 "\"ack_wait\":3600000000000}}");
    for (int i = 1; i <= 9; i++) {
        snprintf(ack, sizeof ack, "ORDERS.billing.1.%d.1.1.0", i);
        player_deliver(&pull, ack, "/wait");
    }
    player_next(&q, "$JS.ACK.ORDERS.billing.1.9.");
    ck_assert_str_eq(q.data, "-NAK {\"delay\":1000000000}");
}
END_TEST

/* A status line in a message of the stream is none of the server. */
START_TEST(test_a_message_that_looks_like_a_status_is_one)
{
    struct question pull;
    char text[300];

    player_begin(&pull, WORK, CONSUMER);
    snprintf(text, sizeof text,
             "HMSG orders.1 %llu $JS.ACK." FIRST
             " 33 33\r\nNATS/1.0 409 Consumer Deleted\r\n\r\n\r\n",
             player_sid(pull.reply));
    script_send(player.script, text);
    player_says("$JS.ACK." FIRST, "+TERM");
    gruvid_says(player.g, "message 1 is given up: the answer was 400");
}
END_TEST

#define COUNT(array) ((int)(sizeof(array) / sizeof *(array)))

int
main(void)
{
    Suite *suite = suite_create("nats_pull");
    TCase *tc = tcase_create("pull");

    bus_need();
    tcase_add_checked_fixture(tc, player_prepare, player_finish);
    tcase_set_timeout(tc, 2 * PATIENCE);
    suite_add_tcase(suite, tc);
    tcase_add_test(tc, test_a_pull_asks_for_what_there_is_room_for);
    tcase_add_test(tc, test_each_work_has_its_part_of_the_room);
    tcase_add_test(tc, test_a_pull_asks_for_what_the_consumer_allows);
    tcase_add_test(tc, test_a_pull_follows_another);
    tcase_add_loop_test(tc, test_the_end_of_a_pull_says_what_follows, 0,
                        COUNT(ends));
    tcase_add_test(tc, test_a_pull_that_says_nothing_is_given_up);
    tcase_add_test(tc, test_a_drain_gives_back_what_comes_before_the_pong);
    tcase_add_loop_test(tc, test_a_lie_about_the_consumer_is_not_believed, 0,
                        COUNT(lies));
    tcase_add_test(tc, test_what_is_no_delivery_is_passed_over);
    tcase_add_test(tc,
                   test_a_handler_that_returns_503_is_left_more_and_more_time);
    tcase_add_test(tc, test_a_flood_that_was_not_asked_for_is_put_off);
    tcase_add_test(tc, test_a_message_that_looks_like_a_status_is_one);
    return run_suite(suite);
}
