/* SPDX-License-Identifier: MIT */
/* plugins/examples/websocket.c, with a client that masks by hand, node's, and
 * that of Chromium. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "http/client.h"

#define PLUGIN "plugins/examples/.libs/websocket.so"

enum { CONTINUATION, TEXT, BINARY, CLOSE = 8, PING, PONG, FIN = 0x80 };

/* The key of RFC 6455, 1.3, and what it says for it. */
#define KEY    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
#define ACCEPT "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="

#define HEAD                                                                   \
    "GET /echo HTTP/1.1\r\nHost: h:80\r\nConnection: keep-alive, Upgrade\r\n"  \
    "Upgrade: websocket\r\n"
#define VERSION_13 "Sec-WebSocket-Version: 13\r\n"

static struct gruvid *
begin(const char *sections, const char *options)
{
    char text[512];

    snprintf(text, sizeof text,
             "route = GET /echo -> websocket\n[plugin websocket]\n%s", options);
    http_bring(PLUGIN);
    return http_begin_with(text, sections);
}

/* Ask for the protocol, and read the 101. */
static int
enter(struct gruvid *g)
{
    int fd = connect_to(g, 0);
    struct answer answer;

    send_text(fd, HEAD VERSION_13 KEY "\r\n");
    ck_assert(answer_read(fd, false, &answer));
    ck_assert_int_eq(answer.status, 101);
    ck_assert_str_eq(answer_header(&answer, "Sec-WebSocket-Accept"), ACCEPT);
    ck_assert_str_eq(answer_header(&answer, "Upgrade"), "websocket");
    answer_free(&answer);
    return fd;
}

static void
stops(struct gruvid *g)
{
    ck_assert_int_eq(gruvid_stop(g, SIGTERM), 0);
    ck_assert_uint_eq(gruvid_said(g, " error "), 0);
}

/* --- frames --------------------------------------------------------------- */

/* Put a masked frame; returns its size. */
static size_t
put_frame(unsigned char *to, int first, const void *data, size_t size)
{
    static const unsigned char mask[4] = {0x12, 0x34, 0x56, 0x78};
    const unsigned char *from = data;
    size_t n = 0;

    to[n++] = (unsigned char)first;
    if (size < 126) {
        to[n++] = (unsigned char)(0x80 | size);
    } else {
        to[n++] = 0x80 | 126;
        to[n++] = (unsigned char)(size >> 8);
        to[n++] = (unsigned char)size;
    }
    memcpy(to + n, mask, 4);
    n += 4;
    for (size_t i = 0; i < size; i++)
        to[n++] = from[i] ^ mask[i % 4];
    return n;
}

static void
send_frame(int fd, int first, const void *data, size_t size)
{
    static unsigned char frame[70000];

    send_bytes(fd, (char *)frame, put_frame(frame, first, data, size));
}

static void
receive(int fd, void *buf, size_t size)
{
    if (size > 0)
        ck_assert_int_eq(recv(fd, buf, size, MSG_WAITALL), (ssize_t)size);
}

/* A frame of the server: not masked. */
static void
expect_frame(int fd, int first, const void *data, size_t size)
{
    unsigned char head[4], buf[70000];
    size_t length;

    receive(fd, head, 2);
    ck_assert_int_eq(head[0], first);
    length = head[1];
    if (length == 126) {
        receive(fd, head + 2, 2);
        length = (size_t)head[2] << 8 | head[3];
    }
    ck_assert_uint_eq(length, size);
    receive(fd, buf, size);
    if (size > 0)
        ck_assert_mem_eq(buf, data, size);
}

static void
expect_close(int fd, unsigned code)
{
    unsigned char data[2] = {(unsigned char)(code >> 8), (unsigned char)code};

    expect_frame(fd, FIN | CLOSE, data, 2);
}

static void
send_close(int fd, unsigned code)
{
    unsigned char data[2] = {(unsigned char)(code >> 8), (unsigned char)code};

    send_frame(fd, FIN | CLOSE, data, 2);
}

/* --- messages ------------------------------------------------------------- */

START_TEST(test_messages_come_back)
{
    struct gruvid *g = begin("", "");
    static char large[60000];
    int fd = enter(g);

    send_frame(fd, FIN | TEXT, "hello", 5);
    expect_frame(fd, FIN | TEXT, "hello", 5);
    memset(large, 0xff, sizeof large);
    send_frame(fd, FIN | BINARY, large, sizeof large);
    expect_frame(fd, FIN | BINARY, large, sizeof large);
    send_frame(fd, FIN | TEXT, "", 0);
    expect_frame(fd, FIN | TEXT, "", 0);
    /* In pieces, with a ping between them. */
    send_frame(fd, TEXT, "one ", 4);
    send_frame(fd, FIN | PING, "p", 1);
    send_frame(fd, FIN | CONTINUATION, "two", 3);
    expect_frame(fd, FIN | PONG, "p", 1);
    expect_frame(fd, FIN | TEXT, "one two", 7);
    send_close(fd, 1000);
    expect_close(fd, 1000);
    ends_in_order(fd);
    stops(g);
}
END_TEST

/* A client need not wait for the 101. */
START_TEST(test_a_message_may_come_with_the_request)
{
    struct gruvid *g = begin("", "");
    static const char head[] = HEAD VERSION_13 KEY "\r\n";
    unsigned char text[400];
    int fd = connect_to(g, 0);
    size_t size = sizeof head - 1;

    memcpy(text, head, size);
    size += put_frame(text + size, FIN | TEXT, "early", 5);
    send_bytes(fd, (char *)text, size);
    answers(fd, 101, NULL);
    expect_frame(fd, FIN | TEXT, "early", 5);
    close(fd);
    stops(g);
}
END_TEST

/* --- what is refused ------------------------------------------------------ */

START_TEST(test_a_handshake_that_is_none_is_refused)
{
    static const struct {
        const char *request;
        int status;
    } bad[] = {
        {"GET /echo HTTP/1.1\r\nHost: h\r\n\r\n", 426},
        {HEAD "Sec-WebSocket-Version: 8\r\n" KEY "\r\n", 426},
        {HEAD VERSION_13 "\r\n", 400},
        {HEAD VERSION_13 "Sec-WebSocket-Key: c2hvcnQ=\r\n\r\n", 400},
        {HEAD VERSION_13 "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25j!Q==\r\n\r\n",
         400},
        {HEAD VERSION_13 KEY "Origin: http://elsewhere\r\n\r\n", 403},
        {HEAD VERSION_13 KEY "Origin: null\r\n\r\n", 403},
        {"POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 0\r\n\r\n", 200},
    };
    struct gruvid *g = begin("", "");
    int fd = connect_to(g, 0);

    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        ask(fd, bad[i].request, bad[i].status, NULL);
    close(fd);
    stops(g);
}
END_TEST

START_TEST(test_a_page_of_our_own_may_connect)
{
    struct gruvid *g = begin("", "");
    int fd = connect_to(g, 0);

    ask(fd, HEAD VERSION_13 KEY "Origin: http://H:80\r\n\r\n", 101, NULL);
    close(fd);
    stops(g);
}
END_TEST

START_TEST(test_a_mistake_of_the_client_closes_with_its_code)
{
    struct gruvid *g = begin("", "max_message = 1000\n");
    static char large[1001];
    int fd = enter(g);

    memset(large, 'a', sizeof large);
    send_frame(fd, FIN | TEXT, large, 1000);
    expect_frame(fd, FIN | TEXT, large, 1000);
    send_frame(fd, FIN | TEXT, large, 1001);
    expect_close(fd, 1009);
    close(fd);
    fd = enter(g);
    send_frame(fd, FIN | TEXT, "\xc3\x28", 2);
    expect_close(fd, 1007);
    close(fd);
    fd = enter(g);
    send_bytes(fd, "\x81\x02hi", 4); /* not masked */
    expect_close(fd, 1002);
    close(fd);
    fd = enter(g);
    send_frame(fd, FIN | CONTINUATION, "x", 1);
    expect_close(fd, 1002);
    close(fd);
    stops(g);
}
END_TEST

/* --- silence, and the end ------------------------------------------------- */

START_TEST(test_silence_is_pinged_and_then_ended)
{
    struct gruvid *g = begin("", "ping = 50ms\n");
    int fd = enter(g);

    for (int i = 0; i < 2; i++) {
        expect_frame(fd, FIN | PING, "", 0);
        send_frame(fd, FIN | PONG, "", 0);
    }
    expect_frame(fd, FIN | PING, "", 0);
    expect_end(fd);
    close(fd);
    stops(g);
}
END_TEST

/* It is not read from meanwhile: otherwise this would go on for ever. */
START_TEST(test_a_client_that_does_not_read_is_not_kept)
{
    struct gruvid *g = begin("", "ping = 50ms\n");
    static unsigned char frame[70000];
    static char large[60000];
    size_t size = put_frame(frame, FIN | BINARY, large, sizeof large);
    int fd = enter(g);

    while (send(fd, frame, size, MSG_NOSIGNAL) > 0)
        ;
    close(fd);
    stops(g);
}
END_TEST

START_TEST(test_a_drain_closes_with_1001)
{
    struct gruvid *g = begin("drain_timeout = 1000s\n", "");
    int fd = enter(g);

    send_frame(fd, FIN | TEXT, "x", 1);
    expect_frame(fd, FIN | TEXT, "x", 1);
    gruvid_signal(g, SIGTERM);
    expect_close(fd, 1001);
    send_close(fd, 1001);
    ends_in_order(fd);
    ck_assert_int_eq(gruvid_wait(g), 0);
}
END_TEST

/* A client that does not answer the close is not waited for. */
START_TEST(test_a_close_is_not_waited_for_for_ever)
{
    struct gruvid *g = begin("drain_timeout = 1000s\n", "ping = 50ms\n");
    int fd = enter(g);

    gruvid_signal(g, SIGTERM);
    ck_assert_int_eq(gruvid_wait(g), 0);
    close(fd);
}
END_TEST

/* Nor one that goes on to send, after a close of the drain, or of its mistake:
 * each message would begin the wait anew. */
START_TEST(test_a_client_that_talks_on_is_left)
{
    struct gruvid *g = begin("drain_timeout = 1000s\n", "ping = 50ms\n");
    unsigned char frame[16];
    size_t size = put_frame(frame, FIN | TEXT, "x", 1);
    int fd = enter(g);

    if (_i == 0) {
        gruvid_signal(g, SIGTERM);
        expect_close(fd, 1001);
    } else {
        send_bytes(fd, "\x81\x02hi", 4); /* not masked */
        expect_close(fd, 1002);
    }
    while (send(fd, frame, size, MSG_NOSIGNAL) > 0)
        usleep(1000);
    close(fd);
    if (_i == 0)
        ck_assert_int_eq(gruvid_wait(g), 0);
    else
        stops(g);
}
END_TEST

/* --- a client of others --------------------------------------------------- */

#define SCRIPT                                                                 \
    "const s = new WebSocket('ws://127.0.0.1:%d/echo');"                       \
    "const got = [];"                                                          \
    "s.onopen = () => { s.send('text'); s.send('x'.repeat(50000)); };"         \
    "s.onmessage = e => {"                                                     \
    "  got.push(e.data.length);"                                               \
    "  if (got.length == 2) s.close(1000, 'bye'); };"                          \
    "s.onclose = e => process.exit("                                           \
    "  e.wasClean && e.code == 1000 && got.join() == '4,50000' ? 0 : 1);"

START_TEST(test_node_talks_with_it)
{
    struct gruvid *g;
    char command[2000];

    if (system("node --experimental-websocket -e 'new WebSocket(\"ws://a\")"
               ".onerror = () => 0' > /dev/null 2>&1") != 0) {
        puts("skipped: there is no node with WebSocket");
        return;
    }
    g = begin("", "");
    snprintf(command, sizeof command,
             "node --experimental-websocket -e \"" SCRIPT "\"",
             gruvid_port(g, 0));
    ck_assert_int_eq(system(command), 0);
    stops(g);
}
END_TEST

/* The browser says who has made the page, so the page comes from there, too.
 * What became of the script is a request of its own. */
#define PAGE                                                                   \
    "<script>const s = new WebSocket('ws://' + location.host + '/echo');"      \
    "const got = [];"                                                          \
    "s.onopen = () => { s.send('text'); s.send('x'.repeat(50000)); };"         \
    "s.onmessage = e => {"                                                     \
    "  got.push(e.data.length);"                                               \
    "  if (got.length == 2) s.close(1000, 'bye'); };"                          \
    "s.onclose = e =>"                                                         \
    "  fetch('/closed?' + [e.wasClean, e.code].concat(got).join('-'));"        \
    "</script>\n"

/* A session of its own, because it has children. */
static pid_t
begin_browser(const char *profile, const char *url)
{
    pid_t parent = getpid(), pid = fork();

    ck_assert_int_ge(pid, 0);
    if (pid > 0)
        return pid;
    setsid();
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() == parent && freopen("/dev/null", "w", stdout) != NULL &&
        freopen("/dev/null", "w", stderr) != NULL)
        execlp("chromium", "chromium", "--headless", "--no-sandbox",
               "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run",
               "--no-proxy-server", "--disable-quic", "--disable-sync",
               "--disable-background-networking", "--disable-component-update",
               "--remote-debugging-port=0", profile, url, NULL);
    _exit(127);
}

START_TEST(test_chromium_talks_with_it)
{
    char profile[200], url[64];
    struct gruvid *g;
    FILE *page;
    pid_t browser;

    if (system("command -v chromium > /dev/null") != 0 ||
        !http_has("plugins/examples/.libs/web.so")) {
        puts("skipped: there is no Chromium, or no web");
        return;
    }
    http_bring("plugins/examples/.libs/web.so");
    http_bring(PLUGIN);
    g = http_begin("access_log = combined\nroute = GET /echo -> websocket\n"
                   "route = GET /files/{path...} -> web\n[plugin websocket]\n"
                   "[plugin web]\nfolder = @DIR@\n");
    page = fopen(gruvid_path(g, "page.html"), "w");
    ck_assert_ptr_nonnull(page);
    fputs(PAGE, page);
    ck_assert_int_eq(fclose(page), 0);
    snprintf(profile, sizeof profile, "--user-data-dir=%s",
             gruvid_path(g, "profile"));
    snprintf(url, sizeof url, "http://127.0.0.1:%d/files/page.html",
             gruvid_port(g, 0));
    browser = begin_browser(profile, url);
    gruvid_says(g, "/closed?true-1000-4-50000");
    kill(-browser, SIGKILL);
    ck_assert_int_eq(waitpid(browser, NULL, 0), browser);
    stops(g);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("example_websocket");
    TCase *tc = gruvid_case(suite, "websocket");

    if (!http_has(PLUGIN)) {
        puts("plugins/examples/websocket was not built: skipped");
        return 77;
    }
    tcase_add_test(tc, test_messages_come_back);
    tcase_add_test(tc, test_a_message_may_come_with_the_request);
    tcase_add_test(tc, test_a_handshake_that_is_none_is_refused);
    tcase_add_test(tc, test_a_page_of_our_own_may_connect);
    tcase_add_test(tc, test_a_mistake_of_the_client_closes_with_its_code);
    tcase_add_test(tc, test_silence_is_pinged_and_then_ended);
    tcase_add_test(tc, test_a_client_that_does_not_read_is_not_kept);
    tcase_add_test(tc, test_a_drain_closes_with_1001);
    tcase_add_test(tc, test_a_close_is_not_waited_for_for_ever);
    tcase_add_loop_test(tc, test_a_client_that_talks_on_is_left, 0, 2);
    tcase_add_test(tc, test_node_talks_with_it);
    tcase_add_test(tc, test_chromium_talks_with_it);
    return run_suite(suite);
}
