/* SPDX-License-Identifier: MIT */
/* Places of the control socket: who gives way to a client that finds none. */
#include <stdlib.h>
#include <string.h>

#include <gruvi.h>

#include "control/places.h"
#include "control/state.h"
#include "support/suite.h"

#define OWN  68 /* places of who may act */
#define NOW  1000.0
#define IDLE GRUVID__CONTROL_IDLE

static const struct gruvid__peer root = {.may = GRUVID__MAY_ACT};
static const struct gruvid__peer member = {.uid = 7, .may = GRUVID__MAY_LOOK};

static struct gruvid__daemon daemon_;
static struct gruvid__control control = {.daemon = &daemon_, .spare = -1};
static gruvi_listener_t *listener;
static gruvi_stream_t *far_end; /* of the first client */
static gruvi_fiber_t *serving;
static gruvi_event_t let_go;

/* One after another, all of root: idle since 900, 901 and so on.  Only the
 * first has a connection. */
static struct gruvid__client clients[OWN];

/* --- the first -------------------------------------------------------------
 */

static void
answer(struct gruvid__client *client, const char *line, size_t length)
{
    if (length == 4 && strncmp(line, "wait", 4) == 0)
        gruvi_event_wait(&let_go, GRUVI_FOREVER);
    gruvid__client_put(client, "done\n", 5);
}

static int
serve(void *arg)
{
    gruvid__client_serve(arg);
    return 0;
}

static void
say(const char *line)
{
    ck_assert_int_eq(gruvi_stream_write(far_end, line, strlen(line)), 0);
}

static void
hear(const char *text)
{
    char line[256];
    ssize_t n = gruvi_stream_read_line(far_end, line, sizeof line - 1);

    ck_assert_int_ge(n, 0);
    line[n] = '\0';
    ck_assert_msg(*text == '\0' ? n == 0 : strstr(line, text) != NULL,
                  "'%s' is not in '%s'", text, line);
}

/* It has asked once, and been answered. */
static void
open_clients(void)
{
    char address[GRUVI_ADDRESS_SIZE];

    daemon_.hub = gruvi_get_hub();
    gruvi_group_init(&control.fibers, NULL);
    gruvi_event_init(&let_go);
    ck_assert_int_eq(gruvi_listen(&listener, "tcp://127.0.0.1:0", NULL), 0);
    gruvi_listener_address(listener, address, sizeof address);
    memset(clients, 0, sizeof clients);
    ck_assert_int_eq(gruvi_connect(&far_end, address, NULL, 60), 0);
    ck_assert_int_eq(gruvi_accept(listener, &clients[0].stream, 60), 0);
    clients[0].control = &control;
    clients[0].serve = answer;
    serving = gruvid__control_spawn(&control, serve, &clients[0], "control");
    say("x\n");
    hear("done");
    for (int i = 0; i < OWN; i++) {
        clients[i].next = i + 1 < OWN ? &clients[i + 1] : NULL;
        clients[i].peer = root;
        clients[i].idle_since = NOW - 100 + i;
    }
}

static void
close_clients(void)
{
    gruvi_stream_close(far_end);
    gruvi_fiber_join(serving, GRUVI_FOREVER);
    gruvi_fiber_unref(serving);
    gruvi_listener_close(listener);
    gruvi_event_destroy(&let_go);
    gruvi_group_destroy(&control.fibers);
}

/* --- who gives way ---------------------------------------------------------
 */

START_TEST(test_who_has_a_place_left_disturbs_nobody)
{
    clients[OWN - 1].peer = member;
    ck_assert(gruvid__place_find(clients, &root, NOW));
    ck_assert(gruvid__place_find(clients, &member, NOW));
    for (int i = 0; i < OWN; i++)
        ck_assert(!clients[i].leaving);
}
END_TEST

START_TEST(test_the_client_that_is_idle_for_longest_gives_way)
{
    ck_assert(gruvid__place_find(clients, &root, NOW));
    ck_assert(clients[0].leaving);
    hear("\"code\":\"ETIMEDOUT\",\"error\":\"idle for 100 seconds");
    hear("");
    /* Its place is free already. */
    clients[1].leaving = false;
    ck_assert(gruvid__place_find(clients, &root, NOW));
    ck_assert(!clients[1].leaving);
}
END_TEST

START_TEST(test_a_client_has_a_minute_to_ask)
{
    ck_assert(!gruvid__place_find(clients, &root, NOW - 100 + IDLE - 0.1));
    ck_assert(!clients[0].leaving);
    say("x\n");
    hear("done");
}
END_TEST

/* The last is not the first any more. */
START_TEST(test_a_client_that_asks_is_not_idle)
{
    say("x\n");
    hear("done");
    ck_assert_double_gt(clients[0].idle_since, 0);
    clients[0].idle_since += 1e9;
    for (int i = 1; i < OWN; i++)
        clients[i].busy = true;
    ck_assert(!gruvid__place_find(clients, &root, NOW));
}
END_TEST

/* A reload, a trace: however long it takes. */
START_TEST(test_a_command_that_runs_keeps_its_place)
{
    for (int i = 1; i < OWN; i++)
        clients[i].busy = true;
    say("wait\n");
    while (!clients[0].busy)
        gruvi_sleep(0);
    clients[0].idle_since = 0;
    ck_assert(!gruvid__place_find(clients, &root, NOW));
    gruvi_event_set(&let_go);
    hear("done");
    ck_assert_double_gt(clients[0].idle_since, 0);
}
END_TEST

START_TEST(test_clients_of_others_do_not_give_way)
{
    static struct gruvid__client many[64];

    for (int i = 0; i < 64; i++) {
        many[i].next = i < 63 ? &many[i + 1] : clients;
        many[i].peer = member;
        many[i].busy = true;
    }
    ck_assert(!gruvid__place_find(many, &member, NOW));
    ck_assert(!clients[0].leaving);
    many[0].leaving = true;
    ck_assert(gruvid__place_find(many, &member, NOW));
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("control_places");
    TCase *tc = tcase_create("places");
    int status;

    tcase_add_checked_fixture(tc, open_clients, close_clients);
    tcase_add_test(tc, test_who_has_a_place_left_disturbs_nobody);
    tcase_add_test(tc, test_the_client_that_is_idle_for_longest_gives_way);
    tcase_add_test(tc, test_a_client_has_a_minute_to_ask);
    tcase_add_test(tc, test_a_client_that_asks_is_not_idle);
    tcase_add_test(tc, test_a_command_that_runs_keeps_its_place);
    tcase_add_test(tc, test_clients_of_others_do_not_give_way);
    suite_add_tcase(suite, tc);
    status = run_suite(suite);
    /* Tests that do not fork share the hub. */
    gruvi_hub_close(gruvi_get_hub());
    return status;
}
