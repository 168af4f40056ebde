/* SPDX-License-Identifier: MIT */
/* plugins/examples/thumbnail.c: pictures become small, clients leave. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "daemon/server.h"

#define WIDTH  1000
#define HEIGHT 500
#define SIZE   (3 * WIDTH * HEIGHT)

static unsigned char pixels[SIZE];

/* The left half is one colour, the right half another. */
static void
paint(void)
{
    for (size_t i = 0; i < SIZE; i += 3)
        memcpy(pixels + i,
               i / 3 % WIDTH < WIDTH / 2 ? "\xff\x10\x20" : "\x01\x02\x03", 3);
}

static struct gruvid *
begin(const char *options)
{
    char config[300];

    paint();
    snprintf(config, sizeof config,
             "[plugin thumbnail]\nlisten = tcp://127.0.0.1:0\n"
             "listen = unix:@DIR@/socket\n%s",
             options);
    return gruvid_with_examples(config);
}

static void
send_pixels(int fd, size_t from, size_t to)
{
    ssize_t n;

    for (; from < to; from += (size_t)n) {
        n = send(fd, pixels + from, to - from, MSG_NOSIGNAL);
        ck_assert_int_gt(n, 0);
    }
}

/* Read the head, comments and all. */
static void
expect_head(int fd, const char *size)
{
    unsigned comments = 0;
    char comment[32];

    expect_text(fd, "P6\n");
    for (unsigned part = 1; part <= 20; part++, comments++) {
        snprintf(comment, sizeof comment, "# %u%%\n", 5 * part);
        expect_text(fd, comment);
    }
    expect_text(fd, size);
    expect_text(fd, "255\n");
}

START_TEST(test_a_picture_becomes_small)
{
    struct gruvid *g = begin("width = 4\n");
    unsigned char small[3 * 4 * 2];
    int fd = connect_to(g, 0);

    send_text(fd, "P6\n# by hand\n1000 500\n# more\n255\n");
    send_pixels(fd, 0, SIZE);
    shutdown(fd, SHUT_WR);
    expect_head(fd, "4 2\n");
    ck_assert_int_eq(recv(fd, small, sizeof small, MSG_WAITALL), sizeof small);
    for (size_t i = 0; i < sizeof small; i += 3)
        ck_assert_mem_eq(small + i,
                         i / 3 % 4 < 2 ? "\xff\x10\x20" : "\x01\x02\x03", 3);
    ck_assert(!expect_end(fd));
    ck_assert_int_eq(gruvid_stop(g, SIGTERM), 0);
    ck_assert_uint_eq(gruvid_said(g, "rows done"), 0);
}
END_TEST

START_TEST(test_a_small_picture_stays_as_it_is)
{
    struct gruvid *g = begin("");
    int fd = connect_to(g, 0);

    send_text(fd, "P6\n2 1 255\nabcdef");
    expect_head(fd, "2 1\n");
    expect_text(fd, "abcdef");
    ck_assert(!expect_end(fd));
    /* One that is wide and flat has a row at least. */
    fd = connect_to(g, 0);
    send_text(fd, "P6\n1000\n1\n255\n");
    send_pixels(fd, 0, 3000);
    expect_head(fd, "160 1\n");
    expect_end(fd);
    ck_assert_int_eq(gruvid_stop(g, SIGTERM), 0);
}
END_TEST

START_TEST(test_what_is_no_picture_is_refused)
{
    static const char *const heads[] = {
        "P5\n1 1\n255\n",    "P6\n0 1\n255\n",    "P6\n1 0\n255\n",
        "P6\n1 1\n65535\n",  "P6\nno size\n\n\n", "P6\n1000 1000\n255\n",
        "P6\n-1 -1 255\nabc"};
    struct gruvid *g = begin("max_size = 1000\n");

    for (size_t i = 0; i < sizeof heads / sizeof *heads; i++) {
        int fd = connect_to(g, 0);

        send_text(fd, heads[i]);
        shutdown(fd, SHUT_WR);
        ck_assert_int_le(recv(fd, &(char){0}, 1, 0), 0);
        close(fd);
    }
    ck_assert_int_eq(gruvid_stop(g, SIGTERM), 0);
    ck_assert_uint_eq(gruvid_said(g, "rows done"), 0);
}
END_TEST

/* All has come when it leaves: gruvid stands still until then. */
START_TEST(test_the_work_ends_when_the_client_leaves)
{
    struct gruvid *g = begin("");
    int fd = connect_unix(gruvid_path(g, "socket")), status;

    send_text(fd, "P6\n1000 500\n255\n");
    send_pixels(fd, 0, SIZE - 1);
    gruvid_signal(g, SIGSTOP);
    ck_assert_int_eq(waitpid(g->pid, &status, WUNTRACED), g->pid);
    ck_assert(WIFSTOPPED(status));
    send_pixels(fd, SIZE - 1, SIZE);
    close(fd);
    gruvid_signal(g, SIGCONT);
    gruvid_says(g, "left with ");
    ck_assert_int_eq(gruvid_stop(g, SIGTERM), 0);
    ck_assert_uint_eq(gruvid_said(g, "left with 80 of 80"), 0);
    ck_assert_uint_eq(gruvid_said(g, " error "), 0);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("example_thumbnail");
    TCase *tc = gruvid_case(suite, "thumbnail");

    tcase_add_test(tc, test_a_picture_becomes_small);
    tcase_add_test(tc, test_a_small_picture_stays_as_it_is);
    tcase_add_test(tc, test_what_is_no_picture_is_refused);
    tcase_add_test(tc, test_the_work_ends_when_the_client_leaves);
    return run_suite(suite);
}
