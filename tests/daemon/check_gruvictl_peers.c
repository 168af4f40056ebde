/* SPDX-License-Identifier: MIT */
/* gruvictl with peers that are no gruvid. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "daemon/run_gruvictl.h"

static char peer_dir[32], peer_path[64];
static pid_t peer;

static void
end_peer(void)
{
    if (peer > 0) {
        kill(peer, SIGKILL);
        waitpid(peer, NULL, 0);
    }
    peer = 0;
    unlink(peer_path);
    rmdir(peer_dir);
}

enum manner { ONCE, EACH_TIME, FOR_EVER };

/* What a server does with a connection. */
static void
serve(int fd, const char *text, enum manner manner)
{
    char request[4096];

    while (recv(fd, request, sizeof request, 0) > 0) {
        while (send(fd, text, strlen(text), MSG_NOSIGNAL) > 0 &&
               manner == FOR_EVER)
            ;
        if (manner == ONCE)
            break;
    }
    close(fd);
}

/* In a folder of its own. */
static int
listen_at(struct sockaddr_un *address, int backlog)
{
    int listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    end_peer();
    strcpy(peer_dir, "/tmp/gruvictl-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(peer_dir));
    snprintf(peer_path, sizeof peer_path, "%s/sock", peer_dir);
    strcpy(address->sun_path, peer_path);
    ck_assert_int_eq(
        bind(listener, (struct sockaddr *)address, sizeof *address), 0);
    ck_assert_int_eq(listen(listener, backlog), 0);
    return listener;
}

/* A server that answers a request, each, or the first without an end. */
static void
begin_peer(const char *text, enum manner manner)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int listener = listen_at(&address, 8), fd;

    peer = fork();
    if (peer == 0) {
        while ((fd = accept(listener, NULL, NULL)) >= 0)
            serve(fd, text, manner);
        _exit(0);
    }
    close(listener);
}

START_TEST(test_garbage_is_no_answer)
{
    static const char *const answers[] = {
        "\n",
        "garbage\n",
        "[]\n",
        "{}\n",
        "null\n",
        "\xff\xfe\n",
        "{\"ok\":1}\n",
        "{\"ok\":\"true\"}\n",
        "1\n",
        "{\"ok\":true\n",
        "{\"ok\":true,\"ok\":true}\n",
    };

    for (size_t i = 0; i < sizeof answers / sizeof *answers; i++) {
        begin_peer(answers[i], ONCE);
        ck_assert_int_eq(RUN(peer_path, "status"), 69);
        expect_err("what listens there is no gruvid");
        ck_assert_str_eq(said.out, "");
        ck_assert_int_eq(RUN(peer_path, "stop"), 69);
    }
    end_peer();
}
END_TEST

START_TEST(test_an_answer_that_breaks_off_is_69)
{
    begin_peer("{\"ok\":true,\"more\":true,\"hubs\":[]}\n{\"ok\":", ONCE);
    ck_assert_int_eq(RUN(peer_path, "hubs"), 69);
    expect_err("gruvid has gone");
    ck_assert_str_eq(said.out, "");
    end_peer();
}
END_TEST

START_TEST(test_a_peer_that_says_nothing_is_given_up)
{
    begin_peer("", EACH_TIME);
    ck_assert_int_eq(RUN(peer_path, "--timeout", "0.05", "status"), 69);
    end_peer();
}
END_TEST

START_TEST(test_a_line_without_end_is_given_up)
{
    begin_peer(
        "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
        FOR_EVER);
    ck_assert_int_eq(RUN(peer_path, "status"), 69);
    expect_err("its line has no end");
    end_peer();
}
END_TEST

/* A signal comes every two milliseconds: each wait is interrupted long before
 * its end, and ends all the same. */
START_TEST(test_signals_do_not_make_a_wait_longer)
{
    const char *flags = getenv("SANITIZER_FLAGS");
    char storm[4200];

    if (flags != NULL && flags[0] != '\0')
        return; /* nothing may be preloaded */
    begin_peer("", EACH_TIME);
    snprintf(storm, sizeof storm, "%s/tests/daemon/.libs/signal_storm.so",
             getenv("top_builddir"));
    ck_assert_int_eq(access(storm, R_OK), 0);
    setenv("LD_PRELOAD", storm, 1);
    ck_assert_int_eq(RUN(peer_path, "--timeout", "0.05", "status"), 69);
    expect_err("gruvid does not answer within 0.05 seconds");
    unsetenv("LD_PRELOAD");
    end_peer();
}
END_TEST

/* Whether a connection is waiting to be accepted now. */
static bool
fill_queue(const struct sockaddr_un *address)
{
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

    return connect(fd, (const struct sockaddr *)address, sizeof *address) == 0;
}

START_TEST(test_a_peer_that_accepts_nobody_is_given_up)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int listener = listen_at(&address, 0);

    while (fill_queue(&address))
        continue;
    ck_assert_int_eq(RUN(peer_path, "--timeout", "0.05", "status"), 69);
    expect_err("gruvid does not answer within 0.05 seconds");
    close(listener);
    end_peer();
}
END_TEST

/* What is missing is said to stderr: where that is lost, the answer is not
 * whole. */
START_TEST(test_a_note_that_is_lost_is_1)
{
    static const char *const fibers[] = {"fibers", NULL};

    begin_peer("{\"ok\":true,\"fibers\":[],\"hubs\":[{\"hub\":7,\"error\":"
               "\"busy\"}]}\n",
               EACH_TIME);
    ck_assert_int_eq(RUN(peer_path, "fibers"), 0);
    expect_err("no fibers of hub 7: busy");
    ck_assert_int_eq(run_with(2, "/dev/full", peer_path, fibers), 1);
    ck_assert_int_eq(run_with(2, NULL, peer_path, fibers), 1);
    end_peer();
}
END_TEST

/* Lies about types are shown as they are, or as '?'. */
START_TEST(test_values_of_any_type_are_shown)
{
    begin_peer(
        "{\"ok\":true,\"plugins\":[1,null,[],{\"plugin\":[[1]],"
        "\"state\":{},\"generation\":\"x\"},{\"plugin\":3.5}],"
        "\"modules\":[{\"mapped\":\"a\",\"tls\":-1,\"used\":3}],\"hubs\":{},"
        "\"settings\":[{\"value\":{}},{\"section\":1,\"value\":[[]]},7],"
        "\"status\":\"x\",\"reload\":[],\"pools\":[{\"wait_p50\":1e300}],"
        "\"connections\":\"x\",\"requests\":[{\"plugin\":7,\"route\":[],"
        "\"time_p50\":\"x\"},5],\"unrouted\":[[],{\"status\":{}}],"
        "\"more_of_them\":[],\"uptime\":-5}\n",
        EACH_TIME);
    for (const char *const *c =
             (const char *const[]){"status", "plugins", "hubs", "pools",
                                   "config", "connections", "requests",
                                   "reload", NULL};
         *c != NULL; c++)
        ck_assert_int_eq(RUN(peer_path, *c), 0);
    ck_assert_int_eq(RUN(peer_path, "top", "--count", "1"), 0);
    ck_assert_int_eq(RUN(peer_path, "plugins"), 0);
    expect_out("3.5");
    end_peer();
}
END_TEST

static bool
is_plain(const char *text)
{
    for (; *text != '\0'; text++)
        if ((unsigned char)*text >= 0x7f ||
            ((unsigned char)*text < 0x20 && *text != '\n'))
            return false;
    return true;
}

/* A title, CSI of both sets of controls, and a change of direction. */
START_TEST(test_no_escape_sequence_reaches_the_terminal)
{
#define EVIL "\\u001b]0;evil\\u0007\\u009b31m\\u202e\\r\\u007fname"
    static const char *const commands[] = {"plugins", "config", "status",
                                           "connections"};

    begin_peer("{\"ok\":true,\"plugins\":[{\"plugin\":\"" EVIL "\"}],"
               "\"settings\":[{\"section\":\"" EVIL "\",\"key\":\"" EVIL
               "\",\"value\":\"" EVIL "\",\"file\":\"" EVIL "\"}],"
               "\"stage\":\"" EVIL "\",\"version\":\"" EVIL "\","
               "\"connections\":[{\"peer\":\"" EVIL "\"}]}\n",
               ONCE);
    for (size_t i = 0; i < sizeof commands / sizeof *commands; i++) {
        ck_assert_int_eq(RUN(peer_path, commands[i]), 0);
        ck_assert(is_plain(said.out));
        expect_out("\\x1b]0;evil\\x07");
        ck_assert_int_eq(RUN(peer_path, commands[i], "--json"), 0);
        ck_assert(is_plain(said.out));
    }
    begin_peer("{\"ok\":false,\"error\":\"" EVIL "\",\"reasons\":[\"" EVIL
               "\",1]}\n",
               ONCE);
    ck_assert_int_eq(RUN(peer_path, "reload"), 1);
    ck_assert(is_plain(said.err));
    end_peer();
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("gruvictl_peers");
    TCase *tc = gruvid_case(suite, "peers");

    unsetenv("GRUVID_CONTROL");
    tcase_add_checked_fixture(tc, NULL, end_peer);
    tcase_add_test(tc, test_garbage_is_no_answer);
    tcase_add_test(tc, test_an_answer_that_breaks_off_is_69);
    tcase_add_test(tc, test_a_peer_that_says_nothing_is_given_up);
    tcase_add_test(tc, test_a_line_without_end_is_given_up);
    tcase_add_test(tc, test_signals_do_not_make_a_wait_longer);
    tcase_add_test(tc, test_a_peer_that_accepts_nobody_is_given_up);
    tcase_add_test(tc, test_a_note_that_is_lost_is_1);
    tcase_add_test(tc, test_values_of_any_type_are_shown);
    tcase_add_test(tc, test_no_escape_sequence_reaches_the_terminal);
    return run_suite(suite);
}
