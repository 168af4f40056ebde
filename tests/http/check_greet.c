/* SPDX-License-Identifier: MIT */
/* Headers of the PROXY protocol in front of connections, and the time that TLS
 * has. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "http/client.h"
#include "unit/certificates.h"

#define GET(target) "GET " target " HTTP/1.1\r\nHost: h\r\n\r\n"
#define TRUSTED     "proxy_protocol = yes\ntrusted_proxy = 127.0.0.0/8\n"
#define LINE        "PROXY TCP4 192.0.2.1 198.51.100.1 4711 443\r\n"

static const char v2[] = "\r\n\r\n\0\r\nQUIT\n\x21\x21\0\x24"
                         "\x20\1\xd\xb8\0\0\0\0\0\0\0\0\0\0\0\1"
                         "\x20\1\xd\xb8\0\0\0\0\0\0\0\0\0\0\0\2\22\147\1\273";
static const char local[] = "\r\n\r\n\0\r\nQUIT\n\x20\0\0\0";

/* Who the handler sees. */
static void
peer_is(int fd, const char *peer)
{
    struct answer answer;

    ck_assert(answer_read(fd, false, &answer));
    ck_assert_int_eq(answer.status, 200);
    ck_assert_msg(
        strncmp(answer_header(&answer, "X-Peer"), peer, strlen(peer)) == 0,
        "%s", answer_header(&answer, "X-Peer"));
    answer_free(&answer);
}

static void
stops(struct gruvid *g)
{
    ck_assert_int_eq(gruvid_stop(g, SIGTERM), 0);
    ck_assert_msg(gruvid_said(g, " error ") == 0, "%s", g->log);
}

START_TEST(test_a_header_names_the_peer)
{
    struct gruvid *g = http_begin(TRUSTED "access_log = combined\n");
    int fd = connect_to(g, 0);

    /* What follows is not lost, whether it comes with the header or later. */
    send_text(fd, LINE GET("/headers") GET("/headers"));
    peer_is(fd, "tcp://192.0.2.1:4711");
    peer_is(fd, "tcp://192.0.2.1:4711");
    ask(fd, GET("/a"), 200, "GET /a h\n");
    close(fd);
    gruvid_says(g, "192.0.2.1 - - [");
    fd = connect_to(g, 0);
    send_bytes(fd, v2, sizeof v2 - 1);
    send_text(fd, GET("/headers"));
    peer_is(fd, "tcp://[2001:db8::1]:4711");
    close(fd);
    stops(g);
}
END_TEST

START_TEST(test_a_header_may_come_in_pieces)
{
    struct gruvid *g = http_begin(TRUSTED);
    int fd = connect_to(g, 0);

    for (size_t i = 0; i < sizeof v2 - 1; i++)
        send_bytes(fd, v2 + i, 1);
    send_text(fd, GET("/headers"));
    peer_is(fd, "tcp://[2001:db8::1]:4711");
    close(fd);
    stops(g);
}
END_TEST

START_TEST(test_without_a_client_the_proxy_is_the_peer)
{
    struct gruvid *g = http_begin(TRUSTED);
    int fd = connect_to(g, 0);

    send_bytes(fd, local, sizeof local - 1);
    send_text(fd, GET("/headers"));
    peer_is(fd, "tcp://127.0.0.1:");
    close(fd);
    fd = connect_to(g, 0);
    send_text(fd, "PROXY UNKNOWN\r\n" GET("/headers"));
    peer_is(fd, "tcp://127.0.0.1:");
    close(fd);
    stops(g);
}
END_TEST

/* Closed without a word. */
static void
is_closed(int fd)
{
    char byte;
    ssize_t n = recv(fd, &byte, 1, 0);

    ck_assert_msg(n <= 0, "an answer");
    close(fd);
}

START_TEST(test_what_is_no_header_ends_the_connection)
{
    struct gruvid *g = http_begin(TRUSTED);
    int fd = connect_to(g, 0);

    send_text(fd, GET("/a"));
    is_closed(fd);
    gruvid_says(g, "PROXY protocol: no header of the PROXY protocol (EPROTO)");
    fd = connect_to(g, 0);
    send_text(fd, "PROXY TCP4 192.0");
    shutdown(fd, SHUT_WR);
    is_closed(fd);
    gruvid_says(g, "PROXY protocol: half a header (EOF)");
    ck_assert_uint_eq(gruvid_said(g, "mirror"), 0);
    stops(g);
}
END_TEST

/* Not a byte is needed to send a stranger away. */
START_TEST(test_a_header_from_elsewhere_ends_the_connection)
{
    struct gruvid *g =
        http_begin("proxy_protocol = yes\ntrusted_proxy = 10.0.0.0/8\n");
    int fd = connect_to(g, 0);

    is_closed(fd);
    fd = connect_to(g, 0);
    send_text(fd, LINE GET("/a"));
    is_closed(fd);
    gruvid_says(g, "trusted_proxy does not name this peer (EACCES)");
    stops(g);
}
END_TEST

START_TEST(test_a_header_has_the_time_of_a_head)
{
    struct gruvid *g = http_begin(TRUSTED "header_timeout = 100ms\n");
    int silent = connect_to(g, 0), half = connect_to(g, 0);

    send_text(half, "PROXY ");
    is_closed(silent);
    is_closed(half);
    gruvid_says(g, "it did not come in time (ETIMEDOUT)");
    stops(g);
}
END_TEST

#ifdef HAVE_OPENSSL

/* Whether nothing comes, or half of a ClientHello. */
START_TEST(test_a_handshake_has_the_time_of_a_head)
{
    char sections[1024];
    struct gruvid *g;
    int port, silent, half;

    snprintf(sections, sizeof sections,
             "[plugin secure]\nmodule = http\nlisten = tls://127.0.0.1:0\n"
             "tls_certificate = %s\ntls_key = %s\n"
             "route = /{path...} -> mirror\nheader_timeout = 100ms\n",
             certificate("good.pem"), certificate("good.key"));
    g = http_begin(sections);
    port = atoi(gruvid_says(g, "listening on tls://127.0.0.1:"));
    silent = connect_port(port);
    half = connect_port(port);
    send_bytes(half, "\x16\x03\x01\x02\x00\x01", 6);
    is_closed(silent);
    is_closed(half);
    gruvid_says(g, "the handshake took too long");
    stops(g);
}
END_TEST

#endif

/* It has a place, like any other. */
START_TEST(test_a_connection_without_its_header_counts)
{
    struct gruvid *g = http_begin(TRUSTED "max_connections = 1\n");
    int first = connect_to(g, 0), second;

    send_text(first, "PROXY ");
    gruvid_says(g, "max_connections = 1 is reached");
    second = connect_to(g, 0);
    send_text(second, LINE GET("/headers"));
    send_text(first, "UNKNOWN\r\n" GET("/headers"));
    peer_is(first, "tcp://127.0.0.1:");
    close(first);
    peer_is(second, "tcp://192.0.2.1:4711");
    close(second);
    stops(g);
}
END_TEST

START_TEST(test_a_fiber_is_called_after_the_client)
{
    struct gruvid *g = http_begin(TRUSTED);
    int fd = connect_to(g, 0);

    send_text(fd, LINE GET("/wait"));
    gruvid_says(g, "mirror waits");
    gruvid_signal(g, SIGUSR2);
    gruvid_says(g, "fiber 192.0.2.1:4711");
    reset(fd);
    gruvid_says(g, "mirror was woken");
    stops(g);
}
END_TEST

START_TEST(test_a_unix_socket_is_trusted_by_its_own_word)
{
    struct gruvid *g = http_begin("listen = unix:@DIR@/http\n" TRUSTED
                                  "trusted_proxy = unix:\n");
    int fd = connect_unix(gruvid_path(g, "http"));

    send_text(fd, LINE GET("/headers"));
    peer_is(fd, "tcp://192.0.2.1:4711");
    close(fd);
    stops(g);
}
END_TEST

START_TEST(test_a_reload_changes_who_is_trusted)
{
    static const char config[] =
        "[plugin http]\nlisten = tcp://127.0.0.1:0\n"
        "route = /{path...} -> mirror\n%s[plugin mirror]\n";
    struct gruvid *g = http_begin_with("", "");
    char text[1024];
    int fd = connect_to(g, 0);

    ask(fd, GET("/a"), 200, "GET /a h\n");
    snprintf(text, sizeof text, config, TRUSTED);
    gruvid_reload(g, text, true);
    /* What was accepted before is as it was. */
    ask(fd, GET("/a"), 200, "GET /a h\n");
    close(fd);
    fd = connect_to(g, 0);
    send_text(fd, LINE GET("/headers"));
    peer_is(fd, "tcp://192.0.2.1:4711");
    snprintf(text, sizeof text, config,
             "proxy_protocol = yes\ntrusted_proxy = 10.0.0.0/8\n");
    gruvid_reload(g, text, true);
    is_closed(connect_to(g, 0));
    send_text(fd, GET("/headers"));
    peer_is(fd, "tcp://192.0.2.1:4711");
    close(fd);
    stops(g);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("greet");
    TCase *tc = gruvid_case(suite, "greet");

    tcase_add_test(tc, test_a_header_names_the_peer);
    tcase_add_test(tc, test_a_header_may_come_in_pieces);
    tcase_add_test(tc, test_without_a_client_the_proxy_is_the_peer);
    tcase_add_test(tc, test_what_is_no_header_ends_the_connection);
    tcase_add_test(tc, test_a_header_from_elsewhere_ends_the_connection);
    tcase_add_test(tc, test_a_header_has_the_time_of_a_head);
#ifdef HAVE_OPENSSL
    tcase_add_test(tc, test_a_handshake_has_the_time_of_a_head);
#endif
    tcase_add_test(tc, test_a_connection_without_its_header_counts);
    tcase_add_test(tc, test_a_fiber_is_called_after_the_client);
    tcase_add_test(tc, test_a_unix_socket_is_trusted_by_its_own_word);
    tcase_add_test(tc, test_a_reload_changes_who_is_trusted);
    return run_suite(suite);
}
