/* SPDX-License-Identifier: MIT */
/* Files over HTTP/1.1, which the kernel sends. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "http/client.h"

#define HEAD(method, target) method " " target " HTTP/1.1\r\nHost: h\r\n"
#define GET(target)          HEAD("GET", target) "\r\n"

#define SIZE 3000000

static char folder[64];
static char *data;
static struct gruvid *g;
static int fd;

static const char *
in_folder(const char *name)
{
    static char path[128];

    snprintf(path, sizeof path, "%s/%s", folder, name);
    return path;
}

static void
put(const char *name, const void *text, size_t size)
{
    FILE *file = fopen(in_folder(name), "w");

    ck_assert_ptr_nonnull(file);
    ck_assert_uint_eq(fwrite(text, 1, size, file), size);
    ck_assert_int_eq(fclose(file), 0);
}

static void
make_folder(void)
{
    strcpy(folder, "/tmp/gruvid-http-files-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(folder));
    data = malloc(SIZE);
    ck_assert_ptr_nonnull(data);
    for (size_t i = 0; i < SIZE; i++)
        data[i] = (char)(i * 7 + i / 1000);
    put("small", data, 1000);
    put("middle", data, 20000);
    put("large", data, SIZE);
    /* More than what is on its way at any time; it takes no room. */
    put("sparse", "", 0);
    ck_assert_int_eq(truncate(in_folder("sparse"), 256 << 20), 0);
}

static void
remove_folder(void)
{
    static const char *const names[] = {"small", "middle", "large", "sparse",
                                        ""};

    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        ck_assert_int_eq(remove(in_folder(names[i])), 0);
    free(data);
}

static void
begin_with(const char *options, const char *sections)
{
    char text[512];

    snprintf(text, sizeof text, "route = /f/{path...} -> static:%s\n%s", folder,
             options);
    g = http_begin_with(text, sections);
    fd = connect_to(g, 0);
}

static void
begin(const char *options)
{
    begin_with(options, "drain_timeout = 1000s\n");
}

static void
stop(void)
{
    close(fd);
    ck_assert_int_eq(gruvid_stop(g, SIGTERM), 0);
    ck_assert_uint_eq(gruvid_said(g, " error "), 0);
}

/* The answer is this part of the data. */
static void
gets(int status, size_t first, size_t size)
{
    struct answer answer;

    ck_assert(answer_read(fd, false, &answer));
    ck_assert_int_eq(answer.status, status);
    ck_assert_uint_eq(answer.size, size);
    ck_assert(memcmp(answer.body, data + first, size) == 0);
    answer_free(&answer);
}

START_TEST(test_files_of_any_size_come_whole)
{
    begin("");
    for (int i = 0; i < 2; i++) {
        send_text(fd, GET("/f/small"));
        gets(200, 0, 1000);
        send_text(fd, GET("/f/middle"));
        gets(200, 0, 20000);
        send_text(fd, GET("/f/large"));
        gets(200, 0, SIZE);
    }
    stop();
}
END_TEST

START_TEST(test_files_are_in_order_with_other_replies)
{
    begin("");
    send_text(fd, GET("/a") GET("/f/large") GET("/b") GET("/f/small")
                      GET("/f/middle") GET("/f/small") GET("/c"));
    answers(fd, 200, "GET /a h\n");
    gets(200, 0, SIZE);
    answers(fd, 200, "GET /b h\n");
    gets(200, 0, 1000);
    gets(200, 0, 20000);
    gets(200, 0, 1000);
    answers(fd, 200, "GET /c h\n");
    stop();
}
END_TEST

START_TEST(test_a_part_of_a_file_is_sent)
{
    begin("");
    send_text(fd, HEAD("GET", "/f/large") "Range: bytes=1000000-\r\n\r\n");
    gets(206, 1000000, SIZE - 1000000);
    send_text(fd, HEAD("GET", "/f/large") "Range: bytes=77-99\r\n\r\n");
    gets(206, 77, 23);
    send_text(fd, HEAD("GET", "/f/large") "Range: bytes=-20000\r\n\r\n");
    gets(206, SIZE - 20000, 20000);
    stop();
}
END_TEST

START_TEST(test_head_of_a_file_has_its_length)
{
    struct answer answer;

    begin("");
    send_text(fd, HEAD("HEAD", "/f/large") "\r\n" GET("/a"));
    ck_assert(answer_read(fd, true, &answer));
    ck_assert_str_eq(answer_header(&answer, "Content-Length"), "3000000");
    answer_free(&answer);
    answers(fd, 200, "GET /a h\n");
    stop();
}
END_TEST

/* With what is in front of the body in the first packet. */
START_TEST(test_head_and_file_leave_together)
{
    static char text[65536];
    char *end;
    ssize_t n;

    begin("");
    send_text(fd, GET("/f/middle"));
    n = recv(fd, text, sizeof text - 1, 0);
    ck_assert_int_gt(n, 0);
    text[n] = '\0';
    end = strstr(text, "\r\n\r\n");
    ck_assert_ptr_nonnull(end);
    ck_assert_int_gt(text + n - (end + 4), 0);
    stop();
}
END_TEST

/* Bytes until the end of the connection. */
static size_t
read_rest(void)
{
    static char text[1 << 16];
    size_t size = 0;
    ssize_t n;

    while ((n = recv(fd, text, sizeof text, 0)) > 0)
        size += (size_t)n;
    ck_assert(n == 0 || errno == ECONNRESET);
    return size;
}

START_TEST(test_a_file_that_gets_shorter_ends_the_connection)
{
    char c;

    begin("");
    send_text(fd, GET("/f/sparse"));
    ck_assert_int_eq(recv(fd, &c, 1, 0), 1);
    ck_assert_int_eq(truncate(in_folder("sparse"), 100), 0);
    ck_assert_uint_lt(read_rest(), 256 << 20);
    close(fd);
    fd = connect_to(g, 0);
    ask(fd, GET("/a"), 200, "GET /a h\n");
    close(fd);
    ck_assert_int_eq(gruvid_stop(g, SIGTERM), 0);
}
END_TEST

START_TEST(test_a_client_that_stops_reading_is_left)
{
    begin("write_timeout = 200ms\naccess_log = combined\n");
    send_text(fd, GET("/f/sparse"));
    gruvid_says(g, "GET /f/sparse");
    ck_assert_uint_lt(read_rest(), 256 << 20);
    close(fd);
    fd = connect_to(g, 0);
    send_text(fd, GET("/f/large"));
    gets(200, 0, SIZE);
    stop();
}
END_TEST

START_TEST(test_a_client_that_leaves_ends_its_file)
{
    char c;

    begin("access_log = combined\n");
    send_text(fd, GET("/f/sparse"));
    ck_assert_int_eq(recv(fd, &c, 1, 0), 1);
    reset(fd);
    gruvid_says(g, "GET /f/sparse");
    fd = connect_to(g, 0);
    ask(fd, GET("/a"), 200, "GET /a h\n");
    stop();
}
END_TEST

/* A stop does not wait for clients that do not read. */
START_TEST(test_a_stop_cuts_a_file)
{
    char c;

    begin_with("", "drain_timeout = 0s\n");
    send_text(fd, GET("/f/sparse"));
    ck_assert_int_eq(recv(fd, &c, 1, 0), 1);
    ck_assert_int_eq(gruvid_stop(g, SIGTERM), 0);
    ck_assert_uint_lt(read_rest(), 256 << 20);
    close(fd);
}
END_TEST

/* --- forms that are compressed -------------------------------------------- */

static const char *const forms[] = {"page.txt", "page.txt.gz", "page.txt.zst",
                                    "page.txt.br"};

static void
make_forms(void)
{
    put("page.txt", "the plain form", 14);
    put("page.txt.gz", "gzip form", 9);
    put("page.txt.zst", "zstd form.", 10);
    put("page.txt.br", "br form", 7);
}

static void
remove_forms(void)
{
    for (size_t i = 0; i < sizeof forms / sizeof *forms; i++)
        ck_assert_int_eq(remove(in_folder(forms[i])), 0);
}

/* Ask for the page; more: lines of the head. */
static void
get_page(const char *method, const char *accept, const char *more,
         struct answer *answer)
{
    char text[1000];

    snprintf(text, sizeof text,
             "%s /f/page.txt HTTP/1.1\r\nHost: h\r\nAccept-Encoding: %s\r\n"
             "%s\r\n",
             method, accept, more);
    send_text(fd, text);
    ck_assert(answer_read(fd, strcmp(method, "HEAD") == 0, answer));
}

static void
has(const struct answer *answer, const char *name, const char *value)
{
    const char *found = answer_header(answer, name);

    if (value == NULL)
        ck_assert_ptr_null(found);
    else
        ck_assert_str_eq(found != NULL ? found : "-", value);
}

static const struct {
    const char *accept, *body, *coding;
} choices[] = {
    {"", "the plain form", NULL},
    {"deflate", "the plain form", NULL},
    {"gzip", "gzip form", "gzip"},
    {"gzip, br", "br form", "br"},
    {"gzip, br, zstd", "zstd form.", "zstd"},
    {"br;q=0.5, gzip;q=0.8", "gzip form", "gzip"},
    {"gzip;q=0.5, identity", "the plain form", NULL},
    {"gzip;q=0", "the plain form", NULL},
    {"*", "zstd form.", "zstd"},
};

START_TEST(test_the_form_is_sent_that_the_client_wants)
{
    struct answer answer;

    make_forms();
    begin("");
    for (size_t i = 0; i < sizeof choices / sizeof *choices; i++) {
        get_page("GET", choices[i].accept, "", &answer);
        ck_assert_int_eq(answer.status, 200);
        ck_assert_uint_eq(answer.size, strlen(choices[i].body));
        ck_assert(memcmp(answer.body, choices[i].body, answer.size) == 0);
        has(&answer, "Content-Encoding", choices[i].coding);
        has(&answer, "Vary", "Accept-Encoding");
        has(&answer, "Content-Type", "text/plain; charset=utf-8");
        answer_free(&answer);
    }
    get_page("HEAD", "gzip", "", &answer);
    has(&answer, "Content-Encoding", "gzip");
    has(&answer, "Content-Length", "9");
    answer_free(&answer);
    stop();
    remove_forms();
}
END_TEST

START_TEST(test_each_form_has_its_tag_and_ranges)
{
    char tag[200], plain[200];
    struct answer answer;

    make_forms();
    begin("");
    get_page("GET", "", "", &answer);
    snprintf(plain, sizeof plain, "If-Range: %s\r\nRange: bytes=0-1\r\n",
             answer_header(&answer, "ETag"));
    answer_free(&answer);
    get_page("GET", "gzip", "", &answer);
    snprintf(tag, sizeof tag, "If-None-Match: %s\r\n",
             answer_header(&answer, "ETag"));
    answer_free(&answer);
    get_page("GET", "gzip", tag, &answer);
    ck_assert_int_eq(answer.status, 304);
    has(&answer, "Vary", "Accept-Encoding");
    has(&answer, "Content-Encoding", NULL);
    answer_free(&answer);
    get_page("GET", "", tag, &answer);
    ck_assert_int_eq(answer.status, 200);
    answer_free(&answer);
    get_page("GET", "gzip", "Range: bytes=0-3\r\n", &answer);
    ck_assert_int_eq(answer.status, 206);
    ck_assert_uint_eq(answer.size, 4);
    has(&answer, "Content-Encoding", "gzip");
    has(&answer, "Content-Range", "bytes 0-3/9");
    answer_free(&answer);
    get_page("GET", "gzip", plain, &answer);
    ck_assert_int_eq(answer.status, 200);
    answer_free(&answer);
    get_page("GET", "", plain, &answer);
    ck_assert_int_eq(answer.status, 206);
    answer_free(&answer);
    stop();
    remove_forms();
}
END_TEST

/* Older than the file, elsewhere, no file; and none without the file. */
START_TEST(test_what_is_no_form_is_not_sent)
{
    struct timespec old[2] = {{784111777, 0}, {784111777, 0}};
    struct answer answer;

    make_forms();
    ck_assert_int_eq(utimensat(AT_FDCWD, in_folder(forms[1]), old, 0), 0);
    remove(in_folder(forms[2]));
    ck_assert_int_eq(symlink("/etc/passwd", in_folder(forms[2])), 0);
    remove(in_folder(forms[3]));
    ck_assert_int_eq(mkdir(in_folder(forms[3]), 0755), 0);
    begin("");
    get_page("GET", "gzip, br, zstd", "", &answer);
    ck_assert_uint_eq(answer.size, 14);
    has(&answer, "Content-Encoding", NULL);
    has(&answer, "Vary", NULL);
    answer_free(&answer);
    ck_assert_int_eq(remove(in_folder(forms[0])), 0);
    get_page("GET", "gzip", "", &answer);
    ck_assert_int_eq(answer.status, 404);
    answer_free(&answer);
    stop();
    put(forms[0], "", 0);
    remove_forms();
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("http_files");
    TCase *tc = gruvid_case(suite, "files");

    tcase_add_checked_fixture(tc, make_folder, remove_folder);
    tcase_add_test(tc, test_files_of_any_size_come_whole);
    tcase_add_test(tc, test_files_are_in_order_with_other_replies);
    tcase_add_test(tc, test_a_part_of_a_file_is_sent);
    tcase_add_test(tc, test_head_of_a_file_has_its_length);
    tcase_add_test(tc, test_head_and_file_leave_together);
    tcase_add_test(tc, test_a_file_that_gets_shorter_ends_the_connection);
    tcase_add_test(tc, test_a_client_that_stops_reading_is_left);
    tcase_add_test(tc, test_a_client_that_leaves_ends_its_file);
    tcase_add_test(tc, test_a_stop_cuts_a_file);
    tcase_add_test(tc, test_the_form_is_sent_that_the_client_wants);
    tcase_add_test(tc, test_each_form_has_its_tag_and_ranges);
    tcase_add_test(tc, test_what_is_no_form_is_not_sent);
    return run_suite(suite);
}
