/* SPDX-License-Identifier: MIT */
/* X-Forwarded-For and X-Forwarded-Proto: from proxies that are trusted, and
 * from others. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "http/client.h"

#define TRUSTED                                                                \
    "trusted_proxy = 127.0.0.1\ntrusted_proxy = 10.0.0.0/8\n"                  \
    "trusted_proxy = fd00::/8\n"
#define FOR   "X-Forwarded-For: "
#define PROTO "X-Forwarded-Proto: "

static const char real[] = "tcp://127.0.0.1:";

/* What the handler sees where a request has these lines. */
static void
sees(int fd, const char *lines, const char *peer, const char *scheme)
{
    char request[8192];
    struct answer answer;
    const char *seen;

    snprintf(request, sizeof request,
             "GET /headers HTTP/1.1\r\nHost: h\r\n%s\r\n", lines);
    send_text(fd, request);
    ck_assert(answer_read(fd, false, &answer));
    ck_assert_int_eq(answer.status, 200);
    seen = answer_header(&answer, "X-Peer");
    ck_assert_msg(peer == real ? strncmp(seen, peer, strlen(peer)) == 0
                               : strcmp(seen, peer) == 0,
                  "%s%s, not %s", lines, seen, peer);
    ck_assert_str_eq(answer_header(&answer, "X-Scheme"), scheme);
    answer_free(&answer);
}

static void
peer_is(int fd, const char *lines, const char *peer)
{
    sees(fd, lines, peer, "http");
}

START_TEST(test_the_last_address_that_is_no_proxy_is_the_client)
{
    struct gruvid *g = http_begin(TRUSTED);
    int fd = connect_to(g, 0);

    peer_is(fd, "", real);
    peer_is(fd, FOR "192.0.2.1\r\n", "tcp://192.0.2.1:0");
    peer_is(fd, FOR "203.0.113.9, 192.0.2.1\r\n", "tcp://192.0.2.1:0");
    peer_is(fd, FOR "203.0.113.9,192.0.2.1 ,\t10.0.0.2\r\n",
            "tcp://192.0.2.1:0");
    peer_is(fd, FOR "192.0.2.1, ::ffff:10.1.2.3, fd00::1\r\n",
            "tcp://192.0.2.1:0");
    peer_is(fd, FOR "2001:db8::1\r\n", "tcp://[2001:db8::1]:0");
    peer_is(fd, FOR "2001:DB8:0::1\r\n", "tcp://[2001:db8::1]:0");
    peer_is(fd, FOR "192.0.2.1:4711\r\n", "tcp://192.0.2.1:4711");
    peer_is(fd, FOR "[2001:db8::1]:4711\r\n", "tcp://[2001:db8::1]:4711");
    peer_is(fd, FOR "[2001:db8::1]\r\n", "tcp://[2001:db8::1]:0");
    /* Several headers are one list, and the name has any case. */
    peer_is(fd,
            FOR "203.0.113.9\r\nx-forwarded-for: 192.0.2.1\r\n" FOR
                "10.0.0.2, 10.0.0.3\r\n",
            "tcp://192.0.2.1:0");
    /* Only proxies: the first of them. */
    peer_is(fd, FOR "10.0.0.2, 10.0.0.3\r\n", "tcp://10.0.0.2:0");
    close(fd);
    ck_assert_int_eq(gruvid_stop(g, SIGTERM), 0);
}
END_TEST

START_TEST(test_behind_garbage_nothing_is_believed)
{
    static const char *const garbage[] = {
        "unknown",
        "",
        "192.0.2",
        "192.0.2.1.1",
        "0300.0.2.1",
        "1e1.0.0.1",
        "192.0.2.256",
        "192.0.2.1:",
        "192.0.2.1:65536",
        "192.0.2.1:x",
        "[192.0.2.1]",
        "[2001:db8::1",
        "[2001:db8::1]x",
        "2001:db8::g",
        "fe80::1%lo",
        "localhost",
        "\"192.0.2.1\"",
        "192.0.2.1 192.0.2.2",
        "<script>",
        "unix:",
        "tcp://192.0.2.1:1",
        "::1]:80",
        /* 68 digits */
        ("123456789012345678901234567890123456"
         "78901234567890123456789012345678"),
    };
    struct gruvid *g = http_begin(TRUSTED);
    int fd = connect_to(g, 0);
    char lines[1024], *many;
    size_t n = 0;

    for (size_t i = 0; i < sizeof garbage / sizeof *garbage; i++) {
        snprintf(lines, sizeof lines, FOR "192.0.2.1, %s\r\n", garbage[i]);
        peer_is(fd, lines, real);
        snprintf(lines, sizeof lines, FOR "192.0.2.1, %s, 10.0.0.2\r\n",
                 garbage[i]);
        peer_is(fd, lines, "tcp://10.0.0.2:0");
    }
    peer_is(fd, FOR ",,,,\r\n", real);
    peer_is(fd, FOR "192.0.2.1,\r\n", real);
    /* A list without an end. */
    many = malloc(8000);
    ck_assert_ptr_nonnull(many);
    n = (size_t)sprintf(many, FOR "192.0.2.1");
    while (n < 7000)
        n += (size_t)sprintf(many + n, ", 10.0.0.7");
    strcpy(many + n, "\r\n");
    peer_is(fd, many, "tcp://10.0.0.7:0");
    free(many);
    close(fd);
    ck_assert_int_eq(gruvid_stop(g, SIGTERM), 0);
}
END_TEST

START_TEST(test_the_scheme_is_that_of_the_client)
{
    struct gruvid *g = http_begin(TRUSTED);
    int fd = connect_to(g, 0);

    sees(fd, PROTO "https\r\n", real, "https");
    sees(fd, PROTO "HTTPS\r\n", real, "https");
    sees(fd, PROTO "http\r\n", real, "http");
    sees(fd, PROTO "http, https\r\n", real, "https");
    sees(fd, PROTO "https\r\n" PROTO "http\r\n", real, "http");
    sees(fd, PROTO "ftp\r\n", real, "http");
    sees(fd, PROTO "https,\r\n", real, "http");
    sees(fd, PROTO "httpsx\r\n", real, "http");
    /* Not what the proxy passes on of other names. */
    sees(fd,
         "Forwarded: for=192.0.2.1;proto=https\r\nX-Real-IP: 192.0.2.1\r\n"
         "X-Forwarded-Host: example.org\r\n",
         real, "http");
    close(fd);
    ck_assert_int_eq(gruvid_stop(g, SIGTERM), 0);
}
END_TEST

START_TEST(test_strangers_are_not_believed)
{
    struct gruvid *g = http_begin("trusted_proxy = 10.0.0.0/8\n");
    int fd = connect_to(g, 0);

    sees(fd, FOR "192.0.2.1\r\n" PROTO "https\r\n", real, "http");
    sees(fd, FOR "192.0.2.1, 10.0.0.2\r\n", real, "http");
    close(fd);
    ck_assert_int_eq(gruvid_stop(g, SIGTERM), 0);
}
END_TEST

/* The client that the PROXY protocol names is the one who has to be trusted. */
START_TEST(test_a_client_behind_a_header_is_a_stranger)
{
    struct gruvid *g = http_begin("proxy_protocol = yes\n" TRUSTED);
    int fd = connect_to(g, 0);

    send_text(fd, "PROXY TCP4 192.0.2.9 198.51.100.1 4711 443\r\n");
    sees(fd, FOR "192.0.2.1\r\n" PROTO "https\r\n", "tcp://192.0.2.9:4711",
         "http");
    close(fd);
    fd = connect_to(g, 0);
    send_text(fd, "PROXY TCP4 10.0.0.9 198.51.100.1 4711 443\r\n");
    sees(fd, FOR "192.0.2.1\r\n" PROTO "https\r\n", "tcp://192.0.2.1:0",
         "https");
    close(fd);
    ck_assert_int_eq(gruvid_stop(g, SIGTERM), 0);
}
END_TEST

START_TEST(test_the_access_log_has_the_client)
{
    struct gruvid *g = http_begin(TRUSTED "access_log = json\n");
    int fd = connect_to(g, 0);

    peer_is(fd, FOR "2001:db8::1\r\n", "tcp://[2001:db8::1]:0");
    gruvid_says(g, "\"peer\":\"[2001:db8::1]\"");
    close(fd);
    ck_assert_int_eq(gruvid_stop(g, SIGTERM), 0);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("forwarded");
    TCase *tc = gruvid_case(suite, "forwarded");

    tcase_add_test(tc, test_the_last_address_that_is_no_proxy_is_the_client);
    tcase_add_test(tc, test_behind_garbage_nothing_is_believed);
    tcase_add_test(tc, test_the_scheme_is_that_of_the_client);
    tcase_add_test(tc, test_strangers_are_not_believed);
    tcase_add_test(tc, test_a_client_behind_a_header_is_a_stranger);
    tcase_add_test(tc, test_the_access_log_has_the_client);
    return run_suite(suite);
}
