/* SPDX-License-Identifier: MIT */
/* Commands without memory: allocations fail in turn.  Who asks gets an answer,
 * or the end of the connection, and the next who asks gets all of it. */
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "daemon/control_client.h"
#include "daemon/failing_memory.h"

#define CONFIG                                                                 \
    CONTROL "hubs = 2\n[plugin spread]\nlisten = unix:@DIR@/spread\n"          \
            "[plugin trial]\nfiber = good\nlisten = unix:@DIR@/trial\n"

static const char *const commands[] = {
    "{\"do\":\"hello\"}",
    "{\"do\":\"status\",\"id\":\"x\"}",
    "{\"do\":\"plugins\"}",
    "{\"do\":\"hubs\"}",
    "{\"do\":\"pools\"}",
    "{\"do\":\"connections\"}",
    "{\"do\":\"requests\"}",
    "{\"do\":\"config\"}",
    "{\"do\":\"log\",\"lines\":20}",
    "{\"do\":\"fibers\",\"stacks\":true}",
    "{\"do\":\"fibers\",\"group\":true,\"stacks\":true}",
    "{\"do\":\"fibers\",\"plugin\":\"trial\"}",
    "{\"do\":\"log-level\",\"level\":\"debug\",\"plugin\":\"trial\"}",
    "{\"do\":\"log-level\",\"level\":\"default\",\"plugin\":\"trial\"}",
    "{\"do\":\"nonsense\"}",
};
#define COMMANDS (sizeof commands / sizeof *commands)

/* What comes back where allocation number n fails; NULL: the end. */
static const char *
ask_without(struct gruvid *g, const char *command, int n)
{
    int fd = connect_control(g);
    const char *answer;

    failing_memory_at(n);
    send(fd, command, strlen(command), MSG_NOSIGNAL);
    send(fd, "\n", 1, MSG_NOSIGNAL);
    answer = read_answer(fd);
    close(fd);
    return answer;
}

/* Neighbours do the same: fewer of them are tried the farther it goes. */
START_TEST(test_each_allocation_of_a_command_may_fail)
{
    struct gruvid_options options = {0};
    struct gruvid *g;
    int fd, n = 1;

    if (!failing_memory_works())
        return;
    options.env = failing_memory_begin();
    g = gruvid_ready(CONFIG, &options);
    fd = connect_unix(gruvid_path(g, "trial"));
    send_text(fd, "x");
    expect_text(fd, "x");
    for (bool failed = true; failed; n += 1 + n / 32) {
        const char *answer = ask_without(g, commands[_i], n);

        ck_assert_msg(answer == NULL || strstr(answer, "\"ok\":") != NULL,
                      "allocation %d: %s", n, answer);
        failed = failing_memory_failed();
        failing_memory_at(0);
        expect_answer(ask_once(g, commands[_i]),
                      _i == COMMANDS - 1 ? "\"ok\":false" : "\"ok\":true");
    }
    ck_assert_int_gt(n, 2);
    failing_memory_end();
    send_text(fd, "y");
    expect_text(fd, "y");
    close(fd);
    ck_assert_int_eq(gruvid_stop(g, SIGTERM), 0);
}
END_TEST

static void
end(void)
{
    failing_memory_end();
    gruvid_end_all();
}

int
main(void)
{
    Suite *suite = suite_create("control_memory");
    TCase *tc = tcase_create("memory");

    tcase_add_checked_fixture(tc, NULL, end);
    tcase_set_timeout(tc, 4 * PATIENCE);
    tcase_add_loop_test(tc, test_each_allocation_of_a_command_may_fail, 0,
                        COMMANDS);
    suite_add_tcase(suite, tc);
    return run_suite(suite);
}
