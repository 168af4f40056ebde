/* SPDX-License-Identifier: MIT */
/* Reloads that change the queue of an address, and keepalive: the socket stays
 * the same. */
#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "daemon/hubs_clients.h"

/* --- backlog -------------------------------------------------------------- */

#define QUEUES                                                                 \
    "[plugin trial]\nmax_connections = 1\nlisten = unix:@DIR@/socket\n"        \
    "backlog = "

/* Without waiting for a place in the queue; -1: there is none. */
static int
try_to_connect(const struct gruvid *g)
{
    struct sockaddr_un at = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

    ck_assert_int_ge(fd, 0);
    strcpy(at.sun_path, gruvid_path(g, "socket"));
    if (connect(fd, (struct sockaddr *)&at, sizeof at) == 0)
        return fd;
    ck_assert_int_eq(errno, EAGAIN);
    close(fd);
    return -1;
}

/* How many more the queue takes. */
static int
fill_queue(const struct gruvid *g)
{
    int n = 0;

    while (try_to_connect(g) >= 0)
        n++;
    return n;
}

/* Nobody accepts while the only place is taken, so clients stay in the queue.
 * The kernel queues one more than the backlog says. */
START_TEST(test_the_queue_of_an_address_grows_and_shrinks)
{
    struct gruvid *g = gruvid_ready(QUEUES "3\n", NULL);
    int served = try_to_connect(g);
    struct stat before, after;

    send_text(served, "x");
    gruvid_says(g, "max_connections = 1 is reached");
    ck_assert_int_eq(stat(gruvid_path(g, "socket"), &before), 0);
    ck_assert_int_eq(fill_queue(g), 4);
    gruvid_reload(g, QUEUES "9\n", true);
    ck_assert_int_eq(fill_queue(g), 6);
    gruvid_reload(g, QUEUES "2\n", true);
    ck_assert_int_eq(fill_queue(g), 0);
    gruvid_reload(g, QUEUES "10\n", true);
    ck_assert_int_eq(fill_queue(g), 1);
    ck_assert_int_eq(stat(gruvid_path(g, "socket"), &after), 0);
    ck_assert(before.st_ino == after.st_ino);
    ck_assert_int_eq(gruvid_stop(g, SIGINT), 0);
}
END_TEST

/* --- keepalive ------------------------------------------------------------ */

#define KEPT(value)                                                            \
    "[plugin trial]\nlisten = tcp://127.0.0.1:0\nkeepalive = " value "\n"

#define ESTABLISHED 1
#define KEEPALIVE   2 /* which timer of a socket is set */

/* The timer of gruvid's end of a connection; -1: it is not established yet. */
static int
find_timer(unsigned server_port, unsigned client_port)
{
    FILE *f = fopen("/proc/net/tcp", "re");
    char line[256];
    int found = -1;

    ck_assert_ptr_nonnull(f);
    while (found < 0 && fgets(line, sizeof line, f) != NULL) {
        unsigned local, remote, state, timer;

        if (sscanf(line, "%*u: %*8x:%x %*8x:%x %x %*x:%*x %x:", &local, &remote,
                   &state, &timer) == 4 &&
            local == server_port && remote == client_port &&
            state == ESTABLISHED)
            found = (int)timer;
    }
    fclose(f);
    return found;
}

/* Nothing is sent: the timer of a message would hide that of keepalive. */
static int
timer_of(struct gruvid *g, int fd)
{
    struct sockaddr_in at;
    socklen_t length = sizeof at;
    int timer;

    ck_assert_int_eq(getsockname(fd, (struct sockaddr *)&at, &length), 0);
    do
        timer = find_timer((unsigned)gruvid_port(g, 0), ntohs(at.sin_port));
    while (timer < 0);
    return timer;
}

START_TEST(test_keepalive_is_for_connections_that_come_after_the_reload)
{
    struct gruvid *g = gruvid_ready(KEPT("0"), NULL);
    int first = connect_to(g, 0), second, third;

    ck_assert_int_eq(timer_of(g, first), 0);
    gruvid_reload(g, KEPT("10m"), true);
    second = connect_to(g, 0);
    ck_assert_int_eq(timer_of(g, second), KEEPALIVE);
    ck_assert_int_eq(timer_of(g, first), 0);
    gruvid_reload(g, KEPT("0"), true);
    third = connect_to(g, 0);
    ck_assert_int_eq(timer_of(g, third), 0);
    close(first);
    close(second);
    close(third);
    ck_assert_int_eq(gruvid_stop(g, SIGTERM), 0);
    ck_assert_uint_eq(gruvid_said(g, "listening on tcp:"), 1);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("relisten_settings");
    TCase *tc = gruvid_case(suite, "settings");

    tcase_add_test(tc, test_the_queue_of_an_address_grows_and_shrinks);
    tcase_add_test(
        tc, test_keepalive_is_for_connections_that_come_after_the_reload);
    return run_suite(suite);
}
