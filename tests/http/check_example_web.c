/* SPDX-License-Identifier: MIT */
/* plugins/examples/web.c: files, a long body, and a reply that goes on. */
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "http/client.h"

#define PLUGIN "plugins/examples/.libs/web.so"

static struct gruvid *
begin(const char *sections)
{
    struct gruvid *g;
    FILE *file;

    http_bring(PLUGIN);
    g = http_begin_with("route = GET /files/{path...} -> web\n"
                        "route = POST /count -> web\n"
                        "route = GET /clock -> web\n"
                        "[plugin web]\nfolder = @DIR@/files\n"
                        "interval = 10ms\nmax_body = 16M\n",
                        sections);
    ck_assert_int_eq(mkdir(gruvid_path(g, "files"), 0755), 0);
    file = fopen(gruvid_path(g, "files/a.txt"), "w");
    ck_assert_ptr_nonnull(file);
    fputs("hello\n", file);
    ck_assert_int_eq(fclose(file), 0);
    return g;
}

START_TEST(test_files_are_served)
{
    struct gruvid *g = begin("");
    int fd = connect_to(g, 0);

    ask(fd, "GET /files/a.txt HTTP/1.1\r\nHost: h\r\n\r\n", 200, "hello\n");
    ask(fd, "GET /files/b.txt HTTP/1.1\r\nHost: h\r\n\r\n", 404, NULL);
    ask(fd, "GET /files/%2e%2e/gruvid.conf HTTP/1.1\r\nHost: h\r\n\r\n", 400,
        NULL);
    ck_assert_int_eq(gruvid_stop(g, SIGTERM), 0);
}
END_TEST

START_TEST(test_a_body_is_counted_as_it_comes)
{
    static char part[10000];
    struct gruvid *g = begin("");
    int fd = connect_to(g, 0);

    memset(part, '\n', sizeof part);
    send_text(fd, "POST /count HTTP/1.1\r\nHost: h\r\n"
                  "Transfer-Encoding: chunked\r\n\r\n");
    for (int i = 0; i < 500; i++) {
        send_text(fd, "2710\r\n");
        send_bytes(fd, part, sizeof part);
        send_text(fd, "\r\n");
    }
    send_text(fd, "0\r\n\r\n");
    answers(fd, 200, "5000000 bytes, 5000000 lines\n");
    ask(fd, "POST /count HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\na\nb",
        200, "3 bytes, 1 lines\n");
    ck_assert_int_eq(gruvid_stop(g, SIGTERM), 0);
}
END_TEST

/* Read lines until one begins so. */
static void
read_until(FILE *from, const char *begin)
{
    char line[256];

    do
        ck_assert_ptr_nonnull(fgets(line, sizeof line, from));
    while (strncmp(line, begin, strlen(begin)) != 0);
}

START_TEST(test_the_clock_goes_on_until_the_drain)
{
    struct gruvid *g = begin("drain_timeout = 1000s\n");
    int fd = connect_to(g, 0), gone = connect_to(g, 0);
    FILE *from = fdopen(fd, "r"), *other = fdopen(gone, "r");

    send_text(fd, "GET /clock HTTP/1.1\r\nHost: h\r\n\r\n");
    send_text(gone, "GET /clock HTTP/1.1\r\nHost: h\r\n\r\n");
    read_until(from, "HTTP/1.1 200");
    read_until(from, "data: ");
    read_until(from, "data: ");
    read_until(other, "data: ");
    /* A client that leaves has its handler cancelled. */
    fclose(other);
    read_until(from, "data: ");
    gruvid_signal(g, SIGTERM);
    read_until(from, "0\r\n");
    fclose(from);
    ck_assert_int_eq(gruvid_wait(g), 0);
    ck_assert_uint_eq(gruvid_said(g, " error "), 0);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("example_web");
    TCase *tc = gruvid_case(suite, "web");

    tcase_add_test(tc, test_files_are_served);
    tcase_add_test(tc, test_a_body_is_counted_as_it_comes);
    tcase_add_test(tc, test_the_clock_goes_on_until_the_drain);
    return run_suite(suite);
}
