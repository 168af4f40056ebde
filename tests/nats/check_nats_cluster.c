/* SPDX-License-Identifier: MIT */
/* Nodes that know each other, and gruvictl --cluster. */
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "daemon/run_gruvictl.h"
#include "nats/bus.h"

#define ROUTE "route = a -> mirror\n"

static struct bus_server server;

static void
prepare(void)
{
    bus_prepare(&server);
}

static void
finish(void)
{
    bus_remove(&server);
    gruvid_end_all();
}

static struct gruvid *
node(const char *name)
{
    char lines[200];
    struct gruvid *g;

    snprintf(lines, sizeof lines, ROUTE "node = %s\n", name);
    g = bus_gruvid(&server, lines, "");
    snprintf(lines, sizeof lines, ": node %s", name);
    gruvid_says(g, lines);
    return g;
}

static const char *
control(const struct gruvid *g)
{
    return gruvid_path(g, "control.sock");
}

/* Until it ends so, and says that on stderr: on a busy machine any node may
 * take longer than a second to answer. */
#define UNTIL(g, status, error, ...)                                           \
    while (RUN(control(g), "--cluster", __VA_ARGS__) != (status) ||            \
           strcmp(said.err, (error)) != 0)                                     \
    usleep(10000)

/* Until so many are known to a node, and answer. */
static void
await_nodes(const struct gruvid *g, const char *n)
{
    UNTIL(g, 0, "", "--expect", n, "status");
}

static void
begin_two(struct gruvid **a, struct gruvid **b)
{
    bus_begin(&server, "");
    *a = node("a");
    *b = node("b");
    await_nodes(*a, "2");
}

START_TEST(test_each_node_answers_for_all)
{
    struct gruvid *g[3];

    bus_begin(&server, "");
    g[0] = node("a");
    bus_hubs(2);
    g[1] = node("b");
    g[2] = node("c");
    for (int i = 0; i < 3; i++) {
        await_nodes(g[i], "3");
        expect_out("\na ");
        expect_out("\nb ");
        expect_out("\nc ");
        ck_assert(strstr(said.out, "\na ") < strstr(said.out, "\nb "));
        ck_assert(strstr(said.out, "\nb ") < strstr(said.out, "\nc "));
    }
    UNTIL(g[0], 0, "", "hubs");
    expect_out("NODE");
    UNTIL(g[2], 0, "", "plugins");
    expect_out("\na  ");
    expect_out("mirror");
    UNTIL(g[0], 0, "", "fibers", "--group");
    do
        ck_assert_int_eq(
            RUN(control(g[0]), "--cluster", "fibers", "--plugin", "nobody"), 0);
    while (strstr(said.err, "gruvictl: a: there is no such plugin\n") == NULL);
    for (int i = 0; i < 3; i++)
        ck_assert_int_eq(gruvid_stop(g[i], SIGTERM), 0);
}
END_TEST

START_TEST(test_a_node_that_is_stopped_is_named)
{
    struct gruvid *a, *b;

    begin_two(&a, &b);
    gruvid_signal(b, SIGSTOP);
    UNTIL(a, 0, "gruvictl: no answer from b\n", "status");
    expect_out("\na ");
    UNTIL(a, 3,
          "gruvictl: no answer from b\ngruvictl: 1 of 2 nodes have answered\n",
          "--expect", "2", "status");
    gruvid_signal(b, SIGCONT);
    await_nodes(a, "2");
    gruvid_stop(b, SIGTERM);
    gruvid_stop(a, SIGTERM);
}
END_TEST

START_TEST(test_a_node_that_was_killed_is_named_until_it_is_back)
{
    struct gruvid *a, *b;

    begin_two(&a, &b);
    gruvid_signal(b, SIGKILL);
    gruvid_wait(b);
    UNTIL(a, 0, "gruvictl: no answer from b\n", "status");
    b = node("b");
    await_nodes(a, "2");
    await_nodes(b, "2");
    gruvid_stop(b, SIGTERM);
    gruvid_stop(a, SIGTERM);
}
END_TEST

START_TEST(test_a_node_that_has_gone_in_order_is_not_missed)
{
    struct gruvid *a, *b;

    begin_two(&a, &b);
    ck_assert_int_eq(gruvid_stop(b, SIGTERM), 0);
    UNTIL(a, 0, "", "status");
    gruvid_stop(a, SIGTERM);
}
END_TEST

START_TEST(test_a_reload_changes_the_name)
{
    struct gruvid *a, *b;

    begin_two(&a, &b);
    gruvid_reload(b, bus_config(&server, ROUTE "node = new\n", ""), true);
    gruvid_says(b, ": node new");
    await_nodes(a, "2");
    expect_out("\nnew ");
    ck_assert_ptr_null(strstr(said.out, "\nb "));
    gruvid_reload(b, bus_config(&server, ROUTE, ""), true);
    while (RUN(control(b), "--cluster", "status") == 0)
        usleep(10000);
    expect_err("nats has no connection to the other nodes");
    UNTIL(a, 0, "", "status");
    gruvid_stop(b, SIGTERM);
    gruvid_stop(a, SIGTERM);
}
END_TEST

/* A new generation of the plugin is the same node. */
START_TEST(test_a_restart_of_the_plugin_keeps_the_name)
{
    struct gruvid *a, *b;

    begin_two(&a, &b);
    ck_assert_int_eq(RUN(control(b), "restart", "nats"), 0);
    gruvid_says(b, "nats, generation 1 has stopped");
    await_nodes(a, "2");
    await_nodes(b, "2");
    ck_assert_uint_eq(gruvid_said(b, "has this name"), 0);
    gruvid_stop(b, SIGTERM);
    gruvid_stop(a, SIGTERM);
}
END_TEST

START_TEST(test_a_server_that_comes_back_has_all_nodes_again)
{
    struct gruvid *a, *b;

    begin_two(&a, &b);
    bus_end(&server);
    gruvid_says(a, " is lost");
    while (RUN(control(a), "--cluster", "status") != 1)
        usleep(10000);
    expect_err("no connection to the other nodes");
    bus_begin(&server, "");
    gruvid_says_times(a, ": node a", 2);
    gruvid_says_times(b, ": node b", 2);
    await_nodes(a, "2");
    await_nodes(b, "2");
    gruvid_stop(b, SIGTERM);
    gruvid_stop(a, SIGTERM);
}
END_TEST

START_TEST(test_a_server_that_stands_still_is_no_silent_node)
{
    struct gruvid *g;

    bus_begin(&server, "");
    g = node("a");
    await_nodes(g, "1");
    kill(server.server.pid, SIGSTOP);
    ck_assert_int_eq(RUN(control(g), "--cluster", "status"), 1);
    expect_err("no node answers, not even this one");
    kill(server.server.pid, SIGCONT);
    await_nodes(g, "1");
    gruvid_stop(g, SIGTERM);
}
END_TEST

START_TEST(test_a_name_in_use_is_asked_for_again)
{
    struct gruvid *a, *other;

    bus_begin(&server, "");
    a = node("same");
    other = bus_gruvid(&server, ROUTE "node = same\n", "");
    gruvid_says(other, "node same: another gruvid has this name");
    ck_assert_int_eq(RUN(control(other), "--cluster", "status"), 1);
    gruvid_stop(a, SIGTERM);
    gruvid_says(other, "node same: the name is free");
    await_nodes(other, "1");
    gruvid_stop(other, SIGTERM);
}
END_TEST

START_TEST(test_another_prefix_is_another_cluster)
{
    struct gruvid *a, *other;

    bus_begin(&server, "");
    a = node("same");
    other = bus_gruvid(&server, ROUTE "node = same\nprefix = other\n", "");
    await_nodes(other, "1");
    ck_assert_uint_eq(gruvid_said(other, "has this name"), 0);
    UNTIL(a, 3, "gruvictl: 1 of 2 nodes have answered\n", "--expect", "2",
          "status");
    gruvid_stop(other, SIGTERM);
    gruvid_stop(a, SIGTERM);
}
END_TEST

/* No client of the bus keeps a node from its name for longer than it answers.
 */
START_TEST(test_a_name_is_asked_for_again_after_a_malformed_answer)
{
    struct gruvid *g;
    struct letter letter;
    struct bus *bus;
    char text[300];

    bus_begin(&server, "");
    bus = bus_open(server.port);
    send_text(bus->fd, "SUB gruvid.node.name.a 70\r\n");
    bus_flush(bus);
    g = bus_gruvid_begin(&server, ROUTE "node = a\n", "");
    bus_read(bus, &letter);
    snprintf(text, sizeof text, "HPUB %s 5 5\r\nx\r\n\r\n\r\n", letter.reply);
    send_text(bus->fd, text);
    letter_free(&letter);
    gruvid_says(g, "node a: another gruvid has this name");
    bus_close(bus);
    gruvid_says(g, "node a: the name is free");
    await_nodes(g, "1");
    gruvid_stop(g, SIGTERM);
}
END_TEST

START_TEST(test_a_start_waits_for_its_name_where_it_waits_at_all)
{
    struct gruvid *a, *other;

    bus_begin(&server, "");
    a = node("same");
    other = bus_gruvid_begin(&server,
                             ROUTE "node = same\nconnect = required\n"
                                   "start_timeout = 3s\n",
                             "");
    ck_assert_int_ne(gruvid_wait(other), 0);
    gruvid_says(other, "node same: another gruvid has this name");
    gruvid_stop(a, SIGTERM);
}
END_TEST

START_TEST(test_a_long_answer_comes_in_parts)
{
    struct gruvid *a, *b;

    bus_begin(&server, "max_payload: 700\n");
    a = node("a");
    b = node("b");
    await_nodes(a, "2");
    UNTIL(a, 0, "", "--json", "plugins");
    ck_assert_uint_gt(strlen(said.out), 4000);
    gruvid_stop(b, SIGTERM);
    gruvid_stop(a, SIGTERM);
}
END_TEST

/* --- clients of the bus --------------------------------------------------- */

static void
publish(struct bus *bus, const char *subject, const char *reply,
        const char *text)
{
    bus_publish(bus, subject, reply, NULL, text, strlen(text));
}

/* As where as many nodes begin at once: all their questions come in one read.
 */
START_TEST(test_each_of_many_that_say_hello_at_once_is_answered)
{
    static const char hello[] = "{\"do\":\"hello\"}";
    struct gruvid *g;
    struct letter letter;
    struct bus *bus;

    bus_begin(&server, "");
    g = node("a");
    bus = bus_open(server.port);
    send_text(bus->fd, "SUB gruvid.node.answer.x.> 70\r\n");
    gruvid_signal(g, SIGSTOP);
    for (int i = 0; i < 100; i++)
        publish(bus, "gruvid.node.ask", "gruvid.node.answer.x", hello);
    bus_flush(bus);
    gruvid_signal(g, SIGCONT);
    for (int i = 0; i < 100; i++) {
        bus_read(bus, &letter);
        ck_assert_str_eq(letter.subject, "gruvid.node.answer.x.a.end");
        letter_free(&letter);
    }
    bus_close(bus);
    gruvid_stop(g, SIGTERM);
}
END_TEST

/* What is asked last is answered, so nothing else was. */
START_TEST(test_nothing_else_is_answered_and_nowhere_else)
{
    static const char *const questions[] = {
        "{\"do\":\"config\"}",
        "{\"do\":\"log\"}",
        "{\"do\":\"stop\"}",
        "{\"do\":\"connections\"}",
        "{\"do\":\"fibers\",\"stacks\":true}",
        "{\"do\":\"fibers\",\"plugin\":{}}",
        "{\"do\":[\"status\"]}",
        "{\"do\":1}",
        "{}",
        "status",
        "",
    };
    struct letter letter;
    struct gruvid *g;
    struct bus *bus;

    bus_begin(&server, "");
    g = node("a");
    bus = bus_open(server.port);
    send_text(bus->fd, "SUB gruvid.node.answer.x.> 70\r\nSUB victim 71\r\n"
                       "SUB gruvid.node.answer.last.> 72\r\n");
    for (size_t i = 0; i < sizeof questions / sizeof *questions; i++)
        publish(bus, "gruvid.node.ask", "gruvid.node.answer.x", questions[i]);
    publish(bus, "gruvid.node.ask", "victim", "{\"do\":\"status\"}");
    publish(bus, "gruvid.node.ask", NULL, "{\"do\":\"status\"}");
    publish(bus, "gruvid.node.name.a", "victim", "");
    publish(bus, "gruvid.node.ask", "gruvid.node.answer.last",
            "{\"do\":\"status\"}");
    bus_read(bus, &letter);
    ck_assert_str_eq(letter.subject, "gruvid.node.answer.last.a.end");
    ck_assert_ptr_nonnull(strstr(letter.body, "\"stage\":\"serving\""));
    letter_free(&letter);
    bus_close(bus);
    gruvid_stop(g, SIGTERM);
}
END_TEST

START_TEST(test_forged_greetings_harm_nobody)
{
    static const char *const forged[] = {
        "",
        "{",
        "[]",
        "{\"node\":\"b\",\"id\":\"x\",\"generation\":1,\"state\":\"gone\"}",
        "{\"node\":\"b.>\",\"id\":\"x\",\"generation\":1,\"state\":\"here\"}",
    };
    struct gruvid *a, *b;
    struct bus *bus;

    begin_two(&a, &b);
    bus = bus_open(server.port);
    for (size_t i = 0; i < sizeof forged / sizeof *forged; i++)
        publish(bus, "gruvid.node.here", NULL, forged[i]);
    bus_flush(bus);
    bus_close(bus);
    gruvid_signal(b, SIGSTOP);
    UNTIL(a, 0, "gruvictl: no answer from b\n", "status");
    gruvid_signal(b, SIGCONT);
    gruvid_stop(b, SIGTERM);
    gruvid_stop(a, SIGTERM);
}
END_TEST

START_TEST(test_a_login_without_permissions_is_no_node_and_says_why)
{
    struct gruvid *g;

    bus_begin(&server, "authorization { users: [ { user: u, password: p, "
                       "permissions: { subscribe: [\"a\", \"_INBOX.>\"], "
                       "publish: \"_INBOX.>\" } } ] }\n");
    g = bus_gruvid(&server, ROUTE "user = u\npassword = p\nnode = a\n", "");
    gruvid_says(g, "this login may not publish to gruvid.node.>");
    ck_assert_int_eq(RUN(control(g), "--cluster", "status"), 1);
    gruvid_stop(g, SIGTERM);
}
END_TEST

START_TEST(test_names_that_are_none_are_refused)
{
    static const char *const lines[][2] = {
        {ROUTE "node = a.b\n", "node: \"a.b\" is not of letters"},
        {ROUTE "node = a b\n", "node: \"a b\" is not of letters"},
        {ROUTE "node = *\n", "node: \"*\" is not of letters"},
        {ROUTE "node = a\nprefix = x.y\n", "prefix: \"x.y\" is not of letters"},
        {ROUTE "node = a\nprefix =\n", "prefix: \"\" is not of letters"},
    };

    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
        struct gruvid *g = bus_gruvid_begin(&server, lines[i][0], "");

        ck_assert_int_ne(gruvid_wait(g), 0);
        gruvid_says(g, lines[i][1]);
    }
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("nats_cluster");
    TCase *tc = tcase_create("cluster");

    bus_need();
    suite_add_tcase(suite, tc);
    tcase_add_checked_fixture(tc, prepare, finish);
    tcase_set_timeout(tc, 120);
    tcase_add_test(tc, test_each_node_answers_for_all);
    tcase_add_test(tc, test_a_node_that_is_stopped_is_named);
    tcase_add_test(tc, test_a_node_that_was_killed_is_named_until_it_is_back);
    tcase_add_test(tc, test_a_node_that_has_gone_in_order_is_not_missed);
    tcase_add_test(tc, test_a_reload_changes_the_name);
    tcase_add_test(tc, test_a_restart_of_the_plugin_keeps_the_name);
    tcase_add_test(tc, test_a_server_that_comes_back_has_all_nodes_again);
    tcase_add_test(tc, test_a_server_that_stands_still_is_no_silent_node);
    tcase_add_test(tc, test_a_name_in_use_is_asked_for_again);
    tcase_add_test(tc, test_another_prefix_is_another_cluster);
    tcase_add_test(tc, test_a_name_is_asked_for_again_after_a_malformed_answer);
    tcase_add_test(tc, test_a_start_waits_for_its_name_where_it_waits_at_all);
    tcase_add_test(tc, test_a_long_answer_comes_in_parts);
    tcase_add_test(tc, test_each_of_many_that_say_hello_at_once_is_answered);
    tcase_add_test(tc, test_nothing_else_is_answered_and_nowhere_else);
    tcase_add_test(tc, test_forged_greetings_harm_nobody);
    tcase_add_test(tc,
                   test_a_login_without_permissions_is_no_node_and_says_why);
    tcase_add_test(tc, test_names_that_are_none_are_refused);
    return run_suite(suite);
}
