/* SPDX-License-Identifier: MIT */
/* Work with a server that says what a script says: signals, the ends of pulls,
 * a drain, and lies. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "http/client.h"
#include "nats/bus.h"
#include "nats/script.h"

#define WORK "work = ORDERS/billing -> mirror\n"
#define CONSUMER                                                               \
    "{\"config\":{\"ack_policy\":\"explicit\",\"ack_wait\":200000000}}"
#define STREAM                                                                 \
    "{\"created\":\"2026-01-01T00:00:00Z\","                                   \
    "\"config\":{\"subjects\":[\"orders.>\"]}}"

static struct bus_server place; /* its port */
static struct script *script;
static struct gruvid *g;

/* What gruvid subscribes, the latest last. */
static struct {
    char subject[200];
    unsigned long long sid;
} subscribed[64];
static unsigned n_subscribed;

static void
prepare(void)
{
    bus_prepare(&place);
    script = script_begin(place.port);
    n_subscribed = 0;
}

static void
finish(void)
{
    script_end(script);
    bus_remove(&place);
    gruvid_end_all();
}

/* --- what gruvid says ----------------------------------------------------- */

/* A message that it has published. */
struct question {
    char subject[300], reply[200], data[2000];
};

static void
subscribes(const char *line)
{
    ck_assert_uint_lt(n_subscribed, 64);
    ck_assert_int_eq(sscanf(line, "SUB %199s %llu",
                            subscribed[n_subscribed].subject,
                            &subscribed[n_subscribed].sid),
                     2);
    n_subscribed++;
}

/* The number of the subscription that a reply goes to. */
static unsigned long long
sid_of(const char *reply)
{
    for (unsigned i = n_subscribed; i > 0; i--)
        if (strncmp(subscribed[i - 1].subject, reply,
                    strlen(subscribed[i - 1].subject) - 1) == 0)
            return subscribed[i - 1].sid;
    ck_abort_msg("nobody subscribes %s", reply);
    return 0;
}

static void
read_question(struct question *q, const char *line)
{
    char words[4][300];
    int n = sscanf(line, "%*s %299s %299s %299s %299s", words[0], words[1],
                   words[2], words[3]);
    int numbers = *line == 'H' ? 2 : 1;
    size_t size = (size_t)atoi(words[n - 1]) + 2;

    ck_assert(n == 1 + numbers || n == 2 + numbers);
    ck_assert_uint_lt(size, sizeof q->data);
    snprintf(q->subject, sizeof q->subject, "%s", words[0]);
    snprintf(q->reply, sizeof q->reply, "%.199s",
             n == 2 + numbers ? words[1] : "");
    ck_assert_int_eq(recv(script->fd, q->data, size, MSG_WAITALL),
                     (ssize_t)size);
    q->data[size - 2] = '\0';
}

/* The next message; the server is there for whatever else is said. */
static void
next(struct question *q, const char *subject)
{
    for (;;) {
        const char *line = script_line(script);

        if (strcmp(line, "PING\r\n") == 0) {
            script_send(script, "PONG\r\n");
        } else if (strncmp(line, "SUB ", 4) == 0) {
            subscribes(line);
        } else if (strncmp(line, "UNSUB ", 6) != 0) {
            read_question(q, line);
            break;
        }
    }
    ck_assert_msg(strncmp(q->subject, subject, strlen(subject)) == 0,
                  "%s in place of %s", q->subject, subject);
}

static void
says(const char *subject, const char *data)
{
    struct question q;

    next(&q, subject);
    ck_assert_str_eq(q.data, data);
}

/* --- what the server says ------------------------------------------------- */

static void
answer(const struct question *q, const char *json)
{
    char text[4096];

    snprintf(text, sizeof text, "MSG %s %llu %zu\r\n%s\r\n", q->reply,
             sid_of(q->reply), strlen(json), json);
    script_send(script, text);
}

static void
status(const struct question *q, const char *line)
{
    char text[600];
    size_t size = strlen(line) + 13;

    snprintf(text, sizeof text,
             "HMSG %s %llu %zu %zu\r\nNATS/1.0 %s\r\n\r\n\r\n", q->reply,
             sid_of(q->reply), size, size, line);
    script_send(script, text);
}

/* A delivery: ack is the subject of its acknowledgement behind "$JS.ACK.". */
static void
deliver(const struct question *pull, const char *ack, const char *path)
{
    char text[900], head[300];
    int n = snprintf(head, sizeof head, "NATS/1.0\r\nGruvid-Path: %s\r\n\r\n",
                     path);

    snprintf(text, sizeof text, "HMSG orders.1 %llu $JS.ACK.%s %d %d\r\n%s\r\n",
             sid_of(pull->reply), ack, n, n, head);
    script_send(script, text);
}

#define FIRST  "ORDERS.billing.1.1.1.1.0"
#define SECOND "ORDERS.billing.1.2.2.2.0"

/* Answer its questions until it pulls. */
static void
finds(struct question *pull, const char *consumer)
{
    next(pull, "$JS.API.CONSUMER.INFO.ORDERS.billing");
    answer(pull, consumer);
    next(pull, "$JS.API.STREAM.INFO.ORDERS");
    answer(pull, STREAM);
    next(pull, "$JS.API.CONSUMER.MSG.NEXT.ORDERS.billing");
}

static void
begin(struct question *pull, const char *lines, const char *consumer)
{
    g = bus_gruvid_begin(&place, lines, "");
    script_log_in(script);
    finds(pull, consumer);
}

/* --- pulls ---------------------------------------------------------------- */

START_TEST(test_a_pull_asks_for_what_there_is_room_for)
{
    struct question pull;

    begin(&pull, WORK "max_queued = 7\nmax_queued_bytes = 32M\n", CONSUMER);
    ck_assert_str_eq(pull.data,
                     "{\"batch\":7,\"max_bytes\":33554432,"
                     "\"expires\":30000000000,\"idle_heartbeat\":5000000000}");
}
END_TEST

START_TEST(test_each_work_has_its_part_of_the_room)
{
    struct question q;

    g = bus_gruvid_begin(&place,
                         WORK "work = OTHERS/none -> mirror\n"
                              "max_queued = 8\nmax_queued_bytes = 32M\n",
                         "");
    script_log_in(script);
    for (;;) {
        next(&q, "$JS.API.");
        if (strncmp(q.subject, "$JS.API.CONSUMER.MSG.NEXT.", 26) == 0)
            break;
        answer(&q, strstr(q.subject, ".STREAM.") ? STREAM : CONSUMER);
    }
    ck_assert_ptr_nonnull(
        strstr(q.data, "{\"batch\":4,\"max_bytes\":16777216,"));
}
END_TEST

START_TEST(test_a_pull_asks_for_what_the_consumer_allows)
{
    struct question pull;

    begin(&pull, WORK,
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

    begin(&pull, WORK "max_queued = 1\n", CONSUMER);
    deliver(&pull, FIRST, "/nothing");
    says("$JS.ACK." FIRST, "+ACK");
    next(&next_pull, "$JS.API.CONSUMER.MSG.NEXT.");
    ck_assert_str_ne(next_pull.reply, pull.reply);
    /* A word about the one before says nothing. */
    status(&pull, "409 Consumer Deleted");
    deliver(&next_pull, SECOND, "/nothing");
    says("$JS.ACK." SECOND, "+ACK");
    next(&pull, "$JS.API.CONSUMER.MSG.NEXT.");
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

    begin(&pull, WORK, CONSUMER);
    status(&pull, "100 Idle Heartbeat");
    status(&pull, ends[_i].status);
    next(&q, ends[_i].then);
}
END_TEST

START_TEST(test_a_pull_that_says_nothing_is_given_up)
{
    struct question pull, q;

    begin(&pull, WORK "ping_interval = 400ms\n", CONSUMER);
    next(&q, "$JS.API.CONSUMER.INFO.");
    answer(&q, "{\"error\":{\"err_code\":10014}}");
    gruvid_says(g, "there is no such consumer");
    finds(&pull, CONSUMER);
}
END_TEST

/* --- signals -------------------------------------------------------------- */

START_TEST(test_work_that_goes_on_is_said)
{
    struct question pull;

    begin(&pull, WORK, CONSUMER);
    deliver(&pull, FIRST, "/wait");
    for (int i = 0; i < 3; i++)
        says("$JS.ACK." FIRST, "+WPI");
}
END_TEST

/* The keeper does not sleep for as long as the consumer waited before. */
START_TEST(test_a_consumer_that_waits_for_less_is_told_in_time)
{
    struct question pull, q;

    begin(&pull, WORK,
          "{\"config\":{\"ack_policy\":\"explicit\","
          "\"ack_wait\":3600000000000}}");
    deliver(&pull, FIRST, "/wait");
    status(&pull, "409 Consumer Deleted");
    finds(&pull, CONSUMER);
    deliver(&pull, SECOND, "/wait");
    do
        next(&q, "$JS.ACK.");
    while (strcmp(q.subject, "$JS.ACK." SECOND) != 0);
    ck_assert_str_eq(q.data, "+WPI");
}
END_TEST

/* Nothing is ours for a nanosecond; but that it is done counts always. */
START_TEST(test_only_done_is_said_late)
{
    struct question pull;

    begin(&pull, WORK,
          "{\"config\":{\"ack_policy\":\"explicit\",\"ack_wait\":1}}");
    deliver(&pull, "ORDERS.billing.1.1.1.1.0", "/say?status=503");
    deliver(&pull, "ORDERS.billing.1.2.1.1.0", "/say?status=422");
    gruvid_says(g, "message 2 is given up: the answer was 422");
    deliver(&pull, "ORDERS.billing.1.3.1.1.0", "/nothing");
    says("$JS.ACK.ORDERS.billing.1.3.1.1.0", "+ACK");
}
END_TEST

START_TEST(test_retry_after_is_the_delay)
{
    struct question pull;

    begin(&pull, WORK,
          "{\"config\":{\"ack_policy\":\"explicit\",\"ack_wait\":30000000000,"
          "\"backoff\":[30000000000,40000000000]}}");
    deliver(&pull, "ORDERS.billing.1.1.1.1.0", "/say?status=500");
    says("$JS.ACK.", "-NAK {\"delay\":30000000000}");
    deliver(&pull, "ORDERS.billing.4.1.1.1.0", "/say?status=500");
    says("$JS.ACK.", "-NAK {\"delay\":40000000000}");
    deliver(&pull, "ORDERS.billing.1.1.1.1.0", "/say?status=503&retry=7");
    says("$JS.ACK.", "-NAK {\"delay\":7000000000}");
    deliver(&pull, "ORDERS.billing.1.1.1.1.0", "/say?status=503&retry=soon");
    says("$JS.ACK.", "-NAK {\"delay\":30000000000}");
}
END_TEST

START_TEST(test_the_delay_is_doubled)
{
    struct question pull, q;
    double most = 1;

    begin(&pull, WORK "max_deliveries = 100\n",
          "{\"config\":{\"ack_policy\":\"explicit\","
          "\"ack_wait\":30000000000}}");
    for (int i = 1; i < 9; i++) {
        char ack[100];
        double delay;

        snprintf(ack, sizeof ack, "ORDERS.billing.%d.1.1.1.0", i);
        deliver(&pull, ack, "/say?status=500");
        next(&q, "$JS.ACK.");
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

    begin(&pull, WORK "dead_letter = dead\n",
          "{\"config\":{\"ack_policy\":\"explicit\","
          "\"ack_wait\":30000000000}}");
    deliver(&pull, FIRST, "/say?status=422");
    next(&dead, "dead");
    answer(&dead, stores[_i].answer);
    next(&q, "$JS.ACK." FIRST);
    q.data[strlen(stores[_i].said)] = '\0';
    ck_assert_str_eq(q.data, stores[_i].said);
}
END_TEST

/* --- a drain -------------------------------------------------------------- */

START_TEST(test_a_drain_gives_back_what_comes_before_the_pong)
{
    struct question pull, q;
    const char *line;

    begin(&pull, WORK, CONSUMER);
    gruvid_signal(g, SIGTERM);
    while (strncmp(line = script_line(script), "UNSUB ", 6) != 0)
        ck_assert_str_ne(line, "PING\r\n");
    ck_assert_int_eq(atoll(line + 6), (long long)sid_of(pull.reply));
    ck_assert_str_eq(script_line(script), "PING\r\n");
    deliver(&pull, FIRST, "/nothing");
    /* The last delivery is none to give back. */
    deliver(&pull, "ORDERS.billing.5.2.2.2.0", "/nothing");
    script_send(script, "PONG\r\n");
    for (int i = 0; i < 2; i++) {
        next(&q, "$JS.ACK.ORDERS.billing.");
        ck_assert_str_eq(q.data, strstr(q.subject, FIRST) ? "-NAK" : "+ACK");
    }
    for (;;) {
        char byte;

        if (recv(script->fd, &byte, 1, MSG_PEEK) <= 0)
            break;
        ck_assert_str_eq(script_line(script), "PING\r\n");
        script_send(script, "PONG\r\n");
    }
    ck_assert_int_eq(gruvid_wait(g), 0);
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

    g = bus_gruvid_begin(&place, WORK, "");
    script_log_in(script);
    next(&q, "$JS.API.CONSUMER.INFO.");
    answer(&q, lies[_i]);
    gruvid_says(g, "; it is tried again");
    finds(&q, CONSUMER);
    gruvid_says(g, "work ORDERS/billing is pulled");
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

    begin(&pull, WORK, CONSUMER);
    for (size_t i = 0; i < sizeof foreign / sizeof *foreign; i++)
        deliver(&pull, foreign[i], "/nothing");
    snprintf(text, sizeof text, "MSG orders.1 %llu 2\r\nhi\r\n",
             sid_of(pull.reply));
    script_send(script, text);
    snprintf(text, sizeof text, "MSG orders.1 %llu elsewhere 2\r\nhi\r\n",
             sid_of(pull.reply));
    script_send(script, text);
    deliver(&pull, FIRST, "/nothing");
    says("$JS.ACK." FIRST, "+ACK");
}
END_TEST

/* The memory of a node is not in the hands of a server. */
START_TEST(test_a_flood_that_was_not_asked_for_is_put_off)
{
    struct question pull, q;
    char ack[64];

    begin(&pull, WORK "max_queued = 2\n",
          "{\"config\":{\"ack_policy\":\"explicit\","
          "\"ack_wait\":3600000000000}}");
    for (int i = 1; i <= 9; i++) {
        snprintf(ack, sizeof ack, "ORDERS.billing.1.%d.1.1.0", i);
        deliver(&pull, ack, "/wait");
    }
    next(&q, "$JS.ACK.ORDERS.billing.1.9.");
    ck_assert_str_eq(q.data, "-NAK {\"delay\":1000000000}");
}
END_TEST

/* A status line in a message of the stream is none of the server. */
START_TEST(test_a_message_that_looks_like_a_status_is_one)
{
    struct question pull;
    char text[300];

    begin(&pull, WORK, CONSUMER);
    snprintf(text, sizeof text,
             "HMSG orders.1 %llu $JS.ACK." FIRST
             " 33 33\r\nNATS/1.0 409 Consumer Deleted\r\n\r\n\r\n",
             sid_of(pull.reply));
    script_send(script, text);
    says("$JS.ACK." FIRST, "+TERM");
    gruvid_says(g, "message 1 is given up: the answer was 400");
}
END_TEST

#define COUNT(array) ((int)(sizeof(array) / sizeof *(array)))

int
main(void)
{
    Suite *suite = suite_create("nats_pull");
    TCase *tc = tcase_create("pull");

    bus_need();
    tcase_add_checked_fixture(tc, prepare, finish);
    tcase_set_timeout(tc, 2 * PATIENCE);
    suite_add_tcase(suite, tc);
    tcase_add_test(tc, test_a_pull_asks_for_what_there_is_room_for);
    tcase_add_test(tc, test_each_work_has_its_part_of_the_room);
    tcase_add_test(tc, test_a_pull_asks_for_what_the_consumer_allows);
    tcase_add_test(tc, test_a_pull_follows_another);
    tcase_add_loop_test(tc, test_the_end_of_a_pull_says_what_follows, 0,
                        COUNT(ends));
    tcase_add_test(tc, test_a_pull_that_says_nothing_is_given_up);
    tcase_add_test(tc, test_work_that_goes_on_is_said);
    tcase_add_test(tc, test_a_consumer_that_waits_for_less_is_told_in_time);
    tcase_add_test(tc, test_only_done_is_said_late);
    tcase_add_test(tc, test_retry_after_is_the_delay);
    tcase_add_test(tc, test_the_delay_is_doubled);
    tcase_add_loop_test(tc, test_nothing_is_ended_that_is_not_stored, 0,
                        COUNT(stores));
    tcase_add_test(tc, test_a_drain_gives_back_what_comes_before_the_pong);
    tcase_add_loop_test(tc, test_a_lie_about_the_consumer_is_not_believed, 0,
                        COUNT(lies));
    tcase_add_test(tc, test_what_is_no_delivery_is_passed_over);
    tcase_add_test(tc, test_a_flood_that_was_not_asked_for_is_put_off);
    tcase_add_test(tc, test_a_message_that_looks_like_a_status_is_one);
    return run_suite(suite);
}
