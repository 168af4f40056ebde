/* SPDX-License-Identifier: MIT */
/* Signals of work and dead letters, with a server that the test plays. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "http/client.h"
#include "nats/player.h"

/* --- signals -------------------------------------------------------------- */

START_TEST(test_work_that_goes_on_is_said)
{
    struct question pull;

    player_begin(&pull, WORK, CONSUMER);
    player_deliver(&pull, FIRST, "/wait");
    for (int i = 0; i < 3; i++)
        player_says("$JS.ACK." FIRST, "+WPI");
}
END_TEST

/* The keeper does not sleep for as long as the consumer waited before. */
START_TEST(test_a_consumer_that_waits_for_less_is_told_in_time)
{
    struct question pull, q;

    player_begin(&pull, WORK,
                 "{\"config\":{\"ack_policy\":\"explicit\","
                 "\"ack_wait\":3600000000000}}");
    player_deliver(&pull, FIRST, "/wait");
    player_status(&pull, "409 Consumer Deleted");
    player_finds(&pull, CONSUMER);
    player_deliver(&pull, SECOND, "/wait");
    do
        player_next(&q, "$JS.ACK.");
    while (strcmp(q.subject, "$JS.ACK." SECOND) != 0);
    ck_assert_str_eq(q.data, "+WPI");
}
END_TEST

/* Nothing is ours for a nanosecond; but that it is done counts always. */
START_TEST(test_only_done_is_said_late)
{
    struct question pull;

    player_begin(&pull, WORK,
                 "{\"config\":{\"ack_policy\":\"explicit\",\"ack_wait\":1}}");
    player_deliver(&pull, "ORDERS.billing.1.1.1.1.0", "/say?status=503");
    player_deliver(&pull, "ORDERS.billing.1.2.1.1.0", "/say?status=422");
    gruvid_says(player.g, "message 2 is given up: the answer was 422");
    player_deliver(&pull, "ORDERS.billing.1.3.1.1.0", "/nothing");
    player_says("$JS.ACK.ORDERS.billing.1.3.1.1.0", "+ACK");
    while (http_metric(player.g, "nats_work_late_total{plugin=\"nats\"}") < 2)
        usleep(10000);
}
END_TEST

START_TEST(test_retry_after_is_the_delay)
{
    struct question pull;

    player_begin(
        &pull, WORK,
        "{\"config\":{\"ack_policy\":\"explicit\",\"ack_wait\":30000000000,"
        "\"backoff\":[30000000000,40000000000]}}");
    player_deliver(&pull, "ORDERS.billing.1.1.1.1.0", "/say?status=500");
    player_says("$JS.ACK.", "-NAK {\"delay\":30000000000}");
    player_deliver(&pull, "ORDERS.billing.4.1.1.1.0", "/say?status=500");
    player_says("$JS.ACK.", "-NAK {\"delay\":40000000000}");
    player_deliver(&pull, "ORDERS.billing.1.1.1.1.0",
                   "/say?status=503&retry=7");
    player_says("$JS.ACK.", "-NAK {\"delay\":7000000000}");
    player_deliver(&pull, "ORDERS.billing.1.1.1.1.0",
                   "/say?status=503&retry=soon");
    player_says("$JS.ACK.", "-NAK {\"delay\":30000000000}");
}
END_TEST

START_TEST(test_the_delay_is_doubled)
{
    struct question pull, q;
    double most = 1;

    player_begin(&pull, WORK "max_deliveries = 100\n",
                 "{\"config\":{\"ack_policy\":\"explicit\","
                 "\"ack_wait\":30000000000}}");
    for (int i = 1; i < 9; i++) {
        char ack[100];
        double delay;

        snprintf(ack, sizeof ack, "ORDERS.billing.%d.1.1.1.0", i);
        player_deliver(&pull, ack, "/say?status=500");
        player_next(&q, "$JS.ACK.");
        ck_assert_int_eq(sscanf(q.data, "-NAK {\"delay\":%lf}", &delay), 1);
        ck_assert_double_le(delay, most * 1e9);
        ck_assert_double_ge(delay, most * 1e9 / 2);
        most = 2 * most < 30 ? 2 * most : 30;
    }
}
END_TEST

/* --- dead letters --------------------------------------------------------- */

static const struct {
    const char *answer, *said;
} stores[] = {
    {"{\"stream\":\"DEAD\",\"seq\":1}", "+TERM"},
    {"{\"stream\":\"DEAD\",\"seq\":1,\"duplicate\":true}", "+TERM"},
    {"{\"error\":{\"code\":503,\"err_code\":10077}}", "-NAK"},
    {"{\"stream\":\"DEAD\"}", "-NAK"},
    {"no JSON", "-NAK"},
    {"", "-NAK"},
};

START_TEST(test_nothing_is_ended_that_is_not_stored)
{
    struct question pull, dead, q;

    player_begin(&pull, WORK "dead_letter = dead\n",
                 "{\"config\":{\"ack_policy\":\"explicit\","
                 "\"ack_wait\":30000000000}}");
    player_deliver(&pull, FIRST, "/say?status=422");
    player_next(&dead, "dead");
    player_answer(&dead, stores[_i].answer);
    player_next(&q, "$JS.ACK." FIRST);
    q.data[strlen(stores[_i].said)] = '\0';
    ck_assert_str_eq(q.data, stores[_i].said);
}
END_TEST

#define COUNT(array) ((int)(sizeof(array) / sizeof *(array)))

int
main(void)
{
    Suite *suite = suite_create("nats_verdict");
    TCase *tc = tcase_create("verdict");

    bus_need();
    tcase_add_checked_fixture(tc, player_prepare, player_finish);
    tcase_set_timeout(tc, 2 * PATIENCE);
    suite_add_tcase(suite, tc);
    tcase_add_test(tc, test_work_that_goes_on_is_said);
    tcase_add_test(tc, test_a_consumer_that_waits_for_less_is_told_in_time);
    tcase_add_test(tc, test_only_done_is_said_late);
    tcase_add_test(tc, test_retry_after_is_the_delay);
    tcase_add_test(tc, test_the_delay_is_doubled);
    tcase_add_loop_test(tc, test_nothing_is_ended_that_is_not_stored, 0,
                        COUNT(stores));
    return run_suite(suite);
}
