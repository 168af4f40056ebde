/* SPDX-License-Identifier: MIT */
/* plugins/examples/chat.c: lines go to all others, slow clients go. */
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "daemon/server.h"

#define CHAT                                                                   \
    "[plugin chat]\nlisten = tcp://127.0.0.1:0\nlisten = unix:@DIR@/socket\n"

/* Say a client's name, and wait until it is in the room. */
static int
enter(int fd, const char *name)
{
    char line[64];

    snprintf(line, sizeof line, "%s\n", name);
    send_text(fd, line);
    snprintf(line, sizeof line, "Welcome, %s\n", name);
    expect_text(fd, line);
    return fd;
}

START_TEST(test_a_line_goes_to_all_others)
{
    struct gruvid *g = gruvid_with_examples(CHAT);
    int ann = enter(connect_to(g, 0), "Ann");
    int bob = enter(connect_to(g, 0), "Bob");
    int zoe = enter(connect_unix(gruvid_path(g, "socket")), "Zoe");

    send_text(ann, "to \033[2J all\r\n");
    expect_text(bob, "Ann: to ?[2J all\n");
    expect_text(zoe, "Ann: to ?[2J all\n");
    send_text(bob, "to Ann and Zoe\n");
    expect_text(ann, "Bob: to Ann and Zoe\n");
    /* A client that ends its side gets what waits for it, and the end. */
    shutdown(zoe, SHUT_WR);
    expect_text(zoe, "Bob: to Ann and Zoe\n");
    ck_assert(!expect_end(zoe));
    /* Nobody minds a client that is gone. */
    reset(bob);
    send_text(ann, "are you there?\n");
    ck_assert_int_eq(gruvid_stop(g, SIGTERM), 0);
    expect_text(ann, "* the room closes; come again\n");
    ck_assert(!expect_end(ann));
    ck_assert_uint_eq(gruvid_said(g, " error ") + gruvid_said(g, "slow"), 0);
}
END_TEST

START_TEST(test_a_slow_reader_is_dropped_and_nobody_waits_for_it)
{
    char line[1001], expected[1010];
    struct gruvid *g = gruvid_with_examples(CHAT);
    int ann = enter(connect_to(g, 0), "Ann");
    int bob = enter(connect_to(g, 0), "Bob");
    int slow = enter(connect_unix(gruvid_path(g, "socket")), "Sam");

    memset(line, 'x', 999);
    strcpy(line + 999, "\n");
    snprintf(expected, sizeof expected, "Ann: %s", line);
    /* More than a queue and the buffers of a Unix socket hold. */
    for (int i = 0; i < 2000; i++) {
        send_text(ann, line);
        expect_text(bob, expected);
    }
    gruvid_says(g, "Sam is too slow");
    expect_end(slow);
    send_text(bob, "and now?\n");
    expect_text(ann, "Bob: and now?\n");
    ck_assert_int_eq(gruvid_stop(g, SIGTERM), 0);
    ck_assert_uint_eq(gruvid_said(g, " error "), 0);
    ck_assert_uint_eq(gruvid_said(g, "too slow"), 1);
}
END_TEST

START_TEST(test_what_is_too_long_ends_a_client)
{
    char line[2001];
    struct gruvid *g = gruvid_with_examples(CHAT);
    int ann = enter(connect_to(g, 0), "Ann"), fd = connect_to(g, 0);

    memset(line, 'x', 2000);
    line[2000] = '\0';
    send_text(fd, line);
    expect_end(fd);
    send_text(ann, line);
    expect_end(ann);
    ck_assert_int_eq(gruvid_stop(g, SIGTERM), 0);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("example_chat");
    TCase *tc = gruvid_case(suite, "chat");

    tcase_add_test(tc, test_a_line_goes_to_all_others);
    tcase_add_test(tc, test_a_slow_reader_is_dropped_and_nobody_waits_for_it);
    tcase_add_test(tc, test_what_is_too_long_ends_a_client);
    return run_suite(suite);
}
