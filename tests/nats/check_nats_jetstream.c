/* SPDX-License-Identifier: MIT */
/* What JetStream answers: as it should be, and as it should not. */
#include <stdlib.h>
#include <string.h>

#include <uv.h>

#include "plugins/nats/jetstream.h"
#include "support/suite.h"

static char says[NATS_SAYS];

/* Memory of its own, so that a byte read too far is seen. */
static int
read_consumer(struct nats_consumer *consumer, const char *text)
{
    size_t size = strlen(text);
    char *copy = malloc(size + 1);
    int err;

    memcpy(copy, text, size);
    err = nats_consumer_read(consumer, copy, size, says);
    free(copy);
    return err;
}

START_TEST(test_a_consumer_is_read)
{
    struct nats_consumer consumer;

    ck_assert_int_eq(
        read_consumer(&consumer,
                      "{\"config\":{\"ack_policy\":\"explicit\","
                      "\"ack_wait\":30000000000,\"backoff\":[2000000000,"
                      "1000000000,60000000000],\"max_deliver\":7,"
                      "\"max_batch\":100,\"max_bytes\":1000,"
                      "\"max_expires\":5000000000}}"),
        0);
    ck_assert_double_eq(consumer.wait, 1);
    ck_assert_uint_eq(consumer.n_steps, 3);
    ck_assert_double_eq(consumer.steps[2], 60);
    ck_assert_uint_eq(consumer.max_deliver, 7);
    ck_assert_uint_eq(consumer.max_batch, 100);
    ck_assert_uint_eq(consumer.max_bytes, 1000);
    ck_assert_double_eq(consumer.max_expires, 5);
}
END_TEST

START_TEST(test_no_limit_is_none)
{
    struct nats_consumer consumer;

    ck_assert_int_eq(read_consumer(&consumer,
                                   "{\"config\":{\"ack_policy\":\"explicit\","
                                   "\"ack_wait\":1,\"max_deliver\":-1,"
                                   "\"max_batch\":0}}"),
                     0);
    ck_assert_uint_eq(consumer.max_deliver, 0);
    ck_assert_uint_eq(consumer.max_batch, UINT32_MAX);
    ck_assert_uint_eq(consumer.n_steps, 0);
}
END_TEST

/* More levels than are read. */
#define DEEP "[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]"

#define EXPLICIT "{\"config\":{\"ack_policy\":\"explicit\","

static const struct {
    const char *text;
    int err;
} consumers[] = {
    {"", UV_EPROTO},
    {"null", UV_EPROTO},
    {"[]", UV_EPROTO},
    {"{", UV_EPROTO},
    {"{}", UV_EPROTO},
    {"{}x", UV_EPROTO},
    {"{\"config\":1}", UV_EPROTO},
    {"{\"config\":{}}", UV_EPROTO},
    {"{\"config\":{\"ack_policy\":1}}", UV_EPROTO},
    {EXPLICIT "\"ack_wait\":\"1\"}}", UV_EPROTO},
    {EXPLICIT "\"ack_wait\":0}}", UV_EPROTO},
    {EXPLICIT "\"ack_wait\":-1}}", UV_EPROTO},
    {EXPLICIT "\"ack_wait\":1.5}}", UV_EPROTO},
    {EXPLICIT "\"ack_wait\":99999999999999999999}}", UV_EPROTO},
    {EXPLICIT "\"no_wait\":1}}", UV_EPROTO},
    {EXPLICIT "\"ack_wait\":1,\"backoff\":1}}", UV_EPROTO},
    {EXPLICIT "\"ack_wait\":1,\"backoff\":[0]}}", UV_EPROTO},
    {EXPLICIT "\"ack_wait\":1,\"backoff\":[\"1\"]}}", UV_EPROTO},
    {EXPLICIT "\"ack_wait\":1,\"max_deliver\":\"5\"}}", UV_EPROTO},
    {EXPLICIT "\"ack_wait\":1,\"max_batch\":{}}}", UV_EPROTO},
    {EXPLICIT "\"ack_wait\":1,\"max_expires\":0}}", UV_EPROTO},
    {EXPLICIT "\"ack_wait\":1,\"ack_wait\":2}}", UV_EPROTO},
    {EXPLICIT "\"ack_wait\":1,\"deliver_subject\":\"x\"}}", UV_ENOTSUP},
    {"{\"config\":{\"ack_policy\":\"all\",\"ack_wait\":1}}", UV_ENOTSUP},
    {"{\"error\":{\"code\":404,\"err_code\":10059}}", UV_ENXIO},
    {"{\"error\":{\"code\":404,\"err_code\":10014}}", UV_ENOENT},
    {"{\"error\":{\"code\":503,\"err_code\":10008}}", UV_EAGAIN},
    {"{\"error\":{\"description\":7}}", UV_EAGAIN},
    {"{\"error\":{}}", UV_EAGAIN},
    {"{\"error\":\"x\"}", UV_EPROTO},
    {"{\"error\":null}", UV_EPROTO},
    {EXPLICIT "\"ack_wait\":1},\"a\":" DEEP "}", UV_EPROTO},
};

START_TEST(test_no_consumer_is_not_believed)
{
    struct nats_consumer consumer;

    ck_assert_int_eq(read_consumer(&consumer, consumers[_i].text),
                     consumers[_i].err);
    ck_assert_uint_gt(strlen(says), 0);
}
END_TEST

START_TEST(test_many_steps_are_cut)
{
    char *text = malloc(100000);
    struct nats_consumer consumer;
    size_t n;

    strcpy(text, EXPLICIT "\"ack_wait\":9000000000,\"backoff\":[5000000000");
    for (int i = 0; i < 5000; i++)
        strcat(text, ",3000000000");
    n = strlen(text);
    strcpy(text + n, "]}}");
    ck_assert_int_eq(read_consumer(&consumer, text), 0);
    ck_assert_uint_eq(consumer.n_steps, NATS_STEPS);
    ck_assert_double_eq(consumer.wait, 3);
    free(text);
}
END_TEST

START_TEST(test_words_of_a_server_are_one_short_line)
{
    char text[4000] = "{\"error\":{\"description\":\"a\\nb\\u0007";
    struct nats_consumer consumer;

    memset(text + strlen(text), 'x', 1000);
    strcat(text, "\"}}");
    ck_assert_int_eq(read_consumer(&consumer, text), UV_EAGAIN);
    ck_assert_int_eq(strncmp(says, "a?b?xxx", 7), 0);
    ck_assert_uint_eq(strlen(says), NATS_SAYS - 1);
}
END_TEST

/* --- streams -------------------------------------------------------------- */

#define CREATED "{\"created\":\"2026-11-29T17:42:40.193992145Z\","

static const struct {
    const char *text, *subject;
    int err;
    bool has;
} streams[] = {
    {CREATED "\"config\":{\"subjects\":[\"a\",\"b.*\"]}}", "b.c", 0, true},
    {CREATED "\"config\":{\"subjects\":[\"a\",\"b.*\"]}}", "b.c.d", 0, false},
    {CREATED "\"config\":{\"subjects\":[\"a\",\"b.>\"]}}", "b.c.d", 0, true},
    {CREATED "\"config\":{\"subjects\":[\"b.>\"]}}", "b", 0, false},
    {CREATED "\"config\":{\"subjects\":[\">\"]}}", "b", 0, true},
    {CREATED "\"config\":{\"subjects\":[\"*.x\"]}}", "b.x", 0, true},
    {CREATED "\"config\":{\"subjects\":[\"bb\"]}}", "b", 0, false},
    {CREATED "\"config\":{\"subjects\":[\"b\"]}}", NULL, 0, false},
    {CREATED "\"config\":{}}", "b", 0, false},
    {CREATED "\"config\":{\"subjects\":\"b\"}}", "b", UV_EPROTO, false},
    {CREATED "\"config\":{\"subjects\":[1]}}", "b", UV_EPROTO, false},
    {"{\"config\":{}}", "b", UV_EPROTO, false},
    {"{\"created\":7}", "b", UV_EPROTO, false},
    {"{\"created\":\"\"}", "b", UV_EPROTO, false},
    {"{\"created\":\"a b\"}", "b", UV_EPROTO, false},
    {"{\"created\":\"2026\\r\\nX: y\"}", "b", UV_EPROTO, false},
    {"{\"created\":\"000000000000000000000000000000000000000000000000000\"}",
     "b", UV_EPROTO, false},
    {"{\"error\":{\"err_code\":10059}}", "b", UV_ENXIO, false},
};

START_TEST(test_streams_are_read)
{
    struct nats_stream stream;

    ck_assert_int_eq(nats_stream_read(&stream, streams[_i].text,
                                      strlen(streams[_i].text),
                                      streams[_i].subject, says),
                     streams[_i].err);
    ck_assert(stream.has == streams[_i].has);
}
END_TEST

static const struct {
    const char *text;
    int err;
} stored[] = {
    {"{\"stream\":\"S\", \"seq\":1}", 0},
    {"{\"stream\":\"S\",\"seq\":1,\"duplicate\":true}", 0},
    {"{\"stream\":\"S\",\"seq\":0}", UV_EPROTO},
    {"{\"stream\":\"S\",\"seq\":\"1\"}", UV_EPROTO},
    {"{\"stream\":\"S\"}", UV_EPROTO},
    {"{\"seq\":1}", UV_EPROTO},
    {"+OK", UV_EPROTO},
    {"", UV_EPROTO},
    {"{\"error\":{\"code\":400},\"stream\":\"S\",\"seq\":0}", UV_EAGAIN},
};

START_TEST(test_what_is_stored_is_said_so)
{
    ck_assert_int_eq(
        nats_stored_read(stored[_i].text, strlen(stored[_i].text), says),
        stored[_i].err);
}
END_TEST

/* --- acknowledgements ----------------------------------------------------- */

static const struct {
    const char *subject;
    unsigned delivered, sequence; /* 0: it is none */
} acks[] = {
    {"$JS.ACK.S.c.2.3.4.5.6", 2, 3},
    {"$JS.ACK.D.A.S.c.2.3.4.5.6", 2, 3},
    {"$JS.ACK.D.A.S.c.2.3.4.5.6.random", 2, 3},
    {"$JS.ACK.S.c.2.3.4.5", 0, 0},
    {"$JS.ACK.S.c.2.3.4.5.6.7", 0, 0},
    {"$JS.ACK.S.c.0.3.4.5.6", 0, 0},
    {"$JS.ACK.S.c.2.0.4.5.6", 0, 0},
    {"$JS.ACK.S.c.-2.3.4.5.6", 0, 0},
    {"$JS.ACK.S.c.x.3.4.5.6", 0, 0},
    {"$JS.ACK.S.c..3.4.5.6", 0, 0},
    {"$JS.ACK.S.c.9999999999999999999.3.4.5.6", 0, 0},
    {"$JS.ACK.*.c.2.3.4.5.6", 0, 0},
    {"$JS.API.S.c.2.3.4.5.6", 0, 0},
    {"$JS.ACK.", 0, 0},
    {"", 0, 0},
    {"_INBOX.a", 0, 0},
};

START_TEST(test_acknowledgements_are_read)
{
    struct nats_span subject = {acks[_i].subject, strlen(acks[_i].subject)};
    struct nats_ack ack;

    ck_assert(nats_ack_read(&ack, &subject) == (acks[_i].delivered > 0));
    if (acks[_i].delivered == 0)
        return;
    ck_assert_uint_eq(ack.delivered, acks[_i].delivered);
    ck_assert_uint_eq(ack.sequence, acks[_i].sequence);
    ck_assert(ack.stream.size == 1 && *ack.stream.at == 'S');
    ck_assert(ack.consumer.size == 1 && *ack.consumer.at == 'c');
}
END_TEST

#define COUNT(array) ((int)(sizeof(array) / sizeof *(array)))

int
main(void)
{
    Suite *suite = suite_create("nats_jetstream");
    TCase *tc = tcase_create("jetstream");

    suite_add_tcase(suite, tc);
    tcase_add_test(tc, test_a_consumer_is_read);
    tcase_add_test(tc, test_no_limit_is_none);
    tcase_add_loop_test(tc, test_no_consumer_is_not_believed, 0,
                        COUNT(consumers));
    tcase_add_test(tc, test_many_steps_are_cut);
    tcase_add_test(tc, test_words_of_a_server_are_one_short_line);
    tcase_add_loop_test(tc, test_streams_are_read, 0, COUNT(streams));
    tcase_add_loop_test(tc, test_what_is_stored_is_said_so, 0, COUNT(stored));
    tcase_add_loop_test(tc, test_acknowledgements_are_read, 0, COUNT(acks));
    return run_suite(suite);
}
