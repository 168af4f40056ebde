/* SPDX-License-Identifier: MIT */
/* Bytes of the protocol, in one piece and byte by byte; heads; commands. */
#include <stdlib.h>
#include <string.h>

#include <uv.h>

#include "../../plugins/nats/buffer.h"
#include "../../plugins/nats/head.h"
#include "../../plugins/nats/protocol.h"
#include "support/random.h"
#include "support/suite.h"

/* Parse exactly these bytes, in memory that ends with them. */
static ssize_t
parse(const char *text, size_t size, struct nats_input *input, size_t *need)
{
    static char *last;

    free(last);
    last = malloc(size + 1);
    ck_assert_ptr_nonnull(last);
    memcpy(last + 1, text, size);
    return nats_parse(last + 1, size, input, need);
}

static bool
is(const struct nats_span *span, const char *text)
{
    return span->size == strlen(text) &&
           (span->size == 0 || memcmp(span->at, text, span->size) == 0);
}

/* --- operations ----------------------------------------------------------- */

static const struct {
    const char *text;
    enum nats_op op;
    const char *words; /* what follows the word, or subject */
    const char *reply, *head, *data;
    uint64_t sid;
} good[] = {
    {"PING\r\n", NATS_PING, "", "", "", "", 0},
    {"pong\r\n", NATS_PONG, "", "", "", "", 0},
    {"+OK\r\n", NATS_OK, "", "", "", "", 0},
    {"-ERR 'Stale Connection'\r\n", NATS_ERR, "'Stale Connection'", "", "", "",
     0},
    {"INFO {\"a\": 1} \r\n", NATS_INFO, "{\"a\": 1}", "", "", "", 0},
    {"MSG a.b 7 0\r\n\r\n", NATS_MESSAGE, "a.b", "", "", "", 7},
    {"MSG a 1 _INBOX.x 5\r\nhe\r\no\r\n", NATS_MESSAGE, "a", "_INBOX.x", "",
     "he\r\no", 1},
    {"MSG\ta  999999999999999999 \t r 1\r\n!\r\n", NATS_MESSAGE, "a", "r", "",
     "!", 999999999999999999},
    {"HMSG a 1 12 14\r\nNATS/1.0\r\n\r\nhi\r\n", NATS_MESSAGE, "a", "",
     "NATS/1.0\r\n\r\n", "hi", 1},
    {"HMSG a 1 r 12 12\r\nNATS/1.0\r\n\r\n\r\n", NATS_MESSAGE, "a", "r",
     "NATS/1.0\r\n\r\n", "", 1},
};

START_TEST(test_operations_are_read)
{
    struct nats_input input;
    const char *text = good[_i].text;
    size_t size = strlen(text), need;

    ck_assert_int_eq(parse(text, size, &input, &need), (ssize_t)size);
    ck_assert_int_eq(input.op, good[_i].op);
    if (input.op == NATS_MESSAGE)
        ck_assert(is(&input.subject, good[_i].words));
    else
        ck_assert(is(&input.text, good[_i].words));
    ck_assert(is(&input.reply, good[_i].reply));
    ck_assert(is(&input.head, good[_i].head));
    ck_assert(is(&input.data, good[_i].data));
    ck_assert_uint_eq(input.sid, good[_i].sid);
}
END_TEST

/* What is needed is never more than there will be, and more than there is. */
START_TEST(test_operations_come_byte_by_byte)
{
    struct nats_input input;
    const char *text = good[_i].text;
    size_t size = strlen(text), need;

    for (size_t n = 1; n < size; n++) {
        ck_assert_int_eq(parse(text, n, &input, &need), 0);
        ck_assert_uint_gt(need, n);
        ck_assert_uint_le(need, size);
    }
    ck_assert_int_eq(parse(text, size, &input, &need), (ssize_t)size);
}
END_TEST

static const char *const bad[] = {
    "\r\n",
    "\n",
    "PING\n",
    "PING now\r\n",
    "PI\rNG\r\n",
    "+OKAY\r\n",
    "HTTP/1.1 400 Bad Request\r\n",
    "MSG\r\n",
    "MSG a\r\n",
    "MSG a 1\r\n",
    "MSG a 1 r 1 1\r\nx\r\n",
    "MSG a 1 -1\r\n",
    "MSG a 1 +1\r\nx\r\n",
    "MSG a 1 1x\r\nx\r\n",
    "MSG a x 1\r\nx\r\n",
    "MSG a 1 67108865\r\n",
    "MSG a 1 99999999999999999999\r\n",
    "MSG a 9999999999999999999 1\r\nx\r\n",
    "MSG a 1 1\r\nxy\r\n",
    "MSG a 1 1\r\nx\n\n",
    "MSG a\001b 1 1\r\nx\r\n",
    "HMSG a 1 1\r\nx\r\n",
    "HMSG a 1 0 1\r\nx\r\n",
    "HMSG a 1 3 2\r\nxx\r\n",
    "HMSG a 1 r 12 12 12\r\n",
    "HMSG a 1 r x 12 12 12 12\r\n",
};

START_TEST(test_what_is_no_operation_is_refused)
{
    struct nats_input input;
    size_t need;

    ck_assert_int_eq(parse(bad[_i], strlen(bad[_i]), &input, &need), UV_EPROTO);
}
END_TEST

START_TEST(test_a_line_without_end_is_refused)
{
    struct nats_input input;
    char *text = malloc(NATS_INFO_LINE);
    size_t need;

    memset(text, 'x', NATS_INFO_LINE);
    ck_assert_int_eq(parse(text, NATS_LINE - 1, &input, &need), 0);
    ck_assert_int_eq(parse(text, NATS_LINE, &input, &need), UV_EPROTO);
    memcpy(text, "INFO ", 5);
    ck_assert_int_eq(parse(text, NATS_INFO_LINE - 1, &input, &need), 0);
    ck_assert_int_eq(parse(text, NATS_INFO_LINE, &input, &need), UV_EPROTO);
    free(text);
}
END_TEST

/* Of random bytes nothing is known but that they are within their memory, and
 * that an answer makes sense. */
START_TEST(test_random_bytes_do_no_harm)
{
    static const char letters[] = "MSGHPINOG+-ERK 0123459ab.\r\n\t*>\"{}";
    uint64_t state = random_begin(random_seed(), 0);
    char text[200];

    for (unsigned round = 0; round < 200000; round++) {
        struct nats_input input;
        size_t size = chance(&state, sizeof text - 1) + 1, need;
        ssize_t n;

        for (size_t i = 0; i < size; i++)
            text[i] = letters[chance(&state, sizeof letters - 1)];
        if (chance(&state, 2) == 0)
            memcpy(text, "HMSG a 1 ", size < 9 ? size : 9);
        n = parse(text, size, &input, &need);
        ck_assert(n == UV_EPROTO || (n == 0 && need > size) ||
                  (n > 0 && (size_t)n <= size));
    }
}
END_TEST

/* --- subjects ------------------------------------------------------------- */

START_TEST(test_subjects_are_checked)
{
    static const struct {
        const char *text;
        bool subject, pattern;
    } cases[] = {
        {"a", true, true},       {"a.b.c", true, true},
        {"", false, false},      {".", false, false},
        {"a.", false, false},    {".a", false, false},
        {"a..b", false, false},  {"a b", false, false},
        {"a\tb", false, false},  {"a\177", false, false},
        {"a\r\n", false, false}, {"*", false, true},
        {">", false, true},      {"a.*.b", false, true},
        {"a.>", false, true},    {"a.>.b", false, false},
        {"a*.b>", true, true},   {"\xc3\xa4.b", true, true},
        {"$SYS.a", true, true},
    };

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        size_t size = strlen(cases[i].text);

        ck_assert_msg(nats_is_subject(cases[i].text, size) == cases[i].subject,
                      "%s", cases[i].text);
        ck_assert_msg(nats_is_pattern(cases[i].text, size) == cases[i].pattern,
                      "%s", cases[i].text);
    }
}
END_TEST

/* --- heads ---------------------------------------------------------------- */

static int
parse_head(const char *text, gruvid_header_t *fields, int *status)
{
    static char *last;
    size_t size = strlen(text);

    free(last);
    last = malloc(size == 0 ? 1 : size);
    memcpy(last, text, size);
    return nats_head_parse(last, size, fields, status);
}

START_TEST(test_heads_are_read)
{
    gruvid_header_t fields[NATS_FIELDS];
    int status;

    ck_assert_int_eq(parse_head("NATS/1.0\r\n\r\n", fields, &status), 0);
    ck_assert_int_eq(status, 0);
    ck_assert_int_eq(parse_head("NATS/1.0 503\r\n\r\n", fields, &status), 0);
    ck_assert_int_eq(status, 503);
    ck_assert_int_eq(
        parse_head("NATS/1.0  100 Idle Heartbeat\r\nA:\r\nb: \t c d\t \r\n"
                   "A:x:y\r\n\r\n",
                   fields, &status),
        3);
    ck_assert_int_eq(status, 100);
    ck_assert_str_eq(fields[0].name, "A");
    ck_assert_str_eq(fields[0].value, "");
    ck_assert_str_eq(fields[1].name, "b");
    ck_assert_str_eq(fields[1].value, "c d");
    ck_assert_str_eq(fields[2].value, "x:y");
}
END_TEST

static const char *const bad_heads[] = {
    "",
    "\r\n",
    "NATS/1.0",
    "NATS/1.0\r",
    "NATS/1.0\r\n",
    "NATS/1.0\n\n",
    "NATS/1.1\r\n\r\n",
    "NATS/1.0x\r\n\r\n",
    "NATS/1.0 99\r\n\r\n",
    "NATS/1.0 1000\r\n\r\n",
    "NATS/1.0 100 \001\r\n\r\n",
    "nats/1.0\r\n\r\n",
    "NATS/1.0\r\nA\r\n\r\n",
    "NATS/1.0\r\n: x\r\n\r\n",
    "NATS/1.0\r\nA : x\r\n\r\n",
    "NATS/1.0\r\n A: x\r\n\r\n",
    "NATS/1.0\r\nA: x\r\n y\r\n\r\n",
    "NATS/1.0\r\nA\"B: x\r\n\r\n",
    "NATS/1.0\r\n\xc3\xa4: x\r\n\r\n",
    "NATS/1.0\r\nA: x\ny\r\n\r\n",
    "NATS/1.0\r\nA: x\ry\r\n\r\n",
    "NATS/1.0\r\nA: \177\r\n\r\n",
    "NATS/1.0\r\nA: x\r\n",
    "NATS/1.0\r\nA: x\r\n\r\nmore",
};

START_TEST(test_bad_heads_are_refused)
{
    gruvid_header_t fields[NATS_FIELDS];
    int status;

    ck_assert_int_eq(parse_head(bad_heads[_i], fields, &status), UV_EPROTO);
}
END_TEST

START_TEST(test_heads_have_limits)
{
    gruvid_header_t fields[NATS_FIELDS];
    char *text = malloc(NATS_HEAD_BYTES + 64);
    int status;

    strcpy(text, "NATS/1.0\r\n");
    for (int i = 0; i < NATS_FIELDS; i++)
        strcat(text, "A: 1\r\n");
    strcat(text, "\r\n");
    ck_assert_int_eq(parse_head(text, fields, &status), NATS_FIELDS);
    strcpy(text + strlen(text) - 2, "A: 1\r\n\r\n");
    ck_assert_int_eq(parse_head(text, fields, &status), UV_E2BIG);
    memset(text, 'x', NATS_HEAD_BYTES + 1);
    text[NATS_HEAD_BYTES + 1] = '\0';
    ck_assert_int_eq(parse_head(text, fields, &status), UV_E2BIG);
    free(text);
}
END_TEST

/* --- text ----------------------------------------------------------------- */

START_TEST(test_words_of_a_server_are_cut_and_have_no_control_bytes)
{
    char text[8];

    nats_quote(text, sizeof text, "a\r\n\x7f\0b", 6);
    ck_assert_str_eq(text, "a????b");
    nats_quote(text, sizeof text, "1234567", 7);
    ck_assert_str_eq(text, "1234567");
    nats_quote(text, sizeof text, "12345678", 8);
    ck_assert_str_eq(text, "1234567");
    nats_quote(text, sizeof text, "", 0);
    ck_assert_str_eq(text, "");
}
END_TEST

/* --- commands ------------------------------------------------------------- */

START_TEST(test_commands_are_composed)
{
    struct nats_buffer out = {NULL, 0, 0}, head = {NULL, 0, 0};

    ck_assert(nats_put_version(&head));
    ck_assert(nats_put_field(&head, "A", "b c"));
    ck_assert(nats_put_text(&head, "\r\n"));
    ck_assert(nats_put_connect(&out, "{}") && nats_put_ping(&out) &&
              nats_put_pong(&out) && nats_put_sub(&out, "a.*", "g", 7) &&
              nats_put_unsub(&out, 7) &&
              nats_put_publish(&out, "r", NULL, &head, "hi", 2) &&
              nats_put(&out, "", 1));
    ck_assert_str_eq(out.data, "CONNECT {}\r\nPING\r\nPONG\r\nSUB a.* g 7\r\n"
                               "UNSUB 7\r\nHPUB r 20 22\r\n"
                               "NATS/1.0\r\nA: b c\r\n\r\nhi\r\n");
    nats_buffer_free(&out);
    nats_buffer_free(&head);
}
END_TEST

START_TEST(test_fields_that_are_none_are_not_put)
{
    static const char *const cases[][2] = {
        {"", "x"},          {"A B", "x"},  {"A:", "x"}, {"A\r", "x"},
        {"A", "x\r\nB: y"}, {"A", "x\n"},  {"A", " x"}, {"A", "x "},
        {"A", "\001"},      {"A", "\177"},
    };
    struct nats_buffer head = {NULL, 0, 0};

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        ck_assert(!nats_put_field(&head, cases[i][0], cases[i][1]));
    ck_assert_uint_eq(head.size, 0);
    nats_buffer_free(&head);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("nats_protocol");
    TCase *tc = tcase_create("protocol");

    tcase_set_timeout(tc, 120);
    suite_add_tcase(suite, tc);
    tcase_add_loop_test(tc, test_operations_are_read, 0,
                        sizeof good / sizeof *good);
    tcase_add_loop_test(tc, test_operations_come_byte_by_byte, 0,
                        sizeof good / sizeof *good);
    tcase_add_loop_test(tc, test_what_is_no_operation_is_refused, 0,
                        sizeof bad / sizeof *bad);
    tcase_add_test(tc, test_a_line_without_end_is_refused);
    tcase_add_test(tc, test_random_bytes_do_no_harm);
    tcase_add_test(tc, test_subjects_are_checked);
    tcase_add_test(tc, test_heads_are_read);
    tcase_add_loop_test(tc, test_bad_heads_are_refused, 0,
                        sizeof bad_heads / sizeof *bad_heads);
    tcase_add_test(tc, test_heads_have_limits);
    tcase_add_test(tc,
                   test_words_of_a_server_are_cut_and_have_no_control_bytes);
    tcase_add_test(tc, test_commands_are_composed);
    tcase_add_test(tc, test_fields_that_are_none_are_not_put);
    return run_suite(suite);
}
