/* SPDX-License-Identifier: MIT */
/* The nodes that were heard of, and what nodes say of themselves. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <check.h>

#include "plugins/nats/members.h"
#include "plugins/nats/process_id.h"
#include "support/suite.h"

static struct nats_members members;

static struct nats_greeting
greeting_of(const char *node, const char *id, uint64_t generation, bool is_gone)
{
    struct nats_greeting greeting = {.generation = generation,
                                     .is_gone = is_gone};

    snprintf(greeting.node, sizeof greeting.node, "%s", node);
    snprintf(greeting.id, sizeof greeting.id, "%s", id);
    return greeting;
}

static void
hear(const char *node, const char *id, uint64_t generation, bool is_gone)
{
    struct nats_greeting greeting = greeting_of(node, id, generation, is_gone);

    nats_members_hear(&members, &greeting);
}

static bool
is_there(const char *node)
{
    return nats_members_find(&members, node) != NULL;
}

START_TEST(test_a_greeting_is_read_as_it_was_written)
{
    struct nats_greeting greeting = greeting_of("web-1_x", "abc", 7, true);
    struct nats_greeting read;
    char text[256], name[NATS_NODE_NAME];
    size_t size = nats_greeting_write(text, sizeof text, &greeting);

    ck_assert(nats_greeting_read(&read, text, size));
    ck_assert_str_eq(read.node, "web-1_x");
    ck_assert_str_eq(read.id, "abc");
    ck_assert_uint_eq(read.generation, 7);
    ck_assert(read.is_gone);
    memset(name, 'a', sizeof name - 1);
    name[sizeof name - 1] = '\0';
    greeting = greeting_of(name, "abc", UINT32_MAX, false);
    size = nats_greeting_write(text, sizeof text, &greeting);
    ck_assert(nats_greeting_read(&read, text, size));
    ck_assert_str_eq(read.node, name);
    ck_assert(!read.is_gone);
}
END_TEST

START_TEST(test_what_is_no_greeting_is_refused)
{
    static const char *const texts[] = {
        "",
        "{",
        "{}",
        "[]",
        "7",
        "no",
        "{\"node\":\"a\",\"id\":\"b\",\"generation\":1}",
        "{\"node\":\"a\",\"id\":\"b\",\"generation\":1,\"state\":\"lost\"}",
        "{\"node\":\"a\",\"id\":\"b\",\"generation\":0,\"state\":\"here\"}",
        "{\"node\":\"a\",\"id\":\"b\",\"generation\":-1,\"state\":\"here\"}",
        "{\"node\":\"a\",\"id\":\"b\",\"generation\":\"1\",\"state\":\"here\"}",
        "{\"node\":\"\",\"id\":\"b\",\"generation\":1,\"state\":\"here\"}",
        "{\"node\":\"a.b\",\"id\":\"b\",\"generation\":1,\"state\":\"here\"}",
        "{\"node\":\"a\\u0000b\",\"id\":\"b\",\"generation\":1,"
        "\"state\":\"here\"}",
        "{\"node\":\"a\",\"id\":\">\",\"generation\":1,\"state\":\"here\"}",
        "{\"node\":1,\"id\":\"b\",\"generation\":1,\"state\":\"here\"}",
        "{\"node\":\"a\",\"node\":\"b\",\"id\":\"b\",\"generation\":1,"
        "\"state\":\"here\"}",
        "{\"node\":\"a\",\"id\":\"b\",\"generation\":1,\"state\":\"here\","
        "\"x\":{}}",
        "{\"node\":\"a\",\"id\":\"b\",\"generation\":1,\"state\":\"here\"} x",
    };
    struct nats_greeting greeting;
    char *text;

    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        ck_assert_msg(
            !nats_greeting_read(&greeting, texts[i], strlen(texts[i])), "%s",
            texts[i]);
    ck_assert_int_gt(asprintf(&text,
                              "{\"node\":\"%065d\",\"id\":\"b\","
                              "\"generation\":1,\"state\":\"here\"}",
                              1),
                     0);
    ck_assert(!nats_greeting_read(&greeting, text, strlen(text)));
    free(text);
}
END_TEST

START_TEST(test_nodes_come_and_go_in_any_order)
{
    static const char *const names[] = {"m", "a", "z", "b", "y"};

    for (size_t i = 0; i < 5; i++)
        hear(names[i], "1", 1, false);
    hear("m", "1", 1, false);
    ck_assert_uint_eq(members.n, 5);
    for (size_t i = 1; i < members.n; i++)
        ck_assert_str_lt(members.at[i - 1].self.node, members.at[i].self.node);
    hear("m", "1", 1, true);
    hear("z", "1", 1, true);
    hear("q", "1", 1, true);
    ck_assert_uint_eq(members.n, 3);
    ck_assert(!is_there("m") && is_there("a") && !is_there("z"));
    nats_members_free(&members);
}
END_TEST

START_TEST(test_a_farewell_of_an_earlier_process_or_generation_is_late)
{
    hear("a", "old", 1, false);
    hear("a", "new", 1, false);
    hear("a", "old", 1, true);
    ck_assert(is_there("a"));
    hear("a", "new", 2, false);
    hear("a", "new", 1, true);
    ck_assert(is_there("a"));
    hear("a", "new", 1, false);
    ck_assert_uint_eq(nats_members_find(&members, "a")->self.generation, 2);
    hear("a", "new", 2, true);
    ck_assert(!is_there("a"));
    nats_members_free(&members);
}
END_TEST

START_TEST(test_a_silent_node_is_forgotten_after_an_hour)
{
    hear("a", "1", 1, false);
    hear("b", "1", 1, false);
    nats_members_silent(nats_members_find(&members, "a"), 100);
    nats_members_silent(nats_members_find(&members, "a"), 3000);
    nats_members_silent(nats_members_find(&members, "b"), 100);
    nats_members_clean(&members, 100 + NATS_SILENT);
    ck_assert_uint_eq(members.n, 2);
    nats_members_answered(&members, "b");
    nats_members_clean(&members, 101 + NATS_SILENT);
    ck_assert(!is_there("a"));
    ck_assert(is_there("b"));
    nats_members_silent(nats_members_find(&members, "b"), 5000);
    hear("b", "1", 1, false);
    nats_members_clean(&members, 6000 + NATS_SILENT);
    ck_assert(is_there("b"));
    nats_members_free(&members);
}
END_TEST

START_TEST(test_no_more_than_so_many_are_remembered)
{
    char name[16];

    for (int i = 0; i < NATS_MEMBERS + 5; i++) {
        snprintf(name, sizeof name, "n%d", i);
        hear(name, "1", 1, false);
    }
    ck_assert_uint_eq(members.n, NATS_MEMBERS);
    hear("n7", "1", 1, true);
    hear("another", "1", 1, false);
    ck_assert(is_there("another"));
    nats_members_free(&members);
}
END_TEST

START_TEST(test_a_process_has_one_id)
{
    char one[NATS_NODE_ID], two[NATS_NODE_ID];

    nats_process_id(one, sizeof one);
    nats_process_id(two, sizeof two);
    ck_assert_str_eq(one, two);
    ck_assert_uint_eq(strlen(one), 16);
    ck_assert(nats_is_node_name(one, strlen(one)));
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("nats_members");
    TCase *tc = tcase_create("members");

    suite_add_tcase(suite, tc);
    tcase_add_test(tc, test_a_greeting_is_read_as_it_was_written);
    tcase_add_test(tc, test_what_is_no_greeting_is_refused);
    tcase_add_test(tc, test_nodes_come_and_go_in_any_order);
    tcase_add_test(tc,
                   test_a_farewell_of_an_earlier_process_or_generation_is_late);
    tcase_add_test(tc, test_a_silent_node_is_forgotten_after_an_hour);
    tcase_add_test(tc, test_no_more_than_so_many_are_remembered);
    tcase_add_test(tc, test_a_process_has_one_id);
    return run_suite(suite);
}
