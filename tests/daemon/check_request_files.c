/* SPDX-License-Identifier: MIT */
/* Files as replies, by routes to folders and by gruvid_reply_file(); the
 * transport is plugins/bring.c. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "daemon/run_gruvid.h"

static char folder[64];

static void
put(const char *name, const char *text)
{
    char path[128];
    struct timespec times[2] = {{784111777, 0}, {784111777, 0}};
    FILE *file;

    snprintf(path, sizeof path, "%s/%s", folder, name);
    file = fopen(path, "w");
    ck_assert_ptr_nonnull(file);
    fputs(text, file);
    fclose(file);
    ck_assert_int_eq(utimensat(AT_FDCWD, path, times, 0), 0);
}

static void
put_link(const char *name, const char *to)
{
    char path[128];

    snprintf(path, sizeof path, "%s/%s", folder, name);
    ck_assert_int_eq(symlink(to, path), 0);
}

static void
make_folder(void)
{
    char path[128];

    strcpy(folder, "/tmp/gruvid-files-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/sub", folder);
    ck_assert_int_eq(mkdir(path, 0755), 0);
    put("page.html", "0123456789");
    put("empty", "");
    put(".secret", "x");
    put("sub/a.txt", "a");
    put_link("inside", "sub/a.txt");
    put_link("outside", "/etc/passwd");
    put_link("above", "../../etc/passwd");
    put_link("magic", "/proc/self/root/etc/passwd");
}

static void
remove_folder(void)
{
    static const char *const names[] = {
        "page.html", "empty", ".secret", "sub/a.txt", "inside",
        "outside",   "above", "magic",   "sub",       ""};
    char path[128];

    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        snprintf(path, sizeof path, "%s/%s", folder, names[i]);
        ck_assert_int_eq(remove(path), 0);
    }
}

static struct gruvid *
begin(const char *hubs)
{
    char config[512];

    snprintf(config, sizeof config,
             "[gruvid]\nhubs = %s\n[plugin bring]\nlisten = unix:@DIR@/bring\n"
             "route = /f/{path...} -> static:%s\nroute = /file -> answers\n"
             "[plugin answers]\n",
             hubs, folder);
    return gruvid_ready(config, NULL);
}

/* The head of a reply; the tag is another for each file. */
static void
expect_head(int fd, const char *first, const char *rest)
{
    char line[100], c = '\0';
    size_t n = 0;

    expect_text(fd, first);
    while (c != '\n' && read(fd, &c, 1) == 1)
        line[n++ % sizeof line] = c;
    ck_assert_int_eq(strncmp(line, "ETag: \"a-", 9), 0);
    expect_text(fd, rest);
}

#define DATE        "Last-Modified: Sun, 06 Nov 1994 08:49:37 GMT\n"
#define HTML        "Content-Type: text/html; charset=utf-8\n.\n"
#define END(status) "= " status " /f/{path...} -\n"

START_TEST(test_a_folder_is_served)
{
    struct gruvid *g = begin("1");
    int fd = connect_unix(gruvid_path(g, "bring"));

    send_text(fd, "GET /f/page.html 0\n\n");
    expect_head(fd, "begin 200 10\n",
                DATE "Accept-Ranges: bytes\n" HTML
                     "file 10\n0123456789\nend\n" END("200"));
    send_text(fd, "HEAD /f/page.html 0\n\n");
    expect_head(fd, "begin 200 10 whole head\n",
                DATE "Accept-Ranges: bytes\n" HTML END("200"));
    send_text(fd, "GET /f/page.html 0\nRange: bytes=2-4\n\n");
    expect_head(fd, "begin 206 3\n",
                DATE "Accept-Ranges: bytes\nContent-Range: bytes 2-4/10\n" HTML
                     "file 3\n234\nend\n" END("206"));
    send_text(fd, "GET /f/page.html 0\nRange: bytes=10-\n\n");
    expect_head(
        fd, "begin 416 0 whole\n",
        DATE "Accept-Ranges: bytes\nContent-Range: bytes */10\n.\n" END("416"));
    send_text(fd, "GET /f/page.html 0\nIf-None-Match: *\n\n");
    expect_head(fd, "begin 304 -1 whole bodiless\n",
                DATE "Accept-Ranges: bytes\n.\n" END("304"));
    close(fd);
    ck_assert_int_eq(gruvid_stop(g, SIGTERM), 0);
}
END_TEST

START_TEST(test_nothing_else_is_served)
{
    static const char *const paths[] = {
        "/f/none",  "/f/sub",   "/f/sub/",       "/f/.secret",    "/f/outside",
        "/f/above", "/f/magic", "/f/page.html/", "/f/page.html/x"};
    struct gruvid *g = begin("1");
    int fd = connect_unix(gruvid_path(g, "bring"));
    char request[100];

    for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
        snprintf(request, sizeof request, "GET %s 0\n\n", paths[i]);
        send_text(fd, request);
        expect_text(fd,
                    "begin 404 14 whole\nContent-Type: text/plain; "
                    "charset=utf-8\n.\ndata 14\n404 Not Found\n\n" END("404"));
    }
    send_text(fd, "POST /f/page.html 0\n\n");
    expect_text(fd, "begin 405 23 whole\nAllow: GET, HEAD\n");
    close(fd);
    ck_assert_int_eq(gruvid_stop(g, SIGTERM), 0);
}
END_TEST

/* That is no mistake of the client. */
START_TEST(test_a_folder_that_cannot_be_opened_is_logged)
{
    struct gruvid *g;
    char www[100], config[512];
    int fd;

    snprintf(www, sizeof www, "%s/www", folder);
    ck_assert_int_eq(mkdir(www, 0755), 0);
    snprintf(config, sizeof config,
             "[plugin bring]\nlisten = unix:@DIR@/bring\n"
             "route = /{path...} -> static:%s\n",
             www);
    g = gruvid_ready(config, NULL);
    ck_assert_int_eq(rmdir(www), 0);
    fd = open(www, O_CREAT | O_WRONLY | O_CLOEXEC, 0644);
    ck_assert_int_ge(fd, 0);
    close(fd);
    fd = connect_unix(gruvid_path(g, "bring"));
    send_text(fd,
              "GET /a 0\ntraceparent: "
              "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01\n\n");
    expect_text(fd, "begin 500 26 whole\n");
    gruvid_says(g, "request 4bf92f3577b34da6a3ce929d0e0e4736 failed: ");
    gruvid_says(g, "(ENOTDIR)");
    close(fd);
    ck_assert_int_eq(gruvid_stop(g, SIGTERM), 0);
    ck_assert_uint_eq(gruvid_said(g, "failed: "), 1);
    ck_assert_int_eq(unlink(www), 0);
}
END_TEST

/* In another hub the file is read and written. */
START_TEST(test_a_handler_sends_a_file)
{
    static const char *const hubs[] = {"1", "2"};
    struct gruvid *g = begin(hubs[_i]);
    int fd = connect_unix(gruvid_path(g, "bring"));
    char request[200];

    snprintf(request, sizeof request,
             "GET /file?folder=%s&name=page.html 0\n\n", folder);
    send_text(fd, request);
    expect_head(fd, "begin 200 10\n",
                _i == 0 ? DATE "Accept-Ranges: bytes\n" HTML
                               "file 10\n0123456789\nend\n= 200 /file answers\n"
                        : DATE "Accept-Ranges: bytes\n" HTML
                               "write 10\n0123456789\nend\n"
                               "= 200 /file answers\n");
    snprintf(request, sizeof request,
             "GET /file?folder=%s&name=inside 0\nRange: bytes=0-0\n\n", folder);
    send_text(fd, request);
    expect_text(fd, "begin 206 1\n");
    close(fd);
    ck_assert_int_eq(gruvid_stop(g, SIGTERM), 0);
}
END_TEST

START_TEST(test_routes_that_lead_nowhere_are_mistakes)
{
    struct gruvid_options options = {.args = (const char *[]){"-t", NULL}};
    struct gruvid *g = gruvid_run(
        "[plugin bring]\nlisten = unix:@DIR@/bring\n"
        "route = /a -> answer\nroute = /b -> trial\n"
        "route = /c/* -> static:/nonexistent\nroute = /d\n"
        "[plugin twice]\nmodule = bring\n"
        "route = /e -> trial\nroute = /e -> trial\nroute = /g -> trial\n"
        "[plugin answers]\nmax_body = x\n"
        "[plugin trial]\nlisten = unix:@DIR@/trial\nmax_body = 1\n",
        &options);

    ck_assert_int_eq(g->status, 78);
    gruvid_says(g, "gruvid.conf:3: plugin bring.route: there is no section "
                   "[plugin answer]; "
                   "did you mean \"answers\"?");
    gruvid_says(g, "gruvid.conf:4: plugin bring.route: /b leads to plugin "
                   "trial, which does "
                   "not answer requests");
    gruvid_says(g, "gruvid.conf:5: plugin bring.route: the folder "
                   "/nonexistent: No such file "
                   "or directory");
    ck_assert_uint_eq(gruvid_said(g, "gruvid.conf:6: plugin bring.route: it is "
                                     "not of the form PATTERN -> TARGET"),
                      1);
    ck_assert_uint_eq(gruvid_said(g, "gruvid.conf:10: plugin twice.route: ") +
                          gruvid_said(g, "gruvid.conf:9: plugin twice.route: "),
                      1);
    ck_assert_uint_eq(gruvid_said(g, "plugin answers.max_body"), 1);
    ck_assert_uint_eq(gruvid_said(g, "plugin trial.max_body: unknown key"), 1);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("request files");
    TCase *tc = gruvid_case(suite, "files");

    tcase_add_checked_fixture(tc, make_folder, remove_folder);
    tcase_add_test(tc, test_a_folder_is_served);
    tcase_add_test(tc, test_nothing_else_is_served);
    tcase_add_test(tc, test_a_folder_that_cannot_be_opened_is_logged);
    tcase_add_loop_test(tc, test_a_handler_sends_a_file, 0, 2);
    tcase_add_test(tc, test_routes_that_lead_nowhere_are_mistakes);
    return run_suite(suite);
}
