/* SPDX-License-Identifier: MIT */
/* gruvictl --cluster, and the command behind it: plugins/knows_nodes.c answers
 * for the nodes. */
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "daemon/control_json.h"
#include "daemon/run_gruvictl.h"
#include "daemon/run_gruvid.h"

#define KNOWS CONTROL "[plugin knows_nodes]\n"
#define OWN   KNOWS "how = own\n"

static struct gruvid *
start(const char *config)
{
    return gruvid_ready(config, NULL);
}

static const char *
control(const struct gruvid *g)
{
    return gruvid_path(g, "control.sock");
}

START_TEST(test_each_line_of_a_table_has_its_node)
{
    static const char *const commands[] = {"status",   "plugins", "hubs",
                                           "requests", "fibers",  "pools"};
    struct gruvid *g = start(OWN);

    for (size_t i = 0; i < sizeof commands / sizeof *commands; i++) {
        ck_assert_int_eq(RUN(control(g), "--cluster", commands[i]), 0);
        ck_assert_str_eq(said.err, "");
        if (strcmp(commands[i], "requests") == 0)
            continue; /* there were none */
        ck_assert_msg(strncmp(said.out, "NODE", 4) == 0, "%s", said.out);
        expect_out("\none ");
        expect_out("\ntwo ");
        ck_assert_uint_le(widest_line(), 200);
    }
    ck_assert_int_eq(RUN(control(g), "--cluster", "status"), 0);
    expect_out("serving");
    ck_assert_int_eq(RUN(control(g), "--cluster", "fibers", "--group"), 0);
    expect_out("\ntwo ");
    ck_assert_int_eq(
        RUN(control(g), "--cluster", "top", "--count", "2", "--seconds", "0.1"),
        0);
    expect_out("ACCEPTED/S");
    expect_out("\ntwo ");
    ck_assert_int_eq(gruvid_stop(g, SIGTERM), 0);
}
END_TEST

START_TEST(test_without_it_nothing_says_node)
{
    struct gruvid *g = start(OWN);

    ck_assert_int_eq(RUN(control(g), "plugins"), 0);
    ck_assert_ptr_null(strstr(said.out, "NODE"));
    ck_assert_int_eq(gruvid_stop(g, SIGTERM), 0);
}
END_TEST

START_TEST(test_json_has_an_object_a_node)
{
    struct gruvid *g = start(
        KNOWS "answer = a {\"ok\":true,\"more\":true,\"hubs\":[{\"hub\":1}]}\n"
              "answer = b {\"ok\":true,\"hubs\":[{\"hub\":1}]}\n"
              "answer = a {\"ok\":true,\"hubs\":[{\"hub\":2}],\"x\":1}\n"
              "silent = c\n");
    json_t *all, *node;

    ck_assert_int_eq(RUN(control(g), "--cluster", "--json", "hubs"), 0);
    expect_err("gruvictl: no answer from c\n");
    all = json_loads(said.out, 0, NULL);
    ck_assert_uint_eq(json_array_size(json_object_get(all, "nodes")), 2);
    node = find_element(all, "nodes", "node", "a");
    ck_assert_uint_eq(json_array_size(json_object_get(node, "hubs")), 2);
    ck_assert_int_eq(whole_of(node, "x"), 1);
    ck_assert_uint_eq(json_array_size(json_object_get(all, "hubs")), 3);
    ck_assert_str_eq(
        json_string_value(json_array_get(json_object_get(all, "silent"), 0)),
        "c");
    json_decref(all);
    ck_assert_int_eq(gruvid_stop(g, SIGTERM), 0);
}
END_TEST

START_TEST(test_fewer_nodes_than_expected_are_3)
{
    struct gruvid *g = start(KNOWS "answer = a {\"ok\":true,\"stage\":\"x\"}\n"
                                   "silent = b\nsilent = c\n");

    ck_assert_int_eq(RUN(control(g), "--cluster", "status"), 0);
    expect_err("gruvictl: no answer from b, c\n");
    ck_assert_int_eq(RUN(control(g), "--cluster", "--expect", "1", "status"),
                     0);
    ck_assert_int_eq(RUN(control(g), "--cluster", "--expect=2", "status"), 3);
    expect_out("\na ");
    expect_err("gruvictl: no answer from b, c\n");
    expect_err("gruvictl: 1 of 2 nodes have answered\n");
    gruvid_says(g, "asked for 2: {\"do\":\"status\"}");
    ck_assert_int_eq(gruvid_stop(g, SIGTERM), 0);
}
END_TEST

START_TEST(test_what_a_node_answers_is_not_trusted)
{
    struct gruvid *g = start(
        KNOWS "answer = a no json\n"
              "answer = b {\"ok\":false,\"error\":\"no \\u001b[31m plugin\"}\n"
              "answer = c [1]\n"
              "answer = d {\"ok\":true,\"plugins\":{\"x\":[]}}\n"
              "answer = e {\"ok\":true,\"plugins\":[1,\"x\",{\"plugin\":7}]}\n"
              "answer = f {\"x\":1}\n");

    ck_assert_int_eq(RUN(control(g), "--cluster", "plugins"), 0);
    expect_err("gruvictl: a: not JSON");
    expect_err("gruvictl: b: no \\x1b[31m plugin\n");
    expect_err("gruvictl: c: not an object\n");
    expect_err("gruvictl: f: its answer is not one\n");
    expect_out("PLUGIN");
    ck_assert_int_eq(gruvid_stop(g, SIGTERM), 0);
}
END_TEST

START_TEST(test_refusals_say_what_to_do)
{
    struct gruvid *g = start(CONTROL "[plugin trial]\n");

    ck_assert_int_eq(RUN(control(g), "--cluster", "status"), 1);
    expect_err(
        "no plugin here knows other nodes; a section [plugin nats] does");
    ck_assert_int_eq(gruvid_stop(g, SIGTERM), 0);
    g = start(KNOWS "how = unreachable\n");
    ck_assert_int_eq(RUN(control(g), "--cluster", "status"), 1);
    expect_err("knows_nodes has no connection to the other nodes");
    ck_assert_int_eq(gruvid_stop(g, SIGTERM), 0);
    g = start(KNOWS "[plugin more]\nmodule = knows_nodes\n");
    ck_assert_int_eq(RUN(control(g), "--cluster", "status"), 1);
    expect_err("2 sections know other nodes: --by");
    ck_assert_int_eq(RUN(control(g), "--cluster", "--by", "nobody", "status"),
                     1);
    expect_err("no section nobody here knows other nodes");
    ck_assert_int_eq(RUN(control(g), "--cluster", "--by=more", "status"), 0);
    ck_assert_int_eq(gruvid_stop(g, SIGTERM), 0);
}
END_TEST

START_TEST(test_mistakes_of_the_command_line_are_2)
{
    static const char *const lines[][5] = {
        {"--cluster", "reload"},
        {"--cluster", "log"},
        {"--cluster", "fibers", "--stacks"},
        {"--expect", "2", "status"},
        {"--cluster", "--expect", "0", "status"},
        {"--cluster", "--expect", "x", "status"},
        {"--cluster", "status", "--expect"},
        {"--by", "x", "status"},
        {"--cluster", "status", "--by"},
    };

    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
        ck_assert_int_eq(run_gruvictl("/nowhere", lines[i]), 2);
        expect_err("usage: gruvictl");
        ck_assert_str_eq(said.out, "");
    }
}
END_TEST

/* The fiber of the plugin is cancelled with its client, and with its plugin. */
START_TEST(test_who_leaves_is_not_waited_for)
{
    struct gruvid *g = start(KNOWS "how = hangs\n");
    int fd = connect_unix(control(g));

    send_text(fd, "{\"do\":\"cluster\",\"ask\":\"status\"}\n");
    gruvid_says(g, "asked for 0");
    close(fd);
    ck_assert_int_eq(RUN(control(g), "--timeout", "5", "status"), 0);
    ck_assert_int_eq(gruvid_stop(g, SIGTERM), 0);
}
END_TEST

START_TEST(test_a_stop_ends_a_question)
{
    struct gruvid *g = start(KNOWS "how = hangs\n");
    int fd = connect_unix(control(g));

    send_text(fd, "{\"do\":\"cluster\",\"ask\":\"status\"}\n");
    gruvid_says(g, "asked for 0");
    ck_assert_int_eq(gruvid_stop(g, SIGTERM), 0);
    close(fd);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("control_cluster");
    TCase *tc = gruvid_case(suite, "cluster");

    tcase_add_test(tc, test_each_line_of_a_table_has_its_node);
    tcase_add_test(tc, test_without_it_nothing_says_node);
    tcase_add_test(tc, test_json_has_an_object_a_node);
    tcase_add_test(tc, test_fewer_nodes_than_expected_are_3);
    tcase_add_test(tc, test_what_a_node_answers_is_not_trusted);
    tcase_add_test(tc, test_refusals_say_what_to_do);
    tcase_add_test(tc, test_mistakes_of_the_command_line_are_2);
    tcase_add_test(tc, test_who_leaves_is_not_waited_for);
    tcase_add_test(tc, test_a_stop_ends_a_question);
    return run_suite(suite);
}
